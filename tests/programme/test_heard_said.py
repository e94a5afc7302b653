"""Words that answer whether somebody has heard of the programme."""

from __future__ import annotations

import pytest

from programme.heard_said import heard_in_words


@pytest.mark.parametrize(
    "said",
    [
        "co roi",
        "Có ạ",
        "rồi",
        "dạ rồi em",
        "nghe rồi",
        "biết rồi nhé",
        "có nghe trên tv",
        "uk",
        "yes",
        "I have heard",
        "👍",
    ],
)
def test_who_has_heard_of_it(said: str) -> None:
    assert heard_in_words(said) == "yes"


@pytest.mark.parametrize(
    "said",
    [
        "chưa",
        "chua",
        "dạ chưa ạ",
        "ko biết",
        "k",
        "không",
        "chưa nghe bao giờ",
        "chưa có nghe",
        "lần đầu nghe",
        "chịu",
        "có nghe đâu",
        "tôi biết gì đâu ạ",
        "no",
    ],
)
def test_who_has_not(said: str) -> None:
    assert heard_in_words(said) == "no"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "?",
        "chưa nghe, chương trình gì vậy?",
        "có lớp học nào không",
        "có gì mới không",
        "co khong",
        "từ chối",
        "cho tôi gặp cán bộ",
        "0912345678",
        "dạ",
        "có mất tiền không",
        "tôi không biết chữ",
        "tôi không vào được mạng để nộp thuế",
        "a" * 5000,
    ],
)
def test_what_says_something_else_is_no_answer(said: str) -> None:
    assert heard_in_words(said) is None
