"""A reminder that would not be right is withheld, and holds up nobody else's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, insert, select, update

from bot import baton, holding, inbox
from bot.baton import Reason
from programme import links, responses
from programme.responses import Kept
from scheduler import survey_nudges
from scheduler.survey_nudges import MOST_AT_ONCE, NUDGE_AFTER, nudge_owners
from store.messages import InboundMessage
from store.survey_tables import survey_response
from store.tables import conversation, data_request, inbound, opt_out
from tests.scheduler.conftest import Desk, Logged, all_answers, one_more_answer
from tests.scheduler.nudging import SECOND, TEN_MINUTES, between

Change = Callable[[Desk, Kept, Connection], object]


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
    holding.take(connection, number, baton.officer_named(connection, "Lan", desk.clock.now()), desk.clock.now())


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
        between(monkeypatch, happens)
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
