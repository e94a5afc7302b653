"""Reading what a browser sends: bounded in size and time."""

from __future__ import annotations

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from bot.web.problems import Problem

BODY_SECONDS = 120
# A client that is still sending would not hear our refusal: a little more is read, and thrown away.
DRAINED_BYTES = 8_000_000


async def read_body(request: Request, most_bytes: int) -> bytes | None:
    """The whole body; None when it is larger than `most_bytes`. Raises Problem 408 after BODY_SECONDS, 400."""
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= most_bytes:
                    body += chunk
                elif size > most_bytes + DRAINED_BYTES:
                    break
    except TimeoutError:
        raise Problem(408, "body_too_slow", "Mạng đang chậm, cô/bác gửi lại giúp em ạ.") from None
    except ClientDisconnect:
        raise Problem(400, "cut_off", "Nội dung gửi lên bị đứt giữa chừng.") from None
    return bytes(body) if size <= most_bytes else None
