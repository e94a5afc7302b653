"""Campaigns from draft to due run: who may approve, what voids it, that each instant is frozen once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from bot.wakeups import Wakeups
from programme.campaign_plan import Plan, Variant
from programme.campaign_problems import CampaignProblem
from programme.campaigns import Campaigns, find
from programme.content import Content
from scheduler.campaigns import make_runs
from scheduler.kinds import JobContext
from store.audit import Actor
from store.campaign_tables import campaign_run
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database

HERE = "thai-nguyen"
HA, LAN = Actor("Hà"), Actor("Lan")


@pytest.fixture
def campaigns(content: Content, keyring: Keyring, clock: ManualClock) -> Campaigns:
    return Campaigns(content, keyring, clock.timezone, {"esms": frozenset({"customer_care", "state_notice"})})


def a_plan(database: Database, keyring: Keyring, clock: ManualClock, **more: object) -> Plan:
    def work(connection: Connection) -> list[int]:
        contacts = Contacts(connection, keyring)
        ids = [contacts.add(clock.now()) for _ in range(3)]
        for number, id_ in enumerate(ids):
            contacts.set_phone(id_, f"+8491234567{number}")
        return ids

    values: dict[str, object] = {
        "name": "Nhắc khảo sát",
        "kind": "customer_care",
        "variants": (Variant("A", "Chao {{ name }}"),),
        "channels": ("sms",),
        "gateways": ("esms",),
        "audience": {"contacts": database.run_now(work)},
        "schedule": {"kind": "once", "at": "2026-11-23T10:00"},
    }
    return Plan(**{**values, **more})  # type: ignore[arg-type]


def submitted(database: Database, campaigns: Campaigns, plan: Plan, clock: ManualClock) -> tuple[int, str]:
    def work(connection: Connection) -> tuple[int, str]:
        id_ = campaigns.create(connection, HERE, plan, HA, clock.now())
        campaigns.submit(connection, id_, HERE, 1, HA, clock.now())
        return id_, find(connection, id_, HERE)["digest"]

    return database.run_now(work)


async def test_an_approved_campaign_goes_once_at_its_time(
    database: Database, campaigns: Campaigns, content: Content, keyring: Keyring, clock: ManualClock
) -> None:
    plan = a_plan(database, keyring, clock)
    id_, digest = submitted(database, campaigns, plan, clock)
    database.run_now(lambda c: campaigns.approve(c, id_, HERE, 2, digest, LAN, clock.now()))
    context = JobContext(database, clock, content, Wakeups(), keyring)
    runs = select(campaign_run.c.status, campaign_run.c.prepared)
    await make_runs(context)
    assert [tuple(one) for one in database.read_now(lambda c: c.execute(runs).all())] == [("paused", 3)]
    clock.advance(timedelta(hours=1))
    await make_runs(context)
    clock.advance(-timedelta(hours=1))
    await make_runs(context)
    clock.advance(timedelta(hours=2))
    await make_runs(context)
    assert [tuple(one) for one in database.read_now(lambda c: c.execute(runs).all())] == [("running", 3)]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": "advertising", "variants": (Variant("A", "[QC] Moi. TC: {{ stop }}"),)}, "kind_not_carried"),
        ({"variants": (Variant("A", "Chao {{ ten }}"),)}, "variable_unknown"),
        ({"audience": {"contacts": []}}, "audience_empty"),
        ({"schedule": {"kind": "once", "at": "2026-11-22T10:00"}}, "schedule_past"),
        ({"window": {"from": "22:30", "until": "23:00"}}, "window_never_opens"),
    ],
)
def test_what_is_wrong_is_refused_when_it_is_submitted(
    database: Database, campaigns: Campaigns, keyring: Keyring, clock: ManualClock, more: dict[str, object], code: str
) -> None:
    plan = a_plan(database, keyring, clock, **more)
    with pytest.raises(CampaignProblem) as refused:
        submitted(database, campaigns, plan, clock)
    assert refused.value.code == code


def test_neither_the_author_nor_a_stale_page_approves(
    database: Database, campaigns: Campaigns, keyring: Keyring, clock: ManualClock
) -> None:
    plan = a_plan(database, keyring, clock)
    id_, digest = submitted(database, campaigns, plan, clock)

    def code(actor: Actor, version: int, seen: str) -> str:
        with pytest.raises(CampaignProblem) as refused:
            database.run_now(lambda c: campaigns.approve(c, id_, HERE, version, seen, actor, clock.now()))
        return refused.value.code

    assert code(HA, 2, digest) == "approval_by_author"
    assert code(LAN, 1, digest) == "campaign_changed"
    assert code(LAN, 2, "0" * 64) == "approval_stale"
    changed = a_plan(database, keyring, clock, variants=(Variant("A", "Khac {{ name }}"),))
    database.run_now(lambda c: campaigns.change(c, id_, HERE, 2, changed, LAN, clock.now()))
    assert code(LAN, 3, digest) == "campaign_step"
