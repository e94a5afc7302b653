"""Reminders that need no campaign: whose day it is hears of it once, in the conversation they have or by SMS."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy import delete, func, insert, select

from bot import restored
from bot.wakeups import Wakeups
from programme.campaign_problems import CampaignProblem
from programme.reminders import STALE, Ways
from programme.survey.response import left
from scheduler.campaigns import make_runs
from scheduler.dispatcher import Dispatcher
from scheduler.kinds import JobContext
from store.audit import Actor
from store.campaign_tables import campaign_run, message_template
from store.console_tables import audit_log
from store.messages import Reply
from store.survey_tables import class_place, lead, training_class
from store.tables import conversation, shop_domain
from tests.scheduler.conftest import Desk, one_more_answer, own_connection
from tests.scheduler.reminding import DAY, HERE, Town


@pytest.fixture
def town(desk: Desk) -> Town:
    return Town(desk)


def local(town: Town, day: int, hour: int = 8) -> datetime:
    """Of November 2026."""
    return datetime(2026, 11, day, hour, tzinfo=town.desk.clock.timezone)


async def test_who_left_a_survey_is_reminded_next_morning_without_anybody_having_switched_it_on(town: Town) -> None:
    kept = await town.desk.leave_unfinished()
    for _ in range(2):
        town.at(24, 8, 29)
        await town.tick()
        assert await town.desk.said(kept) == []
    town.at(24, 8, 30)
    await town.tick()
    (sent,) = await town.desk.said(kept)
    reply, say = Reply.from_json(sent.reply), town.desk.content.phrases.say
    assert f"còn {left(kept.response)} câu" in reply.text
    assert [(button.title, button.payload) for button in reply.buttons] == [
        (say("survey_resume_button"), "/resume_survey"),
        (say("survey_later_button"), "/pause_survey"),
        (say("survey_no_nudge_button"), "/opt_out"),
    ]
    row = town.row("survey_unfinished")
    assert (row.status, row.channels, row.approved_by) == ("approved", ["chat"], "hotline")
    acts = town.read(
        lambda c: list(c.execute(select(audit_log.c.actor, audit_log.c.detail).filter_by(action="reminder.on")))
    )
    assert [(actor, detail["reminder"]) for actor, detail in acts] == [("hotline", "survey_unfinished")]
    assert town.row("class_tomorrow") is None  # what costs money is nobody's but a person's to switch on


async def test_who_writes_english_is_reminded_in_english(town: Town) -> None:
    kept = await town.desk.leave_unfinished()
    town.change(conversation, {"id": kept.origin.conversation_id}, language="en")
    await town.freeze()
    town.at(24, 8, 30)
    await town.tick()
    (sent,) = await town.desk.said(kept)
    assert "Shall we continue?" in sent.reply["text"] and sent.reply["buttons"][0]["title"] == "Continue"


async def test_once_for_a_survey_whatever_the_clock_does_and_however_often_it_is_left(town: Town) -> None:
    kept = await town.desk.leave_unfinished()
    await town.freeze()
    for day, hour in ((24, 9), (24, 8), (24, 10), (25, 9)):
        town.at(day, hour)
        await town.tick()
    assert len(await town.desk.said(kept)) == 1
    await town.desk.database.run(town.desk.saving(one_more_answer(kept)))
    town.at(26, 9)
    await town.tick()
    assert len(await town.desk.said(kept)) == 1
    assert [row[1:] for row in town.ledger("survey_unfinished")] == [
        (f"survey {kept.id}", "accepted", None),
        (f"survey {kept.id}", "skipped", "told_before"),
    ]


async def test_a_class_is_told_the_day_before_in_the_conversation_else_by_sms(town: Town) -> None:
    talks, silent, other = town.owner(), town.owner(), town.owner()
    here = town.talk(talks)
    tomorrow, later = town.lesson(local(town, 25, 14)), town.lesson(local(town, 26, 14))
    for who, which in ((talks, tomorrow), (silent, tomorrow), (other, later)):
        town.enrol(who, which)
    town.switch("class_tomorrow")
    town.at(24, 9)
    for _ in range(3):
        await town.tick()
    (said,) = town.said(here)
    assert "lúc 14:00 ngày 25/11/2026, tại Nhà văn hóa" in said["text"] and said["buttons"][-1]["payload"] == "/opt_out"
    (sms,) = town.gateway.journal
    assert sms.kind == "customer_care" and "14:00 ngay 25/11/2026, tai Nha van hoa" in sms.text
    assert [row[0] for row in town.ledger("class_tomorrow")] == [talks, silent]


@pytest.mark.parametrize(("variable", "uses_it"), [("class", True), ("expires", False)])
async def test_a_template_at_zalo_goes_before_sms_if_it_wants_what_there_is(
    town: Town, variable: str, uses_it: bool
) -> None:
    now = town.desk.clock.now()
    row = {"province": HERE, "name": "Lớp", "kind": "customer_care", "text": "x", "plain": "x", "zbs_template": "77"}
    row |= {"starter": "lop_ngay_mai", "zbs_variables": {"lop": variable}, "created_at": now, "updated_at": now}
    town.run(lambda c: c.execute(insert(message_template).values(row)))
    talks, silent, which = town.owner(), town.owner(), town.lesson(local(town, 25))
    here = town.talk(talks)
    for who in (talks, silent):
        town.enrol(who, which)
    town.switch("class_tomorrow")
    town.at(24, 9)
    await town.tick()
    assert len(town.said(here)) == 1
    assert town.row("class_tomorrow").channels == (["chat", "zbs", "sms"] if uses_it else ["chat", "sms"])
    assert [(one.template, len(one.values)) for one in town.zalo.journal] == [("77", 1)] * uses_it
    assert len(town.gateway.journal) == (not uses_it)
    town.at(24, 10)
    await town.freeze()
    assert town.row("class_tomorrow").status == "approved"  # the pack says the same as before


async def test_in_conversations_alone_nobody_is_sent_an_sms(town: Town) -> None:
    silent, which = town.owner(), town.lesson(local(town, 25))
    town.enrol(silent, which)
    town.switch("class_tomorrow", Ways.FREE)
    town.at(24, 9)
    await town.tick()
    assert town.gateway.journal == []
    assert [row[2:] for row in town.ledger("class_tomorrow")] == [("skipped", "no_conversation")]


async def test_zalo_is_written_to_within_its_free_window_only(town: Town) -> None:
    fresh, stale = town.owner(), town.owner()
    here = town.talk(fresh, "zalo")
    there = town.talk(stale, "zalo", last_heard_at=town.desk.clock.now() - 3 * DAY)
    for who in (fresh, stale):
        town.enrol(who, town.lesson(local(town, 25)))
    town.switch("class_tomorrow")
    town.at(24, 9)
    await town.tick()
    assert len(town.said(here)) == 1 and town.said(there) == [] and len(town.gateway.journal) == 1


async def test_a_class_that_was_moved_is_told_of_on_the_day_before_its_new_day(town: Town) -> None:
    who, which = town.owner(), town.lesson(local(town, 25))
    town.enrol(who, which)
    town.switch("class_tomorrow")
    town.at(24, 9)
    await town.freeze()
    town.change(training_class, {"id": which}, starts_at=local(town, 28))
    await town.send()
    assert [row[2:] for row in town.ledger("class_tomorrow")] == [("skipped", "matter_over")]
    town.at(27, 9)
    for _ in range(2):
        await town.tick()
    (sms,) = town.gateway.journal
    assert "28/11/2026" in sms.text


async def test_who_gave_up_the_place_hears_nothing_and_who_shares_the_number_still_does(town: Town) -> None:
    gone, other, which = (
        town.owner(number="+84912999999"),
        town.owner(number="+84912999999"),
        town.lesson(local(town, 25)),
    )
    alone = town.owner()
    for who in (gone, other, alone):
        town.enrol(who, which)
    town.switch("class_tomorrow")
    town.at(24, 9)
    await town.freeze()
    town.run(lambda c: c.execute(delete(class_place).where(class_place.c.contact_id.in_([gone, alone]))))
    await town.send()
    assert [one.phone for one in town.gateway.journal] == ["+84912999999"]
    assert {row[3] for row in town.ledger("class_tomorrow") if row[0] == alone} == {"matter_over"}


async def test_a_domain_is_told_of_60_30_and_7_days_before_unless_it_was_renewed(town: Town) -> None:
    keeps, renews = town.owner(), town.owner()
    expires = date(2027, 1, 25)
    town.domain(keeps, expires)
    renewed = town.domain(renews, expires)
    town.switch("domain_expiry")
    for days in (61, 60, 59, 30, 7, 0):
        at = datetime.combine(expires, datetime.min.time(), town.desk.clock.timezone).replace(hour=10) - days * DAY
        if at < town.desk.clock.now():
            continue
        town.desk.clock.set(at)
        await town.freeze()
        if days == 30:
            town.change(shop_domain, {"shop_id": renewed}, expires_on=date(2029, 1, 25))
        await town.send()
    told = [row for row in town.ledger("domain_expiry") if row[2] == "accepted"]
    assert [row[0] for row in told] == [keeps, renews, keeps, keeps]
    assert [row[2:] for row in town.ledger("domain_expiry") if row[2] == "skipped"] == [("skipped", "matter_over")]
    assert "25/01/2027" in town.gateway.journal[0].text


async def test_a_wish_that_no_firm_took_up_is_told_of_once_unless_one_has_it_by_now(town: Town) -> None:
    waits, served = town.owner(), town.owner()
    town.wish(waits, town.desk.clock.now())
    taken = town.wish(served, town.desk.clock.now())
    town.switch("lead_unserved")
    town.at(24, 9, 30)
    await town.freeze()
    town.change(lead, {"id": taken}, status="offered", unserved_since=None)
    await town.send()
    (sms,) = town.gateway.journal
    assert "VNPT" in sms.text
    assert [row[2:] for row in town.ledger("lead_unserved")] == [("accepted", None), ("skipped", "matter_over")]


async def test_switched_off_nothing_leaves_and_on_again_what_has_passed_stays_passed(town: Town) -> None:
    which = town.lesson(local(town, 25))
    town.enrol(town.owner(), which)
    town.switch("class_tomorrow")
    town.at(24, 9)
    await town.freeze()
    town.switch("class_tomorrow", Ways.OFF)
    await town.send()
    assert town.gateway.journal == []
    assert [row[2:] for row in town.ledger("class_tomorrow")] == [("skipped", "cancelled")]
    town.switch("class_tomorrow")
    for hour in (10, 9, 12):
        town.at(24, hour)
        await town.tick()
    assert town.gateway.journal == []


async def test_another_time_in_the_pack_on_the_same_day_reminds_nobody_twice(town: Town) -> None:
    town.enrol(town.owner(), town.lesson(local(town, 25)))
    town.switch("class_tomorrow")
    town.at(24, 9)
    await town.tick()
    change_pack(town, "class_tomorrow", time="10:00")
    await town.tick()
    town.switch("class_tomorrow")
    town.at(24, 10)
    await town.tick()
    assert len(town.gateway.journal) == 1
    assert [row[2:] for row in town.ledger("class_tomorrow")] == [("accepted", None), ("skipped", "told_before")]


def change_pack(town: Town, name: str, **values: object) -> None:
    """As after an upgrade with another pack."""
    pack = town.desk.content.reminders[HERE]
    changed = pack.reminders[name].model_copy(update=values)
    packs = {**town.desk.content.reminders, HERE: replace(pack, reminders={**pack.reminders, name: changed})}
    town.desk.content = replace(town.desk.content, reminders=packs)


async def test_another_text_in_the_pack_stops_it_until_it_is_confirmed(town: Town) -> None:
    for day in (25, 26):
        town.enrol(town.owner(), town.lesson(local(town, day)))
    town.switch("class_tomorrow")
    old = town.row("class_tomorrow")
    change_pack(town, "class_tomorrow", text="Lớp {{ class }}: {{ time }} {{ day }}, {{ place }}.")
    town.at(24, 9)
    await town.tick()
    row = town.row("class_tomorrow")
    assert (row.status, row.pause_reason, row.next_at, row.variants) == ("paused", STALE, None, old.variants)
    assert town.gateway.journal == []
    town.switch("class_tomorrow")
    town.at(25, 9)
    await town.tick()
    (sms,) = town.gateway.journal
    assert sms.text.startswith("Lop Lop ") and town.row("class_tomorrow").pause_reason is None


async def test_what_the_hotline_switched_on_takes_over_the_pack_s_new_text(town: Town) -> None:
    kept = await town.desk.leave_unfinished()
    await town.freeze()
    change_pack(town, "survey_unfinished", time="09:45")
    town.at(24, 9)
    await town.tick()
    assert await town.desk.said(kept) == [] and town.row("survey_unfinished").status == "approved"
    town.at(24, 9, 45)
    await town.tick()
    assert len(await town.desk.said(kept)) == 1
    town.switch("survey_unfinished", Ways.OFF)
    await town.freeze()
    assert town.row("survey_unfinished").status == "paused"  # and it stays off


def test_of_two_administrators_one_is_told_and_a_text_nobody_saw_is_not_switched_on(town: Town) -> None:
    def code(version: int, seen: str, ways: Ways = Ways.ALL, name: str = "class_tomorrow") -> str:
        with pytest.raises(CampaignProblem) as refused:
            now = town.desk.clock.now()
            town.run(lambda c: town.reminders.switch(c, HERE, name, version, ways, seen, Actor("Lan"), now))
        return refused.value.code

    assert code(0, "0" * 64) == "approval_stale"
    town.switch("class_tomorrow")
    assert code(0, "", Ways.OFF) == "reminder_changed"
    assert code(0, "", Ways.OFF, "no_such") == "reminder_unknown"
    assert town.row("class_tomorrow").status == "approved"


async def test_after_a_restore_no_reminder_goes_on_by_itself(town: Town) -> None:
    kept = await town.desk.leave_unfinished()
    await town.freeze()
    town.at(24, 8)
    town.run(lambda c: restored.settle(c, town.desk.content, town.desk.clock.now()))
    town.at(24, 9)
    await town.tick()
    assert await town.desk.said(kept) == []
    assert town.row("survey_unfinished").pause_reason == "restored"
    town.switch("survey_unfinished", Ways.FREE)
    for day in (24, 25):
        town.at(day, 9)
        await town.tick()
    assert await town.desk.said(kept) == []


async def test_a_process_that_dies_repeats_nothing(town: Town) -> None:
    for _ in range(5):
        town.enrol(town.owner(), town.lesson(local(town, 25)))
    town.switch("class_tomorrow")
    town.at(24, 9)
    await town.freeze()
    # the leader died behind the freeze and before next_at was seen to; the next one begins from the row
    for _ in range(3):
        await town.freeze()
        await town.send()
    assert len(town.gateway.journal) == len({one.phone for one in town.gateway.journal}) == 5


async def test_two_processes_at_once_tell_each_once(town: Town) -> None:
    owners = [await town.desk.leave_unfinished() for _ in range(6)]
    for _ in range(6):
        town.enrol(town.owner(), town.lesson(local(town, 25)))
    town.switch("class_tomorrow")
    await town.freeze()
    town.at(24, 9)
    desk, ready = town.desk, threading.Barrier(2)

    async def process() -> None:
        with own_connection(desk) as database:
            ready.wait(20)
            context = JobContext(database, desk.clock, desk.content, Wakeups(), desk.bot.keyring, desk.context.watch)
            await make_runs(context)
            gateways = {"one": town.gateway}
            dispatcher = Dispatcher(database, desk.clock, desk.content, desk.bot.keyring, gateways, Wakeups())
            for _ in range(20):
                await dispatcher.send_due()
                await asyncio.sleep(0.01)

    def run() -> None:
        asyncio.run(process())

    with ThreadPoolExecutor(2) as threads:
        for ended in [threads.submit(run) for _ in range(2)]:
            ended.result()
    await town.send()
    assert [len(await desk.said(owner)) for owner in owners] == [1] * 6
    assert len(town.gateway.journal) == len({one.phone for one in town.gateway.journal}) == 6
    runs = town.read(lambda c: c.scalar(select(func.count()).select_from(campaign_run)))
    assert runs == 2
