"""A reminder of a survey that would not be right is withheld when it leaves, and holds up nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, literal, select, update

from bot import baton, holding, inbox
from bot.baton import Reason
from programme import campaign_matters, ledger, links, responses
from programme.reminders import Ways
from programme.responses import Kept
from store.campaign_tables import campaign, recipient
from store.database import insert_returning_id
from store.messages import InboundMessage
from store.survey_tables import survey_response
from store.tables import contact, conversation, data_request, inbound, opt_out
from tests.scheduler.conftest import Desk, all_answers, one_more_answer
from tests.scheduler.reminding import HERE, Town

Change = Callable[[Desk, Kept, Connection], object]
SECOND = timedelta(seconds=1)


@pytest.fixture
def town(desk: Desk) -> Town:
    return Town(desk)


async def link(desk: Desk, there: Kept, here: Kept) -> None:
    """As if the code shown in the one's conversation had been typed in the other's."""
    now, talks = desk.clock.now(), [str(kept.origin.conversation_id) for kept in (there, here)]

    def join(connection: Connection) -> None:
        links.keep_code(connection, talks[0], "482913", now)
        found = links.find_link(connection, talks[1], "482913", now)
        assert isinstance(found, links.Link) and links.link(connection, talks[1], found, now) is not None

    await desk.database.run(join)


async def test_of_two_linked_channels_only_the_survey_that_goes_on_is_reminded_of(town: Town) -> None:
    left_behind = await town.desk.leave_unfinished()
    town.desk.clock.advance(SECOND)
    goes_on = await town.desk.leave_unfinished()
    await link(town.desk, left_behind, goes_on)
    await town.freeze()
    town.at(24, 9)
    await town.tick()
    assert len([*await town.desk.said(left_behind), *await town.desk.said(goes_on)]) == 1
    assert [row[1] for row in town.ledger("survey_unfinished")] == [f"survey {goes_on.id}"]


@pytest.mark.parametrize("asked_first", [True, False])
async def test_who_wants_to_be_erased_is_not_reminded_on_the_linked_channel_either(
    town: Town, asked_first: bool
) -> None:
    desk = town.desk
    asks = await desk.leave_unfinished()
    desk.clock.advance(SECOND)
    other = await desk.leave_unfinished()
    asks, other = (asks, other) if asked_first else (other, asks)
    await desk.database.run(lambda c: _wants_to_be_erased(desk, asks, c))
    await link(desk, asks, other)
    await town.freeze()
    town.at(24, 9)
    await town.tick()
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
)


@pytest.mark.parametrize("meanwhile", [False, True], ids=["known", "meanwhile"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
async def test_nobody_is_reminded_whom_it_does_not_help(town: Town, change: Change, meanwhile: bool) -> None:
    """Nor by SMS: whoever talks with a person just now is left alone there too."""
    desk = town.desk
    kept, other = await desk.leave_unfinished(), await desk.leave_unfinished()
    town.change(contact, {"id": kept.origin.contact_id}, phone="+84912345678", phone_key=b"key")
    await town.freeze()
    town.switch("survey_unfinished", Ways.ALL)
    town.at(24, 8)
    if meanwhile:
        town.at(24, 9)
        await town.freeze()
    desk.database.run_now(lambda connection: change(desk, kept, connection))
    town.at(24, 9)
    await town.tick()
    assert [row.sender for row in await desk.said(kept)] == [] and town.gateway.journal == []
    assert len(await desk.said(other)) == 1


async def test_a_turn_that_ends_between_the_question_and_the_message_is_seen(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process finishes the survey after it was asked whether it still stands."""
    kept = await town.desk.leave_unfinished()
    await town.freeze()
    town.at(24, 9)
    ask, turns = campaign_matters.objections, iter([1])

    def ask_and_then(connection: Connection, rows: Any, *about: Any) -> Any:
        found = ask(connection, rows, *about)
        if rows and next(turns, None):
            _completes(town.desk, kept, connection)
            here = update(conversation).filter_by(id=kept.origin.conversation_id)
            connection.execute(here.values(version=conversation.c.version + 1))
        return found

    monkeypatch.setattr(campaign_matters, "objections", ask_and_then)
    await town.tick()
    assert await town.desk.said(kept) == []
    assert [row[2:] for row in town.ledger("survey_unfinished")] == [("skipped", "matter_over")]


