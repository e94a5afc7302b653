"""Turns of the product as a person at the web chat has them: real model, real flows, real packs; buttons and questions.

Buttons at turns 10, 300 and 1,000 are pressed in turn about, so that a noisy moment of the machine meets all three.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.chat import REPLY_SECONDS, Chat, NoReply
from bench.figures import Times

# Pressed one after the other; each is answered by a custom action, except the menu itself.
BUTTONS = (
    "/open_menu",
    "/ask_programme_about",
    "/ask_domain_about",
    "/ask_survey_link",
    "/ask_vendor",
    "/ask_vendor_price",
    "/ask_domain_papers",
    "/ask_programme_cost",
)
FIRST, LAST = 6, 15  # the turns that stand for turn 10
SEED = 148


@dataclass
class Presser:
    """Somebody who presses one button after the other."""

    chat: Chat
    turns: int = 0

    async def press(self) -> float:
        answer = await self.chat.press(BUTTONS[self.turns % len(BUTTONS)])
        self.turns += 1
        return answer.ms

    async def reach(self, turns: int) -> None:
        """Press until there have been `turns` turns."""
        while self.turns < turns:
            await self.press()


async def button_turns(url: str, session: aiohttp.ClientSession, lengths: Sequence[int], samples: int) -> list[Times]:
    """The times at turn 10, then from each turn of `lengths` on; `samples` each, rounded up to whole conversations."""
    long_ones = [Presser(await Chat.opened(url, session)) for _ in lengths]
    await asyncio.gather(*(one.reach(length) for one, length in zip(long_ones, lengths, strict=True)))
    at_ten: list[float] = []
    later: list[list[float]] = [[] for _ in lengths]
    while len(at_ten) < samples:
        fresh = Presser(await Chat.opened(url, session))
        await fresh.reach(FIRST - 1)
        while fresh.turns < LAST:
            at_ten.append(await fresh.press())
            for one, ms in zip(long_ones, later, strict=True):
                ms.append(await one.press())
        await fresh.chat.close()
    for one in long_ones:
        await one.chat.close()
    return [Times(tuple(ms)) for ms in (at_ten, *later)]


async def question_turns(
    url: str,
    session: aiohttp.ClientSession,
    questions: Sequence[str],
    per_second: float,
    seconds: float,
    conversations: int,
) -> Times:
    """Open loop: questions are sent at random instants (Poisson) and do not wait for each other's answers.

    A question without an answer counts as REPLY_SECONDS.
    """
    chance = random.Random(SEED)
    chats = [await Chat.opened(url, session) for _ in range(conversations)]
    for chat in chats:
        await chat.say(questions[0])
    asked: list[asyncio.Task[float]] = []
    started = time.perf_counter()
    due = started
    while due < started + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        chat, question = chats[len(asked) % conversations], questions[len(asked) % len(questions)]
        asked.append(asyncio.create_task(_ask(chat, question)))
        due += chance.expovariate(per_second)
    ms = await asyncio.gather(*asked)
    await asyncio.gather(*(chat.close() for chat in chats))
    return Times(tuple(ms))


async def _ask(chat: Chat, question: str) -> float:
    try:
        return (await chat.say(question)).ms
    except NoReply:
        return REPLY_SECONDS * 1000


@dataclass(frozen=True)
class Kept:
    """What the database holds after a run: messages not answered by the dialogue, and holding replies."""

    unanswered: int
    holding_replies: int


def look_into(database: Path) -> Kept:
    """Read a finished run's database, without writing to it."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        (unanswered,) = connection.execute("SELECT count(*) FROM inbound WHERE status != 'answered'").fetchone()
        replies = (json.loads(row[0]) for row in connection.execute("SELECT reply FROM outbound"))
        return Kept(unanswered, sum(reply["entry"] == "please_wait" for reply in replies))
    finally:
        connection.close()
