"""The load generator, a process of its own: sends webhook calls at given instants, whatever the answers do.

    python -m bench.webhook_load PLAN RESULT

PLAN and RESULT are JSON files, see Plan and Result. All calls are signed before the first is sent. A call's time counts
from the instant for which it was planned, also when it had to wait for a free connection: no omission is coordinated.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvloop

from bench.wire import Wires
from bench.zalo import call

CONNECTIONS = 64
PREPARING_SECONDS = 0.0005  # per call, generously
# So long after the last call answers are still waited for.
PATIENCE_SECONDS = 15.0


@dataclass(frozen=True)
class Plan:
    """`events`: of bench.zalo, in this order at random instants (Poisson), `rate` a second on average."""

    url: str
    rate: float
    seed: int
    events: list[dict[str, Any]]


@dataclass(frozen=True)
class Result:
    """`ms`, `statuses`: of each event, in their order; status 0: no answer until the end.

    `late_ms`: how far behind the generator itself was with the worst call.
    """

    ms: list[float]
    statuses: list[int]
    late_ms: float

    def not_taken(self) -> Counter[int]:
        """The calls that were not answered by 200, by their status."""
        return Counter(status for status in self.statuses if status != 200)


async def load(plan: Plan) -> Result:
    chance, dues, due = random.Random(plan.seed), [], 0.0
    for _ in plan.events:
        due += chance.expovariate(plan.rate)
        dues.append(due)
    start = time.perf_counter() + 1 + PREPARING_SECONDS * len(dues)
    start_at = time.time() + start - time.perf_counter()
    calls = [call(event, start_at + due) for event, due in zip(plan.events, dues, strict=True)]
    ms, statuses, late = [0.0] * len(calls), [0] * len(calls), 0.0

    async def send(number: int, due: float) -> None:
        try:
            statuses[number] = await wires.post(calls[number])
        finally:
            ms[number] = (time.perf_counter() - due) * 1000

    async with Wires.opened(plan.url, CONNECTIONS) as wires:
        await asyncio.sleep(max(0.0, start - time.perf_counter() - 0.1))
        sending = []
        for number, due in enumerate(dues):
            if (wait := start + due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            late = max(late, time.perf_counter() - start - due)
            sending.append(asyncio.create_task(send(number, start + due)))
        _, unanswered = await asyncio.wait(sending, timeout=PATIENCE_SECONDS)
        for one in unanswered:
            one.cancel()
        await asyncio.gather(*unanswered, return_exceptions=True)
    return Result(ms, statuses, late * 1000)


def main() -> None:
    plan, result = map(Path, sys.argv[1:])
    gc.freeze()  # what is loaded is not looked through while calls are sent
    result.write_text(json.dumps(asdict(uvloop.run(load(Plan(**json.loads(plan.read_text())))))))


if __name__ == "__main__":
    main()
