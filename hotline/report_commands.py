"""`hotline report …`: tables for people, as files."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.app import open_migrated_database, read_content, read_settings
from hotline.errors import Stop
from programme.packs import UnknownProvince
from programme.safe_cells import csv_bytes, write_xlsx
from programme.survey_report import DEFAULT_K, header, notes, survey_report
from store.clock import Clock


@click.group("report")
def report_group() -> None:
    """Báo cáo tổng hợp, không có thông tin cá nhân."""


@report_group.command("survey")
@click.option("--format", "kind", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Tệp ghi ra; CSV không ghi thì in ra.")
@click.option("--province", help="Chỉ một tỉnh, ví dụ thai-nguyen; không ghi thì mọi tỉnh.")
@click.option(
    "--k",
    type=click.IntRange(2, 1000),
    default=DEFAULT_K,
    show_default=True,
    help="Không công bố số từ 1 đến k−1, và không để tính ngược ra được.",
)
def report_survey(kind: str, out: Path | None, province: str | None, k: int) -> None:
    """Kết quả khảo sát theo xã/phường, ngành hàng và mức."""
    if kind == "xlsx" and out is None:
        raise Stop("Báo cáo xlsx phải ghi ra tệp: thêm --out, ví dụ --out khao-sat.xlsx")
    settings = read_settings()
    content = read_content(settings)
    database, _ = open_migrated_database(settings, Clock(settings.timezone, settings.now))
    try:
        rows = database.read_now(lambda connection: survey_report(connection, content, province, k))
    except UnknownProvince:
        known = ", ".join(sorted(content.packs.provinces))
        raise Stop(f"--province: không có tỉnh “{province}”. Các tỉnh đang có: {known}.") from None
    finally:
        database.close()
    if out is None:
        click.echo(csv_bytes(header(content), rows), nl=False)
        return
    try:
        if kind == "xlsx":
            write_xlsx(out, "Khảo sát", header(content), rows)
        else:
            out.write_bytes(csv_bytes(header(content), rows))
    except OSError as error:
        raise Stop(f"Không ghi được {out} ({error.strerror}). Hãy kiểm tra thư mục và quyền ghi.") from None
    click.echo(f"Đã ghi {len(rows)} dòng vào {out}.")
    for note in notes(k):
        click.echo(f"  {note}")
