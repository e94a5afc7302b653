"""`hotline audit`: whether the audit log is whole."""

from __future__ import annotations

import re
from typing import Any

import click

from hotline.app import open_migrated_database, read_settings
from hotline.errors import Stop
from store import audit
from store.audit import ANCHOR_DIGITS, Anchor, Finding, Verdict
from store.clock import Clock

_WORDS = {
    Finding.CHANGED: "Dòng {number} không đúng như lúc ghi: đã bị sửa, bị đổi chỗ hoặc bị chèn vào.",
    Finding.MISSING: "Thiếu dòng {number}: nó đã bị xóa.",
    Finding.CUT_OFF: "Nhật ký bị cắt: thiếu từ dòng {number} trở đi, đến mốc {anchor} đã ghi trước đây.",
    Finding.OTHER_CHAIN: "Dòng {number} không phải là dòng đã ghi ở mốc {anchor}: nhật ký đã được viết lại.",
}


class AnchorText(click.ParamType[Anchor]):
    """ "1234:0f9a…": what an earlier `verify` printed."""

    name = "SỐ:MÃ"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Anchor:
        if isinstance(value, Anchor):
            return value
        found = re.fullmatch(rf"([1-9][0-9]{{0,17}}):([0-9a-f]{{{ANCHOR_DIGITS},64}})", str(value).strip().lower())
        if found is None:
            self.fail(f"{value!r} không phải là mốc, ví dụ 1234:{'0f' * (ANCHOR_DIGITS // 2)}", param, ctx)
        return Anchor(int(found[1]), found[2])


@click.group("audit")
def audit_group() -> None:
    """Nhật ký: ai đã xem, sửa, tải gì."""


@audit_group.command("verify")
@click.option("--anchor", type=AnchorText(), help="Mốc của một lần kiểm tra trước: phải còn nằm trong nhật ký.")
def verify(anchor: Anchor | None) -> None:
    """Kiểm tra không dòng nào bị sửa, xóa hay chèn; có sai thì mã thoát là 1."""
    settings = read_settings()
    database, keyring = open_migrated_database(settings, Clock(settings.timezone, settings.now))
    try:
        verdict = database.read_now(lambda c: audit.verify(c, keyring, anchor))
    finally:
        database.close()
    if verdict.finding is not None:
        raise Stop(_finding(verdict, anchor))
    click.echo(f"Nhật ký nguyên vẹn: {verdict.rows} dòng.")
    if verdict.anchor is not None:
        click.echo(
            f"Mốc: {verdict.anchor}\n  Ghi mốc này ở nơi khác; lần sau: hotline audit verify --anchor {verdict.anchor}"
        )


def _finding(verdict: Verdict, anchor: Anchor | None) -> str:
    assert verdict.finding is not None  # noqa: S101 - the caller has looked
    words = _WORDS[verdict.finding].format(number=verdict.number, anchor=anchor)
    return f"{words} Các dòng trước đó ({verdict.rows}) nguyên vẹn."
