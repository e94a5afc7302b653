"""A conversation as a thread: messages of both sides with their delivery, notes of officers. Reads only, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from bot import attachments
from bot.attachments import Kept
from console import mail_facts
from console.mail_facts import MailFact
from store.console_tables import note
from store.mail_threads import CHANNEL as MAIL
from store.messages import Reply
from store.tables import conversation, inbound, officer, outbound

PAGE_ENTRIES = 50
END = 2**31 - 1  # no message has this number
# The newest ones, whose delivery may still change.
WATCHED = 30
NOT_FINAL = ("waiting", "sending", "sent", "delivered", "held", "uncertain", "failed")
# A person may send these again.
RESENDABLE = frozenset({"failed", "held", "uncertain"})


@dataclass(frozen=True)
class Entry:
    """One line of the thread. `kind`: owner | bot | officer | note; `seq`: its place, for a note that of the message
    before it. `id`: of the row; `status`: of the delivery, for what our side said; `author`: of a note.
    """

    kind: str
    id: int
    seq: int
    at: datetime
    text: str
    is_pressed: bool = False
    attached: tuple[Kept, ...] = ()
    mail: MailFact | None = None
    masked: tuple[str, ...] = ()
    reply: Reply | None = None
    answers: bool = False  # the bot's, to something that was asked
    status: str = ""
    error: str | None = None
    decides_itself: bool = False
    author: str = ""

    @property
    def key(self) -> str:
        """Its id on the page."""
        return f"n{self.id}" if self.kind == "note" else f"m{self.seq}"

    @property
    def may_be_resent(self) -> bool:
        """Whether a person should decide now; an uncertain one that waits for its echo decides itself."""
        return self.status in RESENDABLE and not self.decides_itself


@dataclass(frozen=True)
class Page:
    """`entries` in order; `earlier`, `later`: there are some before the first, behind the last."""

    entries: tuple[Entry, ...]
    earlier: bool
    later: bool = False

    @property
    def first_seq(self) -> int:
        return min((entry.seq for entry in self.entries if entry.kind != "note"), default=0)

    @property
    def last_seq(self) -> int:
        return max((entry.seq for entry in self.entries if entry.kind != "note"), default=0)


def newest(connection: Connection, conversation_id: str) -> Page:
    """The end of the thread."""
    return before(connection, conversation_id, END)


def before(connection: Connection, conversation_id: str, seq: int, most: int = PAGE_ENTRIES) -> Page:
    """What was said before the message `seq`."""
    said = _said(connection, conversation_id, seq, most, backwards=True)
    page = said[-most:]
    first = page[0].seq if page else 0
    notes = _notes(connection, conversation_id, note.c.after_seq >= (first if len(said) > most else 0), seq)
    return Page(_in_order(page, notes), len(said) > most)


def around(connection: Connection, conversation_id: str, seq: int) -> Page:
    """The message `seq` with half a page before and a page behind it."""
    earlier = before(connection, conversation_id, seq, PAGE_ENTRIES // 2)
    behind = _said(connection, conversation_id, seq - 1, PAGE_ENTRIES, backwards=False)
    later, shown = len(behind) > PAGE_ENTRIES, behind[:PAGE_ENTRIES]
    end = shown[-1].seq + 1 if later else END
    notes = _notes(connection, conversation_id, note.c.after_seq >= seq, end)
    return Page((*earlier.entries, *_in_order(shown, notes)), earlier.earlier, later)


def after(
    connection: Connection, conversation_id: str, seq: int, note_id: int, most: int = PAGE_ENTRIES
) -> tuple[Entry, ...]:
    """What came behind the message `seq` and the note `note_id`."""
    said = _said(connection, conversation_id, seq, most, backwards=False)[:most]
    return _in_order(said, _notes(connection, conversation_id, note.c.id > note_id, END))


def deliveries(connection: Connection, conversation_id: str) -> dict[int, Entry]:
    """The newest messages of our side by their seq, with their delivery as it is now."""
    rows = (
        select(outbound)
        .where(outbound.c.conversation_id == conversation_id)
        .order_by(outbound.c.seq.desc())
        .limit(WATCHED)
    )
    return {row["seq"]: _ours(row) for row in connection.execute(rows).mappings()}


def _said(connection: Connection, conversation_id: str, seq: int, most: int, backwards: bool) -> list[Entry]:
    """The `most` + 1 messages nearest to `seq`, before or behind it, in order.

    Both halves read the unique index on (conversation_id, seq). Only up to the last number there is before: what comes
    between the halves would else be found by the second alone, and what was said before it be passed over for good.
    """
    found: list[Entry] = []
    last = connection.scalar(select(conversation.c.last_seq).filter_by(id=conversation_id)) or 0
    for table in (inbound, outbound):
        there, nearest = (table.c.seq < seq, table.c.seq.desc()) if backwards else (table.c.seq > seq, table.c.seq)
        rows = select(table).where(table.c.conversation_id == conversation_id, there, table.c.seq <= last)
        rows = rows.order_by(nearest).limit(most + 1)
        if table is inbound:
            rows = rows.where(inbound.c.kind == "message")
        read = connection.execute(rows).mappings().all()
        found += _theirs(connection, conversation_id, read) if table is inbound else [_ours(row) for row in read]
    found.sort(key=lambda entry: entry.seq)
    return found[-(most + 1) :] if backwards else found[: most + 1]


def _theirs(connection: Connection, conversation_id: str, rows: Sequence[RowMapping]) -> list[Entry]:
    with_files = [row["seq"] for row in rows if row["attached"]]
    attached = attachments.of_thread(connection, conversation_id, with_files)
    mails = [row["id"] for row in rows if row["channel"] == MAIL]
    facts = mail_facts.facts(connection, mails) if mails else {}
    return [
        Entry(
            kind="owner",
            id=row["id"],
            seq=row["seq"],
            at=row["received_at"],
            text=row["text"],
            is_pressed=row["payload"] is not None,
            attached=tuple(attached.get(row["seq"], ())),
            masked=tuple(row["masked"] or ()),
            mail=facts.get(row["id"]),
        )
        for row in rows
    ]


def _ours(row: RowMapping) -> Entry:
    reply = Reply.from_json(row["reply"])
    return Entry(
        kind=row["sender"],
        id=row["id"],
        seq=row["seq"],
        at=row["created_at"],
        text=reply.text,
        reply=reply,
        answers=row["sender"] == "bot" and row["in_reply_to"] is not None,
        status=row["status"],
        error=row["error"],
        decides_itself=row["decide_at"] is not None,
    )


def _notes(connection: Connection, conversation_id: str, since: ColumnElement[bool], before_seq: int) -> list[Entry]:
    rows: Any = (
        select(note, officer.c.name.label("author"))
        .join(officer, officer.c.id == note.c.officer_id)
        .where(note.c.conversation_id == conversation_id, since, note.c.after_seq < before_seq)
        .order_by(note.c.id)
    )
    return [
        Entry("note", row["id"], row["after_seq"], row["created_at"], row["text"], author=row["author"])
        for row in connection.execute(rows).mappings()
    ]


def _in_order(said: Sequence[Entry], notes: Sequence[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted((*said, *notes), key=lambda entry: (entry.seq, entry.kind == "note", entry.id)))
