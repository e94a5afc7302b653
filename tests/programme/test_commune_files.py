"""The communes' files: they hold what plan and resolutions say, and one that contradicts itself is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from programme.communes import CommuneDirectory, Kind, load_commune_file
from programme.content import Content
from programme.place_names import Unit, name_key, typed_unit
from programme.yaml_source import ContentError
from tests.programme.places import FILES, TH, TN

# Kế hoạch 148, Phụ lục 03, mục 2, as it is printed (with its misprints), in one line per vendor.
ASSIGNED = {
    "VNPT": "Phường Phan Đình Phùng; xã Tân Cương; xã Thành Công; xã Đồng Hỷ; xã Quang Sơn; xã Định Hóa; xã Bình Yên; "
    "xã Trung Hội; xã Phượng Tiến; xã Phú Đình; xã Bình Thành; xã Kim Phượng; xã Lam Vỹ; xã Đại Từ; xã Đức Lương; "
    "xã Côn Minh; xã Bằng Thành; xã Cao Minh; xã Nghiên Loan; xã Văn Lang; xã Cường Lợi; xã Xuân Dương",
    "VIETTEL": "Phường Quan Triều; phường Phúc Thuận; phường Linh Sơn; xã Đại Phúc; xã Tân Thành; xã Trại Cau; "
    "xã Nam Hòa; xã Phú Thịnh; xã La Bằng; xã Phú Lạc; xã An Khánh; xã Quân Chu; xã Vạn Phú; xã Phú Xuyên; xã Võ Nhai; "
    "xã Dân Tiến; xã Nghinh Tường; xã Quảng Bạch; xã Yên Bình; xã Na Rì; xã Hợp Thành; xã Trần Phú; phường Sông Công",
    "MISA": "Phường Tích Lương; phường Phổ Yên; xã Diềm Thụy; xã Văn Hán; xã Văn Lăng; xã Thân Sa; xã La Hiên; "
    "xã Sảng Mộc; xã Tràng Xá; xã Nà Phặc; xã Ngân Sơn; xã Hiệp Lực; xã Thượng Quan; xã Bằng Vân; phường Bắc Kạn; "
    "phường Đức Xuân; xã Yên Phong; xã Yên Thịnh; xã Chợ Mới",
    "BKAV": "Phường Quyết Thắng; phường Trung Thành; xã Phú Bình; xã Tân Khánh; xã Phú Lương; xã Vô Tranh; "
    "xã Yên Trạch; xã Thanh Thịnh; xã Tân Kỳ; xã Thanh Mai",
    "SAPO": "Phường Gia Sàng; phường Vạn Xuân; xã Kha Sơn; phường Bá Xuyên; phường Bách Quang; xã Phong Quang; "
    "xã Chợ Rã; xã Ba Bể; xã Đồng Phúc; xã Phúc Lộc; xã Thượng Minh; xã Phú Thông; xã Cẩm Giàng; xã Bạch Thông; "
    "xã Vĩnh Thông; xã Chợ Đồn; xã Nam Cường; xã Nghĩa Tá",
}

# The data


def test_every_commune_has_the_vendor_that_the_plan_assigns() -> None:
    assigned = {
        name.strip()[0].upper() + name.strip()[1:]: vendor
        for vendor, names in ASSIGNED.items()
        for name in names.split(";")
    }
    assert len(assigned) == 92
    assert {row.printed or row.name: row.vendor for row in FILES[TN].communes} == assigned


def test_the_numbers_are_those_of_the_resolutions(communes: CommuneDirectory) -> None:
    counted = {province: Counter(commune.unit for commune in communes.communes(province)) for province in (TN, TH)}
    assert counted == {TN: {Unit.COMMUNE: 77, Unit.WARD: 15}, TH: {Unit.COMMUNE: 147, Unit.WARD: 19}}


def test_three_names_differ_from_the_misprints_of_the_plan() -> None:
    printed = {row.name: row.printed for row in FILES[TN].communes if row.printed}
    assert printed == {"Xã Điềm Thụy": "Xã Diềm Thụy", "Xã Thần Sa": "Xã Thân Sa", "Xã Phủ Thông": "Xã Phú Thông"}


def test_every_source_of_the_files_is_a_document_of_the_packs(content: Content) -> None:
    for province, file in FILES.items():
        cited = {source.document for source in file.sources if source.document}
        assert cited <= set(content.packs.documents(province))


def test_names_that_several_communes_share_are_known(communes: CommuneDirectory) -> None:
    """Derived from the rows; this is the list of a reader who looked for them by hand."""
    shared = {
        name_key(full_name.removeprefix(unit.value.capitalize()))
        for full_name in communes.lookup_examples()
        for unit in (typed_unit(full_name, full_name.split(" ", 1)[1]),)
        if unit is not None
    }
    asked = {
        key
        for key in shared
        if communes.resolve(key, key, TN).kind in (Kind.AMBIGUOUS, Kind.SPLIT)
        and communes.resolve(key, key, TN).province == TN
    }
    assert asked == {
        *("van lang", "tan thinh", "gia sang", "trung thanh", "tan thanh", "tan lap", "cam gia", "huong son"),
        *("tan long", "yen lac", "song cau", "thuong dinh"),
    }


def test_fifteen_old_districts_have_a_commune_of_their_name_and_two_have_none(communes: CommuneDirectory) -> None:
    kinds = {}
    for row in FILES[TN].districts:
        name = row.name.removeprefix("Huyện ").removeprefix("Thành phố ")
        kinds[name] = communes.resolve(name, name, TN).kind
    assert Counter(kinds.values()) == {Kind.SAME_AS_DISTRICT: 15, Kind.DISTRICT: 2}
    assert {name for name, kind in kinds.items() if kind is Kind.DISTRICT} == {"Pác Nặm", "Thái Nguyên"}


# A file that contradicts itself

SMALL = """\
province: bac-song
name: Bắc Sông
as_of: 2025-07-01
sources:
  - {covers: names, document: nq1, article: Điều 1, verified: true, note: ghi chú}
