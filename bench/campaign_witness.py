"""Whether everybody was told once: a campaign's ledger against what the gateway itself wrote down. Pure.

The gateway's journal is the witness. The hotline's own table is asked only for what it claims of each number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SHOWN = 3
_TOLD = frozenset({"accepted", "delivered"})


@dataclass(frozen=True)
class Row:
    """One recipient as the ledger has them."""

    phone: str
    state: str


@dataclass
class Verdict:
    """`states`: rows by state. All others name numbers, and must be empty but `uncertain`, which the ledger admits."""

    prepared: int
    states: Mapping[str, int]
    uncertain: int = 0
    missed: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    claimed: list[str] = field(default_factory=list)  # told, so the ledger says; the gateway never had it
    denied: list[str] = field(default_factory=list)  # the gateway has it; not sent, so the ledger says
    unknown: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Each in words."""
        kinds = ("missed", "twice", "claimed", "denied", "unknown")
        return [*self.problems, *(f"{kind} {phone}" for kind in kinds for phone in getattr(self, kind))]

    def words(self) -> str:
        """For people."""
        states = ", ".join(f"{state} {rows}" for state, rows in sorted(self.states.items()) if rows)
        said = f"prepared {self.prepared:,} = {states}; missed {len(self.missed)}, twice {len(self.twice)}"
        return "; ".join([said, *self.faults[:SHOWN]])


def judge(people: Sequence[str], prepared: int, rows: Sequence[Row], taken: Counter[str]) -> Verdict:
    """`people`: the numbers that the campaign is for, none of whom has a reason to be left out. `prepared`: as the run
    says. `taken`: by number, how often the gateway took a message."""
    states = Counter(row.state for row in rows)
    verdict = Verdict(prepared, states, states["uncertain"])
    if not prepared == len(rows) == len(people):
        verdict.problems.append(f"{len(people)} people, {prepared} prepared, {len(rows)} rows")
    for row in rows:
        has = taken[row.phone]
        if row.state in _TOLD and not has:
            verdict.claimed.append(row.phone)
        elif row.state not in _TOLD and row.state != "uncertain":
            (verdict.denied if has else verdict.missed).append(row.phone)
    there = {row.phone for row in rows}
    verdict.missed += [phone for phone in people if phone not in there]
    verdict.twice = [phone for phone, times in taken.items() if times > 1]
    verdict.unknown = sorted(taken.keys() - set(people))
    return verdict
