"""Every process is killed at random under load: nothing is lost, repeated or disordered; else the judge would see it.

`make bench` kills a hundred times; here a few, on each kind of house.
"""

from __future__ import annotations

from collections import Counter

import pytest

from bench.outages.echo_dialogue import echo
from bench.outages.reconciliation import Admitted, Person, reconcile
from bench.outages.run import Plan, run

SEED = 148


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_one_process_on_sqlite(database_url: str) -> None:
    result = await run(Plan(4, 15, SEED, 1, database_url, "outages-test"))
    assert result.verdict.faults == [], result.report()
    assert sum(result.kills.values()) == 4 and result.verdict.answered > 30


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_processes_on_postgresql_and_redis(database_url: str) -> None:
    result = await run(Plan(4, 15, SEED, 2, database_url, "outages-test-two"))
    assert result.verdict.faults == [], result.report()
    assert sum(result.kills.values()) == 4 and result.verdict.answered > 30


# --- the judge


def person(*arrived: str, sent: tuple[str, ...] = ("một", "hai", "ba")) -> Person:
    return Person("zalo", "7", sent, tuple(echo(text) for text in arrived))


def test_everything_once_and_in_order_is_right() -> None:
    verdict = reconcile([person("một", "hai", "ba")], Admitted())
    assert (verdict.messages, verdict.answered, verdict.faults) == (3, 3, [])


@pytest.mark.parametrize(
    ("arrived", "fault"),
    [
        (("một", "ba"), "lost zalo 7: hai"),
        (("một", "ba", "hai"), "out of order zalo 7: hai"),
        (("một", "hai", "hai", "ba"), "repeated zalo 7: hai (2 times)"),
        (("một", "hai", "ba", "bốn"), f"invented zalo 7: {echo('bốn')}"),
    ],
)
def test_anything_else_is_named(arrived: tuple[str, ...], fault: str) -> None:
    assert reconcile([person(*arrived)], Admitted()).faults == [fault]


def test_what_the_hotline_admits_is_no_fault_and_only_that() -> None:
    admitted = Admitted(Counter({("7", echo("hai")): 1}), Counter({("7", "ba"): 1}))
    verdict = reconcile([person("một")], admitted)
    assert (verdict.answered, verdict.uncertain, verdict.with_person, verdict.faults) == (1, 1, 1, [])
    assert reconcile([person("một", "hai", "hai", "ba")], admitted).faults == []
    assert reconcile([person("một", "hai", "hai", "hai", "ba")], admitted).faults != []
    somebody_else = Admitted(Counter({("8", echo("hai")): 1}))
    assert reconcile([person("một", "ba")], somebody_else).faults == ["lost zalo 7: hai"]


def test_what_is_no_answer_of_the_dialogue_does_not_count() -> None:
    holding = Person("zalo", "7", ("một",), ("Dạ em đã nhận được tin", echo("một")))
    assert reconcile([holding], Admitted()).faults == []
