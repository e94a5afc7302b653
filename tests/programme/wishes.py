"""Owners who agreed to be called, and what firms do with their leads, for tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from programme import lead_owner, leads, responses
from programme.content import Content
from programme.lead_life import LeadLife, Step
from programme.lead_states import LeadState
from programme.lead_steps import Scope
from store.audit import Actor
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.survey_tables import lead
from store.vendor_tables import lead_step

TAN_CUONG, PHAN_DINH_PHUNG = "05503", "05443"
MINH = Actor("Minh", 901)


@dataclass
class Wishes:
    """Leads on a database: made by owners, moved by people of firms."""

    database: Database
    keyring: Keyring
    clock: ManualClock
    content: Content

    @property
    def life(self) -> LeadLife:
        return LeadLife(self.content, self.clock.timezone)

    def make(self, name: str = "Nguyễn Thị Lan", vendor: str = "VNPT", commune: str | None = TAN_CUONG) -> int:
        """An owner agrees that a firm calls; the lead's number."""

        def work(connection: Connection) -> int:
            now = self.clock.now()
            contacts = Contacts(connection, self.keyring)
            person = contacts.add(now, name)
            contacts.set_phone(person, "+84912345678")
            responses.give_consent(connection, person, responses.CONTACT_CONSENT, 1, "webchat", now)
            self.wish(connection, person, vendor, commune)
            return int(connection.scalar(select(lead.c.id).filter_by(contact_id=person, vendor=vendor)) or 0)

        return self.database.run_now(work)

    def wish(self, connection: Connection, person: int, vendor: str, commune: str | None = TAN_CUONG) -> bool:
        now = self.clock.now()
        deadline = self.life.accept_by("thai-nguyen", now)
        return leads.pass_on(connection, person, vendor, "thai-nguyen", commune, None, now, deadline)

    def step(
        self,
        lead_id: int,
        to: str,
        version: int | None = None,
        vendor: str | None = "VNPT",
        communes: tuple[str, ...] | None = None,
        actor: Actor = MINH,
        reason: str | None = None,
        text: str = "",
    ) -> Any:
        """A step from `version` (None: from where it stands). Raises LeadProblem."""
        wanted = Step(LeadState(to), version or self.row(lead_id).version, reason, text)
        scope = Scope("thai-nguyen", vendor, communes)
        return self.database.run_now(lambda c: self.life.step(c, lead_id, wanted, scope, actor, self.clock.now()))

    def lapse(self, lead_id: int) -> bool:
        return self.database.run_now(lambda c: self.life.lapse(c, lead_id, "thai-nguyen", self.clock.now()))

    def answer(self, lead_id: int, agreed: bool, contact_id: int | None = None) -> bool:
        """The owner answers whether another firm may call."""
        whose = contact_id or self.row(lead_id).contact_id
        now: datetime = self.clock.now()
        deadline = self.life.accept_by("thai-nguyen", now)
        return self.database.run_now(
            lambda c: lead_owner.answer_other_firm(c, lead_id, whose, agreed, 1, "webchat", deadline, now)
        )

    def row(self, lead_id: int) -> Any:
        return self.database.read_now(lambda c: c.execute(select(lead).filter_by(id=lead_id)).one())

    def all(self) -> list[Any]:
        return self.database.read_now(lambda c: list(c.execute(select(lead).order_by(lead.c.id))))

    def steps(self, lead_id: int) -> list[tuple[str | None, str, str, str | None]]:
        """From, to, who, why."""
        rows = select(lead_step).filter_by(lead_id=lead_id).order_by(lead_step.c.version)
        found = self.database.read_now(lambda c: c.execute(rows).all())
        return [(row.from_status, row.to_status, row.actor, row.reason) for row in found]
