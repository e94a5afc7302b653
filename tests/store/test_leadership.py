"""One leader among all processes, and another one when it dies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from sqlalchemy import select

from store.clock import ManualClock
from store.database import Database
from store.leadership import LEASE, give_up, take
from store.survey_tables import leader

SECOND = timedelta(seconds=1)


def test_one_leads_and_stays_the_leader_while_it_renews(database: Database, clock: ManualClock) -> None:
    def leads(holder: str) -> bool:
        return database.run_now(lambda c: take(c, "scheduler", holder, clock.now()))

    assert leads("lan") and leads("lan") and not leads("minh")
    clock.advance(LEASE - SECOND)
    assert not leads("minh") and leads("lan")
    clock.advance(LEASE - SECOND)
    assert not leads("minh") and leads("lan")


def test_a_leader_that_dies_is_replaced_when_its_lease_is_over(database: Database, clock: ManualClock) -> None:
    def leads(holder: str) -> bool:
        return database.run_now(lambda c: take(c, "scheduler", holder, clock.now()))

    assert leads("lan")
    clock.advance(LEASE - SECOND)
    assert not leads("minh")
    clock.advance(SECOND)
    assert leads("minh") and not leads("lan")


def test_a_leader_that_gives_up_is_replaced_at_once(database: Database, clock: ManualClock) -> None:
    def leads(holder: str) -> bool:
        return database.run_now(lambda c: take(c, "scheduler", holder, clock.now()))

    assert leads("lan")
    database.run_now(lambda c: give_up(c, "scheduler", "minh"))  # not theirs to give up
    assert not leads("minh")
    database.run_now(lambda c: give_up(c, "scheduler", "lan"))
    assert leads("minh") and not leads("lan")


def test_roles_do_not_know_each_other(database: Database, clock: ManualClock) -> None:
    def leads(role: str, holder: str) -> bool:
        return database.run_now(lambda c: take(c, role, holder, clock.now()))

    assert leads("scheduler", "lan") and leads("janitor", "minh")
    clock.advance(LEASE)
    assert leads("janitor", "minh")
    rows = database.read_now(lambda c: {row.role: row.holder for row in c.execute(select(leader))})
    assert rows == {"scheduler": "lan", "janitor": "minh"}


def test_a_lease_from_a_clock_that_was_ahead_does_not_block_the_role(database: Database, clock: ManualClock) -> None:
    def leads(holder: str) -> bool:
        return database.run_now(lambda c: take(c, "scheduler", holder, clock.now()))

    clock.advance(timedelta(days=90))
    assert leads("lan")
    clock.advance(timedelta(days=-90))
    assert leads("minh")
    clock.advance(-LEASE)  # but machines whose clocks differ a little do not take it from each other
    assert not leads("lan")


def test_of_many_at_one_instant_one_leads(database: Database, clock: ManualClock) -> None:
    together = Barrier(4)

    def race(holder: str) -> bool:
        together.wait(10)
        return database.run_now(lambda c: take(c, "scheduler", holder, clock.now()))

    with ThreadPoolExecutor(4) as threads:
        for _ in range(10):
            holders = ["lan", "minh", "hoa", "tuấn"]
            led = [holder for holder, leads in zip(holders, threads.map(race, holders), strict=True) if leads]
            row = database.read_now(lambda c: c.execute(select(leader)).one())
            assert led == [row.holder]
            clock.advance(LEASE)
