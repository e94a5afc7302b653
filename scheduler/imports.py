"""Reads in the lists that were uploaded: looks them over, counts what they would do, takes their rows.

Whoever has a file's lease works on it (programme/file_imports.py); of several processes one. Rows are checked in
threads beside the event loop, a slice while the one before is written, and each slice is a short transaction: nobody
who writes meanwhile waits for longer than that. It is no job of the ticker's, which runs one job after the other.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from functools import partial

from sqlalchemy import Connection, select
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from bot.wakeups import IMPORTS, Wakeups
from programme import file_imports
from programme.content import Content
from programme.file_imports import AnyRow, DryRun, FileImport, Import, LeaseLost
from programme.list_kinds import ListKind, ListReading, basis_of
from programme.paper_sheet import Row
from programme.shop_columns import Columns, given_columns
from programme.shop_file import ListFile, ShopFile, shown
from programme.table_problems import TableInvalid
from store.audit import Actor, record
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.logs import get_logger
from store.registry_tables import file_import

log = get_logger("scheduler.imports")

NAP_SECONDS = 5.0
HOTLINE = Actor("hotline")
BROKE = "broke"
# Of what is shown so that somebody can choose the columns
OUTLINE_ROWS, OUTLINE_COLUMNS, OUTLINE_CHARACTERS = 30, 26, 40
# A dry run says how far it is after so many slices
_SAYS_AFTER = 10


class Importer:
    """One per process. `run` ends only when it is cancelled; what was at work then is free again by its lease."""

    def __init__(self, database: Database, clock: Clock, content: Content, keyring: Keyring, wakeups: Wakeups) -> None:
        self.database, self.clock, self.content = database, clock, content
        self.keyring, self.wakeups = keyring, wakeups
        self.holder = secrets.token_hex(8)

    async def run(self) -> None:
        while True:
            news = self.wakeups.listen(IMPORTS)
            try:
                if not await self._next():
                    await self.wakeups.wait(news, NAP_SECONDS)
            except SQLAlchemyError:
                log.exception("imports_unreadable")
                await asyncio.sleep(NAP_SECONDS)
            finally:
                news.cancel()

    async def work_due(self) -> None:
        """Work on everything that waits now."""
        while await self._next():
            pass

    async def _next(self) -> bool:
        """Whether there was something to do. Raises SQLAlchemyError when the database is away."""
        now = self.clock.now()
        id_ = await self.database.read(lambda c: file_imports.next_free(c, self.holder, now))
        if id_ is None or not await self.database.run(lambda c: file_imports.lease(c, id_, self.holder, now)):
            return False
        try:
            await self._work(id_)
        except LeaseLost:
            log.info("import_left", file_import=id_)
        except (OperationalError, InterfaceError):
            raise  # a database that is away comes back, and the lease ends
        except Exception:
            log.exception("import_broke", file_import=id_)
            with suppress(LeaseLost):
                await self._end(FileImport(id_, self.holder), "failed", BROKE)
        return True

    async def _work(self, id_: int) -> None:
        found, sealed = await self.database.read(lambda c: (file_imports.find(c, id_), _content(c, id_)))
        data = await asyncio.to_thread(self.keyring.decrypt_bytes, sealed)
        reading = ListReading(
            self.content, self.keyring, self.clock.timezone, found.kind, found.province, basis_of(found.basis)
        )
        one = FileImport(id_, self.holder)
        if found.status == "uploaded":
            found = await self._look_over(one, found, data)
        if found.status == "checking":
            await self._count(one, found, reading, data)
        elif found.status == "running":
            await self._read_in(one, found, reading, data)

    async def _look_over(self, one: FileImport, found: Import, data: bytes) -> Import:
        """Its first rows, and what its columns seem to be; where they do, it is counted at once."""
        try:
            outline, columns, error = await asyncio.to_thread(_looked_over, data, found)
        except TableInvalid as invalid:
            await self._end(one, "failed", invalid.code)
            return await self.database.read(lambda c: file_imports.find(c, one.import_id))
        values = {"outline": outline, "mapping": columns and columns.as_json(), "error": error, "dry": None}

        def work(connection: Connection) -> Import:
            if columns is None:
                one.rest(connection, "uploaded", "columns", **values)
            else:
                one.note(connection, "uploaded", self.clock.now(), **values, status="checking", read_rows=0, rows=0)
            return file_imports.find(connection, one.import_id)

        return await self.database.run(work)

    async def _count(self, one: FileImport, found: Import, reading: ListReading, data: bytes) -> None:
        """What reading it in would do, without writing any of it."""
        columns, read = given_columns(found.mapping), 0
        dry = DryRun(reading.taker(one.import_id, self.clock.now()))
        note = partial(one.note, was="checking")
        try:
            file = await asyncio.to_thread(ShopFile, data, columns)
            checked = map(reading.checker(columns, self.clock.today()).check, file.rows())
            await self.database.run(partial(note, now=self.clock.now(), rows=file.count, read_rows=0))
            async with aclosing(_ahead(file_imports.slices(checked))) as parts:
                async for some in parts:
                    await self.database.read(partial(dry.look, rows=some))
                    read += len(some)
                    if read // file_imports.SLICE % _SAYS_AFTER == 0:
                        await self.database.run(partial(note, now=self.clock.now(), read_rows=read))
        except TableInvalid as invalid:
            code = invalid.code
            await self.database.run(lambda c: one.rest(c, "checking", "columns", error=code, read_rows=0))
            return
        counted = {"dry": dry.as_json(), "rows": read, "read_rows": 0}
        await self.database.run(lambda c: one.rest(c, "checking", "checked", **counted))

    async def _read_in(self, one: FileImport, found: Import, reading: ListReading, data: bytes) -> None:
        columns, read = given_columns(found.mapping), found.read_rows
        taker = reading.taker(one.import_id, self.clock.now())
        try:
            file = await asyncio.to_thread(ShopFile, data, columns)
            checked = map(reading.checker(columns, self.clock.today()).check, file.rows(read))
            await self.database.run(partial(one.note, was="running", now=self.clock.now(), rows=file.count))
            async with aclosing(_ahead(file_imports.slices(checked))) as parts:
                async for some in parts:
                    await self.database.run(
                        partial(one.take, taker=taker, begins=read, rows=some, now=self.clock.now())
                    )
                    read += len(some)
        except TableInvalid as invalid:
            await self._end(one, "failed", invalid.code)
            return
        await self._end(one, "done")

    async def _end(self, one: FileImport, status: str, error: str | None = None) -> None:
        def work(connection: Connection) -> None:
            now = self.clock.now()
            one.end(connection, status, now, error)
            found = file_imports.find(connection, one.import_id)
            action, object_ = f"registry.import_{status}", f"import {found.id}"
            record(connection, self.keyring, now, HOTLINE, action, object_, found.counts())

        await self.database.run(work)


async def _ahead(parts: Iterator[list[AnyRow]]) -> AsyncGenerator[list[AnyRow]]:
    """The parts, each made in a thread while the one before is used."""
    coming = asyncio.ensure_future(asyncio.to_thread(next, parts, None))
    try:
        while (some := await coming) is not None:
            coming = asyncio.ensure_future(asyncio.to_thread(next, parts, None))
            yield some
    finally:
        # A thread cannot be stopped: it ends with its part
        await asyncio.gather(coming, return_exceptions=True)


def _looked_over(data: bytes, found: Import) -> tuple[str, Columns | None, str | None]:
    """The outline; the columns, or the code of why they must be chosen. Raises TableInvalid for what cannot be read."""
    wanted = (found.mapping or {}).get("sheet")
    file = ListFile(data)
    try:
        try:
            columns, error = file.find_columns(wanted, found.kind != ListKind.SHOPS), None
        except TableInvalid as invalid:
            if invalid.code != "no_header":
                raise
            columns, error = None, invalid.code
        sheet = columns.sheet if columns else file.sheet_called(wanted)
        rows = [[row.line, _cut(row)] for row in file.first(sheet, OUTLINE_ROWS)]
        outline = {"sheets": file.sheets[:50], "sheet": sheet, "rows": rows}
        return json.dumps(outline, ensure_ascii=False), columns, error
    finally:
        file.close()


def _cut(row: Row) -> list[str]:
    return [shown(cell)[:OUTLINE_CHARACTERS] for cell in row.cells[:OUTLINE_COLUMNS]]


def _content(connection: Connection, id_: int) -> bytes:
    """Raises LeaseLost when it was cancelled meanwhile."""
    content: bytes | None = connection.scalar(select(file_import.c.content).filter_by(id=id_))
    if content is None:
        raise LeaseLost
    return bytes(content)
