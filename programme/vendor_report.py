"""The report of a firm for a period: what the hotline counts itself from the leads' steps, and what the firm adds.

Submitted once, corrected until the period closes. Idempotency: one row per firm and period (unique), changed only from
the version that was read; the same report sent again finds the first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, RowMapping, distinct, func, or_, select, update

from programme.content import Content
from programme.difficulties import Difficulty, record, take_back_tellings
from programme.lead_problems import LeadProblem
from programme.lead_rules import ReportRules
from programme.lead_states import LeadState
from programme.lead_steps import Scope
from programme.packs import normalise_province_id
from programme.report_periods import Period
from store.audit import Actor
from store.database import insert_if_new
from store.survey_tables import lead
from store.text import clean
from store.vendor_tables import lead_step, vendor_report

MOST_SHOPS = 100_000
LONGEST_TEXT = 2000
_NUMBER = re.compile(r"[0-9]{1,6}|[0-9]{1,3}\.[0-9]{3}")  # "1.200" is how a thousand is written
# What is counted, in the order in which it is shown.
COUNTED = (
    LeadState.OFFERED,
    LeadState.ACCEPTED,
    LeadState.CONTACTED,
    LeadState.TRIAL,
    LeadState.IN_USE,
    LeadState.REFUSED,
    LeadState.LAPSED,
    LeadState.WITHDRAWN,
)


@dataclass(frozen=True)
class Submission:
    """`supported_outside`: shops that the firm supports without the hotline. `difficulties`: shops by category."""

    supported_outside: int
    difficulties: Mapping[str, int]
    text: str = ""


@dataclass
class Counts:
    """Leads of a firm in a commune (code; None: unknown) by what became of them in a period; refusals by reason."""

    vendor: str
    commune: str | None
    by_state: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, other: Counts) -> None:
        self.by_state += other.by_state
        self.refused += other.refused


def report_rules(content: Content, province: str) -> ReportRules:
    """Raises LeadProblem no_firms, where the province has none."""
    pack = content.packs.provinces.get(normalise_province_id(province))
    if pack is None or pack.leads is None:
        raise LeadProblem("no_firms")
    return pack.leads.report


def read_number(text: str) -> int:
    """A number of shops as people type it; "" is none. Raises LeadProblem number_invalid."""
    if not text.strip():
        return 0
    written = _NUMBER.fullmatch(text.strip())
    if written is None or int(written[0].replace(".", "")) > MOST_SHOPS:
        raise LeadProblem("number_invalid")
    return int(written[0].replace(".", ""))


def find_report(connection: Connection, province: str, vendor: str, period: Period) -> RowMapping | None:
    """The row of `vendor_report`."""
    own = {"province": normalise_province_id(province), "vendor": vendor, "period": period.name}
    return connection.execute(select(vendor_report).filter_by(**own)).mappings().first()


def reports_of(connection: Connection, province: str, period: Period) -> dict[str, RowMapping]:
    """Every report of the period, by firm."""
    rows = select(vendor_report).filter_by(province=normalise_province_id(province), period=period.name)
    return {row["vendor"]: row for row in connection.execute(rows).mappings()}


def firms_without_report(connection: Connection, province: str, firms: Iterable[str], period: Period) -> list[str]:
    """Those of `firms` that have not reported of the period."""
    known = reports_of(connection, province, period)
    return [firm for firm in firms if firm not in known]


def first_lead_at(connection: Connection, province: str) -> datetime | None:
    """Since when there is something to report in a province."""
    first = select(func.min(lead.c.created_at)).where(lead.c.province == normalise_province_id(province))
    at: datetime | None = connection.scalar(first)
    return at


def submit(
    connection: Connection,
    content: Content,
    province: str,
    vendor: str,
    period: Period,
    wanted: Submission,
    version: int | None,
    actor: Actor,
    now: datetime,
) -> bool:
    """Keep a firm's report, or its correction of `version` (None: the first); whether anything is new.

    Its difficulties are told to the programme, each category once a period, and taken back where a correction leaves
    them out. Raises LeadProblem period_future,
    number_invalid, category_unknown, text_too_long, report_closed, report_changed.
    """
    _check(content, period, wanted, now)
    difficulties = {category: number for category, number in sorted(wanted.difficulties.items()) if number}
    row = {
        "supported_outside": wanted.supported_outside,
        "difficulties": difficulties,
        "text": clean(wanted.text).strip() or None,
    }
    own = {"province": normalise_province_id(province), "vendor": vendor, "period": period.name}
    known = find_report(connection, province, vendor, period)
    if known is not None and all(known[name] == value for name, value in row.items()):
        return False
    who = {"actor": actor.name, "account_id": actor.account_id, "changed_at": now}
    if version is None:
        first = {**own, **row, **who, "version": 1, "submitted_at": now}
        if known is not None or insert_if_new(connection, vendor_report, first) is None:
            raise LeadProblem("report_changed")
    else:
        if period.is_closed(now):
            raise LeadProblem("report_closed")
        changed = update(vendor_report).filter_by(**own, version=version).values(**row, **who, version=version + 1)
        if not connection.execute(changed).rowcount:
            raise LeadProblem("report_changed")
    telling = f"report {own['province']} {vendor} {period.name}"
    for category in difficulties:
        told = Difficulty("vendor", category, own["province"], now, vendor=vendor, telling=f"{telling} {category}")
        record(connection, told)
    dropped = set(known["difficulties"] if known is not None else ()) - set(difficulties)
    take_back_tellings(connection, [f"{telling} {category}" for category in sorted(dropped)])
    return True


def _check(content: Content, period: Period, wanted: Submission, now: datetime) -> None:
    if not period.has_begun(now):
        raise LeadProblem("period_future")
    if any(not 0 <= number <= MOST_SHOPS for number in (wanted.supported_outside, *wanted.difficulties.values())):
        raise LeadProblem("number_invalid")
    if any(category not in content.difficulties.all for category in wanted.difficulties):
        raise LeadProblem("category_unknown")
    if len(wanted.text) > LONGEST_TEXT:
        raise LeadProblem("report_text_too_long")


def counts(connection: Connection, scope: Scope, period: Period) -> list[Counts]:
    """What became of the leads in the period, by firm and commune, from their steps. A lead that came to a state twice
    counts once."""
    rows = (
        select(
            lead.c.vendor, lead.c.commune, lead_step.c.to_status, lead_step.c.reason, func.count(distinct(lead.c.id))
        )
        .join(lead, lead.c.id == lead_step.c.lead_id)
        .where(
            scope.condition(),
            lead_step.c.at >= period.begins,
            lead_step.c.at < period.ends,
            lead_step.c.to_status.in_(COUNTED),
            or_(lead_step.c.from_status.is_(None), lead_step.c.from_status != lead_step.c.to_status),
        )
        .group_by(lead.c.vendor, lead.c.commune, lead_step.c.to_status, lead_step.c.reason)
        .order_by(lead.c.vendor, lead.c.commune)
    )
    found: dict[tuple[str, str | None], Counts] = {}
    for firm, commune, state, reason, number in connection.execute(rows):
        one = found.setdefault((firm, commune), Counts(firm, commune))
        one.by_state[state] += number
        if state == LeadState.REFUSED:
            one.refused[reason or ""] += number
    return list(found.values())


def totals(firms: Sequence[str], found: Iterable[Counts]) -> dict[str, Counts]:
    """Of each firm, over its communes; also of one that had none."""
    summed = {firm: Counts(firm, None) for firm in firms}
    for one in found:
        summed.setdefault(one.vendor, Counts(one.vendor, None)).add(one)
    return summed
