"""What the simulator sends to the webhook, how it signs and repeats it (rules Z15–Z18)."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from datetime import timedelta
from typing import Any

import pytest

from integrations.simulation.errors import ControlError
from integrations.zalo.sim_account import APP_ID, APP_SECRET, OA_ID, OA_SECRET
from integrations.zalo.sim_events import SHORT_LADDER, signature

from .simulated import Zalo, zalo


def mac_of(body: bytes, secret: str) -> str:
    """Told apart from the simulator's own: over the bytes as they came."""
    timestamp = json.loads(body)["timestamp"]
    return hashlib.sha256(APP_ID.encode() + body + timestamp.encode() + secret.encode()).hexdigest()


def test_the_signature_is_the_documented_one() -> None:
    body = (
        '{"app_id":"1234567890123456789","user_id_by_app":"5550001112223334445","event_name":"user_send_text",'
        '"timestamp":"1795334400000","sender":{"id":"2223334445556667778"},"recipient":{"id":"9998887776665554443"},'
        '"message":{"msg_id":"a1b2c3d4e5f60718","text":"Xin chào, tôi hỏi thủ tục khai sinh"}}'
    )
    mac = "1e73d43e2e1e23097e4761de38b25eaf73301cb3028c6ba08209dba33ccb96cd"
    assert signature("1234567890123456789", body.encode(), "1795334400000", "demo-oa-secret") == mac


@pytest.mark.parametrize("escaped", [False, True])
@pytest.mark.parametrize(("signing", "secret"), [("oa", OA_SECRET), ("app", APP_SECRET)])
async def test_events_are_signed_over_their_bytes(escaped: bool, signing: str, secret: str) -> None:
    async with zalo(escaped_json=escaped, signing_secret=signing) as platform:
        platform.act("text", text="Tên miền ạ")
        await platform.events()
        ((body, headers),) = platform.hotline.calls
        assert headers["x-zevent-signature"] == f"mac={mac_of(body, secret)}"
        assert headers["num_retry"] == "0"
        assert (b"\\u1ea1" in body) is escaped
        platform.sim.switches.mac_prefix = False
        platform.act("text", text="nữa")
        await platform.events()
        body, headers = platform.hotline.calls[-1]
        assert headers["x-zevent-signature"] == mac_of(body, secret)


async def test_a_call_is_repeated_with_the_same_bytes_and_a_counting_header() -> None:
    async with zalo() as platform:
        platform.hotline.statuses = [500, 404, 201]
        platform.act("text", text="Chào")
        await platform.events()
        bodies, headers = zip(*platform.hotline.calls, strict=True)
        assert len(set(bodies)) == 1
        assert [one["num_retry"] for one in headers] == ["0", "1", "2", "3"]


async def test_an_answer_after_two_seconds_counts_as_none() -> None:
    async with zalo() as platform:
        assert platform.sim.terms.deadline_seconds == 2.0
        platform.hotline.delays = [2.2]
        platform.act("text", text="Chào")
        await platform.events()
        assert [entry.get("problem") for entry in platform.sim.journal.of("delivery")] == ["timeout", None]


@pytest.mark.parametrize(("long", "attempts"), [(False, 6), (True, 8)])
async def test_after_the_whole_ladder_the_webhook_is_off_until_it_is_turned_on(long: bool, attempts: int) -> None:
    async with zalo(long_ladder=long) as platform:
        sim = platform.sim
        sim.deliverer._scale = 1e-6
        platform.hotline.statuses = [500] * attempts
        platform.act("text", text="mất")
        await platform.events()
        assert len(platform.hotline.calls) == attempts
        assert not sim.deliverer.enabled
        platform.act("text", text="không tới")
        assert len(await platform.events()) == attempts
        sim.deliverer.enabled = True
        platform.act("text", text="lại tới")
        assert (await platform.events())[-1]["message"]["text"] == "lại tới"


