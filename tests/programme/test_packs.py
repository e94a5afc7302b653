"""Content packs: what is refused, with which file and line, and what the real packs hold."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programme.packs import Packs, UnknownProvince, load_packs, normalise_province_id
from programme.yaml_source import ContentError, ContentModel, load_yaml, read_yaml

CONTENT = Path(__file__).parents[2] / "content"

NATIONAL_PACK = """\
id: national
name: Toàn quốc
kind: national
documents:
  - id: nq202
    number: 202/2025/QH15
    title: Nghị quyết
    short: Nghị quyết 202
    issued_by: Quốc hội
    date: 2025-06-12
"""

PROVINCE_PACK = """\
id: bac-song
name: Bắc Sông
kind: province
documents:
  - id: kh1
    number: 1/KH-UBND
    title: Kế hoạch
    short: Kế hoạch 1
    issued_by: UBND tỉnh
    date: 2026-01-02
    valid_from: 2026-01-02
    valid_to: 2026-06-30
sla: {hours: 24, target: 0.95, warnings: [18, 22]}
contacts: {hotline: null, zalo_oa: null, facebook: null, email: null, sms_brandname: null}
vendors:
  - {id: ALPHA, name: Công ty Alpha, short: Alpha, platform: Alpha Bán, coverage: communes}
working_hours:
  monday: ["07:30-11:30", "13:00-17:00"]
  sunday: ["00:00-24:00"]
leads:
  accept_within_hours: 16
  remind_before_hours: 4
  re_offer: next_firm
  re_offers: 1
  answer_within_days: 7
  report: {months: 1, due_days: 5, close_days: 20}
  allowed: {"05443": [ALPHA]}
"""

PROVINCES = """\
source: {document: nq202, article: Điều 1}
provinces:
  - {name: Bắc Sông, former: [Nam Sông]}
  - {name: Tây Núi}
"""

LEXICON = """\
expansions:
  - {forms: [ko, hok], means: không, risk: low}
  - {forms: [mô], means: đâu, risk: high}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for file, text in {
        "national/pack.yaml": NATIONAL_PACK,
        "national/provinces.yaml": PROVINCES,
        "national/lexicon.yaml": LEXICON,
        "bac-song/pack.yaml": PROVINCE_PACK,
    }.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def packs() -> Packs:
    return load_packs(CONTENT)


def refused(root: Path, file: str, old: str, new: str) -> ContentError:
    """The refusal after replacing `old`, which must be there, in one file of a sound content folder."""
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as refusal:
        load_packs(root)
    return refusal.value


