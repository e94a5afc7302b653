"""A mail from its skeleton (scanner.py): who wrote, what, what is attached. Bears whatever it is given."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses

from integrations.email import charsets, guards
from integrations.email.html_text import to_text
from integrations.email.mail import Bounce, Machine, Mail, MailPart
from integrations.email.quoting import own_words
from integrations.email.scanner import PART, Skeleton
from store.crypto import Keyring
from store.mail_addresses import plain_address
from store.mail_threads import message_ids_in, own_message_ids_in
from store.text import clean

LONGEST_TEXT = 20_000  # characters; a longer one is cut, the whole stays in the mailbox
LONGEST_SUBJECT = 200
LONGEST_NAME = 80
LONGEST_KEPT_HEADER = 4000
LONGEST_SENDER = 1000  # characters of a From header; a longer one is no person's
MOST_ATTACHED = 30
DEEPEST = 12
# All that the library's parser is known to raise on damage, deep nesting included
BROKEN = (ValueError, LookupError, AttributeError, TypeError, AssertionError, RecursionError, OverflowError)
_STATUS = re.compile(r"^status\s*:\s*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
_ACTION = re.compile(r"^action\s*:\s*([a-z]+)", re.IGNORECASE | re.MULTILINE)
_ANGLED = re.compile(r"<([^<>]*)>")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+_-]{0,48}/[a-z0-9][a-z0-9.+_-]{0,48}")
UNKNOWN_TYPE = "application/octet-stream"
_ANSWER = re.compile(r"^\s*(?:re|tr|trả lời|phúc đáp|sv|aw)\s*:", re.IGNORECASE)


class Unreadable(Exception):
    """Not even the outer shape can be read. The argument is a stable code."""


def read(skeleton: Skeleton, keyring: Keyring, own_address: str) -> Mail:
    """Raises Unreadable."""
    parsed = _parse(bytes(skeleton.content))
    reader = _Reader(parsed, skeleton)
    try:
        reader.walk(parsed, 0)
        return _mail(parsed, reader, keyring, own_address)
    except BROKEN as error:
        raise Unreadable(f"mail_broken_{type(error).__name__}") from error


def _parse(content: bytes) -> Message:
    for rules in (policy.default, policy.compat32):
        try:
            parsed: Message = message_from_bytes(content, policy=rules)
            parsed.get_content_type()
            return parsed
        except BROKEN:
            continue
    raise Unreadable("mail_not_parsed")


def header(message: Message, name: str) -> str:
    """Its first one in words, on one line; "" when there is none."""
    return next(_headers(message, name), "")


def _headers(message: Message, name: str) -> Iterator[str]:
    return (_in_words(value) for value in _raw_headers(message, name))


def _raw_headers(message: Message, name: str) -> Iterator[str]:
    """As they came: the library's own reading of addresses and encoded words stumbles over damaged ones."""
    for given, value in message.raw_items():
        if given.lower() == name.lower():
            yield re.sub(r"[\r\n]+[ \t]*", " ", str(value))


def _in_words(value: str) -> str:
    return clean(charsets.raw_header(value)).replace("\n", " ")


