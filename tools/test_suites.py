"""Runs the two test suites, the app's and Rasa's, each in its environment, and says at the end how both went.

Without arguments the app's tests share the cores, a file to a worker; with any they run in one process, as a debugger
and whoever reads the output want it.

It provides nothing the tests need (tools/test_services.py does) and knows no single test.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 55 * 60
NO_TESTS_SELECTED = 5  # pytest's exit status
RASA_TESTS = "tests/nlu"
# The tests start hundreds of Python processes: they are compiled once, also where Python was told to write no bytecode.
COMPILED_ONCE = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(ROOT / ".pytest_cache" / "bytecode")}
MOST_WORKERS = 4  # each has a template database, connections and perhaps a Rasa service of its own
RASA_CONFIGURATION = ("-c", "tests/nlu/pytest.ini")  # without it pytest would load the app's conftest


@dataclass(frozen=True)
class Suite:
    """One run of pytest: `python` relative to the root, `arguments` for pytest."""

    name: str
    python: str
    arguments: tuple[str, ...]


def plan(arguments: Sequence[str], exists: Callable[[str], bool], cores: int) -> list[Suite]:
    """The suites that `make test ARGS="…"` asks for.

    Options go to both suites; when files or folders under tests/ are named, only their suites run.
    """
    shared = () if arguments or cores < 2 else ("-n", str(min(cores, MOST_WORKERS)), "--dist", "loadfile")
    named = [a for a in arguments if a.split("/")[0] == "tests" and exists(a.split("::")[0])]
    options = tuple(a for a in arguments if a not in named)
    rasa = tuple(a for a in named if a.split("::")[0].rstrip("/").startswith(RASA_TESTS))
    app = tuple(a for a in named if a not in rasa)
    both = not named or any(a.rstrip("/") == "tests" for a in named)
    suites = []
    if app or both:
        suites.append(
            Suite("app", ".venv/bin/python", (*(app or ("tests",)), f"--ignore={RASA_TESTS}", *options, *shared))
        )
    if rasa or both:
        suites.append(Suite("Rasa", "nlu/.venv/bin/python", (*RASA_CONFIGURATION, *(rasa or (RASA_TESTS,)), *options)))
    return suites


def verdict(statuses: Sequence[int], selective: bool) -> int:
    """One exit status from pytest's. A suite where `-k …` selects nothing is no failure if another ran."""
    ran = [status for status in statuses if not (selective and status == NO_TESTS_SELECTED)]
    return next((status for status in ran if status), 0) if ran else NO_TESTS_SELECTED


def run(suite: Suite) -> int:
    command = [str(ROOT / suite.python), "-m", "pytest", *suite.arguments]
    print(f"\n=== {suite.name} suite: {suite.python} -m pytest {' '.join(suite.arguments)}", flush=True)
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **COMPILED_ONCE}) as process:
        try:
            return process.wait(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            print(
                f"=== {suite.name} suite: stopped, it took longer than {LIMIT_SECONDS // 60} minutes",
                flush=True,
            )
            process.kill()
            return 1
        except KeyboardInterrupt:
            process.wait(timeout=60)  # pytest got the interrupt too and is tidying up
            raise


def main(arguments: Sequence[str]) -> int:
    statuses = []
    suites = plan(arguments, lambda path: (ROOT / path).exists(), len(os.sched_getaffinity(0)))
    try:
        for suite in suites:
            statuses.append(run(suite))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    print()
    for suite, status in zip(suites, statuses, strict=True):
        said = {0: "passed", NO_TESTS_SELECTED: "no tests selected"}.get(status, f"FAILED (exit status {status})")
        print(f"=== {suite.name} suite: {said}")
    return verdict(statuses, selective=bool(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
