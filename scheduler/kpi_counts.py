"""The job "kpi": the programme's figures counted anew every ten minutes (store/kpi_queries.py) and kept
(store/kpi_kept.py), so that their page need not count. Counting again gives the same: it bears being run twice.
"""

from __future__ import annotations

from datetime import timedelta

from programme.kpi import counted
from scheduler.kinds import JobContext, JobKind
from store import kpi_kept, kpi_queries


async def count(context: JobContext) -> None:
    """Count each province. Raises SQLAlchemyError when the database is away.

    Reading and writing apart: on SQLite the seconds that counting a million shops takes would keep all who write
    waiting.
    """
    for province in context.content.packs.provinces:
        what = counted(context.content, province, context.clock.now(), context.clock.timezone)
        counts = await context.database.read(lambda c, what=what: list(kpi_queries.recount(c, what)))  # type: ignore[misc]
        await context.database.run(
            lambda c, p=province, counts=counts, at=what.now: kpi_kept.keep(c, p, counts, at)  # type: ignore[misc]
        )


KPI = JobKind("kpi", timedelta(minutes=10), count)
