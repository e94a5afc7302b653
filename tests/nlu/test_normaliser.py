from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu import rasa_runtime  # noqa: F401 - before any import of rasa

from nlu.components.augmentation import Augmentation
from nlu.components.normaliser import (
    PLACE_WORD,
    Normaliser,
    accented_words,
    with_ai_written_out,
    without_places,
    without_unknown_place,
)

ROWS = [
    {"forms": ["ko", "khum"], "means": "không", "risk": "low"},
    {"forms": ["dc"], "means": "được", "risk": "high"},
    {"forms": ["v"], "means": "vậy", "risk": "high"},
    {"forms": ["bít chấm vê en"], "means": "biz.vn", "risk": "low"},
]
normalise = Normaliser.from_lexicon(ROWS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Không được", "khong duoc"),
        ("KO dc", "khong duoc"),
        ("vângggg ạ", "vang a"),
        ("tên miền .biz.vn là gì", "ten mien bizvn la gi"),
        ("biz vn", "bizvn"),
        ("biz chấm vn", "bizvn"),
        ("bít chấm vê en", "bizvn"),
        ("năm 2026", "nam 2026"),
        ("năm 2200", "nam 2200"),
        ("a,b;c!", "a b c"),
        ("", ""),
    ],
)
def test_spellings_of_one_thing_become_one(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_a_risky_form_is_left_alone_where_the_writer_uses_accents() -> None:
    assert normalise("vitamin v dạng viên") == "vitamin v dang vien"
    assert normalise("ko phải v dạng viên") == "khong phai vay dang vien"


def test_a_place_becomes_one_word_whatever_its_name() -> None:
    text = "ai hỗ trợ xã Tân Cương vậy"
    entities = [{"entity": "commune", "start": 10, "end": 22}]
    assert normalise(without_places(text, entities)) == f"ai ho tro {PLACE_WORD} vay"


def test_accents_are_kept_for_the_words_they_tell_apart() -> None:
    assert accented_words("Mã số, má ơi!") == "mã số má ơi"


@given(st.text())
def test_normalising_never_fails_and_is_stable_in_shape(text: str) -> None:
    said = normalise(text)
    assert said == " ".join(said.split())


@given(st.text(alphabet="abcdeghiklmnopqrstuvxy ", max_size=40))
def test_a_misspelling_changes_at_most_one_word(text: str) -> None:
    text = " ".join(text.split())
    misspelt = Augmentation(1, 7).misspell(text)
    assert len(misspelt.split()) == len(text.split())
    assert sum(a != b for a, b in zip(text.split(), misspelt.split(), strict=True)) <= 1


@pytest.mark.parametrize("text", ["xã Sa Pa", "xã Hải Hà.", "dạ phường Sao Biển ạ"])
def test_a_message_that_is_only_a_unit_and_an_unknown_name_is_a_place(text: str) -> None:
    assert PLACE_WORD in without_unknown_place(text).split()


@pytest.mark.parametrize(
    "text", ["xã nào", "Xã Nào", "Phường Em Ở", "xã Sa Pa ai hỗ trợ", "XÃ MÌNH BÁN HÀNG", "xã bán hàng"]
)
def test_other_messages_that_begin_with_a_unit_stay(text: str) -> None:
    assert without_unknown_place(text) == text


def test_a_machine_is_told_from_a_person_by_its_capitals() -> None:
    assert with_ai_written_out("AI giúp gì cho cửa hàng") == "trí tuệ nhân tạo giúp gì cho cửa hàng"
    for text in ("ai giúp tôi", "Ai phụ trách xã", "AI PHỤ TRÁCH XÃ TÔI"):
        assert with_ai_written_out(text) == text
