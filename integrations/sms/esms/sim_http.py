"""A connection that is kept, for thousands of small GETs a second over plain HTTP on the loopback."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

LONGEST_BODY = 64 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})\b")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,9})\r\n", re.IGNORECASE)
_ENDS = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)


class NotHttp(Exception):
    """An address that is none, or an answer that nobody can read."""


class Line:
    """One caller's; calls one after another. A server that has meanwhile ended it is called anew."""

    def __init__(self) -> None:
        self._to: tuple[str, int] | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, url: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body. Raises OSError, EOFError, NotHttp."""
        parts = urlsplit(url)
        try:
            to = (parts.hostname or "", parts.port or 80)
        except ValueError:
            raise NotHttp from None
        if parts.scheme != "http" or not to[0]:
            raise NotHttp
        both = "&".join(one for one in (parts.query, urlencode(query)) if one)
        path = f"{parts.path or '/'}?{both}"
        if not path.isascii() or any(one in path for one in " \r\n"):
            raise NotHttp
        request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: */*\r\n\r\n".encode()
        if self._streams is not None and self._to == to:
            try:
                return await self._ask(request, *self._streams)
            except (OSError, EOFError):
                self.close()
        self.close()
        self._streams, self._to = await asyncio.open_connection(*to), to
        return await self._ask(request, *self._streams)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _ask(
        self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[int, bytes]:
        writer.write(request)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise NotHttp from None
        status, length = _STATUS.match(head), _LENGTH.search(head)
        if status is None:
            raise NotHttp
        size = int(length[1]) if length else 0
        if length is None or size > LONGEST_BODY or _ENDS.search(head):
            # Without a length it lasts until the end, which nobody here waits for
            body = (
                await reader.read(LONGEST_BODY) if length is None else await reader.readexactly(min(size, LONGEST_BODY))
            )
            self.close()
            return int(status[1]), body
        return int(status[1]), await reader.readexactly(size)
