"""Kept-alive HTTP/1.1 connections for ready-made requests: so cheap that a load generator hardly competes."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Wires:
    """`count` connections to one server, used in turn; who finds none free waits for one."""

    def __init__(self, url: str, count: int) -> None:
        place = urlsplit(url)
        self._host, self._port = place.hostname or "", place.port or 80
        # None: to be opened. In turn, so that none is idle for as long as a server keeps an unused one.
        self._free: asyncio.Queue[Connection | None] = asyncio.Queue()
        for _ in range(count):
            self._free.put_nowait(None)

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, url: str, count: int) -> AsyncIterator[Wires]:
        wires = cls(url, count)
        try:
            for _ in range(count):
                wires._free.put_nowait(await wires._usable(wires._free.get_nowait()))
            yield wires
        finally:
            while not wires._free.empty():
                if (wire := wires._free.get_nowait()) is not None:
                    wire[1].close()

    async def post(self, request: bytes) -> int:
        """The answer's status; 0 when there is none."""
        wire, status = await self._free.get(), 0
        try:
            wire = await self._usable(wire)
            reader, writer = wire
            writer.write(request)
            head = await reader.readuntil(_END)
            if length := _LENGTH.search(head):
                await reader.readexactly(int(length[1]))
            status = int(head[9:12])
        except (OSError, EOFError):
            pass
        finally:
            if not status and wire is not None:
                wire[1].close()  # what comes in late would be taken for the next answer
                wire = None
            self._free.put_nowait(wire)
        return status

    async def _usable(self, wire: Connection | None) -> Connection:
        if wire is not None and not wire[0].at_eof():
            return wire
        if wire is not None:
            wire[1].close()
        return await asyncio.open_connection(self._host, self._port)


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A POST of JSON as it goes over the wire."""
    fixed = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in {**fixed, **headers}.items())]
    return "\r\n".join(lines).encode() + _END + body
