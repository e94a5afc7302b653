from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reading import Payload, PayloadInvalid, parse_payload, read

OFFERED = [
    {"title": "Xã Văn Lang", "payload": '/inform_commune{"commune":"02143"}'},
    {"title": "Xã Văn Lăng", "payload": '/inform_commune{"commune":"05668"}'},
    {"title": "Gặp cán bộ", "payload": "/request_person"},
]
FIRST = Payload("inform_commune", (("commune", "02143"),))
PERSON = Payload("request_person")


@pytest.mark.parametrize("text", ["1", "1.", "số 1", "câu 1 ạ", "một", "Mot", "chọn 1 nhé", "dạ 1"])
def test_a_number_chooses_the_button_at_that_place(text: str) -> None:
    assert read(text, None, OFFERED) == FIRST


@pytest.mark.parametrize("text", ["Gặp cán bộ", "gap can bo", "GẶP CÁN BỘ!", "3"])
def test_a_title_chooses_its_button_with_or_without_accents(text: str) -> None:
    assert read(text, None, OFFERED) == PERSON


@pytest.mark.parametrize("text", ["4", "0", "12", "1 2", "có", "bán 3 loại hàng", "2 người nữa"])
def test_what_names_no_single_button_goes_to_the_model(text: str) -> None:
    assert read(text, None, OFFERED) is None


@pytest.mark.parametrize("text", ["có", "co a", "ừ", "dạ", "vâng ạ", "được", "ok em", "đồng ý"])
def test_a_yes_takes_the_only_thing_that_was_offered(text: str) -> None:
    assert read(text, None, OFFERED[2:]) == PERSON


@pytest.mark.parametrize("text", ["không", "em ơi", "ạ", "có phải đóng thuế không"])
def test_what_is_no_yes_takes_nothing(text: str) -> None:
    assert read(text, None, OFFERED[2:]) is None


def test_numbers_mean_nothing_when_nothing_was_offered() -> None:
    assert read("1", None, None) is None


def test_a_payload_is_an_intent_with_plain_entities() -> None:
    assert parse_payload('/inform_commune{"commune":"02143"}') == FIRST
    assert FIRST.as_json() == {"intent": "inform_commune", "entities": [{"entity": "commune", "value": "02143"}]}


@pytest.mark.parametrize(
    "payload",
    [
        '/a{"b":99999999999999999999}',
        '/a{"b":"\\ud800"}',
        '/a{"b":"\\u0000"}',
        "",
        "greet",
        "/",
        "/Greet",
        "/greet{",
        "/greet{]}",
        '/a{"b":{"c":1}}',
        '/a{"b":null}',
        "/" + "a" * 1001,
    ],
)
def test_what_is_no_payload_is_refused(payload: str) -> None:
    with pytest.raises(PayloadInvalid):
        parse_payload(payload)


@given(st.text())
def test_no_text_at_all_breaks_the_reading(text: str) -> None:
    read(text, None, OFFERED)
