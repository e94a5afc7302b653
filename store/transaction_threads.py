"""The threads in which transactions run, off the event loop: the urgent before the others, else in their order."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_LAST = 2


class TransactionThreads:
    """`count` threads, started at once; they end with `shutdown`, or with the process."""

    def __init__(self, count: int, name: str) -> None:
        self._number, self._is_closed = itertools.count(), False
        self._waiting: queue.PriorityQueue[tuple[int, int, Future[Any] | None, Callable[[], Any] | None]] = (
            queue.PriorityQueue()
        )
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[[], T], urgent: bool = False) -> Future[T]:
        """Run `work` as soon as a thread is free. A future that is cancelled before then is not run.

        Raises RuntimeError after `shutdown`.
        """
        if self._is_closed:
            raise RuntimeError("The database is closed.")
        future: Future[T] = Future()
        self._waiting.put((0 if urgent else 1, next(self._number), future, work))
        return future

    def shutdown(self) -> None:
        """Returns when everything submitted is done."""
        self._is_closed = True
        for _ in self._threads:
            self._waiting.put((_LAST, next(self._number), None, None))
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while True:
            _, _, future, work = self._waiting.get()
            if future is None or work is None:
                return
            if future.set_running_or_notify_cancel():
                _run(future, work)
            del future, work  # what they hold is not kept while nothing comes


def _run(future: Future[Any], work: Callable[[], Any]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - it is the caller's
        future.set_exception(error)
    finally:
        del future, work  # the error's traceback holds this frame
