"""Turns of the 20-question form, ours and the stock server's: the same archive, the same answers, one after the other.

"At turn 10" are turns 6 to 15 of fresh conversations; "at turn 300" the turns after the 300th. The first conversation
of each server gets there by 300 real turns. For many conversations at once, the stock server's are given that
conversation's events through its own API (GET, then PUT, of a tracker); ours write their 300 turns, each of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.chat import Answer
from bench.figures import Times

ANSWERS = (
    "Dạ bác bán tạp hóa ở đầu chợ",
    "được sáu năm rồi cháu ạ",
    "hai vợ chồng bác bán thôi",
    "có, máy con gái mua cho",
    "co mang cua viettel",
    "chưa có máy tính",
    "phần lớn là tiền mặt, thỉnh thoảng chuyển khoản",
    "có mã QR của ngân hàng dán ở quầy",
    "ghi vào quyển vở em ạ",
    "chưa dùng phần mềm bao giờ",
    "chưa xuất hóa đơn điện tử",
    "nộp thuế khoán hằng tháng",
    "có đăng bán trên facebook",
    "zalo thì có, facebook thì con bác làm",
    "khong ban tren san nao ca",
    "khách quen thì bác tự chở đến",
    "nhớ trong đầu thôi chứ không ghi",
    "chưa học lớp nào",
    "mắt kém, chữ trên điện thoại bé quá",
    "muốn được dạy cách ghi sổ trên máy",
)
START = "/start_bench_form"
ROUND = len(ANSWERS) + 1
# Turns 6 to 15, five before them: neither a conversation's first turns nor a long one
BEFORE_TEN, MEASURED_AT_TEN = 5, 10


class Talk(Protocol):
    """A conversation with either server."""

    async def say(self, text: str, expected: str = "") -> Answer: ...
    async def press(self, payload: str, expected: str = "") -> Answer: ...
    async def close(self) -> None: ...


@dataclass
class Walk:
    """One owner who takes the survey again and again. `turns`: how many there have been."""

    talk: Talk
    turns: int = 0

    async def step(self) -> float:
        """One turn, in which the form must ask what comes next; its milliseconds. Raises NoReply."""
        position = self.turns % ROUND
        expected = "Dạ em đã ghi 20 câu" if position == len(ANSWERS) else f"Câu {position + 1}/20:"
        if position == 0:
            answer = await self.talk.press(START, expected)
        else:
            answer = await self.talk.say(ANSWERS[position - 1], expected)
        self.turns += 1
        return answer.ms

    async def steps(self, count: int) -> list[float]:
        return [await self.step() for _ in range(count)]


Open = Callable[[], Awaitable[Talk]]


async def at_turn_ten(open_talk: Open, conversations: int) -> Times:
    """One fresh conversation after the other, turn after turn."""
    ms: list[float] = []
    for _ in range(conversations):
        walk = Walk(await open_talk())
        await walk.steps(BEFORE_TEN)
        ms += await walk.steps(MEASURED_AT_TEN)
        await walk.talk.close()
    return Times(tuple(ms))


async def together_at_ten(open_talk: Open, conversations: int, batches: int) -> tuple[float, int]:
    """Turns per second of `conversations` at once at turn 10, and how many turns were counted."""
    seconds, count = 0.0, 0
    for _ in range(batches):
        walks = [Walk(await open_talk()) for _ in range(conversations)]
        await asyncio.gather(*(walk.steps(BEFORE_TEN) for walk in walks))
        seconds += await _together(walks, MEASURED_AT_TEN)
        count += conversations * MEASURED_AT_TEN
        await asyncio.gather(*(walk.talk.close() for walk in walks))
    return count / seconds, count


async def together(walks: Sequence[Walk], steps: int) -> tuple[float, int]:
    """Turns per second of these conversations at once, `steps` turns each, and how many turns that was."""
    return len(walks) * steps / await _together(walks, steps), len(walks) * steps


async def _together(walks: Sequence[Walk], steps: int) -> float:
    started = time.perf_counter()
    await asyncio.gather(*(walk.steps(steps) for walk in walks))
    return time.perf_counter() - started
