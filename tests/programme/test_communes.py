"""What a place name means: the rules between today's communes, old units, old districts and two provinces."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from programme.communes import CommuneDirectory, Kind, Mention, Resolution, load_commune_file
from programme.content import CONTENT_ROOT, Content
from programme.place_names import Unit, fold, name_key, spelling, typed_unit, unknown_name, without_unit
from programme.yaml_source import ContentError
from tests.programme.conftest import Understand

TN, TH = "thai-nguyen", "thanh-hoa"
FILES = {province: load_commune_file(CONTENT_ROOT / province / "communes.yaml") for province in (TN, TH)}
NAMES = [row.name for row in FILES[TN].communes]

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


@pytest.fixture(scope="session")
def communes(content: Content) -> CommuneDirectory:
    return content.communes


def named(resolution: Resolution) -> list[str]:
    return [commune.full_name for commune in resolution.choices]


def meant(resolution: Resolution) -> tuple[Kind, str | None]:
    return resolution.kind, resolution.commune.full_name if resolution.commune else None


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


# Every commune, however it is typed


@pytest.mark.parametrize("full_name", NAMES)
@pytest.mark.parametrize(
    "write",
    [
        str,
        str.lower,
        str.upper,
        lambda name: unicodedata.normalize("NFD", name),
        lambda name: name.replace("Xã", "x.").replace("Phường", "p."),
        lambda name: f"em ở {name.lower().replace(' ', '  ')} thì ai hỗ trợ",
    ],
    ids=["as written", "lower case", "capitals", "decomposed", "abbreviated", "in a sentence"],
)
def test_a_name_with_its_unit_is_answered_at_once(
    understand: Understand, full_name: str, write: Callable[[str], str]
) -> None:
    resolution = understand(write(full_name))
    assert meant(resolution) == (Kind.CURRENT, full_name[0].lower() + full_name[1:])
    assert resolution.commune is not None and resolution.commune.vendor is not None


@pytest.mark.parametrize("full_name", NAMES)
def test_without_accents_a_name_with_its_unit_is_answered_unless_two_share_it(
    understand: Understand, full_name: str
) -> None:
    resolution = understand(f"nha toi o {fold(full_name)}")
    if "Văn L" in full_name:
        assert resolution.kind is Kind.AMBIGUOUS
        assert named(resolution) == ["xã Văn Lang", "xã Văn Lăng"]
    else:
        assert meant(resolution) == (Kind.CURRENT, full_name[0].lower() + full_name[1:])


@pytest.mark.parametrize("full_name", NAMES)
def test_a_name_alone_is_answered_or_asked_about(understand: Understand, full_name: str) -> None:
    name = full_name.removeprefix("Xã ").removeprefix("Phường ")
    in_sentence = full_name[0].lower() + full_name[1:]
    resolution = understand(f"em ở {name.lower()} ạ")
    if name in {row.name.removeprefix("Huyện ").removeprefix("Thành phố ") for row in FILES[TN].districts}:
        assert meant(resolution) == (Kind.SAME_AS_DISTRICT, in_sentence)
        assert in_sentence in named(resolution)
    elif name in ("Tân Thành", "Trung Thành"):
        assert resolution.kind is Kind.AMBIGUOUS
        assert set(named(resolution)) == {in_sentence, "phường Tích Lương"}
    elif name == "Gia Sàng":
        assert meant(resolution) == (Kind.SPLIT, "phường Gia Sàng")
    else:
        assert meant(resolution) == (Kind.CURRENT, in_sentence)


# The rules


@pytest.mark.parametrize(
    ("text", "kind", "commune"),
    [
        ("xa phu binh ben nao phu trach", Kind.CURRENT, "xã Phú Bình"),
        ("phường Tân Cương", Kind.CURRENT, "xã Tân Cương"),
        ("xã Phổ Yên", Kind.CURRENT, "phường Phổ Yên"),
        ("xã Tân Thành", Kind.CURRENT, "xã Tân Thành"),
        ("phường Tân Thành", Kind.OLD_UNIT, "phường Tích Lương"),
        ("xã Quyết Thắng", Kind.OLD_UNIT, "phường Quyết Thắng"),
        ("thị trấn Trại Cau", Kind.OLD_UNIT, "xã Trại Cau"),
        ("toi o thi tran hung son dai tu cu thi ai ho tro", Kind.OLD_UNIT, "xã Đại Phúc"),
        ("xã Hùng Sơn", Kind.OLD_UNIT, "xã Đại Phúc"),
        ("Trước nhà tôi thuộc Túc Duyên", Kind.OLD_UNIT, "phường Phan Đình Phùng"),
        ("thị trấn Đu", Kind.OLD_UNIT, "xã Phú Lương"),
        ("văn lang", Kind.CURRENT, "xã Văn Lang"),
        ("van lăng", Kind.CURRENT, "xã Văn Lăng"),
        ("thị trấn Yên Lạc", Kind.OLD_UNIT, "xã Na Rì"),
        ("xa yen lac", Kind.OLD_UNIT, "xã Phú Lương"),
        ("Diềm Thụy", Kind.CURRENT, "xã Điềm Thụy"),
        ("Phú Thông", Kind.CURRENT, "xã Phủ Thông"),
        ("Thân Sa", Kind.CURRENT, "xã Thần Sa"),
        ("cháu ơi bác ở đại từ thì được bên nào hỗ trợ", Kind.SAME_AS_DISTRICT, "xã Đại Từ"),
        ("thị trấn Đại Từ", Kind.SAME_AS_DISTRICT, "xã Đại Từ"),
        ("huyện Đại Từ", Kind.DISTRICT, None),
        ("đại từ cũ", Kind.DISTRICT, None),
        ("Pác Nặm", Kind.DISTRICT, None),
        ("xã Pác Nặm", Kind.DISTRICT, None),
        ("tp Thái Nguyên", Kind.DISTRICT, None),
        ("tx phổ yên", Kind.DISTRICT, None),
        ("thượng đình", Kind.SPLIT, None),
        ("phường cam giá", Kind.SPLIT, None),
        ("tan thinh", Kind.AMBIGUOUS, None),
        ("xã/phường Tân Thành", Kind.AMBIGUOUS, None),
        ("phường Trung Thành cũ", Kind.AMBIGUOUS, None),
        ("tôi ở Thái Nguyên", Kind.UNKNOWN, None),
    ],
)
def test_the_unit_typed_decides_between_old_and_new(
    understand: Understand, text: str, kind: Kind, commune: str | None
) -> None:
    assert meant(understand(text)) == (kind, commune)


def test_a_settled_name_still_says_which_district_had_it(understand: Understand) -> None:
    settled = understand("xã Phú Bình")
    assert settled.district is not None and settled.district.full_name == "huyện Phú Bình"
    assert understand("xã Tân Cương").district is None


def test_a_settled_name_still_says_where_another_old_unit_of_that_name_went(understand: Understand) -> None:
    (old,) = understand("phường Trung Thành").old_units
    assert old.district is not None and old.district.full_name == "thành phố Thái Nguyên"
    assert [commune.full_name for commune in old.communes] == ["phường Tích Lương"]
    (divided,) = understand("phường Gia Sàng").old_units
    assert {commune.full_name for commune in divided.communes} == {"phường Gia Sàng", "phường Phan Đình Phùng"}


def test_a_district_is_asked_about_with_all_its_communes(understand: Understand) -> None:
    assert set(named(understand("Pác Nặm"))) == {"xã Bằng Thành", "xã Cao Minh", "xã Nghiên Loan"}
    # The township at the centre of Đại Từ went to a commune that mostly lay elsewhere: it comes last.
    assert len(named(understand("huyện Đại Từ"))) == 10
    assert named(understand("huyện Đại Từ"))[-1] == "xã Đại Phúc"


def test_a_divided_unit_is_asked_about_with_its_parts(understand: Understand) -> None:
    resolution = understand("xã Thượng Đình")
    assert set(named(resolution)) == {"xã Phú Bình", "xã Điềm Thụy"}
    assert resolution.old_units[0].full_name == "xã Thượng Đình"


# Several mentions


@pytest.mark.parametrize(
    ("text", "kind", "commune"),
    [
        ("nhà bác ở xã phủ thông bạch thông bắc kạn cũ ấy thì công ty nào", Kind.CURRENT, "xã Phủ Thông"),
        ("Tôi ở xã Điềm Thụy, trước là huyện Phú Bình", Kind.CURRENT, "xã Điềm Thụy"),
        ("Tân Thịnh ở Định Hóa", Kind.OLD_UNIT, "xã Phượng Tiến"),
        ("phường tân thịnh tp thái nguyên", Kind.OLD_UNIT, "phường Phan Đình Phùng"),
        ("hương sơn phú bình", Kind.OLD_UNIT, "xã Phú Bình"),
        ("van lang na ri", Kind.CURRENT, "xã Văn Lang"),
        ("van lang, huyen dong hy", Kind.CURRENT, "xã Văn Lăng"),
        ("trung thành phổ yên", Kind.CURRENT, "phường Trung Thành"),
        ("trung thành, tp thái nguyên", Kind.OLD_UNIT, "phường Tích Lương"),
        ("Định Hóa, huyện Định Hóa", Kind.CURRENT, "xã Định Hóa"),
        ("xã Đại Từ huyện Đại Từ", Kind.CURRENT, "xã Đại Từ"),
        ("ngân sơn bắc kạn", Kind.SAME_AS_DISTRICT, "xã Ngân Sơn"),
        ("Kha Sơn, Phú Bình", Kind.CURRENT, "xã Kha Sơn"),
        ("Trước là thị trấn Chùa Hang, giờ gọi là phường Linh Sơn", Kind.OLD_UNIT, "phường Linh Sơn"),
        ("xa minh la phuong tien", Kind.CURRENT, "xã Phượng Tiến"),
        ("em ở Bá Xuyên nhưng cửa hàng thì ở Bách Quang", Kind.SEVERAL, None),
        ("xã Phú Bình và xã Kha Sơn", Kind.SEVERAL, None),
        ("đại phúc và quyết thắng", Kind.SEVERAL, None),
        ("quyết thắng, đại phúc", Kind.SEVERAL, None),
        ("tôi ở đại phúc quyết thắng", Kind.SEVERAL, None),
        ("van lang hay van lang", Kind.AMBIGUOUS, None),
    ],
)
def test_several_mentions_make_one_place_or_one_question(
    understand: Understand, text: str, kind: Kind, commune: str | None
) -> None:
    assert meant(understand(text)) == (kind, commune)


def test_two_communes_of_equal_rank_are_both_in_the_question(understand: Understand) -> None:
    assert named(understand("xã Phú Bình và xã Kha Sơn")) == ["xã Phú Bình", "xã Kha Sơn"]


def test_a_district_that_contradicts_the_name_is_not_believed(understand: Understand) -> None:
    assert meant(understand("xã Tân Cương huyện Đại Từ")) == (Kind.CURRENT, "xã Tân Cương")


def test_a_typo_between_two_names_is_asked_about(understand: Understand) -> None:
    resolution = understand("xã phú xình")
    assert resolution.kind is Kind.AMBIGUOUS
    assert named(resolution) == ["xã Phú Bình", "xã Phú Đình"]
    assert (resolution.typed, resolution.corrected) == ("phú xình", True)


def test_only_changed_letters_count_as_corrected(understand: Understand) -> None:
    assert understand("xã tân cươmg").corrected
    assert not understand("x.tan cuong").corrected
    assert not understand("xã Diềm Thụy").corrected


# Two provinces


def test_a_commune_of_the_other_province_is_recognised(understand: Understand) -> None:
    resolution = understand("tui ở phường Hạc Thành")
    assert (meant(resolution), resolution.province) == ((Kind.OTHER_PROVINCE, "phường Hạc Thành"), TH)
    assert resolution.commune is not None and resolution.commune.vendor is None
    back = understand("thị trấn Hùng Sơn", TH)
    assert (meant(back), back.province) == ((Kind.OTHER_PROVINCE, "xã Đại Phúc"), TN)


def test_a_name_of_both_provinces_is_the_own_one_and_mentions_the_other(understand: Understand) -> None:
    here, there = understand("xã Tân Thành"), understand("xã Tân Thành", TH)
    assert here.commune is not None and there.commune is not None
    assert (here.commune.province, there.commune.province) == (TN, TH)
    assert [commune.province for commune in here.also_in] == [TH]
    assert {commune.province for commune in there.also_in} == {TN}


def test_a_province_named_in_the_text_is_the_one_meant(understand: Understand) -> None:
    resolution = understand("xã Tân Thành, Thanh Hóa")
    assert (resolution.kind, resolution.province) == (Kind.OTHER_PROVINCE, TH)
    assert understand("xa tan thanh tinh thanh hoa").province == TH
    assert understand("xã Tân Thành tỉnh Thái Nguyên").province == TN
    assert understand("xã Tân Thành chưa hoàn thành hóa đơn").province == TN
    assert understand("xa tan thanh chua hoan thanh hoa don").province == TN


def test_a_spelling_of_the_other_province_one_accent_away_from_an_own_name_is_asked_about(
    understand: Understand,
) -> None:
    resolution = understand("xã Định Hòa")
    assert resolution.kind is Kind.AMBIGUOUS
    assert [(commune.full_name, commune.province) for commune in resolution.choices] == [
        ("xã Định Hóa", TN),
        ("xã Định Hòa", TH),
    ]
    without_accents = understand("xa dinh hoa")
    assert meant(without_accents) == (Kind.CURRENT, "xã Định Hóa")
    assert [commune.full_name for commune in without_accents.also_in] == ["xã Định Hòa"]


def test_two_communes_of_thanh_hoa_share_a_name_without_accents(understand: Understand) -> None:
    assert set(named(understand("dong tien", TH))) == {"xã Đồng Tiến", "phường Đông Tiến"}
    assert meant(understand("xa dong tien", TH)) == (Kind.CURRENT, "xã Đồng Tiến")
    assert meant(understand("p. dong tien", TH)) == (Kind.CURRENT, "phường Đông Tiến")


def test_a_province_without_a_file_is_a_key_error(communes: CommuneDirectory) -> None:
    with pytest.raises(KeyError):
        communes.communes("ha-noi")
    with pytest.raises(KeyError):
        communes.resolve("Tân Cương", "xã Tân Cương", "ha-noi")


# Payloads, tables, names to quote back


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


@pytest.mark.parametrize(
    ("text", "province"),
    [
        ("xã Hải Hậu tỉnh Nam Định", "Nam Định (nay thuộc Ninh Bình)"),
        ("xa hai hau tinh nam dinh", "Nam Định (nay thuộc Ninh Bình)"),
        ("xã Hải Hậu, huyện Hải Hậu, tỉnh Nam Định", "Nam Định (nay thuộc Ninh Bình)"),
        ("xã Tân Thành tỉnh Cà Mau", "Cà Mau"),
        ("tỉnh Cà Mau, xã Tân Thành", "Cà Mau"),
        ("xã Yên Lạc tỉnh Vĩnh Phúc ai hỗ trợ", "Vĩnh Phúc (nay thuộc Phú Thọ)"),
        ("xã Phú Xuyên, Hà Nội", "Hà Nội"),
        ("xã Phú Xuyên Hà Nội ai hỗ trợ", "Hà Nội"),
        ("xã Sa Pa, Lào Cai", "Lào Cai"),
        ("ở Hà Nội ai hỗ trợ", "Hà Nội"),
        ("Hà Nội", "Hà Nội"),
        ("tphcm ai ho tro", "Thành phố Hồ Chí Minh"),
        ("bên nào hỗ trợ ở tỉnh Hòa Bình", "Hòa Bình (nay thuộc Phú Thọ)"),
    ],
)
def test_a_place_in_a_province_without_a_pack_is_nobodys_here(understand: Understand, text: str, province: str) -> None:
    resolution = understand(text)
    assert (resolution.kind, resolution.outside) == (Kind.PROVINCE_WITHOUT_PACK, province)
    assert resolution.communes == ()


@pytest.mark.parametrize(
    ("text", "commune"),
    [
        ("nhà tôi ở xã Tân Cương, hàng lấy từ Hà Nội", "xã Tân Cương"),
        ("tôi quê Hà Nội, bán hàng ở xã Tân Cương", "xã Tân Cương"),
        ("cửa hàng ở đường Hồ Chí Minh, xã Tân Cương", "xã Tân Cương"),
        ("xã Ngân Sơn tỉnh Bắc Kạn", "xã Ngân Sơn"),
        ("xã Hòa Bình", "xã Văn Lăng"),
        ("Bình Thuận", "xã Đại Từ"),
    ],
)
def test_a_province_said_besides_does_not_move_the_shop(understand: Understand, text: str, commune: str) -> None:
    resolution = understand(text)
    assert resolution.commune is not None
    assert resolution.commune.full_name == commune


def test_a_name_that_the_named_province_does_not_have_is_not_corrected_to_one_of_ours(understand: Understand) -> None:
    assert meant(understand("xã Hải Hậu tỉnh Thanh Hóa")) == (Kind.UNKNOWN, None)


@pytest.mark.parametrize("text", ["đồng hỉ", "đồng hỉ ai hỗ trợ", "dong hi ai ho tro", "đồng hỷ"])
def test_i_and_y_are_one_letter_in_a_name(understand: Understand, text: str) -> None:
    assert meant(understand(text)) == (Kind.SAME_AS_DISTRICT, "xã Đồng Hỷ")


def test_i_for_y_is_understood_behind_another_name(understand: Understand) -> None:
    assert meant(understand("vo nhai/ lam vi")) == (Kind.CURRENT, "xã Lam Vỹ")
