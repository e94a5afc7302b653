"""A small IMAP server on the loopback, for one mailbox: what the hotline asks of it (RFC 3501, IDLE)."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from integrations.email.sim_listening import listening

_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\([^()]*\))|((?:[^\s"\[]|\[[^\]]*\])+)')
_PARTIAL = re.compile(r"BODY\.PEEK\[\]<(\d+)\.(\d+)>")
_FIELDS = re.compile(r"BODY\.PEEK\[HEADER\.FIELDS \(([^)]*)\)\]")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class Content(Protocol):
    """Bytes, or what makes them piece by piece: a large mail need not lie in memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: slice, /) -> bytes: ...


@dataclass
class StoredMail:
    """What lies in the mailbox."""

    uid: int
    content: Content
    received_at: datetime
    flags: set[str] = field(default_factory=set)


class ImapServer:
    """`mails`: what lies there. `may_idle`: whether IDLE is offered. `lets_in`: whether anybody may sign in.

    `fetched`: UIDs whose content was asked for, in order. `drops`: so many IDLEs end with the connection.
    """

    def __init__(self, user: str, password: str, now: Callable[[], datetime]) -> None:
        self.user, self.password, self.now = user, password, now
        self.mails: list[StoredMail] = []
        self.uid_validity, self._next_uid = 1, 1
        self.may_idle, self.lets_in, self.drops = True, True, 0
        self.port = 0
        self.fetched: list[int] = []
        self._idle: set[asyncio.Event] = set()

    def append(self, content: Content, received_at: datetime | None = None) -> StoredMail:
        """A mail arrives; whoever waits is told."""
        mail = StoredMail(self._next_uid, content, received_at or self.now())
        self._next_uid += 1
        self.mails.append(mail)
        for waiting in self._idle:
            waiting.set()
        return mail

    def number_anew(self) -> None:
        """All UIDs are others from now on, as after a restored backup."""
        self.uid_validity += 1
        for number, mail in enumerate(self.mails, 1):
            mail.uid = number
        self._next_uid = len(self.mails) + 1

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Serve on a free port of the loopback."""
        async with listening(lambda reader, writer: _Session(self, reader, writer).run()) as self.port:
            yield self.port

    async def arrives(self, known: int) -> None:
        """Until there are other than `known` mails."""
        waiting = asyncio.Event()
        self._idle.add(waiting)
        try:
            if len(self.mails) == known:
                await waiting.wait()
        finally:
            self._idle.discard(waiting)


class _Session:
    def __init__(self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self._known, self._is_in, self._is_selected = 0, False, False

    async def run(self) -> None:
        self._say(b"* OK simulated")
        while line := await self.reader.readline():
            tag, _, rest = line.strip().partition(b" ")
            name, _, arguments = rest.partition(b" ")
            command = name.upper().decode()
            if command == "LOGOUT":
                self._say(b"* BYE see you", tag + b" OK done")
                await self.writer.drain()
                return
            if command == "IDLE":
                if not await self._wait(tag):
                    return
                continue
            self._answer(tag, command, arguments)
            await self.writer.drain()

    def _answer(self, tag: bytes, command: str, arguments: bytes) -> None:
        if command == "CAPABILITY":
            offered = b" IDLE" if self.server.may_idle else b""
            self._say(b"* CAPABILITY IMAP4rev1" + offered, tag + b" OK done")
        elif command == "LOGIN":
            self._login(tag, _words(arguments))
        elif not self._is_in:
            self._say(tag + b" BAD sign in first")
        elif command == "SELECT":
            self._is_selected, self._known = True, len(self.server.mails)
            status = f"* {self._known} EXISTS\r\n* OK [UIDVALIDITY {self.server.uid_validity}] here"
            self._say(status.encode(), tag + b" OK [READ-WRITE] selected")
        elif command == "NOOP":
            self._news()
            self._say(tag + b" OK done")
        elif command == "UID" and self._is_selected:
            kind, _, rest = arguments.partition(b" ")
            {"SEARCH": self._search, "FETCH": self._fetch, "STORE": self._store}[kind.upper().decode()](rest)
            self._say(tag + b" OK done")
        else:
            self._say(tag + b" BAD not here")

    def _login(self, tag: bytes, given: Sequence[str]) -> None:
        self._is_in = self.server.lets_in and list(given) == [self.server.user, self.server.password]
        self._say(tag + (b" OK done" if self._is_in else b" NO [AUTHENTICATIONFAILED] wrong user or password"))

    async def _wait(self, tag: bytes) -> bool:
        """IDLE; whether the connection goes on."""
        self._say(b"+ idling")
        await self.writer.drain()
        if self.server.drops:
            self.server.drops -= 1
            return False
        done = asyncio.ensure_future(self.reader.readline())
        while not done.done():
            news = asyncio.ensure_future(self.server.arrives(self._known))
            await asyncio.wait([done, news], return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            self._news()
            await self.writer.drain()
        self._say(tag + b" OK done")
        await self.writer.drain()
        return bool(done.result())

    def _news(self) -> None:
        if self._known != len(self.server.mails):
            self._known = len(self.server.mails)
            self._say(f"* {self._known} EXISTS".encode())

    def _search(self, arguments: bytes) -> None:
        words = _words(arguments)
        found = [mail.uid for mail in self.server.mails if self._fits(mail, words)]
        self._say(" ".join(["* SEARCH", *map(str, found)]).encode())

    def _fits(self, mail: StoredMail, words: Sequence[str]) -> bool:
        rest = list(words)

        def next_one() -> bool:
            key = rest.pop(0).upper()
            if key == "UID":
                return mail.uid in self._uids(rest.pop(0))
            if key == "UNSEEN":
                return "\\Seen" not in mail.flags
            if key == "SINCE":
                day, month, year = rest.pop(0).split("-")
                return mail.received_at.date() >= datetime(int(year), _MONTHS.index(month) + 1, int(day)).date()  # noqa: DTZ001
            if key == "HEADER":
                name, value = rest.pop(0), rest.pop(0)
                return any(value.encode() in line for line in _header(mail.content, [name]).splitlines())
            if key == "OR":
                either, other = next_one(), next_one()
                return either or other
            raise ConnectionResetError(key)

        fits = True
        while rest:
            fits = next_one() and fits
        return fits

    def _uids(self, named: str) -> set[int]:
        there = [mail.uid for mail in self.server.mails]
        highest = max(there, default=0)
        found: set[int] = set()
        for one in named.split(","):
            first, _, last = one.partition(":")
            ends = [highest if end == "*" else int(end) for end in (first, last or first)]
            found |= {uid for uid in there if min(ends) <= uid <= max(ends)}
        return found

    def _fetch(self, arguments: bytes) -> None:
        named, _, items = arguments.decode().partition(" ")
        wanted = self._uids(named)
        for number, mail in enumerate(self.server.mails, 1):
            if mail.uid in wanted:
                self.writer.write(b"* %d FETCH (UID %d" % (number, mail.uid))
                self._items(mail, items)
                self._say(b")")

    def _items(self, mail: StoredMail, items: str) -> None:
        if "RFC822.SIZE" in items:
            at = mail.received_at
            date = f"{at.day:02}-{_MONTHS[at.month - 1]}-{at:%Y %H:%M:%S %z}"
            self.writer.write(f' RFC822.SIZE {len(mail.content)} INTERNALDATE "{date}"'.encode())
        if found := _PARTIAL.search(items):
            self.server.fetched.append(mail.uid)
            start, length = int(found[1]), int(found[2])
            self._literal(f"BODY[]<{start}>", mail.content[start : start + length])
        if found := _FIELDS.search(items):
            self._literal(f"BODY[HEADER.FIELDS ({found[1]})]", _header(mail.content, found[1].split()))

    def _literal(self, name: str, content: bytes) -> None:
        self.writer.write(f" {name} {{{len(content)}}}\r\n".encode() + content)

    def _store(self, arguments: bytes) -> None:
        named, _, flags = arguments.decode().partition(" ")
        wanted = self._uids(named)
        for mail in self.server.mails:
            if mail.uid in wanted:
                mail.flags |= set(re.findall(r"\\\w+", flags))

    def _say(self, *lines: bytes) -> None:
        self.writer.write(b"".join(line + b"\r\n" for line in lines))


def _words(arguments: bytes) -> list[str]:
    found = (quoted or group or bare for quoted, group, bare in _TOKEN.findall(arguments))
    return [re.sub(r"\\(.)", r"\1", word.decode("utf-8", "replace")) for word in found]


def _header(content: Content, names: Sequence[str]) -> bytes:
    """The header lines with these names, with an empty line behind them."""
    head = re.split(rb"\r?\n\r?\n", content[: 64 * 1024], maxsplit=1)[0]
    lines = re.split(rb"\r?\n(?![ \t])", head)
    wanted = tuple(f"{name.lower()}:".encode() for name in names)
    return b"".join(line + b"\r\n" for line in lines if line.lower().startswith(wanted)) + b"\r\n"
