"""Requests of people about their own data: opened, proved, confirmed, extended, refused, carried out, taken back.

    open ── proof ──(3 wrong, or nothing to ask)──▶ officer ──▶ done | refused
             │ proved: access ──▶ a copy is given ──▶ done
             └ proved: erasure ─▶ confirm ──▶ erasing ──(scheduler/erasures.py)──▶ done
    … ── the owner takes it back ──▶ withdrawn

Every step is one transaction together with what the owner is told of it. What is said in the name of the law goes out
also while an officer has the conversation, because an officer's act causes it; the bot by itself stays silent then.
The days are the law's (programme/working_days.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, case, insert, select, update

from bot import outbox
from programme.data_links import COPY_HOURS, COPY_LIFE, COPY_OPENED_AT_MOST, copy_address, new_token
from programme.identity_proof import MOST_WRONG
from programme.links import person
from programme.phrases import Phrases
from programme.working_days import Deadlines
from store.crypto import Keyring
from store.database import insert_if_new
from store.messages import Reply
from store.privacy_tables import ERASED, data_copy
from store.tables import contact, conversation, data_request

KINDS = ("access", "erasure", "correction", "restriction", "objection")
CAME_BY = ("letter", "phone", "in_person", "email")
IDENTITIES = ("called_back", "in_person", "letter")
PAGE = 50


class StepNotPossible(ValueError):
    """The request is not where this step could be taken any more; the argument is a code."""


@dataclass(frozen=True)
class DataRequest:
    """A row of the officers' list, with whose it is. `acknowledge_by` and `due_on` are the law's days."""

    id: int
    contact_id: int
    conversation_id: str | None
    kind: str
    status: str
    stage: str
    came_by: str
    opened_at: datetime
    acknowledge_by: date
    acknowledged_at: datetime | None
    due_on: date
    with_processor: bool
    extended_at: datetime | None
    identity: str | None
    identity_at: datetime | None
    wrong_proofs: int
    confirmed_at: datetime | None
    refusal: str | None
    words: str | None
    finished_at: datetime | None
    channel: str | None
    name: str | None
    phone: str | None


# --- what owners do, within their turn


def open_by_owner(
    connection: Connection,
    known: RowMapping,
    kind: str,
    days: tuple[date, date],
    now: datetime,
    stage: str = "officer",
    identity: str | None = None,
    is_acknowledged: bool = False,
) -> None:
    """Open the request with the law's `days` (to acknowledge by, due on); one that is open already is left alone."""
    row = {
        "contact_id": known["contact_id"],
        "conversation_id": known["id"],
        "kind": kind,
        "status": "open",
        "stage": stage,
        "opened_at": now,
        "acknowledge_by": days[0],
        "acknowledged_at": now if is_acknowledged else None,
        "due_on": days[1],
        "identity": identity,
        "identity_at": now if identity else None,
    }
    people = person(connection, known["contact_id"])
    if connection.scalar(_open_of(people, kind).limit(1)) is None:
        insert_if_new(connection, data_request, row)


def tried(connection: Connection, contact_id: int, by: str, is_right: bool, now: datetime) -> None:
    """A proof was given for whatever waits for one. Too many wrong ones: an officer makes sure."""
    waiting = update(data_request).where(
        data_request.c.contact_id.in_(person(connection, contact_id)),
        data_request.c.status == "open",
        data_request.c.stage == "proof",
    )
    if is_right:
        stage = case((data_request.c.kind == "erasure", "confirm"), else_="officer")
        connection.execute(waiting.values(identity=by, identity_at=now, stage=stage))
        return
    wrong = data_request.c.wrong_proofs + 1
    connection.execute(waiting.values(wrong_proofs=wrong, stage=case((wrong >= MOST_WRONG, "officer"), else_="proof")))


def leave_to_officer(connection: Connection, contact_id: int) -> None:
    """The owner cannot or will not answer: an officer makes sure that it is them."""
    waiting = update(data_request).where(
        data_request.c.contact_id.in_(person(connection, contact_id)),
        data_request.c.status == "open",
        data_request.c.stage == "proof",
    )
    connection.execute(waiting.values(stage="officer"))


def give_copy(connection: Connection, keyring: Keyring, contact_id: int, token: str, now: datetime) -> int | None:
    """The proved request to see the data is carried out: `token` opens the copy. The request's number; None when there
    is none."""
    people = person(connection, contact_id)
    proved = _open_of(people, "access").where(data_request.c.identity.is_not(None)).limit(1)
    number = connection.scalar(proved)
    if number is None:
        return None
    row = {
        "contact_id": contact_id,
        "request_id": number,
        "token_hash": keyring.hash(token, "data_copy"),
        "created_at": now,
        "expires_at": now + COPY_LIFE,
    }
    connection.execute(insert(data_copy).values(row))
    done = update(data_request).where(data_request.c.id == number)
    connection.execute(done.values(status="done", finished_at=now))
    return int(number)


