"""A campaign by Zalo, planned on its page: the free window first, else a template by number (ZBS), else SMS.

Against the simulators of Zalo and eSMS, whose journals say who got what.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from bot.wakeups import Wakeups
from console.context import ConsoleContext
from integrations.registry import settings_for
from integrations.sms.esms.simulator import EsmsSimulator
from integrations.zalo.provider import ZaloProvider
from integrations.zalo.zbs import ZbsGateway
from programme import ledger
from programme.message_templates import Draft, create
from scheduler.campaigns import make_runs
from scheduler.dispatcher import Dispatcher
from scheduler.kinds import JobContext
from store.campaign_tables import recipient
from store.contacts import Contacts
from store.tables import outbound, shop
from tests.console.conftest import Browser
from tests.console.test_campaigns import FORM, PAGE, TAN_CUONG, act
from tests.console.test_campaigns import approver as approver
from tests.console.test_campaigns import context as context
from tests.console.test_campaigns import planner as planner
from tests.integrations.sms.esms_stand_in import esms
from tests.integrations.zalo.simulated import Zalo, zalo
from tests.integrations.zalo.test_simulator_templates import at
from tests.scheduler.bulk import talk

TEXT = "UBND xa thong bao: ho so cua {{ name }} da xong"
LAN, HUNG, MAI, NOBODY = "+84900000001", "+84900000002", "+84900000003", "+84900000009"


@dataclass
class Site:
    """The campaign's way out: `numbers` are those of the audience, in the order of their contacts."""

    context: ConsoleContext
    zalo: Zalo
    esms: EsmsSimulator
    dispatcher: Dispatcher

    def audience(self, *numbers: str) -> list[int]:
        def work(connection: Connection) -> list[int]:
            contacts, now = Contacts(connection, self.context.keyring), self.context.clock.now()
            ids = [contacts.add(now, f"Chủ {number[-1]}") for number in numbers]
            for id_, number in zip(ids, numbers, strict=True):
                contacts.set_phone(id_, number)
                place = {"contact_id": id_, "province": "thai-nguyen", "commune": TAN_CUONG, "created_at": now}
                connection.execute(insert(shop).values(place))
            return ids

        return self.context.database.run_now(work)

    async def run(self, planner: Browser, approver: Browser) -> None:
        """Plan it on the page, with a template that is registered at Zalo, have it approved, and send what may go."""
        context, zbs = self.context, {"ten": "name", "ma_yeu_cau": "commune"}
        draft = Draft("Hồ sơ", "customer_care", TEXT, TEXT, zbs_template="400001", zbs_variables=zbs)
        new = partial(create, province="thai-nguyen", draft=draft, officer_id=1, now=context.clock.now())
        number = context.database.run_now(new)
        form = {**FORM, "text": "", "template": str(number), "at": "", "channels": ["zalo", "zbs", "sms"]}
        form |= {"pace": "6000"}
        assert (await planner.post(f"{PAGE}/new", form)).status_code == 303
        assert await act(planner, context, "submit") == 303
        assert await act(approver, context, "approve") == 303
        job = JobContext(context.database, context.clock, context.content, Wakeups(), context.keyring)
        await make_runs(job)
        await self.send()

    async def send(self, seconds: int = 5) -> None:
        for _ in range(seconds):
            self.context.clock.advance(timedelta(seconds=1))
            await self.dispatcher.send_due()

    def rows(self) -> dict[int, tuple[str, str | None, str | None, str | None]]:
        """Contact → state, channel, gateway, reason; and the sum is right."""
        of = select(recipient).order_by(recipient.c.contact_id)
        found = self.context.database.read_now(lambda c: c.execute(of).all())
        assert self.context.database.read_now(lambda c: ledger.counts(c, found[0].run_id)).reconciles
        return {row.contact_id: (row.status, row.channel, row.gateway, row.reason) for row in found}

    def templates(self) -> list[tuple[str, Any]]:
        """What Zalo has sent by number: to whom, and with which parameters."""
        taken = self.zalo.sim.journal.of("accepted")
        return [(one["body"]["phone"], one["body"]["template_data"]) for one in taken]

    def messages(self) -> dict[str, int]:
        """How many SMS eSMS has sent to each number."""
        return dict(self.esms.taken.by_phone)


