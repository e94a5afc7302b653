"""`hotline import shops`: a list of shops from the command line, by the same way as one that is uploaded."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import orjson

from hotline.app import read_content
from hotline.command_desk import CommandDesk, command_desk
from hotline.errors import Stop
from programme import shop_import
from programme.packs import UnknownProvince
from programme.safe_cells import csv_bytes, write_xlsx
from programme.shop_columns import FIELDS, Columns, given_columns
from programme.shop_file import MOST_BYTES, CheckedRow, RefusedRow, ShopFile, ShopRows
from programme.shop_import import LEASE, RESULT_HEADER, LeaseLost, ShopImport
from programme.table_problems import TableInvalid

NAME = "import shops"


@click.command("shops")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", type=click.Path(path_type=Path), help="Tệp JSON: cột nào (tính từ 0) là gì.")
@click.option("--consent-source", help="Giấy tờ, danh sách cho thấy mọi người trong tệp đã đồng ý nhận tin.")
@click.option("--consent-day", type=click.DateTime(["%Y-%m-%d", "%d/%m/%Y"]), help="Ngày họ đồng ý.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Ghi kết quả ra tệp .csv hoặc .xlsx.")
@click.option("--province", help="Tỉnh của tệp, thay cho HOTLINE_PROVINCE.")
@click.pass_context
def import_shops(
    context: click.Context,
    file: Path,
    mapping: Path | None,
    consent_source: str | None,
    consent_day: datetime | None,
    report: Path | None,
    province: str | None,
) -> None:
    """Nhập danh sách cửa hàng từ tệp .xlsx hoặc CSV. Bị ngắt giữa chừng thì chạy lại đúng lệnh ấy để nhập tiếp."""
    if (consent_source is None) != (consent_day is None):
        raise Stop("--consent-source và --consent-day phải đi cùng nhau.")
    data = _bytes_of(file, MOST_BYTES + 1)
    try:
        shop_file = ShopFile(data, _columns(mapping))
    except TableInvalid as invalid:
        raise Stop(f"{file}: {invalid.code}: {invalid}.") from None
    day = consent_day.date() if consent_day else None
    with command_desk(NAME) as desk:
        content = read_content(desk.settings)
        try:
            pack = content.packs.province(province or desk.settings.province).id
        except UnknownProvince:
            known = ", ".join(sorted(content.packs.provinces))
            raise Stop(f"--province: không có tỉnh “{province}”. Các tỉnh đang có: {known}.") from None
        today = desk.here(desk.clock.now()).date()
        columns = shop_file.columns
        rows = ShopRows(content, pack, desk.clock.timezone, today, columns, consent_source, day)
        _say_columns(shop_file)
        basis = {"basis": "consent", "source": consent_source, "day": day.isoformat()} if day else None
        said: dict[str, Any] = {"mapping": columns.as_json(), "basis": basis}
        said["mapping"]["digest"] = _digest(data, pack, said)
        import_id = _begin(desk, pack, file.name, said, shop_file.count)
        try:
            _run(desk, import_id, pack, shop_file, rows)
        except TableInvalid as invalid:
            raise Stop(f"{file}: {invalid.code}: {invalid}. Các dòng trước đó đã được nhập.") from None
        except LeaseLost:
            raise Stop("Một nơi khác vừa nhập tiếp tệp này; lệnh này dừng, không mất gì.") from None
        finally:
            shop_file.close()
        done = desk.database.read_now(lambda c: shop_import.find(c, import_id))
        for line in desk.database.read_now(lambda c: list(shop_import.result_rows(c, import_id, "refused"))):
            click.echo(f"Dòng {line[0]}: KHÔNG NHẬP: {line[3]} ({line[2]}).")
        click.echo(f"{done.read_rows} dòng: {done.created} đã thêm, {done.merged} đã có, {done.refused} bị từ chối.")
        if report is not None:
            _write(report, desk.database.read_now(lambda c: list(shop_import.result_rows(c, import_id))))
    context.exit(1 if done.refused else 0)


def _begin(desk: CommandDesk, pack: str, name: str, said: dict[str, Any], count: int) -> int:
    """A new import, or the same one that was broken off."""
    digest = said["mapping"]["digest"]
    found = desk.database.read_now(lambda c: shop_import.unfinished(c, digest))
    if found is not None:
        click.echo("Nhập tiếp tệp này từ chỗ đã dừng.", err=True)
        return found
    actor = desk.actor.name

    def work(connection: Any) -> int:
        id_ = shop_import.begin(connection, pack, name, said, count, actor, desk.clock.now())
        desk.record(connection, "registry.import_started", f"import {id_}", {"rows": count})
        return id_

    return desk.database.run_now(work)


def _run(desk: CommandDesk, import_id: int, pack: str, file: ShopFile, rows: ShopRows) -> None:
    one = ShopImport(desk.keyring, import_id, pack, secrets.token_hex(8))
    if not desk.database.run_now(lambda c: shop_import.lease(c, import_id, one.holder, desk.clock.now())):
        raise Stop(f"Tệp này đang được nhập; nếu lần trước bị ngắt, chạy lại sau {LEASE.seconds} giây.")
    read = desk.database.read_now(lambda c: shop_import.find(c, import_id)).read_rows
    checked: Iterator[CheckedRow | RefusedRow] = map(rows.check, file.rows(read))
    try:
        for some in shop_import.slices(checked):
            desk.database.run_now(partial(one.take, begins=read, rows=some, now=desk.clock.now()))
            read += len(some)
    except TableInvalid as invalid:
        code = invalid.code
        desk.database.run_now(lambda c: one.end(c, "failed", desk.clock.now(), code))
        raise

    def end(connection: Any) -> None:
        one.end(connection, "done", desk.clock.now())
        desk.record(connection, "registry.import_done", f"import {import_id}", {"rows": read})

    desk.database.run_now(end)


def _say_columns(file: ShopFile) -> None:
    for name, index in file.columns.columns.items():
        header = file.header[index] if index < len(file.header) else ""
        click.echo(f"Cột {index + 1} {header!r}: {FIELDS[name]}", err=True)
    for name, count in Counter(file.columns.doubled).items():
        click.echo(f"Có {count + 1} cột {FIELDS[name]}; lấy cột đầu tiên.", err=True)


def _digest(data: bytes, pack: str, said: dict[str, Any]) -> str:
    return sha256(orjson.dumps([sha256(data).hexdigest(), pack, said], option=orjson.OPT_SORT_KEYS)).hexdigest()


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
