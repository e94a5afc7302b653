"""The web chat's HTTP: open a session, take messages (durable before the 202), stream what both sides say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Cookie, Depends, Header, Query, Request, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy import Connection, RowMapping, select
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse

from bot import inbox
from bot.reading import EVENT_PREFIX, PayloadInvalid, parse_payload
from bot.wakeups import INBOX
from bot.web.context import WebContext, web_context
from bot.web.problems import Problem
from integrations.webchat.client import (
    CHANNEL,
    PAGE,
    MessageInvalid,
    address_of,
    event_of,
    new_token,
    read_message,
)
from store.messages import InboundMessage
from store.queries import thread
from store.tables import outbound

COOKIE = "hotline_webchat"
COOKIE_SECONDS = 180 * 24 * 3600
MAX_BODY_BYTES = 1 << 20
# A client that is still sending would not hear our refusal: a little more is read, and thrown away.
DRAINED_BODY_BYTES = 8 * MAX_BODY_BYTES
HEARTBEAT_SECONDS = 15
# Another process may have said something; it cannot wake us.
LOOK_SECONDS = 2
LAST_SEQ = 2**31 - 1
REPLAY_MESSAGES = 200
ASSETS = frozenset(path.name for path in PAGE.iterdir() if path.suffix in (".js", ".css", ".svg"))
# Old buttons may be pressed late; their titles are looked for among this many replies.
TITLE_SEARCH_REPLIES = 100
_SESSION_UNKNOWN = ("token_unknown", "Phiên trò chuyện không còn, cô/bác tải lại trang giúp em ạ.")

Context = Annotated[WebContext, Depends(web_context)]
router = APIRouter()
_templates = Environment(loader=FileSystemLoader(PAGE), autoescape=select_autoescape())


@router.get("/", include_in_schema=False)
async def page(context: Context) -> HTMLResponse:
    """The chat page; the province's name is its only variable."""
    name = context.content.packs.province(context.province).name
    return HTMLResponse(_templates.get_template("index.html").render(province=name))


@router.post("/webchat/conversations", status_code=201)
async def open_session(request: Request, context: Context) -> JSONResponse:
    """Begin an anonymous conversation. The token authorises messages, the cookie (closed to scripts) the stream."""
    token = new_token()

    def work(connection: Connection) -> None:
        now = context.clock.now()
        inbox.open_conversation(connection, context.keyring, CHANNEL, address_of(token), context.province, now)

    await context.database.run(work)
    response = JSONResponse({"token": token}, status_code=201)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, COOKIE_SECONDS, path="/webchat", httponly=True, samesite="strict", secure=secure)
    return response


@router.post("/webchat/messages", status_code=202)
async def take_message(
    request: Request, context: Context, authorization: Annotated[str, Header()] = ""
) -> dict[str, object]:
    """Store one message; 202 means that it is on disk. The same id again is the same message."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(401, *_SESSION_UNKNOWN)
    body = await _json_body(request)
    try:
        message = read_message(body, address_of(token), context.clock.now())
    except MessageInvalid as invalid:
        raise Problem(422, "message_invalid", str(invalid)) from invalid
    _refuse_foreign_payload(message, context)
    accepted = await context.database.run(lambda connection: _accept(connection, context, message))
    if accepted.work is not None:
        context.worker.begin(accepted.work)
    else:
        context.wakeups.notify(INBOX)
    context.wakeups.notify(accepted.conversation_id)
    return {"id": body["id"], "seq": accepted.seq, "duplicate": accepted.duplicate}


@router.get("/webchat/events")
async def events(
    context: Context,
    after: Annotated[int, Query(ge=0, le=LAST_SEQ)] = 0,
    last_event_id: Annotated[str, Header()] = "",
    hotline_webchat: Annotated[str, Cookie()] = "",
) -> StreamingResponse:
    """Server-sent events: first what was said before, then `ready`, then whatever comes."""
    address = address_of(hotline_webchat)
    found = await context.database.read(lambda connection: inbox.find_conversation(connection, CHANNEL, address))
    if not hotline_webchat or found is None:
        raise Problem(401, *_SESSION_UNKNOWN)
    if last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) < 10:
        after = max(after, int(last_event_id))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = _stream(context, found["id"], after)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.get("/webchat/{asset}", include_in_schema=False)
async def asset(asset: str) -> Response:
    """The page's own script, style and icon."""
    if asset not in ASSETS:
        raise Problem(404, "not_found", "Không có tệp này.")
    return FileResponse(PAGE / asset, headers={"Cache-Control": "no-cache"})


async def _stream(context: WebContext, conversation_id: str, after: int) -> AsyncIterator[bytes]:
    ready, silent = False, 0.0
    while True:
        # Listen before looking: what is said between the look and the wait wakes us
        news = context.wakeups.listen(conversation_id)
        try:
            rows = await context.database.read(partial(_thread_after, conversation_id, after))
            for row in rows:
                after, silent = row["seq"], 0.0
                yield b"id: %d\nevent: message\ndata: %s\n\n" % (after, orjson.dumps(event_of(row)))
            if rows:
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


def _thread_after(conversation_id: str, after: int, connection: Connection) -> list[RowMapping]:
    return thread(connection, conversation_id, after, REPLAY_MESSAGES)


def _accept(connection: Connection, context: WebContext, message: InboundMessage) -> inbox.Accepted:
    found = inbox.find_conversation(connection, CHANNEL, message.address)
    if found is None:
        raise Problem(401, *_SESSION_UNKNOWN)
    if message.payload is not None:
        title = _title_of(connection, context, found["id"], message.payload)
        message = InboundMessage(**{**vars(message), "text": title})
    return inbox.accept(connection, found["id"], message, context.clock.now(), context.worker.lease())


def _title_of(connection: Connection, context: WebContext, conversation_id: str, payload: str) -> str:
    """What the pressed button said: the thread shows words, not payloads."""
    said = (
        select(outbound.c.reply)
        .filter_by(conversation_id=conversation_id)
        .order_by(outbound.c.seq.desc())
        .limit(TITLE_SEARCH_REPLIES)
    )
    for reply in connection.scalars(said):
        for button in reply["buttons"]:
            if button["payload"] == payload:
                return str(button["title"])
    # the page's own button needs no reply that offered it
    return context.content.phrases.say("person_button") if payload == "/request_person" else ""


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
    body, size = b"", 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_BODY_BYTES:
            body += chunk
        elif size > DRAINED_BODY_BYTES:
            break
    if size > MAX_BODY_BYTES:
        raise Problem(413, "body_too_large", "Tin nhắn quá dài, cô/bác gửi từng phần ngắn hơn giúp em ạ.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "json_invalid", "Nội dung gửi lên không phải JSON.") from error
