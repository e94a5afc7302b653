"""Zalo's windows: for how long after the owner's last interaction consultation messages are free, charged, closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FREE_FOR = timedelta(hours=48)
OPEN_FOR = timedelta(days=7)


class Standing(StrEnum):
    FREE = "free"
    CHARGED = "charged"
    CLOSED = "closed"  # only a ZBS template, or the owner writes again


@dataclass(frozen=True)
class Window:
    """`until`: when the standing ends; None when only the owner can end it."""

    standing: Standing
    until: datetime | None


def window(last_heard_at: datetime | None, now: datetime) -> Window:
    """`last_heard_at`: the owner's last message, button or follow (a *seen* receipt is none); None: never."""
    if last_heard_at is None:
        return Window(Standing.CLOSED, None)
    if now - last_heard_at <= FREE_FOR:
        return Window(Standing.FREE, last_heard_at + FREE_FOR)
    if now - last_heard_at <= OPEN_FOR:
        return Window(Standing.CHARGED, last_heard_at + OPEN_FOR)
    return Window(Standing.CLOSED, None)
