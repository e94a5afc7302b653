"""Who is told of a request that waits: whoever holds it, else the officers on duty, and with time people above them.

Pure; when they are told is the scheduler's, and how `scheduler/watch.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

OFFICER, SUPERVISOR, ADMINISTRATOR = "officer", "supervisor", "administrator"


@dataclass(frozen=True)
class Colleague:
    """Somebody who may be told. `communes`: the codes they look after; None: all. `chat`: where they are told, if
    anywhere but on the console's pages.
    """

    account_id: int
    officer_id: int
    role: str
    communes: frozenset[str] | None
    on_duty: bool
    chat: str | None

    def looks_after(self, commune: str | None) -> bool:
        return commune is None or self.communes is None or commune in self.communes


@dataclass(frozen=True)
class Matter:
    """What waits: the owner's commune, if it is known, and the officer who holds the conversation, if one does."""

    commune: str | None
    holder: int | None


def told_of_new(people: Sequence[Colleague], matter: Matter) -> list[Colleague]:
    """A new request: its holder while on duty, else all officers on duty who look after the commune; else who is next
    in the chain.
    """
    return _on_duty(people, matter) or _next_in_chain(people)


def told_at(people: Sequence[Colleague], matter: Matter, step: int, late: bool) -> list[Colleague]:
    """The first warning (`step` 1) goes to those whom a new request goes to; each further one also to its holder
    wherever they are, and to supervisors; that it is late also to administrators.
    """
    told = _on_duty(people, matter)
    if step > 1 or late:
        holder = [one for one in people if one.officer_id == matter.holder]
        told = [*(holder or told), *_of(people, SUPERVISOR)]
    if late:
        told += _of(people, ADMINISTRATOR)
    return _each_once(told) or _next_in_chain(people)


def _on_duty(people: Iterable[Colleague], matter: Matter) -> list[Colleague]:
    there = [one for one in people if one.on_duty]
    holder = [one for one in there if one.officer_id == matter.holder]
    return holder or [one for one in there if one.role == OFFICER and one.looks_after(matter.commune)]


def _of(people: Iterable[Colleague], role: str) -> list[Colleague]:
    """Those of them on duty; where nobody is, all: somebody must know."""
    all_of_them = [one for one in people if one.role == role]
    return [one for one in all_of_them if one.on_duty] or all_of_them


def _next_in_chain(people: Sequence[Colleague]) -> list[Colleague]:
    return _of(people, SUPERVISOR) or _of(people, ADMINISTRATOR)


def _each_once(people: Iterable[Colleague]) -> list[Colleague]:
    return list({one.account_id: one for one in people}.values())
