"""`hotline dead-letters`: what went wrong and waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
import orjson
from sqlalchemy import Connection

from bot import dead_letters
from bot.dead_letters import DeadLetter, NotDead
from hotline.app import open_migrated_database, read_settings
from hotline.errors import Stop
from store.clock import Clock
from store.database import Database

SHOWN_CHARACTERS = 120


@click.group("dead-letters")
def dead_letters_group() -> None:
    """Tin và sự kiện có trục trặc, chờ người xem: không gửi được, chưa rõ đã gửi hay chưa, không đọc được, dồn dập."""


@dead_letters_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="In JSON, mỗi dòng một mục.")
def list_letters(as_json: bool) -> None:
    """Liệt kê, cũ trước."""
    with _opened() as (database, clock):
        letters = database.read_now(dead_letters.waiting)
    if not letters and not as_json:
        click.echo("Không có mục nào chờ xem.")
    for letter in letters:
        click.echo(orjson.dumps(vars(letter)).decode() if as_json else _line(letter, clock))


@dead_letters_group.command("settle")
@click.argument("refs", nargs=-1, required=True)
def settle(refs: tuple[str, ...]) -> None:
    """Đã xem xong các mục này (ví dụ outbound-12); chúng rời danh sách."""

    with _opened() as (database, clock):

        def work(connection: Connection) -> None:
            for ref in refs:
                dead_letters.settle(connection, ref, clock.now())

        try:
            database.run_now(work)
        except NotDead as unknown:
            raise Stop(f"Không có mục {unknown} trong danh sách; xem: hotline dead-letters list") from None


@dead_letters_group.command("resend")
@click.argument("ref")
def resend(ref: str) -> None:
    """Gửi lại một tin của hotline. Tin “uncertain” có thể đã tới rồi: gửi lại thì người nhận có thể thấy hai lần."""
    with _opened() as (database, clock):

        def work(connection: Connection) -> str:
            return dead_letters.resend(connection, ref, clock.now())

        try:
            database.run_now(work)
        except NotDead:
            raise Stop(f"Không có tin {ref} nào chờ gửi lại; xem: hotline dead-letters list") from None
    click.echo("Đã đưa vào hàng gửi.")


def _line(letter: DeadLetter, clock: Clock) -> str:
    words = letter.words if len(letter.words) <= SHOWN_CHARACTERS else letter.words[:SHOWN_CHARACTERS] + "…"
    at = letter.at.astimezone(clock.timezone)
    return f"{letter.ref}  {at:%H:%M %d/%m/%Y}  [{letter.channel}]  {letter.code}\n    {words or '(không có chữ)'}"


@contextmanager
def _opened() -> Iterator[tuple[Database, Clock]]:
    settings = read_settings()
    clock = Clock(settings.timezone, settings.now)
    database, _ = open_migrated_database(settings, clock)
    try:
        yield database, clock
    finally:
        database.close()
