"""Paper forms: what a cell means, what refuses a row, and that a second import changes nothing."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from programme import responses
from programme.content import Content
from programme.paper_sheet import Row, Sheet, SheetInvalid, read_sheet
from programme.responses import Kept, Origin
from programme.survey.definition import NA, REFUSED, Answer
from programme.survey.paper import CellInvalid, printed_options, read_choice
from programme.survey.response import Response
from programme.survey_paper import FormRefused, Outcome, PaperForms
from programme.survey_template import write_template
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.survey_tables import survey_response
from store.tables import consent, contact
from tests.conftest import NOW

QUESTIONS = "CN01 CN02 CN04 CN07 CN09 CN12 NL02 NL04 NL06 DL01 DL02 DL04".split()
FORM: dict[str, object] = {
    "consent": "Đồng ý, được liên hệ",
    "form": "rút gọn",
    "ngay_lam": "20/11/2026",
    "nguoi_nhap": "Trần Thị Lan",
    "P01": "Tạp hóa cô Hoa",
    "P02": "Hoa",
    "P03": "0912 345 678",
    "P04": 1,
    "P05": "xã Tân Cương",
    "P07": "tạp hóa",
    "P08": "Bán lẻ",
    "P09": "w2_3",
    "P10": 1,
    "P11": "Có rồi",
    **dict.fromkeys(QUESTIONS, 3),
    "K02": "1,3",
    "K04": "",
    "K05": 5,
}


@pytest.fixture
def forms(content: Content, keyring: Keyring, clock: ManualClock) -> PaperForms:
    return PaperForms(content, keyring, "thai-nguyen", clock.timezone, clock.now())


def xlsx(*rows: dict[str, object], header: list[str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    names = header or list(dict.fromkeys(name for row in rows for name in row))
    sheet.append(names)
    for row in rows:
        sheet.append([row.get(name) for name in names])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def run(database: Database, forms: PaperForms, *rows: dict[str, object]) -> list[Outcome]:
    return list(forms.import_sheet(database, read_sheet(xlsx(*rows))))


def remarks(outcome: Outcome) -> list[tuple[str, str]]:
    return [(remark.column, remark.code) for remark in outcome.remarks]


def test_a_row_becomes_a_completed_response(database: Database, forms: PaperForms, content: Content) -> None:
    (outcome,) = run(database, forms, FORM)
    assert outcome == Outcome(2, "imported")
    row = database.read_now(lambda c: c.execute(select(survey_response)).mappings().one())
    assert (row["status"], row["channel"], row["assisted_by"]) == ("done", "paper", "Trần Thị Lan")
    assert row["completed_at"] == datetime(2026, 11, 19, 17, tzinfo=UTC)  # midnight in Việt Nam
    assert (row["province"], row["trade"], row["form"], row["result"]) == (
        "thai-nguyen",
        "tap_hoa",
        "core",
        "estimate",
    )
    assert row["total_tenths"] == 500  # the third place of five is the score 2
    assert row["answers"]["K02"] == ["training", "trial"]
    assert row["answers"]["K04"] == REFUSED
    kept = database.read_now(lambda c: responses.find(c, content.surveys, row["id"]))
    assert kept is not None
    assert kept.response.answers["P03"] == "+84912345678"
    person = database.read_now(lambda c: Contacts(c, forms.keyring).get(row["contact_id"]))
    assert (person.name, person.phone) == ("Hoa", "+84912345678")
    purposes = database.read_now(lambda c: set(c.scalars(select(consent.c.purpose)).all()))
    assert purposes == {"survey", "vendor_contact"}


def test_the_same_file_twice_changes_nothing(database: Database, forms: PaperForms) -> None:
    other = FORM | {"P01": "Quán khác", "P03": None}
    assert [outcome.result for outcome in run(database, forms, FORM, other, FORM)] == ["imported", "imported", "known"]
    before = database.read_now(lambda c: c.execute(select(survey_response)).all())
    people = database.read_now(lambda c: c.execute(select(contact.c.id)).all())
    # typed anew, with other spellings, by somebody else
    again = FORM | {"P05": "05710", "P08": 1, "consent": "yes_contact", "nguoi_nhap": "Minh", "ngay_lam": "2026-11-20"}
    code = database.read_now(lambda c: c.scalar(select(survey_response.c.commune)))
    again["P05"] = int(str(code))
    assert [outcome.result for outcome in run(database, forms, again, other)] == ["known", "known"]
    assert database.read_now(lambda c: c.execute(select(survey_response)).all()) == before
    assert database.read_now(lambda c: c.execute(select(contact.c.id)).all()) == people


def test_the_owner_is_found_by_the_number_and_the_open_survey_stays(
    database: Database, forms: PaperForms, content: Content
) -> None:
    answers: dict[str, Answer] = {"CONSENT": "yes_only", "FORM": "core"}

    def begin(connection: object) -> int:
        contacts = Contacts(connection, forms.keyring)  # type: ignore[arg-type]
        who = contacts.add(NOW, "Hoa")
        contacts.set_phone(who, "+84912345678")
        kept = Kept(Response(content.surveys.latest, answers), Origin(who, "zalo", "thai-nguyen"))
        responses.save(connection, forms.keyring, kept, NOW)  # type: ignore[arg-type]
        return who

    who = database.run_now(begin)
    assert run(database, forms, FORM)[0].result == "imported"
    rows = database.read_now(lambda c: c.execute(select(survey_response.c.contact_id, survey_response.c.status)).all())
    assert sorted(map(tuple, rows)) == [(who, "done"), (who, "open")]


def test_the_newest_survey_counts_whatever_is_typed_in_last(database: Database, forms: PaperForms) -> None:
    older = FORM | {"ngay_lam": "01/10/2026"}
    outcomes = run(database, forms, FORM, older)
    assert [outcome.result for outcome in outcomes] == ["imported", "imported"]
    assert remarks(outcomes[1]) == [("P03", "same_phone")]
    rows = database.read_now(
        lambda c: c.execute(select(survey_response.c.status).order_by(survey_response.c.completed_at)).all()
    )
    assert [row.status for row in rows] == ["earlier", "done"]


def test_a_consent_withdrawn_since_is_not_brought_back_by_paper(database: Database, forms: PaperForms) -> None:
    run(database, forms, FORM)
    database.run_now(lambda c: c.execute(consent.update().values(withdrawn_at=NOW)))
    (outcome,) = run(database, forms, FORM | {"P01": "Tên mới"})
    assert (outcome.result, remarks(outcome)) == ("refused", [("CONSENT", "consent_withdrawn")])
    assert database.read_now(lambda c: len(c.execute(select(survey_response.c.id)).all())) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"CN04": 7}, [("CN04", "unknown_option")]),
        ({"CN04": 0}, [("CN04", "unknown_option")]),
        ({"CN04": "NA"}, [("CN04", "not_applicable")]),
        ({"CN04": 1.5}, [("CN04", "unknown_option")]),
        ({"CN04": True}, [("CN04", "unknown_option")]),
        ({"CN07": "không áp dụng", "P10": 2}, [("CN07", "not_applicable")]),
        ({"CN04": "=1+1"}, [("CN04", "formula")]),
        ({"P01": '=HYPERLINK("x")'}, [("P01", "formula")]),
        ({"P01": "#REF!"}, [("P01", "error_value")]),
        ({"P01": None}, [("P01", "required")]),
        ({"P01": "x" * 81}, [("P01", "too_long")]),
        ({"P03": "0912"}, [("P03", "phone")]),
        ({"P05": "Bịa Đặt"}, [("P05", "commune")]),
        ({"P05": "Tân Thành"}, [("P05", "commune")]),
        ({"P07": "xyz"}, [("P07", "trade")]),
        ({"P08": "gì cũng bán"}, [("P08", "unknown_option")]),
        ({"P08": "1,2"}, [("P08", "unknown_option")]),
        ({"P04": "bỏ qua"}, [("P04", "required")]),
        ({"K02": "1,9"}, [("K02", "unknown_option")]),
        ({"K05": 6}, [("K05", "unknown_option")]),
        ({"form": "dài vừa"}, [("FORM", "unknown_option")]),
        ({"form": None}, [("FORM", "required")]),
        ({"consent": None}, [("CONSENT", "consent_missing")]),
        ({"consent": "Không đồng ý", "P01": None}, [("CONSENT", "consent_refused")]),
        ({"consent": "đồng ý"}, [("CONSENT", "unknown_option")]),
        ({"ngay_lam": "24/11/2026"}, [("ngay_lam", "date")]),
        ({"ngay_lam": "hôm qua"}, [("ngay_lam", "date")]),
        ({"nguoi_nhap": None}, [("nguoi_nhap", "officer")]),
        ({"survey_version": "7.0.0"}, [("survey_version", "unknown_version")]),
        (
            {"P01": None, "CN01": 9, "nguoi_nhap": " "},
            [("nguoi_nhap", "officer"), ("P01", "required"), ("CN01", "unknown_option")],
        ),
    ],
)
def test_a_row_is_refused_with_a_reason_per_cell(
    forms: PaperForms, changes: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    sheet = read_sheet(xlsx(FORM | changes))
    with pytest.raises(FormRefused) as caught:
        forms.read(dict(zip(forms.columns(sheet.header), sheet.rows[0].cells, strict=True)))
    assert [(remark.column, remark.code) for remark in caught.value.remarks] == expected


def test_a_refused_row_leaves_nothing_and_the_others_are_kept(database: Database, forms: PaperForms) -> None:
    wrong, right = run(database, forms, FORM | {"CN04": 7}, FORM)
    assert (wrong.line, wrong.result, right.result) == (2, "refused", "imported")
    assert wrong.remarks[0].words == "không có lựa chọn 7 (chỉ 1–5)"
    assert database.read_now(lambda c: len(c.execute(select(contact.c.id)).all())) == 1


def test_what_is_not_asked_is_left_out_and_said(database: Database, forms: PaperForms) -> None:
    full = FORM | {"form": "full", "CN04": 1, "CN05": 4, "P09": "1 mình", "NL03": 2, "P06": "chợ Thái"}
    outcomes = run(database, forms, full, FORM | {"P01": "Khác", "P06": "chợ Thái"})
    assert [outcome.result for outcome in outcomes] == ["imported", "imported"]
    assert remarks(outcomes[0]) == [("CN05", "not_asked"), ("NL03", "not_asked")]
    assert ("P06", "not_asked") in remarks(outcomes[1])
    rows = database.read_now(lambda c: c.scalars(select(survey_response.c.answers)).all())
    assert all("CN05" not in answers and "NL03" not in answers for answers in rows)


def test_nothing_typed_is_a_question_refused(database: Database, forms: PaperForms) -> None:
    silent = FORM | dict.fromkeys(QUESTIONS[:5])
    assert run(database, forms, silent)[0].result == "imported"
    row = database.read_now(lambda c: c.execute(select(survey_response)).mappings().one())
    assert (row["result"], row["answers"]["CN01"]) == ("insufficient", REFUSED)


def test_labels_are_names_of_columns_too(database: Database, forms: PaperForms) -> None:
    names = {"P01": "Tên cửa hàng", "P05": "Xã/phường", "ngay_lam": "Ngày làm", "nguoi_nhap": "NGUOI NHAP"}
    renamed = {names.get(key, key): value for key, value in FORM.items()}
    assert run(database, forms, renamed)[0].result == "imported"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (["P99", *FORM], ["P99", "CN01", "nguoi_nhap"]),
        (["", *FORM], ["cột thứ 1"]),
        (["shop_name", *FORM], ["P01 có hai lần"]),
        (["P01"], ["thiếu cột CONSENT, FORM, ngay_lam, nguoi_nhap"]),
    ],
)
def test_unknown_columns_refuse_the_whole_file(
    database: Database, forms: PaperForms, header: list[str], words: list[str]
) -> None:
    with pytest.raises(SheetInvalid) as caught:
        forms.import_sheet(database, Sheet(tuple(header), (Row(2, ("x",) * len(header)),)))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("value", [1.3, "1,3", "1;3", "1 3", "{0}; {2}", "training,trial", "3,1,8"])
def test_several_choices_in_one_cell(content: Content, value: object) -> None:
    item = content.surveys.latest.by_key["support_needed"]
    text = str(value).format(*(option.button.vi for option in item.options))
    assert sorted(read_choice(item, text)) == ["training", "trial"]  # type: ignore[arg-type]


def test_words_with_commas_are_one_choice(content: Content) -> None:
    item = content.surveys.latest.by_key["barriers"]
    assert read_choice(item, "Sợ lừa đảo, lộ thông tin") == ["scam_fear"]
    assert read_choice(item, "bỏ qua") == REFUSED
    for wrong in ("1, bỏ qua", "1,,x", "1-3"):
        with pytest.raises(CellInvalid):
            read_choice(item, wrong)


def test_every_printed_option_is_read_by_place_and_words(content: Content) -> None:
    for survey in content.surveys.versions.values():
        for item in survey.items:
            for place, option in enumerate(printed_options(item), 1):
                expected = [option.value] if item.kind == "multi_choice" else option.value
                assert read_choice(item, str(place)) == expected
                if item.kind != "scale":
                    assert read_choice(item, option.button.vi) == expected, (item.id, option.button.vi)
                    assert read_choice(item, option.words.vi.upper()) == expected, (item.id, option.words.vi)
            if item.option(NA):
                assert read_choice(item, "NA") == read_choice(item, "không áp dụng") == NA


def test_the_template_is_read_back(database: Database, forms: PaperForms, content: Content, tmp_path: Path) -> None:
    path = tmp_path / "mau.xlsx"
    write_template(content.surveys.latest, path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Phiếu", "Hướng dẫn"]
    guide = {row[0]: row for row in book["Hướng dẫn"].iter_rows(values_only=True)}
    assert set(guide) == {"Cột", *forms.columns(read_sheet(path.read_bytes()).header)}
    assert f"5) {content.surveys.latest.by_id['CN04'].options[4].words.vi}" in str(guide["CN04"][2])
    sheet = book["Phiếu"]
    header = [str(cell.value) for cell in sheet[1]]
    sheet.append([{"CONSENT": FORM["consent"], "FORM": "core"}.get(name, FORM.get(name)) for name in header])
    book.save(path)
    (outcome,) = forms.import_sheet(database, read_sheet(path.read_bytes()))
    assert outcome.result == "imported"


def bomb() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.xml", b"\0" * (70 * 1024**2))
    return written.getvalue()


def test_broken_and_oversized_files_are_refused() -> None:
    whole = xlsx(FORM)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    def without(name: str, content: bytes | None = None) -> bytes:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            for member, data in members.items():
                if member != name:
                    archive.writestr(member, data)
                elif content is not None:
                    archive.writestr(member, content)
        return written.getvalue()

    entities = (
        b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet><sheetData>&a;</sheetData></worksheet>'
    )
    sheet = "xl/worksheets/sheet1.xml"
    for data, words in [
        (b"", "xlsx"),
        (b"ngay,gio", "xlsx"),
        (whole[:-200], "xlsx"),
        (without("xl/workbook.xml"), "xlsx"),
        (without(sheet), "xlsx"),
        (without(sheet, b"<worksheet>"), "xlsx"),
        (without(sheet, entities), "xlsx"),
        (xlsx(header=[""]), "trống"),
        (xlsx(header=["a"] * 201), "200 cột"),
        (bomb(), "200 MB"),
        (b"x" * (20 * 1024**2 + 1), "20 MB"),
    ]:
        with pytest.raises(SheetInvalid) as caught:
            read_sheet(data)
        assert words in str(caught.value)


@pytest.mark.parametrize("said", ["A1:A1", "A1:XFD1048576"])
def test_what_a_file_says_of_its_size_is_not_trusted(said: str) -> None:
    whole = xlsx({"a": "1", "b": "2"})
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as source, zipfile.ZipFile(written, "w") as archive:
        for name in source.namelist():
            archive.writestr(name, source.read(name).replace(b'"A1:B2"', f'"{said}"'.encode()))
    assert written.getvalue() != whole
    assert read_sheet(written.getvalue()) == Sheet(("a", "b"), (Row(2, ("1", "2")),))


def test_empty_rows_are_passed_over_and_too_many_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("programme.paper_sheet.MOST_ROWS", 2)
    rows: list[dict[str, object]] = [{"a": "1", "b": None}, {}, {"a": 2.0}]
    sheet = read_sheet(xlsx(*rows, header=["a", "b"]))
    assert sheet == Sheet(("a", "b"), (Row(2, ("1", "")), Row(4, ("2", ""))))
    with pytest.raises(SheetInvalid, match="2 dòng"):
        read_sheet(xlsx(*rows, {"b": datetime(2026, 11, 20)}, header=["a", "b"]))  # noqa: DTZ001
