"""That somebody saw something goes into the audit log once per piece of work, not with every step of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from console.context import ConsoleContext
from console.sessions import SignedIn
from store.audit import Actor, record
from store.console_tables import audit_log

# A survey has forty pages and a class forty ticks: who looks again within this is still at it.
SAME_PIECE_OF_WORK = timedelta(minutes=30)


def actor_of(person: SignedIn) -> Actor:
    """Whoever is signed in, as the audit log names them."""
    return Actor(person.name, person.account_id)


def seen_lately(connection: Connection, person: SignedIn, action: str, object_: str, now: datetime) -> bool:
    """Whether the log says already that `person` saw `object_` within the last half hour."""
    lately = (
        select(audit_log.c.id)
        .where(
            audit_log.c.object == object_,
            audit_log.c.action == action,
            audit_log.c.account_id == person.account_id,
            audit_log.c.at > now - SAME_PIECE_OF_WORK,
        )
        .limit(1)
    )
    return connection.scalar(lately) is not None


def note_view(
    connection: Connection,
    context: ConsoleContext,
    person: SignedIn,
    action: str,
    object_: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Record that `person` saw `object_`, unless the log says so of the last half hour. Last in its transaction."""
    if not seen_lately(connection, person, action, object_, now):
        record(connection, context.keyring, now, actor_of(person), action, object_, detail)
