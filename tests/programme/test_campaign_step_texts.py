"""Which texts a step of a series is frozen with."""

from __future__ import annotations

import pytest

from programme.ledger import _of_step

FIRST = [{"id": "A", "share": 50}, {"id": "B", "share": 50, "step": 0}]
LATER = [{"id": "2", "share": 100, "step": 1}]


@pytest.mark.parametrize(
    ("variants", "step", "ids"),
    [
        (FIRST + LATER, 0, ["A", "B"]),
        (FIRST + LATER, 1, ["2"]),
        (FIRST + LATER, 2, ["A", "B"]),  # without texts of its own: not those of another later step
        (FIRST, 3, ["A", "B"]),
        (LATER, 5, ["2"]),
    ],
)
def test_a_step_has_its_own_texts_or_the_first_ones(
    variants: list[dict[str, object]], step: int, ids: list[str]
) -> None:
    assert [one["id"] for one in _of_step(variants, step)] == ids
