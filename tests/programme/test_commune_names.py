"""Communes by code and by table, units told from names, and names that are quoted back."""

from __future__ import annotations

import pytest

from programme.communes import CommuneDirectory, Kind, Mention, Resolution
from programme.place_names import Unit, spelling, typed_unit, unknown_name, without_unit
from tests.programme.places import NAMES, TH, TN, meant


def test_a_code_leads_to_its_commune(communes: CommuneDirectory) -> None:
    commune = communes.by_code("05503")
    assert commune is not None and commune.full_name == "xã Tân Cương"
    assert communes.by_code("99999") is None


def test_the_bank_serves_the_whole_province(communes: CommuneDirectory) -> None:
    assert [vendor.id for vendor in communes.province_wide_vendors(TN)] == ["BIDV"]
    assert communes.province_wide_vendors(TH) == ()


def test_the_lookup_table_holds_every_name_once_in_order(communes: CommuneDirectory) -> None:
    names = communes.lookup_examples()
    assert names == sorted(set(names))
    assert {*NAMES, "Thị trấn Hùng Sơn", "Huyện Pác Nặm", "Thành phố Thái Nguyên", "Phường Sầm Sơn"} <= set(names)
    assert communes.province_names() == ["Bắc Kạn", "Thanh Hóa", "Thái Nguyên"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("xã Bãi Cháy thì ai hỗ trợ", "Bãi Cháy"),
        ("nha toi o xa bai chay ben nao lo", "bai chay"),
        ("Phường Lê Đại Hành", "Lê Đại Hành"),
        ("p. Bến Nghé, quận 1", "Bến Nghé"),
        ("xã: “Mường Phăng”", "Mường Phăng"),
        ("xã tôi ai phụ trách", None),
        ("xã nào cũng được", None),
        ("hợp tác xã Minh Tâm", None),
        ("bán trên mạng xã hội", None),
        ("cách đây xa lắm", None),
    ],
)
def test_an_unknown_name_is_taken_from_behind_its_unit(text: str, name: str | None) -> None:
    assert unknown_name(text) == name


def test_a_name_quoted_back_is_short_and_has_no_markup(communes: CommuneDirectory) -> None:
    quoted = communes.unknown_name("xã Abcdefghijklm Nopqrstuvwxyz Abcdefghijklm Nopqrst ơi")
    assert quoted == "Abcdefghijklm Nopqrstuvwxyz"
    assert communes.unknown_name("xã <b>Tâm</b>") is None
    assert communes.resolve_all([], "xã Bãi Cháy", TN).typed == "Bãi Cháy"
    assert communes.resolve("Bãi Cháy", "xã Bãi Cháy", TN) == Resolution(Kind.UNKNOWN, TN, typed="Bãi Cháy")


@pytest.mark.parametrize(
    ("surface", "name", "unit", "rest"),
    [
        ("p.bắc kạn", "Bắc Kạn", Unit.WARD, "bắc kạn"),
        ("XÃ  Tân-Cương", "Tân Cương", Unit.COMMUNE, "Tân Cương"),
        ("thi tran hung son", "Hùng Sơn", Unit.TOWNSHIP, "hung son"),
        ("tx. phổ yên", "Phổ Yên", Unit.TOWN, "phổ yên"),
        ("xuan duong", "Xuân Dương", None, "xuan duong"),
        ("phuong tien", "Phượng Tiến", None, "phuong tien"),
        ("phuong phuong tien", "Phượng Tiến", Unit.WARD, "phuong tien"),
        ("Huyền Tụng", "Huyền Tụng", None, "Huyền Tụng"),
        ("x tân cươn", "Tân Cương", Unit.COMMUNE, "tân cươn"),
        ("xã/phường Tân Thành", "Tân Thành", None, "Tân Thành"),
    ],
)
def test_the_typed_unit_is_told_from_the_name(surface: str, name: str, unit: Unit | None, rest: str) -> None:
    assert (typed_unit(surface, name), without_unit(surface, name)) == (unit, rest)


def test_spelling_ignores_where_the_tone_stands_but_not_which_it_is() -> None:
    assert spelling("Hòa Thụy") == spelling("hoà thuỵ") != spelling("Hóa Thụy")


def test_the_directory_takes_mentions_by_their_offsets(communes: CommuneDirectory) -> None:
    text = "🙂 phường Tân Thành"
    resolution = communes.resolve_all([Mention("Tân Thành", 2, len(text))], text, TN)
    assert meant(resolution) == (Kind.OLD_UNIT, "phường Tích Lương")
