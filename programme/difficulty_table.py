"""The report on difficulties as a table for files: Vietnamese names of columns and what they mean."""

from __future__ import annotations

from collections.abc import Sequence

from programme.content import Content
from programme.difficulty_report import By, Count, DifficultyReport
from programme.safe_cells import Cell
from programme.sla_report import shown_share

SOURCES = {"owner": "Chủ cửa hàng", "vendor": "Doanh nghiệp", "officer": "Cán bộ ghi"}
NAMES = {
    By.CATEGORY: "Nhóm khó khăn",
    By.COMMUNE: "Xã/phường",
    By.MONTH: "Tháng",
    By.SOURCE: "Ai báo",
    By.VENDOR: "Doanh nghiệp",
}
UNKNOWN = {By.COMMUNE: "Chưa rõ xã/phường", By.VENDOR: "Không về doanh nghiệp nào"}
WHOLE = "Tất cả"
DETAIL_HEADER = ("Tháng", "Xã/phường", "Nhóm khó khăn", "Ai báo", "Doanh nghiệp", "Số lần báo")


def source_name(source: str) -> str:
    """How people read a source in a file."""
    return SOURCES.get(source, source)


def header(report: DifficultyReport) -> tuple[str, ...]:
    """The names of the columns."""
    before = () if report.by is By.MONTH else ("Kỳ trước", "Tăng, giảm")
    return (NAMES[report.by], "Số lần báo", "Tỷ lệ (%)", *before, *(name for _, name in report.columns))


def rows(report: DifficultyReport) -> list[tuple[Cell, ...]]:
    """The total first, then the lines. Counts are int; the share is text, empty where nothing was told."""
    return [
        (
            name or UNKNOWN.get(report.by, ""),
            line.told,
            shown_share(report.share(line)),
            *(() if report.by is By.MONTH else (line.before, line.change)),
            *(line.of[key] for key, _ in report.columns),
        )
        for name, line in ((WHOLE, report.total), *((line.name, line) for line in report.lines))
    ]


def detail_rows(content: Content, province: str, counts: Sequence[Count]) -> list[tuple[Cell, ...]]:
    """Every count by itself, in the order of months, communes and categories."""
    vendors = {vendor.id: vendor.short for vendor in content.packs.province(province).vendors}
    named = [
        (
            str(count.month),
            _commune(content, count.commune),
            content.difficulties.title(count.category),
            source_name(count.source),
            vendors.get(count.vendor or "", count.vendor or ""),
            count.told,
        )
        for count in counts
    ]
    return sorted(named)


def notes(report: DifficultyReport) -> tuple[str, ...]:
    """What the columns mean, in Vietnamese sentences."""
    first, last = report.stretch.first.shown, report.stretch.last.shown
    running = f" Tháng {last} chưa hết." if report.is_running else ""
    return (
        f"Khó khăn được báo từ tháng {first} đến hết tháng {last}.{running}",
        "Mỗi lần báo đếm một lần: trong một cuộc trò chuyện, nhắc lại cùng một nhóm trong 7 ngày vẫn là một lần, ai ghi"
        " cũng vậy.",
        "Kỳ trước: cùng số tháng liền trước.",
    )


def _commune(content: Content, code: str | None) -> str:
    commune = content.communes.by_code(code) if code else None
    return commune.full_name if commune else code or UNKNOWN[By.COMMUNE]
