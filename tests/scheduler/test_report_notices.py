"""Reports are told to those who owe them and those who oversee them, each once; each kind can be switched off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from programme import notice_switches, vendor_report
from programme.campaign_problems import CampaignProblem
from programme.content import Content
from programme.notice_switches import Notice
from programme.report_periods import period_named
from scheduler import alarms
from scheduler.conditions import CONDITIONS, TOKENS_ENDING
from scheduler.lead_watch import LEAD_WATCH
from store.audit import Actor
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database
from tests.programme.wishes import MINH, Wishes
from tests.scheduler.test_lead_watch import HOUR, Trade, hanoi
from tests.scheduler.waiting import Office

HA = Actor("Hà")


@pytest.fixture
def trade(database: Database, keyring: Keyring, clock: ManualClock, content: Content) -> Trade:
    return Trade(database, keyring, clock, content)


def switch(office: Office, notice: Notice, on: bool) -> None:
    def work(connection: Any) -> None:
        version = notice_switches.switches(connection)[notice].version
        notice_switches.switch(connection, office.keyring, notice, on, version, HA, office.clock.now())

    office.database.run_now(work)


async def test_a_firm_hears_once_that_a_period_is_to_be_reported_until_it_has_reported(trade: Trade) -> None:
    trade.make()
    trade.office.person("minh", role="vendor", vendor="VNPT")
    trade.office.person("hoa", role="vendor", vendor="MISA")
    rules, zone = vendor_report.report_rules(trade.content, "thai-nguyen"), trade.clock.timezone
    november, report = period_named("2026-11", rules, zone), vendor_report.Submission(3, {})
    await trade.tick()
    assert trade.office.chats.said == []  # of October there is nothing to report
    trade.database.run_now(
        lambda c: vendor_report.submit(
            c, trade.content, "thai-nguyen", "MISA", november, report, None, MINH, trade.clock.now()
        )
    )
    for day in ("2026-12-01", "2026-12-02", "2026-12-04"):
        trade.clock.set(hanoi(day))
        await trade.tick()
    words = [text for text in trade.office.chats.heard("minh") if "Báo cáo kỳ đến hạn nộp" in text]
    assert len(words) == 1 and "VNPT, kỳ 2026-11, hạn 05/12/2026" in words[0]
    assert trade.office.chats.heard("hoa") == []


@pytest.mark.parametrize("notice", [Notice.REPORTS_DUE, Notice.REPORTS_LATE, Notice.LEAD_DEADLINES])
async def test_what_is_switched_off_is_not_told_and_on_again_it_is(trade: Trade, notice: Notice) -> None:
    one = trade.make()
    trade.office.person("minh", role="vendor", vendor="VNPT")
    trade.office.person("thu", role="supervisor")
    at = {Notice.REPORTS_DUE: hanoi("2026-12-01"), Notice.REPORTS_LATE: hanoi("2026-12-07")}
    trade.clock.set(at.get(notice, trade.row(one).accept_by - HOUR))
    kind = {Notice.REPORTS_DUE: "report_due", Notice.REPORTS_LATE: "report_late"}.get(notice, "lead_due")
    switch(trade.office, notice, False)
    await trade.tick()
    assert kind not in {found for found, _, _ in trade.notices()}
    switch(trade.office, notice, True)
    await trade.tick()
    assert kind in {found for found, _, _ in trade.notices()}


async def test_a_yearly_report_of_a_document_is_told_to_leaders_at_each_step_once(
    database: Database, keyring: Keyring, clock: ManualClock, content: Content
) -> None:
    office = Office(database, clock, content, keyring)
    object.__setattr__(office.context.watch, "province", "thanh_hoa")
    office.person("thu", role="administrator")
    office.person("lan")
    heard: dict[str, int] = {}
    for day in ("2026-11-19", "2026-11-20", "2026-11-23", "2026-12-14", "2026-12-18", "2026-12-21"):
        office.clock.set(datetime.fromisoformat(f"{day}T09:00:00+07:00"))
        for _ in range(2):
            await LEAD_WATCH.run(office.context)
        heard[day] = len(office.chats.heard("thu"))
    assert list(heard.values()) == [0, 1, 1, 2, 2, 2], heard
    words = office.chats.heard("thu")[0]
    assert "trước ngày 20/12/2026" in words and "V.1; V.4" in words and "Kế hoạch chuyển đổi số" in words
    assert office.chats.heard("lan") == []


async def test_warnings_of_requests_can_be_off_while_new_ones_are_told(
    database: Database, keyring: Keyring, clock: ManualClock, content: Content
) -> None:
    office = Office(database, clock, content, keyring)
    office.person("lan")
    switch(office, Notice.SLA_WARNINGS, False)
    number = office.ask()
    await office.minute()
    assert len(office.chats.heard("lan")) == 1
    office.clock.set(clock.now() + 23 * HOUR)
    await office.minute()
    assert len(office.chats.heard("lan")) == 1 and office.request(number).warned == 2


async def test_that_a_token_ends_soon_can_be_off_that_it_is_lost_cannot(
    trade: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {one.name for one in CONDITIONS} >= TOKENS_ENDING and "zalo_token_trouble" not in TOKENS_ENDING
    looked: list[str] = []

    async def look(context: Any, condition: Any, is_open: bool) -> None:
        looked.append(condition.name)

    monkeypatch.setattr(alarms, "_look", look)
    office = Office(trade.database, trade.clock, trade.content, trade.keyring)
    await alarms.watch(office.context)
    assert set(looked) >= TOKENS_ENDING
    looked.clear()
    switch(office, Notice.TOKENS_ENDING, False)
    await alarms.watch(office.context)
    assert "zalo_token_trouble" in looked and not TOKENS_ENDING & set(looked)


def test_of_two_who_switch_at_once_one_is_told(database: Database, keyring: Keyring, clock: ManualClock) -> None:
    def switched(version: int) -> None:
        database.run_now(
            lambda c: notice_switches.switch(c, keyring, Notice.SLA_WARNINGS, False, version, HA, clock.now())
        )

    switched(0)
    for stale in (0, 2):
        with pytest.raises(CampaignProblem) as refused:
            switched(stale)
        assert refused.value.code == "reminder_changed"
    one = database.read_now(lambda c: notice_switches.switches(c)[Notice.SLA_WARNINGS])
    assert (one.is_on, one.version, one.by) == (False, 1, "Hà")
