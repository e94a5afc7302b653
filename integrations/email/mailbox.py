"""The mailbox over IMAP (RFC 3501, IDLE by RFC 2177). Blocking: whoever uses it gives it a thread of its own.

Every failure is a MailboxClosed with a stable code; afterwards only `close` may be called, and a new one is opened.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from imapclient import SEEN, IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from integrations.email.scanner import OnePart, Skeleton
from store.mail_addresses import MailServer
from store.text import clean

FOLDER = "INBOX"
CONNECT_SECONDS, READ_SECONDS = 10, 30
PIECE = 256 * 1024  # bytes of a mail per call: all that is held of it at a time
MOST_UIDS, MOST_FOUND = 200, 20
LONGEST_HEADER = 4000
LOGIN_REFUSED, NOT_REACHED, NO_TLS, ENDED = "imap_login", "imap_not_reached", "imap_no_tls", "imap_ended"


@dataclass(frozen=True)
class Sized:
    """`size` in bytes; `received_at`: by the server's clock."""

    size: int
    received_at: datetime


class MailboxClosed(Exception):
    """The mailbox cannot be used (any more). `code`: LOGIN_REFUSED, NOT_REACHED, NO_TLS, ENDED."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@contextlib.contextmanager
def _closing() -> Iterator[None]:
    """What went wrong, without the words of the server, which may repeat what was said to it."""
    try:
        yield
    except LoginError:
        raise MailboxClosed(LOGIN_REFUSED) from None
    except (IMAPClientError, OSError, EOFError, ValueError, LookupError, AttributeError) as error:
        raise MailboxClosed(NO_TLS if isinstance(error, ssl.SSLError) else ENDED) from None


class Mailbox:
    """One connection with INBOX selected. `uid_validity`: UIDs of another one mean other mails."""

    def __init__(self, server: MailServer) -> None:
        """Raises MailboxClosed."""
        self._aborted = threading.Event()
        self._client = _connect(server)
        try:
            with _closing():
                _secure(self._client, server)
                self._client.normalise_times = False  # with their zone
                self._client.login(server.user, server.password)
                selected = self._client.select_folder(FOLDER)
                self.uid_validity = int(selected[b"UIDVALIDITY"])
                self.may_idle = self._client.has_capability("IDLE")
        except MailboxClosed:
            self.close()
            raise

    def newer(self, uid: int) -> list[int]:
        """UIDs above `uid`, the lowest first, at most MOST_UIDS."""
        return self._search(uid)

    def unread_since(self, uid: int, since: datetime) -> list[int]:
        """The same of mails that came since that day and nobody has read."""
        return self._search(uid, "UNSEEN", "SINCE", since.date())

    def unread_or_since(self, uid: int, since: datetime) -> list[int]:
        """The same of mails that nobody has read, or that came since that day."""
        return self._search(uid, "OR", "UNSEEN", "SINCE", since.date())

    def highest(self) -> int:
        """The highest UID there is; 0 of an empty mailbox."""
        with _closing():
            self._client.noop()
            found = self._client.search(["UID", "*"])
        return max(found, default=0)

    def sized(self, uids: list[int]) -> dict[int, Sized]:
        """In order, without those that are there no more."""
        with _closing():
            found = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
            # Of one that is gone the server may still tell something else
            there = ((uid, one) for uid, one in sorted(found.items()) if b"RFC822.SIZE" in one)
            return {uid: Sized(int(one[b"RFC822.SIZE"]), one[b"INTERNALDATE"]) for uid, one in there}

    def header(self, uid: int) -> str:
        """Who wrote what and when, as it came, of a mail that is not read further."""
        return clean(self.head(uid)[:LONGEST_HEADER].decode("utf-8", "replace"))

    def head(self, uid: int) -> bytes:
        """The header fields by which a mail is known; empty when it is gone."""
        fields = "BODY.PEEK[HEADER.FIELDS (FROM DATE SUBJECT MESSAGE-ID)]"
        with _closing():
            answer = self._client.fetch([uid], [fields]).get(uid, {})
            found: bytes = next((value for name, value in answer.items() if name.startswith(b"BODY[")), b"")
        return found

    def skeleton(self, uid: int) -> Skeleton | None:
        """A mail without what is attached, whatever its size; None when it is gone. It stays unread."""
        skeleton, is_there = Skeleton(), False
        for piece in self._pieces(uid):
            is_there = True
            skeleton.feed(piece)
        skeleton.finish()
        return skeleton if is_there else None

    def part(self, uid: int, part: int, limit: int) -> OnePart:
        """One part of a mail as it travels, up to `limit` bytes."""
        collected = OnePart(part, limit)
        for piece in self._pieces(uid):
            collected.feed(piece)
            if collected.is_too_large:
                break
        collected.finish()
        return collected

    def find(self, message_id: str) -> list[int]:
        """The UIDs of the newest mails with this Message-ID, which may be several and of several people."""
        quoted = message_id.replace("\\", "\\\\").replace('"', '\\"')
        with _closing():
            found = self._client.search(f'HEADER Message-ID "{quoted}"')
        return sorted(found, reverse=True)[:MOST_FOUND]

    def mark_read(self, uids: list[int]) -> None:
        if uids:
            with _closing():
                self._client.add_flags(uids, [SEEN], silent=True)

    def wait(self, seconds: float) -> None:
        """Until something happens there, at most so long; the server's limit of 29 minutes is never near. Without IDLE
        the whole time.
        """
        if not self.may_idle:
            self._aborted.wait(seconds)
            return
        with _closing():
            # What came since the last search is told in one breath with "idling", where the library does not look
            if not self._client.noop()[1]:
                self._client.idle()
                self._client.idle_check(timeout=seconds)
                self._client.idle_done()

    def abort(self) -> None:
        """From another thread: whatever is waited for ends at once."""
        self._aborted.set()
        with contextlib.suppress(OSError, AttributeError):
            self._client.socket().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(IMAPClientError, OSError, EOFError, AttributeError):
            self._client.shutdown()

    def _search(self, uid: int, *criteria: str | date) -> list[int]:
        with _closing():
            self._client.noop()  # only now may the server tell of new ones
            # "n:*" always gives the last one, also when it is lower
            found = self._client.search(["UID", f"{uid + 1}:*", *criteria])
        return sorted(one for one in found if one > uid)[:MOST_UIDS]

    def _pieces(self, uid: int) -> Iterator[bytes]:
        at = 0
        while True:
            with _closing():
                found = self._client.fetch([uid], [f"BODY.PEEK[]<{at}.{PIECE}>"])
                answer = found.get(uid, {})
                piece: bytes = next((value for name, value in answer.items() if name.startswith(b"BODY[]")), b"") or b""
            if uid in found and (piece or not at):
                yield piece
            if len(piece) < PIECE:
                return
            at += len(piece)


def _connect(server: MailServer) -> IMAPClient:
    timeout = SocketTimeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    try:
        return IMAPClient(server.host, server.port, ssl=server.implicit_tls, timeout=timeout)
    except ssl.SSLError:
        raise MailboxClosed(NO_TLS) from None
    except (IMAPClientError, OSError, EOFError):
        raise MailboxClosed(NOT_REACHED) from None


def _secure(client: IMAPClient, server: MailServer) -> None:
    """A password is said behind TLS only; on the loopback nobody listens. Raises MailboxClosed."""
    if server.implicit_tls or not server.needs_tls:
        return
    if not client.has_capability("STARTTLS"):
        raise MailboxClosed(NO_TLS)
    client.starttls(ssl.create_default_context())
