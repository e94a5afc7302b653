"""What an action may see and do during one attempt at a turn.

Actions read, and append effects; nothing is written before the turn is known to have succeeded. An attempt that failed
is thrown away with its context, so its effects can never happen.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date

from programme.content import Content


@dataclass(frozen=True)
class HandToPerson:
    """Give the conversation to the queue, because its owner asked for a person."""


@dataclass(frozen=True)
class RememberPhone:
    """Keep the number at which the owner wants to be called, in E.164."""

    phone: str


Effect = HandToPerson | RememberPhone


@dataclass
class TurnContext:
    """One attempt at a turn. `text`: what the owner wrote ("" for a button)."""

    province: str
    today: date
    content: Content
    text: str
    effects: list[Effect] = field(default_factory=list)


_current: ContextVar[TurnContext] = ContextVar("turn_context")


def enter(context: TurnContext) -> None:
    """Make `context` the one that actions of this task see."""
    _current.set(context)


def current() -> TurnContext:
    """The context of the turn that is running."""
    return _current.get()
