"""The session's cookie as browsers get it, and what is known of a browser."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from bot.web.limits import network_of
from console.context import ConsoleContext
from console.sessions import COOKIE
from console.sign_in import Browser
from store.text import clean

PATH = "/console"


def browser_of(request: Request) -> Browser:
    """The browser that sent `request`."""
    name = clean(request.headers.get("User-Agent", ""))
    network = network_of(request.client.host if request.client else "")
    return Browser(name, network, request.cookies.get(COOKIE, ""))


def give_cookie(response: Response, request: Request, context: ConsoleContext, cookie: str) -> None:
    """Sign the browser in. The server ends the session; the browser forgets the cookie when it is closed."""
    response.set_cookie(COOKIE, cookie, path=PATH, httponly=True, samesite="lax", secure=_is_secure(request, context))


def take_cookie(response: Response, request: Request, context: ConsoleContext) -> None:
    """Sign the browser out."""
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax", secure=_is_secure(request, context))


def _is_secure(request: Request, context: ConsoleContext) -> bool:
    return request.url.scheme == "https" or (context.public_url or "").startswith("https:")
