"""Many small transactions committed as one: under load the disk is waited for once per batch, not once per message.

A caller is answered only after its batch is committed. Alone, a piece of work starts at once and waits for nobody.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from store.database import Database, Transaction

T = TypeVar("T")

# The first waits for the last of its batch: a millisecond each. The disk's share is small by then.
MOST_TOGETHER = 16


@dataclass(frozen=True)
class _Piece:
    key: str
    work: Transaction[Any]
    result: asyncio.Future[Any]


class GroupCommit:
    """For use on one event loop. Pieces of work must bear being run again: a batch that fails is run piece by piece."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._waiting: list[_Piece] = []
        self._flusher: asyncio.Task[None] | None = None

    async def run(self, key: str, work: Transaction[T]) -> T:
        """What `work` returned, once it is committed; raises what it raised.

        `key`: whose rows are locked. Batches lock in the order of their keys, so that two processes with the same
        people in their batches wait for each other instead of blocking each other for good. Pieces with one key run
        in the order in which they came.
        """
        piece = _Piece(key, work, asyncio.get_running_loop().create_future())
        self._waiting.append(piece)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        result: T = await piece.result
        return result

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            batch.sort(key=lambda piece: piece.key)  # stable: one key's pieces stay in order
            try:
                results = await self.database.run(partial(_run_all, batch), urgent=True)
            except Exception:  # noqa: BLE001 - one of them failed, or the database did: each learns for itself
                await self._one_by_one(batch)
                continue
            for piece, result in zip(batch, results, strict=True):
                _settle(piece.result, result)

    async def _one_by_one(self, batch: list[_Piece]) -> None:
        for number, piece in enumerate(batch):
            try:
                _settle(piece.result, await self.database.run(piece.work, urgent=True))
            except (OperationalError, InterfaceError) as error:
                # Alone it fails so only when the database is away; the others need not find that out one after another
                for one in batch[number:]:
                    _fail(one.result, error)
                return
            except Exception as error:  # noqa: BLE001 - it is the caller's
                _fail(piece.result, error)


def _run_all(batch: list[_Piece], connection: Connection) -> list[Any]:
    return [piece.work(connection) for piece in batch]


def _settle(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():  # the caller may have been cancelled; what is committed stays
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
