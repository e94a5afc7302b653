"""`hotline import …`: officers' files. What is wrong is said row by row; what is right is kept."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from hotline.app import open_migrated_database, read_content, read_settings
from hotline.errors import Stop
from hotline.list_import_commands import import_do_not_call, import_opt_outs, import_shops
from programme.class_file import MOST_BYTES, ClassFile, ClassFileInvalid, Refused
from programme.classes import Entered, enter
from programme.content import Content
from programme.packs import UnknownProvince
from programme.paper_sheet import SheetInvalid, read_sheet
from programme.safe_cells import csv_bytes
from programme.survey_paper import Outcome, PaperForms, Result
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.settings import Settings

_ENTERED: dict[Entered, str] = {"new": "đã thêm", "changed": "đã sửa", "known": "đã có, không đổi"}
_RESULTS: dict[Result, str] = {"imported": "đã nhập", "known": "đã nhập trước đó", "refused": "KHÔNG NHẬP"}
_PROVINCE = click.option("--province", help="Tỉnh của tệp, thay cho HOTLINE_PROVINCE.")


@click.group("import")
def import_group() -> None:
    """Nhập tệp của cán bộ. Có dòng bị từ chối thì kết thúc với mã 1; dòng đúng vẫn được giữ."""


for _command in (import_shops, import_opt_outs, import_do_not_call):
    import_group.add_command(_command)


@import_group.command("classes")
@click.argument("file", type=click.Path(path_type=Path))
@_PROVINCE
@click.pass_context
def import_classes(context: click.Context, file: Path, province: str | None) -> None:
    """Nhập lịch lớp học từ tệp CSV (ngay, gio, noi_hoc, chu_de, ten_lop, xa_phuong, so_cho)."""
    data = _bytes_of(file)
    settings = read_settings()
    content = read_content(settings)
    clock = Clock(settings.timezone, settings.now)
    reader = ClassFile(content.communes, _pack(content, province or settings.province), clock.timezone, clock.now())
    try:
        rows = reader.read(data)
    except ClassFileInvalid as invalid:
        raise Stop(f"{file}: {invalid}.") from None
    refused = [row for row in rows if isinstance(row, Refused)]
    classes = [row for row in rows if not isinstance(row, Refused)]
    with _database(settings, clock) as (database, _):
        entered = database.run_now(lambda connection: [enter(connection, row.training_class) for row in classes])
    lines = {row.line: _ENTERED[how] for row, how in zip(classes, entered, strict=True)}
    lines |= {row.line: f"KHÔNG NHẬP: {row.words}." for row in refused}
    for line, words in sorted(lines.items()):
        click.echo(f"Dòng {line}: {words}")
    counts = Counter(entered)
    said = ", ".join(f"{counts[how]} {_ENTERED[how]}" for how in _ENTERED)
    click.echo(f"{len(rows)} lớp: {said}, {len(refused)} bị từ chối.")
    context.exit(1 if refused else 0)


@import_group.command("surveys")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Ghi kết quả từng dòng ra tệp CSV.")
@_PROVINCE
@click.pass_context
def import_surveys(context: click.Context, file: Path, report: Path | None, province: str | None) -> None:
    """Nhập phiếu giấy từ tệp .xlsx; mẫu: hotline survey template --out mau.xlsx."""
    data = _bytes_of(file)
    settings = read_settings()
    content = read_content(settings)
    clock = Clock(settings.timezone, settings.now)
    pack = _pack(content, province or settings.province)
    try:
        sheet = read_sheet(data)
        with _database(settings, clock) as (database, keyring):
            forms = PaperForms(content, keyring, pack, clock.timezone, clock.now())
            outcomes = []
            for outcome in forms.import_sheet(database, sheet):
                outcomes.append(outcome)
                _say(outcome)
    except SheetInvalid as invalid:
        raise Stop(f"{file}: {invalid}.") from None
    counts = Counter(outcome.result for outcome in outcomes)
    said = ", ".join(f"{counts[result]} {words.lower()}" for result, words in _RESULTS.items())
    click.echo(f"{len(outcomes)} phiếu: {said}.")
    if report is not None:
        _write_report(report, outcomes)
    context.exit(1 if counts["refused"] else 0)


def _say(outcome: Outcome) -> None:
    click.echo(f"Dòng {outcome.line}: {_RESULTS[outcome.result]}")
    for remark in outcome.remarks:
        note = "" if outcome.result == "refused" else " (lưu ý)"
        click.echo(f"  Dòng {outcome.line}, {remark.column}{note}: {remark.words}")


def _write_report(path: Path, outcomes: list[Outcome]) -> None:
    rows: list[tuple[str | int, ...]] = []
    for one in outcomes:
        if not one.remarks:
            rows.append((one.line, one.result, _RESULTS[one.result], "", "", ""))
        rows += [(one.line, one.result, _RESULTS[one.result], r.column, r.code, r.words) for r in one.remarks]
    header = ("Dòng", "result", "Kết quả", "Cột", "code", "Lý do")
    try:
        path.write_bytes(csv_bytes(header, rows))
    except OSError as error:
        raise Stop(f"Đã nhập xong, nhưng không ghi được {path} ({error.strerror}).") from None


def _bytes_of(file: Path) -> bytes:
    """One byte more than is allowed is enough to know that it is too large."""
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise Stop(f"Không đọc được {file} ({error.strerror}). Hãy kiểm tra lại đường dẫn.") from None


def _pack(content: Content, province: str) -> str:
    try:
        return content.packs.province(province).id
    except UnknownProvince:
        known = ", ".join(sorted(content.packs.provinces))
        raise Stop(f"--province: không có tỉnh “{province}”. Các tỉnh đang có: {known}.") from None


@contextlib.contextmanager
def _database(settings: Settings, clock: Clock) -> Iterator[tuple[Database, Keyring]]:
    database, keyring = open_migrated_database(settings, clock)
    try:
        yield database, keyring
    finally:
        database.close()
