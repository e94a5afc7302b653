"""The mail that an answer becomes: plain text to the ticket's own address, in its thread, under its number."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email import policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from integrations.fitting import LIMITS, shown_text
from integrations.provider import Outgoing
from store.mail_threads import MOST_REFERENCES, message_ids_in
from store.text import clean

_ANSWER = re.compile(r"^(?:\s*(?:re|tr|trả lời)\s*:)+\s*", re.IGNORECASE)
_TOKEN = re.compile(r"\s*\[HS-\d{4}-\d+\]\s*", re.IGNORECASE)
LONGEST_SUBJECT = 150
CRLF = "\r\n"
ATTACHED = "Hotline gửi kèm một tệp trong thư này."


@dataclass(frozen=True)
class Thread:
    """Where a mail goes: the owner's address, and what their ticket and thread are called."""

    address: str
    number: str
    subject: str
    last_message_id: str | None
    references: str


def write(message: Outgoing, thread: Thread, sender: str, message_id: str) -> bytes:
    """As it goes over the wire. Buttons are left out: there is nothing to press in a mail, and no bot to answer "2"."""
    mail = EmailMessage(policy=policy.SMTP)
    local, _, domain = sender.partition("@")
    mail["From"] = Address("Hotline", local, domain)
    mail["To"] = thread.address
    mail["Date"] = format_datetime(message.now)
    mail["Message-ID"] = message_id
    lines = subject_line(subject_of(thread))
    known = [one for one in (*message_ids_in(thread.references), thread.last_message_id) if one]
    if known:
        lines += _thread_line("In-Reply-To", [known[-1]])
        lines += _thread_line("References", list(dict.fromkeys(known[-MOST_REFERENCES:])))
    if message.automatic:
        mail["Auto-Submitted"] = "auto-replied"
        mail["X-Auto-Response-Suppress"] = "All"
    words = shown_text(replace(message.reply, buttons=()), LIMITS["email"])
    mail.set_content((words or ATTACHED) + "\n", charset="utf-8", cte="quoted-printable")
    if message.file is not None:
        main, _, kind = message.file.media_type.partition("/")
        mail.add_attachment(
            message.file.content, maintype=main, subtype=kind or "octet-stream", filename=message.file.name
        )
    return lines + mail.as_bytes()


def _thread_line(name: str, message_ids: list[str]) -> bytes:
    """One to a line, as they came: the library would encode a long one, by which no program finds its thread."""
    return f"{name}: {f'{CRLF} '.join(message_ids)}{CRLF}".encode("ascii")


def subject_line(subject: str) -> bytes:
    """As it goes over the wire. The library's newer way of folding loses spaces between Vietnamese words."""
    return f"Subject: {Header(subject, 'utf-8', header_name='Subject').encode(linesep=CRLF)}{CRLF}".encode("ascii")


def subject_of(thread: Thread) -> str:
    """ "Re: what they wrote [HS-2026-000123]"."""
    plain = clean(_TOKEN.sub(" ", _ANSWER.sub("", thread.subject))).replace("\n", " ").replace("\t", " ")
    return f"Re: {plain[:LONGEST_SUBJECT].strip()} [{thread.number}]".replace("Re:  [", "Re: [")
