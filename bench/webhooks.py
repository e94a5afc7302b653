"""Measures how soon a webhook call is answered, which is when its event is on disk, at 500 calls a second.

Twice: with messages that the dialogue must answer and is working on meanwhile, and with receipts, which need no answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import chat, zalo
from bench.catalogue import Sheet
from bench.figures import Times
from bench.machine import FOLDER, Running, Unavailable, environment, new_file
from bench.product import START_SECONDS, running_product
from bench.scale import Scale
from bench.webhook_load import PATIENCE_SECONDS, Plan, Result
from hotline.paths import ROOT
from integrations.zalo.sim_shapes import Shown

SEED = 148
QUESTIONS_EACH = 2
WARM, WARM_PER_SECOND, FIRST_OTHER = 100, 20.0, 10**9
# What was taken in has to be answered before the second run; so long that is waited for.
BACKLOG_SECONDS = 420.0
CALM_SECONDS = 3.0
ZALO_WAITS_MS = 2_000
Event = Mapping[str, Any]


class Replies:
    """What arrived on people's phones: whose, and the message's id."""

    def __init__(self) -> None:
        self.ids: list[tuple[str, str]] = []
        self.newest = 0.0

    def take(self, user: str, message_id: str, _: Shown, at: float) -> None:
        self.ids.append((user, message_id))
        self.newest = at

    async def all_there(self, database: Path) -> None:
        """Wait until nobody waits for an answer. Raises Unavailable."""
        until = time.perf_counter() + BACKLOG_SECONDS
        while time.perf_counter() < until:
            await asyncio.sleep(1)
            if time.perf_counter() - self.newest > CALM_SECONDS and not _waiting(database):
                return
        raise Unavailable(f"the messages of the first run were not answered within {BACKLOG_SECONDS:.0f} s")


async def measure(questions: Sequence[str], sheet: Sheet, scale: Scale) -> None:
    """Start the product, measure it, stop it. Raises Unavailable."""
    replies, database = Replies(), FOLDER / "webhooks.db"
    platform = zalo.Platform(replies.take)
    async with contextlib.AsyncExitStack() as running:
        account = await running.enter_async_context(platform.running())
        _, url = await running.enter_async_context(running_product("webhooks", account))
        session = await running.enter_async_context(chat.client())
        await chat.answering(url, session, START_SECONDS)
        await _loaded(url, warm_up(), WARM_PER_SECOND)
        await replies.all_there(database)
        replies.ids.clear()
        written = burst(questions, scale)
        began = time.perf_counter()
        result = await _loaded(url, written, scale.webhooks_per_second)
        _all_stored(database, written, result)
        answered = len(replies.ids)
        await replies.all_there(database)
        note = (
            f"{answered} replies went out meanwhile, the last one {replies.newest - began:.0f} s after the first call"
        )
        sheet.put(sheet["webhook_durable"].tailed(Times(tuple(result.ms)), f"{told(result)}; {note}"))
        reported = receipts(replies.ids, scale)
        result = await _loaded(url, reported, scale.webhooks_per_second)
        _all_written(database, reported, result)
        sheet.put(sheet["webhook_receipts"].tailed(Times(tuple(result.ms)), told(result)))


def warm_up() -> list[Event]:
    """Greetings of other people: a service is seldom fresh from its start when a burst comes."""
    return [zalo.written(zalo.person(FIRST_OTHER + number), f"warm-{number}", "xin chào") for number in range(WARM)]


def burst(questions: Sequence[str], scale: Scale) -> list[Event]:
    """Messages of people who have never written before; each asks two questions, at any time of the burst."""
    count = int(scale.webhooks_per_second * scale.webhook_seconds)
    people = [zalo.person(number // QUESTIONS_EACH) for number in range(count)]
    random.Random(SEED).shuffle(people)
    return [
        zalo.written(user, f"burst-{number}", questions[number % len(questions)]) for number, user in enumerate(people)
    ]


def receipts(replies: Sequence[tuple[str, str]], scale: Scale) -> list[Event]:
    """Two for every reply: that it has arrived, and that it was read."""
    count = int(scale.webhooks_per_second * scale.webhook_seconds)
    reported = [(kind, *reply) for reply in replies for kind in (zalo.received, zalo.seen)]
    random.Random(SEED).shuffle(reported)
    return [kind(user, message_id) for kind, user, message_id in reported[:count]]


def told(result: Result) -> str:
    """What a reader must know besides the percentiles."""
    failures = result.not_taken()
    failed = "no error" if not failures else f"{failures.total()} errors: {dict(failures)}"
    late = sum(ms > ZALO_WAITS_MS for ms in result.ms)
    return (
        f"{failed}; max {max(result.ms):.0f} ms, {late} later than the 2 s after which Zalo calls again; the generator"
        f" itself at most {result.late_ms:.0f} ms late"
    )


async def _loaded(url: str, events: Sequence[Event], rate: float) -> Result:
    plan, result = FOLDER / "webhook-plan.json", new_file("webhook-result.json")
    plan.write_text(json.dumps(asdict(Plan(url, rate, SEED, [dict(event) for event in events]))))
    command: list[str | Path] = [ROOT / ".venv" / "bin" / "python", "-m", "bench.webhook_load", plan, result]
    load = Running("webhook-load", command, environment())
    try:
        seconds = len(events) / rate + PATIENCE_SECONDS + START_SECONDS
        if (status := await asyncio.to_thread(load.wait, seconds)) != 0:
            raise Unavailable(f"webhook-load ended with {status}; see {load.log.relative_to(ROOT)}")
    finally:
        load.kill()
    return Result(**json.loads(result.read_text()))


# --- what is on disk


def _all_stored(database: Path, events: Sequence[Event], result: Result) -> None:
    """Raises AssertionError when a message was answered by 200 and is not in the database."""
    # What is stored is the event's name and the id
    stored = {id_.rpartition(":")[2] for (id_,) in _look(database, "SELECT provider_message_id FROM inbound")}
    taken = {event["message"]["msg_id"] for event, status in zip(events, result.statuses, strict=True) if status == 200}
    if lost := taken - stored:
        raise AssertionError(f"{len(lost)} of {len(taken)} messages were answered by 200 and are not stored")


def _all_written(database: Path, events: Sequence[Event], result: Result) -> None:
    """Raises AssertionError when a receipt was answered by 200 and its message does not know it."""
    known = {
        id_: (delivered, seen)
        for id_, delivered, seen in _look(
            database, "SELECT provider_message_id, status IN ('delivered', 'seen'), status = 'seen' FROM outbound"
        )
    }
    lost = 0
    for event, status in zip(events, result.statuses, strict=True):
        message = event["message"]
        id_, is_seen = message.get("msg_id") or message["msg_ids"][0], "msg_ids" in message
        lost += status == 200 and not known[id_][is_seen]
    if lost:
        raise AssertionError(f"{lost} receipts were answered by 200 and are not stored")


def _waiting(database: Path) -> bool:
    """Whether a message is not answered yet, or a reply not delivered."""
    pending = _look(database, "SELECT 1 FROM inbound WHERE status = 'pending' LIMIT 1")
    open_ = "SELECT 1 FROM outbound WHERE status IN ('waiting', 'sending', 'uncertain', 'held') LIMIT 1"
    return bool(pending or _look(database, open_))


def _look(database: Path, query: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()
