"""What a command works with that acts in the database once and ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hotline.app import open_migrated_database, read_settings
from store import audit
from store.audit import Actor
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.settings import Settings


@dataclass(frozen=True)
class CommandDesk:
    """The hotline's database, open, with what it is opened and dated by. `actor`: the command, for the audit log."""

    actor: Actor
    settings: Settings
    database: Database
    keyring: Keyring
    clock: Clock

    def record(
        self, connection: Connection, action: str, object_: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Into the audit log, as the last statement of the transaction (store.audit.record)."""
        audit.record(connection, self.keyring, self.clock.now(), self.actor, action, object_, detail)

    def here(self, at: datetime) -> datetime:
        """The same instant on the province's clock."""
        return at.astimezone(self.clock.timezone)


@contextmanager
def command_desk(command: str) -> Iterator[CommandDesk]:
    """Open the database that the settings name; closed in any case. Raises Stop."""
    settings = read_settings()
    clock = Clock(settings.timezone, settings.now)
    database, keyring = open_migrated_database(settings, clock)
    try:
        yield CommandDesk(Actor(command), settings, database, keyring, clock)
    finally:
        database.close()
