"""Who left a survey unfinished is reminded once, a day later, in daytime."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from sqlalchemy import update

from bot.wakeups import OUTBOX
from programme.survey.response import left
from scheduler.survey_nudges import NUDGE_AFTER, NUDGE_BEFORE, nudge_owners
from store.messages import Reply
from store.tables import conversation
from tests.scheduler.conftest import Desk, one_more_answer
from tests.scheduler.nudging import SECOND, TEN_MINUTES, between


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
    between(monkeypatch, lambda: desk.clock.advance(SECOND))
    await nudge_owners(desk.context)
    assert await desk.said(kept) == [] and await desk.nudged_at(kept) is None
