"""Campaigns from draft to due run: who may approve, what voids it, that each instant is frozen once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from bot import restored
from bot.wakeups import Wakeups
from programme import ledger
from programme.campaign_plan import Plan, Variant
from programme.campaign_problems import CampaignProblem
from programme.campaigns import MOST_TESTS, MOST_TESTS_A_DAY, Campaigns, find
from programme.content import Content
from scheduler.campaigns import make_runs
from scheduler.kinds import JobContext
from store.audit import Actor
from store.campaign_tables import campaign, campaign_run, gateway_state, recipient
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database, insert_returning_id
from store.survey_tables import class_place, training_class
from store.tables import opt_out, shop

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
        ({"schedule": {"kind": "series", "at": "2026-11-22T10:00", "days": [0, 3]}}, "schedule_past"),
        ({"window": {"from": "22:30", "until": "23:00"}}, "window_never_opens"),
        ({"schedule": {"kind": "relative", "to": "class", "days": [-1], "time": "21:00"}}, "window_never_opens"),
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


def test_the_author_does_not_approve_under_another_name_either(
    database: Database, campaigns: Campaigns, keyring: Keyring, clock: ManualClock
) -> None:
    plan = a_plan(database, keyring, clock)
    before, after, other = Actor("Hà", 7), Actor("Hà (xã A)", 7), Actor("Lan", 8)
    id_ = database.run_now(lambda c: campaigns.create(c, HERE, plan, before, clock.now()))
    database.run_now(lambda c: campaigns.submit(c, id_, HERE, 1, other, clock.now()))
    digest = database.read_now(lambda c: find(c, id_, HERE)["digest"])
    for author in (after, other):
        with pytest.raises(CampaignProblem) as refused:
            database.run_now(lambda c: campaigns.approve(c, id_, HERE, 2, digest, author, clock.now()))  # noqa: B023
        assert refused.value.code == "approval_by_author"
    database.run_now(lambda c: campaigns.approve(c, id_, HERE, 2, digest, Actor("Mai", 9), clock.now()))


def of(database: Database, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(one) for one in database.read_now(lambda c: c.execute(select(*columns)).all())]


def approved(database: Database, campaigns: Campaigns, plan: Plan, clock: ManualClock) -> int:
    id_, digest = submitted(database, campaigns, plan, clock)
    database.run_now(lambda c: campaigns.approve(c, id_, HERE, 2, digest, LAN, clock.now()))
    return id_


async def test_a_recurring_campaign_asks_anew_each_time_and_ends_after_its_last(
    database: Database, campaigns: Campaigns, content: Content, keyring: Keyring, clock: ManualClock
) -> None:
    daily = {"kind": "daily", "time": "09:30", "from": "2026-11-23", "until": "2026-11-25"}
    approved(database, campaigns, a_plan(database, keyring, clock, schedule=daily), clock)
    context = JobContext(database, clock, content, Wakeups(), keyring)
    for _ in range(100):
        clock.advance(timedelta(hours=1))
        await make_runs(context)
    runs = of(database, campaign_run.c.due_at, campaign_run.c.prepared)
    assert [(at.astimezone(clock.timezone).strftime("%d %H:%M"), people) for at, people in runs] == [
        (f"{day} 09:30", 3) for day in (23, 24, 25)
    ]
    assert of(database, campaign.c.status) == [("approved",)]
    database.run_now(lambda c: c.execute(update(campaign_run).values(status="ended", ended_at=clock.now())))
    await make_runs(context)
    assert of(database, campaign.c.status, campaign.c.next_at) == [("ended", None)]


async def test_those_whose_day_it_is_get_a_relative_one_and_nobody_else(
    database: Database, campaigns: Campaigns, content: Content, keyring: Keyring, clock: ManualClock
) -> None:
    text = (Variant("A", "Chao {{ name }}, hen {{ class }} {{ day }} {{ time }} tai {{ place }}"),)
    relative = {"kind": "relative", "to": "class", "days": [-1, -3], "time": "10:00"}
    plan = a_plan(database, keyring, clock, variants=text, schedule=relative)
    ids = plan.audience["contacts"]
    start = clock.now().astimezone(clock.timezone).replace(hour=8, minute=0)

    def classes(connection: Connection) -> None:
        for days, who in ((1, ids[0]), (3, ids[1]), (2, ids[2])):
            at = start + timedelta(days=days)
            values = {"province": HERE, "title": f"Lớp {days}", "topic": "ai", "place": "Nhà văn hóa", "starts_at": at}
            one = insert_returning_id(connection, training_class, {**values, "seats": 30, "created_at": clock.now()})
            place = {"class_id": one, "contact_id": who, "topic": "ai", "province": HERE, "created_at": clock.now()}
            connection.execute(insert(class_place).values(**place))

    database.run_now(classes)
    approved(database, campaigns, plan, clock)
    context = JobContext(database, clock, content, Wakeups(), keyring)
    clock.set(start.replace(hour=10))
    await make_runs(context)
    await make_runs(context)
    assert sorted(of(database, recipient.c.contact_id, recipient.c.about)) == [
        (ids[0], "class 1 2026-11-24"),
        (ids[1], "class 2 2026-11-26"),
    ]


async def test_a_series_goes_on_with_those_it_reached_and_who_meet_no_stop(
    database: Database, campaigns: Campaigns, content: Content, keyring: Keyring, clock: ManualClock
) -> None:
    series = {"kind": "series", "at": "2026-11-23T10:00", "days": [0, 3]}
    plan = a_plan(database, keyring, clock, schedule=series, stops=("opted_out",))
    ids = plan.audience["contacts"]
    approved(database, campaigns, plan, clock)
    context = JobContext(database, clock, content, Wakeups(), keyring)
    clock.set(datetime(2026, 11, 23, 10, tzinfo=clock.timezone))
    await make_runs(context)
    assert len(of(database, recipient.c.id)) == 3

    def meanwhile(connection: Connection) -> None:
        connection.execute(update(recipient).values(status="delivered", tried_at=clock.now()))
        connection.execute(update(recipient).where(recipient.c.contact_id == ids[2]).values(status="failed"))
        connection.execute(insert(opt_out).values(contact_id=ids[1], channel="zalo", at=clock.now()))

    database.run_now(meanwhile)
    clock.advance(timedelta(days=3))
    await make_runs(context)
    second = select(recipient.c.contact_id).join(campaign_run, campaign_run.c.id == recipient.c.run_id)
    second = second.where(campaign_run.c.step == 1)
    assert list(database.read_now(lambda c: list(c.scalars(second)))) == [ids[0]]


async def test_what_comes_too_late_is_skipped_and_says_so(
    database: Database, campaigns: Campaigns, content: Content, keyring: Keyring, clock: ManualClock
) -> None:
    approved(database, campaigns, a_plan(database, keyring, clock, late_minutes=30), clock)
    clock.set(datetime(2026, 11, 23, 10, 31, tzinfo=clock.timezone))
    context = JobContext(database, clock, content, Wakeups(), keyring)
    await make_runs(context)
    assert of(database, recipient.c.status, recipient.c.reason) == [("skipped", "too_late")] * 3
    assert of(database, campaign.c.status) == [("ended",)]


async def test_paused_nothing_is_made_due_and_after_a_cancellation_never(
    database: Database, campaigns: Campaigns, content: Content, keyring: Keyring, clock: ManualClock
) -> None:
    id_ = approved(database, campaigns, a_plan(database, keyring, clock), clock)
    context = JobContext(database, clock, content, Wakeups(), keyring)
    database.run_now(lambda c: campaigns.pause(c, id_, HERE, 3, "chờ đã", LAN, clock.now()))
    clock.set(datetime(2026, 11, 23, 10, 5, tzinfo=clock.timezone))
    await make_runs(context)
    assert of(database, campaign_run.c.status) == [("paused",)]
    database.run_now(lambda c: campaigns.resume(c, id_, HERE, 4, LAN, clock.now()))
    await make_runs(context)
    assert of(database, campaign_run.c.status) == [("running",)]
    database.run_now(lambda c: campaigns.pause(c, id_, HERE, 5, "chờ nữa", LAN, clock.now()))
    assert of(database, campaign_run.c.status, campaign_run.c.pause_reason) == [("paused", "by_hand")]
    database.run_now(lambda c: campaigns.cancel(c, id_, HERE, 6, "thôi", LAN, clock.now()))
    await make_runs(context)
    assert of(database, campaign_run.c.status) == [("cancelled",)]
    assert of(database, campaign.c.status, campaign.c.next_at) == [("cancelled", None)]
    for act in (campaigns.pause, campaigns.cancel):
        with pytest.raises(CampaignProblem) as refused, database.engine.begin() as connection:
            act(connection, id_, HERE, 7, "nữa", LAN, clock.now())
        assert refused.value.code == "campaign_step"


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "once", "at": "2026-11-23T10:00"},
        {"kind": "daily", "time": "10:00", "from": "2026-11-23", "until": "2026-11-30"},
    ],
)
async def test_after_a_restore_nothing_that_was_planned_begins_by_itself(
    database: Database,
    campaigns: Campaigns,
    content: Content,
    keyring: Keyring,
    clock: ManualClock,
    schedule: dict[str, object],
) -> None:
    id_ = approved(database, campaigns, a_plan(database, keyring, clock, schedule=schedule), clock)
    clock.set(datetime(2026, 11, 23, 12, tzinfo=clock.timezone))  # it may have gone out at ten, after the backup
    database.run_now(lambda c: restored.settle(c, content, clock.now()))
    context = JobContext(database, clock, content, Wakeups(), keyring)
    await make_runs(context)
    assert of(database, campaign.c.status, campaign.c.pause_reason) == [("paused", "restored")]
    assert ("running",) not in of(database, campaign_run.c.status)
    database.run_now(lambda c: campaigns.resume(c, id_, HERE, 4, LAN, clock.now()))
    await make_runs(context)
    assert of(database, campaign_run.c.status, campaign_run.c.prepared) == [("running", 3)]


async def test_who_changed_between_submission_and_approval_is_counted_again(
    database: Database, campaigns: Campaigns, content: Content, keyring: Keyring, clock: ManualClock
) -> None:
    everybody: dict[str, object] = {"and": []}

    def open_shop(phone: str) -> None:
        def work(connection: Connection) -> None:
            contacts = Contacts(connection, keyring)
            id_ = contacts.add(clock.now())
            contacts.set_phone(id_, phone)
            connection.execute(insert(shop).values(contact_id=id_, province=HERE, created_at=clock.now()))

        database.run_now(work)

    open_shop("+84905000001")
    id_, digest = submitted(database, campaigns, a_plan(database, keyring, clock, audience=everybody), clock)
    open_shop("+84905000002")
    with pytest.raises(CampaignProblem) as refused:
        database.run_now(lambda c: campaigns.approve(c, id_, HERE, 2, digest, LAN, clock.now()))
    assert refused.value.code == "audience_changed" and "lúc trình 1 người, bây giờ 2" in refused.value.words("vi")
    assert database.run_now(lambda c: campaigns.recount(c, id_, HERE, 2, LAN, clock.now())) == 2
    again = database.read_now(lambda c: find(c, id_, HERE)["digest"])
    assert again != digest
    database.run_now(lambda c: campaigns.approve(c, id_, HERE, 3, again, LAN, clock.now()))
    copied = database.run_now(lambda c: campaigns.copy(c, id_, HERE, "Bản sao", HA, clock.now()))
    row = database.read_now(lambda c: find(c, copied, HERE))
    assert (row["status"], row["digest"], row["audience"], row["name"]) == ("draft", None, everybody, "Bản sao")


def test_a_test_is_a_run_of_its_own_for_one_number_and_there_are_not_many(
    database: Database, campaigns: Campaigns, keyring: Keyring, clock: ManualClock
) -> None:
    past = {"kind": "once", "at": "2026-11-22T10:00"}
    plan = a_plan(database, keyring, clock, schedule=past)
    id_ = database.run_now(lambda c: campaigns.create(c, HERE, plan, HA, clock.now()))

    def test() -> int:
        clock.advance(timedelta(seconds=1))
        return database.run_now(lambda c: campaigns.test(c, id_, HERE, 1, "+84987654321", HA, clock.now()))

    for _ in range(MOST_TESTS):
        test()
    assert set(of(database, campaign_run.c.is_test, campaign_run.c.prepared)) == {(True, 1)}
    assert len(set(of(database, recipient.c.contact_id))) == 1
    with pytest.raises(CampaignProblem) as refused:
        test()
    assert refused.value.code == "tests_spent"


def test_who_resumes_has_every_gateway_tried_again(
    database: Database, campaigns: Campaigns, keyring: Keyring, clock: ManualClock
) -> None:
    id_ = approved(database, campaigns, a_plan(database, keyring, clock), clock)

    def stopped(connection: Connection) -> None:
        connection.execute(update(campaign_run).values(status="paused", pause_reason="zalo_-216"))
        until = {"filled_at": clock.now(), "stopped_until": clock.now() + timedelta(minutes=9), "stopped_for": "x"}
        connection.execute(insert(gateway_state), [{"gateway": name, **until} for name in ("esms", "zbs")])

    database.run_now(stopped)
    database.run_now(lambda c: campaigns.resume(c, id_, HERE, 3, LAN, clock.now()))
    assert of(database, gateway_state.c.stopped_for) == [(None,), (None,)]


async def test_a_campaign_that_cannot_be_made_is_held_with_the_reason_and_others_are_made(
    database: Database, campaigns: Campaigns, content: Content, keyring: Keyring, clock: ManualClock
) -> None:
    plan = a_plan(database, keyring, clock)
    unknown, broken, whole = (approved(database, campaigns, plan, clock) for _ in range(3))

    def damage(connection: Connection) -> None:
        own = update(campaign)
        connection.execute(own.where(campaign.c.id == unknown).values(audience={"commune": ["00000"]}))
        connection.execute(own.where(campaign.c.id == broken).values(schedule={"kind": "sometimes"}))

    database.run_now(damage)
    clock.set(datetime(2026, 11, 23, 10, tzinfo=clock.timezone))
    await make_runs(JobContext(database, clock, content, Wakeups(), keyring))
    rows = {row[0]: row[1:] for row in of(database, campaign.c.id, campaign.c.status, campaign.c.pause_reason)}
    assert rows[unknown][0] == "paused" and "Tỉnh không có xã" in rows[unknown][1]
    assert rows[whole] == ("approved", None)
    runs = of(database, campaign_run.c.campaign_id, campaign_run.c.status)
    assert dict(runs) == {unknown: "paused", broken: "paused", whole: "running"}


def test_who_comes_while_it_is_approved_is_not_approved_with_it(
    database: Database, campaigns: Campaigns, keyring: Keyring, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_shop(connection: Connection, phone: str) -> None:
        contacts = Contacts(connection, keyring)
        id_ = contacts.add(clock.now())
        contacts.set_phone(id_, phone)
        connection.execute(insert(shop).values(contact_id=id_, province=HERE, created_at=clock.now()))

    database.run_now(lambda c: open_shop(c, "+84905000001"))
    plan = a_plan(database, keyring, clock, audience={"and": []})
    id_, digest = submitted(database, campaigns, plan, clock)
    freeze = ledger.freeze

    def while_a_list_is_read(connection: Connection, *rest: Any, **more: Any) -> int:
        open_shop(connection, "+84905000002")
        return freeze(connection, *rest, **more)

    monkeypatch.setattr(ledger, "freeze", while_a_list_is_read)
    with pytest.raises(CampaignProblem) as refused:
        database.run_now(lambda c: campaigns.approve(c, id_, HERE, 2, digest, LAN, clock.now()))
    assert refused.value.code == "audience_changed"
    assert of(database, campaign.c.status) == [("submitted",)] and of(database, campaign_run.c.id) == []


async def test_a_step_whose_day_is_no_holiday_any_more_is_not_missed(
    database: Database, campaigns: Campaigns, content: Content, keyring: Keyring, clock: ManualClock
) -> None:
    def with_holidays(*days: date) -> Content:
        return replace(content, deadlines=replace(content.deadlines, holidays=frozenset(days)))

    series = {"kind": "series", "at": "2026-11-23T10:00", "days": [0, 3]}
    planner = replace(campaigns, content=with_holidays(date(2026, 11, 26)))
    approved(database, planner, a_plan(database, keyring, clock, schedule=series), clock)
    clock.set(datetime(2026, 11, 23, 10, tzinfo=clock.timezone))
    await make_runs(JobContext(database, clock, planner.content, Wakeups(), keyring))
    database.run_now(lambda c: c.execute(update(recipient).values(status="delivered", tried_at=clock.now())))
    clock.set(datetime(2026, 11, 27, 10, tzinfo=clock.timezone))  # planned for that day; the pack has changed since
    for _ in range(2):
        await make_runs(JobContext(database, clock, with_holidays(), Wakeups(), keyring))
    assert of(database, campaign_run.c.step, campaign_run.c.prepared) == [(0, 3), (1, 3)]


def test_copies_are_no_way_to_send_without_an_approval(
    database: Database, campaigns: Campaigns, keyring: Keyring, clock: ManualClock
) -> None:
    plan = a_plan(database, keyring, clock)

    def test(id_: int) -> int:
        clock.advance(timedelta(seconds=1))
        return database.run_now(lambda c: campaigns.test(c, id_, HERE, 1, "+84987654321", HA, clock.now()))

    for _ in range(MOST_TESTS_A_DAY // MOST_TESTS):
        id_ = database.run_now(lambda c: campaigns.create(c, HERE, plan, HA, clock.now()))
        for _ in range(MOST_TESTS):
            test(id_)
    id_ = database.run_now(lambda c: campaigns.create(c, HERE, plan, HA, clock.now()))
    with pytest.raises(CampaignProblem) as refused:
        test(id_)
    assert refused.value.code == "tests_spent_today"
    clock.advance(timedelta(hours=24))
    later = replace(plan, schedule={"kind": "once", "at": None})
    id_ = database.run_now(lambda c: campaigns.create(c, HERE, later, HA, clock.now()))
    assert test(id_)