counts: {communes: 1, wards: 1, per_vendor: {VNPT: 2}}
districts:
  - {name: Huyện Sông Trên}
split_units: [Xã Hai Nơi]
communes:
  - {code: '00001', name: Xã Một, vendor: VNPT, district: Huyện Sông Trên, old_units: [Xã Hai Nơi]}
  - {code: '00002', name: Phường Hai, vendor: VNPT, district: Huyện Sông Trên, old_units: [Xã Hai Nơi]}
"""


@pytest.mark.parametrize(
    ("replaced", "by", "line", "problem"),
    [
        ("'00002'", "'00001'", 12, '"00001" đã có'),
        ("Phường Hai", "Xã Một", 12, '"Xã Một" đã có'),
        ("Phường Hai", "Hai", 12, 'tên "Hai" thiếu loại đơn vị'),
        ("Phường Hai", "Thị trấn Hai", 12, 'tên "Thị trấn Hai" thiếu loại đơn vị'),
        ("'00002'", "'2'", 12, "code"),
        ("split_units: [Xã Hai Nơi]", "split_units: []", 12, '"Xã Hai Nơi" đã nhập vào "Xã Một"'),
        ("split_units: [Xã Hai Nơi]", "split_units: [Xã Hai Nơi, Xã Ba Nơi]", 9, '"Xã Ba Nơi" không nằm ở hai'),
        (
            "old_units: [Xã Hai Nơi]}\n  - {code: '00002'",
            "old_units: [Hai Nơi]}\n  - {code: '00002'",
            11,
            '"Hai Nơi" thiếu',
        ),
        (
            "Hai, vendor: VNPT, district: Huyện Sông Trên",
            "Hai, vendor: VNPT, district: Huyện X",
            12,
            'không có "Huyện X"',
        ),
        ("  - {name: Huyện Sông Trên}", "  - {name: Huyện Sông Trên}\n  - {name: Huyện Y}", 9, 'thuộc "Huyện Y"'),
        ("wards: 1", "wards: 2", 6, "wards: ghi 2 nhưng đếm được 1"),
        ("{VNPT: 2}", "{VNPT: 1}", 6, "VNPT: ghi 1 nhưng đếm được 2"),
        ("{VNPT: 2}", "{}", 6, "VNPT: ghi 0 nhưng đếm được 2"),
        ("province: bac-song", "province: nam-song", 1, '"nam-song" khác tên thư mục'),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_at_its_line(
    tmp_path: Path, replaced: str, by: str, line: int, problem: str
) -> None:
    assert SMALL.count(replaced) == 1
    path = tmp_path / "bac-song" / "communes.yaml"
    path.parent.mkdir()
    path.write_text(SMALL.replace(replaced, by), encoding="utf-8")
    with pytest.raises(ContentError) as refused:
        load_commune_file(path)
    assert (refused.value.file, refused.value.line) == ("bac-song/communes.yaml", line)
    assert problem in refused.value.problem


def test_a_sound_file_is_accepted_and_an_unknown_vendor_is_not(tmp_path: Path) -> None:
    path = tmp_path / "bac-song" / "communes.yaml"
    path.parent.mkdir()
    path.write_text(SMALL, encoding="utf-8")
    file = load_commune_file(path)
    with pytest.raises(ValueError, match="unknown vendor VNPT"):
        CommuneDirectory({"bac-song": file}, {"bac-song": {}})
    with pytest.raises(ValueError, match="no pack of its own"):
        CommuneDirectory({"bac-song": file}, {})


def test_one_code_in_two_provinces_is_refused(content: Content) -> None:
    vendors = {TN: {vendor.id: vendor for vendor in content.packs.province(TN).vendors}}
    other = FILES[TN].model_copy(update={"province": "other"})
    with pytest.raises(ValueError, match="05443"):
        CommuneDirectory({TN: FILES[TN], "other": other}, {TN: vendors[TN], "other": vendors[TN]})