def _mail(parsed: Message, reader: _Reader, keyring: Keyring, own_address: str) -> Mail:
    called, sender = _sender(list(_raw_headers(parsed, "From")))
    subject = header(parsed, "Subject")[:LONGEST_SUBJECT].strip()
    own = message_ids_in(header(parsed, "Message-ID"))
    answers = (*message_ids_in(header(parsed, "References")), *message_ids_in(header(parsed, "In-Reply-To")))
    authentication = guards.authentication_of(list(_headers(parsed, "Authentication-Results")))
    bounce = reader.bounce(header(parsed, "Subject"), sender)
    machine = guards.machine_of(lambda one: header(parsed, one), sender, own_address, bounce is not None)
    if machine is None and parsed.get_content_type() == "multipart/report":
        machine = Machine.AUTOMATIC  # that it was read, or the like
    whole = reader.text()[: 5 * LONGEST_TEXT]  # with what it quotes
    text = own_words(whole, bool(answers) or _ANSWER.match(subject) is not None)
    told = ("From", "Date", "Subject", "Message-ID")
    lines = (f"{name}: {value}" for name in told for value in _headers(parsed, name))
    return Mail(
        identity=_identity(parsed, keyring, own[0] if own else None, reader.body),
        message_id=own[0] if own else None,
        sender=sender,
        sender_name=called[:LONGEST_NAME] or None,
        subject=subject,
        text=text[:LONGEST_TEXT],
        references=tuple(dict.fromkeys(answers)),
        parts=tuple(reader.attached[:MOST_ATTACHED]),
        authentication=authentication,
        machine=machine,
        bounce=bounce if machine is Machine.BOUNCE else None,
        may_answer=guards.may_be_answered(lambda one: header(parsed, one), authentication),
        is_cut=reader.is_cut or len(text) > LONGEST_TEXT or len(reader.attached) > MOST_ATTACHED,
        header="\n".join(lines)[:LONGEST_KEPT_HEADER],
    )


def _sender(values: list[str]) -> tuple[str, str | None]:
    """Name and address; no address where it names none, or several. A comma in a name makes parts without one.

    Addresses are looked for before anything is decoded, and one in angle brackets is the only one: our mail server
    vouches for the address that stands there, not for what an encoded name or a comment makes of it. Nor is a name that
    looks like an address anybody's name.
    """
    if sum(len(value) for value in values) > LONGEST_SENDER:
        return "", None
    found = [(name, address) for name, one in getaddresses(values) if (address := plain_address(one)) is not None]
    angled = {plain_address(one) for value in values for one in _ANGLED.findall(value) if "@" in one}
    if len(found) != 1 or angled - {found[0][1]}:
        return "", None
    name, address = _in_words(found[0][0]), found[0][1]
    return ("" if "@" in name else name), address


def identity_of(head: bytes, keyring: Keyring) -> str | None:
    """The identity of the mail that begins with this header; None when its header alone does not tell."""
    parsed = _parse(head)
    own = message_ids_in(header(parsed, "Message-ID"))
    return _identity(parsed, keyring, own[0], str) if own else None


def _identity(parsed: Message, keyring: Keyring, message_id: str | None, body: Callable[[], str]) -> str:
    """By Message-ID, sender and date, since some programs give all their mails one Message-ID; without one by what it
    says. Known by this hash for good, so that it says nothing of the person.
    """
    known = [header(parsed, "From"), header(parsed, "Date"), message_id or ""]
    if message_id is None:
        known += [header(parsed, "Subject"), body()]
    return keyring.lasting_hash("\n".join(known), "mail_identity").hex()


