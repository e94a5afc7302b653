"""A small SMTP server on the loopback (RFC 5321, AUTH PLAIN and LOGIN) that can be as difficult as real ones."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from integrations.email.sim_listening import listening
from integrations.simulation.faults import Fault, FaultKind, Faults

Take = Callable[[str, str, bytes], None]


@dataclass
class SmtpServer:
    """`take(sender, recipient, mail)` gets what is accepted. `refuses(recipient)`: an answer to RCPT, None to accept.

    A fault strikes a mail: `error` with its code at RCPT, `rate_limit` greylists, `reset_before` ends the connection
    before anything is taken, `reset_after` behind the final dot, `slow` makes it wait.
    """

    user: str
    password: str
    take: Take
    refuses: Callable[[str], str | None]
    faults: Faults
    port: int = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Serve on a free port of the loopback."""
        async with listening(lambda reader, writer: _Session(self, reader, writer).run()) as self.port:
            yield self.port


class _Session:
    def __init__(self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self._is_in, self._sender, self._recipient = False, "", ""
        self._fault: Fault | None = None

    async def run(self) -> None:
        await self._say("220 simulated")
        while line := await self.reader.readline():
            command, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            name = command.upper()
            if name == "QUIT":
                return await self._say("221 bye")
            if not await self._answer(name, rest):
                return

    async def _answer(self, name: str, rest: str) -> bool:
        """Whether the connection goes on."""
        if name in ("EHLO", "HELO"):
            await self._say("250-simulated", "250-8BITMIME", "250 AUTH PLAIN LOGIN")
        elif name == "AUTH":
            await self._authenticate(rest)
        elif name in ("RSET", "NOOP"):
            await self._say("250 fine")
        elif not self._is_in:
            await self._say("530 5.7.0 sign in first")
        elif name == "MAIL":
            self._sender, self._fault = _address(rest), self.server.faults.strike("smtp")
            await self._say("250 2.1.0 fine")
        elif name == "RCPT":
            await self._recipient_named(_address(rest))
        elif name == "DATA":
            return await self._data()
        else:
            await self._say("502 5.5.1 not here")
        return True

    async def _authenticate(self, rest: str) -> None:
        kind, _, initial = rest.partition(" ")
        if kind.upper() == "PLAIN":
            given = _plain(initial or await self._ask("334 "))[1:]
        else:
            given = [_decoded(initial or await self._ask("334 VXNlcm5hbWU6")), ""]
            given[1] = _decoded(await self._ask("334 UGFzc3dvcmQ6"))
        self._is_in = given == [self.server.user, self.server.password]
        await self._say("235 2.7.0 welcome" if self._is_in else "535 5.7.8 wrong user or password")

    async def _recipient_named(self, recipient: str) -> None:
        fault = self._fault
        if fault is not None and fault.kind is FaultKind.RATE_LIMIT:
            return await self._say("451 4.7.1 greylisted, come back later")
        if fault is not None and fault.kind is FaultKind.ERROR:
            return await self._say(f"{fault.code or 550} refused")
        refusal = self.server.refuses(recipient)
        self._recipient = "" if refusal else recipient
        await self._say(refusal or "250 2.1.5 fine")

    async def _data(self) -> bool:
        if not self._recipient:
            await self._say("503 5.5.1 nobody to bring it to")
            return True
        if self._fault is not None and self._fault.kind is FaultKind.RESET_BEFORE:
            return False
        await self._say("354 go on")
        content = bytearray()
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                return False
            content += line[1:] if line.startswith(b".") else line
        if self._fault is not None and self._fault.kind is FaultKind.SLOW:
            await asyncio.sleep(self._fault.seconds)
        self.server.take(self._sender, self._recipient, bytes(content))
        if self._fault is not None and self._fault.kind is FaultKind.RESET_AFTER:
            return False
        await self._say("250 2.0.0 taken")
        return True

    async def _ask(self, line: str) -> str:
        await self._say(line)
        return (await self.reader.readline()).decode("ascii", "replace").strip()

    async def _say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0].lower()


def _plain(initial: str) -> list[str]:
    return _decoded(initial).split("\0")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except binascii.Error:
        return ""