async def test_the_ladder_is_climbed_by_the_simulated_clock() -> None:
    async with zalo() as platform:
        sim = platform.sim
        sim.deliverer._scale = 1.0
        platform.hotline.statuses = [500] * 5
        platform.act("text", text="Chào")
        for number, pause in enumerate(SHORT_LADDER):
            last = sim.journal.entries[-1]["n"] if number else 0
            await sim.journal.wait_for(lambda entry: entry["kind"] == "delivery", after=max(0, last - 1))
            while sim.deliverer.pending and len(platform.hotline.calls) == number + 1:
                sim.clock.advance(timedelta(seconds=pause))
                await sim.pulse.wait(0.05)
        assert [entry["attempt"] for entry in sim.journal.of("delivery")] == list(range(6))


async def sent_by(platform: Zalo, case: str) -> list[tuple[bytes, dict[str, str]]]:
    platform.sim.raw_event({"case": case})
    await platform.events()
    return platform.hotline.calls


HOSTILE: dict[str, Any] = {
    "wrong_mac": lambda body, mac: mac not in (mac_of(body, OA_SECRET), mac_of(body, APP_SECRET)),
    "no_signature": lambda body, mac: mac == "",
    "other_secret": lambda body, mac: mac == mac_of(body, APP_SECRET),
    "other_app": lambda body, mac: json.loads(body)["app_id"] != APP_ID and mac != mac_of(body, OA_SECRET),
    "huge": lambda body, mac: len(body) > 1 << 20 and mac == mac_of(body, OA_SECRET),
    "unknown_event": lambda body, mac: (
        json.loads(body)["event_name"] == "user_waved" and mac == mac_of(body, OA_SECRET)
    ),
    "long_ids": lambda body, mac: isinstance(json.loads(body)["sender"]["id"], int) and mac == mac_of(body, OA_SECRET),
    "nfd": lambda body, mac: not unicodedata.is_normalized("NFC", json.loads(body)["message"]["text"]),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_hostile_calls_are_what_their_names_say(case: str) -> None:
    async with zalo() as platform:
        ((body, headers),) = await sent_by(platform, case)
        assert HOSTILE[case](body, headers.get("x-zevent-signature", "").removeprefix("mac="))


async def test_duplicates_and_two_events_about_one_message() -> None:
    async with zalo() as platform:
        first, second = await sent_by(platform, "duplicate")
        assert first[0] == second[0]
        platform.hotline.calls.clear()
        events = [json.loads(body) for body, _ in await sent_by(platform, "same_message_id")]
        assert events[0]["message"]["msg_id"] == events[1]["message"]["msg_id"]
        assert events[0]["event_name"] != events[1]["event_name"]


async def test_a_forgery_is_not_repeated_and_does_not_turn_the_webhook_off() -> None:
    async with zalo() as platform:
        platform.hotline.statuses = [401]
        assert len(await sent_by(platform, "wrong_mac")) == 1
        assert platform.sim.deliverer.enabled


async def test_any_body_can_be_sent_however_signed() -> None:
    async with zalo() as platform:
        platform.sim.raw_event({"body": "not JSON", "signed": "missing", "times": 2})
        await platform.sim.deliverer.settle()
        assert platform.hotline.bodies == ["not JSON"] * 2
        assert set(platform.sim.hostile.cases) == {*HOSTILE, "duplicate", "same_message_id"}
        with pytest.raises(ControlError):
            platform.sim.raw_event({"case": "nothing"})


async def only_event(platform: Zalo) -> dict[str, Any]:
    (event,) = await platform.events()
    return event


async def test_a_pressed_button_is_a_text_with_its_payload() -> None:
    async with zalo() as platform:
        platform.act("press", payload="/affirm", title="Có ạ")
        event = await only_event(platform)
        assert (event["event_name"], event["message"]["text"]) == ("user_send_text", "/affirm")
        assert event["sender"] == {"id": platform.lan.id} and event["recipient"] == {"id": OA_ID}


@pytest.mark.parametrize("name", ["follow", "unfollow"])
async def test_following_is_flat(name: str) -> None:
    async with zalo() as platform:
        platform.act(name)
        event = await only_event(platform)
        assert (event["event_name"], event["follower"], event["oa_id"]) == (name, {"id": platform.lan.id}, OA_ID)
        assert "sender" not in event and "message" not in event


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("number", [False, True])
async def test_submitted_info_comes_in_both_shapes(flat: bool, number: bool) -> None:
    async with zalo(flat_info=flat, phone_as_number=number) as platform:
        platform.act("submit_info", name="Lan", phone="84900000001")
        info = (await only_event(platform))["info"]
        assert info["phone"] == (84900000001 if number else "84900000001")
        assert ("address" in info, "full_address" in info) == (flat, not flat)


@pytest.mark.parametrize("flat", [False, True])
async def test_a_location_comes_in_both_shapes(flat: bool) -> None:
    async with zalo(location_in_message=flat) as platform:
        platform.act("location", latitude=21.5, longitude="105.8")
        message = (await only_event(platform))["message"]
        if flat:
            assert message["location"] == {"latitude": 21.5, "longitude": 105.8}
        else:
            (attachment,) = message["attachments"]
            place = {"latitude": "21.500000", "longitude": "105.800000"}
            assert attachment == {"type": "location", "payload": {"coordinates": place}}


@pytest.mark.parametrize(
    ("action", "event", "kind"),
    [
        ("image", "user_send_image", "image"),
        ("gif", "user_send_gif", "gif"),
        ("voice", "user_send_audio", "audio"),
        ("video", "user_send_video", "video"),
        ("file", "user_send_file", "file"),
        ("sticker", "user_send_sticker", "sticker"),
        ("link", "user_send_link", "link"),
        ("card", "user_send_business_card", "link"),
    ],
)
async def test_attachments_have_their_event(action: str, event: str, kind: str) -> None:
    async with zalo() as platform:
        platform.act(action)
        said = await only_event(platform)
        assert (said["event_name"], said["message"]["attachments"][0]["type"]) == (event, kind)


async def test_the_address_of_a_file_expires() -> None:
    async with zalo() as platform:
        platform.act("file")
        payload = (await only_event(platform))["message"]["attachments"][0]["payload"]
        async with platform.session.get(payload["url"]) as answer:
            assert answer.status == 200
            assert str(len(await answer.read())) == payload["size"]
        platform.sim.clock.advance(timedelta(minutes=30))
        async with platform.session.get(payload["url"]) as answer:
            assert answer.status == 404


@pytest.mark.parametrize("named", [False, True])
async def test_an_officer_who_writes_in_oa_manager_is_echoed(named: bool) -> None:
    async with zalo(admin_id=named) as platform:
        platform.act("agent", text="Tôi là cán bộ")
        event = await only_event(platform)
        assert (event["event_name"], event["sender"]["id"]) == ("oa_send_text", OA_ID)
        assert event["recipient"] == {"id": platform.lan.id}
        assert ("admin_id" in event["sender"]) is named
        assert platform.lan.last_interaction is None


async def test_who_has_blocked_the_account_must_unblock_before_writing() -> None:
    async with zalo() as platform:
        platform.act("block")
        with pytest.raises(ControlError):
            platform.act("text", text="Chào")
        platform.act("unblock")
        platform.act("text", text="Chào")
        assert (await only_event(platform))["message"]["text"] == "Chào"


async def test_a_tireless_platform_never_gives_up() -> None:
    async with zalo(tireless=True) as platform:
        platform.sim.deliverer._scale = 1e-6
        platform.hotline.statuses = [500] * 20
        platform.act("text", text="Chào")
        assert len(await platform.events()) == 21
        assert platform.sim.deliverer.enabled
