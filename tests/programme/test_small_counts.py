"""Whoever reads a published table cannot work out a count of 1 to k−1: tried by a reader who tries everything."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from programme.small_counts import Key, Mark, Published, publish

Cells = dict[Key, int]
ROOM = 3  # how far above the truth the reader looks for another table


def sums_of(cell: Key) -> list[Key]:
    commune, group, level = cell
    return [
        Key(c, g, x)
        for c, g, x in (
            (commune, group, level),
            (commune, group, None),
            (commune, None, level),
            (commune, None, None),
            (None, None, level),
            (None, None, None),
        )
    ]


def totals(cells: Mapping[Key, int]) -> Cells:
    counts: Cells = {}
    for cell, count in cells.items():
        for key in sums_of(cell):
            counts[key] = counts.get(key, 0) + count
    return counts


class Reader:
    """Looks for another table that is published in the same way and in which one count is different."""

    def __init__(self, published: Mapping[Key, Published], truth: Cells, k: int) -> None:
        self.truth, self.cells = truth, [key for key in published if None not in key]
        self.bounds: dict[Key, tuple[int, int]] = {}
        for key, shown in published.items():
            if isinstance(shown, int):
                self.bounds[key] = (shown, shown)
            elif shown is Mark.SMALL:
                self.bounds[key] = (1, k - 1)
            else:
                self.bounds[key] = (int(key.group is not None and key.level is None), truth[key] + ROOM)

    def knows(self, key: Key) -> bool:
        """Whether every table that fits has the same count there."""
        low, high = self.bounds[key]
        others = [value for value in range(low, high + 1) if value != self.truth[key]]
        # the nearest values first: they are the likeliest to fit
        others.sort(key=lambda value: abs(value - self.truth[key]))
        return not any(self.fits({**self.bounds, key: (value, value)}) for value in others)

    def fits(self, bounds: dict[Key, tuple[int, int]]) -> bool:
        room = {key: [0, 0] for key in bounds}
        for cell in self.cells:
            for key in sums_of(cell):
                room[key][0] += bounds[cell][0]
                room[key][1] += bounds[cell][1]
        return self._fill(bounds, room, 0)

    def _fill(self, bounds: dict[Key, tuple[int, int]], room: dict[Key, list[int]], at: int) -> bool:
        if any(low > bounds[key][1] or high < bounds[key][0] for key, (low, high) in room.items()):
            return False
        if at == len(self.cells):
            return True
        cell = self.cells[at]
        low, high = bounds[cell]
        values = sorted(range(low, high + 1), key=lambda value: abs(value - self.truth[cell]))
        for value in values:
            for key in sums_of(cell):
                room[key][0] += value - low
                room[key][1] += value - high
            if self._fill(bounds, room, at + 1):
                return True
            for key in sums_of(cell):
                room[key][0] -= value - low
                room[key][1] -= value - high
        return False


def table(counts: list[list[list[int]]]) -> Cells:
    """Communes of groups of levels."""
    return {
        Key(f"c{c}", f"g{g}", level): count
        for c, groups in enumerate(counts)
        for g, row in enumerate(groups)
        for level, count in enumerate(row)
    }


def publish_and_check(cells: Cells, k: int) -> dict[Key, Published]:
    levels = sorted({int(key.level or 0) for key in cells})
    published = publish(cells, levels, k)
    truth = totals({key: count for key, count in cells.items() if sum_of_row(cells, key)})
    assert set(published) == set(truth)
    reader = Reader(published, truth, k)
    for key, shown in published.items():
        if isinstance(shown, int):
            assert shown == truth[key]
            assert shown == 0 or shown >= k, f"{key} is shown"
        elif shown is Mark.SMALL:
            assert 0 < truth[key] < k
        if 0 < truth[key] < k:
            assert not reader.knows(key), f"{key} can be worked out from {published}"
    return published


def sum_of_row(cells: Cells, cell: Key) -> int:
    return sum(count for key, count in cells.items() if key[:2] == cell[:2])


COUNTS = st.one_of(st.integers(0, 6), st.sampled_from([0, 0, 1, 2, 3, 9, 40]))
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(2, 3)).filter(lambda s: s[0] * s[1] * s[2] <= 12)


@st.composite
def tables(draw: st.DrawFn) -> Cells:
    communes, groups, levels = draw(SHAPES)
    return table([[[draw(COUNTS) for _ in range(levels)] for _ in range(groups)] for _ in range(communes)])


@settings(max_examples=150, deadline=None)
@given(tables(), st.integers(2, 5))
@example(table([[[9, 3], [9, 9]]]), 5)
@example(table([[[1, 1], [1, 1]]]), 5)
@example(table([[[4, 4]]]), 5)
@example(table([[[3]]]), 5)
@example(table([[[1, 0], [40, 40]], [[40, 40]]]), 2)
def test_no_combination_of_what_is_published_gives_a_small_count_away(cells: Cells, k: int) -> None:
    publish_and_check(cells, k)


def test_what_has_no_small_count_is_published_as_it_is() -> None:
    cells = table([[[5, 0], [7, 12]], [[9, 9]]])
    assert publish(cells, [0, 1], 5) == totals(cells)


def test_one_small_count_takes_the_fewest_shops_along() -> None:
    published = publish_and_check(table([[[20, 3, 9], [30, 8, 40]]]), 5)
    cells = {key[1:]: shown for key, shown in published.items() if None not in key}
    assert cells == {
        ("g0", 0): 20,
        ("g0", 1): Mark.SMALL,
        ("g0", 2): Mark.HIDDEN,
        ("g1", 0): 30,
        ("g1", 1): Mark.HIDDEN,
        ("g1", 2): Mark.HIDDEN,
    }
    assert published[Key(None, None, None)] == 110
    assert published[Key("c0", "g0", None)] == 32


def test_many_small_counts_protect_each_other_and_the_totals_stay() -> None:
    cells = table([[[2, 3, 1], [1, 2, 3], [3, 1, 2]]] * 3)
    published = publish_and_check_quickly(cells, 5)
    assert [published[Key(f"c{c}", None, None)] for c in range(3)] == [18, 18, 18]
    assert Mark.HIDDEN not in published.values()


def publish_and_check_quickly(cells: Cells, k: int) -> dict[Key, Published]:
    published = publish(cells, sorted({int(key.level or 0) for key in cells}), k)
    truth = totals(cells)
    assert all(shown == truth[key] for key, shown in published.items() if isinstance(shown, int))
    assert all(not 0 < shown < k for shown in published.values() if isinstance(shown, int))
    return published


@pytest.mark.parametrize("k", [2, 5, 30])
def test_the_order_of_the_counting_does_not_matter(k: int) -> None:
    cells = table([[[2, 9, 1], [0, 0, 0], [30, 1, 2]], [[5, 5, 6]]])
    assert publish(cells, [0, 1, 2], k) == publish(dict(reversed(cells.items())), [0, 1, 2], k)


def test_nothing_is_published_of_nothing() -> None:
    assert publish({}, [0, 1], 5) == {}
