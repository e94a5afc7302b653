"""How many must be asked, how exact a share is, and that a draw can be repeated."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.sampling import WIDEST, draw, margin, needed


@pytest.mark.parametrize(
    ("per_cent", "listed", "people"),
    [(5, 15_000, 375), (3, 15_000, 997), (5, 10_000_000, 385), (5, 100, 80), (50, 1000, 4), (5, 1, 1), (5, 0, 0)],
)
def test_the_numbers_of_the_textbooks(per_cent: int, listed: int, people: int) -> None:
    assert needed(Fraction(per_cent, 100), listed) == people


@given(st.integers(2, 2_000_000), st.integers(5, 500))
def test_both_ways_agree(listed: int, thousandths: int) -> None:
    wanted = Fraction(thousandths, 1000)
    people = needed(wanted, listed)
    rounding = Fraction(1, 50_000)
    assert 1 <= people <= listed
    exact = margin(WIDEST, people, listed)
    assert exact is not None and exact <= wanted + rounding
    if people > 1:
        fewer = margin(WIDEST, people - 1, listed)
        assert fewer is not None and fewer >= wanted - rounding


def test_whoever_asks_everybody_is_exact_and_without_answers_nothing_is_known() -> None:
    assert margin(Fraction(1, 3), 40, 40) == 0
    assert margin(WIDEST, 0, 40) is None
    assert margin(WIDEST, 385, None) == margin(WIDEST, 385, 10**12)


@pytest.mark.parametrize("share", [Fraction(0), Fraction(1)])
def test_a_few_who_all_say_the_same_are_not_exact(share: Fraction) -> None:
    assert margin(share, 5, 15_000) > Fraction(3, 10)  # type: ignore[operator]
    assert 0 < margin(share, 385, 15_000) < Fraction(1, 100)  # type: ignore[operator]
    assert margin(share, 5, 5) == 0


def test_a_seed_gives_the_same_sample_in_whatever_order_people_are_listed() -> None:
    listed = list(range(1, 1001))
    first = draw(listed, 50, 7)
    random.Random(1).shuffle(listed)
    assert draw(listed, 50, 7) == first == sorted(set(first)) and len(first) == 50
    assert draw(listed, 50, 8) != first
    assert draw(listed, 5000, 7) == sorted(listed)
    assert draw([3, 1, 2], 2, 0) == [2, 3]  # sha256sum of "0:3" is the smallest, then of "0:2"


def test_everybody_is_drawn_as_often_as_others() -> None:
    times = Counter(one for seed in range(2000) for one in draw(range(20), 5, seed))
    assert min(times.values()) > 420 and max(times.values()) < 580
