"""The marking: rows that may leave become `sending`, each with the name of its call, and the calls are prepared."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, String, and_, case, cast, func, literal, or_, update

from bot.wakeups import Wakeups
from integrations.sms.gateway import Gateway
from programme.campaign_plan import TALKS
from programme.content import Content
from programme.ledger import State
from scheduler import bulk_zalo
from scheduler.bulk_calls import LEASE, Call, Step
from scheduler.bulk_values import values_of
from store.campaign_tables import recipient
from store.clock import Clock
from store.crypto import Keyring
from store.many_rows import among


@dataclass(frozen=True)
class Rooms:
    """What a claim works with."""

    clock: Clock
    content: Content
    keyring: Keyring
    gateways: Mapping[str, Gateway]
    wakeups: Wakeups
    public_url: str = ""


@dataclass
class Marked:
    """`calls`: to be made, once this is committed. `moved`: rows changed. `said`: something waits in the outbox of
    conversations."""

    calls: list[Call] = field(default_factory=list)
    moved: int = 0
    said: bool = False


def mark(
    rooms: Rooms,
    connection: Connection,
    run_id: int,
    steps: Sequence[Step],
    going: Sequence[tuple[dict[str, Any], Step]],
    talks: Mapping[int, RowMapping],
    variant_of: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    planned: RowMapping,
    token: str,
    deadline: datetime | None,
) -> Marked:
    """Mark the rows of `going`, each with its way, as `sending`; what waits in the outbox of conversations is put
    there. `steps`: the ways of the run, in their order; `talks`: by contact (bulk_zalo.talks); `planned`: the
    campaign's row. The calls are made by the caller, after its commit."""
    marked = Marked()
    if not going:
        return marked
    now = rooms.clock.now()
    rows = [row for row, _ in going]
    texts = [text for one in planned["variants"] for text in _texts(one)]
    values = values_of(
        connection,
        rooms.content,
        rooms.keyring,
        rooms.public_url,
        rooms.clock.timezone,
        rows,
        texts,
    )
    # Since the rows were read a report may have come, or a late result: what is at its end is not called again
    is_lost = and_(recipient.c.status == State.SENDING, recipient.c.next_at <= now)
    still = or_(recipient.c.status == State.WAITING, is_lost)
    prefix = secrets.token_hex(8)
    for step in dict.fromkeys(step for _, step in going):
        of_step = [row for row, its in going if its == step]
        if step.channel in TALKS:
            kept = (variant_of, values, talks, step.channel, now, token)
            said = bulk_zalo.say_all(connection, rooms.content, of_step, *kept)
            marked.moved += said
            marked.said = marked.said or said > 0
            continue
        ids = [row["id"] for row in of_step]
        is_same = and_(recipient.c.gateway == step.gateway, recipient.c.request_id.is_not(None))
        new_id = literal(f"{prefix}-") + cast(recipient.c.id, String)
        marking = (
            update(recipient)
            .where(among(connection, recipient.c.id, ids), still)
            .values(
                status=State.SENDING,
                reason=None,
                channel=step.channel,
                gateway=step.gateway,
                attempt=token,
                attempts=recipient.c.attempts + 1,
                request_id=case((is_same, recipient.c.request_id), else_=new_id),
                next_at=now + LEASE,
                # Caps count from when it may have been taken: what certainly was not is counted anew
                tried_at=case(
                    (recipient.c.status == State.SENDING, func.coalesce(recipient.c.tried_at, now)),
                    else_=now,
                ),
            )
        )
        taken = set(connection.scalars(marking.returning(recipient.c.id)))
        of_step = [row for row in of_step if row["id"] in taken]
        marked.moved += len(taken)
        place = steps.index(step)
        onward = steps[place + 1] if place + 1 < len(steps) else None
        for row in of_step:
            has_id = row["gateway"] == step.gateway and row["request_id"]
            marked.calls.append(
                Call(
                    row["id"],
                    run_id,
                    token,
                    step,
                    onward,
                    row["request_id"] if has_id else f"{prefix}-{row['id']}",
                    row["phone"],
                    row["kind"],
                    variant_of(row),
                    values[row["id"]],
                    row["attempts"] + 1,
                    row["status"] == State.WAITING,
                    now,
                    deadline,
                )
            )
    return marked


def _texts(variant: Mapping[str, Any]) -> list[str]:
    zbs, chat = variant.get("zbs") or {}, variant.get("chat") or {}
    said = [variant["text"], *(one["text"] for one in chat.values())]
    return [*said, *(f"{{{{ {name} }}}}" for name in (zbs.get("variables") or {}).values())]
