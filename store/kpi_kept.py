"""What was counted of the programme's figures, as it is kept: running totals, so that a page asks two rows of each line
whatever period it shows. A count that is as it was is not written again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, case, delete, func, insert, select

from store.database import insert_if_new
from store.kpi_queries import Count, Sum
from store.kpi_tables import kpi_as_of, kpi_count, kpi_line

ROWS_AT_ONCE = 2000
_DAY = timedelta(days=1)
_Kind = tuple[str, str]  # metric and part
_Days = dict[tuple[str, date], int]  # commune and day


def keep(connection: Connection, province: str, counts: Collection[Count], as_of: datetime) -> None:
    """In place of what was kept before."""
    wanted = _running(counts)
    kinds = select(kpi_line.c.metric, kpi_line.c.part).where(kpi_line.c.province == province).distinct()
    before: set[_Kind] = {(row.metric, row.part) for row in connection.execute(kinds)}
    for kind in sorted(before | wanted.keys()):
        _change(connection, province, kind, wanted.get(kind, {}))
    connection.execute(delete(kpi_line).where(kpi_line.c.province == province))
    lines = [line | {"province": province} for line in _lines(wanted)]
    for start in range(0, len(lines), ROWS_AT_ONCE):
        connection.execute(insert(kpi_line), lines[start : start + ROWS_AT_ONCE])
    if insert_if_new(connection, kpi_as_of, {"province": province, "as_of": as_of}) is None:
        connection.execute(kpi_as_of.update().where(kpi_as_of.c.province == province).values(as_of=as_of))


def as_of(connection: Connection, province: str) -> datetime | None:
    """When it was counted last; None: never."""
    when: datetime | None = connection.scalar(select(kpi_as_of.c.as_of).where(kpi_as_of.c.province == province))
    return when


def sums(connection: Connection, province: str, first: date, last: date) -> list[Sum]:
    """What was kept until `last`, and of it from `first` on, per metric, part and commune."""
    line = kpi_line.c
    until = case((line.last_day <= last, line.total), else_=_until(last))
    before = case((line.first_day >= first, 0), else_=_until(first - _DAY))
    rows = select(line.metric, line.part, line.commune, until, before).where(
        line.province == province, line.first_day <= last
    )
    return [Sum(metric, part, commune, a, a - b) for metric, part, commune, a, b in connection.execute(rows)]


def summed(counts: Collection[Count], first: date, last: date) -> list[Sum]:
    """The same from counts that were not kept."""
    added: dict[tuple[str, str, str], list[int]] = {}
    for one in counts:
        if one.day <= last:
            both = added.setdefault(one[:3], [0, 0])
            both[0] += one.times
            both[1] += one.times if one.day >= first else 0
    return [Sum(*key, *both) for key, both in added.items()]


def _until(day: date) -> ColumnElement[int]:
    """The total of a line at the end of a day: the last row until then, by the primary key."""
    count, line = kpi_count.c, kpi_line.c
    row = (
        select(count.until)
        .where(
            count.province == line.province,
            count.metric == line.metric,
            count.part == line.part,
            count.commune == line.commune,
            count.day <= day,
        )
        .order_by(count.day.desc())
        .limit(1)
        .correlate(kpi_line)
    )
    return func.coalesce(row.scalar_subquery(), 0)


def _running(counts: Collection[Count]) -> dict[_Kind, _Days]:
    """The totals, by kind; the days of a commune in their order."""
    found: dict[_Kind, _Days] = {}
    for one in sorted(counts, key=lambda count: (count.metric, count.part, count.commune, count.day)):
        days = found.setdefault((str(one.metric), one.part), {})
        days[one.commune, one.day] = one.times
    for days in found.values():
        commune, total = None, 0
        for (where, day), times in days.items():
            total = times if where != commune else total + times
            commune = where
            days[where, day] = total
    return found


def _lines(wanted: dict[_Kind, _Days]) -> Iterator[dict[str, object]]:
    for (metric, part), days in wanted.items():
        ends: dict[str, tuple[date, date, int]] = {}
        for (commune, day), total in days.items():
            ends[commune] = (ends[commune][0] if commune in ends else day, day, total)
        for commune, (first, last, total) in ends.items():
            line = {"metric": metric, "part": part, "commune": commune}
            yield line | {"first_day": first, "last_day": last, "total": total}


def _change(connection: Connection, province: str, kind: _Kind, wanted: _Days) -> None:
    """Make the rows of one kind as they should be, and touch no other."""
    own = {"province": province, "metric": kind[0], "part": kind[1]}
    count = kpi_count.c
    rows = select(count.commune, count.day, count.until).filter_by(**own)
    there: _Days = {(commune, day): until for commune, day, until in connection.execute(rows)}
    wrong = [key for key, until in there.items() if wanted.get(key) != until]
    missing = [key for key, until in wanted.items() if there.get(key) != until]
    taken_out = delete(kpi_count).where(
        *(column == own[column.name] for column in (count.province, count.metric, count.part)),
        count.commune == bindparam("where"),
        count.day == bindparam("on"),
    )
    for start in range(0, len(wrong), ROWS_AT_ONCE):
        some = wrong[start : start + ROWS_AT_ONCE]
        connection.execute(taken_out, [{"where": commune, "on": day} for commune, day in some])
    for start in range(0, len(missing), ROWS_AT_ONCE):
        keys = missing[start : start + ROWS_AT_ONCE]
        new = [own | {"commune": key[0], "day": key[1], "until": wanted[key]} for key in keys]
        connection.execute(insert(kpi_count), new)
