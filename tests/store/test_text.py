import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from store.text import clean, fold, folded_words


def test_composed_and_decomposed_text_become_the_same() -> None:
    assert clean(unicodedata.normalize("NFD", "Đồng Hỷ")) == "Đồng Hỷ"


def test_control_and_direction_characters_disappear_but_lines_stay() -> None:
    assert clean(" a\x00b\u202ec\r\nd\te \x07") == "abc\nd\te"


def test_a_family_emoji_survives() -> None:
    assert clean("👨‍👩‍👧") == "👨‍👩‍👧"


def test_folding_takes_accents_and_case_away() -> None:
    assert fold("ĐỒNG Hỷ, Điềm Thụy") == "dong hy, diem thuy"
    assert folded_words("Xã Văn-Lăng!") == ["xa", "van", "lang"]


@given(st.text())
@example("a\u200b\u0301")
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert "\x00" not in once


def test_a_mountain_of_combining_marks_costs_no_time() -> None:
    """Composing would sort the marks, in quadratic time: one message could stop the whole process for minutes."""
    assert len(clean("a" + "\u0301\u0327" * 200_000)) < 100
