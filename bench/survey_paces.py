"""How many survey turns a second, on several servers turn about, so that a noisy moment of the machine meets them all.

"At turn 10" are turns 6 to 15 of fresh conversations; "at turn 300" the turns after the 300th. Every function takes one
`Open`, walk or group of walks per server, and gives one result per server, in the same order. A server that is faster
may take several turns where another takes one (`shares`), so that both are watched for as long.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import Times
from bench.survey_walk import Open, Script, Walk

# Turns 6 to 15, five before them: neither a conversation's first turns nor a long one
BEFORE_TEN, MEASURED_AT_TEN = 5, 10


@dataclass
class Pace:
    """Turns of many conversations at once."""

    turns: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return self.turns / self.seconds

    async def measure(self, walks: Sequence[Walk], steps: int) -> None:
        """`steps` turns of each of these conversations, all at once."""
        started = time.perf_counter()
        await together(walks, steps)
        self.seconds += time.perf_counter() - started
        self.turns += len(walks) * steps


async def together(walks: Sequence[Walk], steps: int) -> None:
    await asyncio.gather(*(walk.steps(steps) for walk in walks))


async def opened(open_talk: Open, script: Script, conversations: int) -> list[Walk]:
    """New conversations."""
    return [Walk(await open_talk(), script) for _ in range(conversations)]


async def closed(walks: Sequence[Walk]) -> None:
    await asyncio.gather(*(walk.talk.close() for walk in walks))


async def alone_at_ten(servers: Sequence[Open], script: Script, conversations: int) -> list[Times]:
    """One fresh conversation after the other, turn after turn."""
    ms: list[list[float]] = [[] for _ in servers]
    for _ in range(conversations):
        walks = [Walk(await open_talk(), script) for open_talk in servers]
        for walk in walks:
            await walk.steps(BEFORE_TEN)
        for _ in range(MEASURED_AT_TEN):
            for walk, own in zip(walks, ms, strict=True):
                own.append(await walk.step())
        await closed(walks)
    return [Times(tuple(own)) for own in ms]


async def together_at_ten(servers: Sequence[Open], script: Script, conversations: int, batches: int) -> list[Pace]:
    """`conversations` at once; a batch of one server, then a batch of the next."""
    paces = [Pace() for _ in servers]
    for _ in range(batches):
        for open_talk, pace in zip(servers, paces, strict=True):
            walks = await opened(open_talk, script, conversations)
            await together(walks, BEFORE_TEN)
            await pace.measure(walks, MEASURED_AT_TEN)
            await closed(walks)
    return paces


async def alone(walks: Sequence[Walk], shares: Sequence[int], rounds: int) -> list[Times]:
    """One conversation of each server goes on, turn after turn."""
    ms: list[list[float]] = [[] for _ in walks]
    for _ in range(rounds):
        for walk, share, own in zip(walks, shares, ms, strict=True):
            own += await walk.steps(share)
    return [Times(tuple(own)) for own in ms]


async def all_together(groups: Sequence[Sequence[Walk]], shares: Sequence[int], rounds: int) -> list[Pace]:
    """All conversations of one server go on at once, then all of the next."""
    paces = [Pace() for _ in groups]
    for _ in range(rounds):
        for walks, share, pace in zip(groups, shares, paces, strict=True):
            await pace.measure(walks, share)
    return paces
