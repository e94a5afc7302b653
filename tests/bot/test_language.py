"""Which language an owner writes: rules first, a guess only for long texts, and sticky."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import detect


@pytest.mark.parametrize(
    "text",
    [
        "Tên miền còn miễn phí không?",
        "hang nay ban sao vay em",
        "shop e ban it co can hd dien tu k",  # more than half are syllables, whatever "shop", "it" and "can" may be
        "cái này free thật không em hay có hidden fee",
        "app loi ko vo dc, goi ai ho tro day ad",
        "ad cho e xin link ks vs",
        "khi mo xa mo lop day cho tieu thuong he, tui muon ghi ten ma no biet gap ai",
    ],
)
def test_vietnamese_is_recognised_with_and_without_accents(text: str) -> None:
    assert detect(text, None) == "vi"
    assert detect(text, "en") == "vi"


def test_two_words_begin_in_vietnamese_but_do_not_end_english() -> None:
    assert detect("xin chao", None) == "vi"
    assert detect("xin chao", "en") == "en"


@pytest.mark.parametrize(
    "text",
    [
        "Who helps my commune?",
        "check my domain eligibility",
        "my domain expires 15/8/2027",
        "I forgot my password",
        "stop sending me messages",
        "delete my data",
        "do i need an invoice for every small sale",
        "thinking to upgrade from ho kinh doanh to a real company, what are the steps",
        "the customer showed a transfer screenshot but no money arrived",
    ],
)
def test_english_is_recognised_with_vietnamese_terms_in_it(text: str) -> None:
    assert detect(text, None) == "en"
    assert detect(text, "vi") == "en"


def test_long_texts_without_everyday_words_are_guessed_always_alike() -> None:
    text = "merchants downtown experience intermittent terminal outages"
    assert {detect(text, None) for _ in range(20)} == {"en"}
    assert detect("terminal outages", None) == "vi"  # too short to be judged


def test_a_vietnamese_name_in_an_english_sentence_is_a_name() -> None:
    assert detect("Who supports Đồng Hỷ commune?", None) == "en"
    assert detect("my password is [đã che: mật khẩu]", "vi") == "en"
    assert detect("team nào phụ trách xã Đại Từ em", "en") == "vi"


@pytest.mark.parametrize(
    "text", ["ok", "2", "VNPT HKD", "👍", "", "0912 345 678", "Phan Dinh Phung", "tax", "thank you", "cam on"]
)
@pytest.mark.parametrize("current", ["vi", "en"])
def test_what_cannot_be_told_keeps_the_language(text: str, current: str) -> None:
    assert detect(text, current) == current


@given(st.text(max_size=200), st.sampled_from([None, "vi", "en"]))
def test_any_text_has_a_language(text: str, current: str | None) -> None:
    assert detect(text, current) in {"vi", "en"}
