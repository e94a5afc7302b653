"""A change of something that several people may edit: made and recorded in one transaction, and only if the thing is
still as the form saw it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from console.context import ConsoleContext
from console.sessions import SignedIn
from console.viewing import actor_of
from store.audit import record


class Versioned(Protocol):
    """`version`: raised by every change."""

    @property
    def version(self) -> int: ...


Seen = TypeVar("Seen", bound=Versioned)


async def change_as_seen(
    context: ConsoleContext,
    person: SignedIn,
    find: Callable[[Connection], Seen],
    version: int,
    change: Callable[[Connection, Seen], None],
    stale: type[Exception],
    action: str,
    about: str,
) -> bool:
    """Whether it was as the form saw it, and is changed. `find` and `change` run in the transaction; `change` raises
    `stale` where somebody was faster. `action`, `about`: for the audit log."""
    now = context.clock.now()

    def work(connection: Connection) -> None:
        known = find(connection)
        if known.version != version:
            raise stale(about)
        change(connection, known)
        record(connection, context.keyring, now, actor_of(person), action, about)

    try:
        await context.database.run(work)
    except stale:
        return False
    return True
