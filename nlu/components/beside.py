"""A computation in a process of its own, beside what its caller computes meanwhile.

A process, not a thread: the library of linear machines has one generator of random numbers for all threads, and the
same data must give the same model. Forked by hand, so that the data need not be copied: `multiprocessing` would close
standard input in the child, and waits for ever where a thread of ours is reading it (nlu/child.py).
"""

from __future__ import annotations

import os
import threading
import traceback
from typing import Callable


def beside(compute: Callable[[], float]) -> Callable[[], float]:
    """Begin to compute; the result is what the returned function waits for, once. It raises RuntimeError when that
    broke. The process ends with its parent.
    """
    reading, writing = os.pipe()
    parents_end, kept_open = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.close(kept_open)
        _compute(compute, writing, parents_end)
    os.close(writing)
    os.close(parents_end)

    def result() -> float:
        with os.fdopen(reading) as answer:
            said = answer.read()
        os.waitpid(child, 0)
        os.close(kept_open)
        if not said:
            raise RuntimeError("a computation beside the training broke; its error is above")
        return float(said)

    return result


def _compute(compute: Callable[[], float], writing: int, parents_end: int) -> None:
    """In the child, which ends here whatever happens."""
    try:
        threading.Thread(target=_end_with_parent, args=(parents_end,), daemon=True).start()
        os.write(writing, repr(float(compute())).encode())
    except BaseException:  # noqa: BLE001 - nothing of the parent's may run on in here
        traceback.print_exc()
    finally:
        os._exit(0)


def _end_with_parent(parents_end: int) -> None:
    """Nothing is ever written there: what comes is the end."""
    os.read(parents_end, 1)
    os._exit(1)
