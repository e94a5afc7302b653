"""A hotline whose reminders are switched on, with owners of whom something is near, for tests of reminders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from programme.campaign_digest import digest
from programme.campaign_schedule import Place
from programme.reminders import Reminders, Ways
from scheduler.campaigns import make_runs
from scheduler.dispatcher import Dispatcher
from store.audit import Actor
from store.campaign_tables import campaign, campaign_run, recipient
from store.contacts import Contacts
from store.database import insert_returning_id
from store.survey_tables import class_place, lead, training_class
from store.tables import consent, conversation, outbound, shop, shop_domain
from tests.scheduler.bulk import FakeGateway
from tests.scheduler.conftest import Desk

HERE, HA = "thai-nguyen", Actor("Hà")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Town:
    """Reminders on a desk's database, with one SMS gateway, and Zalo's templates by number."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.gateway, self.zalo = desk, FakeGateway(), FakeGateway("zbs")
        self.numbers = iter(range(1, 1000))

    @property
    def reminders(self) -> Reminders:
        desk = self.desk
        carries = {"one": self.gateway.kinds, "zbs": self.zalo.kinds}
        return Reminders(desk.content, desk.bot.keyring, desk.clock.timezone, carries)

    def switch(self, name: str, ways: Ways = Ways.ALL, actor: Actor = HA) -> None:
        """As an administrator does who has just looked at the page."""
        reminder = self.desk.content.reminders[HERE].reminders[name]
        seen = digest(self.read(lambda c: self.reminders.plan(c, HERE, reminder, ways)), None)
        row = self.row(name)
        version, now = 0 if row is None else row.version, self.desk.clock.now()
        self.run(lambda c: self.reminders.switch(c, HERE, name, version, ways, seen, actor, now))

    def row(self, name: str) -> Any:
        """The campaign's row, None while it was never switched."""
        return self.read(lambda c: c.execute(select(campaign).filter_by(reminder=name)).one_or_none())

    def at(self, day: int, hour: int, minute: int = 0) -> None:
        """Local time of a day of November 2026; today is Monday the 23rd. December goes on with 31."""
        first = datetime(2026, 11, 1, hour, minute, tzinfo=self.desk.clock.timezone)
        self.desk.clock.set(first + timedelta(days=day - 1))

    async def freeze(self) -> None:
        """The job alone: whom it is for is frozen, and nobody was called."""
        await make_runs(self.desk.context)

    async def send(self) -> None:
        """What the dispatcher does within some seconds."""
        desk = self.desk
        gateways = {"one": self.gateway, "zbs": self.zalo}
        dispatcher = Dispatcher(desk.database, desk.clock, desk.content, desk.bot.keyring, gateways, desk.heard)
        for _ in range(4):
            await dispatcher.send_due()
            desk.clock.advance(timedelta(seconds=10))

    async def tick(self) -> None:
        await self.freeze()
        await self.send()

    def owner(self, phone: bool = True, **values: Any) -> int:
        """Somebody with a number of their own; the contact's."""
        number = next(self.numbers)

        def work(connection: Connection) -> int:
            contacts = Contacts(connection, self.desk.bot.keyring)
            id_ = contacts.add(self.desk.clock.now(), f"Chủ {number}")
            if phone:
                contacts.set_phone(id_, values.get("number", f"+8491200{number:04}"))
            return id_

        return self.run(work)

    def talk(self, contact_id: int, channel: str = "telegram", **values: Any) -> str:
        """A conversation in which the owner wrote an hour ago; its id."""
        now = self.desk.clock.now()
        row = {"id": f"{channel}-{contact_id}", "channel": channel, "address": f"a{contact_id}", "holder": "bot"}
        row |= {"contact_id": contact_id, "province": HERE, "version": 1, "last_seq": 0, "created_at": now}
        self.run(lambda c: c.execute(insert(conversation), row | {"last_heard_at": now - HOUR} | values))
        return str(row["id"])

    def said(self, here: str) -> list[dict[str, Any]]:
        """What was said there, as it is kept."""
        rows = select(outbound.c.reply).filter_by(conversation_id=here).order_by(outbound.c.seq)
        return self.read(lambda c: list(c.scalars(rows)))

    def lesson(self, at: datetime) -> int:
        """A class; its number."""
        row = {
            "province": HERE,
            "topic": "ai",
            "title": f"Lớp {next(self.numbers)}",
            "place": "Nhà văn hóa",
            "seats": 9,
        }
        return self.run(lambda c: insert_returning_id(c, training_class, {**row, "starts_at": at}))

    def enrol(self, contact_id: int, class_id: int) -> None:
        row = {"class_id": class_id, "contact_id": contact_id, "topic": "ai", "province": HERE}
        self.run(lambda c: c.execute(insert(class_place), {**row, "created_at": self.desk.clock.now()}))

    def domain(self, contact_id: int, expires: date) -> int:
        """A shop with a domain; the shop's number."""
        now = self.desk.clock.now()

        def work(connection: Connection) -> int:
            given = {"purpose": "domain_reminder", "text_version": 1, "channel": "web", "given_at": now}
            agreed = insert_returning_id(connection, consent, {"contact_id": contact_id, **given})
            id_ = insert_returning_id(connection, shop, {"contact_id": contact_id, "province": HERE, "created_at": now})
            row = {"shop_id": id_, "tld": "biz.vn", "status": "active", "consent_id": agreed, "updated_at": now}
            connection.execute(insert(shop_domain), {**row, "expires_on": expires})
            return id_

        return self.run(work)

    def wish(self, contact_id: int, unserved_since: datetime) -> int:
        """A lead that no firm has; its number."""
        row = {"contact_id": contact_id, "vendor": "VNPT", "province": HERE, "status": "lapsed"}
        row |= {"created_at": unserved_since, "unserved_since": unserved_since}
        return self.run(lambda c: insert_returning_id(c, lead, row))

    def change(self, table: Any, where: dict[str, Any], **values: Any) -> None:
        self.run(lambda c: c.execute(update(table).filter_by(**where).values(values)))

    def ledger(self, name: str) -> list[tuple[int, str, str, str | None]]:
        """Contact, matter, state and reason of every row of a reminder's runs."""
        of = (
            select(recipient.c.contact_id, recipient.c.about, recipient.c.status, recipient.c.reason)
            .join(campaign_run, campaign_run.c.id == recipient.c.run_id)
            .join(campaign, campaign.c.id == campaign_run.c.campaign_id)
            .where(campaign.c.reminder == name)
            .order_by(recipient.c.id)
        )
        return self.read(lambda c: [tuple(row) for row in c.execute(of)])

    def place(self) -> Place:
        return Place(self.desk.clock.timezone, self.desk.content.deadlines)

    def run(self, work: Callable[[Connection], Any]) -> Any:
        return self.desk.database.run_now(work)

    def read(self, work: Callable[[Connection], Any]) -> Any:
        return self.desk.database.read_now(work)