def test_a_sound_folder_loads(root: Path) -> None:
    packs = load_packs(root)
    assert packs.province("bac_song").vendor("ALPHA").platform == "Alpha Bán"
    assert packs.documents("bac-song").keys() == {"nq202", "kh1"}


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "words"),
    [
        ("bac-song/pack.yaml", "sla: {hours", "sla: {houses: 1, hours", 13, "houses"),
        ("bac-song/pack.yaml", "    issued_by: UBND tỉnh\n", "", 5, 'thiếu mục "issued_by"'),
        ("bac-song/pack.yaml", "title: Kế hoạch", "title: 17", 7, "phải là chữ"),
        ("bac-song/pack.yaml", "title: Kế hoạch", "title: ''", 7, "để trống"),
        ("bac-song/pack.yaml", "title: Kế hoạch", "title: '   '", 7, "để trống"),
        ("bac-song/pack.yaml", "hours: 24", "hours: '24'", 13, "số nguyên"),
        ("bac-song/pack.yaml", "hours: 24", "hours: 0", 13, "quá nhỏ"),
        ("bac-song/pack.yaml", "target: 0.95", "target: 95.0", 13, "quá lớn"),
        ("bac-song/pack.yaml", "[18, 22]", "[22, 18]", 13, "không tăng dần"),
        ("bac-song/pack.yaml", "[18, 22]", "[18, 18]", 13, "không tăng dần"),
        ("bac-song/pack.yaml", "[18, 22]", "[18, 24]", 13, "không trước hạn 24 giờ"),
        ("bac-song/pack.yaml", "[18, 22]", "[0, 18]", 13, "quá nhỏ"),
        ("bac-song/pack.yaml", ", warnings: [18, 22]", "", 13, 'thiếu mục "warnings"'),
        ("bac-song/pack.yaml", '"07:30-11:30"', '"7h30"', 18, "không đúng dạng"),
        ("bac-song/pack.yaml", '"07:30-11:30"', '"11:30-07:30"', 18, "kết thúc trước khi bắt đầu"),
        ("bac-song/pack.yaml", '"00:00-24:00"', '"00:00-24:30"', 19, "cuối ngày là 24:00"),
        ("bac-song/pack.yaml", '"07:30-11:30"', '"07:30-13:30"', 18, "chồng lên nhau"),
        ("bac-song/pack.yaml", "date: 2026-01-02", "date: 2026-02-30", 10, "ngày có thật"),
        ("bac-song/pack.yaml", "valid_to: 2026-06-30", "valid_to: 2026-01-01", 12, "đứng trước valid_from"),
        ("bac-song/pack.yaml", "coverage: communes", "coverage: all", 16, "province_wide"),
        ("bac-song/pack.yaml", "vendors:\n  - {id", "vendors:\n    {id", 15, "danh sách"),
        ("bac-song/pack.yaml", "leads:\n", "lads:\n", 20, "lads"),
        ("bac-song/pack.yaml", "accept_within_hours: 16", "accept_within_hours: 0", 21, "quá nhỏ"),
        ("bac-song/pack.yaml", "remind_before_hours: 4", "remind_before_hours: 16", 22, "hạn chỉ có 16 giờ"),
        ("bac-song/pack.yaml", "next_firm", "anybody", 23, "next_firm"),
        ("bac-song/pack.yaml", "re_offers: 1", "re_offers: -1", 24, "quá nhỏ"),
        ("bac-song/pack.yaml", "months: 1", "months: 5", 26, "không chia đều một năm"),
        ("bac-song/pack.yaml", "close_days: 20", "close_days: 4", 26, "trước hạn nộp 5 ngày"),
        ("bac-song/pack.yaml", "[ALPHA]", "[BETA]", 27, 'tên "BETA"'),
        ("bac-song/pack.yaml", '"05443"', '"5443"', 27, "sai khuôn"),
        ("bac-song/pack.yaml", "id: kh1", "id: nq202", 5, "đã có trong gói national"),
        ("bac-song/pack.yaml", "id: bac-song", "id: nam-song", 1, "khác tên thư mục"),
        ("bac-song/pack.yaml", "    number:", "    url: ftp://a\n    number:", 6, "sai khuôn"),
        ("national/pack.yaml", "kind: national", "kind: province", 3, "national"),
        ("national/provinces.yaml", "document: nq202", "document: nq999", 1, 'không có văn bản "nq999"'),
        ("national/provinces.yaml", "Tây Núi", "nam sông", 4, "đã thuộc Bắc Sông"),
        ("national/lexicon.yaml", "forms: [mô]", "forms: [mô, kó]", 3, "đã có nghĩa khác ở dòng 2"),
        ("national/lexicon.yaml", "forms: [ko, hok]", "forms: [ko, khong]", 2, "trùng với nghĩa"),
        ("national/lexicon.yaml", "risk: low", "risk: middle", 2, "low"),
    ],
)
def test_a_fault_is_refused_at_its_line(root: Path, file: str, old: str, new: str, line: int, words: str) -> None:
    refusal = refused(root, file, old, new)
    assert (refusal.file, refusal.line, refusal.code) == (file, line, "content_invalid")
    assert words in str(refusal)
    assert refusal.remedy
    assert f"{file}, dòng {line}: {refusal.problem}. Cách sửa: {refusal.remedy}." == str(refusal)


def test_a_key_written_twice_is_refused_at_the_second(root: Path) -> None:
    refusal = refused(root, "bac-song/pack.yaml", "sla:", "name: Nam Sông\nsla:")
    assert (refusal.line, refusal.code) == (13, "content_invalid")
    assert "hai lần (lần đầu ở dòng 2)" in refusal.problem


@pytest.mark.parametrize(
    ("new", "line"),
    [("name: [Bắc Sông", 3), ("name: 'Bắc Sông", 28), ("name:\tBắc: Sông", 2), ("name: \x07", 2)],
)
def test_what_is_no_yaml_is_refused_where_the_reader_stumbles(root: Path, new: str, line: int) -> None:
    refusal = refused(root, "bac-song/pack.yaml", "name: Bắc Sông", new)
    assert (refusal.file, refusal.line, refusal.code) == ("bac-song/pack.yaml", line, "content_yaml")


