"""Every kind of event is understood in each of its shapes; a broken one is kept for a person and never an exception."""

from __future__ import annotations

import json
import unicodedata
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.zalo.events import read_id
from integrations.zalo.fields import Unfit
from store.events import ContactShared, Echo, Event, NumberReached, Reachability, Receipt, Unread
from store.messages import Attachment, InboundMessage, Kind
from tests.integrations.zalo.account import (
    APP_SECRET,
    FIXTURES,
    OA_ID,
    SENT_AT,
    TIMESTAMP,
    USER,
    changed,
    fixture,
    read,
    signed,
)

NOW = SENT_AT + timedelta(seconds=2)
PHOTOS = "https://f1.photo.example.vn/2026/11"
PLACE = (21.5942, 105.8482)
NAME, PHONE = "Nguyễn Thị Minh Anh", "84900000001"


def msg_id(number: int) -> str:
    return f"a1b2c3d4e5f60{number:03d}"


def message(number: int, what: str, text: str = "", *attachments: Attachment) -> InboundMessage:
    id_ = f"user_send_{what}:{msg_id(number)}"
    return InboundMessage("zalo", USER, id_, NOW, text, attachments=attachments)


def echo(number: int, text: str = "") -> Echo:
    return Echo(USER, msg_id(number), text, SENT_AT)


# One per file; the kept ones are named by their event alone.
EXPECTED: dict[str, Event | str] = {
    "user_send_text": message(1, "text", "Xin chào, tôi hỏi thủ tục khai sinh"),
    "user_send_text.quote": message(2, "text", "Dạ đúng rồi ạ"),
    "user_send_text.button": message(3, "text", "/survey_start"),
    "user_send_image": message(4, "image", "Biển hiệu cửa hàng em đây", Attachment(Kind.IMAGE, f"{PHOTOS}/a.jpg")),
    "user_send_gif": message(5, "gif"),
    "user_send_audio": message(6, "audio", "", Attachment(Kind.VOICE, f"{PHOTOS}/c.m4a", seconds=7)),
    "user_send_video": message(7, "video", "", Attachment(Kind.VIDEO, f"{PHOTOS}/d.mp4", seconds=12)),
    "user_send_link": message(8, "link", "Kinh nghiệm bán hàng\nhttps://vi-du.example.vn/bai-viet"),
    "user_send_sticker": message(9, "sticker"),
    "user_send_file": message(
        10, "file", "", Attachment(Kind.FILE, f"{PHOTOS}/giay-phep.pdf", name="Giấy phép.pdf", size=48213)
    ),
    "user_send_location": message(11, "location", "", Attachment(Kind.LOCATION, place=PLACE)),
    "user_send_location.direct": message(12, "location", "", Attachment(Kind.LOCATION, place=PLACE)),
    "user_send_business_card": message(
        13, "business_card", "", Attachment(Kind.CONTACT_CARD, name=f"Cửa hàng Minh Anh, {PHONE}")
    ),
    "user_received_message": Receipt(USER, (msg_id(20),), False, SENT_AT),
    "user_seen_message": Receipt(USER, (msg_id(20), msg_id(22)), True, SENT_AT),
    "user_seen_message.single": Receipt(USER, (msg_id(20),), True, SENT_AT),
    "oa_send_text": echo(30, "Dạ em nghe ạ"),
    "oa_send_image": echo(31, "Dạ em nghe ạ"),
    "oa_send_gif": echo(32),
    "oa_send_file": echo(33),
    "oa_send_sticker": echo(34),
    "oa_send_list": echo(35, "Dạ em nghe ạ"),
    "oa_send_template": echo(36, "Dạ em nghe ạ"),
    "oa_send_action": echo(37, "Dạ em nghe ạ"),
    "oa_send_text.person": echo(40, "Em là cán bộ hỗ trợ, em trả lời bác nhé"),
    **{
        name: name
        for name in (
            "user_reacted_message oa_reacted_message oa_send_text_anonymous oa_send_group_text user_send_group_text"
            " anonymous_send_text anonymous_send_image anonymous_send_file anonymous_send_sticker"
            " add_user_to_tag remove_user_from_tag create_tag delete_tag create_group user_join_group"
            " shop_has_order change_template_status change_oa_daily_quota"
        ).split()
    },
}
ZNS = {"user_received_message.zns"}
WITHOUT_MESSAGE = {"follow", "unfollow", "user_submit_info", "user_submit_info.older"}
NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))


def headers(name: str) -> dict[str, str]:
    return {"x-zevent-server": "ZNS"} if name.endswith(".zns") else {}


