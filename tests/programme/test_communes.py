"""What a place name means: the rules between today's communes, old units, old districts and two provinces."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest

from programme.communes import CommuneDirectory, Kind
from programme.place_names import fold
from tests.programme.conftest import Understand
from tests.programme.places import FILES, NAMES, TH, TN, meant, named

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