def test_uncomposed_letters_are_refused_at_their_own_line(root: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Kế hoạch")
    refusal = refused(root, "bac-song/pack.yaml", "title: Kế hoạch", f"title: >-\n      một\n      {decomposed}")
    assert (refusal.line, refusal.code) == (9, "content_invalid")
    assert "NFC" in refusal.problem


def test_a_file_in_another_encoding_is_refused(root: Path) -> None:
    path = root / "bac-song" / "pack.yaml"
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    with pytest.raises(ContentError, match="UTF-8") as refusal:
        load_packs(root)
    assert refusal.value.code == "content_yaml"


@pytest.mark.parametrize("file", ["national/pack.yaml", "national/lexicon.yaml", "bac-song/pack.yaml"])
def test_a_missing_file_is_named(root: Path, file: str) -> None:
    (root / file).unlink()
    with pytest.raises(ContentError) as refusal:
        load_packs(root)
    assert (refusal.value.file, refusal.value.line, refusal.value.code) == (file, None, "content_missing")


def test_an_empty_file_is_refused(root: Path) -> None:
    (root / "national" / "lexicon.yaml").write_text("# chỉ có lời\n", encoding="utf-8")
    with pytest.raises(ContentError, match="tệp rỗng"):
        load_packs(root)


def test_several_faults_are_counted_and_the_first_in_the_file_is_told(root: Path) -> None:
    text = PROVINCE_PACK.replace("hours: 24", "hours: x").replace("title: Kế hoạch", "title: 5")
    (root / "bac-song" / "pack.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as refusal:
        load_packs(root)
    assert refusal.value.line == 7
    assert "và 1 lỗi khác" in refusal.value.problem


class Shelf(ContentModel):
    words: dict[str, str | list[str]]


@settings(deadline=None, max_examples=40)
@given(st.integers(min_value=0, max_value=30), st.booleans())
def test_the_line_of_a_fault_does_not_depend_on_what_stands_before_it(
    tmp_path_factory: pytest.TempPathFactory, before: int, many_lines: bool
) -> None:
    path = tmp_path_factory.mktemp("pack") / "shelf.yaml"
    filler = "  k{}: |\n    a: {{b\n    c\n" if many_lines else "  k{}: [a,\n    b,\n    c]\n"
    path.write_text("words:\n" + "".join(filler.format(i) for i in range(before)) + "  bad: 7\n", encoding="utf-8")
    with pytest.raises(ContentError) as refusal:
        load_yaml(path, Shelf)
    assert refusal.value.line == 2 + 3 * before


def test_words_that_old_yaml_takes_for_something_else_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("words: [no, on, yes, 05443, true, 12, 2026-06-30]", encoding="utf-8")
    assert read_yaml(path).data == {"words": ["no", "on", "yes", "05443", True, 12, dt.date(2026, 6, 30)]}


def test_an_underscore_in_a_province_id_means_the_hyphen(packs: Packs) -> None:
    assert normalise_province_id(" Thai_Nguyen ") == "thai-nguyen"
    assert packs.province("thai_nguyen") is packs.province("thai-nguyen")


def test_a_province_without_a_pack_is_unknown(packs: Packs) -> None:
    with pytest.raises(UnknownProvince):
        packs.province("ha-noi")


def test_no_contact_is_claimed_that_no_document_names(packs: Packs) -> None:
    for pack in packs.provinces.values():
        assert set(pack.contacts.model_dump().values()) == {None}


def test_vietnam_has_34_provinces_and_every_former_one_has_a_home(packs: Packs) -> None:
    today = packs.provinces_of_vietnam
    assert len(today) == 34
    assert sum(len(province.former) for province in today) == 30  # with Thừa Thiên Huế, renamed on 1/1/2025
    homes = {former: province.name for province in today for former in province.former}
    assert homes["Bắc Kạn"] == "Thái Nguyên"
    assert homes["Bình Dương"] == "Thành phố Hồ Chí Minh"
    assert {pack.name for pack in packs.provinces.values()} <= {province.name for province in today}


def test_thai_nguyen_has_five_vendors_by_commune_and_one_bank_for_all(packs: Packs) -> None:
    vendors = packs.province("thai-nguyen").vendors
    by_commune = {vendor.short: vendor.platform for vendor in vendors if vendor.coverage == "communes"}
    assert by_commune == {
        "VNPT": "VNPT HKD",
        "Viettel": "Tendoo",
        "MISA": "MISA eShop",
        "Bkav": "AIBooks",
        "Sapo": "Sapo 6870",
    }
    assert [vendor.short for vendor in vendors if vendor.coverage == "province_wide"] == ["BIDV"]


@pytest.mark.parametrize(("document", "ends"), [("kh148", dt.date(2026, 6, 30)), ("kh103", dt.date(2026, 12, 31))])
def test_each_plan_ends_when_its_text_says(packs: Packs, document: str, ends: dt.date) -> None:
    assert packs.documents("thai-nguyen")[document].valid_to == ends


def test_thanh_hoa_claims_no_vendor(packs: Packs) -> None:
    assert packs.province("thanh-hoa").vendors == ()


@pytest.fixture(scope="module")
def meaning(packs: Packs) -> Callable[[str], tuple[str, str]]:
    rows = {form: (row.means, row.risk) for row in packs.lexicon.expansions for form in row.forms}
    return rows.__getitem__


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("ko", ("không", "low")),
        ("dk", ("đăng ký", "high")),
        ("mô", ("đâu", "high")),
        ("hkd", ("hộ kinh doanh", "low")),
        ("bít chấm vê en", ("biz.vn", "low")),
    ],
)
def test_the_lexicon_knows_how_owners_write(
    meaning: Callable[[str], tuple[str, str]], form: str, expected: tuple[str, str]
) -> None:
    assert meaning(form) == expected
