"""What counts as a code, and as the wish to join channels or to part them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.secrets import mask
from programme.content import Content
from programme.links_said import link_code_said, wants_channels_apart, wants_link_code

CODES = """LK482913|lk482913|LK 482 913|lk 482-913|Lk: 482913|L K 482.913|mã của tôi là lk 482 913 ạ|LK482913.
|dạ LK 482913|mã nối kênh LK482913 đây em|ＬＫ４８２９１３|mã xác nhận là LK 482 913|my code is LK482913""".replace(
    "\n", ""
).split("|")


@pytest.mark.parametrize("text", CODES)
def test_a_code_is_read_however_it_is_typed_and_is_no_secret_to_be_masked(text: str) -> None:
    assert mask(text) == (text, ())
    assert link_code_said(text) == "482913"


def test_the_bots_own_words_with_the_code_may_be_copied_whole(content: Content) -> None:
    for language in ("vi", "en"):
        shown = content.phrases.say("link_code", language, code="LK482913", minutes=10)
        assert mask(shown) == (shown, ())
        assert link_code_said(shown) == "482913"


@pytest.mark.parametrize(
    "text", ["482913", "mã otp 482913", "alk482913", "gói LK4829137", "LK 482 913 5 hộp", "LK", ""]
)
def test_other_numbers_are_no_code(text: str) -> None:
    assert link_code_said(text) is None


def test_a_code_with_a_digit_missing_is_answered_as_one() -> None:
    assert link_code_said("LK48291") == "48291"
    assert link_code_said("lk 4829134") == "4829134"


def test_a_real_otp_beside_a_code_is_masked_all_the_same() -> None:
    assert mask("LK482913, mã otp 771204") == ("LK482913, mã otp [đã che: mã OTP]", ("otp",))
    assert mask("mật khẩu wifi là LK482913")[1] == ("password",)


@given(st.text(max_size=500))
def test_any_text_can_be_read(text: str) -> None:
    code = link_code_said(text)
    assert code is None or code.isdecimal()
    wants_link_code(text)
    wants_channels_apart(text)


@given(st.from_regex(r"[0-9]{6}", fullmatch=True), st.sampled_from(["", " ", ": ", "-"]), st.booleans())
def test_every_code_survives_grouping(code: str, gap: str, grouped: bool) -> None:
    typed = f"{code[:3]} {code[3:]}" if grouped else code
    assert link_code_said(f"mã lk{gap}{typed} ạ") == code


WISHES = """liên kết kênh|tiếp tục trên Zalo|tiep tuc tren telegram|làm tiếp ở khung chat
|tôi muốn tiếp tục trên khung chat
|nối với Zalo|nối zalo|kết nối telegram giúp tôi với|liên kết với zalo được không|chuyển sang Zalo làm tiếp
|em ơi cho chị nối zalo với telegram|làm khảo sát trên web|làm sao liên kết kênh|link channels|continue on telegram
|connect my zalo""".replace("\n", "").split("|")
APART = """hủy liên kết|huy lien ket|bỏ liên kết zalo|ngắt kết nối với telegram|tách kênh ra giúp tôi|unlink
|hủy liên kết kênh""".replace("\n", "").split("|")
NEITHER = """liên kết tài khoản ngân hàng với Zalo|cho xin link zalo|tôi bán trên Zalo|hủy liên kết thì sao
|đừng hủy liên kết|không muốn liên kết|tiếp tục|làm khảo sát|kết nối máy in với web|nối mạng cho quán|bán hàng trên web
|hủy liên kết ngân hàng|cho tôi liên kết web|gửi qua zalo cho tôi|zalo""".replace("\n", "").split("|")


def test_who_wants_to_go_on_elsewhere_is_told_from_who_wants_the_channels_apart() -> None:
    assert [text for text in WISHES if not wants_link_code(text) or wants_channels_apart(text)] == []
    assert [text for text in APART if not wants_channels_apart(text) or wants_link_code(text)] == []
    assert [text for text in NEITHER if wants_channels_apart(text) or wants_link_code(text)] == []