class _Reader:
    """Walks the parts once and keeps what matters."""

    def __init__(self, parsed: Message, skeleton: Skeleton) -> None:
        self.parsed, self.sizes = parsed, skeleton.sizes
        self.is_cut = skeleton.is_cut
        self.attached: list[MailPart] = []
        self._texts: list[str] = []
        self._reports: list[str] = []

    def text(self) -> str:
        return clean("\n\n".join(text for text in self._texts if text.strip()))

    def body(self) -> str:
        """What tells it from another mail with the same header."""
        return f"{hashlib.sha256(self.text().encode()).hexdigest()}\n{self.attached!r}"

    def walk(self, part: Message, depth: int) -> None:
        if depth > DEEPEST:
            self.is_cut = True
            return
        kind = part.get_content_type()
        if kind == "multipart/alternative":
            self._alternative(part, depth)
        elif kind.startswith("multipart/") and part.is_multipart():
            for inner in _inside(part):
                self.walk(inner, depth + 1)
        elif kind in ("message/delivery-status", "message/global-delivery-status", "text/rfc822-headers"):
            self._reports.append(_flat(part))
        elif kind.startswith("message/"):
            self._reports.append(_flat(part))
            self._attach(part)
        elif self._is_text(part):
            self._texts.append(self._words(part))
        else:
            self._attach(part)

    def _alternative(self, part: Message, depth: int) -> None:
        """The plain text if it says anything, else the richest that we can read; what is attached beside it counts."""
        before, inner = len(self._texts), _inside(part)
        plain = [one for one in inner if one.get_content_type() == "text/plain"]
        chosen = next((one for one in plain if self._words(one).strip()), None)
        for one in inner:
            if one is chosen or (chosen is None and len(self._texts) == before) or not _says_the_same(one):
                self.walk(one, depth + 1)
            elif one.is_multipart():
                self._attached_within(one, depth + 1)

    def _attached_within(self, part: Message, depth: int) -> None:
        """The pictures of a text that is not taken."""
        if depth > DEEPEST:
            return
        for one in _inside(part):
            if one.is_multipart() and one.get_content_maintype() == "multipart":
                self._attached_within(one, depth + 1)
            elif not self._is_text(one):
                self._attach(one)

    def _is_text(self, part: Message) -> bool:
        is_shown = (part.get_content_disposition() or "inline") != "attachment" and not _file_name(part)
        return is_shown and part.get_content_type() in ("text/plain", "text/html")

    def _words(self, part: Message) -> str:
        charset = part.get_param("charset")
        content = _bytes(part)
        text = charsets.decode(content, charset if isinstance(charset, str) else None)
        return to_text(text) if part.get_content_type() == "text/html" else text

    def _attach(self, part: Message) -> None:
        number = part.get(PART, "")
        if not str(number).isdecimal():
            return  # not a part of its own: the mail is damaged there
        travels = self.sizes.get(int(number), 0)
        is_packed = str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"
        name = _file_name(part)
        if part.get_content_maintype() == "message" and not name:
            name = "thu.eml"
        size = travels * 3 // 4 if is_packed else travels
        if size or name:
            kind = part.get_content_type()
            self.attached.append(
                MailPart(int(number), name, kind if _MEDIA_TYPE.fullmatch(kind) else UNKNOWN_TYPE, size)
            )

    def bounce(self, subject: str, sender: str | None) -> Bounce | None:
        """What it tells of mails of ours that did not arrive; None when it is no such report."""
        kind = self.parsed.get_content_type()
        is_report = kind == "multipart/report" and self.parsed.get_param("report-type") in ("delivery-status", None)
        is_daemon = bool(header(self.parsed, "X-Failed-Recipients")) or (sender or "").startswith("mailer-daemon@")
        if not is_report and not is_daemon:
            return None
        said = "\n".join(self._reports)
        everything = f"{said}\n{self.text()}\n{header(self.parsed, 'References')}"
        status, action = _STATUS.search(said), _ACTION.search(said)
        code = status[1] if status else ""
        # "failed" with 4.x: tried for days and given up
        is_final = action[1].lower() == "failed" if action else not code.startswith(("2", "4"))
        return Bounce(own_message_ids_in(everything), code, is_final)


def _inside(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _says_the_same(part: Message) -> bool:
    return part.get_content_maintype() in ("text", "multipart")


def _flat(part: Message) -> str:
    try:
        return part.as_string(policy=policy.compat32)
    except BROKEN:
        return ""


def _bytes(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except BROKEN:
        content = None
    if isinstance(content, bytes):
        return content
    payload = part.get_payload()
    return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""


def _file_name(part: Message) -> str | None:
    try:
        name = part.get_filename()
    except BROKEN:
        return None
    if not name:
        return None
    return clean(charsets.raw_header(str(name)))[:300] or None


def read_part(content: bytes) -> bytes:
    """The bytes of one part, header and body as they travel (scanner.OnePart)."""
    head, gap, body = content.partition(b"\r\n\r\n")
    if not gap:
        head, gap, body = content.partition(b"\n\n")
    parsed = message_from_bytes(head + gap, policy=policy.compat32)
    if parsed.get_content_maintype() == "message":
        return body
    parsed.set_payload(body.decode("ascii", "surrogateescape"))
    return _bytes(parsed)
