"""The reports of all firms for a period as one table, for a page, CSV, XLSX and the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection, RowMapping

from programme.content import Content
from programme.lead_owner import firm_short
from programme.lead_states import LeadState
from programme.lead_steps import Scope
from programme.report_periods import Period
from programme.safe_cells import Cell
from programme.vendor_report import COUNTED, Counts, counts, reports_of, totals

# How the columns and lists of files call the states.
STATES: Mapping[LeadState, str] = MappingProxyType(
    {
        LeadState.OFFERED: "Được giao",
        LeadState.ACCEPTED: "Đã nhận",
        LeadState.CONTACTED: "Đã liên hệ",
        LeadState.TRIAL: "Dùng thử",
        LeadState.IN_USE: "Đang sử dụng",
        LeadState.REFUSED: "Từ chối",
        LeadState.LAPSED: "Quá hạn nhận",
        LeadState.WITHDRAWN: "Chủ rút đồng ý",
        LeadState.DECLINED: "Chủ không chuyển",
        LeadState.ASKING: "Đang hỏi chủ",
    }
)
ALL_COMMUNES = "Tất cả"


def header(content: Content) -> list[str]:
    reasons = [f"Từ chối: {reason.vi}" for reason in content.refusal_reasons.all.values()]
    states = [STATES[state] for state in COUNTED]
    return ["Doanh nghiệp", "Xã/phường", *states, *reasons, "Hỗ trợ ngoài hotline", "Khó khăn", "Ghi chú", "Báo cáo"]


def merged(
    connection: Connection, content: Content, scope: Scope, period: Period, now: datetime
) -> list[tuple[Cell, ...]]:
    """For each firm of `scope` a row for all its communes with what it reports, and one for each commune."""
    province = scope.province
    firms = [one.id for one in content.packs.province(province).vendors if scope.vendor in (None, one.id)]
    found = counts(connection, scope, period)
    reported = reports_of(connection, province, period)
    rows: list[tuple[Cell, ...]] = []
    for firm, summed in totals(firms, found).items():
        name = firm_short(content, province, firm)
        said = _said(content, reported.get(firm), period, now)
        rows.append((name, ALL_COMMUNES, *_numbers(content, summed), *said))
        for one in found:
            if one.vendor == firm:
                rows.append((name, _commune(content, one.commune), *_numbers(content, one), "", "", "", ""))
    return rows


def for_a_page(content: Content, rows: Sequence[Sequence[Cell]]) -> tuple[list[str], list[list[Cell]]]:
    """Header and rows with the refusals' reasons in one column, since a screen is narrow."""
    reasons = [reason.vi for reason in content.refusal_reasons.all.values()]
    first = 2 + len(COUNTED)
    last = first + len(reasons)
    names = header(content)

    def said(numbers: Sequence[Cell]) -> str:
        return "; ".join(f"{reason}: {number}" for reason, number in zip(reasons, numbers, strict=True) if number)

    shown = [[*row[:first], said(row[first:last]), *row[last:]] for row in rows]
    return [*names[:first], "Lý do từ chối", *names[last:]], shown


def difficulties_in_words(content: Content, numbers: Mapping[str, int], language: str = "vi") -> str:
    return "; ".join(f"{content.difficulties.title(id_, language)}: {number}" for id_, number in numbers.items())


def standing(row: RowMapping | None, period: Period, now: datetime) -> str:
    """reported | reported_late | missing | overdue."""
    if row is None:
        return "overdue" if period.is_overdue(now) else "missing"
    return "reported_late" if row["submitted_at"].astimezone(period.zone).date() > period.due else "reported"


_STANDING = {"reported": "Đã nộp", "reported_late": "Nộp muộn", "missing": "Chưa nộp", "overdue": "Quá hạn, chưa nộp"}


def _said(content: Content, row: RowMapping | None, period: Period, now: datetime) -> Sequence[Cell]:
    words = _STANDING[standing(row, period, now)]
    if row is None:
        return ("", "", "", words)
    difficult = difficulties_in_words(content, row["difficulties"])
    return (row["supported_outside"], difficult, row["text"] or "", words)


def _numbers(content: Content, one: Counts) -> list[Cell]:
    reasons = [one.refused[reason] for reason in content.refusal_reasons.all]
    return [*(one.by_state[state] for state in COUNTED), *reasons]


def _commune(content: Content, code: str | None) -> str:
    commune = content.communes.by_code(code) if code else None
    return commune.full_name if commune else "Chưa rõ"
