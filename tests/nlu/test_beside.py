from __future__ import annotations

import subprocess
import sys

import pytest

from nlu.components.beside import beside


def test_it_computes_with_what_its_caller_has() -> None:
    numbers = [1.5, 2.5]
    first, second = beside(lambda: sum(numbers)), beside(lambda: max(numbers))
    numbers.append(100.0)
    assert (first(), second()) == (4.0, 2.5)


def test_what_breaks_is_told_and_not_waited_for_for_ever(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="broke"):
        beside(lambda: 1 / 0)()
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_thread_that_reads_standard_input_is_not_waited_for() -> None:
    """As nlu.train --follow-stdin has one: whoever started it keeps the other end."""
    program = (
        "import sys, threading\n"
        "from nlu.components.beside import beside\n"
        "threading.Thread(target=sys.stdin.buffer.read, daemon=True).start()\n"
        "print(beside(lambda: 2.5)(), flush=True)\n"
        "import os; os._exit(0)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"2.5\n"
