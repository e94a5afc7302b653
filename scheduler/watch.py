"""What the alarms look at besides the database, and who hears of them. Made by the composition (hotline/app.py)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class AlarmSender(Protocol):
    """How the people on duty are told."""

    async def tell(self, text: str) -> None:
        """Bring `text` (Vietnamese, at most 1,500 characters) to them. Raises SendFailed; then it is tried again."""


@dataclass(frozen=True)
class Watch:
    """`channels`: those with an account. `quiet_hours`: so many working hours without an event are suspicious.

    `volumes`: folders whose disks must not fill. Without a `sender` the log is the only one who hears of an alarm.
    `place`: whose hotline this is, as the people on duty call it.
    """

    channels: tuple[str, ...] = ()
    quiet_hours: int = 4
    volumes: tuple[Path, ...] = ()
    sender: AlarmSender | None = None
    place: str = ""


NOTHING_WATCHED = Watch()
