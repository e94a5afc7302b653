"""What reports count, in one place, with why the statements are as they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, literal_column, select

from store.survey_tables import survey_response

# 'done' is written out, not bound: only a constant lets the planner prove that the partial index holds these rows,
# also when the driver prepares the statement. count(*) touches no column beyond the index's four.
_COUNTS = (
    select(
        survey_response.c.province,
        survey_response.c.commune,
        survey_response.c.trade,
        survey_response.c.level,
        func.count().label("shops"),
    )
    .where(survey_response.c.status == literal_column("'done'"))
    .group_by(
        survey_response.c.province,
        survey_response.c.commune,
        survey_response.c.trade,
        survey_response.c.level,
    )
)
_COUNTS_OF_PROVINCE = _COUNTS.where(survey_response.c.province == bindparam("province"))


def survey_counts(connection: Connection, province: str | None = None) -> Sequence[Row[Any]]:
    """Completed responses, each shop's latest only: columns province, commune, trade, level, shops, in no order.

    `province` limits it to one. On PostgreSQL an index-only scan of ix_survey_response_report, which a (partial) index
    for status 'done' makes possible: no row is read where the visibility map is up to date. It grows with the number
    of responses, and what comes back only with the number of communes and trades.
    """
    if province is None:
        return connection.execute(_COUNTS).all()
    return connection.execute(_COUNTS_OF_PROVINCE, {"province": province}).all()


def survey_completions(connection: Connection, province: str) -> Sequence[datetime]:
    """When each shop's latest survey was completed, in no order."""
    when = select(survey_response.c.completed_at).where(
        survey_response.c.status == literal_column("'done'"), survey_response.c.province == province
    )
    return connection.scalars(when).all()
