"""What the webhooks do not take, and what is then kept or logged: nothing."""

from __future__ import annotations

import gc
import logging
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.web.webhooks import MAX_BODY_BYTES
from integrations.registry import CHANNELS
from integrations.zalo.sim_account import OA_SECRET
from integrations.zalo.specimen import seal as zalo_seal
from store.tables import contact, inbound
from tests.bot import webhook_door
from tests.bot.conftest import Bot
from tests.bot.webhook_door import WORDS, WRITER, Door, is_silent, opened

door = webhook_door.door

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
