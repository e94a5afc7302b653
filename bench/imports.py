"""Measures a list of shops that is read in on PostgreSQL, and what everybody else feels of it.

    python -m bench.imports [--quick]

The list is a CSV as offices send them: numbers in several spellings, communes by name, a tenth of the shops twice.
Meanwhile messages of owners are kept every 50 ms, and the event loop is asked every 5 ms whether it still comes round.
"""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import random
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from bench.catalogue import Sheet
from bench.figures import Times
from bench.part import run_alone
from bench.postgres import new_database
from bench.scale import Scale
from bot import inbox
from bot.wakeups import Wakeups
from hotline.serve import SWITCH_SECONDS
from programme import file_imports
from programme.content import Content, load_content
from programme.list_kinds import ListKind
from scheduler.imports import Importer
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database, open_database
from store.messages import InboundMessage
from store.migrate import migrate
from store.registry_tables import file_import
from store.tables import shop

SECRET = "benchmarks keep no personal data at all"
PROVINCE = "thai-nguyen"
SEED = 8
EVERY, ROUND = 0.05, 0.005
FAMILIES, GIVEN = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Ma", "Dương"), ("Lan", "Hoa", "Mai", "Tư", "Bảy", "Hùng")


async def measure(sheet: Sheet, scale: Scale) -> None:
    """On a database of its own. Raises Unavailable."""
    sys.setswitchinterval(SWITCH_SECONDS)  # as the hotline itself
    with new_database() as url:
        newest = Database(url)
        migrate(newest)
        newest.close()
        content, keyring, clock = load_content(), Keyring(SECRET), Clock()
        database = open_database(url, keyring, clock)
        importer = Importer(database, clock, content, keyring, Wakeups())
        try:
            sealed = keyring.encrypt_bytes(_listed(content, scale.imported_rows))
            id_ = await database.run(lambda c: _upload(c, sealed, clock.now()))
            counting = await _seconds(importer)
            await database.run(lambda c: c.execute(update(file_import).values(status="waiting")))
            felt = _Felt(database, keyring, clock)
            async with felt:
                reading = await _seconds(importer)
            _check(database, id_, scale.imported_rows)
        finally:
            database.close()
    note = f"{scale.imported_rows / reading:,.0f} rows/s; counted before without writing in {counting:.1f} s"
    sheet.put(
        sheet["import_list"].counted(reading, n=scale.imported_rows, note=note),
        sheet["import_message"].timed(Times(tuple(felt.messages))),
        sheet["import_stall"].counted(max(felt.rounds), n=len(felt.rounds)),
    )


@dataclass
class _Felt:
    """What owners feel meanwhile: milliseconds until a message is kept, and until the event loop comes round."""

    database: Database
    keyring: Keyring
    clock: Clock
    messages: list[float] = field(default_factory=list)
    rounds: list[float] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> None:
        self._tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._turn())]

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _write(self) -> None:
        for number in itertools.count():
            began = time.perf_counter()
            await self.database.run(lambda c, n=number: self._keep(c, n), urgent=True)  # type: ignore[misc]
            self.messages.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(EVERY)

    def _keep(self, connection: Connection, number: int) -> None:
        now = self.clock.now()
        here = inbox.open_conversation(connection, self.keyring, "webchat", f"owner {number}", PROVINCE, now)
        inbox.accept(connection, here, InboundMessage("webchat", f"owner {number}", f"m{number}", now, "alo"), now)

    async def _turn(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(ROUND)
            self.rounds.append((time.perf_counter() - began - ROUND) * 1000)


def _listed(content: Content, rows: int) -> bytes:
    chance, written = random.Random(SEED), io.StringIO()
    communes = [one.full_name for one in content.communes.communes(PROVINCE)]
    trades = [one.button["vi"] for one in content.trades.trades.values()]
    table = csv.writer(written)
    table.writerow(("Số điện thoại", "Tên cửa hàng", "Chủ cửa hàng", "Xã/phường", "Ngành hàng"))
    for number in range(rows):
        phone = 900_000_000 + (number if number % 10 else number // 20)
        owner = f"{chance.choice(FAMILIES)} Thị {chance.choice(GIVEN)}"
        table.writerow(
            (_spelt(str(phone), number), f"Tạp hóa {number}", owner, chance.choice(communes), chance.choice(trades))
        )
    return written.getvalue().encode()


def _spelt(digits: str, number: int) -> str:
    spellings = f"0{digits}", f"+84 {digits}", f"84{digits}", f"0{digits[:3]}.{digits[3:6]}.{digits[6:]}"
    return spellings[number % len(spellings)]


def _upload(connection: Connection, sealed: bytes, now: datetime) -> int:
    said = {"content": sealed}
    return file_imports.begin(connection, ListKind.SHOPS, PROVINCE, "ds.csv", said, "bench", now)


async def _seconds(importer: Importer) -> float:
    began = time.perf_counter()
    await importer.work_due()
    return time.perf_counter() - began


def _check(database: Database, id_: int, rows: int) -> None:
    """Raises AssertionError where a row is missing."""
    one = database.read_now(lambda c: file_imports.find(c, id_))
    shops = database.read_now(lambda c: c.scalar(select(func.count()).select_from(shop)))
    if (one.status, one.read_rows, one.refused, one.created) != ("done", rows, 0, shops):
        raise AssertionError(f"{one.status}: {one.read_rows} of {rows} rows, {one.refused} refused, {shops} shops")


if __name__ == "__main__":
    run_alone("imports", __doc__, measure)