def confirm_erasure(connection: Connection, contact_id: int, now: datetime) -> bool:
    """The owner's last word: scheduler/erasures.py does it. Whether a proved request waited for it."""
    waiting = update(data_request).where(
        data_request.c.contact_id.in_(person(connection, contact_id)),
        data_request.c.status == "open",
        data_request.c.kind == "erasure",
        data_request.c.stage == "confirm",
        data_request.c.identity.is_not(None),
    )
    return connection.execute(waiting.values(stage="erasing", confirmed_at=now)).rowcount > 0


def take_back(connection: Connection, contact_id: int, kind: str, now: datetime) -> None:
    """The owner does not want it any more, up to the moment at which it is done."""
    opened = update(data_request).where(
        data_request.c.contact_id.in_(person(connection, contact_id)),
        data_request.c.kind == kind,
        data_request.c.status == "open",
    )
    connection.execute(opened.values(status="withdrawn", finished_at=now))


# --- the copy's address


def open_copy(connection: Connection, keyring: Keyring, token: str, now: datetime) -> int | None:
    """Whose copy `token` opens, counted; None: too old, opened too often, erased, or never made."""
    counted = (
        update(data_copy)
        .where(
            data_copy.c.token_hash == keyring.hash(token, "data_copy"),
            data_copy.c.expires_at > now,
            data_copy.c.opened < COPY_OPENED_AT_MOST,
        )
        .values(opened=data_copy.c.opened + 1)
        .returning(data_copy.c.contact_id)
    )
    found = connection.scalar(counted)
    return None if found is None else int(found)


# --- what officers do


def listed(connection: Connection, is_open: bool, after: int | None = None) -> list[DataRequest]:
    """Those that are open, the first deadline first, all of them; or the finished ones, the newest first, a page and
    one more."""
    rows = _rows().where(data_request.c.status == "open" if is_open else data_request.c.status != "open")
    if is_open:
        by, due = data_request.c.acknowledge_by, data_request.c.due_on
        first = case((data_request.c.acknowledged_at.is_(None) & (by < due), by), else_=due)
        rows = rows.order_by(first, due, data_request.c.id)
    else:
        rows = rows.order_by(data_request.c.id.desc()).limit(PAGE + 1)
        if after is not None:
            rows = rows.where(data_request.c.id < after)
    return [DataRequest(*row) for row in connection.execute(rows)]


def unfinished(connection: Connection) -> list[DataRequest]:
    """What is not done yet, the first deadline first."""
    return listed(connection, is_open=True)


def find(connection: Connection, number: int) -> DataRequest | None:
    row = connection.execute(_rows().where(data_request.c.id == number)).first()
    return None if row is None else DataRequest(*row)


def register(connection: Connection) -> list[DataRequest]:
    """Every request there ever was, the oldest first."""
    return [DataRequest(*row) for row in connection.execute(_rows().order_by(data_request.c.id))]


def finish(connection: Connection, number: int, now: datetime, identity: str | None) -> str | None:
    """From the command line: mark the request as carried out, or begin its erasure. `identity`: how it was made sure
    that it is them, where that is not known yet. The kind; None where no such request is open.

    Raises StepNotPossible("identity_missing").
    """
    rows = select(data_request).where(data_request.c.id == number, data_request.c.status == "open")
    row = connection.execute(rows.with_for_update()).mappings().first()
    if row is None:
        return None
    if row["identity"] is None and identity is None:
        raise StepNotPossible("identity_missing")
    values: dict[str, Any] = {} if row["identity"] else {"identity": identity, "identity_at": now}
    if row["kind"] == "erasure":
        values |= {"stage": "erasing", "confirmed_at": row["confirmed_at"] or now}
    else:
        values |= {"status": "done", "finished_at": now}
    connection.execute(update(data_request).where(data_request.c.id == number).values(values))
    return str(row["kind"])


