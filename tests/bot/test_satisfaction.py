"""How satisfied owners were: when they are asked, what they may answer, what is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from actions.context import OptOut, RateService
from bot import baton, holding
from bot.reading import rating, read, score_said
from programme.ratings_said import Score
from store.messages import Button
from store.tables import conversation
from tests.bot.acting import apply
from tests.bot.conftest import Bot
from tests.bot.officers import HOURS, act, answers, escalated, later, officer, the_escalation, voice


async def closed(bot: Bot, number: int | None = None) -> None:
    """An officer answers and closes."""
    number, lan = number or await escalated(bot), await officer(bot, "Lan")
    await answers(bot, number, lan)
    await act(bot, baton.close, number, bot.clock.now(), lan, "tax", voice(bot))


async def on_zalo(bot: Bot, heard: timedelta) -> None:
    values = {"channel": "zalo", "last_heard_at": bot.clock.now() - heard}
    here = update(conversation).filter_by(id=bot.conversation_id).values(values)
    await bot.database.run(lambda c: c.execute(here))


async def asked(bot: Bot) -> bool:
    questions = [said for said in await bot.replies() if "hài lòng" in said]
    assert bool(questions) is ((await the_escalation(bot)).csat_asked_at is not None)
    return len(questions) == 1


async def test_a_closed_matter_asks_once_with_three_buttons(bot: Bot) -> None:
    await closed(bot)
    assert await asked(bot)
    row = await bot.row()
    assert (row.holder, [one["title"] for one in row.offered]) == (
        "closed",
        ["Hài lòng", "Bình thường", "Chưa hài lòng"],
    )
    assert (await the_escalation(bot)).topic == "tax"


@pytest.mark.parametrize("how", ["returned", "lease"])
async def test_nobody_is_asked_who_was_given_back_to_the_bot(bot: Bot, how: str) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await answers(bot, number, lan)
    if how == "returned":
        await act(bot, baton.return_to_bot, number, bot.clock.now(), lan)
    else:
        later(bot, minutes=61)
        await act(bot, baton.expire_leases, bot.clock.now())
    assert not await asked(bot)


@pytest.mark.parametrize(("heard", "is_asked"), [(1, True), (47, True), (49, False), (200, False)])
async def test_nobody_is_asked_where_it_costs_or_does_not_arrive(bot: Bot, heard: int, is_asked: bool) -> None:
    number = await escalated(bot)
    await on_zalo(bot, timedelta(hours=heard))
    await closed(bot, number)
    assert await asked(bot) is is_asked


async def test_nobody_is_asked_who_does_not_want_to_hear_from_us(bot: Bot) -> None:
    number = await escalated(bot)
    await apply(bot, OptOut())
    await closed(bot, number)
    assert not await asked(bot)


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("1", "satisfied"),
        ("số 2 ạ", "neutral"),
        ("3", "unsatisfied"),
        ("Bình thường", "neutral"),
        ("tệ quá", "unsatisfied"),
    ],
)
def test_numbers_titles_and_words_are_answers(said: str, score: Score) -> None:
    buttons = [("Hài lòng", "satisfied"), ("Bình thường", "neutral"), ("Chưa hài lòng", "unsatisfied")]
    offered: list[dict[str, str]] = [vars(Button(title, rating(one))) for title, one in buttons]  # type: ignore[arg-type]
    payload = read(said, None, offered)
    assert payload is not None
    assert (payload.intent, payload.entities) == ("rate_service", (("score", score),))
    assert score_said(said, None, offered) == score
    assert score_said(said, None, []) is None


async def test_the_first_answer_counts_and_may_be_changed_for_a_day(bot: Bot) -> None:
    await closed(bot)
    first = bot.clock.now()
    await apply(bot, RateService("satisfied"))
    later(bot, hours=23)
    await apply(bot, RateService("unsatisfied"))
    later(bot, hours=1)
    await apply(bot, RateService("neutral"))
    row = await the_escalation(bot)
    assert (row.csat, row.csat_at) == ("unsatisfied", first)


async def test_a_score_that_nobody_asked_for_changes_nothing(bot: Bot) -> None:
    await escalated(bot)
    await apply(bot, RateService("satisfied"))
    assert (await the_escalation(bot)).csat is None


async def test_a_score_counts_while_an_officer_has_the_conversation_again_and_waits_for_nothing(bot: Bot) -> None:
    await closed(bot)
    number: Any = (await the_escalation(bot)).id
    lan = await officer(bot, "Lan")
    held = await act(bot, holding.take_over, bot.conversation_id, lan, bot.clock.now(), HOURS)
    assert await bot.say("Hài lòng", payload=rating("satisfied")) == []
    assert (await the_escalation(bot)).waiting_since is None
    await act(bot, baton.return_to_bot, held.escalation_id, bot.clock.now())
    kept = await bot.database.read(lambda c: c.execute(baton.escalation.select().filter_by(id=number)).one())
    assert kept.csat == "satisfied"
