"""What comes in at the webhooks, however bad: through the public app, read by the real providers."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import tracemalloc
import unicodedata
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from aiohttp import web
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot import dead_letters, outbox
from bot.attachments import Fetcher
from bot.web.app import public_app
from bot.web.webhooks import MAX_BODY_BYTES
from bot.worker import Worker
from integrations.errors import Fate, ProviderError, SendFailed
from integrations.provider import Fetched, Provider
from integrations.registry import CHANNELS, Specimen, settings_for, specimen
from integrations.zalo.sim_account import OA_SECRET
from integrations.zalo.specimen import seal as zalo_seal
from store.channel_tables import attachment, channel_event
from store.messages import Reply
from store.tables import contact, conversation, inbound, outbound
from tests.bot.conftest import STATE, Bot, StandInProvider, turn_answer

NOBODY = "http://127.0.0.1:1"
WRITER = "5012345678"
WORDS = "Cửa hàng bà Lan ở Đồng Hỷ mở cửa đến mấy giờ ạ?"


class Unmanned(Worker):
    """Leaves what comes in to the test's own `work`."""

    def lease(self) -> None:
        return None


@dataclass
class Door:
    """The public app of a bot whose channels read with their real providers, and send with stand-ins."""

    bot: Bot
    http: httpx.AsyncClient
    specimens: Mapping[str, Specimen]

    async def post(self, channel: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        return await self.http.post(f"/webhooks/{channel}", content=body, headers=headers)

    async def genuine(self, channel: str, body: bytes) -> int:
        return (await self.post(channel, body, self.specimens[channel].seal(body))).status_code

    def words(self, channel: str, text: str = WORDS, number: int = 1, address: str = WRITER) -> bytes:
        return self.specimens[channel].words(text, address, number, self.bot.clock.now())

    def fixture(self, channel: str, name: str) -> bytes:
        return self.specimens[channel].fixtures[name]

    async def rows(self, table: Any, **filters: Any) -> list[Any]:
        return await self.bot.database.read(lambda c: list(c.execute(select(table).filter_by(**filters)).all()))

    async def kept(self, channel: str) -> int:
        """How many rows there are of what the channel reported."""
        return sum([len(await self.rows(table, channel=channel)) for table in (inbound, conversation, channel_event)])

    async def settle(self) -> None:
        await self.bot.work()
        await self.bot.deliver()
        await self.bot.web.intake.finish()

    def refuse(self, channel: str, fate: Fate | None) -> None:
        """From now on the platform refuses messages so; None: it takes them again."""
        stand_in = self.bot.sender.providers[channel]
        assert isinstance(stand_in, StandInProvider)

        async def refuses(_: Any) -> None:
            raise SendFailed(ProviderError("test", fate or Fate.RETRY, "thử"))

        stand_in.outcome = refuses if fate else None

    def answers(self, channel: str) -> list[str]:
        stand_in = self.bot.sender.providers[channel]
        assert isinstance(stand_in, StandInProvider)
        return stand_in.texts


def reading(bot: Bot, channel: str, **settings: Any) -> Provider:
    """The real provider with the account of its simulator, which is not there."""
    one = specimen(channel)
    simulator = one.simulator()
    simulator.url = NOBODY
    return one.open(settings_for(simulator.account(), **settings), bot.database, bot.clock)


async def opened(bot: Bot, **settings: Any) -> Door:
    bot.web.intake.worker = Unmanned(bot.database, bot.runner, bot.clock, bot.web.wakeups)
    providers = {channel: reading(bot, channel, **settings) for channel in CHANNELS}
    app = public_app(replace(bot.web, providers=providers))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hotline")
    return Door(bot, client, {channel: specimen(channel) for channel in CHANNELS})


@pytest.fixture
async def door(bot: Bot) -> AsyncIterator[Door]:
    made = await opened(bot)
    yield made
    await made.http.aclose()


def is_silent(logs: list[Any]) -> bool:
    """Whether nothing of a person stands in the log."""
    return not any(part in repr(logs) for part in ("bà Lan", "Đồng Hỷ", WRITER, "Hoa", "84900000001"))


# --- what is not believed


@pytest.mark.parametrize("channel", CHANNELS)
async def test_no_forgery_is_believed_or_kept_and_the_log_names_nobody(door: Door, channel: str) -> None:
    forgeries = door.specimens[channel].forge(door.words(channel))
    for name, (headers, body) in forgeries.items():
        with capture_logs() as logs:
            answer = await door.post(channel, body, headers)
        problem = answer.json()
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), name
        refusal = next(entry for entry in logs if entry["event"] == "webhook_refused")
        assert (refusal["channel"], refusal["code"]) == (channel, problem["code"]), name
        assert is_silent(logs) and WRITER not in answer.text
    assert await door.kept(channel) == 0


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_call_for_one_channel_is_none_for_another(door: Door, channel: str) -> None:
    for other in set(CHANNELS) - {channel}:
        body = door.words(channel)
        answer = await door.post(other, body, door.specimens[channel].seal(body))
        assert answer.status_code == 401
        assert await door.kept(other) == 0


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_beyond_a_megabyte_is_not_read_to_its_end(door: Door, channel: str, declared: bool) -> None:
    body = door.words(channel, "a" * MAX_BODY_BYTES)
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1 << 16
            yield b"a" * (1 << 16)

    with capture_logs() as logs:
        headers = door.specimens[channel].seal(body)
        answer = await door.http.post(f"/webhooks/{channel}", content=body if declared else pieces(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert read <= MAX_BODY_BYTES + (2 << 16)
    assert [entry["code"] for entry in logs] == ["body_too_large"]
    assert await door.kept(channel) == 0


async def test_a_body_that_is_too_large_does_not_stay_in_memory(door: Door) -> None:
    body = b"a" * (MAX_BODY_BYTES + 1)
    await door.post("zalo", body, {})
    tracemalloc.start()
    try:
        for _ in range(8):
            await door.post("zalo", body, {})
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 2 * MAX_BODY_BYTES
    finally:
        tracemalloc.stop()


async def test_a_body_of_just_a_megabyte_is_taken(door: Door) -> None:
    body = door.words("telegram").ljust(MAX_BODY_BYTES)
    assert await door.genuine("telegram", body) == 200
    assert len(await door.rows(inbound, channel="telegram")) == 1


@pytest.mark.parametrize("path", ["webchat", "sms", "zalo/extra", "..%2fhealthz", "%00"])
async def test_a_channel_that_is_not_there_is_not_found(door: Door, path: str) -> None:
    assert (await door.http.post(f"/webhooks/{path}", content=b"{}")).status_code == 404


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_webhook_is_only_called_by_post(door: Door, channel: str) -> None:
    assert (await door.http.get(f"/webhooks/{channel}")).status_code == 405


async def test_a_call_that_breaks_off_keeps_nothing(door: Door) -> None:
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/webhooks/zalo", "headers": [], "query_string": b""}
    await door.http._transport.app(scope, receive, send)  # type: ignore[attr-defined]
    assert sent[0]["status"] == 400
    assert await door.kept("zalo") == 0


# --- keys


async def test_before_the_secret_is_known_zalo_is_answered_and_nothing_is_kept(bot: Bot) -> None:
    door = await opened(bot, zalo_oa_secret=None)
    with capture_logs() as logs:
        assert await door.genuine("zalo", door.words("zalo")) == 200
        assert (await door.post("zalo", b"anything at all", {})).status_code == 200
    assert [(entry["event"], entry["code"]) for entry in logs] == [("webhook_not_set_up", "zalo_bootstrap")] * 2
    assert is_silent(logs)
    assert await door.kept("zalo") == 0
    await door.http.aclose()


async def test_while_a_secret_is_changed_both_are_believed_and_then_only_the_new_one(bot: Bot) -> None:
    new = "the secret after the change"
    for previous, statuses in ((OA_SECRET, [200, 200, 401]), (None, [401, 200, 401])):
        door = await opened(bot, zalo_oa_secret=new, zalo_oa_secret_previous=previous)
        body = door.words("zalo")
        answers = [await door.post("zalo", body, zalo_seal(body, secret)) for secret in (OA_SECRET, new, "a third")]
        assert [answer.status_code for answer in answers] == statuses
        await door.http.aclose()
    assert len(await (await opened(bot)).rows(inbound, channel="zalo")) == 1


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


# --- when it cannot be kept


@pytest.mark.parametrize("channel", CHANNELS)
async def test_while_the_database_is_away_the_platform_is_asked_to_come_again_and_nothing_is_half_kept(
    door: Door, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contacts = len(await door.rows(contact))
    run_now = door.bot.database.run_now

    def breaks(work: Any) -> Any:
        def then_away(connection: Connection) -> Any:
            work(connection)
            raise OperationalError("COMMIT", {}, Exception("the server went away"))

        return run_now(then_away)

    monkeypatch.setattr(door.bot.database, "run_now", breaks)
    with capture_logs() as logs:
        answer = await door.post(channel, door.words(channel), door.specimens[channel].seal(door.words(channel)))
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert int(answer.headers["retry-after"]) > 0
    assert [entry["event"] for entry in logs] == ["database_away"] and is_silent(logs)
    monkeypatch.undo()
    assert await door.kept(channel) == 0 and len(await door.rows(contact)) == contacts
    assert await door.genuine(channel, door.words(channel)) == 200
    await door.settle()
    assert door.answers(channel) == [f"echo {WORDS}"]


async def test_nothing_that_comes_in_makes_the_libraries_log_it(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for channel in CHANNELS:
            await door.genuine(channel, door.words(channel))
            await door.post(channel, door.words(channel), {})
    said = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert is_silent(said)
