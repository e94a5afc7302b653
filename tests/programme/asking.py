"""A province with shops, and a round of the question of awareness among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from programme import awareness_rounds, ledger
from programme.awareness_rounds import Size
from programme.campaign_audience import chosen
from programme.campaign_plan import Plan, plan_of
from programme.campaigns import Campaigns, find
from programme.content import Content
from store.audit import Actor
from store.campaign_tables import recipient
from store.clock import Clock
from store.contacts import Contacts
from store.crypto import Keyring
from store.tables import shop

PROVINCE, TAN_CUONG, LA_BANG = "thai-nguyen", "05503", "05818"
ACTOR = Actor("Hà")


class Asking:
    """Shops are contacts 1, 2, … of a new database."""

    def __init__(self, connection: Connection, content: Content, keyring: Keyring, clock: Clock) -> None:
        self.connection, self.content, self.keyring, self.clock = connection, content, keyring, clock
        carries = {"esms": frozenset({"state_notice"})}
        self.campaigns = Campaigns(content, keyring, clock.timezone, carries)

    def shops(self, number: int, commune: str = TAN_CUONG, phones: bool = True) -> list[int]:
        now, contacts, made = self.clock.now(), Contacts(self.connection, self.keyring), []
        for _ in range(number):
            who = contacts.add(now)
            if phones:
                contacts.set_phone(who, f"+8491{who:07}")
            place = {"contact_id": who, "province": PROVINCE, "commune": commune, "created_at": now}
            self.connection.execute(insert(shop).values(**place))
            made.append(who)
        return made

    def begin(self, size: Size, population: Mapping[str, Any] | None = None, seed: int = 7) -> int:
        """Draw; the campaign's number."""
        plan = Plan(
            name="Lần 1",
            kind="state_notice",
            variants=(self.content.awareness.variant(),),
            channels=("zalo", "sms"),
            gateways=("esms",),
            audience={"and": []},
            schedule={"kind": "once", "at": None},
        )
        about = (population or {"and": []}, size, seed, ACTOR, self.clock.now())
        return awareness_rounds.begin(self.connection, self.campaigns, PROVINCE, plan, *about)

    def sample(self, campaign_id: int) -> list[int]:
        row = find(self.connection, campaign_id, PROVINCE)
        people = chosen(plan_of(row), PROVINCE, self.clock.now(), self.content)
        return sorted(self.connection.scalars(people))

    def send(self, campaign_id: int, is_test: bool = False) -> list[int]:
        """Freeze it, as if every message had been delivered by SMS just now; the rows of the ledger."""
        row, now = find(self.connection, campaign_id, PROVINCE), self.clock.now()
        people = chosen(plan_of(row), PROVINCE, now, self.content)
        run = ledger.freeze(self.connection, row, now, people, now, is_test=is_test)
        went = {"status": "delivered", "channel": "sms", "tried_at": now, "accepted_at": now, "final_at": now}
        self.connection.execute(update(recipient).where(recipient.c.run_id == run).values(**went))
        return list(self.connection.scalars(select(recipient.c.id).filter_by(run_id=run).order_by(recipient.c.id)))
