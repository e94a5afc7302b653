"""Who is asking: the web chat's anonymous sessions, by token, cookie or a ticket that opens one stream once.

What changes something needs the token in a header, which no other site's page can send. The cookie (for EventSource)
and the ticket (for EventSource where cookies are blocked) only let read.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Literal

from fastapi import Request, Response
from sqlalchemy import Connection, RowMapping, delete

from bot import inbox
from bot.web.context import WebContext
from bot.web.problems import Problem
from integrations.webchat.client import CHANNEL, address_of
from store.channel_tables import ticket as used_ticket
from store.crypto import Keyring
from store.database import insert_if_new

COOKIE = "hotline_webchat"
COOKIE_SECONDS = 180 * 24 * 3600
TICKET_LIFE = timedelta(seconds=60)


def session_unknown() -> Problem:
    return Problem(401, "token_unknown", "Phiên trò chuyện không còn, cô/bác tải lại trang giúp em ạ.")


def token_of(request: Request, or_cookie: bool = False) -> str:
    """The session's token as it was sent. Raises Problem 401."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = request.cookies.get(COOKIE, "") if or_cookie else ""
    if not token:
        raise session_unknown()
    return token


def find_session(connection: Connection, token: str) -> RowMapping:
    """The conversation of a token. Raises Problem 401."""
    found = inbox.find_conversation(connection, CHANNEL, address_of(token))
    if found is None:
        raise session_unknown()
    return found


async def session_of(request: Request, context: WebContext, or_cookie: bool = False) -> str:
    """The id of the conversation that `request` belongs to. Raises Problem 401."""
    token = token_of(request, or_cookie)
    found = await context.database.read(lambda connection: find_session(connection, token))
    return str(found["id"])


def set_cookie(response: Response, token: str, is_secure: bool, is_embedded: bool) -> None:
    """Give the browser the session's cookie, closed to scripts.

    Inside another site's page a browser takes only a cookie that is marked for it, over https, and kept apart for each
    such site; without https there is none, and the page sends its token.
    """
    if is_embedded and not is_secure:
        return
    same_site: Literal["none", "strict"] = "none" if is_embedded else "strict"
    path, life = "/webchat", COOKIE_SECONDS
    response.set_cookie(COOKIE, token, life, path=path, httponly=True, secure=is_secure, samesite=same_site)
    if is_embedded:
        # Python's own cookies know this word from 3.14 on
        response.headers["Set-Cookie"] += "; Partitioned"


def make_ticket(keyring: Keyring, conversation_id: str, now: datetime) -> str:
    """A text that opens one event stream of the conversation, once, within TICKET_LIFE; it may stand in an address."""
    body = f"{conversation_id}.{int((now + TICKET_LIFE).timestamp())}.{secrets.token_hex(8)}"
    return f"{body}.{_signature(keyring, body)}"


def use_ticket(connection: Connection, keyring: Keyring, ticket: str, now: datetime) -> str:
    """The conversation that `ticket` opens. Raises Problem 401 when it was used, is too old or was not made here."""
    refused = Problem(401, "ticket_unknown", "Vé mở luồng tin đã dùng hoặc hết hạn, cô/bác tải lại trang giúp em ạ.")
    body, _, signature = ticket.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(keyring, body).encode()):
        raise refused
    conversation_id, until, _ = body.split(".")
    expires_at = datetime.fromtimestamp(int(until), now.tzinfo)
    if expires_at <= now:
        raise refused
    connection.execute(delete(used_ticket).where(used_ticket.c.expires_at <= now))
    row = {"ticket_hash": keyring.hash(ticket, "used_ticket"), "expires_at": expires_at}
    if insert_if_new(connection, used_ticket, row) is None:
        raise refused
    return conversation_id


def _signature(keyring: Keyring, body: str) -> str:
    return keyring.hash(body, "stream_ticket").hex()
