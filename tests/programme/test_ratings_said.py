"""Thanks that wait for nothing, and how satisfied owners say they are."""

from __future__ import annotations

import pytest

from programme.ratings_said import score_in_words
from programme.thanks_said import only_thanks


@pytest.mark.parametrize(
    "text", ["cảm ơn em", "Cám ơn em nhiều ạ!", "cam on ad", "thanks", "Thank you very much", "🙏"]
)
def test_thanks_wait_for_nothing(text: str) -> None:
    assert only_thanks(text)


@pytest.mark.parametrize(
    "text",
    ["ok", "vâng", "cam", "cảm ơn em, mai mấy giờ", "cảm ơn?", "", "cảm ơn nhưng vẫn chưa được", "🐔", "chào em"],
)
def test_what_may_ask_or_answer_something_is_more_than_thanks(text: str) -> None:
    assert not only_thanks(text)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("hài lòng", "satisfied"),
        ("Rất hài lòng em ạ", "satisfied"),
        ("tốt lắm cảm ơn em", "satisfied"),
        ("👍", "satisfied"),
        ("bình thường", "neutral"),
        ("tạm được", "neutral"),
        ("chưa hài lòng", "unsatisfied"),
        ("ko hai long lam", "unsatisfied"),
        ("quá tệ", "unsatisfied"),
        ("not satisfied", "unsatisfied"),
        ("tốt, thế còn thuế thì nộp ở đâu", None),
        ("ok", None),
        ("không", None),
        ("bán hàng có tốt không", None),
    ],
)
def test_a_score_is_read_from_words_that_say_nothing_else(text: str, score: str | None) -> None:
    assert score_in_words(text) == score
