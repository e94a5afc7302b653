"""The survey's result to look at and to keep: its picture and its one-page sheet, under an address that is a secret.

Whoever has the address may open it, as with a photo that was sent: 128 random bits, in no list, gone with the response.
The picture names neither shop nor owner, since pictures are passed on.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Response
from sqlalchemy import Connection

from bot.web.context import WebContext, web_context
from bot.web.problems import Problem
from programme import responses
from programme.survey.card import Card
from programme.survey.picture import picture
from programme.survey.sheet import sheet
from programme.survey_result import card, result_of

Context = Annotated[WebContext, Depends(web_context)]
Language = Literal["vi", "en"]
Code = Annotated[str, Path(max_length=64)]
# Browsers may keep it for a while; nobody in between, and nobody for good: it can be erased.
_PRIVATE = {"Cache-Control": "private, max-age=3600", "X-Robots-Tag": "noindex"}
router = APIRouter()


@router.get("/survey/{code}.png", include_in_schema=False)
async def survey_picture(code: Code, context: Context, lang: Language = "vi") -> Response:
    """The picture of a completed survey. 404 survey_unknown."""
    drawn = await asyncio.to_thread(picture, await _card(context, code, lang))
    return Response(drawn, media_type="image/png", headers=_PRIVATE)


@router.get("/survey/{code}.pdf", include_in_schema=False)
async def survey_sheet(code: Code, context: Context, lang: Language = "vi") -> Response:
    """The one-page sheet of a completed survey. 404 survey_unknown."""
    written = await asyncio.to_thread(sheet, await _card(context, code, lang))
    name = {"Content-Disposition": 'inline; filename="ket-qua-khao-sat.pdf"'}
    return Response(written, media_type="application/pdf", headers={**_PRIVATE, **name})


async def _card(context: WebContext, code: str, language: str) -> Card:
    surveys = context.content.surveys

    def look(connection: Connection) -> tuple[responses.Kept, list[responses.Kept]] | None:
        kept = responses.find_by_code(connection, surveys, code)
        if kept is None:
            return None
        return kept, responses.find_done(connection, surveys, kept.origin.contact_id)

    found = await context.database.read(look)
    if found is None:
        raise Problem(404, "survey_unknown", "Kết quả này không còn, hoặc địa chỉ chưa đúng.")
    return card(context.content, result_of(context.content, *found), context.clock.timezone, language)
