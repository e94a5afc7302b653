"""The numbers of completed surveys that partners get: parts of one published table, worked out at most once an hour.

All parts come from the same table as `hotline report survey` (docs/decisions/0013-small-counts.md), so that reading
them together, or beside the report, gives away no count of 1 to k−1. Months are a table of their own: they share with
the other only the total, and are shown only where that is.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from programme.content import Content
from programme.small_counts import Key, Mark, Published, publish
from programme.survey_report import DEFAULT_K, published_shops, shops_by_key
from store.clock import Clock
from store.database import Database
from store.report_queries import survey_completions

AS_OLD_AS = timedelta(hours=1)
_ALL = Key(None, None, None)


@dataclass(frozen=True)
class Numbers:
    """`shops`: by commune, group of trades and level, with their totals; `months`: by "2026-11"."""

    as_of: datetime
    shops: Mapping[Key, Published]
    months: Mapping[str, Published]


class SurveyNumbers:
    """Of one process. The work is done off the event loop, once however many wait for it."""

    def __init__(self) -> None:
        self._made: Numbers | None = None
        self._making = asyncio.Lock()

    async def get(self, database: Database, content: Content, province: str, clock: Clock) -> Numbers:
        """The present numbers of a province."""
        async with self._making:
            if self._made is None or clock.now() - self._made.as_of >= AS_OLD_AS:
                self._made = await _numbers(database, content, province, clock)
            return self._made


async def _numbers(database: Database, content: Content, province: str, clock: Clock) -> Numbers:
    as_of = clock.now()

    def count(connection: Connection) -> tuple[dict[Key, int], dict[str, int]]:
        completed = survey_completions(connection, province)
        months = Counter(f"{at.astimezone(clock.timezone):%Y-%m}" for at in completed)
        return shops_by_key(connection, content, province)[province], dict(months)

    cells, months = await database.read(count)
    shops = await asyncio.to_thread(published_shops, content, cells)
    return Numbers(as_of, shops, _published_months(months, shops.get(_ALL, 0)))


def _published_months(months: Mapping[str, int], total: Published) -> dict[str, Published]:
    if isinstance(total, Mark):
        return dict.fromkeys(months, Mark.HIDDEN)
    published = publish({Key("", month, 0): shops for month, shops in months.items()}, [0], DEFAULT_K)
    if published.get(_ALL, 0) != total:  # the total is known from the other table: with it, one month is the rest
        return dict.fromkeys(months, Mark.HIDDEN)
    return {month: published[Key("", month, None)] for month in months}
