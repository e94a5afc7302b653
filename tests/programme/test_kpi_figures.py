"""The programme's figures: a person on two channels is one; shares of few answers stay hidden, also as differences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from programme.content import Content
from programme.kpi import plan_of
from programme.kpi_figures import Figure, hidden_places, kpi_report
from store import kpi_queries
from store.channel_tables import channel_link
from store.database import Database, insert_returning_id
from store.kpi_queries import Counted, Sum
from store.survey_tables import class_place, survey_response, training_class
from store.tables import contact, conversation, shop
from tests.conftest import NOW

HERE, PLACE, ZONE = "thai-nguyen", "05503", ZoneInfo("Asia/Ho_Chi_Minh")
DAY = NOW.date()
COMMUNES = ("05503", "05818", "05830")


def _somebody(connection: Connection, *, is_listed: bool, is_done: bool, days_ago: int = 0) -> int:
    at = NOW - timedelta(days=days_ago)
    who = insert_returning_id(connection, contact, {"created_at": at})
    if is_listed:
        connection.execute(insert(shop).values(contact_id=who, province=HERE, commune=PLACE, created_at=at))
    if is_done:
        row = {"survey": "retail", "version": "1.0.0", "status": "done", "revision": 1, "channel": "zalo"}
        row |= {"answers": {}, "started_at": at, "updated_at": at, "completed_at": at, "commune": PLACE}
        connection.execute(insert(survey_response).values(contact_id=who, province=HERE, **row))
    return who


def _links(connection: Connection, left: int, home: int, undone: bool = False) -> None:
    talk = {"channel": "zalo", "province": HERE, "holder": "bot", "version": 0, "last_seq": 0, "created_at": NOW}
    own = {"id": f"z{left}", "address": f"z{left}", "contact_id": left if undone else home, "last_heard_at": NOW}
    connection.execute(insert(conversation).values(**talk, **own))
    row = {"conversation_id": f"z{left}", "from_contact_id": left, "to_contact_id": home, "linked_at": NOW}
    connection.execute(insert(channel_link).values(**row, undone_at=NOW if undone else None))


@pytest.mark.parametrize(("undone", "people"), [(False, 1), (True, 2)])
def test_who_came_by_two_channels_counts_once_until_they_are_parted(
    database: Database, undone: bool, people: int
) -> None:
    def work(connection: Connection) -> dict[str, int]:
        home = _somebody(connection, is_listed=True, is_done=True)
        left = _somebody(connection, is_listed=True, is_done=True, days_ago=3)
        _links(connection, left, home, undone)
        row = {"province": HERE, "topic": "x", "title": "x", "place": "x", "starts_at": NOW, "seats": 1}
        lesson = insert_returning_id(connection, training_class, row)
        for who in (left, home):
            place = {"class_id": lesson, "topic": "x", "province": HERE, "created_at": NOW, "attended_at": NOW}
            connection.execute(insert(class_place).values(contact_id=who, **place))
        counts: dict[str, int] = {}
        for one in kpi_queries.recount(connection, Counted((HERE,), NOW, ZONE, "rdx", ("P13", "none"))):
            if one.part == "":
                counts[one.metric] = counts.get(one.metric, 0) + one.times
        return counts

    counts = database.run_now(work)
    assert [counts[name] for name in ("listed", "surveyed", "reached", "consulted")] == [people] * 4


def test_a_shop_is_reached_where_its_owner_writes_by_another_contact(database: Database) -> None:
    def work(connection: Connection) -> list[tuple[str, str, int]]:
        home = _somebody(connection, is_listed=False, is_done=False)
        left = _somebody(connection, is_listed=True, is_done=False)
        _links(connection, left, home)
        counted = kpi_queries.recount(connection, Counted((HERE,), NOW, ZONE, "rdx", ("P13", "none")))
        return sorted((one.part, one.commune, one.times) for one in counted if one.metric == "reached")

    assert database.run_now(work) == [("", PLACE, 1), ("zalo", PLACE, 1)]


def test_the_last_minute_of_a_day_is_of_that_day_where_the_hotline_is(database: Database) -> None:
    def work(connection: Connection) -> list[date]:
        for minutes in (-1, 0):  # 17:00 in UTC is midnight there
            at = NOW.replace(hour=17, minute=0) + timedelta(minutes=minutes)
            who = insert_returning_id(connection, contact, {"created_at": at})
            connection.execute(insert(shop).values(contact_id=who, province=HERE, commune=PLACE, created_at=at))
        counted = kpi_queries.recount(connection, Counted((HERE,), NOW, ZONE, "rdx", ("P13", "none")))
        return sorted(one.day for one in counted if one.metric == "listed")

    assert database.run_now(work) == [DAY, DAY + timedelta(days=1)]


def _figures(content: Content, sums: list[Sum]) -> Mapping[str | None, Figure]:
    """By commune (None: the whole) the figure of satisfaction."""
    plan = plan_of(content, HERE)
    report = kpi_report(plan, HERE, COMMUNES, sums, (DAY, DAY), NOW)
    places = {None: report.figures, **report.lines}
    return {place: next(one for one in figures if one.id == "satisfied") for place, figures in places.items()}


def test_what_few_answered_is_not_the_difference_of_what_is_shown(content: Content) -> None:
    answers = {"05503": (2, 1), "05818": (6, 1), "05830": (40, 10)}
    sums = [
        Sum("rated_surveyed", part, place, number, number)
        for place, both in answers.items()
        for part, number in zip(("satisfied", "unsatisfied"), both, strict=True)
    ]
    of = _figures(content, sums)
    assert of[None].share == Fraction(48, 60) and of["05830"].share == Fraction(4, 5)
    assert of["05503"].share is None and of["05818"].share is None, "the whole less the two shown would be the third"
    assert not isinstance(of["05818"].base, int) and not isinstance(of["05818"].count, int)


@given(st.dictionaries(st.sampled_from(["", "a", "b", "c", "d", "e"]), st.integers(0, 12)), st.integers(2, 8))
def test_all_that_is_hidden_together_is_no_small_count(answers: dict[str, int], k: int) -> None:
    hidden = hidden_places(answers, k)
    few = {place for place, count in answers.items() if place and 0 < count < k}
    shown = {place for place, count in answers.items() if place and count} - hidden
    assert few <= hidden
    if few and shown:
        together = [answers[place] for place in answers if place not in shown]
        assert sum(together) >= k and sum(1 for count in together if count) > 1
    if not few:
        assert hidden == frozenset()
