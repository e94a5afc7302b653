"""The pictures and documents of ours, by their address on this server: for the routes that show them and for the
channels that must upload them.
"""

from __future__ import annotations

import asyncio
import re

from sqlalchemy import Connection

from integrations.provider import OutgoingFile
from programme import responses
from programme.content import Content
from programme.survey.card import Card
from programme.survey.picture import picture
from programme.survey_result import card, result_of
from store.clock import Clock
from store.database import Database

_SURVEY = re.compile(r"/survey/(?P<code>[^/?]{1,64})\.(?P<form>png|pdf)(?:\?lang=(?P<language>vi|en))?")


class FileGone(LookupError):
    """The address names nothing, or what it named was erased."""


class Files:
    """Draws and writes in a thread; nothing is kept."""

    def __init__(self, database: Database, content: Content, clock: Clock) -> None:
        self.database, self.content, self.clock = database, content, clock

    async def read(self, address: str) -> OutgoingFile:
        """The file behind an address of ours ("/survey/….png"). Raises FileGone."""
        match = _SURVEY.fullmatch(address)
        if match is None:
            raise FileGone(address)
        code, language = match["code"], match["language"] or "vi"
        if match["form"] == "png":
            return OutgoingFile("ket-qua-khao-sat.png", "image/png", await self.survey_picture(code, language))
        return OutgoingFile("ket-qua-khao-sat.pdf", "application/pdf", await self.survey_sheet(code, language))

    async def survey_picture(self, code: str, language: str) -> bytes:
        """The picture of a completed survey (PNG). Raises FileGone."""
        return await asyncio.to_thread(picture, await self._card(code, language))

    async def survey_sheet(self, code: str, language: str) -> bytes:
        """The one-page sheet of a completed survey (PDF). Raises FileGone."""
        return await asyncio.to_thread(_sheet, await self._card(code, language))

    async def _card(self, code: str, language: str) -> Card:
        surveys = self.content.surveys

        def look(connection: Connection) -> tuple[responses.Kept, list[responses.Kept]] | None:
            kept = responses.find_by_code(connection, surveys, code)
            if kept is None:
                return None
            return kept, responses.find_done(connection, surveys, kept.origin.contact_id)

        found = await self.database.read(look)
        if found is None:
            raise FileGone(code)
        return card(self.content, result_of(self.content, *found), self.clock.timezone, language)


def _sheet(card: Card) -> bytes:
    # What sets its type weighs some 15 MB in memory: only who has made a sheet loads it
    from programme.survey.sheet import sheet

    return sheet(card)