def test_every_fixture_is_expected_to_be_something():
    assert set(NAMES) == set(EXPECTED) | WITHOUT_MESSAGE | ZNS


@pytest.mark.parametrize("name", EXPECTED)
def test_each_event_is_understood(name):
    event, expected = read(fixture(name), NOW, headers(name)), EXPECTED[name]
    if isinstance(expected, str):
        assert isinstance(event, Unread)
        assert (event.name, event.reason, event.body) == (expected, "", fixture(name).decode())
    else:
        assert event == expected


@pytest.mark.parametrize(("name", "follows"), [("follow", True), ("unfollow", False)])
def test_following_opens_the_window_and_its_end_says_nothing_of_reaching_them(name, follows):
    event = read(fixture(name), NOW)
    assert event == Reachability(USER, follows or None, SENT_AT, event.event_id, opens_window=follows)


def test_a_template_that_reached_a_number_is_told_without_the_number():
    name = "user_received_message.zns"
    event = read(fixture(name), NOW, headers(name))
    assert event == NumberReached(event.event_id, "user_received_message", msg_id(21), "nhac-2026-000123")
    flat = changed(name, message=None, recipient="84900000001", msg_id="m-1", tracking_id=None)
    assert (read(flat, NOW, headers(name)).message_id, read(flat, NOW, headers(name)).tracking_id) == ("m-1", None)
    assert "84900000001" not in f"{event} {read(flat, NOW, headers(name))}"


@pytest.mark.parametrize("message", [{}, {"msg_id": ""}, {"msg_id": [1]}, {"tracking_id": "a" * 65}])
def test_one_that_names_no_message_waits_for_a_person(message):
    name = "user_received_message.zns"
    event = read(changed(name, message=message), NOW, headers(name))
    assert isinstance(event, Unread) and event.reason


@pytest.mark.parametrize("name", ["user_submit_info", "user_submit_info.older"])
def test_name_and_phone_are_read_from_both_forms(name):
    event = read(fixture(name), NOW)
    assert event == ContactShared(USER, event.event_id, SENT_AT, NAME, PHONE)


@pytest.mark.parametrize("name", sorted(WITHOUT_MESSAGE))
def test_without_a_message_id_a_repetition_is_known_by_its_body(name):
    first, again = read(fixture(name), NOW), read(fixture(name), NOW + timedelta(hours=3))
    other = read(changed(name, user_id_by_app="1"), NOW)
    assert first.event_id == again.event_id != other.event_id
    assert len(first.event_id) <= 140


def test_a_message_without_id_is_known_by_its_body():
    body = changed("user_send_text", message={"text": "chào em"})
    assert read(body).provider_message_id == read(body).provider_message_id
    assert read(body).provider_message_id.startswith("user_send_text:")


def test_two_events_about_one_message_id_are_two():
    text = read(changed("user_send_text", message={"msg_id": "m1", "text": "a"}))
    sticker = read(changed("user_send_sticker", message={"msg_id": "m1"}))
    assert text.provider_message_id != sticker.provider_message_id


def test_an_unknown_event_is_kept_without_alarm():
    event = read(changed("user_send_text", event_name="user_click_chatnow\x00" + "x" * 100))
    assert event.reason == ""
    assert event.name == "user_click_chatnow" + "x" * 42


def test_a_link_with_words_is_what_was_written():
    body = json.loads(fixture("user_send_link"))["message"] | {"text": "Xem giúp em"}
    assert read(changed("user_send_link", message=body)).text == "Xem giúp em"


def test_words_arrive_composed_and_without_what_a_database_refuses():
    words = unicodedata.normalize("NFD", "Đồng Hỷ") + "\x00\u202e"
    assert read(changed("user_send_text", message={"msg_id": "m1", "text": words})).text == "Đồng Hỷ"


def test_half_a_pair_of_surrogates_loses_no_message():
    body = changed("user_send_text").replace(b'"text": "Xin', b'"text": "\\ud83d Xin')
    assert b"ud83d" in body
    assert read(body).text.startswith("Xin")


def test_ids_beyond_53_bits_stay_whole_as_numbers_too():
    assert read(changed("user_send_text", sender={"id": 9223372036854775807})).address == "9223372036854775807"


@pytest.mark.parametrize("id_", [None, "", " ", "1" * 65, 10**30, 1.5, True, [], {"id": "1"}, "1\x00", "a b", "người"])
def test_what_is_no_id_is_refused(id_):
    with pytest.raises(Unfit):
        read_id(id_, "sender")


def test_the_receipt_of_either_side_names_the_owner():
    swapped = changed("user_seen_message", sender={"id": USER}, recipient={"id": OA_ID})
    assert read(swapped).address == USER


