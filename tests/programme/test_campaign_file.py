"""A campaign file is read as its contract says, and whatever is wrong with it has a code and a sentence."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from programme.campaign_file import CampaignFile, CampaignFileInvalid, read_campaign_file
from programme.campaign_people import Addressee, made_up, read_people
from programme.content import Content
from store.contacts import normalise_phone

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
CARRIED = {
    "simulator": ("state_notice", "customer_care", "advertising"),
    "esms": ("state_notice", "customer_care"),
}
RIGHT = """
kind: customer_care
text: "Chào {{ name }}, mai anh/chị có lớp ở {{ commune }}."
gateway: simulator
pace_per_second: 100
start: 2026-12-01T09:00:00+07:00
deadline: 2026-12-01T11:00:00
audience: {count: 12}
"""
HEADER = "phone,name,commune,consent,opted_out\n"


def read(folder: Path, text: str) -> CampaignFile:
    path = folder / "campaign.yaml"
    path.write_text(text, encoding="utf-8")
    return read_campaign_file(path, CARRIED, HERE)


def changed(**fields: Any) -> str:
    """The right file as JSON, with other fields; None leaves one out."""
    said = {"kind": "customer_care", "text": "Xin chào", "gateway": "simulator", "audience": {"count": 3}, **fields}
    return json.dumps({key: value for key, value in said.items() if value is not None})


def test_yaml_is_read_with_the_zone_of_the_province_where_a_time_has_none(tmp_path: Path) -> None:
    file = read(tmp_path, RIGHT)
    assert (file.kind, file.gateway, file.pace_per_minute, file.count) == ("customer_care", "simulator", 6000, 12)
    assert file.start == datetime(2026, 12, 1, 2, tzinfo=UTC)
    assert file.deadline == datetime(2026, 12, 1, 4, tzinfo=UTC)


def test_json_is_read_and_what_may_be_left_out_has_a_value(tmp_path: Path) -> None:
    file = read(tmp_path, changed())
    assert (file.start, file.deadline, file.pace_per_second) == (None, None, 100)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("kind_unknown", {"kind": "spam"}),
        ("kind_unknown", {"kind": ["advertising"]}),
        ("field_missing", {"kind": None}),
        ("field_missing", {"audience": None}),
        ("field_unknown", {"colour": "red"}),
        ("variable_unknown", {"text": "Chào {{ nmae }}"}),
        ("variable_unclosed", {"text": "Chào {{ name"}),
        ("text_empty", {"text": "  "}),
        ("text_empty", {"text": 7}),
        ("gateway_unknown", {"gateway": "viettel"}),
        ("gateway_unknown", {"gateway": {}}),
        ("kind_not_carried", {"gateway": "esms", "kind": "advertising"}),
        ("pace_wrong", {"pace_per_second": 0}),
        ("pace_wrong", {"pace_per_second": "nhanh"}),
        ("pace_wrong", {"pace_per_second": True}),
        ("instant_wrong", {"start": "hôm nay"}),
        ("instant_wrong", {"deadline": 12}),
        ("instant_wrong", {"deadline": "0001-01-01T00:00:00+07:00"}),
        ("deadline_before_start", {"start": "2026-12-01T09:00", "deadline": "2026-12-01T08:00"}),
        ("audience_empty", {"audience": {"count": 0}}),
        ("audience_wrong", {"audience": {"count": -1}}),
        ("audience_wrong", {"audience": {"count": 10**9}}),
        ("audience_wrong", {"audience": {"count": "nhiều"}}),
        ("audience_wrong", {"audience": {"count": 3, "csv": "a.csv"}}),
        ("audience_wrong", {"audience": []}),
        ("csv_missing", {"audience": {"csv": "khong-co.csv"}}),
    ],
)
def test_what_is_wrong_is_said_by_its_code(tmp_path: Path, code: str, fields: dict[str, Any]) -> None:
    with pytest.raises(CampaignFileInvalid) as refused:
        read(tmp_path, changed(**fields))
    assert refused.value.code == code and str(refused.value)


@pytest.mark.parametrize("text", ["", "[1]", "kind: [", "\t", "- a\n- b", "{" * 5000])
def test_what_is_no_campaign_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CampaignFileInvalid) as refused:
        read(tmp_path, text)
    assert refused.value.code == "file_unreadable"


def test_another_audience_is_another_campaign(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(HEADER + "0912345678,An,,1,0\n", encoding="utf-8")
    first = read(tmp_path, changed(audience={"csv": "people.csv"}))
    assert read(tmp_path, changed(audience={"csv": "people.csv"})).digest == first.digest
    people.write_text(HEADER + "0912345679,An,,1,0\n", encoding="utf-8")
    assert read(tmp_path, changed(audience={"csv": "people.csv"})).digest != first.digest


def test_advertising_is_given_the_label_and_the_way_out_that_the_law_wants(tmp_path: Path, content: Content) -> None:
    now = datetime(2026, 12, 1, 2, tzinfo=UTC)
    file = read(tmp_path, changed(kind="advertising", text="Mời anh/chị dự lớp"))
    text = file.lawful_text(content.bulk_law, now, HERE)
    assert text == "[QC] Mời anh/chị dự lớp Tu choi: {{ stop }}"
    assert content.bulk_law.check_text("advertising", text, now.date()) == []
    care = read(tmp_path, changed())
    assert care.lawful_text(content.bulk_law, now, HERE) == "Xin chào"


def people(*lines: str, header: str = HEADER) -> list[Addressee]:
    return read_people((header + "\n".join(lines)).encode())


@pytest.mark.parametrize("word", ["1", "true", "TRUE", "Yes", "x", "có", "Có", "đồng ý", "Đã đồng ý", "✓", "1.0"])
def test_consent_is_understood_however_it_is_written(word: str) -> None:
    assert people(f"0912345678,An,,{word},")[0].has_consent
    assert people(f"0912345678,An,,,{word}")[0].opted_out


@pytest.mark.parametrize("word", ["0", "false", "No", "không", "Khong", "ko", "", "-", "0.0", "chưa"])
def test_no_consent_and_no_refusal(word: str) -> None:
    one = people(f"0912345678,An,,{word},{word}")[0]
    assert not one.has_consent and not one.opted_out


def test_what_nobody_understands_is_no_consent_and_is_a_refusal() -> None:
    one = people("0912345678,An,,có thể,có thể")[0]
    assert not one.has_consent and one.opted_out


def test_numbers_that_cannot_be_reached_stay_with_the_reason() -> None:
    found = people(
        "0912345678,An,,1,0", ",Bình,,1,0", "12,Cúc,,1,0", "+84 912 345 678,Dung,,1,0", "", "0912345679,E,,1,0"
    )
    assert [one.unreachable for one in found] == ["", "phone_missing", "phone_invalid", "duplicate", ""]
    assert [one.phone for one in found] == ["+84912345678", None, None, None, "+84912345679"]


def test_a_number_that_opted_out_in_any_row_has_opted_out() -> None:
    assert people("0912345678,An,,1,0", "84912345678,An,,1,1")[0].opted_out


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_quotes_and_other_columns(separator: str) -> None:
    row = separator.join(['"0912345678"', '"Nguyễn Văn A"', "Đồng Hỷ", "1", "0", "ghi chú"])
    header = separator.join(["﻿Phone", "Name", "Commune", "Consent", "Opted_Out", "note"]) + "\n"
    assert people(row, header=header) == [Addressee("+84912345678", "Nguyễn Văn A", "Đồng Hỷ", True, False)]


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("columns_missing", b""),
        ("columns_missing", b"phone,name\n0912345678,An"),
        ("columns_twice", b"phone,phone,name,commune,consent,opted_out\n"),
        ("csv_encoding", HEADER.encode() + "0912345678,Nguyễn,,1,0".encode("utf-16")),
        ("csv_unreadable", HEADER.encode() + b'0912345678,"An'),
        ("audience_empty", HEADER.encode() + b",,,,\n\n"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused(code: str, data: bytes) -> None:
    with pytest.raises(CampaignFileInvalid) as refused:
        read_people(data)
    assert refused.value.code == code


def test_made_up_people_have_different_valid_numbers_and_are_always_the_same() -> None:
    first = list(made_up(3000))
    assert len({one.phone for one in first}) == 3000 and first == list(made_up(3000))
    assert all(normalise_phone(one.phone or "") == one.phone for one in first[:400])
