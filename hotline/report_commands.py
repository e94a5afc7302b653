"""`hotline report …`: tables for people, as files. What is counted names no owner; the lists do, and say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from console.reason_words import reason_words
from hotline.app import open_migrated_database, read_content, read_settings
from hotline.errors import Stop
from programme import clicks, difficulty_report, difficulty_table, kpi_table, ledger_table, sla_table
from programme.campaign_problems import CampaignProblem
from programme.campaigns import find as find_campaign
from programme.content import Content
from programme.difficulty_report import MOST_MONTHS, BadMonth, By, DifficultyReport
from programme.kpi import counted, plan_of
from programme.kpi_figures import KpiReport, kpi_report
from programme.lead_problems import LeadProblem
from programme.lead_steps import Scope
from programme.packs import UnknownProvince
from programme.person_lists import CLASSES_HEADER, LEADS_HEADER, class_list, leads_list
from programme.report_periods import period_named
from programme.safe_cells import Cell, csv_bytes, write_xlsx
from programme.sla_report import MOST_DAYS, BadPeriod, SlaReport, sla_report
from programme.survey_report import DEFAULT_K, header, notes, survey_report
from programme.vendor_report import report_rules
from programme.vendor_report_table import header as vendor_report_header
from programme.vendor_report_table import merged
from store import kpi_kept, kpi_queries
from store.clock import Clock
from store.sla_queries import Dimension

Rows = Sequence[Sequence[Cell]]
DAY = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])


@click.group("report")
def report_group() -> None:
    """Báo cáo và danh sách, ra tệp CSV hoặc XLSX."""


def _file_options(command: Any) -> Any:
    """--format and --out, the same for every report."""
    for option in (
        click.option(
            "--out", type=click.Path(dir_okay=False, path_type=Path), help="Tệp ghi ra; CSV không ghi thì in ra."
        ),
        click.option("--format", "kind", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True),
    ):
        command = option(command)
    return command


@report_group.command("survey")
@_file_options
@click.option("--province", help="Chỉ một tỉnh, ví dụ thai-nguyen; không ghi thì mọi tỉnh.")
@click.option(
    "--k",
    type=click.IntRange(DEFAULT_K, 1000),
    default=DEFAULT_K,
    show_default=True,
    help="Không công bố số từ 1 đến k−1, và không để tính ngược ra được.",
)
def report_survey(kind: str, out: Path | None, province: str | None, k: int) -> None:
    """Kết quả khảo sát theo xã/phường, ngành hàng và mức; không nêu tên ai."""
    _refuse_to_print_xlsx(kind, out)
    content, rows = _read(lambda connection, content, _: survey_report(connection, content, province, k))
    if _write(kind, out, "Khảo sát", header(content), rows):
        for note in notes(k):
            click.echo(f"  {note}")


@report_group.command("leads")
@_file_options
@click.option("--vendor", help="Mã một doanh nghiệp, ví dụ VNPT; không ghi thì mọi doanh nghiệp.")
@click.option("--province", help="Gói nội dung của tỉnh, thay cho HOTLINE_PROVINCE.")
def report_leads(kind: str, out: Path | None, vendor: str | None, province: str | None) -> None:
    """Những chủ cửa hàng đã đồng ý cho doanh nghiệp liên hệ. Có tên và số điện thoại: chỉ gửi cho đúng doanh nghiệp."""
    _refuse_to_print_xlsx(kind, out)
    where = province or read_settings().province

    def read(connection: Connection, content: Content, clock: Clock) -> Rows:
        known = {one.id for one in content.packs.province(where).vendors}
        if vendor is not None and vendor not in known:
            raise Stop(f"--vendor: không có doanh nghiệp “{vendor}”. Đang có: {', '.join(sorted(known)) or 'chưa có'}.")
        return leads_list(connection, content, where, vendor, clock.timezone)

    _, rows = _read(read)
    _write(kind, out, "Liên hệ", LEADS_HEADER, rows)


@report_group.command("vendors")
@_file_options
@click.option("--period", required=True, help="Kỳ báo cáo, ghi bằng tháng đầu, ví dụ 2026-11.")
@click.option("--province", help="Gói nội dung của tỉnh, thay cho HOTLINE_PROVINCE.")
def report_vendors(kind: str, out: Path | None, period: str, province: str | None) -> None:
    """Báo cáo kỳ của mọi doanh nghiệp, gộp một bảng: số khách theo xã/phường và điều họ tự báo; không nêu tên ai."""
    _refuse_to_print_xlsx(kind, out)
    where = province or read_settings().province

    def read(connection: Connection, content: Content, clock: Clock) -> Rows:
        content.packs.province(where)
        try:
            asked = period_named(period, report_rules(content, where), clock.timezone)
        except LeadProblem as problem:
            raise Stop(f"--period {period}: {problem.words()}") from None
        return merged(connection, content, Scope(where), asked, clock.now())

    content, rows = _read(read)
    _write(kind, out, "Doanh nghiệp", vendor_report_header(content), rows)


@report_group.command("classes")
@_file_options
@click.option("--province", help="Gói nội dung của tỉnh, thay cho HOTLINE_PROVINCE.")
def report_classes(kind: str, out: Path | None, province: str | None) -> None:
    """Ai có chỗ trong lớp nào, ai đang chờ lớp. Có tên và số điện thoại: chỉ dùng để mời học."""
    _refuse_to_print_xlsx(kind, out)
    where = province or read_settings().province

    def read(connection: Connection, content: Content, clock: Clock) -> Rows:
        content.packs.province(where)
        return class_list(connection, content, where, clock.timezone)

    _, rows = _read(read)
    _write(kind, out, "Lớp học", CLASSES_HEADER, rows)


@report_group.command("sla")
@click.option("--from", "first", type=DAY, help="Ngày đầu, ví dụ 2026-11-01; không ghi thì từ ngày 1 tháng này.")
@click.option("--to", "last", type=DAY, help="Ngày cuối, tính cả ngày ấy; không ghi thì đến hôm nay.")
@click.option(
    "--by",
    type=click.Choice([one.value for one in Dimension]),
    default=Dimension.DAY.value,
    show_default=True,
    help="Chia theo ngày, xã/phường, kênh, doanh nghiệp hay cán bộ.",
)
@click.option("--working-hours", is_flag=True, help="Thêm số liệu tham khảo tính theo giờ làm việc.")
@click.option("--province", help="Gói nội dung của tỉnh, thay cho HOTLINE_PROVINCE.")
@click.option("--csv", type=click.Path(dir_okay=False, path_type=Path), help="Ghi ra tệp CSV này; không ghi thì in ra.")
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), help="Ghi ra tệp XLSX này.")
def report_sla(
    first: datetime | None,
    last: datetime | None,
    by: str,
    working_hours: bool,
    province: str | None,
    csv: Path | None,
    xlsx: Path | None,
) -> None:
    """Tỷ lệ yêu cầu được cán bộ trả lời đúng hạn, theo ngày yêu cầu được mở; không nêu chủ cửa hàng nào."""
    if csv is not None and xlsx is not None:
        raise Stop("Chỉ chọn một trong hai: --csv hoặc --xlsx.")
    where = province or read_settings().province
    made: list[SlaReport] = []

    def read(connection: Connection, content: Content, clock: Clock) -> Rows:
        today = clock.today()
        days = (first.date() if first else today.replace(day=1), last.date() if last else today)
        try:
            made.append(
                sla_report(connection, content, where, days, Dimension(by), clock.now(), clock.timezone, working_hours)
            )
        except BadPeriod:
            raise Stop(f"Khoảng ngày không dùng được: --from không sau --to, nhiều nhất {MOST_DAYS} ngày.") from None
        return sla_table.rows(made[0])

    _, rows = _read(read)
    if _write("csv" if xlsx is None else "xlsx", xlsx or csv, "Thời hạn trả lời", sla_table.header(made[0]), rows):
        for note in sla_table.notes(made[0]):
            click.echo(f"  {note}")


DETAIL = "all"


@report_group.command("difficulties")
@_file_options
@click.option("--month", help="Tháng cuối của báo cáo, ví dụ 2026-11; không ghi thì tháng này.")
@click.option(
    "--months",
    type=click.IntRange(1, MOST_MONTHS),
    default=1,
    show_default=True,
    help="Mấy tháng, tính đến hết tháng của --month.",
)
@click.option(
    "--by",
    type=click.Choice([*(one.value for one in By), DETAIL]),
    default=By.CATEGORY.value,
    show_default=True,
    help="Chia theo nhóm, xã/phường, tháng, ai báo hay doanh nghiệp; all: từng tháng, xã, nhóm và ai báo.",
)
@click.option("--province", help="Gói nội dung của tỉnh, thay cho HOTLINE_PROVINCE.")
def report_difficulties(
    kind: str, out: Path | None, month: str | None, months: int, by: str, province: str | None
) -> None:
    """Chủ cửa hàng, doanh nghiệp và cán bộ báo khó khăn gì, mấy lần; không nêu ai, không có lời kể."""
    _refuse_to_print_xlsx(kind, out)
    where = province or read_settings().province
    made: list[DifficultyReport] = []

    def read(connection: Connection, content: Content, clock: Clock) -> Rows:
        scope = difficulty_report.scope_of(content, where)
        try:
            stretch = difficulty_report.stretch_of(month, months, clock.today())
        except BadMonth:
            this = difficulty_report.Month.of(clock.today())
            raise Stop(f"--month: viết năm-tháng, ví dụ 2026-11, không sau tháng này ({this}).") from None
        if by == DETAIL:
            counted = difficulty_report.counts(connection, scope, stretch, clock.timezone)
            return difficulty_table.detail_rows(content, where, counted)
        made.append(
            difficulty_report.difficulty_report(
                connection,
                content,
                where,
                scope,
                stretch,
                By(by),
                clock.now(),
                clock.timezone,
                difficulty_table.source_name,
            )
        )
        return difficulty_table.rows(made[0])

    _, rows = _read(read)
    header_ = difficulty_table.header(made[0]) if made else difficulty_table.DETAIL_HEADER
    if _write(kind, out, "Khó khăn", header_, rows) and made:
        for note in difficulty_table.notes(made[0]):
            click.echo(f"  {note}")


@report_group.command("kpi")
@_file_options
@click.option("--from", "first", type=DAY, help="Ngày đầu, ví dụ 2025-11-01; không ghi thì từ đầu chương trình.")
@click.option("--to", "last", type=DAY, help="Ngày cuối, tính cả ngày ấy; không ghi thì đến hôm nay.")
@click.option("--commune", help="Mã một xã, phường; không ghi thì toàn tỉnh và từng xã, phường.")
@click.option("--province", help="Gói nội dung của tỉnh, thay cho HOTLINE_PROVINCE.")
def report_kpi(
    kind: str,
    out: Path | None,
    first: datetime | None,
    last: datetime | None,
    commune: str | None,
    province: str | None,
) -> None:
    """Các chỉ số của chương trình bên mức phải đạt, đếm ngay lúc này; không nêu tên ai."""
    _refuse_to_print_xlsx(kind, out)
    where = province or read_settings().province
    made: list[KpiReport] = []

    def read(connection: Connection, content: Content, clock: Clock) -> Rows:
        plan, now = plan_of(content, where), clock.now()
        codes = [one.code for one in content.communes.communes(content.packs.province(where).id)]
        if commune is not None and commune not in codes:
            raise Stop(f"--commune: không có xã, phường mã “{commune}” trong tỉnh.")
        until = last.date() if last else clock.today()
        begins = (
            first.date() if first else min((one.first for one in plan.phases), default=until.replace(month=1, day=1))
        )
        if begins > until:
            raise Stop("Khoảng ngày không dùng được: --from không sau --to.")
        counts = list(kpi_queries.recount(connection, counted(content, where, now, clock.timezone)))
        sums, at = kpi_kept.summed(counts, begins, until), now.astimezone(clock.timezone)
        id_ = content.packs.province(where).id
        made.append(kpi_report(plan, id_, codes, sums, (begins, until), at, commune))
        return kpi_table.rows(content, plan, made[0])

    _, rows = _read(read)
    if _write(kind, out, "Chỉ số", kpi_table.HEADER, rows):
        for note in kpi_table.notes(made[0]):
            click.echo(f"  {note}")


@report_group.command("campaign")
@_file_options
@click.argument("campaign", type=click.IntRange(1, 2**31 - 1))
@click.option("--results", is_flag=True, help="Thay vì từng người: lượt mở liên kết, khảo sát theo lần gửi, nội dung.")
@click.option("--province", help="Gói nội dung của tỉnh, thay cho HOTLINE_PROVINCE.")
def report_campaign(kind: str, out: Path | None, campaign: int, results: bool, province: str | None) -> None:
    """Sổ cái của một đợt nhắc: từng người nhận, kết quả, và lý do, quy tắc, điều luật của mỗi tin bỏ qua."""
    _refuse_to_print_xlsx(kind, out)
    where = province or read_settings().province

    def read(connection: Connection, content: Content, clock: Clock) -> Rows:
        content.packs.province(where)
        try:
            find_campaign(connection, campaign, where)
        except CampaignProblem:
            raise Stop(f"Không có đợt nhắc số {campaign} ở tỉnh này. Số ở cuối địa chỉ trang của đợt nhắc.") from None
        if results:
            return clicks.lines(clicks.brought(connection, campaign), clock.timezone)
        audit = ledger_table.AuditTable(content, where, clock.timezone, reason_words)
        return list(ledger_table.all_rows(connection, campaign, audit))

    _, rows = _read(read)
    title, names = ("Kết quả", clicks.HEADER) if results else ("Sổ cái", ledger_table.HEADER)
    _write(kind, out, title, names, rows)


def _refuse_to_print_xlsx(kind: str, out: Path | None) -> None:
    if kind == "xlsx" and out is None:
        raise Stop("Báo cáo xlsx phải ghi ra tệp: thêm --out, ví dụ --out khao-sat.xlsx")


def _read(work: Callable[[Connection, Content, Clock], Rows]) -> tuple[Content, Rows]:
    settings = read_settings()
    content, clock = read_content(settings), Clock(settings.timezone, settings.now)
    database, _ = open_migrated_database(settings, clock)
    try:
        return content, database.read_now(lambda connection: work(connection, content, clock))
    except UnknownProvince as unknown:
        known = ", ".join(sorted(content.packs.provinces))
        raise Stop(f"--province: không có tỉnh “{unknown.args[0]}”. Các tỉnh đang có: {known}.") from None
    finally:
        database.close()


def _write(kind: str, out: Path | None, title: str, names: Sequence[str], rows: Rows) -> bool:
    """Write the file, or print CSV; whether a file was written."""
    if out is None:
        click.echo(csv_bytes(names, rows), nl=False)
        return False
    try:
        if kind == "xlsx":
            write_xlsx(out, title, names, rows)
        else:
            out.write_bytes(csv_bytes(names, rows))
    except OSError as error:
        raise Stop(f"Không ghi được {out} ({error.strerror}). Hãy kiểm tra thư mục và quyền ghi.") from None
    click.echo(f"Đã ghi {len(rows)} dòng vào {out}.")
    return True
