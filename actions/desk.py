"""What an action may look up about the person it speaks with. Read once per attempt; it writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from programme import responses
from programme.responses import Kept, Origin
from programme.survey.definition import Surveys
from programme.survey.response import Response
from store.tables import contact

T = TypeVar("T")
Read = Callable[[Callable[[Connection], Any]], Awaitable[Any]]


@dataclass
class Desk:
    """`read` runs a transaction that only reads; `now` is the moment of the turn, `zone` where the hotline's people
    live. `address`: how owners reach this server with a browser.
    """

    read: Read
    surveys: Surveys
    origin: Origin
    now: datetime
    zone: tzinfo
    address: str = ""
    _current: asyncio.Future[Kept | None] | None = None
    _done: list[list[Kept]] = field(default_factory=list)

    def begin(self) -> asyncio.Future[Kept | None]:
        """Start reading the survey while something else is waited for."""
        if self._current is None:
            id_, surveys, now = self.origin.contact_id, self.surveys, self.now
            self._current = asyncio.ensure_future(self.read(lambda c: responses.find_current(c, surveys, id_, now)))
            # whoever asks for it gets its error; nobody may have to
            self._current.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._current

    async def survey(self) -> Kept | None:
        """The survey that this person has under way, on any channel, or completed lately."""
        return await self.begin()

    async def completed(self) -> list[Kept]:
        """What this person has completed, the newest first."""
        if not self._done:
            id_ = self.origin.contact_id
            self._done.append(await self.read(lambda c: responses.find_done(c, self.surveys, id_)))
        return self._done[0]

    def new_survey(self) -> Kept:
        """Nothing answered yet, in today's wording."""
        return Kept(Response(self.surveys.latest, {}), self.origin)

    async def has_phone(self) -> bool:
        """Whether a telephone number of this person is kept."""
        number = select(contact.c.phone_hash).filter_by(id=self.origin.contact_id)
        return await self.read(lambda c: c.scalar(number)) is not None

    async def may_be_called(self) -> bool:
        """Whether a consent to be called by a firm is in force."""
        id_ = self.origin.contact_id
        given = await self.read(lambda c: responses.contact_consent(c, id_))
        return given is not None
