"""What the scheduler reads and writes so that no request waits unseen: running requests, colleagues, notices.

The statements look at what runs or waits only, through the partial indexes ix_request_due and
ix_officer_notice_waiting: what was ever asked or told costs them nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, case, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from store.console_tables import account, officer_notice, open_tab, request
from store.tables import conversation, escalation

# An open page says so at least every 30 seconds; after twice that and a little it is closed.
LOOKING = timedelta(seconds=75)

_HOLDER = case((escalation.c.status == "taken", escalation.c.officer_id))
_RUNNING = request.c.ended_at.is_(None)
# Word for word the condition of the index (see store/backlog.py).
_WAITING = text("officer_notice.status = 'waiting'")


def unseen_requests(
    connection: Connection, provinces: Collection[str], steps: Sequence[datetime], most: int
) -> list[RowMapping]:
    """Running requests that nobody was told of, or that have passed a step nobody was told of; the first due first.

    `provinces`: how one is written. `steps`: for each step, the last `due_at` that has reached it. Columns of
    `request`, and `holder`: the officer who holds the conversation. They are locked; what somebody else has locked is
    left for the next time.
    """
    passed = (and_(request.c.due_at <= due, request.c.warned < step) for step, due in enumerate(steps, 1))
    rows = (
        select(request, _HOLDER.label("holder"))
        .join(escalation, escalation.c.id == request.c.escalation_id)
        .where(_RUNNING, request.c.province.in_(provinces), or_(request.c.announced_at.is_(None), *passed))
        .order_by(request.c.due_at, request.c.id)
        .limit(most)
        .with_for_update(of=request, skip_locked=True)
    )
    return list(connection.execute(rows).mappings())


def colleagues(connection: Connection, roles: Collection[str]) -> list[RowMapping]:
    """The accounts of these roles that are not disabled, in the order in which they were made."""
    columns = account.c
    shown = (columns.id, columns.officer_id, columns.role, columns.communes, columns.on_duty, columns.telegram_chat)
    rows = select(*shown).where(columns.disabled_at.is_(None), columns.role.in_(roles)).order_by(columns.id)
    return list(connection.execute(rows).mappings())


def looking(connection: Connection, conversation_ids: Collection[str], now: datetime) -> set[tuple[int, str]]:
    """Who has which of these conversations before their eyes: account and conversation."""
    tabs = select(open_tab.c.account_id, open_tab.c.conversation_id).where(
        open_tab.c.conversation_id.in_(conversation_ids), open_tab.c.seen_at > now - LOOKING
    )
    return {(row.account_id, row.conversation_id) for row in connection.execute(tabs)}


def untold_owners(connection: Connection, since: datetime, now: datetime, most: int) -> list[int]:
    """Requests due within [since, now] whose owners have not heard that it takes longer; the last due first.

    Without those that their provider does not reach.
    """
    late = (
        select(request.c.id)
        .join(conversation, conversation.c.id == request.c.conversation_id)
        .where(_RUNNING, request.c.due_at.between(since, now), request.c.owner_told_at.is_(None))
        .where(conversation.c.unreachable.is_(None))
        .order_by(request.c.due_at.desc(), request.c.id)
        .limit(most)
    )
    return [int(number) for number in connection.scalars(late)]


def add_notices(connection: Connection, notices: Iterable[Mapping[str, Any]], now: datetime) -> int:
    """Keep what is to be told: account_id, request_id, kind of each. Again: nothing. How many are new."""
    rows = [{**one, "status": "waiting", "created_at": now} for one in notices]
    if not rows:
        return 0
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return connection.execute(insert(officer_notice).on_conflict_do_nothing(), rows).rowcount


def mark_step(connection: Connection, request_ids: Collection[int], step: int, now: datetime) -> None:
    """The warnings of these requests have come to `step` (0: they were announced), and whoever is told is noted."""
    values = {"warned": step, "announced_at": now}
    connection.execute(update(request).where(request.c.id.in_(request_ids)).values(values))


def void_notices(connection: Connection, request_ids: Collection[int]) -> None:
    """What waits to be told of these requests is overtaken."""
    overtaken = update(officer_notice).where(_WAITING, officer_notice.c.request_id.in_(request_ids))
    connection.execute(overtaken.values(status="void"))


def void_ended(connection: Connection) -> None:
    """What waits to be told of requests that have ended, or to people who cannot be told any more, is over."""
    ended = select(request.c.id).where(request.c.id == officer_notice.c.request_id, request.c.ended_at.is_not(None))
    gone = select(account.c.id).where(
        account.c.id == officer_notice.c.account_id,
        or_(account.c.disabled_at.is_not(None), account.c.telegram_chat.is_(None)),
    )
    over = update(officer_notice).where(_WAITING, or_(ended.exists(), gone.exists()))
    connection.execute(over.values(status="void"))


def waiting_notices(connection: Connection) -> list[RowMapping]:
    """What is to be told, by account, the first due first. Columns: id, account_id, chat, kind, province, commune,
    due_at, conversation_id, number (the escalation's), topic.
    """
    rows = (
        select(
            officer_notice.c.id,
            officer_notice.c.account_id,
            officer_notice.c.kind,
            account.c.telegram_chat.label("chat"),
            request.c.province,
            request.c.commune,
            request.c.due_at,
            request.c.conversation_id,
            escalation.c.id.label("number"),
            escalation.c.topic,
        )
        .join(request, request.c.id == officer_notice.c.request_id)
        .join(escalation, escalation.c.id == request.c.escalation_id)
        .join(account, account.c.id == officer_notice.c.account_id)
        .where(_WAITING, _RUNNING, account.c.disabled_at.is_(None), account.c.telegram_chat.is_not(None))
        .order_by(officer_notice.c.account_id, request.c.due_at, officer_notice.c.id)
    )
    return list(connection.execute(rows).mappings())


def end_notices(connection: Connection, ids: Collection[int], status: str, now: datetime) -> None:
    """`status`: told | failed. What was voided meanwhile stays so."""
    told_at = now if status == "told" else None
    ended = update(officer_notice).where(_WAITING, officer_notice.c.id.in_(ids))
    connection.execute(ended.values(status=status, told_at=told_at))
