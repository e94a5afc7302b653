"""What is simulated, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

SEED = 148
SHOWN_ERRORS = 12


@dataclass(frozen=True)
class Plan:
    """`kill_every`: seconds that the service lives on average; 0 kills nothing. `most_kills`: then it stays alive."""

    owners: int
    at_once: int
    kill_every: float
    seed: int
    most_kills: int | None = None
    only: int | None = None  # this owner alone, with its whole transcript


@dataclass
class Tally:
    """What happened. `turns`: messages that were answered; `seconds`: from the first owner to the last."""

    plan: Plan
    turns: int = 0
    duplicates: int = 0
    retries: int = 0
    kills: int = 0
    holding: int = 0
    finished: int = 0
    completed: int = 0
    refused: int = 0
    seconds: float = 0.0
    away: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def report(self) -> str:
        """The summary for people."""
        plan, pace = self.plan, self.turns / max(self.seconds, 0.001)
        pace_while_up = self.turns / max(self.seconds - self.away, 0.001)
        lines = [
            f"owners     {self.finished} of {plan.owners}, {plan.at_once} at once, seed {plan.seed}",
            f"messages   {self.turns} answered, {self.duplicates} delivered again, {self.retries} repeated by clients",
            f"kills      {self.kills} of the whole service; {self.holding} holding replies meanwhile",
            f"turns/s    {pace:.0f} over all, {pace_while_up:.0f} while it was up",
            f"completed  {self.completed}, consent refused {self.refused}",
            f"time       {self.seconds:.0f} s, {self.away:.0f} s of it without the service",
            f"errors     {len(self.errors)}",
            *(f"  {what}: {count}" for what, count in self.faults.most_common()),
            *self.errors[:SHOWN_ERRORS],
        ]
        return "\n".join(lines)


class Wrong(Exception):
    """The product did something that it must not; the text says what."""
