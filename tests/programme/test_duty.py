"""Who is told of a request that waits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from programme.duty import ADMINISTRATOR, OFFICER, SUPERVISOR, Colleague, Matter, told_at, told_of_new

HERE, ELSEWHERE = "05443", "05446"


def colleague(number: int, role: str, on_duty: bool = True, communes: frozenset[str] | None = None) -> Colleague:
    return Colleague(number, number, role, communes, on_duty, chat="x")


LAN = colleague(1, OFFICER)
MINH = colleague(2, OFFICER, communes=frozenset({ELSEWHERE}))
HOA = colleague(3, OFFICER, on_duty=False)
TAM, TUAN = colleague(4, SUPERVISOR), colleague(5, SUPERVISOR, on_duty=False)
ADMIN = colleague(6, ADMINISTRATOR)
EVERYBODY = [LAN, MINH, HOA, TAM, TUAN, ADMIN]


def names(told: Sequence[Colleague]) -> list[int]:
    return sorted(one.account_id for one in told)


@pytest.mark.parametrize(
    ("commune", "holder", "new", "first", "second", "late"),
    [
        (HERE, None, [1], [1], [1, 4], [1, 4, 6]),
        (ELSEWHERE, None, [1, 2], [1, 2], [1, 2, 4], [1, 2, 4, 6]),
        (None, None, [1, 2], [1, 2], [1, 2, 4], [1, 2, 4, 6]),
        (HERE, 2, [2], [2], [2, 4], [2, 4, 6]),  # whoever holds it, wherever the owner is
        (HERE, 3, [1], [1], [3, 4], [3, 4, 6]),  # who went home is told when it is urgent
        (HERE, 4, [4], [4], [4], [4, 6]),  # a supervisor who holds it is told once
    ],
)
def test_who_is_told(
    commune: str | None, holder: int | None, new: list[int], first: list[int], second: list[int], late: list[int]
) -> None:
    matter = Matter(commune, holder)
    assert names(told_of_new(EVERYBODY, matter)) == new
    assert names(told_at(EVERYBODY, matter, 1, late=False)) == first
    assert names(told_at(EVERYBODY, matter, 2, late=False)) == second
    assert names(told_at(EVERYBODY, matter, 3, late=True)) == late


def test_where_no_officer_is_on_duty_whoever_is_above_them_is_told() -> None:
    nobody = Matter(HERE, None)
    assert names(told_of_new([HOA, TAM, TUAN, ADMIN], nobody)) == [4]
    assert names(told_of_new([HOA, TUAN, ADMIN], nobody)) == [5]  # a supervisor at home rather than nobody
    assert names(told_at([HOA, MINH, ADMIN], nobody, 1, late=False)) == [6]
    assert names(told_at([HOA], nobody, 1, late=True)) == []
