"""What a channel sent besides messages is forgotten in time; what a person must still look at is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from bot import inbox
from bot.baton import officer_named
from scheduler import retention
from scheduler.kinds import JobContext
from scheduler.retention import forget
from store.channel_tables import attachment, channel_event, ticket
from store.console_tables import account, account_session, account_token, note
from store.database import insert_returning_id
from store.difficulty_tables import difficulty
from store.mail_tables import mail_message
from store.messages import Reply
from store.privacy_tables import purge
from store.session_ends import IDLE
from store.tables import inbound, outbound

KEPT = timedelta(days=30)


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


async def test_what_was_said_loses_its_words_after_two_years_and_is_still_counted(context: JobContext) -> None:
    now, day = context.clock.now(), timedelta(days=1)
    days = context.content.privacy.rules["messages"].days
    assert days == 730

    def write(connection: Connection) -> None:
        here = inbox.open_conversation(connection, context.keyring, "zalo", "a", "thai-nguyen", now)
        for number, (age, status) in enumerate(((731, "answered"), (731, "pending"), (729, "answered")), 1):
            at = now - age * day
            row = {"conversation_id": here, "channel": "zalo", "kind": "message", "attempts": 0, "text": f"lời {age}"}
            row |= {"seq": number, "provider_message_id": str(number), "status": status, "received_at": at}
            connection.execute(insert(inbound).values(row))
            said = {"conversation_id": here, "seq": 10 + number, "sender": "bot", "status": "sent", "created_at": at}
            connection.execute(insert(outbound).values(**said, reply=Reply(f"dạ {age}", entry="greet").as_json()))
        connection.execute(
            insert(attachment).values(
                inbound_id=1, position=0, kind="image", status="stored", content=b"x", stored_at=now - 366 * day
            )
        )
        # never stored: where the shop is, without any content
        connection.execute(
            insert(attachment).values(inbound_id=1, position=1, kind="location", status="nothing", place="21.5,105.8")
        )
        mail = {"conversation_id": here, "authentication": "pass", "opens": True, "acknowledge": False}
        for inbound_id in (1, 3):
            connection.execute(insert(mail_message).values(**mail, inbound_id=inbound_id, subject="Hỏi thuế"))
        for age in (731, 729):
            told = {"source": "owner", "category": "tax", "province": "thai-nguyen", "text": f"khó {age}"}
            connection.execute(insert(difficulty).values(**told, at=now - age * day))
        officer_id = officer_named(connection, "Hà", now)
        old = {"conversation_id": here, "officer_id": officer_id, "after_seq": 1, "text": "nhớ gọi"}
        connection.execute(insert(note).values(**old, created_at=now - 731 * day))

    await context.database.run(write)
    for _ in range(2):
        await forget(context)
    texts = select(inbound.c.text).order_by(inbound.c.id)
    assert await context.database.read(lambda c: c.scalars(texts).all()) == ["", "lời 731", "lời 729"]
    replies = await context.database.read(lambda c: c.scalars(select(outbound.c.reply).order_by(outbound.c.id)).all())
    assert [(reply["text"], reply["entry"]) for reply in replies] == [("", "greet"), ("", "greet"), ("dạ 729", "greet")]
    for words, kept in ((difficulty.c.text, [None, "khó 729"]), (mail_message.c.subject, [None, "Hỏi thuế"])):
        found = select(words).order_by(*words.table.primary_key.columns)
        assert await context.database.read(lambda c, f=found: c.scalars(f).all()) == kept
    for table in (attachment, note):
        assert await context.database.read(lambda c, t=table: c.execute(select(t)).all()) == []
    asked = await context.database.read(lambda c: c.execute(select(purge.c.why)).scalars().all())
    assert asked == ["retention"]


async def test_only_so_much_goes_in_one_transaction_and_the_rest_follows(
    context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    monkeypatch.setattr(retention, "MOST", 4)
    now = context.clock.now()

    def write(connection: Connection) -> None:
        here = inbox.open_conversation(connection, context.keyring, "zalo", "a", "thai-nguyen", now)
        row = {"conversation_id": here, "channel": "zalo", "kind": "message", "status": "answered", "attempts": 0}
        for number in range(7):
            own = {"seq": number, "provider_message_id": str(number), "text": "lời"}
            connection.execute(insert(inbound).values(**row, **own, received_at=now - timedelta(days=800)))

    await context.database.run(write)
    left_over = []
    rows = select(inbound.c.id).where(inbound.c.text != "")
    for _ in range(3):
        await forget(context)
        left_over.append(len(await context.database.read(lambda c: c.scalars(rows).all())))
    assert left_over == [3, 0, 0]


async def test_a_mail_that_was_fetched_late_takes_no_younger_message_out_of_the_count(context: JobContext) -> None:
    now, day = context.clock.now(), timedelta(days=1)

    def write(connection: Connection) -> None:
        here = inbox.open_conversation(connection, context.keyring, "zalo", "a", "thai-nguyen", now)
        row = {"conversation_id": here, "channel": "zalo", "kind": "message", "status": "answered", "attempts": 0}
        for number, age in enumerate((729, 731)):
            own = {"seq": number, "provider_message_id": str(number), "text": "lời"}
            connection.execute(insert(inbound).values(**row, **own, received_at=now - age * day))

    await context.database.run(write)
    await forget(context)
    context.clock.advance(2 * day)  # type: ignore[attr-defined]
    await forget(context)
    assert await context.database.read(lambda c: c.scalars(select(inbound.c.text)).all()) == ["", ""]