def test_a_flat_receipt_is_read():
    body = changed("user_received_message", message=None, sender=OA_ID, recipient=USER, msg_id="m7")
    assert read(body) == Receipt(USER, ("m7",), False, SENT_AT)


def test_with_the_apps_secret_another_oas_message_is_left_to_a_person():
    body = changed("user_send_text", recipient={"id": "111"})
    assert isinstance(read(body), InboundMessage)
    event = read(body, headers=signed(body, APP_SECRET), zalo_signing_secret="app")
    assert event.reason == "other_oa"


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("user_send_text", {"event_name": 7}, "event_name"),
        ("user_send_text", {"event_name": None}, "event_name"),
        ("user_send_text", {"sender": None}, "sender.id"),
        ("user_send_text", {"message": None}, "message"),
        ("user_send_text", {"message": "text"}, "message"),
        ("user_send_text", {"message": {"msg_id": "m1"}}, "text"),
        ("user_send_text", {"message": {"msg_id": ["m1"], "text": "a"}}, "message.id"),
        ("user_send_text", {"message": {"msg_id": "m" * 65, "text": "a"}}, "message.id"),
        ("user_send_image", {"message": {"msg_id": "m1"}}, "message.attachments"),
        ("user_send_image", {"message": {"msg_id": "m1", "attachments": []}}, "message.attachments"),
        ("user_send_image", {"message": {"msg_id": "m1", "attachments": [1]}}, "message.attachments"),
        ("user_send_image", {"message": {"msg_id": "m1", "attachments": [{}] * 21}}, "message.attachments"),
        ("user_send_image", {"message": {"msg_id": "m1", "attachments": [{"payload": {}}]}}, "url"),
        ("user_send_image", {"message": {"msg_id": "m1", "attachments": [{"payload": {"url": " "}}]}}, "payload.url"),
        ("user_send_location", {"message": {"msg_id": "m1", "location": {"latitude": 1}}}, "longitude"),
        (
            "user_send_location",
            {"message": {"msg_id": "m1", "location": {"latitude": "91", "longitude": 0}}},
            "latitude",
        ),
        ("user_seen_message", {"message": {"msg_ids": []}}, "message.msg_ids"),
        ("user_seen_message", {"message": {"msg_ids": ["1"] * 1001}}, "message.msg_ids"),
        ("user_received_message", {"message": {}}, "message.id"),
        ("user_submit_info", {"info": None}, "info"),
        ("user_submit_info", {"info": {"phone": 1.5}}, "info"),
        ("user_submit_info", {"info": {"name": "x" * 201}}, "info.length"),
        ("follow", {"follower": {}}, "follower.id"),
        ("oa_send_text", {"recipient": []}, "recipient.id"),
    ],
)
def test_a_broken_event_says_what_is_wrong_with_it(name, changes, reason):
    event = read(changed(name, **changes))
    assert isinstance(event, Unread)
    assert event.reason == reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("x" * 5000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all fields below the top, and of the top's own."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, one in inner for place in [(*path, key), *places(one, (*path, key))]]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A fixture with one to three fields replaced by anything, left out or put twice as deep."""
    data = json.loads(fixture(draw(st.sampled_from(NAMES))))
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from([p for p in places(data) if p not in (("app_id",), ("timestamp",))]))
        holder = data
        for key in path:
            holder = holder[key]
        match draw(st.sampled_from(["replace", "remove", "deepen"])):
            case "replace":
                holder[last] = draw(JSON)
            case "remove":
                del holder[last]
            case "deepen":
                deep = holder[last]
                for _ in range(300):
                    deep = [deep]
                holder[last] = {"id": deep}
    return json.dumps(data).encode()


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_a_signed_event_with_anything_in_it_is_an_event_that_can_be_stored(body):
    event = read(body)
    assert isinstance(event, Event)
    kept = {**vars(event), "body": "", "now": ""}
    assert "\x00" not in json.dumps(kept, default=str)
    assert "\\u0000" not in json.dumps(kept, default=str)
    for key, longest in {
        "address": 64,
        "provider_message_id": 100,
        "event_id": 140,
        "name": 200,
        "reason": 200,
    }.items():
        assert len(kept.get(key) or "") <= longest
    json.dumps(kept, default=str).encode()


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(max_size=12), JSON, max_size=5), st.sampled_from(NAMES))
def test_a_signed_event_of_any_fields_is_an_event(fields, name):
    body = changed(name, **{**fields, "timestamp": TIMESTAMP, "app_id": json.loads(fixture(name))["app_id"]})
    assert isinstance(read(body), Event)
