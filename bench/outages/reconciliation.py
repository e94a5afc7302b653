"""Whether every message was answered once and in order, or is accounted for; pure, from what the platforms saw.

The witness is the simulators' journal: what a person sent and what arrived on their phone. The hotline's own tables are
asked only for what they admit: replies that are uncertain, messages that a person has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bench.outages.echo_dialogue import PREFIX, echo


@dataclass(frozen=True)
class Person:
    """One phone: what was `sent`, in order, and what `arrived`, in order; only replies of the dialogue count."""

    channel: str
    id: str
    sent: tuple[str, ...]
    arrived: tuple[str, ...]


@dataclass(frozen=True)
class Admitted:
    """What the hotline itself says. `uncertain`: (address, text) of replies that may have been taken, each as often as
    there is a row; `with_person`: (address, text) of messages that wait for a person.
    """

    uncertain: Counter[tuple[str, str]] = field(default_factory=Counter)
    with_person: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass
class Verdict:
    """`lost`, `disordered` and `repeated` name the person and the message; each must be empty."""

    messages: int = 0
    answered: int = 0
    uncertain: int = 0
    with_person: int = 0
    lost: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        return [
            f"{kind} {what}"
            for kind, found in (
                ("lost", self.lost),
                ("out of order", self.disordered),
                ("repeated", self.repeated),
                ("invented", self.invented),
            )
            for what in found
        ]


def reconcile(people: Sequence[Person], admitted: Admitted) -> Verdict:
    """received = answered + uncertain + with a person; in order; nothing twice."""
    verdict = Verdict()
    for person in people:
        _reconcile(person, admitted, verdict)
    return verdict


def _reconcile(person: Person, admitted: Admitted, verdict: Verdict) -> None:
    answers = [text for text in person.arrived if text.startswith(PREFIX)]
    asked: Mapping[str, int] = {echo(text): place for place, text in enumerate(person.sent)}
    counted = Counter(answers)
    verdict.messages += len(person.sent)
    for text in person.sent:
        where = f"{person.channel} {person.id}: {text}"
        times = counted[echo(text)]
        may_be_uncertain = admitted.uncertain[person.id, echo(text)]
        if times:
            verdict.answered += 1
        elif may_be_uncertain:
            verdict.uncertain += 1
        elif admitted.with_person[person.id, text]:
            verdict.with_person += 1
        else:
            verdict.lost.append(where)
        if times > 1 + may_be_uncertain:
            verdict.repeated.append(f"{where} ({times} times)")
    places = [asked[text] for text in dict.fromkeys(answers) if text in asked]
    for earlier, later in pairwise(places):
        if later < earlier:
            verdict.disordered.append(f"{person.channel} {person.id}: {person.sent[later]}")
    verdict.invented += [f"{person.channel} {person.id}: {text}" for text in counted if text not in asked]
