"""Leads are not forgotten: firms are reminded, deadlines pass, owners hear once and are asked, late reports told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from bot import inbox
from programme import vendor_report
from programme.content import Content
from programme.report_periods import period_named
from scheduler import vendor_notices
from scheduler.lead_owners import QUIET
from scheduler.lead_watch import LEAD_WATCH
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database
from store.messages import InboundMessage
from store.survey_tables import lead
from store.tables import consent, conversation, data_request, inbound, opt_out, outbound
from store.vendor_tables import vendor_notice
from tests.programme.wishes import MINH, Wishes
from tests.scheduler.waiting import Office

HOUR = timedelta(hours=1)


class Trade(Wishes):
    """Wishes of owners who have a conversation, and the people of a province."""

    def __init__(self, database: Database, keyring: Keyring, clock: ManualClock, content: Content) -> None:
        super().__init__(database, keyring, clock, content)
        self.office = Office(database, clock, content, keyring)
        object.__setattr__(self.office.context.watch, "province", "thai_nguyen")

    async def tick(self) -> None:
        await LEAD_WATCH.run(self.office.context)

    def talking(self, lead_id: int, channel: str = "webchat", **values: Any) -> str:
        """The owner of the lead has a conversation, quiet for an hour."""

        def work(connection: Any) -> str:
            now = self.clock.now()
            here = inbox.open_conversation(connection, self.keyring, channel, f"owner {lead_id}", "thai-nguyen", now)
            quiet = {"contact_id": self.row(lead_id).contact_id, "last_heard_at": now - HOUR}
            connection.execute(update(conversation).filter_by(id=here).values({**quiet, **values}))
            return here

        return self.database.run_now(work)

    def set(self, here: str, **values: Any) -> None:
        changed = update(conversation).filter_by(id=here).values(values)
        self.database.run_now(lambda c: c.execute(changed))

    def said(self, here: str) -> list[str]:
        rows = select(outbound.c.reply).filter_by(conversation_id=here).order_by(outbound.c.seq)
        return [reply["entry"] for reply in self.database.read_now(lambda c: c.scalars(rows).all())]

    def notices(self) -> list[tuple[str, str, str]]:
        rows = select(vendor_notice.c.kind, vendor_notice.c.about, vendor_notice.c.status).order_by(vendor_notice.c.id)
        return [tuple(row) for row in self.database.read_now(lambda c: c.execute(rows).all())]


@pytest.fixture
def trade(database: Database, keyring: Keyring, clock: ManualClock, content: Content) -> Trade:
    return Trade(database, keyring, clock, content)


def hanoi(day: str, hour: int = 9) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00+07:00")


async def test_a_firm_s_people_are_reminded_once_before_the_deadline(trade: Trade) -> None:
    one, other = trade.make(), trade.make("Trần Văn Bảy", vendor="MISA")
    trade.office.person("minh", role="vendor", vendor="VNPT")
    trade.office.person("hoa", role="vendor", vendor="VNPT", communes=["05443"])
    trade.office.person("khac", role="vendor", vendor="BIDV")
    await trade.tick()
    assert trade.notices() == [] and trade.row(one).reminded_at is None
    trade.clock.set(trade.row(one).accept_by - HOUR)
    for _ in range(3):
        await trade.tick()
    assert trade.notices() == [("lead_due", f"lead {one} 1", "told")]
    (words,) = trade.office.chats.heard("minh")
    assert f"khách số {one}, xã Tân Cương, hạn " in words and f"/console/leads/{one}" in words and "Lan" not in words
    assert trade.office.chats.heard("hoa") == trade.office.chats.heard("khac") == []
    assert trade.row(other).reminded_at is not None  # of a firm without a chat: it is on the page


async def test_a_reminder_that_is_overtaken_is_not_told(trade: Trade) -> None:
    one = trade.make()
    trade.office.person("minh", role="vendor", vendor="VNPT")
    trade.clock.set(trade.row(one).accept_by - 2 * HOUR)
    object.__setattr__(trade.office.context.watch, "notices", None)
    await trade.tick()
    trade.step(one, "accepted")
    object.__setattr__(trade.office.context.watch, "notices", trade.office.chats)
    await trade.tick()
    assert trade.notices() == [("lead_due", f"lead {one} 1", "void")]
    assert trade.office.chats.said == []


async def test_what_nobody_took_up_goes_on_at_the_deadline(trade: Trade) -> None:
    one, old = trade.make(), trade.make("Trần Văn Bảy")
    # made before there were deadlines: its own begins now
    trade.database.run_now(lambda c: c.execute(update(lead).filter_by(id=old).values(accept_by=None)))
    trade.clock.set(trade.row(one).accept_by)
    await trade.tick()
    await trade.tick()
    assert (trade.row(one).status, trade.row(old).status) == ("lapsed", "offered")
    assert trade.row(old).accept_by > trade.clock.now()
    (asked,) = [row for row in trade.all() if row.offered_from == one]
    # the owner has no conversation: nobody can ask them, so people see to it
    assert (asked.status, asked.unserved_since) == ("declined", trade.clock.now())


async def test_an_owner_hears_once_that_it_was_taken_up_and_is_asked_once_about_the_call(trade: Trade) -> None:
    one = trade.make()
    here = trade.talking(one)
    await trade.tick()
    assert trade.said(here) == []
    trade.step(one, "accepted")
    for _ in range(2):
        await trade.tick()
    assert trade.said(here) == ["lead_taken_up"]
    trade.step(one, "contacted")
    for _ in range(2):
        await trade.tick()
    assert trade.said(here) == ["lead_taken_up", "lead_were_you_called"]
    offered = trade.database.read_now(lambda c: c.scalar(select(conversation.c.offered).filter_by(id=here)))
    assert [button["payload"] for button in offered] == [
        f'/firm_called{{"a":"{one}"}}',
        f'/firm_not_called{{"a":"{one}"}}',
    ]
    trade.step(one, "trial")
    await trade.tick()
    assert len(trade.said(here)) == 2


async def test_the_bot_is_silent_while_it_has_not_the_word(trade: Trade) -> None:
    one = trade.make()
    here = trade.talking(one)
    trade.step(one, "accepted")
    now = trade.clock.now()
    for held in (
        {"holder": "officer"},
        {"holder": "queue"},
        {"wake_at": now},
        {"last_heard_at": now - QUIET + timedelta(seconds=1)},
        {"unreachable": "blocked"},
    ):
        free = {"holder": "bot", "wake_at": None, "last_heard_at": now - HOUR, "unreachable": None}
        trade.set(here, **(free | held))
        await trade.tick()
        assert trade.said(here) == [], held
    trade.set(here, **free)
    trade.clock.set(hanoi("2026-11-23", 20))
    await trade.tick()
    assert trade.said(here) == []
    trade.clock.set(hanoi("2026-11-24", 8))
    await trade.tick()
    assert trade.said(here) == ["lead_taken_up"]


@pytest.mark.parametrize("why", ["opt_out", "erasure", "withdrawn"])
async def test_who_wants_to_be_left_alone_is(trade: Trade, why: str) -> None:
    one = trade.make()
    here = trade.talking(one)
    person, now = trade.row(one).contact_id, trade.clock.now()
    trade.step(one, "accepted")

    def leave(connection: Any) -> None:
        if why == "opt_out":
            inbox.accept(connection, here, _message(now), now)
            number = connection.scalar(select(inbound.c.id))
            said = {"contact_id": person, "channel": "webchat", "inbound_id": number, "at": now}
            connection.execute(insert(opt_out).values(said))
        elif why == "erasure":
            row = {"contact_id": person, "conversation_id": here, "kind": "erasure", "status": "open"}
            days = {"opened_at": now, "acknowledge_by": now.date(), "due_on": now.date()}
            connection.execute(insert(data_request).values(**row, **days))
        else:
            connection.execute(update(consent).filter_by(contact_id=person).values(withdrawn_at=now))

    trade.database.run_now(leave)
    trade.set(here, wake_at=None, last_heard_at=now - HOUR)
    await trade.tick()
    assert trade.said(here) == []


def _message(now: datetime) -> Any:
    return InboundMessage("webchat", "owner", "m1", now, "stop")


async def test_another_firm_is_asked_about_by_name_once_and_silence_is_no_consent(trade: Trade) -> None:
    one = trade.make()
    here = trade.talking(one)
    trade.step(one, "refused", reason="no_staff")
    for _ in range(2):
        await trade.tick()
    assert trade.said(here) == ["lead_other_firm"]
    (asked,) = [row for row in trade.all() if row.status == "asking"]
    words = trade.database.read_now(lambda c: c.scalar(select(outbound.c.reply).filter_by(conversation_id=here)))
    named = trade.content.packs.province("thai-nguyen").vendor(asked.vendor).short
    assert "VNPT chưa nhận" in words["text"] and f"cho {named} để họ liên hệ" in words["text"]
    trade.clock.advance(timedelta(days=7))
    await trade.tick()
    row = trade.row(asked.id)
    assert (row.status, row.unserved_since) == ("declined", trade.clock.now())
    assert trade.said(here) == ["lead_other_firm"]


async def test_who_has_not_reported_in_time_is_told_to_those_who_oversee_them(trade: Trade) -> None:
    trade.make()
    trade.office.person("thu", role="supervisor")
    rules, zone = vendor_report.report_rules(trade.content, "thai-nguyen"), trade.clock.timezone
    november = period_named("2026-11", rules, zone)
    report = vendor_report.Submission(3, {})
    trade.database.run_now(
        lambda c: vendor_report.submit(
            c, trade.content, "thai-nguyen", "VNPT", november, report, None, MINH, trade.clock.now()
        )
    )
    trade.clock.set(hanoi("2026-12-05"))
    await trade.tick()
    assert trade.office.chats.heard("thu") == []
    trade.clock.set(hanoi("2026-12-07"))
    for _ in range(2):
        await trade.tick()
    (words,) = trade.office.chats.heard("thu")
    assert "chưa nộp báo cáo kỳ: 5" in words and "MISA, kỳ 2026-11" in words and "VNPT" not in words


async def test_a_lead_of_somebody_who_has_gone_breaks_nothing(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    """One lead that breaks does not keep the others waiting."""
    one, two = trade.make(), trade.make("Trần Văn Bảy")
    trade.office.person("minh", role="vendor", vendor="VNPT")
    trade.clock.set(trade.row(one).accept_by - HOUR)
    real = vendor_notices.add_for_firm

    def breaks(connection: Any, row: Any, now: datetime) -> None:
        if row["id"] == one:
            raise RuntimeError("broken")
        real(connection, row, now)

    monkeypatch.setattr(vendor_notices, "add_for_firm", breaks)
    await trade.tick()
    assert (trade.row(one).reminded_at, trade.row(two).reminded_at) == (None, trade.clock.now())
