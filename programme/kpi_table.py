"""The programme's figures as a table for files: Vietnamese columns, one line per figure, target and commune."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from programme.content import Content
from programme.kpi import Plan, Target
from programme.kpi_figures import Figure, Judged, KpiReport
from programme.safe_cells import Cell
from programme.shown_names import CHANNELS, LEAD_STATES
from programme.sla_report import shown_share
from programme.small_counts import Mark, Published
from programme.survey_report import DEFAULT_K, HIDDEN
from programme.thousands import grouped

UNKNOWN = "Chưa có số liệu"
WHOLE = "Toàn tỉnh"
_VERDICTS = {True: "Đạt", False: "Không đạt", None: ""}
# In Vietnamese and in English.
_OF = {
    "listed": ("trên danh sách cửa hàng", "of the shops on the list"),
    "programme": ("trên số của Chương trình", "of the programme's number"),
    "surveyed": ("trên số đã khảo sát", "of those surveyed"),
    "communes": ("trên số xã, phường", "of the communes"),
    "certified": ("trên số hộ có giấy đăng ký kinh doanh", "of the households with a business certificate"),
}
_PARTS = {
    **CHANNELS,
    "chat": ("Nhắc trong hội thoại", "Reminder in a conversation"),
    "zbs": ("Zalo (tin mẫu)", "Zalo (template)"),
    "sms": ("SMS", "SMS"),
    "facebook": ("Facebook", "Facebook"),
    "poster": ("Áp phích", "Poster"),
    "drawn": ("Đã rút vào mẫu", "Drawn into samples"),
    "asked": ("Đã hỏi", "Asked"),
    "answered": ("Đã trả lời", "Answered"),
    "visit": ("Cán bộ khảo sát giúp", "Surveyed by an officer"),
    "class": ("Dự lớp", "Came to a class"),
    "firm": ("Doanh nghiệp báo", "Reported by a firm"),
    "told": ("Chủ cửa hàng tự khai", "Said by the owner"),
    "applied": ("đã đăng ký", "applied for"),
    "active": ("đang dùng", "in use"),
}
# A part that means something else under one figure.
_OF_FIGURE = {("reached", "firm"): ("Doanh nghiệp liên hệ", "Contacted by a firm")}
HEADER = (
    *("Nơi", "Chỉ số", "Đến ngày cuối (hoặc trong kỳ)", "Trong kỳ", "Trên tổng", "Tỷ lệ (%)", "Mức phải đạt"),
    *("Hạn theo văn bản", "Đo được", "So với mức", "Văn bản", "Cách tính"),
)


def rows(
    content: Content, plan: Plan, report: KpiReport, only: tuple[str, ...] | None = None
) -> list[tuple[Cell, ...]]:
    """The chosen place first, then each commune; `only`: of these communes."""
    names = {one.code: one.full_name for one in content.communes.communes(report.province)}
    place = WHOLE if report.commune is None else names[report.commune]
    found = list(_lines(plan, place, report.figures, report.commune is None))
    if report.commune is None:
        for code, figures in report.lines.items():
            if only is None or code in only:
                found += _lines(plan, names[code], figures, False)
    return found


def notes(report: KpiReport) -> tuple[str, ...]:
    """What must be known beside the table, in Vietnamese."""
    counted = f"{report.as_of:%H:%M %d/%m/%Y}" if report.as_of else "chưa lần nào"
    return (
        f"Kỳ {report.first:%d/%m/%Y}–{report.last:%d/%m/%Y}; số liệu đếm lúc {counted}.",
        f"<{DEFAULT_K}: từ 1 đến {DEFAULT_K - 1} cửa hàng; {HIDDEN}: không công bố, để không tính ngược ra được.",
        "Hạn là ngày ghi trong văn bản; qua hạn không có nghĩa là còn hay hết đăng ký.",
        "Tỷ lệ cắt ở hai chữ số, không làm tròn lên.",
    )


def shown(value: Published | None) -> Cell:
    """A count as people read it."""
    if value is None:
        return UNKNOWN
    if isinstance(value, Mark):
        return f"<{DEFAULT_K}" if value is Mark.SMALL else HIDDEN
    return value


def part_name(metric: str, key: str, language: str = "vi") -> str:
    """A way, a channel, a state, in words; a domain's part is "tld status"."""
    if metric == "domains":
        tld, _, status = key.rpartition(" ")
        return f".{tld}: {_PARTS[status][language == 'en']}"
    known = _OF_FIGURE.get((metric, key)) or (LEAD_STATES if metric == "leads" else _PARTS).get(key)
    return known[language == "en"] if known else key


def demanded(target: Target, language: str = "vi") -> str:
    """ "> 95 %", "≥ 15.000"; shares say of what."""
    sign = ">" if target.op == ">" else "≥"
    if target.of == "count":
        return f"{sign} {grouped(int(target.value), language)}"
    percent = f"{float(Fraction(target.value) * 100):.10g}"
    percent = percent if language == "en" else percent.replace(".", ",")
    return f"{sign} {percent} % {_OF[target.of][language == 'en'] if target.of in _OF else ''}".rstrip()


def measured(judged: Judged, language: str = "vi") -> str:
    """In the target's unit."""
    if judged.measured is None:
        return UNKNOWN
    if judged.target.of == "count":
        return grouped(math.floor(judged.measured), language)
    return f"{shown_share(judged.measured)} %"


def _lines(plan: Plan, place: str, figures: tuple[Figure, ...], with_words: bool) -> Iterator[tuple[Cell, ...]]:
    for figure in figures:
        known = plan.figures[figure.id]
        share = shown_share(figure.share)
        if figure.margin is not None:
            share = f"{share} ± {shown_share(figure.margin)}"
        first: tuple[Cell, ...] = (
            place,
            known.name.vi,
            shown(figure.count),
            shown(figure.within),
            shown(figure.base) if figure.base is not None else None,
            share,
        )
        words = known.definition.vi if with_words else None
        for one in figure.judged or (None,):
            if one is None:
                yield (*first, None, None, None, None, None, words)
            else:
                document = plan.documents[one.target.document]
                source = f"{document.short}, {one.target.article}"
                verdict = _VERDICTS[one.is_met]
                yield (*first, demanded(one.target), f"{one.target.by:%d/%m/%Y}", measured(one), verdict, source, words)
        for part in figure.parts:
            name = f"{known.name.vi}: {part_name(figure.id, part.key)}"
            yield (place, name, shown(part.until), shown(part.within), *[None] * 8)
