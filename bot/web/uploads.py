"""Pictures that owners send in the web chat, and the same pictures shown again to them."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

from bot import attachments, inbox
from bot.attachments import Sealed
from bot.web.attachments import content_response, read_attachment
from bot.web.body import read_body
from bot.web.context import WebContext, web_context
from bot.web.pictures import LARGEST_UPLOAD_BYTES, PictureRefused, redraw
from bot.web.problems import Problem
from bot.web.sessions import find_session, session_of, token_of
from integrations.webchat.client import MessageInvalid, address_of, read_picture
from store.logs import get_logger
from store.messages import InboundMessage, Kind

log = get_logger("bot.web.uploads")

Context = Annotated[WebContext, Depends(web_context)]
router = APIRouter()


@router.post("/webchat/attachments", status_code=202)
async def take_picture(
    request: Request, context: Context, id: Annotated[str, Query(max_length=100)] = ""
) -> dict[str, object]:
    """Store one picture, sent as the raw body, as a message with the page's `id`; 202 means that it is on disk.

    The same id again is the same message. 413 picture_too_large, 415 picture_type, 422 picture_broken,
    picture_pixels or message_invalid, 429 too_many_uploads.
    """
    conversation_id = await session_of(request, context)
    try:
        body = await read_body(request, LARGEST_UPLOAD_BYTES)
        context.limits.allow("uploads", conversation_id, context.clock)
        if body is None:
            raise Problem(413, "picture_too_large", "Ảnh lớn hơn 5 MB, cô/bác gửi ảnh nhỏ hơn giúp em ạ.")
        message = read_picture(id, address_of(token_of(request)), context.clock.now())
        picture = await redraw(body)
    except MessageInvalid as invalid:
        raise _refused(conversation_id, Problem(422, "message_invalid", str(invalid))) from invalid
    except PictureRefused as refusal:
        status = 415 if refusal.code == "picture_type" else 422
        raise _refused(conversation_id, Problem(status, refusal.code, refusal.detail)) from refusal
    except Problem as problem:
        raise _refused(conversation_id, problem) from None
    sealed = await asyncio.to_thread(attachments.seal, context.keyring, picture, Kind.IMAGE, "anh", None)
    accepted = await context.intake.take_message(message, partial(_accept, context, message, token_of(request), sealed))
    return {"id": id, "seq": accepted.seq, "duplicate": accepted.duplicate}


def _accept(
    context: WebContext,
    message: InboundMessage,
    token: str,
    sealed: Sealed,
    lease: datetime | None,
    connection: Connection,
) -> inbox.Accepted:
    found, now = find_session(connection, token), context.clock.now()
    accepted = inbox.accept(connection, found["id"], message, now, lease)
    if not accepted.duplicate:
        attachments.fill(connection, accepted.conversation_id, accepted.seq, sealed, now)
    return accepted


def _refused(conversation_id: str, problem: Problem) -> Problem:
    log.info("upload_refused", conversation=conversation_id, code=problem.code)
    return problem


@router.get("/webchat/attachments/{attachment_id}", include_in_schema=False)
async def own_picture(attachment_id: int, request: Request, context: Context) -> Response:
    """A picture of the session's own conversation. 401, 404 attachment_unknown."""
    conversation_id = await session_of(request, context, or_cookie=True)
    found = await read_attachment(context, attachment_id, conversation_id)
    return content_response(*found, request.headers.get("Range"))
