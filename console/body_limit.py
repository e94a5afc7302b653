"""How much a call may bring: anybody may send one before signing in, and what is sent is read into memory.

Plain ASGI, counted as it arrives: what a header announces is not to be trusted.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.problems import Problem

# The longest answer, 4,000 characters as forms write Vietnamese, is 36,000 bytes.
MOST_BYTES = 256 << 10


class BodyLimit:
    """Whoever reads more than MOST_BYTES of a request gets Problem 413 field_too_long."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, bounded(receive, MOST_BYTES, Problem(413, "field_too_long", "")), send)


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
