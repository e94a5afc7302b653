"""What the simulator takes as a message, from whom, at what price (rules Z8–Z12, Z14)."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import pytest

from integrations.simulation import samples
from integrations.zalo.sim_account import OA_ID

from .simulated import CS, Zalo, zalo

SHOW = {"title": "Có ạ", "type": "oa.query.show", "payload": "/affirm"}


def buttons(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"text": "Chọn", "attachment": {"type": "template", "payload": {"buttons": list(items), **more}}}


def template(**payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": payload}}


def media(**element: Any) -> dict[str, Any]:
    return template(template_type="media", elements=[element])


INFO = {"title": "Tên và số", "subtitle": "Để cán bộ gọi lại", "image_url": "https://example.org/a.png"}

TAKEN = [
    {"text": "a" * 2000},
    {"text": "Vâng", "quote_message_id": "a1b2"},
    buttons(*[SHOW] * 5),
    buttons({**SHOW, "type": "oa.query.hide", "payload": "x" * 1000}),
    buttons({"title": "Trang", "type": "oa.open.url", "payload": {"url": "https://example.org/"}}),
    buttons({"title": "Gọi", "type": "oa.open.phone", "payload": {"phone_code": "84900000001"}}),
    buttons({"title": "Nhắn", "type": "oa.open.sms", "payload": {"phone_code": "84900000001", "content": "x" * 160}}),
    media(media_type="image", url="https://example.org/a.png"),
    template(template_type="request_user_info", elements=[INFO]),
]
REFUSED = [
    ({}, "message.text"),
    ({"text": ""}, "message.text"),
    ({"text": 5}, "message.text"),
    ({"text": "a" * 2001}, "message.text"),
    ({"text": "a", "react_message_id": "x"}, "message.react_message_id"),
    (buttons(), "buttons"),
    (buttons(*[SHOW] * 6), "buttons"),
    (buttons({**SHOW, "title": "x" * 101}), "buttons.title"),
    (buttons({**SHOW, "title": ""}), "buttons.title"),
    (buttons({**SHOW, "type": "postback"}), "buttons.type"),
    (buttons({**SHOW, "payload": {"text": "x"}}), "buttons.payload"),
    (buttons({**SHOW, "payload": "x" * 1001}), "buttons.payload"),
    (buttons({"title": "x", "type": "oa.open.url", "payload": "https://example.org/"}), "buttons.payload"),
    (buttons({"title": "x", "type": "oa.open.url", "payload": {"url": "javascript:1"}}), "buttons.payload.url"),
    (buttons({"title": "x", "type": "oa.open.phone", "payload": {"phone": "84"}}), "buttons.payload.phone"),
    (
        buttons({"title": "x", "type": "oa.open.sms", "payload": {"phone_code": "841", "content": "x" * 161}}),
        "buttons.payload.content",
    ),
    (template(buttons=[SHOW]), "message.text"),
    (media(media_type="image"), "elements.attachment_id"),
    (media(media_type="gif", attachment_id="x"), "elements.width"),
    (media(media_type="film", url="https://example.org/a"), "elements.media_type"),
    (template(template_type="media", elements=[]), "elements"),
    (template(template_type="request_user_info", elements=[{**INFO, "title": "x" * 101}]), "elements.title"),
    (template(template_type="request_user_info", elements=[{"title": "a", "subtitle": "b"}]), "elements.image_url"),
    ({"attachment": {"type": "image", "payload": {}}}, "attachment.type"),
    (template(template_type="promotion"), "attachment.payload.template_type"),
    ("Xin chào", "message"),
]


@pytest.mark.parametrize("message", TAKEN)
async def test_messages_of_the_documented_shapes_are_taken(message: dict[str, Any]) -> None:
    async with zalo() as platform:
        platform.act("text", text="Chào")
        assert (await platform.say(message))["error"] == 0
        (accepted,) = platform.sim.journal.of("accepted")
        assert (accepted["user"], accepted["body"]["message"]) == (platform.lan.id, message)


async def test_any_other_shape_is_refused_and_the_field_is_named() -> None:
    async with zalo() as platform:
        platform.act("text", text="Chào")
        for message, field in REFUSED:
            said = await platform.say(message)
            assert (said["error"], said["message"]) == (-201, f"{field} is invalid"), message
        assert platform.sim.journal.of("accepted") == []


async def test_the_request_must_be_json_with_the_users_id_as_a_text() -> None:
    async with zalo() as platform:
        platform.act("text", text="Chào")
        words = {"text": "x"}
        for recipient in ({"user_id": int(platform.lan.id)}, {"user_id": "1"}, {"phone": "84"}, platform.lan.id):
            assert (await platform.post(CS, {"recipient": recipient, "message": words}))["error"] == -201
        headers = {"access_token": platform.sim.tokens.access}
        async with platform.session.post(platform.sim.url + CS, data={"message": "x"}, headers=headers) as answer:
            assert (await answer.json())["message"] == "Content-Type is invalid"


UNSURE = [
    ("button_template", template(template_type="button", text="Chọn", buttons=[SHOW])),
    ("list_template", template(template_type="list", elements=[{"title": "Một", "subtitle": "Hai"}])),
    ("buttons_on_media", {**media(media_type="image", url="https://example.org/a.png")}),
]


@pytest.mark.parametrize(("name", "message"), UNSURE)
@pytest.mark.parametrize("allowed", [False, True])
async def test_unverified_shapes_are_refused_unless_switched_on(
    name: str, message: dict[str, Any], allowed: bool
) -> None:
    if name == "buttons_on_media":
        element = {"media_type": "image", "url": "https://example.org/a.png"}
        message = template(template_type="media", elements=[element], buttons=[SHOW])
    async with zalo(**{name: allowed}) as platform:
        platform.act("text", text="Chào")
        assert (await platform.say(message))["error"] == (0 if allowed else -201)


async def test_the_quoting_field_can_have_its_other_name() -> None:
    async with zalo(quote_field="react_message_id") as platform:
        platform.act("text", text="Chào")
        assert (await platform.say({"text": "a", "react_message_id": "x"}))["error"] == 0
        assert (await platform.say({"text": "a", "quote_message_id": "x"}))["error"] == -201


async def test_the_window_is_free_then_charged_then_closed() -> None:
    async with zalo(balance=100) as platform:
        words = {"text": "Chào bác"}
        assert (await platform.say(words))["error"] == -232
        platform.act("text", text="Chào")
        assert (await platform.say(words))["data"]["quota"]["quota_type"] == "reply"
        platform.pass_time(hours=48, seconds=1)
        assert (await platform.say(words))["data"]["quota"]["quota_type"] == "purchase_quota"
        assert platform.sim.switches.balance == 45
        assert (await platform.say(words))["error"] == -321
        platform.pass_time(days=5)
        assert (await platform.say(words))["error"] == -230
        platform.act("press", payload="/affirm")
        assert (await platform.say(words))["error"] == 0


async def test_eight_messages_are_free_when_switched_so_and_an_interaction_begins_anew() -> None:
    async with zalo(free_messages=8) as platform:
        platform.act("follow")
        said = [await platform.say({"text": "x"}) for _ in range(9)]
        assert [one["error"] for one in said] == [0] * 8 + [-211]
        assert [one["data"]["quota"]["remain"] for one in said[:8]] == [str(left) for left in range(7, -1, -1)]
        quota = await platform.post("/v3.0/oa/quota/message", {"user_id": platform.lan.id})
        assert quota["data"]["cs_reply"] == {"remain": 0, "total": 8}
        platform.act("text", text="Còn không?")
        assert (await platform.say({"text": "x"}))["error"] == 0


async def test_who_blocked_is_not_reached_and_who_unfollowed_only_by_switch() -> None:
    async with zalo() as platform:
        platform.act("text", text="Chào")
        platform.act("unfollow")
        assert (await platform.say({"text": "x"}))["error"] == 0
        platform.sim.switches.unfollowed_refused = True
        assert (await platform.say({"text": "x"}))["error"] == -213
        platform.act("block")
        assert (await platform.say({"text": "x"}))["error"] == -244


async def test_closed_addresses_say_so_and_a_reaction_is_still_taken() -> None:
    async with zalo() as platform:
        platform.act("text", text="Chào")
        recipient = {"user_id": platform.lan.id}
        for path in ("/v2.0/oa/message", "/v3.0/oa/message/transaction", "/v3.0/oa/message/promotion"):
            assert (await platform.post(path, {"recipient": recipient, "message": {"text": "x"}}))["error"] == -240
        reaction = {"recipient": recipient, "sender_action": {"react_icon": "/-strong", "react_message_id": "m"}}
        assert (await platform.post("/v2.0/oa/message", reaction))["error"] == 0


async def accepted_with_reports(platform: Zalo, words: str) -> tuple[str, list[str]]:
    """The message id and the names of the events about it, in their order."""
    seen = len(await platform.events())
    id = (await platform.say({"text": words}))["data"]["message_id"]
    return id, [event["event_name"] for event in (await platform.events())[seen:]]


async def test_an_accepted_message_is_answered_with_texts_and_reported_in_any_order() -> None:
    async with zalo() as platform:
        platform.act("text", text="Chào")
        data = (await platform.say({"text": "Chào bác"}))["data"]
        assert data["user_id"] == platform.lan.id
        assert isinstance(data["sent_time"], str) and isinstance(data["message_id"], str)
        reports = {event["event_name"]: event for event in (await platform.events())[1:]}
        for event in reports.values():
            assert (event["sender"]["id"], event["recipient"]["id"]) == (OA_ID, platform.lan.id)
        assert reports["oa_send_text"]["message"] == {"msg_id": data["message_id"], "text": "Chào bác"}
        assert reports["user_received_message"]["message"]["msg_id"] == data["message_id"]
        assert reports["user_seen_message"]["message"] == {"msg_ids": [data["message_id"]]}
        orders = {tuple((await accepted_with_reports(platform, str(n)))[1]) for n in range(20)}
        assert len(orders) > 1


async def test_the_receipts_other_shapes() -> None:
    async with zalo(seen_field="msg_id", seen_by_sender=True) as platform:
        platform.act("text", text="Chào")
        id, _ = await accepted_with_reports(platform, "x")
        (seen,) = [event for event in await platform.events() if event["event_name"] == "user_seen_message"]
        assert (seen["message"], seen["sender"]["id"]) == ({"msg_id": id}, platform.lan.id)
        platform.sim.switches.receipts = "none"
        assert (await accepted_with_reports(platform, "y"))[1] == ["oa_send_text"]


def form(name: str, content: bytes) -> aiohttp.FormData:
    data = aiohttp.FormData()
    data.add_field("file", io.BytesIO(content), filename=name, content_type="application/octet-stream")
    return data


async def upload(platform: Zalo, kind: str, name: str, content: bytes) -> Any:
    url, headers = f"{platform.sim.url}/v2.0/oa/upload/{kind}", {"access_token": platform.sim.tokens.access}
    async with platform.session.post(url, data=form(name, content), headers=headers) as answer:
        return await answer.json()


async def test_uploads_are_checked_and_used_until_they_expire() -> None:
    async with zalo() as platform:
        platform.act("text", text="Chào")
        image = (await upload(platform, "image", "a.jpg", samples.photo().content))["data"]["attachment_id"]
        token = (await upload(platform, "file", "a.pdf", samples.document().content))["data"]["token"]
        picture = media(media_type="image", attachment_id=image)
        file = {"attachment": {"type": "file", "payload": {"token": token}}}
        assert [(await platform.say(message))["error"] for message in (picture, file)] == [0, 0]
        assert (await platform.say(media(media_type="image", attachment_id=token)))["error"] == -100
        platform.pass_time(days=7)
        platform.act("text", text="Chào")
        assert [(await platform.say(message))["error"] for message in (picture, file)] == [-100, -100]


async def test_uploads_of_the_wrong_kind_size_or_name_are_not_kept() -> None:
    async with zalo() as platform:
        assert (await upload(platform, "image", "a.jpg", b"\xff\xd8\xff" + bytes(1 << 20)))["error"] == -210
        assert (await upload(platform, "image", "a.jpg", b"MZ not a picture"))["error"] == -201
        assert (await upload(platform, "file", "a.exe", b"MZ"))["error"] == -201
        assert await upload(platform, "image", "noname", samples.photo().content) == {
            "error": 0,
            "message": "Success",
            "data": {},
        }


async def test_users_are_listed_by_at_most_fifty() -> None:
    async with zalo() as platform:
        path = "/v3.0/oa/user/getlist"
        assert (await platform.get(path, data='{"offset":0,"count":51}'))["error"] == -210
        assert (await platform.get(path, data='{"offset":0}'))["error"] == -201
        platform.act("follow")
        users = (await platform.get(path, data='{"offset":0,"count":50}'))["data"]["users"]
        assert users == [{"user_id": platform.lan.id}]