@pytest.fixture
async def site(context: ConsoleContext) -> AsyncIterator[Site]:
    async with contextlib.AsyncExitStack() as stack:
        platform = await stack.enter_async_context(zalo())
        at(platform, 9)
        settings = settings_for(platform.sim.account(), zalo_per_minute=6000)
        provider = ZaloProvider.from_settings(settings, context.database, context.clock)
        stack.push_async_callback(provider.close)
        simulator, gateway = await stack.enter_async_context(esms())
        gateways = {"zbs": ZbsGateway(provider.api, provider.rate.per_second), "esms": gateway}
        kept = (context.database, context.clock, context.content, context.keyring, gateways, Wakeups())
        yield Site(context, platform, simulator, Dispatcher(*kept))


async def test_the_window_then_the_template_with_its_parameters_then_sms(
    site: Site, planner: Browser, approver: Browser
) -> None:
    lan, hung, mai, nobody = site.audience(LAN, HUNG, MAI, NOBODY)
    talk(SimpleNamespace(clock=site.context.clock, database=site.context.database), lan)
    site.zalo.sim.people.get("2223334445556667780").refuses = -141  # Mai does not want the OA's templates
    await site.run(planner, approver)
    assert site.rows() == {
        lan: ("sending", "zalo", None, None),
        hung: ("accepted", "zbs", "zbs", None),
        mai: ("accepted", "sms", "esms", None),
        nobody: ("accepted", "sms", "esms", None),
    }
    assert site.templates() == [("84900000002", {"ten": "Chủ 2", "ma_yeu_cau": "Tân Cương"})]
    assert site.messages() == {MAI: 1, NOBODY: 1}
    said = select(outbound.c.reply)
    (reply,) = site.context.database.read_now(lambda c: list(c.scalars(said)))
    assert reply["text"] == "UBND xa thong bao: ho so cua Chủ 1 da xong"
    delivered = update(outbound).values(status="delivered", sent_at=site.context.clock.now())
    site.context.database.run_now(lambda c: c.execute(delivered))
    site.context.clock.advance(timedelta(minutes=11))
    await site.send()
    await site.dispatcher.receipts.ask_due()
    rows = site.rows()
    assert rows[lan][0] == "delivered" and rows[hung][0] == "delivered"  # Zalo was asked
    assert len(site.templates()) == 1 and site.messages() == {MAI: 1, NOBODY: 1}


async def test_a_template_that_zalo_may_have_sent_is_not_followed_by_an_sms(
    site: Site, planner: Browser, approver: Browser
) -> None:
    hung, mai = site.audience(HUNG, MAI)
    site.zalo.sim.faults.arm({"kind": "reset_after", "path": "/message/template"})
    await site.run(planner, approver)
    site.context.clock.advance(timedelta(minutes=2))
    await site.send()
    assert site.rows() == {one: ("uncertain", "zbs", "zbs", "zalo_no_answer") for one in (hung, mai)}
    assert len(site.templates()) == 2 and site.messages() == {}


async def test_without_money_at_zalo_everybody_gets_one_sms(site: Site, planner: Browser, approver: Browser) -> None:
    hung, mai = site.audience(HUNG, MAI)
    site.zalo.sim.switches.balance = 0
    await site.run(planner, approver)
    assert site.rows() == {one: ("accepted", "sms", "esms", None) for one in (hung, mai)}
    assert site.templates() == [] and site.messages() == {HUNG: 1, MAI: 1}


async def test_a_template_that_zalo_does_not_know_does_not_stop_the_reminder(
    site: Site, planner: Browser, approver: Browser
) -> None:
    (hung,) = site.audience(HUNG)
    del site.zalo.sim.templates.templates["400001"]
    await site.run(planner, approver)
    assert site.rows() == {hung: ("accepted", "sms", "esms", None)} and site.messages() == {HUNG: 1}
