"""Which reminders to staff are on: to officers, firms and those who oversee them. On, until somebody switches one off.

Each is asked by the job that would tell; what waits already is still told. They are notices of tables of their own and
no bulk messages to owners, so the law of those says nothing of them (decision 35).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, select, update

from programme.campaign_problems import CampaignProblem
from store.audit import Actor, record
from store.console_tables import notice_switch
from store.crypto import Keyring
from store.database import insert_if_new


class Notice(StrEnum):
    """`notice_switch.name`, for good."""

    SLA_WARNINGS = "sla_warnings"
    LEAD_DEADLINES = "lead_deadlines"
    REPORTS_DUE = "reports_due"
    REPORTS_LATE = "reports_late"
    REPORT_DAYS = "report_days"
    TOKENS_ENDING = "tokens_ending"


@dataclass(frozen=True)
class Switch:
    """`by`, `at`: who switched it last, and when; None: nobody ever did."""

    is_on: bool = True
    version: int = 0
    by: str | None = None
    at: datetime | None = None


def switches(connection: Connection) -> Mapping[Notice, Switch]:
    """Every notice, in the order of Notice."""
    rows = {row["name"]: row for row in connection.execute(select(notice_switch)).mappings()}
    return {one: _switch(rows[one]) if one in rows else Switch() for one in Notice}


def is_on(connection: Connection, notice: Notice) -> bool:
    """Whether it is to be told."""
    found = connection.scalar(select(notice_switch.c.is_on).filter_by(name=notice.value))
    return found is not False


def switch(
    connection: Connection, keyring: Keyring, notice: Notice, on: bool, version: int, actor: Actor, now: datetime
) -> None:
    """Switch it. `version`: that the page saw. Raises CampaignProblem reminder_changed."""
    values = {"is_on": on, "changed_by": actor.name, "changed_at": now, "version": version + 1}
    if version:
        own = update(notice_switch).where(notice_switch.c.name == notice.value, notice_switch.c.version == version)
        is_done = bool(connection.execute(own.values(values)).rowcount)
    else:
        is_done = insert_if_new(connection, notice_switch, {"name": notice.value, **values}) is not None
    if not is_done:
        raise CampaignProblem("reminder_changed")
    record(connection, keyring, now, actor, "notice.on" if on else "notice.off", f"notice {notice}")


def _switch(row: RowMapping) -> Switch:
    return Switch(row["is_on"], row["version"], row["changed_by"], row["changed_at"])
