"""What a mail is once it has been read. Immutable; who reads it is reading.py, who places it bot/mail.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Authentication(StrEnum):
    """What our own mail server found out about the sender's domain (DMARC, in Authentication-Results)."""

    PASS = "pass"  # noqa: S105 - a word of the protocol
    FAIL = "fail"
    NONE = "none"


class Machine(StrEnum):
    """Why nobody waits for an answer to a mail: no person wrote it, or not to us."""

    OURSELVES = "mail_from_ourselves"
    AUTOMATIC = "mail_automatic"  # Auto-Submitted, an empty Return-Path, mailer-daemon
    BULK = "mail_bulk"  # Precedence, List-*
    BOUNCE = "mail_bounce"


@dataclass(frozen=True)
class MailPart:
    """Something attached. `part`: its number within the mail (scanner.py). `size`: about as many bytes."""

    part: int
    name: str | None
    media_type: str
    size: int


@dataclass(frozen=True)
class Bounce:
    """A mail of ours did not arrive. `message_ids`: ours that it names. `status`: as RFC 3463, "" if it says none.

    `is_final`: it will not be tried again.
    """

    message_ids: tuple[str, ...]
    status: str
    is_final: bool


@dataclass(frozen=True)
class Mail:
    """`identity`: the same mail has the same, however often it is fetched. `sender`: a plain address; None: it names
    none. `references`: Message-IDs that it answers, the newest last. `may_answer`: nothing forbids an automatic answer.
    `is_cut`: there is more of it than is kept here.
    """

    identity: str
    message_id: str | None
    sender: str | None
    sender_name: str | None
    subject: str
    text: str
    references: tuple[str, ...] = ()
    parts: tuple[MailPart, ...] = ()
    authentication: Authentication = Authentication.NONE
    machine: Machine | None = None
    bounce: Bounce | None = None
    may_answer: bool = True
    is_cut: bool = False
    header: str = field(default="", repr=False)
