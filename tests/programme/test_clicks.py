"""What a campaign's messages brought, by run and text: opened links, surveys begun and finished."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, update

from programme.clicks import HEADER, brought, lines
from store.campaign_tables import campaign_run, link_click, recipient
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database, insert_returning_id
from store.forgotten import phone_key
from store.survey_tables import survey_response
from store.tables import contact
from tests.programme.campaigning import new_recipient, new_run


class Sent:
    """A campaign's run with ten recipients, odd ones with text B, of whom the last two were not reached."""

    def __init__(self, connection: Connection, keyring: Keyring, clock: ManualClock) -> None:
        self.connection, self.keyring, self.clock = connection, keyring, clock
        self.contacts = Contacts(connection, keyring)
        self.run = new_run(connection, clock.now())
        self.people: list[int] = []
        self.rows: list[int] = []
        for number in range(10):
            who = self.person(number)
            status = "delivered" if number < 6 else "accepted" if number < 8 else "skipped"
            values: dict[str, Any] = {"variant": "B" if number % 2 else "A", "status": status}
            values["tried_at"] = clock.now() if number < 8 else None
            self.people.append(who)
            self.rows.append(new_recipient(connection, self.run, who, self.key(number), **values))

    def key(self, number: int) -> bytes:
        return phone_key(self.keyring, f"+8491{number:07}")

    def person(self, number: int) -> int:
        who = self.contacts.add(self.clock.now())
        self.contacts.set_phone(who, f"+8491{number:07}")
        return who

    def click(self, row: int, times: int = 1, **values: Any) -> None:
        click = {"link": "campaign", "channel": "sms", "run_id": self.run, "recipient_id": self.rows[row]}
        click |= {"province": "thai-nguyen", "at": self.clock.now(), **values}
        self.connection.execute(insert(link_click), [click] * times)

    def survey(self, who: int, started: timedelta, finished: timedelta | None = None) -> None:
        now = self.clock.now()
        row = {"contact_id": who, "survey": "retail", "version": "1.0.0", "revision": 1, "channel": "webchat"}
        row["province"] = "thai-nguyen"
        row |= {"answers": {}, "started_at": now + started, "updated_at": now, "status": "done" if finished else "open"}
        row["completed_at"] = now + finished if finished else None
        self.connection.execute(insert(survey_response).values(**row))


def test_each_text_has_its_own_line(database: Database, keyring: Keyring, clock: ManualClock) -> None:
    later, before = timedelta(hours=1), -timedelta(days=1)
    with database.engine.begin() as connection:
        sent = Sent(connection, keyring, clock)
        sent.click(0, 3)
        sent.click(2)
        sent.click(1)
        sent.click(9)  # whoever was not sent it may have got the link from somebody else
        sent.click(0, recipient_id=None)  # their data was erased
        sent.survey(sent.people[0], later, later)
        sent.survey(sent.person(2), later)  # in the web chat, by the same number
        sent.survey(sent.people[2], before, later)  # begun before, finished now
        sent.survey(sent.people[4], before)
        sent.survey(sent.people[8], later, later)  # the message did not leave
        sent.survey(sent.people[1], later)
        test = new_run(connection, clock.now())
        connection.execute(update(campaign_run).where(campaign_run.c.id == test).values(campaign_id=1, is_test=True))
        new_recipient(connection, test, sent.people[0], sent.key(0))
        first, second = brought(connection, 1)
        assert brought(connection, 2) == []
    assert (first.variant, first.recipients, first.accepted, first.delivered) == ("A", 5, 4, 3)
    assert (first.clickers, first.clicks, first.started, first.finished) == (2, 4, 2, 2)
    assert (second.variant, second.recipients, second.accepted, second.delivered) == ("B", 5, 4, 3)
    assert (second.clickers, second.clicks, second.started, second.finished) == (2, 2, 1, 0)
    table = lines([first], clock.timezone)
    assert len(table[0]) == len(HEADER) and "50,00 %" in table[0]


def test_of_a_run_that_nobody_took_no_share_is_told(database: Database, keyring: Keyring, clock: ManualClock) -> None:
    with database.engine.begin() as connection:
        sent = Sent(connection, keyring, clock)
        connection.execute(update(recipient).values(status="waiting", tried_at=None))
        sent.survey(sent.people[0], timedelta(hours=1))
        first, _ = brought(connection, 1)
    assert first.share is None and (first.clickers, first.started) == (0, 0)


def test_fifteen_thousand_recipients_are_counted_at_once(
    database: Database, keyring: Keyring, clock: ManualClock
) -> None:
    now, people = clock.now(), 15_000
    with database.engine.begin() as connection:
        run = new_run(connection, now)
        who = insert_returning_id(connection, contact, {"created_at": now})
        row = {"run_id": run, "kind": "advertising", "status": "delivered", "channel": "sms", "tried_at": now}
        everybody = [row | {"contact_id": who, "about": f"n {n}", "variant": "AB"[n % 2]} for n in range(people)]
        connection.execute(insert(recipient), everybody)
        click = {"link": "campaign", "run_id": run, "province": "thai-nguyen", "at": now}
        connection.execute(insert(link_click), [click | {"recipient_id": n} for n in range(1, people, 3)])
        first, second = brought(connection, 1)
    assert first.recipients + second.recipients == people and first.clicks + second.clicks == people // 3
