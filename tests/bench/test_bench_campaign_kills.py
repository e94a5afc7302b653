"""The benchmark of killed campaigns believes the gateway, not the ledger; and it is part of every run."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.campaign_senders import SERVE, SIMULATE, Drill
from bench.campaign_witness import Row, judge
from bench.catalogue import FIGURES
from bench.scale import FULL, QUICK

PEOPLE = ("a", "b", "c")
TOLD = [Row("a", "delivered"), Row("b", "accepted"), Row("c", "uncertain")]


def test_whoever_is_told_once_or_admitted_to_be_uncertain_is_right() -> None:
    for has in (0, 1):
        verdict = judge(PEOPLE, 3, TOLD, Counter(a=1, b=1, c=has))
        assert verdict.faults == [] and verdict.uncertain == 1
    assert "prepared 3 = accepted 1, delivered 1, uncertain 1; missed 0, twice 0" in verdict.words()


@pytest.mark.parametrize(
    ("rows", "prepared", "taken", "faults"),
    [
        (TOLD, 3, {"a": 2, "b": 1}, ["twice a"]),
        (TOLD, 3, {"a": 1, "b": 1, "c": 2}, ["twice c"]),
        (TOLD, 3, {"a": 1}, ["claimed b"]),
        ([*TOLD[:2], Row("c", "waiting")], 3, {"a": 1, "b": 1}, ["missed c"]),
        ([*TOLD[:2], Row("c", "failed")], 3, {"a": 1, "b": 1, "c": 1}, ["denied c"]),
        (TOLD, 3, {"a": 1, "b": 1, "x": 1}, ["unknown x"]),
        (TOLD[:2], 3, {"a": 1, "b": 1}, ["3 people, 3 prepared, 2 rows", "missed c"]),
    ],
)
def test_every_fault_is_found(rows: list[Row], prepared: int, taken: dict[str, int], faults: list[str]) -> None:
    assert judge(PEOPLE, prepared, rows, Counter(taken)).faults == faults


@pytest.mark.parametrize("way", [SIMULATE, SERVE])
def test_kills_come_while_something_is_left_to_send_and_the_seed_says_when(way: str) -> None:
    drill = Drill(way, "sqlite", "sqlite:///x", 50, 15_000, 8)
    assert drill.targets == Drill(way, "sqlite", "sqlite:///y", 50, 15_000, 8).targets
    assert len(drill.targets) == 50 and max(drill.targets) < 15_000
    assert drill.targets != Drill(way, "sqlite", "sqlite:///x", 50, 15_000, 9).targets


def test_a_hundred_kills_on_each_engine_are_figures_of_every_full_run() -> None:
    assert FULL.campaign_kills == 100 and QUICK.campaign_kills > 0
    assert {"campaign_kills_sqlite", "campaign_kills_postgresql"} <= {figure.id for figure in FIGURES}
