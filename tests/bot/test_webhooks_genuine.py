"""What the platforms really sent, however strange, through the webhooks: taken, once, and looked at if need be."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import Connection
from structlog.testing import capture_logs

from bot import dead_letters, outbox
from bot.attachments import Fetcher
from integrations.errors import Fate
from integrations.provider import Fetched
from integrations.registry import CHANNELS
from store.channel_tables import attachment, channel_event
from store.messages import Reply
from store.tables import contact, conversation, inbound, outbound
from tests.bot import webhook_door
from tests.bot.conftest import STATE, Bot, turn_answer
from tests.bot.webhook_door import WORDS, WRITER, Door, is_silent

door = webhook_door.door

# --- what is genuine, and strange


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_message_is_kept_before_the_answer_and_answered_once_however_often_it_comes(
    door: Door, channel: str
) -> None:
    body = door.words(channel)
    assert await door.genuine(channel, body) == 200
    assert [row.text for row in await door.rows(inbound, channel=channel)] == [WORDS]
    assert await asyncio.gather(*(door.genuine(channel, body) for _ in range(8))) == [200] * 8
    await door.settle()
    door.bot.clock.advance(timedelta(hours=24))
    assert await door.genuine(channel, body) == 200
    await door.settle()
    assert len(await door.rows(inbound, channel=channel)) == 1
    assert door.answers(channel) == [f"echo {WORDS}"]


@pytest.mark.parametrize("channel", CHANNELS)
async def test_every_genuine_event_of_every_kind_twice_is_answered_with_200_and_acts_once(
    door: Door, channel: str
) -> None:
    found = []
    for _ in range(2):
        for name, body in door.specimens[channel].fixtures.items():
            assert await door.genuine(channel, body) == 200, name
        tables = (inbound, conversation, contact, channel_event, attachment, outbound)
        found.append([len(await door.rows(table)) for table in tables])
    assert found[0] == found[1]
    assert found[0][0] > 5 and found[0][3] > 5


@pytest.mark.parametrize(
    ("channel", "event"),
    [("zalo", "oa_reacted_message"), ("zalo", "user_join_group"), ("telegram", "kind_of_the_future")],
)
async def test_events_that_nothing_is_done_about_are_kept_and_trouble_nobody(
    door: Door, channel: str, event: str
) -> None:
    body = door.fixture(channel, event)
    with capture_logs() as logs:
        assert await door.genuine(channel, body) == 200
    (row,) = await door.rows(channel_event, channel=channel)
    assert (row.status, json.loads(row.body)) == ("done", json.loads(body))
    assert logs == [] and await door.bot.database.read(dead_letters.waiting) == []


DAMAGED = {
    "zalo": {
        "no_sender": lambda event: event.pop("sender"),
        "message_is_a_list": lambda event: event.update(message=[]),
        "sender_is_rounded": lambda event: event["sender"].update(id=2.2233344455566678e18),
    },
    "telegram": {
        "no_chat": lambda event: event["message"].pop("chat"),
        "message_is_a_list": lambda event: event.update(message=[]),
        "sender_is_rounded": lambda event: event["message"]["chat"].update(id=5.012345678e9),
    },
}


@pytest.mark.parametrize(("channel", "damage"), [(name, damage) for name in CHANNELS for damage in DAMAGED[name]])
async def test_a_genuine_event_that_is_damaged_waits_for_a_person(door: Door, channel: str, damage: str) -> None:
    event = json.loads(door.words(channel))
    DAMAGED[channel][damage](event)
    body = json.dumps(event).encode()
    with capture_logs() as logs:
        assert await door.genuine(channel, body) == 200
        assert await door.genuine(channel, body) == 200
    (letter,) = await door.bot.database.read(dead_letters.waiting)
    (row,) = await door.rows(channel_event, channel=channel)
    assert (letter.channel, letter.code, json.loads(row.body)) == (channel, row.error, event)
    assert [entry["event"] for entry in logs] == ["event_dead"] and is_silent(logs)
    assert await door.rows(inbound, channel=channel) == []


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("rest", [b"", b'"message":{"text":', b"[" * 3000, b"\xff\xfe}", b"\x00}"])
async def test_a_genuine_call_that_nobody_can_read_is_not_sent_again_but_looked_at(
    door: Door, channel: str, rest: bytes
) -> None:
    """Refused, it would hold up all the others behind it, or make the platform turn the webhook off."""
    body = json.dumps(dict(door.specimens[channel].envelope)).encode()[:-1] + b", " + rest
    with capture_logs() as logs:
        assert [await door.genuine(channel, body) for _ in range(2)] == [200, 200]
    (letter,) = await door.bot.database.read(dead_letters.waiting)
    (row,) = await door.rows(channel_event, channel=channel)
    assert letter.code == row.error == f"{channel}_not_json"
    assert row.body == body.decode("utf-8", "replace")
    assert [entry["event"] for entry in logs] == ["event_dead"]
    forged = next(iter(door.specimens[channel].forge(body).values()))
    assert (await door.post(channel, body, forged[0])).status_code == 401
    assert len(await door.rows(channel_event, channel=channel)) == 1


@pytest.mark.parametrize("channel", CHANNELS)
async def test_decomposed_words_and_ids_of_63_bits_arrive_as_they_are(door: Door, channel: str) -> None:
    address = str(2**63 - 1)
    body = door.words(channel, unicodedata.normalize("NFD", WORDS), number=2**53 + 1, address=address)
    assert await door.genuine(channel, body) == 200
    (message,), (here,) = await door.rows(inbound, channel=channel), await door.rows(conversation, channel=channel)
    assert (message.text, here.address) == (WORDS, address)
    assert message.provider_message_id.endswith(str(2**53 + 1))
    await door.settle()
    (sent,) = door.bot.sender.providers[channel].sent  # type: ignore[attr-defined]
    assert sent.address == address


# --- files that lie


async def test_a_file_is_what_its_bytes_say_whatever_the_message_says(door: Door) -> None:
    liars = {
        "zalo": {"user_send_image": b"MZ\x90\x00 a program", "user_send_audio": b"<html><script>alert(1)</script>"},
        "telegram": {"photo": b"%PDF-1.7", "document": b"<svg onload=alert(1)>"},
    }
    for channel, fixtures in liars.items():
        for name in fixtures:
            assert await door.genuine(channel, door.fixture(channel, name)) == 200
    contents = iter([content for fixtures in liars.values() for content in fixtures.values()])

    class Liar:
        async def fetch(self, source: str, limit_bytes: int) -> Fetched:
            return Fetched(next(contents), "photo.jpg")

    providers: Any = {channel: Liar() for channel in CHANNELS}
    bot = door.bot
    with capture_logs() as logs:
        fetcher = Fetcher(bot.database, bot.keyring, bot.clock, providers, bot.web.wakeups)
        await fetcher.fetch_due()
    kept = await door.rows(attachment)
    assert len(kept) == 4 and {row.status for row in kept} == {"stored"}
    assert not any(row.media_type.startswith(("image/", "audio/", "text/html")) for row in kept)
    assert is_silent(logs)


# --- who comes and goes


async def test_an_update_of_a_chat_that_the_bot_was_thrown_out_of_is_kept_and_nobody_is_written_to(door: Door) -> None:
    with capture_logs() as logs:
        thrown_out = door.fixture("telegram", "my_chat_member_thrown_out_of_group")
        assert await door.genuine("telegram", thrown_out) == 200
        assert await door.genuine("telegram", door.fixture("telegram", "group_text")) == 200
        await door.settle()
    assert [row.status for row in await door.rows(channel_event, channel="telegram")] == ["done", "done"]
    assert await door.rows(conversation, channel="telegram") == []
    assert door.answers("telegram") == [] and is_silent(logs)


GONE = {"zalo": ("unfollow", "2223334445556667778"), "telegram": ("my_chat_member_kicked", WRITER)}
IN_SURVEY = {**STATE, "loop": "survey_form", "slots": {"survey_step": "resume", "commune_code": "05503"}}


@pytest.mark.parametrize("channel", CHANNELS)
async def test_who_blocks_us_in_the_middle_of_the_survey_is_left_alone_and_finds_it_again(
    door: Door, channel: str
) -> None:
    async def survey(_: Any) -> web.Response:
        return turn_answer("Câu 1 ạ", state=IN_SURVEY)

    door.bot.rasa.answer = survey
    gone, address = GONE[channel]
    assert await door.genuine(channel, door.words(channel, "làm khảo sát", 1, address)) == 200
    await door.settle()
    (here,) = await door.rows(conversation, channel=channel)
    with capture_logs() as logs:
        assert await door.genuine(channel, door.fixture(channel, gone)) == 200
        door.refuse(channel, Fate.UNREACHABLE)
        for _ in range(2):
            await door.bot.database.run(lambda c: _ask_next(c, here.id, channel, door.bot))
            await door.settle()
    # Telegram has told us; that Zalo delivers nothing to them, the first message after it shows
    calls = {"telegram": 1, "zalo": 2}[channel]
    assert len(door.answers(channel)) == calls
    statuses = [row.status for row in await door.rows(outbound, conversation_id=here.id)]
    assert statuses == ["sent", "failed", "failed"] and is_silent(logs)
    (left,) = await door.rows(conversation, channel=channel)
    assert left.unreachable and left.dialogue_state == IN_SURVEY
    door.refuse(channel, None)
    assert await door.genuine(channel, door.words(channel, "cho hỏi lại câu vừa rồi với", 2, address)) == 200
    await door.settle()
    (back,) = await door.rows(conversation, channel=channel)
    assert back.unreachable is None and door.answers(channel)[calls:] == ["Câu 1 ạ"]
    assert door.bot.rasa.requests[-1]["state"]["loop"] == "survey_form"


def _ask_next(connection: Connection, here: str, channel: str, bot: Bot) -> None:
    outbox.say(connection, here, channel, [Reply("Câu 2: cửa hàng có dùng mã QR không ạ?")], bot.clock.now())
