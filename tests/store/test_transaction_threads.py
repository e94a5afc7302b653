"""The threads in which transactions run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from store.transaction_threads import TransactionThreads


@pytest.fixture
def threads() -> Iterator[TransactionThreads]:
    one = TransactionThreads(1, "test")
    yield one
    one.shutdown()


class Held:
    """Work that keeps a thread busy until it is let go."""

    def __init__(self, threads: TransactionThreads) -> None:
        self._go, began = threading.Event(), threading.Event()

        def work() -> None:
            began.set()
            self._go.wait(10)

        threads.submit(work)
        assert began.wait(10)

    def let_go(self) -> None:
        self._go.set()


def noting(said: list[str], word: str) -> Callable[[], None]:
    return lambda: said.append(word)


def test_the_urgent_go_before_what_waits_and_both_in_their_order(threads: TransactionThreads) -> None:
    busy, said = Held(threads), list[str]()
    waiting = [threads.submit(noting(said, word)) for word in ("turn 1", "turn 2")]
    waiting += [threads.submit(noting(said, word), urgent=True) for word in ("message 1", "message 2")]
    busy.let_go()
    for future in waiting:
        future.result(10)
    assert said == ["message 1", "message 2", "turn 1", "turn 2"]


def test_what_is_cancelled_before_its_turn_never_runs(threads: TransactionThreads) -> None:
    busy, said = Held(threads), list[str]()
    future = threads.submit(noting(said, "cancelled"))
    assert future.cancel()
    busy.let_go()
    threads.submit(noting(said, "next")).result(10)
    assert said == ["next"]


def test_a_failure_is_the_callers_and_the_thread_goes_on(threads: TransactionThreads) -> None:
    failed = threads.submit(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        failed.result(10)
    assert threads.submit(lambda: 1).result(10) == 1


def test_a_shutdown_waits_for_everything_that_was_given() -> None:
    threads, said = TransactionThreads(2, "test"), list[str]()
    futures = [threads.submit(noting(said, "x"), urgent=bool(number % 2)) for number in range(20)]
    threads.shutdown()
    assert len(said) == 20
    assert all(future.done() for future in futures)
