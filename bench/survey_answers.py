"""How long one survey answer takes, webhook to outbox row: in a new conversation and in a very long one, turn about."""

from __future__ import annotations

import asyncio

from bench.figures import Times
from bench.survey_walk import Open, Script, Walk

PREPARED_AT_ONCE = 10


async def answer_times(open_talk: Open, script: Script, turns: int, samples: int) -> tuple[Times, Times]:
    """`samples` answers to question 2, each in a conversation of its own, and as many after turn `turns` of one.

    In the long conversation they are the button answers to whatever question is next; what else the survey asks there
    is answered in between, and not measured.
    """
    second = script.second_question
    long_one = Walk(await open_talk(), script)
    await long_one.steps(turns)
    early: list[float] = []
    late: list[float] = []
    while len(early) < samples:
        fresh = [Walk(await open_talk(), script) for _ in range(min(PREPARED_AT_ONCE, samples - len(early)))]
        await asyncio.gather(*(walk.until(lambda step: step == second) for walk in fresh))
        for walk in fresh:
            await long_one.until(lambda step: step.answers_question)
            early.append(await walk.step())
            late.append(await long_one.step())
            await walk.talk.close()
    await long_one.talk.close()
    return Times(tuple(early)), Times(tuple(late))
