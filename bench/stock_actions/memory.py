"""What the stock action server remembers of each sender's survey: responses in memory, in place of a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from actions.context import AbandonSurvey, Effect, SaveSurvey, WithdrawConsent
from actions.desk import Desk
from programme.responses import REPEAT_AFTER, Kept
from programme.survey.response import is_complete

# A sender named "owner-7~3" is a copy of "owner-7", and begins with what that one has answered.
COPY = "~"


@dataclass
class Memory:
    """One sender's responses: the one under way, and those completed, the newest first."""

    open: Kept | None = None
    done: list[Kept] = field(default_factory=list)
    last_id: int = 0

    def apply(self, effects: Sequence[Effect], now: datetime) -> None:
        """Keep what a turn left behind; what is not about the survey's answers is let go."""
        for effect in effects:
            match effect:
                case SaveSurvey(kept):
                    self._save(kept, now)
                case AbandonSurvey():
                    self.open = None
                case WithdrawConsent():
                    self.open, self.done = None, []

    def _save(self, kept: Kept, now: datetime) -> None:
        if kept.id is None:
            self.last_id += 1
            kept = replace(kept, id=self.last_id)
        kept = replace(kept, revision=kept.revision + 1, updated_at=now, stored=kept.response)
        others = [one for one in self.done if one.id != kept.id]
        if is_complete(kept.response):
            kept = replace(kept, status="done", completed_at=kept.completed_at or now)
            self.open, self.done = None, [kept, *others]
        else:
            self.open, self.done = replace(kept, status="open"), others


class Memories:
    """Of all senders, for as long as the action server runs."""

    def __init__(self) -> None:
        self._of: dict[str, Memory] = {}

    def of(self, sender: str) -> Memory:
        if sender not in self._of:
            original, is_copy, _ = sender.partition(COPY)
            known = self.of(original) if is_copy else Memory()
            self._of[sender] = replace(known, done=list(known.done))
        return self._of[sender]


@dataclass
class MemoryDesk(Desk):
    """A desk that looks into `memory`; nothing is kept of a person besides their answers."""

    memory: Memory = field(default_factory=Memory)

    async def survey(self) -> Kept | None:
        if self.memory.open is not None:
            return self.memory.open
        latest = self.memory.done[0] if self.memory.done else None
        is_recent = latest and latest.completed_at and self.now - latest.completed_at < REPEAT_AFTER
        return latest if is_recent else None

    async def completed(self) -> list[Kept]:
        return list(self.memory.done)

    async def has_phone(self) -> bool:
        return False

    async def may_be_called(self) -> bool:
        return False
