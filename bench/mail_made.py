"""The mails of the benchmark: what people, robots and vandals send, each with what must become of it."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SENTENCE = "Tôi muốn hỏi về tên miền của cửa hàng"
_TCVN3 = b"T\xabi mu\xe8n h\xe1i v\xd2 t\xaan mi\xd2n c\xf1a c\xf6a h\xb5ng"
_MARKED = (
    "T\u00f4i mu\u00f4\u0301n ho\u0309i v\u00ea\u0300 t\u00ean mi\u00ea\u0300n cu\u0309a c\u01b0\u0309a ha\u0300ng"
)
_CP1258 = _MARKED.encode("cp1258")
LARGE = 30_000_000
_MACHINES = (
    ("Auto-Submitted: auto-replied", "mail_automatic"),
    ("Auto-Submitted: auto-generated", "mail_automatic"),
    ("Return-Path: <>", "mail_automatic"),
    ("Precedence: bulk", "mail_bulk"),
    ("List-Unsubscribe: <mailto:x@example.vn>", "mail_bulk"),
)


class Large:
    """A mail of LARGE bytes that lies nowhere: made piece by piece as it is read."""

    def __init__(self, head: bytes, text: bytes) -> None:
        self._head = head + (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + text + b"\r\n--b\r\n"
            b"Content-Type: video/mp4; name=phim.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        )

    def __len__(self) -> int:
        return LARGE

    def __getitem__(self, place: slice) -> bytes:
        start, stop, _ = place.indices(LARGE)
        head = self._head[start:stop]
        line = b"QUFB" * 19 + b"\r\n"
        rest = stop - start - len(head)
        at = max(0, start - len(self._head)) % len(line)
        return head + (line * (rest // len(line) + 2))[at : at + rest] if rest > 0 else head


@dataclass(frozen=True)
class Made:
    """`mark`: in its text. `thread`: whose conversation it belongs to; None: it is no message, recorded as `refused`.

    `may_be_refused`: damaged, so that either will do. `again`: the same mail was there before.
    """

    content: Any
    mark: str
    thread: int | None = None
    refused: str = ""
    may_be_refused: bool = False
    again: bool = False


def mails(count: int, own_address: str, seed: int = 25) -> Iterator[Made]:
    """The same for the same seed: a third first mails, then answers, strangers, duplicates, robots, damage and size."""
    chance = random.Random(seed)
    before: list[Made] = []
    for number in range(count):
        kind = chance.choices(
            ("first", "answer", "stranger", "again", "robot", "own", "hostile", "large"), (30, 22, 8, 14, 12, 2, 10, 2)
        )[0]
        known = [one for one in before if one.thread is not None and not one.may_be_refused]
        if kind in ("answer", "stranger", "again") and not known:
            kind = "first"
        made = _make(kind, number, known, before, own_address, chance)
        before.append(made)
        yield made


def _make(kind: str, number: int, known: list[Made], before: list[Made], own: str, chance: random.Random) -> Made:
    mark = f"viec{number:05}x"
    if kind == "first":
        return Made(_first(number, mark, chance), mark, number)
    if kind in ("answer", "stranger"):
        thread = chance.choice(known).thread or 0
        sender = thread if kind == "answer" else number
        head = _head(number, sender) + f"In-Reply-To: <m{thread}@example.vn>\r\nSubject: Re: x\r\n".encode()
        quoted = b"\r\n\r\nOn Mon, Nov 23, 2026 Hotline <h@x.vn> wrote:\r\n> cu\r\n"
        return Made(head + b"\r\n" + mark.encode() + quoted, mark, sender)
    if kind == "again":
        first = chance.choice([one for one in known if not isinstance(one.content, Large)] or known)
        return Made(first.content, first.mark, first.thread, again=True)
    if kind == "robot":
        line, reason = chance.choice(_MACHINES)
        return Made(_head(number) + f"{line}\r\nSubject: x\r\n\r\n{mark}".encode(), mark, refused=reason)
    if kind == "own":
        head = _head(number).replace(f"nguoi{number}@example.vn".encode(), own.encode())
        return Made(head + f"Subject: x\r\n\r\n{mark}".encode(), mark, refused="mail_from_ourselves")
    if kind == "large":
        return Made(Large(_head(number), mark.encode()), mark, number)
    return Made(_hostile(number, mark, chance), mark, number, may_be_refused=True)


def _head(number: int, sender: int | None = None) -> bytes:
    who = number if sender is None else sender
    return f"From: Hoa <nguoi{who}@example.vn>\r\nMessage-ID: <m{number}@example.vn>\r\n".encode()


def _first(number: int, mark: str, chance: random.Random) -> bytes:
    head, plain, words = _head(number), mark.encode(), SENTENCE.encode()
    coded = base64.b64encode(f"{SENTENCE} {mark}".encode())
    return chance.choice(
        (
            head + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + words + b" " + plain,
            head + b"Content-Type: text/plain; charset=windows-1258\r\n\r\n" + _CP1258 + b" " + plain,
            head + b"Content-Type: text/plain; charset=x-viet-tcvn\r\n\r\n" + _TCVN3 + b" " + plain,
            head + b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + _TCVN3 + b" " + plain,
            head + b"Content-Type: text/plain; charset=nothing\r\n\r\n" + words + b" " + plain,
            head + b"Content-Transfer-Encoding: base64\r\n\r\n" + coded,
            head + b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>" + words + b"</p><b>" + plain + b"</b>",
            head + b"Content-Type: multipart/alternative; boundary=q\r\n\r\n--q\r\n\r\n" + plain + b"\r\n--q\r\n"
            b"Content-Type: text/html\r\n\r\n<p>" + plain + b"</p>\r\n--q--\r\n",
        )
    )


def _hostile(number: int, mark: str, chance: random.Random) -> bytes:
    head, plain = _head(number), mark.encode()
    noise = bytes(chance.randrange(256) for _ in range(2000))
    return chance.choice(
        (
            head + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + noise + b"\r\n--b\r\n\r\n" + plain,
            head + plain + b"\r\n" + b"".join(
                b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1500)
            ),
            head + b"Content-Type: message/rfc822\r\n\r\n" * 300 + plain,
            head + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 5000 + plain,
            head + b"Subject: " + b"=?utf-8?B?w6A=?= " * 3000 + b"\r\n\r\n" + plain,
            head + b"X-A: " + b"x" * 1_000_000 + b"\r\n\r\n" + plain,
            head + b"Content-Type: text/html\r\n\r\n" + b"<!--" * 50_000 + plain,
            head + b"Content-Type: text/html\r\n\r\n" + plain + b"<a " * 50_000,
            head + b'Content-Type: ;;="\r\nContent-Transfer-Encoding: zip\r\n\r\n' + plain + noise,
        )
    )  # fmt: skip
