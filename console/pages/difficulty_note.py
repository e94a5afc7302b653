"""/console/conversations/{id}/difficulty: an officer notes what the owner finds difficult, beside the conversation."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from bot.matters import Matter, matter_of
from bot.secrets import mask
from bot.web.problems import Problem
from console import desk
from console.desk import Desk
from console.forms import text_field
from console.pages.acts import Act, Asked
from console.templating import fragment
from programme import difficulties
from programme.content import Content
from programme.difficulties import LONGEST_TEXT, Difficulty
from store import difficulty_queries

router = APIRouter(prefix="/conversations")


@router.post("/{conversation_id}/difficulty")
async def note_difficulty(act: Asked) -> Response:
    """Keep it under its category. What was told here lately under the same category counts once, whoever told it, so
    that pressing twice, or noting what the bot has noted, adds nothing but words.
    """
    category = text_field(act.form, "category", difficulties.LONGEST_ID)
    if category not in act.context.content.difficulties.all:
        raise Problem(422, "difficulty_unknown", act.say("difficulties.choose_category"))
    text, _ = mask(text_field(act.form, "text", LONGEST_TEXT))
    find_matter = partial(_matter, act.context.content)

    def work(connection: Connection) -> dict[str, Any]:
        seen = desk.look(connection, act.id, act.person, act.now)
        if seen is None:
            raise LookupError(act.id)
        matter = find_matter(connection, seen)
        told = Difficulty(
            source="officer",
            category=category,
            province=str(seen.conversation["province"]),
            at=act.now,
            commune=matter.commune,
            vendor=matter.vendor,
            contact_id=seen.conversation["contact_id"],
            conversation_id=act.id,
            officer_id=act.person.officer_id,
            text=text,
        )
        return {"difficulty": difficulties.record(connection, told), "category": category}

    await act.do("difficulty.noted", work)
    if "HX-Request" not in act.request.headers:
        return await act.done()
    return HTMLResponse(await _shown(act))


def _matter(content: Content, connection: Connection, seen: Desk) -> Matter:
    """What the officers have set for the request, else what the dialogue and the survey know."""
    if seen.escalation is not None and seen.escalation["commune"]:
        return Matter(seen.escalation["commune"], seen.escalation["vendor"])
    return matter_of(content, connection, seen.id)


async def _shown(act: Act) -> str:
    def read(connection: Connection) -> tuple[Desk | None, Any]:
        noted = difficulty_queries.of_conversation(connection, act.id)
        return desk.look(connection, act.id, act.person, act.now), noted

    seen, noted = await act.context.database.read(read)
    values = {"desk": seen, "noted": noted, "content": act.context.content, "longest_text": LONGEST_TEXT}
    return fragment(act.context, act.person, "conversation_difficulties.html", **values)
