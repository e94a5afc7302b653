"""Every kind of update becomes the event it is; nothing that is genuine raises, nothing else is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import NotGenuine, NotReadable
from integrations.telegram.provider import TelegramProvider
from integrations.telegram.webhook import SECRET_HEADER, read_body, read_update
from store.events import Event, Reachability, Unread
from store.messages import Attachment, InboundMessage, Kind
from store.text import clean

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
FIXTURES = Path("integrations/telegram/fixtures")
OWNER = "5012345678"


def body_of(fixture: str) -> bytes:
    return (FIXTURES / f"{fixture}.json").read_bytes()


def said(text: str = "", *attachments: Attachment, payload: str | None = None, by: str = "Hoa Nguyễn Thị") -> Any:
    """The message that an owner sent; its id is the fixture's."""
    return InboundMessage("telegram", OWNER, "", NOW, text, payload, by, attachments)


def press(payload: str) -> InboundMessage:
    return InboundMessage("telegram", OWNER, "", NOW, "", payload, "Hoa Nguyễn Thị", acknowledge="21528000000000000001")


def unread(name: str, reason: str = "") -> Unread:
    return Unread("", name, "", reason)


def may_write(reachable: bool) -> Reachability:
    return Reachability(OWNER, reachable, NOW, "", name="Hoa Nguyễn Thị")


LARGE_PHOTO = Attachment(Kind.IMAGE, "AgACAgUAAxkBAAI-large", size=91224)
MARKET = Attachment(Kind.LOCATION, place=(21.5942, 105.8482))
EXPECTED: dict[str, Event] = {
    "text": said("Xã tôi thì công ty nào hỗ trợ ạ?"),
    "text_decomposed": said("Cửa hàng tôi ở Đồng Hỷ"),
    "text_emoji_and_rtl": said("👩\u200d🌾 cảm ơn em 🙏 مرحبا"),
    "text_reply_and_entities": said("xem https://example.vn"),
    "text_without_username": InboundMessage("telegram", "4503599627370495", "", NOW, "alo", sender_name="Bà Tư"),
    "command_start": said("/start", payload="/greet"),
    "command_survey": said("/khaosat", payload="/start_survey"),
    "command_for_this_bot": said("/CanBo@hotline_thu_bot", payload="/request_person"),
    "command_with_words": said("xã Đồng Hỷ"),
    "command_link": said("/lienket", payload="/link_channels"),
    "command_unknown": said("/xoahet"),
    "start_with_link_code": said("LK123456"),
    "start_with_other_parameter": said("/start to_roi_cho_thai", payload="/greet"),
    "photo": said("Hóa đơn này đúng chưa em?", LARGE_PHOTO),
    "photo_of_album": said("", LARGE_PHOTO),
    "voice": said("", Attachment(Kind.VOICE, "AwACAgUAAxkBAAI-voice", None, "audio/ogg", 28311, 7)),
    "audio": said("", Attachment(Kind.VOICE, "CQACAgUAAxkBAAI-audio", "Ghi âm 001.m4a", "audio/mp4", 512000, 63)),
    "video": said(
        "máy báo lỗi thế này", Attachment(Kind.VIDEO, "BAACAgUAAxkBAAI-video", "quay.mp4", "video/mp4", 2400000, 12)
    ),
    "video_note": said("", Attachment(Kind.VIDEO, "DQACAgUAAxkBAAI-round", None, None, 640000, 5)),
    "document": said("", Attachment(Kind.FILE, "BQACAgUAAxkBAAI-document", "Giấy phép.pdf", "application/pdf", 348211)),
    "location": said("", MARKET),
    "venue": said("", MARKET),
    "contact": said("", Attachment(Kind.CONTACT_CARD, name="Bình Trần +84900000000")),
    "sticker": said("👍"),
    "animation": said(),
    "dice": said("🎲"),
    "poll": said(),
    "callback_query": press("/request_person"),
    "callback_query_of_inaccessible_message": press('/answer_survey{"q":"b1","a":"3"}'),
    "callback_query_of_inline_message": unread("callback_query"),
    "callback_query_of_game": unread("callback_query"),
    "callback_query_in_group": unread("callback_query"),
    "my_chat_member_kicked": may_write(False),
    "my_chat_member_member": may_write(True),
    "my_chat_member_thrown_out_of_group": unread("my_chat_member"),
    "notice_pinned": unread("message"),
    "group_text": unread("message"),
    "edited_message": unread("edited_message"),
    "channel_post": unread("channel_post"),
    "kind_of_the_future": unread("shop_visit"),
    "empty_update": unread("unknown"),
    "wrong_text_is_a_number": unread("message", "text"),
    "wrong_chat_id_is_a_text": unread("message", "id"),
    "wrong_message_without_chat": unread("message", "AttributeError"),
    "wrong_message_is_a_list": unread("message", "message is no object"),
    "wrong_photo_without_file_id": unread("message", "TypeError"),
    "wrong_callback_data_too_long": unread("callback_query", "callback data"),
    "wrong_update_id_is_a_text": unread("message", "id"),
}


def without_ids(event: Event) -> dict[str, Any]:
    ids = ("provider_message_id", "event_id", "body")
    return {name: value for name, value in vars(event).items() if name not in ids}


