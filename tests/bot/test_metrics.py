"""/metrics: only on the internal port, readable without the database, its gauges what waits at that moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, insert, update
from starlette.types import ASGIApp

from bot import metrics
from bot.callbacks import internal_app
from bot.dialogue import TurnRegister
from bot.web.app import public_app
from hotline.serve import LOOPBACK, bind, server_for
from store.channel_tables import alarm, channel_event
from store.database import Database
from store.messages import Reply
from store.tables import conversation, outbound
from tests.bot.conftest import Bot

Figures = dict[tuple[str, str], float]


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """The address of `app`."""
    listener, server = bind(LOOPBACK, 0), server_for(app)
    serving = asyncio.create_task(server.serve([listener]))
    yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving


async def scrape(bot: Bot, database: Database | None = None) -> Figures:
    """Samples by name and label values."""
    route = metrics.metrics_route(database or bot.database, bot.clock)
    async with (
        served(internal_app(TurnRegister(), {}, [route])) as url,
        aiohttp.ClientSession() as http,
        http.get(url + metrics.METRICS_PATH) as response,
    ):
        assert response.status == 200
        assert response.headers["Content-Type"] == metrics.CONTENT_TYPE_LATEST
        page = await response.text()
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


async def test_the_public_port_has_no_metrics(bot: Bot) -> None:
    async with (
        served(public_app(bot.web)) as url,
        aiohttp.ClientSession() as http,
        http.get(url + metrics.METRICS_PATH) as response,
    ):
        assert response.status == 404


async def test_what_is_counted_is_shown_per_channel(bot: Bot) -> None:
    before = await scrape(bot)
    metrics.webhook_received("zalo", events=3, duplicates=2)
    metrics.webhook_refused("telegram", "wrong_secret")
    metrics.turn_finished("zalo", "answered")
    metrics.message_delivered("zalo", "sent")
    metrics.message_delivered("zalo", "uncertain", messages=2)
    with metrics.webhook_seconds("zalo"):
        pass
    with pytest.raises(LookupError), metrics.provider_call("telegram"):
        raise LookupError
    after = await scrape(bot)
    grown = {name: value - before.get(name, 0) for name, value in after.items()}
    assert grown["hotline_webhook_events_total", "zalo"] == 3
    assert grown["hotline_webhook_duplicates_total", "zalo"] == 2
    assert grown["hotline_webhook_refused_total", "telegram,wrong_secret"] == 1
    assert grown["hotline_turns_total", "zalo,answered"] == 1
    assert grown["hotline_messages_total", "zalo,sent"] == 1
    assert grown["hotline_messages_total", "zalo,uncertain"] == 2
    assert grown["hotline_webhook_seconds_count", "zalo"] == 1
    assert grown["hotline_provider_call_seconds_count", "telegram"] == 1
    assert after["process_open_fds", ""] > 0


async def test_the_gauges_are_what_waits_now(bot: Bot) -> None:
    await bot.receive("Xin chào")
    await bot.database.run(lambda c: say(c, bot, "waiting", bot.clock.now() - timedelta(seconds=30)))
    await bot.database.run(lambda c: say(c, bot, "waiting", bot.clock.now() - timedelta(hours=1), bulk=True))
    await bot.database.run(lambda c: say(c, bot, "uncertain", bot.clock.now() - timedelta(hours=1)))
    await bot.database.run(lambda c: say(c, bot, "failed", bot.clock.now() - timedelta(hours=1)))
    await bot.database.run(lambda c: let_die(c, bot))
    bot.clock.advance(timedelta(seconds=12))
    found = await scrape(bot)
    assert found["hotline_inbox_pending", ""] == 1
    assert found["hotline_inbox_oldest_seconds", ""] == 12
    assert found["hotline_outbox_messages", "waiting"] == 2
    assert found["hotline_outbox_messages", "uncertain"] == 1
    assert found["hotline_outbox_messages", "held"] == 0
    assert found["hotline_outbox_oldest_seconds", ""] == 42
    assert found["hotline_dead_letters", ""] == 1
    assert found["hotline_alarms_open", ""] == 1
    await bot.work()
    assert (await scrape(bot))["hotline_inbox_pending", ""] == 0


async def test_without_the_database_the_counters_stay_readable(bot: Bot) -> None:
    metrics.webhook_received("zalo")
    away = (
        Database("sqlite:////nonexistent/for/sure.db")
        if bot.database.is_sqlite
        else Database("postgresql://127.0.0.1:1/x")
    )
    found = await scrape(bot, away)
    away.close()
    assert found["hotline_database_up", ""] == 0
    assert found["hotline_webhook_events_total", "zalo"] >= 1
    assert (await scrape(bot))["hotline_database_up", ""] == 1


def say(connection: Connection, bot: Bot, status: str, at: Any, bulk: bool = False) -> None:
    """A message of ours in the bot's conversation."""
    last = update(conversation).filter_by(id=bot.conversation_id).values(last_seq=conversation.c.last_seq + 1)
    row = {
        "conversation_id": bot.conversation_id,
        "seq": connection.execute(last.returning(conversation.c.last_seq)).scalar_one(),
        "sender": "bot",
        "reply": Reply("x").as_json(),
        "status": status,
        "bulk": bulk,
        "created_at": at,
    }
    connection.execute(insert(outbound).values(row))


def let_die(connection: Connection, bot: Bot) -> None:
    """One dead letter, one settled; one alarm that is open, one that is over."""
    now = bot.clock.now()
    for event_id, status in (("1", "dead"), ("2", "settled")):
        row = {"channel": "zalo", "event_id": event_id, "name": "x", "status": status, "received_at": now}
        connection.execute(insert(channel_event).values(row))
    for closed_at in (None, now):
        row = {"name": "x", "detail": "x", "opened_at": now, "closed_at": closed_at}
        connection.execute(insert(alarm).values(row))
