"""For those who fill surveys in: what they have under way, and what was completed lately where they work."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from programme.responses import Kept, from_row
from programme.survey.definition import Surveys
from store.survey_tables import survey_response

MOST = 30


def under_way(connection: Connection, surveys: Surveys, officer: str, communes: Sequence[str] | None) -> list[Kept]:
    """The open surveys that `officer` fills in, the one touched last first. `communes`: only of these; None: of all."""
    rows = select(survey_response).where(survey_response.c.status == "open", survey_response.c.assisted_by == officer)
    if communes is not None:
        rows = rows.where(survey_response.c.commune.in_(communes))
    rows = rows.order_by(survey_response.c.updated_at.desc(), survey_response.c.id.desc()).limit(MOST)
    return [from_row(surveys, row) for row in connection.execute(rows).mappings()]


def completed_lately(
    connection: Connection, surveys: Surveys, province: str, communes: Sequence[str] | None
) -> list[Kept]:
    """The surveys of a province that were completed last. `communes`: only of these; None: of all."""
    rows = select(survey_response).where(survey_response.c.status == "done", survey_response.c.province == province)
    if communes is not None:
        rows = rows.where(survey_response.c.commune.in_(communes))
    rows = rows.order_by(survey_response.c.completed_at.desc(), survey_response.c.id.desc()).limit(MOST)
    return [from_row(surveys, row) for row in connection.execute(rows).mappings()]
