"""/hoi/{code}: the question of awareness for whoever got its link, with two buttons. Only a button answers: programs
open links of SMS before people do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy import Connection
from starlette.responses import HTMLResponse

from bot.web.context import WebContext, web_context
from bot.web.my_data import templates
from bot.web.short_links import PAGE_HEADERS, too_fast
from programme import awareness, short_links
from programme.awareness import Kept
from programme.awareness_question import Heard
from store.logs import get_logger

log = get_logger("bot.web.awareness")

LANGUAGE = "vi"
WEB = "web"  # awareness_answer.channel
Context = Annotated[WebContext, Depends(web_context)]
router = APIRouter()


@router.api_route("/hoi/{code}", methods=["GET", "HEAD"], include_in_schema=False)
async def ask(code: str, request: Request, context: Context) -> Response:
    """The page with the buttons; it says nothing of anybody and changes nothing."""
    if (busy := too_fast(request, context)) is not None:
        return busy
    id_, now = short_links.recipient_of(context.keyring, code), context.clock.now()

    def work(connection: Connection) -> Mapping[str, Any] | Kept | None:
        asked = None if id_ is None else awareness.asked_of(connection, id_)
        if asked is None:
            return None
        is_over = awareness.foreseen(connection, context.content.awareness, asked.id, now) is Kept.OVER
        return Kept.OVER if is_over else awareness.said_in(asked, LANGUAGE)

    found = await context.database.read(work)
    if found is None:
        return _page("unknown", 404)
    return _page("over", 200) if isinstance(found, Kept) else _page("ask", 200, code=code, question=found)


@router.post("/hoi/{code}/{said}", include_in_schema=False)
async def answer(code: str, said: Annotated[Heard, Path()], request: Request, context: Context) -> Response:
    """A button. Whoever has the code is the one who was asked; a code that nobody has made answers nothing."""
    if (busy := too_fast(request, context)) is not None:
        return busy
    id_, now, question = short_links.recipient_of(context.keyring, code), context.clock.now(), context.content.awareness

    def work(connection: Connection) -> Kept | None:
        if id_ is None or awareness.asked_of(connection, id_) is None:
            return None
        return awareness.answer(connection, question, id_, said, WEB, now)

    kept = await context.database.run(work)
    if kept is None:
        return _page("unknown", 404)
    log.info("awareness_answered", kept=kept.value)
    return _page(kept.value, 200, is_new=said == "no")


def _page(state: str, status: int, **values: Any) -> HTMLResponse:
    return HTMLResponse(templates.get_template("awareness.html").render(state=state, **values), status, PAGE_HEADERS)
