"""A computation in a process of its own, beside what its caller computes meanwhile.

A process, not a thread: the library of linear machines has one generator of random numbers for all threads, and the
same data must give the same model.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.connection import Connection
from typing import Callable


def beside(compute: Callable[[], float]) -> Callable[[], float]:
    """Begin to compute; the result is what the returned function waits for. Raises RuntimeError when it broke.

    Forked, so that the data need not be copied. The process ends with its parent.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def run() -> None:
        ours.close()
        threading.Thread(target=_end_with_parent, args=(theirs,), daemon=True).start()
        theirs.send(compute())

    process = context.Process(target=run, daemon=True)
    process.start()
    theirs.close()

    def result() -> float:
        try:
            return float(ours.recv())
        except EOFError:
            raise RuntimeError("a computation beside the training broke; its error is above") from None
        finally:
            process.join()
            ours.close()

    return result


def _end_with_parent(connection: Connection) -> None:
    """Nothing is ever sent to us: what comes is the end."""
    try:
        connection.poll(None)
    finally:
        os._exit(1)
