"""The web chat's HTTP: open a session, take messages (durable before the 202), stream what both sides say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy import Connection
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse

from bot import attachments, inbox
from bot.buttons import title_of
from bot.reading import EVENT_PREFIX, PayloadInvalid, parse_payload
from bot.web.body import read_body
from bot.web.context import WebContext, web_context
from bot.web.limits import network_of
from bot.web.policy import page_policy
from bot.web.problems import Problem
from bot.web.sessions import find_session, make_ticket, session_of, session_unknown, set_cookie, token_of, use_ticket
from integrations.webchat.client import (
    CHANNEL,
    EMBED_SCRIPT,
    PAGE,
    MessageInvalid,
    address_of,
    event_of,
    new_token,
    read_message,
)
from store.messages import InboundMessage
from store.queries import thread

MAX_BODY_BYTES = 1 << 20
HEARTBEAT_SECONDS = 15
# Another process may have said something; it cannot wake us.
LOOK_SECONDS = 2
LAST_SEQ = 2**31 - 1
REPLAY_MESSAGES = 200
ASSETS = frozenset(path.name for path in PAGE.iterdir() if path.suffix in (".js", ".css", ".svg"))
# The script of other sites' pages: they may check its digest, which needs the consent of its server (CORS).
_FOR_OTHER_SITES = {
    "Cache-Control": "public, max-age=3600",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}

Context = Annotated[WebContext, Depends(web_context)]
Embedded = Annotated[bool, Query(alias="embed")]
router = APIRouter()
_templates = Environment(loader=FileSystemLoader(PAGE), autoescape=select_autoescape())


@router.get("/", include_in_schema=False)
async def page(context: Context, embedded: Embedded = False) -> HTMLResponse:
    """The chat page; the province's name is its only variable. With ?embed=1 the configured sites may frame it."""
    name = context.content.packs.province(context.province).name
    policy = page_policy(context.embed_origins if embedded else ())
    rendered = _templates.get_template("index.html").render(province=name)
    return HTMLResponse(rendered, headers={"Content-Security-Policy": policy})


@router.post("/webchat/conversations", status_code=201)
async def open_session(request: Request, context: Context, embedded: Embedded = False) -> JSONResponse:
    """Begin an anonymous conversation. The token authorises messages; token or cookie (closed to scripts) the stream.

    429 too_many_sessions.
    """
    context.limits.allow("sessions", network_of(request.client.host if request.client else ""), context.clock)
    token = new_token()

    def work(connection: Connection) -> None:
        now = context.clock.now()
        inbox.open_conversation(connection, context.keyring, CHANNEL, address_of(token), context.province, now)

    await context.database.run(work)
    response = JSONResponse({"token": token}, status_code=201)
    set_cookie(response, token, request.url.scheme == "https", embedded and bool(context.embed_origins))
    return response


@router.post("/webchat/tickets", status_code=201)
async def open_ticket(request: Request, context: Context) -> dict[str, str]:
    """A ticket that opens one event stream, once, within a minute: for EventSource where cookies are blocked."""
    conversation_id = await session_of(request, context)
    context.limits.allow("streams", conversation_id, context.clock)
    return {"ticket": make_ticket(context.keyring, conversation_id, context.clock.now())}


@router.post("/webchat/messages", status_code=202)
async def take_message(request: Request, context: Context) -> dict[str, object]:
    """Store one message; 202 means that it is on disk. The same id again is the same message. 429 too_many_messages."""
    address = address_of(token_of(request))
    body = await _json_body(request)
    context.limits.allow("messages", address, context.clock)
    try:
        message = read_message(body, address, context.clock.now())
    except MessageInvalid as invalid:
        raise Problem(422, "message_invalid", str(invalid)) from invalid
    _refuse_foreign_payload(message, context)
    accepted = await context.intake.take_message(message, partial(_accept, context, message, token_of(request)))
    return {"id": body["id"], "seq": accepted.seq, "duplicate": accepted.duplicate}


