"""Provides the services the tests need (PostgreSQL, Redis, a browser) to one command, and takes them away again.

    python -m tools.test_services -- COMMAND…

COMMAND runs with HOTLINE_TEST_DATABASE_URL, HOTLINE_TEST_REDIS_URL and HOTLINE_CHROMIUM set.

When a service cannot be had, one sentence says what was tried and what helps, nothing runs, the status is 2;
otherwise it is the command's. A server is handed over: the tests make and drop their own databases there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from tools.services.browser import Browser
from tools.services.machine import Machine, Missing, die_with_parent
from tools.services.postgres import Postgres
from tools.services.redis import Redis

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 60  # for the command to tidy up after it was interrupted


class Service(Protocol):
    """One thing the suite needs. A further one is a further class and its name in `main`."""

    variable: str  # tells the suite where the service is

    def start(self) -> str:
        """Returns the variable's value. Raises Missing when the service cannot be had."""

    def stop(self) -> None:
        """Ends whatever `start` started, also when it did not finish; never what was there before."""


class Ended(BaseException):
    """Somebody asked this process to end, by the signal in `number`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _end(number: int, frame: object) -> None:
    raise Ended(number)


@contextlib.contextmanager
def _on_endings(handler: Callable[[int, object], None] | signal.Handlers) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in ENDINGS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


@contextlib.contextmanager
def provided(services: Sequence[Service]) -> Iterator[dict[str, str]]:
    """Starts the services in order, yields their variables, stops them in reverse, whatever happened."""
    started: list[Service] = []
    variables = {}
    try:
        for service in services:
            started.append(service)
            variables[service.variable] = service.start()
        yield variables
    finally:
        # A second Ctrl-C must not leave a server behind; every stop has its own time limit.
        with _on_endings(signal.SIG_IGN), contextlib.ExitStack() as stops:
            for service in started:
                stops.callback(service.stop)


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs `command` to its end and returns its exit status.

    It gets a process group of its own, so that Ctrl-C reaches its processes once, from here, and they
    may tidy up before the services go away.
    """
    process = subprocess.Popen(
        command, env=environment, start_new_session=True, preexec_fn=die_with_parent(signal.SIGINT)
    )
    try:
        return process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=GRACE_SECONDS)
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):  # what is left of the group
            os.killpg(process.pid, signal.SIGKILL)


def serve(services: Sequence[Service], command: Sequence[str]) -> int:
    """Runs `command` with the services; returns its exit status, or 2 when a service is missing."""
    try:
        with _on_endings(_end), provided(services) as variables:
            return run(command, {**os.environ, **variables})
    except Missing as missing:
        print(f"hotline: {missing}", file=sys.stderr)
        return 2
    except Ended as ended:
        return 128 + ended.number


def main(arguments: Sequence[str]) -> int:
    """`arguments`: "--" and the command. Returns the exit status."""
    if len(arguments) < 2 or arguments[0] != "--":
        print(__doc__, file=sys.stderr)
        return 2
    machine = Machine()
    return serve([Postgres(machine), Redis(machine), Browser(machine)], arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
