"""`hotline import shops`, `opt-outs`, `do-not-call`: lists from the command line, by the same way as uploaded ones."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import orjson
from sqlalchemy import Connection

from hotline.app import read_content
from hotline.command_desk import CommandDesk, command_desk
from hotline.errors import Stop
from programme import file_imports
from programme.file_imports import LEASE, RESULT_HEADER, FileImport, Import, LeaseLost
from programme.list_kinds import Basis, ListKind, ListReading
from programme.packs import UnknownProvince
from programme.safe_cells import csv_bytes, write_xlsx
from programme.shop_columns import FIELDS, Columns, given_columns
from programme.shop_file import LONGEST, MOST_BYTES, ShopFile
from programme.table_problems import TableInvalid

Command = Callable[..., None]
_FILE = click.argument("file", type=click.Path(path_type=Path))
_DAY = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])
_MORE = (
    click.option("--mapping", type=click.Path(path_type=Path), help="Tệp JSON: cột nào (tính từ 0) là gì."),
    click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Ghi kết quả ra .csv hoặc .xlsx."),
    click.option("--province", help="Tỉnh của tệp, thay cho HOTLINE_PROVINCE."),
)
AGAIN = "Bị ngắt giữa chừng thì chạy lại đúng lệnh ấy để nhập tiếp."


def _with_options(command: Command) -> Command:
    for option in reversed((_FILE, *_MORE)):
        command = option(command)
    return command


@click.command("shops", help=f"Nhập danh sách cửa hàng từ tệp .xlsx hoặc CSV. {AGAIN}")
@_with_options
@click.option("--consent-source", help="Giấy tờ, danh sách cho thấy mọi người trong tệp đã đồng ý nhận tin.")
@click.option("--consent-day", type=_DAY, help="Ngày họ đồng ý.")
@click.pass_context
def import_shops(
    context: click.Context, /, consent_source: str | None, consent_day: datetime | None, **said: Any
) -> None:
    if (consent_source is None) != (consent_day is None):
        raise Stop("--consent-source và --consent-day phải đi cùng nhau.")
    _import(context, ListKind.SHOPS, _basis(consent_source, consent_day) if consent_day else None, **said)


@click.command("opt-outs", help=f"Nhập danh sách số đã từ chối nhận tin; không nhắn xác nhận cho họ. {AGAIN}")
@_with_options
@click.option("--source", required=True, help="Danh sách này của ai, theo văn bản nào.")
@click.option("--day", type=_DAY, required=True, help="Ngày họ từ chối, hoặc ngày của danh sách.")
@click.pass_context
def import_opt_outs(context: click.Context, /, source: str, day: datetime, **said: Any) -> None:
    _import(context, ListKind.OPT_OUTS, _basis(source, day), **said)


@click.command("do-not-call", help=f"Nhập danh sách không quảng cáo (khongquangcao.ais.gov.vn). {AGAIN}")
@_with_options
@click.option("--source", required=True, help="Danh sách này lấy từ đâu.")
@click.option("--day", type=_DAY, required=True, help="Ngày của danh sách.")
@click.pass_context
def import_do_not_call(context: click.Context, /, source: str, day: datetime, **said: Any) -> None:
    _import(context, ListKind.DO_NOT_CALL, _basis(source, day), **said)


def _basis(source: str | None, day: datetime) -> Basis:
    """Raises Stop."""
    words = (source or "").strip()
    if not words or len(words) > LONGEST["consent_source"]:
        raise Stop(f"Nguồn của danh sách phải có từ 1 đến {LONGEST['consent_source']} ký tự.")
    return Basis(words, day.date())


def _import(
    context: click.Context,
    kind: ListKind,
    basis: Basis | None,
    file: Path,
    mapping: Path | None,
    report: Path | None,
    province: str | None,
) -> None:
    data = _bytes_of(file, MOST_BYTES + 1)
    try:
        listed = ShopFile(data, _columns(mapping), numbers_only=kind is not ListKind.SHOPS)
    except TableInvalid as invalid:
        raise Stop(f"{file}: {invalid.code}: {invalid}.") from None
    with command_desk(f"import {kind.replace('_', '-')}") as desk:
        if basis is not None and basis.day > desk.here(desk.clock.now()).date():
            raise Stop(f"Ngày {basis.day:%d/%m/%Y} chưa tới.")
        reading = _reading(desk, kind, province, basis)
        _say_columns(listed, kind)
        said: dict[str, Any] = {"mapping": listed.columns.as_json(), "basis": basis.as_json(kind) if basis else None}
        said["mapping"]["digest"] = _digest(data, reading, said)
        import_id = _begin(desk, reading, file.name, said, listed.count)
        try:
            _run(desk, import_id, reading, listed)
        except TableInvalid as invalid:
            raise Stop(f"{file}: {invalid.code}: {invalid}. Các dòng trước đó đã được nhập.") from None
        except LeaseLost:
            raise Stop("Một nơi khác vừa nhập tiếp tệp này; lệnh này dừng, không mất gì.") from None
        finally:
            listed.close()
        done = _told(desk, import_id)
        if report is not None:
            _write(report, desk.database.read_now(lambda c: list(file_imports.result_rows(c, import_id))))
    context.exit(1 if done.refused else 0)


def _reading(desk: CommandDesk, kind: ListKind, province: str | None, basis: Basis | None) -> ListReading:
    content = read_content(desk.settings)
    try:
        pack = content.packs.province(province or desk.settings.province).id
    except UnknownProvince:
        known = ", ".join(sorted(content.packs.provinces))
        raise Stop(f"--province: không có tỉnh “{province}”. Các tỉnh đang có: {known}.") from None
    return ListReading(content, desk.keyring, desk.clock.timezone, kind, pack, basis)


def _begin(desk: CommandDesk, reading: ListReading, name: str, said: dict[str, Any], count: int) -> int:
    """A new import, or the same one that was broken off."""
    digest = said["mapping"]["digest"]
    found = desk.database.read_now(lambda c: file_imports.unfinished(c, digest))
    if found is not None:
        click.echo("Nhập tiếp tệp này từ chỗ đã dừng.", err=True)
        return found

    def work(connection: Connection) -> int:
        now = desk.clock.now()
        id_ = file_imports.begin(
            connection, reading.kind, reading.province, name, said, desk.actor.name, now, rows=count
        )
        detail = {"kind": str(reading.kind), "rows": count}
        desk.record(connection, "registry.import_started", f"import {id_}", detail)
        return id_

    return desk.database.run_now(work)


def _run(desk: CommandDesk, import_id: int, reading: ListReading, file: ShopFile) -> None:
    one, now = FileImport(import_id, secrets.token_hex(8)), desk.clock.now
    if not desk.database.run_now(lambda c: file_imports.lease(c, import_id, one.holder, now())):
        raise Stop(f"Tệp này đang được nhập; nếu lần trước bị ngắt, chạy lại sau {LEASE.seconds} giây.")
    read = desk.database.read_now(lambda c: file_imports.find(c, import_id)).read_rows
    taker = reading.taker(import_id, now())
    checked = map(reading.checker(file.columns, desk.here(now()).date()).check, file.rows(read))
    try:
        for some in file_imports.slices(checked):
            desk.database.run_now(partial(one.take, taker=taker, begins=read, rows=some, now=now()))
            read += len(some)
    except TableInvalid as invalid:
        _end(desk, one, "failed", invalid.code)
        raise
    _end(desk, one, "done")


def _end(desk: CommandDesk, one: FileImport, status: str, error: str | None = None) -> None:
    def work(connection: Connection) -> None:
        one.end(connection, status, desk.clock.now(), error)
        found = file_imports.find(connection, one.import_id)
        desk.record(connection, f"registry.import_{status}", f"import {found.id}", found.counts())

    desk.database.run_now(work)


def _told(desk: CommandDesk, import_id: int) -> Import:
    done = desk.database.read_now(lambda c: file_imports.find(c, import_id))
    for line in desk.database.read_now(lambda c: list(file_imports.result_rows(c, import_id, "refused"))):
        click.echo(f"Dòng {line[0]}: KHÔNG NHẬP: {line[3]} ({line[2]}).")
    click.echo(f"{done.read_rows} dòng: {done.created} đã thêm, {done.merged} đã có, {done.refused} bị từ chối.")
    return done


def _say_columns(file: ShopFile, kind: ListKind) -> None:
    for name, index in file.columns.columns.items():
        if kind is ListKind.SHOPS or name == "phone":
            header = file.header[index] if index < len(file.header) else ""
            click.echo(f"Cột {index + 1} {header!r}: {FIELDS[name]}", err=True)
    for name, count in Counter(file.columns.doubled).items():
        click.echo(f"Có {count + 1} cột {FIELDS[name]}; lấy cột đầu tiên.", err=True)


def _digest(data: bytes, reading: ListReading, said: dict[str, Any]) -> str:
    of = [sha256(data).hexdigest(), reading.kind, reading.province, said]
    return sha256(orjson.dumps(of, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _columns(mapping: Path | None) -> Columns | None:
    if mapping is None:
        return None
    try:
        return given_columns(orjson.loads(_bytes_of(mapping, 1 << 20)))
    except orjson.JSONDecodeError:
        raise TableInvalid("mapping", f"{mapping} không phải JSON") from None


def _bytes_of(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(most)
    except OSError as error:
        raise Stop(f"Không đọc được {file} ({error.strerror}). Hãy kiểm tra lại đường dẫn.") from None


def _write(path: Path, rows: list[tuple[str | int, ...]]) -> None:
    try:
        if path.suffix.lower() == ".xlsx":
            write_xlsx(path, "Kết quả", RESULT_HEADER, rows)
        else:
            path.write_bytes(csv_bytes(RESULT_HEADER, rows))
    except OSError as error:
        raise Stop(f"Đã nhập xong, nhưng không ghi được {path} ({error.strerror}).") from None
