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


@pytest.mark.parametrize("text", ["có", "bán 3 loại hàng", "2 người nữa"])
def test_what_names_no_single_button_goes_to_the_model(text: str) -> None:
    assert read(text, None, OFFERED) is None


@pytest.mark.parametrize("text", ["có", "co a", "ừ", "dạ", "vâng ạ", "được", "ok em", "đồng ý"])
def test_a_yes_takes_the_only_thing_that_was_offered(text: str) -> None:
    assert read(text, None, [OFFERED[2] | {"asked": "yes"}]) == PERSON


@pytest.mark.parametrize("text", ["không", "em ơi", "ạ", "có phải đóng thuế không"])
def test_what_is_no_yes_takes_nothing(text: str) -> None:
    assert read(text, None, OFFERED[2:]) is None


@pytest.mark.parametrize("text", ["4", "0", "12", "1 2"])
def test_a_number_that_names_no_button_is_asked_about(text: str) -> None:
    assert read(text, None, OFFERED) == Payload("event_number_alone")


def test_a_number_is_an_answer_where_a_flow_asks_for_one() -> None:
    assert read("20", None, None, is_asked=True) is None
    assert read("20", None, None) == Payload("event_number_alone")


def test_a_telephone_number_alone_is_kept() -> None:
    assert read("0912 345 678", None, None) == Payload("event_phone_alone")


@pytest.mark.parametrize("text", ["stop", "STOP!", "TC", "từ chối", "tu choi"])
def test_the_words_of_the_law_stop_everything(text: str) -> None:
    assert read(text, None, OFFERED) == Payload("opt_out")


def test_a_letter_alone_chooses_and_a_polite_word_does_not() -> None:
    assert read("a)", None, OFFERED) == FIRST
    assert read("ạ", None, OFFERED) is None


ASKED = {"asked": "yes"}
KEEP = [
    {"title": "Đồng ý lưu", "payload": '/keep_domain_status{"s":"biz.vn none - -"}'} | ASKED,
    {"title": "Không lưu", "payload": "/do_not_keep_domain_status"} | ASKED,
]
GUESS = [
    {"title": "Chương trình là gì", "payload": "/ask_programme_about"} | ASKED,
    {"title": "Không phải", "payload": "/none_of_these"} | ASKED,
    {"title": "Gặp cán bộ", "payload": "/request_person"} | ASKED,
]
PERSON_BUTTON = {"title": "Gặp cán bộ", "payload": "/request_person"}
WRONG = {"title": "Chưa đúng ý", "payload": '/answer_wrong{"entry":"ask_tax_amount"}'}
ASIDE = [PERSON_BUTTON | ASKED, WRONG | ASKED]


@pytest.mark.parametrize(
    ("text", "offered", "intent"),
    [
        ("đúng rồi", GUESS, "ask_programme_about"),
        ("uh", GUESS, "ask_programme_about"),
        ("k phải", GUESS, "none_of_these"),
        ("có", KEEP, "keep_domain_status"),
        ("ừ lưu đi em", KEEP, "keep_domain_status"),
        ("ok em chuyển đi", ASIDE, "request_person"),
        ("nhờ em hỏi giúp với", ASIDE, "request_person"),
        ("không đúng", ASIDE, "answer_wrong"),
        ("k phải", [PERSON_BUTTON, WRONG], "answer_wrong"),
        ("thôi", KEEP, "do_not_keep_domain_status"),
        ("có", ASIDE, "request_person"),
        ("từ chối", KEEP, "do_not_keep_domain_status"),
        ("từ chối", ASIDE, "opt_out"),
    ],
)
def test_yes_and_no_take_the_button_that_says_so(text: str, offered: list[dict[str, str]], intent: str) -> None:
    payload = read(text, None, offered)
    assert payload is not None
    assert payload.intent == intent


def test_a_number_is_an_answer_where_only_a_way_out_is_offered() -> None:
    leave = {"title": "Dừng lại", "payload": "/leave_domain_check"}
    assert read("1", None, [leave], is_asked=True) is None
    assert read("dừng lại", None, [leave], is_asked=True) == Payload("leave_domain_check")


@pytest.mark.parametrize("text", ["dạ vâng", "ok", "ok để chị xem", "có bán rau"])
def test_yes_presses_nothing_when_nobody_asked(text: str) -> None:
    related = {"title": "Giảm thuế GTGT", "payload": "/ask_tax_vat_cut"}
    assert read(text, None, [PERSON_BUTTON, WRONG]) is None
    assert read(text, None, [related, WRONG]) is None


@pytest.mark.parametrize("text", ["có giấy rồi", "ok để chị xem đã", "dạ thuế bao nhiêu"])
def test_a_yes_with_other_words_is_no_yes(text: str) -> None:
    assert read(text, None, KEEP) is None


@pytest.mark.parametrize(
    ("text", "intent"), [("👍", "thank"), ("🙏🙏", "thank"), ("?!", "event_message_without_words")]
)
def test_a_pleased_face_is_thanks(text: str, intent: str) -> None:
    assert read(text, None, None) == Payload(intent)


def test_a_no_does_not_mark_an_answer_as_wrong() -> None:
    assert read("không", None, ASIDE) is None


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


@pytest.mark.parametrize("text", ["huỷ", "Hủy ạ", "HUY", "huyr", "tuchoi", "tu chio", "từ chồi nhận tin", "sotp"])
def test_a_refusal_alone_stops_messages_where_nothing_is_asked(text: str) -> None:
    assert read(text, None, None) == Payload("opt_out")
    assert read(text, None, None, is_asked=True) is None
    asked = [{"title": "Có", "payload": "/yes", "asked": "1"}]
    assert read(text, None, asked) is None


@pytest.mark.parametrize("text", ["hủy hợp đồng", "shop", "tuổi", "chối"])
def test_words_like_a_refusal_stop_nothing(text: str) -> None:
    assert read(text, None, None) is None
