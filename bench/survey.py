"""Measures the survey's turns: the product by itself, then next to the stock server; both serve the product's archive.

Ours is `hotline up`, with every answer in its database; the stock server keeps its conversations in memory and its
action server the answers (bench/stock_actions).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from bench import chat
from bench.catalogue import Sheet
from bench.chat import Chat
from bench.figures import Times
from bench.machine import Unavailable
from bench.product import START_SECONDS, running_product
from bench.scale import Scale
from bench.stock_actions.memory import COPY
from bench.stock_server import StockChat, StockServer
from bench.survey_answers import answer_times
from bench.survey_paces import (
    Pace,
    all_together,
    alone,
    alone_at_ten,
    closed,
    opened,
    together,
    together_at_ten,
)
from bench.survey_walk import BEGIN, Open, Script, Walk
from programme.content import load_content


async def measure(archive: Path, sheet: Sheet, scale: Scale) -> None:
    """Raises Unavailable when ours cannot be started; without the stock server, ours alone is measured."""
    script = Script(load_content())
    async with running_product("survey") as (_, url), chat.client() as session:
        await chat.answering(url, session, START_SECONDS)

        async def open_ours() -> Chat:
            return await Chat.opened(url, session)

        await _answers(open_ours, script, sheet, scale)
        stock = await _started(archive, sheet)
        try:
            await _Comparison(open_ours, stock, session, script, sheet, scale).measure()
        finally:
            if stock is not None:
                await stock.stop()


async def _answers(open_ours: Open, script: Script, sheet: Sheet, scale: Scale) -> None:
    early, late = await answer_times(open_ours, script, scale.turns[1], scale.answer_samples)
    note = f"{late.p95 / early.p95:.2f}× at the 95th percentile"
    sheet.put(
        sheet["survey_answer_2"].timed(early),
        sheet["survey_answer_1000"].timed(late),
        sheet["survey_answer_growth"].counted(late.p50 / early.p50, n=late.n, note=note),
    )


async def _started(archive: Path, sheet: Sheet) -> StockServer | None:
    """The stock server; None, and a problem noted, when there is none."""
    stock: StockServer | None = None
    try:
        stock = StockServer(archive)
        await stock.ready()
    except Unavailable as missing:
        sheet.problems.append(f"stock server: {missing}")
        if stock is not None:
            await stock.stop()
        return None
    return stock


class _Comparison:
    """Ours and, where it runs, the stock server. Only one of them is busy at any time."""

    def __init__(
        self,
        open_ours: Open,
        stock: StockServer | None,
        session: aiohttp.ClientSession,
        script: Script,
        sheet: Sheet,
        scale: Scale,
    ) -> None:
        self.open_ours, self.stock, self.session = open_ours, stock, session
        self.script, self.sheet, self.scale = script, sheet, scale
        self.senders = (f"owner-{number}" for number in itertools.count())

    async def measure(self) -> None:
        if self.stock is not None:
            await (await self.open_stock()).press(BEGIN)
            self.sheet.put(self.sheet["cold_start"].with_peer(self.stock.seconds_since_start()))
        await self.at_ten()
        await self.at_300()
        if self.stock is not None:
            self.sheet.put(self.sheet["memory"].with_peer(self.stock.resident_mb()))

    async def open_stock(self, sender: str | None = None) -> StockChat:
        assert self.stock is not None
        return StockChat(self.stock.url, self.session, sender or next(self.senders))

    async def at_ten(self) -> None:
        scale, script = self.scale, self.script
        servers: list[Open] = [self.open_ours, self.open_stock] if self.stock else [self.open_ours]
        await alone_at_ten(servers, script, 1)  # what is done only once, such as first imports, is not measured
        times = await alone_at_ten(servers, script, scale.conversations_at_ten)
        paces = await together_at_ten(servers, script, scale.together, scale.batches_at_ten)
        self.compare("survey_turns_10", times, paces)

    async def at_300(self) -> None:
        scale = self.scale
        groups = [await opened(self.open_ours, self.script, scale.together + 1)]
        preparing = [together(groups[0], scale.turns[0])]
        if self.stock is not None:
            groups.append([Walk(await self.open_stock(), self.script)])
            preparing.append(together(groups[1], scale.turns[0]))
        await asyncio.gather(*preparing)
        if self.stock is not None:
            groups[1] += await self.copies(groups[1][0])
        shares = scale.shares_at_300[: len(groups)]
        # First the copies, which begin with what the original has answered until now
        paces = await all_together([copies for _, *copies in groups], shares, scale.rounds_at_300_together)
        times = await alone([original for original, *_ in groups], shares, scale.rounds_at_300)
        self.compare("survey_turns_300", times, paces)
        for walks in groups:
            await closed(walks)

    async def copies(self, original: Walk) -> list[Walk]:
        """Conversations with the stock server that are given the events of one that has come this far by itself."""
        assert isinstance(original.talk, StockChat)
        events = await original.talk.events()
        walks = []
        for number in range(self.scale.together):
            copy = await self.open_stock(f"{original.talk.sender}{COPY}{number}")
            await copy.become(events)
            walks.append(Walk(copy, self.script, original.turns))
        return walks

    def compare(self, id_: str, times: Sequence[Times], paces: Sequence[Pace]) -> None:
        alone_one = self.sheet[id_].paced(times[0])
        at_once = self.sheet[f"{id_}_together"].counted(paces[0].per_second, paces[0].turns)
        for stock_times, stock_pace in zip(times[1:], paces[1:], strict=True):
            alone_one = alone_one.with_peer(stock_times.per_second, stock_times)
            at_once = at_once.with_peer(stock_pace.per_second)
        self.sheet.put(alone_one, at_once)
