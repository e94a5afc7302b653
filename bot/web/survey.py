"""The survey's result to look at and to keep: its picture and its one-page sheet, under an address that is a secret.

Whoever has the address may open it, as with a photo that was sent: 128 random bits, in no list, gone with the response.
The picture names neither shop nor owner, since pictures are passed on.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Response

from bot.files import FileGone
from bot.web.context import WebContext, web_context
from bot.web.problems import Problem

Context = Annotated[WebContext, Depends(web_context)]
Language = Literal["vi", "en"]
Code = Annotated[str, Path(max_length=64)]
# Browsers may keep it for a while; nobody in between, and nobody for good: it can be erased.
_PRIVATE = {"Cache-Control": "private, max-age=3600", "X-Robots-Tag": "noindex"}
router = APIRouter()


@router.get("/survey/{code}.png", include_in_schema=False)
async def survey_picture(code: Code, context: Context, lang: Language = "vi") -> Response:
    """The picture of a completed survey. 404 survey_unknown."""
    try:
        drawn = await context.files.survey_picture(code, lang)
    except FileGone:
        raise _unknown() from None
    return Response(drawn, media_type="image/png", headers=_PRIVATE)


@router.get("/survey/{code}.pdf", include_in_schema=False)
async def survey_sheet(code: Code, context: Context, lang: Language = "vi") -> Response:
    """The one-page sheet of a completed survey. 404 survey_unknown."""
    try:
        written = await context.files.survey_sheet(code, lang)
    except FileGone:
        raise _unknown() from None
    name = {"Content-Disposition": 'inline; filename="ket-qua-khao-sat.pdf"'}
    return Response(written, media_type="application/pdf", headers={**_PRIVATE, **name})


def _unknown() -> Problem:
    return Problem(404, "survey_unknown", "Kết quả này không còn, hoặc địa chỉ chưa đúng.")
