"""The updates that wait for the bot, in order, each until it was acknowledged, at most 24 hours."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

KEPT = timedelta(hours=24)
# The kinds that are only sent when they were asked for by name.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
# An offset further ahead of the newest id is not believed; then the queue is given from its head, and nothing forgotten
# (tdlib's TQueue: "Specified from_id is in the future"). So a reader must lower its offset when ids begin anew.
MAX_AHEAD = 10


@dataclass(frozen=True)
class Update:
    """`lane`: a webhook gets the updates of one lane strictly one after another (a chat)."""

    id: int
    lane: int
    content: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return next(iter(self.content), "")

    def as_json(self) -> dict[str, Any]:
        return {"update_id": self.id, **self.content}


@dataclass(frozen=True)
class Waiting:
    """An update's one way to the bot. `place`: its number in the queue."""

    place: int
    update: Update
    since: datetime


class Updates:
    """A queue with one reader, getUpdates or the webhook; nothing here knows which. `allowed`: () = the usual kinds."""

    def __init__(self, next_id: int) -> None:
        self.next_id = next_id
        self.allowed: Sequence[str] = ()
        self.came = asyncio.Event()
        self._places = itertools.count(1)
        self._waiting: dict[int, Waiting] = {}
        self._lanes: dict[int, deque[Waiting]] = {}
        self._known: dict[int, Update] = {}

    def is_wanted(self, kind: str) -> bool:
        """Whether the bot has asked for updates of this kind."""
        return kind in self.allowed if self.allowed else kind not in ON_REQUEST

    def add(self, content: Mapping[str, Any], lane: int, now: datetime) -> Update:
        """Put `content`, {kind: …}, at the end under the next id."""
        update = Update(self.next_id, lane, content)
        self.next_id += 1
        self.put(update, now)
        return update

    def put(self, update: Update, now: datetime) -> None:
        """Put an update at the end as it is; one that was there before comes once more."""
        waiting = Waiting(next(self._places), update, now)
        self._known[update.id] = update
        self._waiting[waiting.place] = waiting
        self._lanes.setdefault(update.lane, deque()).append(waiting)
        self.came.set()

    def known(self, update_id: int) -> Update | None:
        """The last update with this id, acknowledged or not."""
        return self._known.get(update_id)

    def clear(self) -> None:
        self._waiting.clear()
        self._lanes.clear()

    def count(self, now: datetime) -> int:
        self._forget_old(now)
        return len(self._waiting)

    def get(self, offset: int, limit: int, now: datetime) -> list[dict[str, Any]]:
        """What getUpdates answers: everything before `offset` is acknowledged; a negative one counts from the end."""
        self._forget_old(now)
        waiting = list(self._waiting.values())
        if offset < 0:
            self._drop(waiting[:offset])
        elif offset <= self.next_id + MAX_AHEAD:
            self._drop([one for one in waiting if one.update.id < offset])
        return [one.update.as_json() for one in itertools.islice(self._waiting.values(), limit)]

    def lanes(self) -> list[int]:
        """Those in which something waits."""
        return list(self._lanes)

    def head(self, lane: int, now: datetime) -> Waiting | None:
        """What a webhook must get next in this lane."""
        self._forget_old(now)
        return self._lanes[lane][0] if lane in self._lanes else None

    def acknowledge(self, waiting: Waiting) -> None:
        """It was taken."""
        self._drop([waiting])

    def _drop(self, dropped: Iterable[Waiting]) -> None:
        for one in dropped:
            if self._waiting.pop(one.place, None) is not None:
                lane = self._lanes[one.update.lane]
                lane.remove(one)
                if not lane:
                    del self._lanes[one.update.lane]

    def _forget_old(self, now: datetime) -> None:
        old = itertools.takewhile(lambda one: now - one.since > KEPT, self._waiting.values())
        self._drop(list(old))
