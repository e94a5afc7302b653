"""Reads sentences with a model inside one Rasa process, one after the other, and prints the milliseconds of each.

Runs in Rasa's environments (Python 3.10), ours and the stock one, with the same code:

    python -m bench.parse_in_process ARCHIVE SENTENCES.json RESULT.json

RESULT.json: {"ms": [...], "intents": [...]}. Each sentence is read once, so that nothing remembered of it helps; the
first WARM_UP sentences have an intent but no time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from nlu import rasa_runtime

WARM_UP = 20


async def read_all(archive: Path, sentences: list[str]) -> tuple[list[float], list[str]]:
    # only now that rasa_runtime has prepared it
    from rasa.core.agent import Agent  # type: ignore[import-not-found]

    agent = Agent.load(str(archive))
    ms, intents = [], []
    for sentence in sentences:
        started = time.perf_counter()
        parsed = await agent.parse_message(sentence)
        ms.append((time.perf_counter() - started) * 1000)
        intents.append(parsed["intent"]["name"])
    return ms[WARM_UP:], intents


def main(archive: Path, sentences: Path, result: Path) -> None:
    rasa_runtime.quiet()
    ms, intents = asyncio.run(read_all(archive, json.loads(sentences.read_text(encoding="utf-8"))))
    result.write_text(json.dumps({"ms": ms, "intents": intents}), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
