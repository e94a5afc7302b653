"""Who left a survey unfinished is reminded once, a day later, in daytime, and only if that is still right."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from bot import baton, inbox
from bot.baton import Reason
from bot.wakeups import OUTBOX, Wakeups
from programme import links, responses
from programme.responses import Kept
from programme.survey.response import left
from scheduler import survey_nudges
from scheduler.kinds import JobContext
from scheduler.survey_nudges import MOST_AT_ONCE, NUDGE_AFTER, NUDGE_BEFORE, nudge_owners
from scheduler.ticker import Ticker
from store.clock import Clock
from store.leadership import LEASE
from store.messages import InboundMessage, Reply
from store.survey_tables import survey_response
from store.tables import conversation, data_request, inbound, opt_out
from tests.scheduler.conftest import ONLY_NUDGES, Desk, Heard, Logged, all_answers, one_more_answer, own_connection
from tests.scheduler.test_ticker import Died

SECOND, TEN_MINUTES = timedelta(seconds=1), timedelta(minutes=10)
Change = Callable[[Desk, Kept, Connection], object]


async def test_the_reminder_says_how_much_is_left_and_has_its_buttons(desk: Desk) -> None:
    kept = await desk.leave_unfinished()
    before = await desk.row(str(kept.origin.conversation_id))
    desk.clock.advance(NUDGE_AFTER)
    await desk.ticker().look()
    (sent,) = await desk.said(kept)
    say, questions = desk.content.phrases.say, left(kept.response)
    reply = Reply.from_json(sent.reply)
    assert reply.text == say("survey_nudge", left=questions) and str(questions) in reply.text
    assert [(button.title, button.payload) for button in reply.buttons] == [
        (say("survey_resume_button"), "/resume_survey"),
        (say("survey_later_button"), "/pause_survey"),
        (say("survey_no_nudge_button"), "/opt_out"),
    ]
    assert (sent.sender, sent.in_reply_to, sent.created_at) == ("bot", None, desk.clock.now())
    after = await desk.row(before.id)
    assert (after.version, after.last_seq, sent.seq) == (before.version + 1, before.last_seq + 1, after.last_seq)
    assert [one["payload"] for one in after.offered] == ["/resume_survey", "/pause_survey", "/opt_out"]
    assert (after.holder, after.wake_at, after.dialogue_state) == ("bot", None, before.dialogue_state)
    assert desk.heard.keys == [before.id, OUTBOX]
    assert await desk.nudged_at(kept) == desk.clock.now()


async def test_an_owner_who_writes_english_is_reminded_in_english(desk: Desk) -> None:
    kept = await desk.leave_unfinished()
    english = update(conversation).filter_by(id=kept.origin.conversation_id).values(language="en")
    await desk.database.run(lambda c: c.execute(english))
    desk.clock.advance(NUDGE_AFTER)
    await nudge_owners(desk.context)
    (sent,) = await desk.said(kept)
    assert sent.reply["text"] == desk.content.phrases.say("survey_nudge", "en", left=left(kept.response))


async def test_a_day_later_and_not_before(desk: Desk) -> None:
    kept = await desk.leave_unfinished()
    desk.clock.advance(NUDGE_AFTER - SECOND)
    await nudge_owners(desk.context)
    assert await desk.said(kept) == []
    desk.clock.advance(SECOND)
    await nudge_owners(desk.context)
    assert len(await desk.said(kept)) == 1


async def test_after_a_week_it_is_too_late(desk: Desk) -> None:
    kept = await desk.leave_unfinished()
    desk.clock.advance(NUDGE_BEFORE)
    await nudge_owners(desk.context)
    assert await desk.said(kept) == []


async def link(desk: Desk, there: Kept, here: Kept) -> None:
    """As if the code shown in the one's conversation had been typed in the other's."""
    now, talks = desk.clock.now(), [str(kept.origin.conversation_id) for kept in (there, here)]

    def join(connection: Connection) -> None:
        links.keep_code(connection, talks[0], "482913", now)
        found = links.find_link(connection, talks[1], "482913", now)
        assert isinstance(found, links.Link) and links.link(connection, talks[1], found, now) is not None

    await desk.database.run(join)


async def test_of_two_linked_channels_only_the_survey_that_goes_on_is_reminded_of(desk: Desk) -> None:
    left_behind = await desk.leave_unfinished()
    desk.clock.advance(SECOND)
    goes_on = await desk.leave_unfinished()
    await link(desk, left_behind, goes_on)
    desk.clock.advance(NUDGE_AFTER)
    await nudge_owners(desk.context)
    assert await desk.said(left_behind) == []
    assert len(await desk.said(goes_on)) == 1


@pytest.mark.parametrize("asked_first", [True, False])
async def test_who_wants_to_be_erased_is_not_reminded_on_the_linked_channel_either(
    desk: Desk, asked_first: bool
) -> None:
    asks = await desk.leave_unfinished()
    desk.clock.advance(SECOND)
    other = await desk.leave_unfinished()
    asks, other = (asks, other) if asked_first else (other, asks)
    await desk.database.run(lambda c: _wants_to_be_erased(desk, asks, c))
    await link(desk, asks, other)
    desk.clock.advance(NUDGE_AFTER)
    await nudge_owners(desk.context)
    assert await desk.said(other) == [] == await desk.said(asks)


async def test_once_per_response_even_when_the_owner_goes_on_and_leaves_again(desk: Desk) -> None:
    kept = await desk.leave_unfinished()
    desk.clock.advance(NUDGE_AFTER)
    for _ in range(3):
        await desk.ticker().look()
        desk.clock.advance(NUDGE_AFTER)
    assert len(await desk.said(kept)) == 1
    await desk.database.run(desk.saving(one_more_answer(kept)))
    desk.clock.advance(NUDGE_AFTER)
    await desk.ticker().look()
    assert len(await desk.said(kept)) == 1


@pytest.mark.parametrize(
    ("local", "reminded"),
    [
        (time(7, 59), False),
        (time(7, 59, 59), False),
        (time(8, 0), True),
        (time(19, 59), True),
        (time(19, 59, 59), True),
        (time(20, 0), False),
        (time(23, 30), False),
    ],
)
async def test_only_in_daytime(desk: Desk, local: time, reminded: bool) -> None:
    kept = await desk.leave_unfinished()
    day = (desk.clock.now() + 2 * NUDGE_AFTER).astimezone(desk.clock.timezone).date()
    desk.clock.set(datetime.combine(day, local, desk.clock.timezone))
    await desk.ticker().look()
    assert len(await desk.said(kept)) == reminded


async def test_who_becomes_due_in_the_night_is_reached_in_the_morning(desk: Desk) -> None:
    evening = datetime(2026, 11, 23, 20, 30, tzinfo=desk.clock.timezone)
    desk.clock.set(evening)
    kept = await desk.leave_unfinished()
    ticker, sent_at = desk.ticker(), None
    desk.clock.set(evening + NUDGE_AFTER)
    while not await desk.said(kept) and desk.clock.now() < evening + 2 * NUDGE_AFTER:
        await ticker.look()
        sent_at = desk.clock.now()
        desk.clock.advance(TEN_MINUTES)
    assert sent_at == datetime(2026, 11, 25, 8, 0, tzinfo=desk.clock.timezone).astimezone(UTC)


async def test_the_hours_are_checked_again_when_the_message_leaves(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = await desk.leave_unfinished()
    desk.clock.set(datetime(2026, 11, 24, 19, 59, 59, tzinfo=desk.clock.timezone))
    _between(monkeypatch, lambda: desk.clock.advance(SECOND))
    await nudge_owners(desk.context)
    assert await desk.said(kept) == [] and await desk.nudged_at(kept) is None


def _completes(desk: Desk, kept: Kept, connection: Connection) -> None:
    desk.saving(all_answers(kept))(connection)


def _resumes(desk: Desk, kept: Kept, connection: Connection) -> None:
    desk.saving(one_more_answer(kept))(connection)


def _begins_anew(desk: Desk, kept: Kept, connection: Connection) -> None:
    responses.abandon(connection, kept)


def _writes(desk: Desk, kept: Kept, connection: Connection) -> inbox.Accepted:
    message = InboundMessage("webchat", "", f"m-{kept.id}", desk.clock.now(), "còn đó không")
    return inbox.accept(connection, str(kept.origin.conversation_id), message, desk.clock.now())


def _opts_out(desk: Desk, kept: Kept, connection: Connection) -> None:
    # said long ago and answered, so that nothing else speaks against a reminder
    _writes(desk, kept, connection)
    here = kept.origin.conversation_id
    connection.execute(update(inbound).filter_by(conversation_id=here).values(status="answered"))
    connection.execute(update(conversation).filter_by(id=here).values(wake_at=None))
    message = connection.scalar(select(inbound.c.id).filter_by(conversation_id=here))
    said = {"channel": "webchat", "inbound_id": message, "at": desk.clock.now()}
    connection.execute(insert(opt_out).values(contact_id=kept.origin.contact_id, **said))


def _wants_to_be_erased(desk: Desk, kept: Kept, connection: Connection) -> None:
    today = desk.clock.today()
    row = {"contact_id": kept.origin.contact_id, "conversation_id": kept.origin.conversation_id, "kind": "erasure"}
    days = {"opened_at": desk.clock.now(), "acknowledge_by": today, "due_on": today}
    connection.execute(insert(data_request).values(status="open", **row, **days))


def _asks_for_a_person(desk: Desk, kept: Kept, connection: Connection) -> int:
    return baton.escalate(connection, str(kept.origin.conversation_id), Reason.ASKED, desk.clock.now(), 24)


def _is_with_an_officer(desk: Desk, kept: Kept, connection: Connection) -> None:
    number = _asks_for_a_person(desk, kept, connection)
    baton.take(connection, number, baton.officer_named(connection, "Lan", desk.clock.now()), desk.clock.now())


def _is_closed(desk: Desk, kept: Kept, connection: Connection) -> None:
    baton.close(connection, _asks_for_a_person(desk, kept, connection), desk.clock.now())


def _goes_on_elsewhere(desk: Desk, kept: Kept, connection: Connection) -> None:
    elsewhere = desk.bot.conversation_id
    connection.execute(update(survey_response).filter_by(id=kept.id).values(conversation_id=elsewhere))


def _has_been_reminded(desk: Desk, kept: Kept, connection: Connection) -> None:
    connection.execute(update(survey_response).filter_by(id=kept.id).values(nudged_at=desk.clock.now()))


CHANGES: tuple[Change, ...] = (
    _completes,
    _resumes,
    _begins_anew,
    _writes,
    _opts_out,
    _wants_to_be_erased,
    _asks_for_a_person,
    _is_with_an_officer,
    _is_closed,
    _goes_on_elsewhere,
    _has_been_reminded,
)


@pytest.mark.parametrize("meanwhile", [False, True], ids=["known", "meanwhile"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
async def test_nobody_is_reminded_whom_it_does_not_help(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, change: Change, meanwhile: bool
) -> None:
    kept, other = await desk.leave_unfinished(), await desk.leave_unfinished()
    desk.clock.advance(NUDGE_AFTER)

    def happens() -> None:
        desk.database.run_now(lambda connection: change(desk, kept, connection))

    if meanwhile:
        _between(monkeypatch, happens)
    else:
        happens()
    await nudge_owners(desk.context)
    assert [row.sender for row in await desk.said(kept)] == []
    assert len(await desk.said(other)) == 1
    assert kept.origin.conversation_id not in desk.heard.keys


async def test_who_completed_the_survey_a_day_ago_is_left_alone(desk: Desk) -> None:
    kept = await desk.leave_unfinished()
    await desk.database.run(desk.saving(all_answers(kept)))
    desk.clock.advance(2 * NUDGE_AFTER)
    await nudge_owners(desk.context)
    assert await desk.said(kept) == []


async def test_what_an_officer_filled_in_or_came_on_paper_reminds_nobody(desk: Desk) -> None:
    kept = await desk.leave_unfinished(conversation_id=None, assisted_by="Lan")
    desk.clock.advance(NUDGE_AFTER)
    await nudge_owners(desk.context)
    assert await desk.nudged_at(kept) is None


async def test_a_turn_that_is_under_way_is_superseded_and_answers_behind_the_reminder(desk: Desk) -> None:
    kept, bot = await desk.leave_unfinished(), desk.bot
    bot.conversation_id = str(kept.origin.conversation_id)
    desk.clock.advance(NUDGE_AFTER)
    await bot.receive("còn đó không")
    (work,) = await bot.database.run(lambda c: bot.runner.claim(c, 10))
    # its worker hung, somebody else let the conversation rest, and now the worker comes back
    await bot.database.run(lambda c: c.execute(update(conversation).values(wake_at=None)))
    await nudge_owners(desk.context)
    await bot.runner.run(work)
    reminder = desk.content.phrases.say("survey_nudge", left=left(kept.response))
    assert await bot.replies() == [reminder, "echo còn đó không"]
    assert len(bot.rasa.requests) == 2  # the first attempt had no effect


async def test_nobody_changes_the_conversation_between_the_check_and_the_reminder(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, free = await desk.leave_unfinished(), []
    desk.clock.advance(NUDGE_AFTER)
    is_daytime = survey_nudges._is_daytime

    def look_who_may_write(clock: Clock) -> bool:
        free.append(_may_be_written_to(desk, str(kept.origin.conversation_id)))
        return is_daytime(clock)

    monkeypatch.setattr(survey_nudges, "_is_daytime", look_who_may_write)
    await nudge_owners(desk.context)
    assert free == [True, False]  # before the job begins; behind the check in the owner's transaction


def _may_be_written_to(desk: Desk, conversation_id: str) -> bool:
    if desk.database.is_sqlite:
        with closing(sqlite3.connect(str(desk.database.engine.url.database), timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True
    unlocked = select(conversation.c.id).filter_by(id=conversation_id).with_for_update(skip_locked=True)
    return desk.database.run_now(lambda c: c.scalar(unlocked)) is not None


async def test_the_next_job_reaches_who_was_too_many_and_the_longest_waiting_come_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_AT_ONCE == 200
    monkeypatch.setattr(survey_nudges, "MOST_AT_ONCE", 2)
    owners = []
    for number in range(5):
        owners.append(await desk.leave_unfinished())
        if number < 2:  # who may not be reminded takes nobody's place
            await desk.database.run(lambda c: _is_with_an_officer(desk, owners[-1], c))
        desk.clock.advance(SECOND)
    desk.clock.advance(NUDGE_AFTER)
    ticker = desk.ticker()
    await ticker.look()
    assert [len(await desk.said(owner)) for owner in owners] == [0, 0, 1, 1, 0]
    desk.clock.advance(TEN_MINUTES)
    await ticker.look()
    assert [len(await desk.said(owner)) for owner in owners] == [0, 0, 1, 1, 1]


async def test_an_owner_whose_response_cannot_be_read_is_logged_and_keeps_nobody_waiting(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = Logged()
    monkeypatch.setattr(survey_nudges, "log", logged)
    unreadable, sound = await desk.leave_unfinished(), await desk.leave_unfinished()
    unknown = update(survey_response).filter_by(id=unreadable.id).values(version="0.0.0")
    await desk.database.run(lambda c: c.execute(unknown))
    desk.clock.advance(NUDGE_AFTER)
    await nudge_owners(desk.context)
    assert (len(await desk.said(unreadable)), len(await desk.said(sound))) == (0, 1)
    assert await desk.nudged_at(unreadable) is None
    assert ("survey_nudge_broke", {"response": unreadable.id}) in logged.events


async def test_a_process_that_dies_before_the_commit_has_done_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await desk.leave_unfinished()
    before = await desk.row(str(kept.origin.conversation_id))
    desk.clock.advance(NUDGE_AFTER)
    append = survey_nudges.outbox.append

    def append_and_die(*arguments: Any, **named: Any) -> None:
        append(*arguments, **named)
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(survey_nudges.outbox, "append", append_and_die)
        with pytest.raises(Died):
            await desk.ticker().look()
    assert await desk.said(kept) == [] and await desk.nudged_at(kept) is None
    assert await desk.row(before.id) == before
    desk.clock.advance(LEASE)
    await desk.ticker().look()
    assert len(await desk.said(kept)) == 1
    assert [row.done_at for row in await desk.jobs()] == [desk.clock.now()]


async def test_a_process_that_dies_after_the_commit_repeats_nothing(desk: Desk) -> None:
    owners = [await desk.leave_unfinished() for _ in range(3)]

    class Deadly(Heard):
        def notify(self, key: str) -> None:
            raise Died

    desk.clock.advance(NUDGE_AFTER)
    with pytest.raises(Died):
        await Ticker(desk.database, desk.clock, desk.content, Deadly(), desk.bot.keyring, ONLY_NUDGES).look()
    assert sorted([len(await desk.said(owner)) for owner in owners]) == [0, 0, 1]
    desk.clock.advance(LEASE)
    for _ in range(2):
        await desk.ticker().look()
    assert [len(await desk.said(owner)) for owner in owners] == [1, 1, 1]
    assert [row.done_at for row in await desk.jobs()] == [desk.clock.now()]


async def test_two_jobs_that_race_for_the_same_owners_remind_each_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if there were two leaders: both have found every owner before either begins."""
    owners = [await desk.leave_unfinished() for _ in range(8)]
    desk.clock.advance(NUDGE_AFTER)
    both_found = threading.Barrier(2)
    _between(monkeypatch, lambda: both_found.wait(20))
    await asyncio.to_thread(_in_two_threads, desk, nudge_owners)
    await _each_once(desk, owners)


