"""Which counts of a table may be published, so that no count of 1 to k−1 shops can be worked out. No I/O.

The table: shops by commune, group of trades and level, with every total: of a row, of a commune by level and in all,
of the whole by level and in all. All are sums of the same cells, so whatever is hidden must not come back as a
difference, nor be forced by what a mark allows (two "<5" with a total of 8 are two fours).

The rule. A count of 1 to k−1 is marked SMALL. It is safe when the table has a *twin*: move or exchange one or two
shops so that this count changes, while every number shown stays the same and every SMALL one stays within 1 to k−1.
The twin looks the same on paper, so nobody who reads the paper knows which of the two it is. For each small count a
twin is looked for; if there is none, the twin for which the fewest shops must disappear from view is taken, and what
distinguishes it is marked HIDDEN, which says nothing at all (a mark SMALL may become HIDDEN, too). More hiding never
spoils an earlier twin. There always is one: add or take away one shop, with all its totals hidden.

What a reader is taken to know: the published table and the meaning of the marks, not the order in which this
module looks for twins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import product
from typing import NamedTuple

# How many communes, and rows of each, are tried when a twin needs a second commune: a bound on the work, no more.
_OTHER_COMMUNES, _ROWS_OF_EACH = 3, 3


class Key(NamedTuple):
    """One count; None means "all of them": Key(c, None, None) is the total of commune c."""

    commune: str | None
    group: str | None
    level: int | None


class Mark(Enum):
    """What stands in place of a number. HIDDEN may be any number, also 0."""

    SMALL = "small"
    HIDDEN = "hidden"


Published = int | Mark
Move = tuple[tuple[Key, int], ...]  # changes of cells, by +1 or −1


def publish(cells: Mapping[Key, int], levels: Sequence[int], k: int) -> dict[Key, Published]:
    """Every cell and every total, as it may be published.

    `cells`: shops by commune, group and level; a row (commune, group) that has any gets all of `levels`, one that has
    none does not appear and is known to be empty. `k` ≥ 2. The same input gives the same output.
    """
    return _Table(cells, levels, k).published()


class _Table:
    def __init__(self, cells: Mapping[Key, int], levels: Sequence[int], k: int) -> None:
        self._k, self._levels = k, levels
        self._groups: dict[str, list[str]] = {}
        for commune, group in sorted({(str(key.commune), str(key.group)) for key, count in cells.items() if count}):
            self._groups.setdefault(commune, []).append(group)
        self._counts: dict[Key, int] = {}
        for commune, groups in self._groups.items():
            for group, level in product(groups, levels):
                key = Key(commune, group, level)
                for sum_ in _sums(key):
                    self._counts[sum_] = self._counts.get(sum_, 0) + cells.get(key, 0)
        self._marks = {key: Mark.SMALL for key, count in self._counts.items() if 0 < count < k}

    def published(self) -> dict[Key, Published]:
        # cells first: their marks are what the totals' twins can be made of
        for key in sorted(self._marks, key=_from_cells_to_totals):
            self._protect(key)
        return {key: self._marks.get(key, count) for key, count in self._counts.items()}

    def _protect(self, key: Key) -> None:
        """Give this small count a twin."""
        best, cheapest = dict[Key, int](), -1
        for move in self._moves(key):
            changes = _changes(move)
            if not changes.get(key):
                continue
            cost = self._cost(changes)
            if cost is not None and (cheapest < 0 or cost < cheapest):
                best, cheapest = changes, cost
            if cheapest == 0:
                return
        for changed, by in best.items():
            if self._cost({changed: by}):
                self._marks[changed] = Mark.HIDDEN

    def _cost(self, changes: Mapping[Key, int]) -> int | None:
        """How many shops must disappear from view for the twin to look the same; None: it is no table at all."""
        cost = 0
        for key, by in changes.items():
            count, mark = self._counts[key], self._marks.get(key)
            # a row that is published is known not to be empty
            if count + by < (key.group is not None and key.level is None):
                return None
            if by and mark is not Mark.HIDDEN and not (mark is Mark.SMALL and 0 < count + by < self._k):
                cost += count + 1
        return cost

    def _moves(self, key: Key) -> Iterator[Move]:
        """Twins to try: within the commune first, then together with other communes, then one shop more or less."""
        cells = self._cells_of(key)
        for cell, by in product(cells, (-1, 1)):
            yield from self._moves_with(cell, by, self._rows_of(cell.commune))
        if key.group is None or len(self._groups[str(key.commune)]) == 1:
            for cell, by in product(cells, (-1, 1)):
                yield from self._moves_between_communes(cell, by)
        for cell, by in product(cells, (-1, 1)):
            yield ((cell, by),)

    def _moves_with(self, cell: Key, by: int, rows: Iterable[Key]) -> Iterator[Move]:
        """A shop of `cell` changes its level; or its row; or exchanges its level with a shop of another row."""
        others = [row for row in rows if row[:2] != cell[:2]]
        for row in others:
            there = row._replace(level=cell.level)
            yield (cell, by), (there, -by)
            for level in self._levels:
                if level != cell.level:
                    beside, across = cell._replace(level=level), row._replace(level=level)
                    yield (cell, by), (beside, -by), (there, -by), (across, by)
        for level in self._levels:
            if level != cell.level:
                yield (cell, by), (cell._replace(level=level), -by)

    def _moves_between_communes(self, cell: Key, by: int) -> Iterator[Move]:
        """The same with rows of other communes: those first of which the least would have to be hidden."""
        for level in self._levels:
            pair = ((cell.level, -by), (level, by)) if level != cell.level else ((cell.level, -by),)
            others = [c for c in self._groups if c != cell.commune]
            for commune in self._easiest([Key(c, None, None) for c in others], pair)[:_OTHER_COMMUNES]:
                for row in self._easiest(self._rows_of(commune.commune), pair)[:_ROWS_OF_EACH]:
                    there = row._replace(level=cell.level)
                    if level == cell.level:
                        yield (cell, by), (there, -by)
                    else:
                        beside, across = cell._replace(level=level), row._replace(level=level)
                        yield (cell, by), (beside, -by), (there, -by), (across, by)

    def _easiest(self, rows: Sequence[Key], pair: Sequence[tuple[int | None, int]]) -> list[Key]:
        def cost(row: Key) -> tuple[bool, int]:
            needed = self._cost({row._replace(level=level): by for level, by in pair})
            return needed is None, needed or 0

        return sorted(rows, key=cost)

    def _rows_of(self, commune: str | None) -> list[Key]:
        return [Key(commune, group, None) for group in self._groups[str(commune)]]

    def _cells_of(self, key: Key) -> list[Key]:
        """The cells that `key` is the sum of, those that are not shown first; not more than are worth trying."""
        communes = [key.commune] if key.commune is not None else list(self._groups)
        found = [
            Key(commune, group, level)
            for commune in communes
            for group in ([key.group] if key.group is not None else self._groups[commune])
            for level in ([key.level] if key.level is not None else self._levels)
        ]
        return sorted(found, key=lambda cell: (cell not in self._marks, self._counts[cell]))[: len(self._levels)]


def _sums(cell: Key) -> tuple[Key, ...]:
    """The cell and every total that it is part of."""
    commune, group, level = cell
    return (
        cell,
        Key(commune, group, None),
        Key(commune, None, level),
        Key(commune, None, None),
        Key(None, None, level),
        Key(None, None, None),
    )


def _changes(move: Move) -> dict[Key, int]:
    """By how much each count changes."""
    changes: dict[Key, int] = {}
    for cell, by in move:
        for key in _sums(cell):
            changes[key] = changes.get(key, 0) + by
    return changes


def _from_cells_to_totals(key: Key) -> tuple[int, tuple[str, str, int]]:
    named = (key.commune or "", key.group or "", -1 if key.level is None else key.level)
    return sum(part is None for part in key), named
