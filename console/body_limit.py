"""How much a call may bring: anybody may send one before signing in, and what is sent is read into memory.

Plain ASGI, counted as it arrives: what a header announces is not to be trusted.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.problems import Problem
from programme.shop_file import MOST_BYTES as LARGEST_LIST

# The longest answer, 4,000 characters as forms write Vietnamese, is 36,000 bytes.
MOST_BYTES = 256 << 10
# A file of the largest list with what a form puts around it; whoever may send one is signed in before it is read.
UPLOADS = "/console/imports"
LARGEST_UPLOAD = LARGEST_LIST + (64 << 10)


class BodyLimit:
    """Whoever reads more than MOST_BYTES of a request gets Problem 413 field_too_long, of a list that is uploaded
    file_too_large; where the header announces more, nothing of it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == UPLOADS:
            most, problem = LARGEST_UPLOAD, Problem(413, "file_too_large", "")
        else:
            most, problem = MOST_BYTES, Problem(413, "field_too_long", "")
        announced = dict(scope.get("headers", ())).get(b"content-length", b"")
        is_larger = announced.isdigit() and (len(announced) > 15 or int(announced) > most)
        await self.app(scope, bounded(receive, -1 if is_larger else most, problem), send)


def bounded(receive: Receive, most: int, too_long: Exception) -> Receive:
    """`receive`, which raises `too_long` once more than `most` bytes of a body have come."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise too_long
        return message

    return counted