async def test_two_tickers_that_race_make_one_job_and_one_reminder(desk: Desk) -> None:
    owners = [await desk.leave_unfinished() for _ in range(8)]
    desk.clock.advance(NUDGE_AFTER)
    ready = threading.Barrier(2)

    async def look(context: JobContext) -> None:
        ready.wait(20)
        await Ticker(
            context.database, context.clock, context.content, context.wakeups, context.keyring, ONLY_NUDGES
        ).look()

    await asyncio.to_thread(_in_two_threads, desk, look)
    await _each_once(desk, owners)
    assert len(await desk.jobs()) == 1


async def _each_once(desk: Desk, owners: list[Kept]) -> None:
    for owner in owners:
        (sent,) = await desk.said(owner)
        row = await desk.row(str(owner.origin.conversation_id))
        assert (sent.seq, row.last_seq, row.version) == (1, 1, 1)


def _in_two_threads(desk: Desk, work: Callable[[JobContext], Any]) -> None:
    """Run `work` in two threads, each with its own event loop and connections, like two processes."""

    def process() -> None:
        with own_connection(desk) as database:
            asyncio.run(work(JobContext(database, desk.clock, desk.content, Wakeups(), desk.bot.keyring)))

    with ThreadPoolExecutor(2) as threads:
        for ended in [threads.submit(process) for _ in range(2)]:
            ended.result()


def _between(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen after the owners were found and before the first is written to."""
    find = survey_nudges._waiting

    def find_and_then(now: datetime, connection: Connection) -> list[tuple[int, str]]:
        found = find(now, connection)
        happens()
        return found

    monkeypatch.setattr(survey_nudges, "_waiting", find_and_then)