@router.get("/webchat/events")
async def events(
    request: Request,
    context: Context,
    after: Annotated[int, Query(ge=0, le=LAST_SEQ)] = 0,
    ticket: Annotated[str, Query(max_length=300)] = "",
    last_event_id: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """Server-sent events: first what was said before, then `ready`, then whatever comes.

    Opened by a ticket, the token or the cookie. 429 too_many_streams.
    """
    if ticket:
        now = context.clock.now()
        conversation_id = await context.database.run(lambda c: use_ticket(c, context.keyring, ticket, now))
    else:
        conversation_id = await session_of(request, context, or_cookie=True)
    context.limits.allow_stream(conversation_id, context.clock)
    if last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) < 10:
        after = max(after, int(last_event_id))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = _stream(context, conversation_id, after)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.get("/webchat/embed.js", include_in_schema=False)
async def embed_script() -> Response:
    """What another site's page includes to have the chat (docs/embedding.md)."""
    return FileResponse(EMBED_SCRIPT, headers=_FOR_OTHER_SITES)


@router.get("/webchat/{asset}", include_in_schema=False)
async def asset(asset: str) -> Response:
    """The page's own script, style and icon."""
    if asset not in ASSETS:
        raise Problem(404, "not_found", "Không có tệp này.")
    return FileResponse(PAGE / asset, headers={"Cache-Control": "no-cache"})


async def _stream(context: WebContext, conversation_id: str, after: int) -> AsyncIterator[bytes]:
    ready, silent = False, 0.0
    with context.limits.open_stream(conversation_id):
        while True:
            # Listen before looking: what is said between the look and the wait wakes us
            news = context.wakeups.listen(conversation_id)
            try:
                found = await context.database.read(partial(_events_after, conversation_id, after))
                for event in found:
                    after, silent = event["seq"], 0.0
                    yield b"id: %d\nevent: message\ndata: %s\n\n" % (after, orjson.dumps(event))
                if found:
                    continue
                if not ready:
                    ready = True
                    yield b"event: ready\ndata: {}\n\n"
                if not await context.wakeups.wait(news, LOOK_SECONDS):
                    silent += LOOK_SECONDS
            finally:
                news.cancel()
            if silent >= HEARTBEAT_SECONDS:
                silent = 0.0
                yield b": alive\n\n"


def _events_after(conversation_id: str, after: int, connection: Connection) -> list[dict[str, Any]]:
    rows = thread(connection, conversation_id, after, REPLAY_MESSAGES)
    said = [row["seq"] for row in rows if row["sender"] == "owner"]
    pictures = attachments.of_thread(connection, conversation_id, said)
    return [event_of(row, [kept.id for kept in pictures.get(row["seq"], ())]) for row in rows]


def _accept(
    context: WebContext, message: InboundMessage, token: str, lease: datetime | None, connection: Connection
) -> inbox.Accepted:
    found = find_session(connection, token)
    if message.payload is not None:
        title = title_of(connection, found["id"], message.payload)
        if title is None and message.payload == "/request_person":  # the page's own button needs no reply of ours
            title = context.content.phrases.say("person_button")
        message = replace(message, text=title or "")
    try:
        return inbox.accept(connection, found["id"], message, context.clock.now(), lease)
    except inbox.ConversationGone:
        raise session_unknown() from None


def _refuse_foreign_payload(message: InboundMessage, context: WebContext) -> None:
    """Only what a button can send: our own events cannot be sent from outside."""
    if message.payload is None:
        return
    try:
        intent = parse_payload(message.payload).intent
    except PayloadInvalid:
        intent = ""
    if intent not in context.flows.intents or intent.startswith(EVENT_PREFIX):
        raise Problem(422, "payload_unknown", "Nút này không còn dùng được, cô/bác nhắn bằng chữ giúp em ạ.")


async def _json_body(request: Request) -> Any:
    body = await read_body(request, MAX_BODY_BYTES)
    if body is None:
        raise Problem(413, "body_too_large", "Tin nhắn quá dài, cô/bác gửi từng phần ngắn hơn giúp em ạ.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "json_invalid", "Nội dung gửi lên không phải JSON.") from error
