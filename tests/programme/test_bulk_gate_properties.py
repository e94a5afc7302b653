"""Whatever people say, on whatever contact and number, and however campaigns overlap: what the gate lets out of the
databases keeps to an independent reading of the law. Two contacts share a number; another person has two contacts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, update

from programme import bulk_gate, consents, opt_outs
from programme.bulk_gate import Asked
from programme.bulk_law import MessageKind
from programme.consents import NEWS_CONSENT
from programme.content import Content
from store import forgotten
from store.campaign_tables import recipient
from store.channel_tables import channel_link
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.registry_tables import do_not_call
from store.tables import consent, conversation, data_request, opt_out
from tests.conftest import NOW
from tests.programme.campaigning import new_recipient, new_run

ADVERTISING, REGISTRATION = MessageKind.ADVERTISING, MessageKind.REGISTRATION
KINDS = (ADVERTISING, ADVERTISING, REGISTRATION, MessageKind.CUSTOMER_CARE)
ZONE, DAY = ZoneInfo("Asia/Ho_Chi_Minh"), timedelta(hours=24)
# contact → its number; 3 and 4 are one person, 4 has only a conversation
PHONES = {1: "+84912345678", 2: "+84912345678", 3: "+84987654321", 4: None}
PERSONS = {1: {1}, 2: {2}, 3: {3, 4}, 4: {3, 4}}
people = st.sampled_from(tuple(PHONES))
numbered = st.sampled_from((1, 2, 3))
steps = st.one_of(
    # one batch: so many rows to one contact, and one more to another
    st.tuples(st.just("send"), people, st.tuples(st.sampled_from(KINDS), st.integers(1, 3), people)),
    st.tuples(st.just("send"), people, st.tuples(st.just(ADVERTISING), st.integers(1, 3), people)),
    st.tuples(st.just("send"), numbered, st.tuples(st.just(REGISTRATION), st.integers(2, 3), people)),
    st.tuples(st.sampled_from(("stop", "again", "withdraw", "erase", "keep", "keep")), people, st.none()),
    st.tuples(st.just("agree"), people, st.none()),
    st.tuples(st.sampled_from(("stop number", "again number", "list", "unlist", "unlist")), numbered, st.none()),
    st.tuples(st.just("wait"), st.just(0), st.integers(1, 1000)),
)


_History = list[tuple[str, set[Any], MessageKind | None, datetime]]


@dataclass
class _World:
    connection: Connection
    keyring: Keyring
    content: Content
    ids: dict[int, int]  # ours → the database's
    run_id: int
    now: datetime = NOW
    history: _History = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)

    def step(self, what: str, who: int, how: Any) -> None:
        self.now += timedelta(minutes=how if what == "wait" else 1)
        if what == "send":
            kind, rows, other = how
            self._send([who] * rows + [other], kind)
        elif what != "wait":
            number = what.endswith((" number", "list"))
            self.history.append((what.split()[0], _about_number(who) if number else _about(who), None, self.now))
            self._say(what, who)

    def _say(self, what: str, who: int) -> None:
        connection, keyring, contact_id, phone = self.connection, self.keyring, self.ids[who], PHONES[who]
        key = forgotten.phone_key(keyring, phone) if phone else b""
        match what:
            case "stop":
                opt_outs.stop(connection, keyring, self.now, "zalo", contact_id=contact_id)
            case "stop number":
                opt_outs.stop(connection, keyring, self.now, "sms", phone=phone)
            case "again":
                opt_outs.resume(connection, keyring, self.now, "zalo", contact_id=contact_id)
            case "again number":
                opt_outs.resume(connection, keyring, self.now, "sms", phone=phone)
            case "withdraw":
                consents.withdraw(connection, keyring, contact_id, self.now)
            case "agree":
                row = {"purpose": NEWS_CONSENT, "text_version": 1, "channel": "paper", "given_at": self.now}
                connection.execute(insert(consent).values(contact_id=contact_id, **row))
            case "erase":
                row = {"kind": "erasure", "status": "open", "opened_at": self.now}
                row |= {"acknowledge_by": self.now.date(), "due_on": self.now.date()}
                connection.execute(delete(data_request).where(data_request.c.contact_id == contact_id))
                connection.execute(insert(data_request).values(contact_id=contact_id, **row))
            case "keep":
                mine = [self.ids[one] for one in PERSONS[who]]
                done = update(data_request).where(data_request.c.contact_id.in_(mine))
                connection.execute(done.values(status="withdrawn", finished_at=self.now))
            case "list":
                connection.execute(delete(do_not_call).where(do_not_call.c.phone_key == key))
                connection.execute(insert(do_not_call).values(phone_key=key, source="5656", listed_at=self.now))
            case "unlist":
                connection.execute(delete(do_not_call).where(do_not_call.c.phone_key == key))

    def _send(self, whom: list[int], kind: MessageKind) -> None:
        asked = []
        for number, who in enumerate(whom):
            phone = PHONES[who]
            key = None if phone is None else forgotten.phone_key(self.keyring, phone)
            values = {"kind": kind, "status": "waiting", "about": f"{self.now:%d %H:%M} {number}"}
            row = new_recipient(self.connection, self.run_id, self.ids[who], key, **values)
            asked.append((who, Asked(row, self.ids[who], key, kind, "sms" if key else "zalo")))
        rows = [one for _, one in asked]
        verdicts = bulk_gate.judge(self.connection, self.content.bulk_law, rows, self.now, ZONE)
        for who, one in asked:
            verdict = verdicts[one.recipient_id]
            self.verdicts[verdict.rule or verdict.decision] += 1
            if verdict.decision == "send":
                self.history.append(("sent", {("contact", who), *_numbers({who})}, kind, self.now))
                tried = update(recipient).where(recipient.c.id == one.recipient_id)
                self.connection.execute(tried.values(tried_at=self.now, status="accepted"))


def _numbers(contacts: set[int]) -> set[Any]:
    return {("number", PHONES[one]) for one in contacts if PHONES[one]}


def _about(who: int) -> set[Any]:
    """Whom a word of this person is about: all contacts of the person, and every number of theirs."""
    return {("contact", one) for one in PERSONS[who]} | _numbers(PERSONS[who])


def _about_number(who: int) -> set[Any]:
    having = {one for one, phone in PHONES.items() if phone == PHONES[who]}
    return _numbers({who}) | {thing for one in having for thing in _about(one)}


def _wrong(history: _History) -> Iterator[str]:
    """The law, read again from what happened: of each message sent, looking only back."""
    for index, (what, whom, kind, at) in enumerate(history):
        if what == "sent":
            (who,) = (one for of, one in whom if of == "contact")
            yield from _wrong_of_person(who, kind, at, history[:index])
            if kind in (ADVERTISING, REGISTRATION):
                yield from _wrong_of_number(_numbers({who}), kind, at, history[:index])


def _last(before: _History, about: set[Any], *words: str) -> str | None:
    return next((word for word, of, _, _ in reversed(before) if word in words and of & about), None)


def _wrong_of_person(who: int, kind: MessageKind | None, at: datetime, before: _History) -> Iterator[str]:
    concerned = _about(who)
    if _last(before, concerned, "stop", "again") == "stop":
        yield "after a refusal"
    if _last(before, concerned, "erase", "keep") == "erase":
        yield "to who is to be forgotten"
    own = {("contact", one) for one in PERSONS[who]}
    agreed = [word for word, of, _, _ in before if of & (own if word == "agree" else concerned)]
    agreed = [word for word in agreed if word in ("agree", "stop", "withdraw")]
    if kind is ADVERTISING and (not agreed or agreed[-1] != "agree"):
        yield "without a consent since the last refusal"
    begin, end = (8, 20) if kind is MessageKind.CUSTOMER_CARE else (7, 22)
    if not begin <= at.astimezone(ZONE).hour < end:
        yield "hours"


def _wrong_of_number(numbers: set[Any], kind: MessageKind | None, at: datetime, before: _History) -> Iterator[str]:
    if _last(before, numbers, "list", "unlist") == "list":
        yield "on the list"
    same = [(k, t) for word, of, k, t in before if word == "sent" and of & numbers]
    if sum(1 for k, t in same if k in (ADVERTISING, REGISTRATION) and at - t < DAY) >= 3:
        yield "more than three within 24 hours"
    if kind is REGISTRATION and any(k is REGISTRATION for k, _ in same):
        yield "asked for permission twice"


def _begin(connection: Connection, keyring: Keyring, content: Content) -> _World:
    contacts = Contacts(connection, keyring)
    ids = {one: contacts.add(NOW) for one in PHONES}
    for one, phone in PHONES.items():
        if phone:
            contacts.set_phone(ids[one], phone)
    talk = {"channel": "zalo", "province": "thai-nguyen", "holder": "bot", "version": 0, "last_seq": 0}
    talk |= {"id": "z", "address": "a", "contact_id": ids[3], "created_at": NOW}
    connection.execute(insert(conversation).values(talk))
    link = {"conversation_id": "z", "from_contact_id": ids[4], "to_contact_id": ids[3], "linked_at": NOW}
    connection.execute(insert(channel_link).values(link))
    return _World(connection, keyring, content, ids, new_run(connection, NOW))


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_what_leaves_keeps_to_the_law_whoever_said_what_where(
    database: Database, keyring: Keyring, content: Content
) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(steps, min_size=8, max_size=25))
    def whatever_happens(happens: list[tuple[str, int, Any]]) -> None:
        with database.engine.connect() as connection, connection.begin() as transaction:
            world = _begin(connection, keyring, content)
            for what, who, how in [("agree", 1, None), ("agree", 3, None), *happens]:
                world.step(what, who, how)
            transaction.rollback()
        assert list(_wrong(world.history)) == []
        seen.update(world.verdicts)

    whatever_happens()
    needed = {"send", "opted_out", "erasing", "do_not_call", "no_consent", "registration_once", "cap", "hours"}
    assert needed <= set(seen) and seen["send"] > 50, "what never happens proves nothing"


def test_a_consent_from_before_a_refusal_counts_no_more_although_another_contact_has_it(
    database: Database, keyring: Keyring, content: Content
) -> None:
    def work(connection: Connection) -> list[str | None]:
        world, rules = _begin(connection, keyring, content), []
        for what, who in (("agree", 1), ("stop", 2), ("again", 2), ("agree", 1), ("withdraw", 2)):
            world.step(what, who, None)
            key = forgotten.phone_key(keyring, str(PHONES[1]))
            asked = Asked(1, world.ids[1], key, ADVERTISING, "sms")
            rules.append(bulk_gate.judge(connection, content.bulk_law, [asked], world.now, ZONE)[1].rule)
        return rules

    assert database.run_now(work) == [None, "opted_out", "no_consent", None, "no_consent"]


def test_a_refusal_that_only_its_row_tells_of_is_heard_at_the_number(
    database: Database, keyring: Keyring, content: Content
) -> None:
    def work(connection: Connection) -> str | None:
        world = _begin(connection, keyring, content)
        connection.execute(insert(opt_out).values(contact_id=world.ids[2], channel="list", at=NOW))
        key = forgotten.phone_key(keyring, str(PHONES[1]))
        asked = Asked(1, world.ids[1], key, MessageKind.CUSTOMER_CARE, "sms")
        return bulk_gate.judge(connection, content.bulk_law, [asked], world.now, ZONE)[1].rule

    assert database.run_now(work) == "opted_out"


def test_who_is_to_be_forgotten_is_left_alone_at_the_number_whoever_else_has_it(
    database: Database, keyring: Keyring, content: Content
) -> None:
    def work(connection: Connection) -> str | None:
        world = _begin(connection, keyring, content)
        world.step("erase", 2, None)
        key = forgotten.phone_key(keyring, str(PHONES[1]))
        asked = Asked(1, world.ids[1], key, MessageKind.CUSTOMER_CARE, "sms")
        return bulk_gate.judge(connection, content.bulk_law, [asked], world.now, ZONE)[1].rule

    assert database.run_now(work) == "erasing"