async def test_who_was_with_an_officer_is_reminded_when_that_is_over_on_the_same_day(town: Town) -> None:
    desk = town.desk
    kept = await desk.leave_unfinished()
    number = desk.database.run_now(lambda c: _asks_for_a_person(desk, kept, c))
    await town.freeze()
    town.at(24, 9)
    await town.tick()
    assert [row[2:] for row in town.ledger("survey_unfinished")] == [("waiting", "held")]
    desk.database.run_now(lambda c: baton.withdraw(c, str(kept.origin.conversation_id), desk.clock.now()))
    assert number
    town.at(24, 11)
    await town.tick()
    assert len(await desk.said(kept)) == 1


async def test_who_was_with_an_officer_all_day_is_not_reminded_any_more(town: Town) -> None:
    desk = town.desk
    kept = await desk.leave_unfinished()
    desk.database.run_now(lambda c: _is_with_an_officer(desk, kept, c))
    await town.freeze()
    for day in (24, 25):
        town.at(day, 9)
        await town.tick()
    assert [row[2:] for row in town.ledger("survey_unfinished")] == [("skipped", "too_late")]


async def test_what_an_officer_filled_in_or_came_on_paper_reminds_nobody(town: Town) -> None:
    await town.desk.leave_unfinished(conversation_id=None, assisted_by="Lan")
    await town.freeze()
    town.at(24, 9)
    await town.tick()
    assert town.ledger("survey_unfinished") == []


async def test_a_response_that_cannot_be_read_says_so_and_keeps_nobody_waiting(town: Town) -> None:
    unreadable, sound = await town.desk.leave_unfinished(), await town.desk.leave_unfinished()
    town.change(survey_response, {"id": unreadable.id}, version="0.0.0")
    await town.freeze()
    town.at(24, 9)
    await town.tick()
    assert len(await town.desk.said(sound)) == 1
    assert [row[2:] for row in town.ledger("survey_unfinished")] == [("skipped", "no_left"), ("accepted", None)]


@pytest.mark.parametrize("written_first", [True, False])
async def test_nobody_gets_an_automatic_reminder_and_a_campaign_s_of_one_survey(
    town: Town, written_first: bool
) -> None:
    desk = town.desk
    kept = await desk.leave_unfinished()
    town.change(contact, {"id": kept.origin.contact_id}, phone="+84912345678", phone_key=b"key")
    await town.freeze()

    def write(connection: Connection) -> None:
        """A campaign of an administrator's about the same survey, frozen."""
        now = desk.clock.now()
        row = {"province": HERE, "name": "Nhắc", "kind": "customer_care", "channels": ["sms"], "gateways": ["one"]}
        row |= {"variants": [{"id": "A", "share": 100, "text": "Moi lam tiep"}], "pace_per_minute": 60_000}
        row |= {"audience": {}, "schedule": {}, "window": {}, "stops": [], "status": "approved"}
        row |= {"pause_rule": {"percent": 10, "of_last": 500}, "created_by": "An", "edited_by": "An"}
        id_ = insert_returning_id(connection, campaign, row | {"created_at": now, "updated_at": now})
        planned = connection.execute(select(campaign).filter_by(id=id_)).mappings().one()
        about = select(contact.c.id, literal(f"survey {kept.id}").label("about"))
        ledger.freeze(connection, planned, now, about.where(contact.c.id == kept.origin.contact_id), now)

    town.at(24, 8 if written_first else 9)
    if written_first:
        town.run(write)
        await town.send()
    town.at(24, 9)
    await town.tick()
    if not written_first:
        town.run(write)
        await town.send()
    reasons = town.read(lambda c: {tuple(row) for row in c.execute(select(recipient.c.status, recipient.c.reason))})
    assert reasons == {("accepted", None), ("skipped", "told_before")}
    assert len(town.gateway.journal) + len(await desk.said(kept)) == 1
