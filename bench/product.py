"""Measures the product as a whole: `hotline up` on a database of its own, spoken to through the web chat."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import aiohttp
import yaml

from bench import chat
from bench.catalogue import Sheet
from bench.machine import FOLDER, Running, hotline_environment, new_file
from bench.product_turns import button_turns, look_into, question_turns
from bench.scale import Scale
from hotline.models import ensure_model, inputs_digest, lookup_table, train
from hotline.paths import MODELS, ROOT
from programme.content import load_content

START_SECONDS = 60.0
SHORT = 2  # words: of so few the product waits for more (bot/answering.py)
HELD_OUT = ROOT / "nlu" / "eval" / "held_out.yml"


def prepare_model(sheet: Sheet, scale: Scale) -> Path:
    """The product's model, and how long its training takes; a smoke run trains only when there is none yet."""
    content = load_content()
    lookup = lookup_table(content)
    archive = MODELS / f"{inputs_digest(lookup)}.tar.gz"
    is_there = archive.is_file()
    started = time.perf_counter()
    if not is_there:
        ensure_model(content, lambda _: None)
    elif scale.decides:
        train(lookup, FOLDER / "product.tar.gz")
    if scale.decides or not is_there:
        sheet.put(sheet["training"].counted(time.perf_counter() - started, n=1))
    return archive


def sentences(count: int) -> list[str]:
    """Real questions: of the held-out set what asks something, evenly spaced, so that every style is there."""
    utterances = yaml.safe_load(HELD_OUT.read_text(encoding="utf-8"))["utterances"]
    held_out = [one for one in utterances if one["intent"].startswith("ask_") and len(one["text"].split()) > SHORT]
    count = min(count, len(held_out))
    return [held_out[i * len(held_out) // count]["text"] for i in range(count)]


@contextlib.asynccontextmanager
async def running_product(name: str, own: Mapping[str, str] | None = None) -> AsyncIterator[tuple[Running, str]]:
    """`hotline up` on a new database, var/bench/<name>.db, and its address; stopped afterwards. Raises Unavailable.

    `own`: settings besides.
    """
    database = new_file(f"{name}.db")
    command: list[str | Path] = [ROOT / ".venv" / "bin" / "hotline", "up", "--port", "0"]
    running = Running(name, command, {**hotline_environment(f"sqlite:///{database}"), **(own or {})})
    try:
        yield running, (await running.line(r"http://127\.0\.0\.1:\d+", START_SECONDS))[0]
    finally:
        await running.stop()


async def measure(questions: Sequence[str], sheet: Sheet, scale: Scale) -> None:
    """Start the product, measure it, stop it. Raises Unavailable."""
    async with running_product("product") as (running, url), chat.client() as session:
        await _cold_start(running, url, session, questions[0], sheet)
        await _buttons(url, session, sheet, scale)
        sheet.put(sheet["memory"].counted(running.resident_mb()))
        asked = await question_turns(
            url,
            session,
            questions,
            scale.questions_per_second,
            scale.question_seconds,
            scale.question_conversations,
        )
    kept = look_into(FOLDER / "product.db")
    note = f"{kept.unanswered} messages not answered by the bot, {kept.holding_replies} holding replies"
    sheet.put(sheet["question_turn"].timed(asked, note=note))


async def _cold_start(running: Running, url: str, session: aiohttp.ClientSession, question: str, sheet: Sheet) -> None:
    await chat.answering(url, session, START_SECONDS)
    first = await chat.Chat.opened(url, session)
    await first.say(question)
    sheet.put(sheet["cold_start"].counted(running.seconds_since_start(), n=1))
    await first.close()


async def _buttons(url: str, session: aiohttp.ClientSession, sheet: Sheet, scale: Scale) -> None:
    ten, later, latest = await button_turns(url, session, scale.turns, scale.button_samples)
    note = f"{latest.p95 / ten.p95:.2f}× at the 95th percentile"
    sheet.put(
        sheet["button_turn_10"].timed(ten),
        sheet["button_turn_300"].timed(later),
        sheet["button_turn_1000"].timed(latest),
        sheet["button_turn_growth"].counted(latest.p50 / ten.p50, n=latest.n, note=note),
    )
