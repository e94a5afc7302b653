"""Measures the survey's turns, ours next to the stock server's, both serving one archive trained for this run."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench import chat
from bench.catalogue import Sheet
from bench.chat import Chat
from bench.figures import Times
from bench.form_app import ACTIONS
from bench.form_turns import Open, Walk, at_turn_ten, together, together_at_ten
from bench.machine import FOLDER, Running, Unavailable, environment, hotline_environment, run
from bench.scale import Scale
from bench.stock_server import StockChat, StockServer
from hotline.models import lookup_table
from hotline.paths import RASA_PYTHON, ROOT
from programme.content import load_content

TRAIN_SECONDS = 120.0
START_SECONDS = 60.0
FORM = ROOT / "bench" / "form"
EVERYDAY_WORDS = ROOT / "nlu" / "data" / "everyday_words.yml"


def train_form() -> Path:
    """The archive both servers get: the repository's pipeline, policies and commune names, the form's flow.

    Raises Unavailable.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    archive, names = FOLDER / "form.tar.gz", FOLDER / "names.yml"
    names.write_text(lookup_table(load_content()), encoding="utf-8")
    command: list[str | Path] = [
        RASA_PYTHON,
        "-W",
        "ignore",
        "-m",
        "nlu.train",
        "--out",
        archive,
        "--domain",
        FORM / "domain.yml",
    ]
    command += ["--data", FORM / "nlu.yml", FORM / "rules.yml", names, EVERYDAY_WORDS]
    run("train-form", command, environment(), TRAIN_SECONDS)
    return archive


@dataclass(frozen=True)
class Pace:
    """Turns one after the other, and in many conversations at once (turns per second, how many turns)."""

    alone: Times
    together: tuple[float, int]


async def pace_at_ten(open_talk: Open, conversations: int, batches: int, at_once: int) -> Pace:
    await at_turn_ten(open_talk, 1)  # what is done only once, such as first imports, is not what is measured
    alone = await at_turn_ten(open_talk, conversations)
    return Pace(alone, await together_at_ten(open_talk, at_once, batches))


async def pace(walks: list[Walk], steps: int, steps_together: int) -> Pace:
    alone = Times(tuple(await walks[0].steps(steps)))
    return Pace(alone, await together(walks, steps_together))


async def walked(open_talk: Open, turns: int, conversations: int) -> list[Walk]:
    """Conversations that had `turns` real turns each."""
    walks = [Walk(await open_talk()) for _ in range(conversations)]
    await asyncio.gather(*(walk.steps(turns) for walk in walks))
    return walks


async def copied(open_stock: Callable[[], Awaitable[StockChat]], turns: int, conversations: int) -> list[Walk]:
    """One conversation that had `turns` real turns, and others that are given its events through the server's API."""
    original = await open_stock()
    walk = Walk(original)
    await walk.steps(turns)
    events = await original.events()
    walks = [walk]
    for _ in range(conversations - 1):
        copy = await open_stock()
        await copy.become(events)
        walks.append(Walk(copy, turns))
    return walks


async def measure(archive: Path, sheet: Sheet, scale: Scale) -> None:
    """Ours and the stock server side by side; only one of them is busy at any time. Raises Unavailable."""
    database = FOLDER / "form.db"
    for old in FOLDER.glob(f"{database.name}*"):
        old.unlink()
    command: list[str | Path] = [ROOT / ".venv" / "bin" / "python", "-m", "bench.form_app", archive]
    running = Running("form-app", command, hotline_environment(database))
    stock: StockServer | None = None
    try:
        url = (await running.line(r"http://127\.0\.0\.1:\d+", START_SECONDS))[0]
        async with chat.client() as session:
            await chat.answering(url, session, START_SECONDS)
            try:
                stock = StockServer(archive, ACTIONS)
                await stock.ready()
            except Unavailable as missing:
                sheet.problems.append(f"stock server: {missing}")
            await _measure(url, stock, session, sheet, scale)
    finally:
        await running.stop()
        if stock is not None:
            await stock.stop()


async def _measure(
    url: str, stock: StockServer | None, session: aiohttp.ClientSession, sheet: Sheet, scale: Scale
) -> None:
    senders = (f"owner-{number}" for number in itertools.count())

    async def open_ours() -> Chat:
        return await Chat.opened(url, session)

    async def open_stock() -> StockChat:
        assert stock is not None
        return StockChat(stock.url, session, next(senders))

    (ours, theirs), (our_batches, their_batches) = scale.conversations_at_ten, scale.batches_at_ten
    (our_steps, their_steps), (our_few, their_few) = scale.steps_at_300, scale.steps_at_300_together
    turns, at_once = scale.turns[0], scale.together
    if stock is not None:
        await (await open_stock()).say("/start_bench_form")
        sheet.put(sheet["cold_start"].with_peer(stock.seconds_since_start()))

    at_ten = await pace_at_ten(open_ours, ours, our_batches, at_once)
    stock_at_ten = await pace_at_ten(open_stock, theirs, their_batches, at_once) if stock else None
    _compare(sheet, "survey_turns_10", at_ten, stock_at_ten)

    long_ones = await walked(open_ours, turns, at_once)
    stock_long_ones = await copied(open_stock, turns, at_once) if stock else []
    later = await pace(long_ones, our_steps, our_few)
    stock_later = await pace(stock_long_ones, their_steps, their_few) if stock else None
    _compare(sheet, "survey_turns_300", later, stock_later)
    if stock is not None:
        sheet.put(sheet["memory"].with_peer(stock.resident_mb()))
    await asyncio.gather(*(walk.talk.close() for walk in long_ones))


def _compare(sheet: Sheet, id_: str, ours: Pace, stock: Pace | None) -> None:
    alone, together = sheet[id_].paced(ours.alone), sheet[f"{id_}_together"].counted(*ours.together)
    if stock is not None:
        alone = alone.with_peer(stock.alone.per_second, stock.alone)
        together = together.with_peer(stock.together[0])
    sheet.put(alone, together)
