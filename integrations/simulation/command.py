"""A simulator as a process of its own: `python -m integrations.<provider>.simulator`.

Prints its base URL on standard output, one line, as soon as it listens; ends on SIGINT, SIGTERM, and with
`--follow-stdin` when its standard input closes, so that it dies with its parent.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import uvloop

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.errors import ControlError
from integrations.simulation.simulator import Simulator


def run(provider: str, make: Callable[..., Simulator[Any]]) -> None:
    """Read the command line, serve until told to end. `make` takes Simulator's keyword arguments."""
    options = _options(provider)
    start = None if options.now is None else datetime.fromisoformat(options.now)
    simulator = make(
        webhook=options.webhook, clock=SimulatedClock(start), seed=options.seed, retry_scale=options.retry_scale
    )
    if options.journal is not None:
        simulator.journal.keep_in(options.journal)
    try:
        for setting in options.switch:
            simulator.common_switches.change_by_text(setting)
    except ControlError as error:
        sys.exit(str(error))
    uvloop.run(_serve(simulator, options.port, options.follow_stdin))


def _options(provider: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"A stand-in for {provider} on the loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 = a free one (the default)")
    parser.add_argument("--webhook", help="where events are sent")
    parser.add_argument("--retry-scale", type=float, default=1.0, help="shortens the pauses between webhook attempts")
    parser.add_argument("--seed", type=int, default=0, help="of what is left to chance")
    parser.add_argument("--now", help="ISO-8601: the clock starts at this instant")
    parser.add_argument("--journal", type=Path, help="a file that keeps what was accepted over an end of the process")
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="VALUE as JSON or a word")
    parser.add_argument("--follow-stdin", action="store_true", help="end when standard input ends: die with the parent")
    return parser.parse_args()


async def _serve(simulator: Simulator[Any], port: int, follow_stdin: bool) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with simulator.running(port) as url, contextlib.AsyncExitStack() as stack:
        print(url, flush=True)
        if follow_stdin:
            stdin = asyncio.StreamReader()
            transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
            stack.callback(transport.close)
            following = asyncio.ensure_future(stdin.read())
            following.add_done_callback(lambda _: ended.set())
            stack.callback(following.cancel)
        await ended.wait()