@pytest.mark.parametrize("fixture", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_an_update_of_each_kind_is_read_as_what_it_is(fixture: str) -> None:
    event = read_body(body_of(fixture), NOW)
    expected = EXPECTED[fixture]
    assert type(event) is type(expected) and without_ids(event) == without_ids(expected)
    update = json.loads(body_of(fixture))
    key = event.provider_message_id if isinstance(event, InboundMessage) else event.event_id
    if isinstance(update["update_id"], int):
        assert key == f"update:{update['update_id']}"
    if isinstance(event, Unread):
        assert json.loads(event.body) == update  # as it came, for whoever must look


def test_every_expectation_has_its_fixture() -> None:
    assert EXPECTED.keys() == {path.stem for path in FIXTURES.glob("*.json")}


def test_a_malformed_update_without_an_id_is_still_recognised_when_it_comes_again() -> None:
    first, again = (read_body(body_of("wrong_update_id_is_a_text"), NOW) for _ in range(2))
    assert isinstance(first, Unread) and first == again and first.event_id.startswith("body:")
    assert len(first.event_id) <= 140


def test_update_ids_are_keys_and_may_be_lower_than_the_last() -> None:
    update = json.loads(body_of("text"))
    keys = {read_update(update | {"update_id": id_}, NOW).provider_message_id for id_ in (900, 3, 2**62)}
    assert keys == {"update:900", "update:3", f"update:{2**62}"}


def test_a_kind_that_came_with_an_unknown_sibling_is_read() -> None:
    update = json.loads(body_of("text"))
    assert isinstance(read_update({"new_flag": True, **update}, NOW), InboundMessage)


def test_a_part_we_do_not_need_may_have_any_shape() -> None:
    update = json.loads(body_of("text"))
    update["message"] |= {"reply_to_message": 5, "entities": "none", "new_field": [[]], "via_bot": {}}
    assert isinstance(read_update(update, NOW), InboundMessage)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"text"', b"7", b"{", b"\xff", b"<html>", b"[" * 5000])
def test_what_is_no_update_at_all_is_not_readable(body: bytes) -> None:
    with pytest.raises(NotReadable):
        read_body(body, NOW)


def test_half_of_an_emoji_costs_no_message() -> None:
    body = body_of("text").replace("Xã tôi thì".encode(), b"\\ud83d th\\u00ec")
    event = read_body(body, NOW)
    assert isinstance(event, InboundMessage) and event.text == "thì công ty nào hỗ trợ ạ?"


@pytest.mark.parametrize("file_id", ["\\ud83d", "a\\u0000"])
def test_a_file_id_that_nobody_can_store_leaves_the_update_to_a_person(file_id: str) -> None:
    body = body_of("text").replace(
        b'"text"', f'"document":{{"file_id":"{file_id}","file_unique_id":"u"}},"text"'.encode()
    )
    event = read_body(body, NOW)
    assert isinstance(event, Unread) and event.reason == "file_id" and event.body == body.decode()


@pytest.mark.parametrize("depth", [300, 1020])
def test_an_update_nested_deeper_than_we_can_write_is_kept_as_it_came(depth: int) -> None:
    body = b'{"update_id":7,"shop_visit":' + b"[" * depth + b"]" * depth + b"}"
    event = read_body(body, NOW)
    assert isinstance(event, Unread) and (event.event_id, event.body) == ("update:7", body.decode())
    polled = read_update(orjson.loads(body), NOW)
    assert isinstance(polled, Unread) and polled.event_id == "update:7"


def provider(secret: str | None) -> TelegramProvider:
    return TelegramProvider("8100000001:token-of-the-tests", "http://127.0.0.1:1", secret)


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "s3creT"}, {SECRET_HEADER: "s3cret\xe9"}])
def test_a_call_without_our_secret_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(NotGenuine):
        provider("s3cret").read_webhook(headers, body_of("text"), NOW)


def test_a_call_with_our_secret_is_read() -> None:
    (event,) = provider("s3cret").read_webhook({SECRET_HEADER: "s3cret"}, body_of("text"), NOW)
    assert isinstance(event, InboundMessage)


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "None"}])
def test_without_a_secret_of_ours_every_call_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(NotGenuine):
        provider(None).read_webhook(headers, body_of("text"), NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
UPDATES = [json.loads(path.read_bytes()) for path in sorted(FIXTURES.glob("*.json"))]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value that something else could stand in."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A real update in which up to three parts are missing or something else."""
    update: Any = json.loads(json.dumps(draw(st.sampled_from(UPDATES))))
    for _ in range(draw(st.integers(1, 3))):
        if not update:
            break
        *path, last = draw(st.sampled_from(places(update)[1:]))
        holder = update
        for key in path:
            holder = holder[key]
        if draw(st.booleans()):
            holder[last] = draw(JSON)
        else:
            del holder[last]
    return update


@given(mutated())
def test_no_update_raises_and_what_is_read_can_be_stored(update: dict[str, Any]) -> None:
    event = read_body(orjson.dumps(update), NOW)
    if isinstance(event, Unread):
        assert 0 < len(event.event_id) <= 140 and 0 < len(event.name) <= 60 and len(event.reason) <= 200
        assert "\x00" not in event.name + event.body
        return
    assert isinstance(event, InboundMessage | Reachability)
    assert 0 <= int(event.address) < 2**63
    if isinstance(event, InboundMessage):
        assert event.text == clean(event.text) and len(event.provider_message_id) <= 100
        assert event.payload is None or (event.payload == clean(event.payload) and len(event.payload.encode()) <= 64)
        assert event.sender_name is None or len(event.sender_name) <= 128
        for attachment in event.attachments:
            assert attachment.media_type is None or len(attachment.media_type) <= 100
            assert all(n is None or 0 <= n < 2**31 for n in (attachment.size, attachment.seconds))


@given(st.dictionaries(st.sampled_from(["update_id", "message", "callback_query", "my_chat_member", "x"]), JSON))
def test_no_object_raises(update: dict[str, Any]) -> None:
    read_body(orjson.dumps(update), NOW)
