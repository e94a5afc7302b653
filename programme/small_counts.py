"""Which counts of a table may be published, so that no count of 1 to k−1 shops can be worked out. No I/O.

The table: shops by commune, group of trades and level, with every total: of a row, of a commune by level and in all,
of the whole by level and in all. All are sums of the same cells, so whatever is hidden must not come back as a
difference, nor be forced by what a mark allows (two "<5" with a total of 8 are two fours).

The rule. A count of 1 to k−1 is marked SMALL. It is safe when the table has a *twin*: move or exchange one or two
shops so that this count changes, while every number shown stays the same and every SMALL one stays within 1 to k−1.
The twin looks the same on paper, so nobody who reads the paper knows which of the two it is. For each small count a
twin is looked for; if there is none, the twin for which the least must disappear from view is taken, and what
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

# What hiding costs, next to a shop of an ordinary count: a shop of a commune's total, which reports are made for, and
# (times k) an empty count. A small count hidden together with an empty one is nearly seen, so that comes late.
_TOTAL_COSTS, _EMPTY_COSTS = 10, 10
# How many communes, and rows of each, are tried when a twin needs a second commune: a bound on the work, no more.
_OTHER_COMMUNES, _ROWS_OF_EACH = 3, 3


class Key(NamedTuple):
    """One count; None means "all of them": Key(c, None, None) is the total of commune c."""

    commune: str | None
    group: str | None
    level: int | None


_ALL = Key(None, None, None)


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
        self._rows: dict[str, list[Key]] = {}
        for commune, group in sorted({(str(key.commune), str(key.group)) for key, count in cells.items() if count}):
            self._rows.setdefault(commune, []).append(Key(commune, group, None))
        rows = [row for rows in self._rows.values() for row in rows]
        self._sums = {cell: _sums(cell) for row, x in product(rows, levels) for cell in [row._replace(level=x)]}
        self._counts: dict[Key, int] = {}
        for cell, sums in self._sums.items():
            for key in sums:
                self._counts[key] = self._counts.get(key, 0) + cells.get(cell, 0)
        self._most = sum(map(self._hiding_costs, self._counts)) + 1
        # per commune: how much a change of a row of it would hide, until something of it is hidden
        self._needed: dict[str, dict[tuple[str | None, tuple[tuple[int | None, int], ...]], int]] = {}
        self._marks = {key: Mark.SMALL for key, count in self._counts.items() if 0 < count < k}

    def published(self) -> dict[Key, Published]:
        # cells first: their marks are what the totals' twins can be made of
        for key in sorted(self._marks, key=_from_cells_to_totals):
            self._protect(key)
        return {key: self._marks.get(key, count) for key, count in self._counts.items()}

    def _protect(self, key: Key) -> None:
        """Give this small count a twin."""
        best, cheapest = dict[Key, int](), self._most
        for moves in (self._moves_within, self._moves_between_communes, self._one_more_or_less):
            for move in moves(key):
                if any(self._counts[cell] + by < 0 for cell, by in move):
                    continue
                changes = self._changes(move)
                cost = self._cost(changes, cheapest) if changes.get(key) else None
                if cost is not None:
                    best, cheapest = changes, cost
                if cost == 0:
                    return
            # the next moves reach further: only when these would hide more than the commune's own counts
            if best and cheapest <= self._counts[Key(key.commune, None, None)]:
                break
        for changed, by in best.items():
            if self._cost({changed: by}, cheapest + 1):
                self._marks[changed] = Mark.HIDDEN
                self._needed.pop(str(changed.commune), None)

    def _cost(self, changes: Mapping[Key, int], below: int) -> int | None:
        """How much must disappear from view for the twin to look the same.

        None: it is no table at all, or the cost is not `below` this.
        """
        cost = 0
        for key, by in changes.items():
            if not by:
                continue
            count, mark = self._counts[key], self._marks.get(key)
            # a row that is published is known not to be empty
            if count + by < (key.group is not None and key.level is None):
                return None
            if mark is not Mark.HIDDEN and not (mark is Mark.SMALL and 0 < count + by < self._k):
                cost += self._hiding_costs(key)
                if cost >= below:
                    return None
        return cost

    def _hiding_costs(self, key: Key) -> int:
        is_total = key.group is None and key.level is None
        return (self._counts[key] or _EMPTY_COSTS * self._k) * (_TOTAL_COSTS if is_total else 1)

    def _moves_within(self, key: Key) -> Iterator[Move]:
        """In one commune a shop changes its row, exchanges its level with a shop of another row, or changes it."""
        for cell, by in product(self._cells_of(key), (-1, 1)):
            for row in self._rows[str(cell.commune)]:
                if row.group != cell.group:
                    yield from self._moves_with(cell, by, row, self._levels)
            for level in self._levels:
                if level != cell.level:
                    yield (cell, by), (cell._replace(level=level), -by)

    def _moves_between_communes(self, key: Key) -> Iterator[Move]:
        """The same with rows of other communes: those first of which the least would have to be hidden."""
        for (cell, by), level in product(product(self._cells_of(key), (-1, 1)), self._levels):
            # an exchange of levels leaves the totals of row and commune as they are, a move does not
            pair = {cell.level: -by} | ({None: -by} if level == cell.level else {level: by})
            others = [Key(commune, None, None) for commune in self._rows if commune != cell.commune]
            for commune in self._easiest(others, pair)[:_OTHER_COMMUNES]:
                for row in self._easiest(self._rows[str(commune.commune)], pair)[:_ROWS_OF_EACH]:
                    yield from self._moves_with(cell, by, row, (level,))

    def _moves_with(self, cell: Key, by: int, row: Key, levels: Iterable[int]) -> Iterator[Move]:
        """Between a cell and another row: at the cell's own level a shop moves, at any other two exchange levels."""
        there = row._replace(level=cell.level)
        for level in levels:
            if level == cell.level:
                yield (cell, by), (there, -by)
            else:
                yield (cell, by), (cell._replace(level=level), -by), (there, -by), (row._replace(level=level), by)

    def _one_more_or_less(self, key: Key) -> Iterator[Move]:
        for cell, by in product(self._cells_of(key), (-1, 1)):
            yield ((cell, by),)

    def _easiest(self, rows: Sequence[Key], changes: Mapping[int | None, int]) -> list[Key]:
        changed = tuple(changes.items())

        def cost(row: Key) -> int:
            known = self._needed.setdefault(str(row.commune), {})
            asked = (row.group, changed)
            if asked not in known:
                needed = self._cost({Key(row.commune, row.group, level): by for level, by in changed}, self._most)
                known[asked] = self._most if needed is None else needed
            return known[asked]

        return sorted(rows, key=cost)

    def _cells_of(self, key: Key) -> list[Key]:
        """The cells that `key` is the sum of, those that are not shown first; not more than are worth trying."""
        rows = [
            row for commune in ([key.commune] if key.commune is not None else self._rows) for row in self._rows[commune]
        ]
        levels = [key.level] if key.level is not None else self._levels
        cells = [row._replace(level=level) for row in rows if key.group in (None, row.group) for level in levels]
        return sorted(cells, key=lambda cell: (cell not in self._marks, self._counts[cell]))[: len(self._levels)]

    def _changes(self, move: Move) -> dict[Key, int]:
        """By how much each count changes."""
        changes: dict[Key, int] = {}
        for cell, by in move:
            for key in self._sums[cell]:
                changes[key] = changes.get(key, 0) + by
        return changes


def _sums(cell: Key) -> tuple[Key, ...]:
    """The cell and every total that it is part of."""
    commune, group, level = cell
    return (
        cell,
        Key(commune, group, None),
        Key(commune, None, level),
        Key(commune, None, None),
        Key(None, None, level),
        _ALL,
    )


def _from_cells_to_totals(key: Key) -> tuple[int, tuple[str, str, int]]:
    named = (key.commune or "", key.group or "", -1 if key.level is None else key.level)
    return sum(part is None for part in key), named