@dataclass(frozen=True)
class Desk:
    """What an officer's step needs. `address`: of this hotline, for links; "" where people type it themselves."""

    connection: Connection
    keyring: Keyring
    phrases: Phrases
    deadlines: Deadlines
    officer_id: int
    now: datetime
    today: date
    address: str = ""

    def open_by_hand(self, contact_id: int, conversation_id: str | None, kind: str, came_by: str) -> int | None:
        """A request that came by letter, by telephone, in person or by mail; None when one of this kind is open."""
        people = person(self.connection, contact_id)
        if self.connection.scalar(_open_of(people, kind).limit(1)) is not None:
            return None
        row = {
            "contact_id": contact_id,
            "conversation_id": conversation_id,
            "kind": kind,
            "status": "open",
            "stage": "officer",
            "came_by": came_by,
            "opened_at": self.now,
            "acknowledge_by": self.deadlines.acknowledge_by(self.today),
            "due_on": self.deadlines.due_on(kind, self.today),
            "officer_id": self.officer_id,
        }
        made = insert_if_new(self.connection, data_request, row)
        return None if made is None else int(made["id"])

    def acknowledge(self, number: int) -> None:
        """Tell the owner that it has come, how it goes on and by when. A second time changes nothing."""
        row = self._locked(number)
        if row["acknowledged_at"] is None:
            self._change(row, acknowledged_at=self.now)
            self._say(row, "data_request_received")

    def proved(self, number: int, how: str) -> None:
        """The officer has made sure that it is them: what was asked for may be carried out."""
        row = self._locked(number)
        if row["identity"] is not None or row["stage"] not in ("officer", "proof"):
            raise StepNotPossible("stage_changed")
        self._change(row, identity=how, identity_at=self.now, stage="officer")
        self._say(row, "data_request_proved")

    def carry_out(self, number: int) -> None:
        """Give the copy, begin the erasure, or say that what was asked for is done. Needs a proved identity."""
        row = self._locked(number)
        if row["identity"] is None:
            raise StepNotPossible("identity_missing")
        if row["kind"] == "erasure":
            if row["stage"] != "erasing":
                self._change(row, stage="erasing", confirmed_at=self.now)
                self._say(row, "erasure_begun")
            return
        if row["kind"] == "access" and row["conversation_id"] is not None:
            token = new_token()
            give_copy(self.connection, self.keyring, row["contact_id"], token, self.now)
            self._change(row, status="done", finished_at=self.now)
            self._say(row, "data_copy", address=copy_address(self.address, token), hours=COPY_HOURS)
            return
        self._change(row, status="done", finished_at=self.now)
        self._say(row, "data_request_done")

    def extend(self, number: int, reason: str) -> None:
        """The law's one extension, with its reason told to the owner."""
        row = self._locked(number)
        if row["extended_at"] is not None:
            raise StepNotPossible("extended_already")
        if not reason.strip():
            raise StepNotPossible("reason_missing")
        due_on = row["due_on"] + timedelta(days=self.deadlines.kind(row["kind"]).extension)
        self._change(row, extended_at=self.now, due_on=due_on, words=reason.strip())
        self._say(row, "data_request_extended", reason=reason.strip(), date=f"{due_on:%d/%m/%Y}")

    def others_must_act(self, number: int) -> None:
        """A firm or another processor must act as well: the law gives more days, counted from the opening."""
        row = self._locked(number)
        if not row["with_processor"]:
            days = self.deadlines.kind(row["kind"])
            longer = row["due_on"] + timedelta(days=days.with_processor - days.days)
            self._change(row, with_processor=True, due_on=longer)
            self._say(row, "data_request_processor", date=f"{longer:%d/%m/%Y}")

    def refuse(self, number: int, ground: str, reason: str) -> None:
        """Refuse on a ground of the law, in words that the owner is told."""
        row = self._locked(number)
        if not reason.strip():
            raise StepNotPossible("reason_missing")
        if row["stage"] == "erasing":
            raise StepNotPossible("stage_changed")
        self._change(row, status="refused", refusal=ground, words=reason.strip(), finished_at=self.now)
        self._say(row, "data_request_refused", reason=reason.strip())

    def _locked(self, number: int) -> RowMapping:
        rows = select(data_request).where(data_request.c.id == number, data_request.c.status == "open")
        row = self.connection.execute(rows.with_for_update()).mappings().first()
        if row is None:
            raise StepNotPossible("finished_already")
        return row

    def _change(self, row: RowMapping, **values: Any) -> None:
        own = update(data_request).where(data_request.c.id == row["id"])
        self.connection.execute(own.values(officer_id=self.officer_id, **values))

    def _say(self, row: RowMapping, phrase: str, **values: object) -> None:
        """In the conversation the request came from; a letter is answered by the officer's own letter."""
        if row["conversation_id"] is None:
            return
        known = self.connection.execute(select(conversation).filter_by(id=row["conversation_id"])).mappings().one()
        if known["unreachable"] == ERASED:
            return
        language = known["language"] or "vi"
        values = {
            "kind": self.phrases.say(f"data_{row['kind']}", language),
            "number": row["id"],
            "date": f"{row['due_on']:%d/%m/%Y}",
            **values,
        }
        words = Reply(self.phrases.say(phrase, language, **values), entry=phrase)
        outbox.say(self.connection, known["id"], known["channel"], [words], self.now)


def _open_of(people: list[int], kind: str) -> Select[Any]:
    return select(data_request.c.id).where(
        data_request.c.contact_id.in_(people), data_request.c.kind == kind, data_request.c.status == "open"
    )


def _rows() -> Select[Any]:
    request = data_request.c
    return (
        select(
            *(request.id, request.contact_id, request.conversation_id, request.kind, request.status, request.stage),
            *(request.came_by, request.opened_at, request.acknowledge_by, request.acknowledged_at, request.due_on),
            *(request.with_processor, request.extended_at, request.identity, request.identity_at),
            *(request.wrong_proofs, request.confirmed_at, request.refusal, request.words, request.finished_at),
            *(conversation.c.channel, contact.c.name, contact.c.phone),
        )
        .outerjoin(conversation, conversation.c.id == request.conversation_id)
        .join(contact, contact.c.id == request.contact_id)
    )
