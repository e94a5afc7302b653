"""Rounds of the question of awareness: who may be drawn, what an answer counts, and what came of a round."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from fractions import Fraction
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from bot import inbox
from programme import awareness, awareness_rounds
from programme.awareness import Kept
from programme.awareness_rounds import Size
from programme.campaign_plan import plan_of
from programme.campaign_problems import CampaignProblem
from programme.campaigns import find
from programme.content import Content
from programme.kpi import counted
from programme.kpi import plan_of as kpi_plan_of
from programme.kpi_figures import kpi_report
from programme.sampling import draw
from store import kpi_kept, kpi_queries
from store.campaign_tables import awareness_answer, campaign
from store.channel_tables import channel_link
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.kpi_tables import awareness_round
from store.tables import data_request, opt_out
from tests.programme.asking import ACTOR, LA_BANG, PROVINCE, TAN_CUONG, Asking


@pytest.fixture
def town(database: Database, content: Content, keyring: Keyring, clock: ManualClock) -> Iterator[Asking]:
    """In one transaction that is kept."""
    with database.engine.begin() as connection:
        yield Asking(connection, content, keyring, clock)


def code_of(work: Any) -> str:
    with pytest.raises(CampaignProblem) as problem:
        work()
    return problem.value.code


def test_the_sample_is_the_one_that_the_seed_draws_and_becomes_a_draft(town: Asking) -> None:
    listed = town.shops(30)
    id_ = town.begin(Size(people=10))
    assert town.sample(id_) == draw(listed, 10, 7)
    row = town.connection.execute(select(awareness_round)).one()
    assert (row.campaign_id, row.seed, row.wanted, row.drawn, row.listed) == (id_, 7, 10, 10, 30)
    assert (row.population, row.created_by) == ({"and": []}, "Hà")
    campaign_row = find(town.connection, id_, PROVINCE)
    assert (campaign_row["status"], campaign_row["reminder"]) == ("draft", None)
    town.campaigns.submit(town.connection, id_, PROVINCE, 1, ACTOR, town.clock.now())
    assert find(town.connection, id_, PROVINCE)["audience_count"] == 10


def test_nobody_is_listed_who_cannot_be_asked_or_was_drawn_lately(town: Asking) -> None:
    first = town.shops(4)
    town.shops(3, phones=False)
    town.shops(2, LA_BANG)
    other = town.shops(1)[0]
    Contacts(town.connection, town.keyring).set_phone(other, f"+8491{first[0]:07}")  # the first one's number
    refused = {"contact_id": first[1], "channel": "zalo", "at": town.clock.now()}
    town.connection.execute(insert(opt_out), refused)
    only = {"and": [{"commune": [TAN_CUONG]}]}
    id_ = town.begin(Size(people=2), only)
    assert set(town.sample(id_)) < {first[0], first[2], first[3]}
    left = {first[0], first[2], first[3]} - set(town.sample(id_))
    second = town.begin(Size(people=100), only)
    assert set(town.sample(second)) == left
    assert code_of(lambda: town.begin(Size(people=1), only)) == "audience_empty"
    called_off = update(campaign).where(campaign.c.id == second).values(status="cancelled")
    town.connection.execute(called_off)
    assert set(town.sample(town.begin(Size(people=100), only))) == left
    town.clock.advance(town.content.awareness.again_after + timedelta(days=1))
    assert set(town.sample(town.begin(Size(people=100), only))) == {first[0], first[2], first[3]}


def test_who_was_drawn_is_not_drawn_again_as_another_contact_of_theirs(town: Asking) -> None:
    first, second = town.shops(2)
    town.begin(Size(people=2))
    same_number, joined, other = town.shops(3, LA_BANG)
    Contacts(town.connection, town.keyring).set_phone(same_number, f"+8491{first:07}")
    now = town.clock.now()
    here = inbox.open_conversation(town.connection, town.keyring, "zalo", "u1", PROVINCE, now)
    link = {"conversation_id": here, "from_contact_id": second, "to_contact_id": joined, "linked_at": now}
    town.connection.execute(insert(channel_link), link)
    assert town.sample(town.begin(Size(people=3), {"and": [{"commune": [LA_BANG]}]})) == [other]


def test_two_draws_at_once_draw_nobody_twice(
    database: Database, content: Content, keyring: Keyring, clock: ManualClock
) -> None:
    with database.engine.begin() as connection:
        Asking(connection, content, keyring, clock).shops(20)
    together = Barrier(2)

    def one_draw(seed: int) -> list[int]:
        together.wait(10)

        def work(connection: Connection) -> list[int]:
            town = Asking(connection, content, keyring, clock)
            drawn = town.sample(town.begin(Size(people=10), seed=seed))
            sleep(0.05)  # it is not kept at once
            return drawn

        return database.run_now(work)

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(one_draw, (7, 8))
    assert len({*first, *second}) == 20


def test_who_wants_to_be_forgotten_on_any_channel_is_left_out_and_nobody_else(town: Asking) -> None:
    first, second, third, fourth = town.shops(4)
    now, other = town.clock.now(), Contacts(town.connection, town.keyring).add(town.clock.now())
    here = inbox.open_conversation(town.connection, town.keyring, "zalo", "u1", PROVINCE, now)
    link = {"conversation_id": here, "from_contact_id": other, "to_contact_id": second, "linked_at": now}
    town.connection.execute(insert(channel_link), link)
    for who, status in ((first, "open"), (other, "open"), (third, "withdrawn")):
        days = {"acknowledge_by": town.clock.today(), "due_on": town.clock.today(), "opened_at": now}
        asked = {"contact_id": who, "conversation_id": here, "kind": "erasure", "status": status}
        town.connection.execute(insert(data_request), asked | days)
    assert town.sample(town.begin(Size(people=9))) == [third, fourth]


def test_a_margin_draws_as_many_as_it_needs(town: Asking) -> None:
    town.shops(100)
    assert len(town.sample(town.begin(Size(margin=Fraction(5, 100))))) == 80


@pytest.mark.parametrize(
    ("size", "code"),
    [
        (Size(), "sample_size_missing"),
        (Size(people=5, margin=Fraction(1, 20)), "sample_size_missing"),
        (Size(people=0), "sample_size_wrong"),
        (Size(people=10**7), "sample_size_wrong"),
        (Size(margin=Fraction(1, 1000)), "sample_size_wrong"),
        (Size(margin=Fraction(2)), "sample_size_wrong"),
    ],
)
def test_a_size_that_makes_no_sense_is_refused(town: Asking, size: Size, code: str) -> None:
    town.shops(3)
    assert code_of(lambda: town.begin(size)) == code


def test_a_population_that_cannot_be_read_is_refused(town: Asking) -> None:
    assert code_of(lambda: town.begin(Size(people=1), {"commune": ["99999"]})) == "audience_invalid"


def test_its_text_and_its_people_stay_as_they_were_drawn(town: Asking) -> None:
    town.shops(3)
    id_ = town.begin(Size(people=2))
    plan = plan_of(find(town.connection, id_, PROVINCE))
    now = town.clock.now()
    assert code_of(lambda: town.campaigns.change(town.connection, id_, PROVINCE, 1, plan, ACTOR, now)) == (
        "campaign_sample"
    )
    assert code_of(lambda: town.campaigns.copy(town.connection, id_, PROVINCE, "x", ACTOR, now)) == "campaign_sample"


def answers(town: Asking) -> list[tuple[int, str, str]]:
    rows = select(awareness_answer.c.recipient_id, awareness_answer.c.answer, awareness_answer.c.channel)
    return [tuple(row) for row in town.connection.execute(rows.order_by(awareness_answer.c.id))]


def test_each_counts_once_and_a_slip_may_be_corrected_for_an_hour(town: Asking) -> None:
    town.shops(2)
    one, _ = town.send(town.begin(Size(people=2)))
    question = town.content.awareness

    def say(said: Any) -> Kept:
        return awareness.answer(town.connection, question, one, said, "web", town.clock.now())

    assert say("yes") is Kept.NOTED and say("yes") is Kept.NOTED
    town.clock.advance(question.correct_within - timedelta(seconds=1))
    assert say("no") is Kept.NOTED
    town.clock.advance(timedelta(seconds=1))
    assert say("yes") is Kept.BEFORE
    assert answers(town) == [(one, "no", "web")]


def test_after_its_time_and_of_another_campaign_nothing_counts(town: Asking) -> None:
    town.shops(1)
    (one,) = town.send(town.begin(Size(people=1)))
    question, now = town.content.awareness, town.clock.now()
    assert awareness.answer(town.connection, question, one + 999, "yes", "web", now) is Kept.OVER
    assert awareness.answer(town.connection, question, None, "yes", "web", now) is Kept.OVER
    late = now + question.answer_within
    assert awareness.answer(town.connection, question, one, "yes", "web", late) is Kept.OVER
    town.connection.execute(awareness_round.update().values(campaign_id=_other_campaign(town)))
    assert awareness.answer(town.connection, question, one, "yes", "web", now) is Kept.OVER
    assert answers(town) == []


def _other_campaign(town: Asking) -> int:
    row = find(town.connection, town.connection.scalar(select(campaign.c.id)) or 0, PROVINCE)
    return town.campaigns.create(town.connection, PROVINCE, plan_of(row), ACTOR, town.clock.now())


def test_a_round_and_the_figure_of_the_period_say_the_same(town: Asking) -> None:
    town.shops(60)
    id_ = town.begin(Size(people=40))
    rows, tests = town.send(id_), town.send(town.begin(Size(people=1)), is_test=True)
    now, question = town.clock.now(), town.content.awareness
    for number, one in enumerate([*rows[:20], *tests]):
        awareness.answer(town.connection, question, one, "no" if number < 5 else "yes", "web", now)
    newest, round_ = awareness_rounds.all_rounds(town.connection, PROVINCE)
    assert (newest.asked, newest.answered, newest.share) == (0, 0, None)
    assert (round_.campaign_id, round_.drawn, round_.listed) == (id_, 40, 60)
    assert (round_.asked, round_.answered, round_.heard, round_.share) == (40, 20, 15, Fraction(3, 4))
    today = town.clock.today()
    what = counted(town.content, PROVINCE, now, town.clock.timezone)
    sums = kpi_kept.summed(list(kpi_queries.recount(town.connection, what)), today, today)
    plan = kpi_plan_of(town.content, PROVINCE)
    report = kpi_report(plan, PROVINCE, [TAN_CUONG], sums, (today, today), now)
    figure = next(one for one in report.figures if one.id == "aware")
    assert (figure.share, figure.base, figure.unanswered) == (Fraction(3, 4), 20, 20)
    assert figure.margin == round_.margin and figure.margin is not None
    assert {part.key: part.within for part in figure.parts} == {"drawn": 40, "asked": 40, "answered": 20}
    assert figure.judged[0].is_met is False  # 75 % is not more than 80 %
