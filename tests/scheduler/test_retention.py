"""What a channel sent besides messages is forgotten in time; what a person must still look at is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.baton import officer_named
from scheduler.kinds import JobContext
from scheduler.retention import KEPT, forget
from store.channel_tables import channel_event, ticket
from store.console_tables import account, account_session, account_token
from store.database import insert_returning_id
from store.session_ends import IDLE


async def left(context: JobContext) -> list[tuple[str, str | None]]:
    rows = select(channel_event.c.event_id, channel_event.c.body).order_by(channel_event.c.id)
    return [tuple(row) for row in await context.database.read(lambda c: c.execute(rows).all())]


async def keep(context: JobContext, event_id: str, status: str, age: timedelta) -> None:
    row: dict[str, Any] = {"channel": "zalo", "event_id": event_id, "name": "follow", "status": status, "body": "{}"}
    row["received_at"] = context.clock.now() - age
    await context.database.run(lambda c: c.execute(insert(channel_event).values(row)))


async def test_events_are_kept_thirty_days(context: JobContext) -> None:
    for status in ("done", "settled"):
        await keep(context, f"{status}, new", status, KEPT - timedelta(minutes=1))
        await keep(context, f"{status}, old", status, KEPT + timedelta(minutes=1))
    await forget(context)
    await forget(context)
    assert await left(context) == [("done, new", "{}"), ("settled, new", "{}")]


async def test_a_dead_letter_stays_until_somebody_looks_but_loses_its_words(context: JobContext) -> None:
    await keep(context, "new", "dead", KEPT - timedelta(minutes=1))
    await keep(context, "old", "dead", KEPT + timedelta(minutes=1))
    await forget(context)
    assert await left(context) == [("new", "{}"), ("old", None)]


async def test_a_ticket_is_kept_as_long_as_it_could_be_used_again(context: JobContext) -> None:
    now = context.clock.now()
    for hash_, ends in ((b"old", now - timedelta(seconds=1)), (b"new", now + timedelta(seconds=1))):
        row = {"ticket_hash": hash_, "expires_at": ends}
        await context.database.run(lambda c, row=row: c.execute(insert(ticket).values(row)))
    await forget(context)
    assert await context.database.read(lambda c: c.scalars(select(ticket.c.ticket_hash)).all()) == [b"new"]


async def test_sessions_and_invitations_are_kept_as_long_as_they_open_anything(context: JobContext) -> None:
    now, second = context.clock.now(), timedelta(seconds=1)

    def write(connection: Connection) -> None:
        officer_id = officer_named(connection, "Hà", now)
        row = {"officer_id": officer_id, "login": "ha", "role": "officer", "created_at": now}
        account_id = insert_returning_id(connection, account, row)
        common = {"account_id": account_id, "browser": "", "network": "", "created_at": now}
        for name, seen, ends in (
            (b"used", now - IDLE + second, now + second),
            (b"idle", now - IDLE, now + second),
            (b"old", now, now),
        ):
            times = {"seen_at": seen, "expires_at": ends}
            connection.execute(insert(account_session).values(**common, **times, token_hash=name))
        for name, ends in ((b"new", now + second), (b"over", now)):
            token = {"account_id": account_id, "purpose": "invite", "token_hash": name, "created_at": now}
            connection.execute(insert(account_token).values(**token, expires_at=ends))

    await context.database.run(write)
    await forget(context)
    assert await context.database.read(lambda c: c.scalars(select(account_session.c.token_hash)).all()) == [b"used"]
    assert await context.database.read(lambda c: c.scalars(select(account_token.c.token_hash)).all()) == [b"new"]
