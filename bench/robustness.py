"""What killed processes and hostile calls do to messages: `bench.outages` and `bench.fuzzing` as figures."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import uvloop

from bench.catalogue import Sheet
from bench.fuzzing import NOW, Fuzzing, opened
from bench.fuzzing import Outcome as Fuzzed
from bench.machine import Unavailable, new_file
from bench.outages.run import Plan, Result, run
from bench.postgres import new_database
from bench.scale import Scale
from integrations.registry import CHANNELS
from programme.content import load_content
from store.clock import ManualClock
from store.logs import configure_logs
from tools.services.machine import Missing

SEED = 148
MESSAGES_PER_SECOND = 50.0


async def kill_one(sheet: Sheet, scale: Scale) -> None:
    """One app process on SQLite. Raises Unavailable."""
    kills, _ = scale.kills
    await _kill("outages_one", sheet, kills, 1, f"sqlite:///{new_file('outages-one.db')}")


async def kill_two(sheet: Sheet, scale: Scale) -> None:
    """Two app processes on PostgreSQL and Redis. Raises Unavailable."""
    _, kills = scale.kills
    with new_database() as url:
        await _kill("outages_two", sheet, kills, 2, url)


async def _kill(id_: str, sheet: Sheet, kills: int, apps: int, url: str) -> None:
    try:
        result = await run(Plan(kills, MESSAGES_PER_SECOND, SEED, apps, url, id_.replace("_", "-")))
    except Missing as missing:
        raise Unavailable(str(missing)) from missing
    faults = len(result.verdict.faults)
    sheet.put(sheet[id_].counted(faults, n=result.verdict.messages, note=told_of_kills(result)))


def told_of_kills(result: Result) -> str:
    """What a reader must know besides the number of faults."""
    verdict = result.verdict
    killed = ", ".join(f"{name} {count}" for name, count in sorted(result.kills.items()))
    words = (
        f"{result.kills.total()} kills ({killed}) in {result.seconds:.0f} s; {verdict.answered} answered,"
        f" {verdict.uncertain} uncertain, {verdict.with_person} with a person; lost {len(verdict.lost)}, out of order"
        f" {len(verdict.disordered)}, repeated {len(verdict.repeated)}, invented {len(verdict.invented)}"
    )
    return "; ".join([words, *verdict.faults[:1]])


async def fuzz(sheet: Sheet, scale: Scale) -> None:
    """Every channel's webhook, in a process whose memory nothing else fills."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        outcomes = await asyncio.get_running_loop().run_in_executor(process, _fuzz, scale.fuzzed_bodies)
    wrong, calls = sum(len(one.violations) for one in outcomes), sum(one.calls for one in outcomes)
    sheet.put(sheet["fuzzing"].counted(wrong, n=calls, note="; ".join(map(told_of_fuzzing, outcomes))))


def told_of_fuzzing(outcome: Fuzzed) -> str:
    """What a reader must know besides the number of violations."""
    answers = ", ".join(f"{count} × {status}" for status, count in sorted(outcome.answers.items()))
    words = (
        f"{outcome.channel}: {outcome.signed} of {outcome.calls} signed, {answers}; memory"
        f" {outcome.end_mb - outcome.warm_mb:+.1f} MB after the first fifth"
    )
    return "; ".join([words, *outcome.violations[:1]])


def _fuzz(calls: int) -> list[Fuzzed]:
    configure_logs(logging.CRITICAL)
    return uvloop.run(_fuzz_all(calls))


async def _fuzz_all(calls: int) -> list[Fuzzed]:
    clock = ManualClock(NOW)
    hotline = opened(f"sqlite:///{new_file('fuzzing-figure.db')}", load_content(), clock)
    try:
        return [await Fuzzing(hotline, clock, channel, SEED).run(0, calls) for channel in CHANNELS]
    finally:
        await hotline.finish()
        await hotline.close()
