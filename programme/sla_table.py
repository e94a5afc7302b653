"""The report on the promised time as a table for files: Vietnamese names of columns and what they mean."""

from __future__ import annotations

from programme.safe_cells import Cell
from programme.sla_report import Figures, SlaReport, Spread, shown_share
from store.sla_queries import Dimension

WHOLE = "Toàn tỉnh"
NAMES = {
    Dimension.DAY: "Ngày",
    Dimension.COMMUNE: "Xã/phường",
    Dimension.CHANNEL: "Kênh",
    Dimension.VENDOR: "Doanh nghiệp",
    Dimension.OFFICER: "Cán bộ",
}
UNKNOWN = {
    Dimension.DAY: "",
    Dimension.COMMUNE: "Chưa rõ xã/phường",
    Dimension.CHANNEL: "Chưa rõ",
    Dimension.VENDOR: "Chưa rõ doanh nghiệp",
    Dimension.OFFICER: "Chưa có cán bộ trả lời",
}
_VERDICTS = {True: "Đạt", False: "Không đạt", None: ""}


def header(report: SlaReport) -> tuple[str, ...]:
    """The names of the columns."""
    working = ("Giờ làm việc: một nửa trong (phút)", "Giờ làm việc: 90 % trong (phút)")
    return (
        NAMES[report.by],
        "Yêu cầu",
        "Trả lời đúng hạn",
        "Trả lời muộn",
        "Quá hạn chưa trả lời",
        "Còn trong hạn",
        "Chủ cửa hàng rút lại",
        "Tỷ lệ đúng hạn (%)",
        f"So với mức trên {_percent(report)} %",
        "Câu trả lời đầu: một nửa trong (phút)",
        "Câu trả lời đầu: 90 % trong (phút)",
        *(working if report.total.working is not None else ()),
        "Việc đã xong",
        "Xong việc: một nửa trong (phút)",
        "Xong việc: 90 % trong (phút)",
        "Đã hỏi hài lòng",
        "Hài lòng",
        "Bình thường",
        "Chưa hài lòng",
        "Câu hỏi trợ lý ảo tự trả lời",
    )


def rows(report: SlaReport) -> list[tuple[Cell, ...]]:
    """The total first, then the lines. Numbers are int; the share is text, and empty where nothing counts yet."""
    named = [(line.name or UNKNOWN[report.by], line.figures) for line in report.lines]
    return [(name, *_cells(report, figures)) for name, figures in ((WHOLE, report.total), *named)]


def notes(report: SlaReport) -> tuple[str, ...]:
    """What the columns mean, in Vietnamese sentences."""
    return (
        f"Yêu cầu mở từ {report.first:%d/%m/%Y} đến hết {report.last:%d/%m/%Y}; hạn {report.sla.hours} giờ, tính cả đêm"
        " và ngày nghỉ.",
        "Tỷ lệ = trả lời đúng hạn / (đúng hạn + muộn + quá hạn chưa trả lời). Yêu cầu còn trong hạn và yêu cầu chủ cửa"
        " hàng rút lại trước hạn không tính; rút lại sau hạn tính là chưa trả lời.",
        f"Đạt khi tỷ lệ lớn hơn hẳn {_percent(report)} %. Tỷ lệ cắt ở hai chữ số, không làm tròn lên.",
        "Chỉ câu trả lời của người mới được tính; câu trợ lý ảo tự trả lời từ kho câu đã duyệt đếm riêng ở cột cuối.",
        "Số phút, số việc xong, mức hài lòng và giờ làm việc để tham khảo, không thay tỷ lệ.",
    )


def _percent(report: SlaReport) -> str:
    return f"{report.sla.target * 100:.10g}".replace(".", ",")


def _cells(report: SlaReport, figures: Figures) -> tuple[Cell, ...]:
    said = figures.satisfaction
    return (
        figures.requests,
        figures.in_time,
        figures.late,
        figures.not_answered,
        figures.running,
        figures.withdrawn,
        shown_share(figures.share),
        _VERDICTS[figures.meets(report.sla)],
        *_minutes(figures.first_answer),
        *(() if figures.working is None else _minutes(figures.working)),
        figures.resolution.count,
        *_minutes(figures.resolution),
        said.asked,
        said.satisfied,
        said.neutral,
        said.unsatisfied,
        figures.bot_answers,
    )


def _minutes(spread: Spread) -> tuple[Cell, Cell]:
    return spread.median, spread.p90
