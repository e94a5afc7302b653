"""Messages that wait for the rest of what their owner is writing, and are answered together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from actions.context import Unclear
from bot.answering import GATHER
from store.tables import review
from tests.bot.acting import rows
from tests.bot.conftest import Bot, turn_answer


def unclear_unless(bot: Bot, clear: str) -> Any:
    """The dialogue understands only a text that contains `clear`."""

    async def answer(request: dict[str, Any]) -> web.Response:
        context = bot.runner.answerer.dialogue.register.context(request["turn_id"])
        assert context is not None
        if clear in (request["text"] or ""):
            return turn_answer(f"echo {request['text']}")
        context.effects.append(Unclear("not_understood"))
        return turn_answer("chưa hiểu")

    return answer


def only(bot: Bot, clear: str) -> Any:
    """The dialogue understands exactly one text."""
    unclear = unclear_unless(bot, "không bao giờ")

    async def answer(request: dict[str, Any]) -> web.Response:
        return turn_answer(f"echo {clear}") if request["text"] == clear else await unclear(request)

    return answer


async def test_an_unclear_message_waits_for_the_rest_and_both_get_one_answer(bot: Bot) -> None:
    bot.rasa.answer = unclear_unless(bot, "cho bác hỏi\nthuế nộp ở đâu")
    assert await bot.say("cho bác hỏi") == []
    bot.clock.advance(timedelta(seconds=1))
    await bot.receive("thuế nộp ở đâu")
    bot.clock.advance(GATHER)
    await bot.work()
    assert await bot.replies() == ["echo cho bác hỏi\nthuế nộp ở đâu"]
    assert await bot.statuses() == ["answered", "answered"]
    assert (await bot.row()).unclear_turns == 0


async def test_a_burst_that_stays_unclear_counts_once(bot: Bot) -> None:
    bot.rasa.answer = unclear_unless(bot, "không bao giờ")
    await bot.say("ơ kìa")
    await bot.receive("là sao nhỉ")
    bot.clock.advance(GATHER + timedelta(seconds=1))
    await bot.work()
    assert await bot.replies() == ["chưa hiểu"]
    assert (await bot.row()).unclear_turns == 1
    assert len(await rows(bot, review)) == 1


async def test_the_last_message_may_say_what_the_whole_does_not(bot: Bot) -> None:
    bot.rasa.answer = only(bot, "tên miền là gì")
    await bot.say("alo alo")
    await bot.receive("tên miền là gì")
    bot.clock.advance(GATHER)
    await bot.work()
    assert await bot.replies() == ["echo tên miền là gì"]
    assert await bot.statuses() == ["answered", "answered"]


@pytest.mark.parametrize(
    ("second", "payload"), [("STOP", None), ("gọi 0912345678 giúp", None), ("", "/request_person"), ("a" * 5000, None)]
)
async def test_what_stands_by_itself_is_no_part_of_a_burst(bot: Bot, second: str, payload: str | None) -> None:
    bot.rasa.answer = unclear_unless(bot, "không bao giờ")
    await bot.say("nhắn gì mà lắm thế")
    await bot.receive(second, payload)
    bot.clock.advance(GATHER)
    await bot.work()
    asked = [request["text"] for request in bot.rasa.requests]
    assert not any("\n" in text for text in asked if text)
    last = bot.rasa.requests[-1]
    assert last["payload"] or last["text"] == second


async def test_a_burst_counts_once_however_late_it_is_handled(bot: Bot) -> None:
    bot.rasa.answer = unclear_unless(bot, "không bao giờ")
    for text in ("ơ", "thế à", "là sao"):
        await bot.receive(text)
    bot.clock.advance(timedelta(seconds=6))
    await bot.work()
    assert await bot.replies() == ["chưa hiểu"]
    assert (await bot.row()).unclear_turns == 1
    (one,) = await rows(bot, review)
    assert one.text == "ơ\nthế à\nlà sao"


async def test_a_secret_in_the_middle_of_a_burst_is_warned_about(bot: Bot) -> None:
    bot.rasa.answer = unclear_unless(bot, "không bao giờ")
    await bot.say("nó bảo thế này")
    await bot.receive("mã otp là 482913")
    bot.clock.advance(GATHER)
    await bot.work()
    assert any("mã OTP" in reply for reply in await bot.replies())


async def test_an_unclear_message_alone_is_answered_after_the_wait(bot: Bot) -> None:
    bot.rasa.answer = unclear_unless(bot, "không bao giờ")
    assert await bot.say("abc xyz") == []
    bot.clock.advance(GATHER)
    await bot.work()
    assert await bot.replies() == ["chưa hiểu"]


def fragments(bot: Bot) -> Any:
    """The dialogue is sure of everything, and calls what it hears an act."""

    async def answer(request: dict[str, Any]) -> web.Response:
        return turn_answer(f"echo {request['text']}", intent="delete_data")

    return answer


async def test_a_word_or_two_wait_for_the_rest_although_the_dialogue_is_sure(bot: Bot) -> None:
    bot.rasa.answer = fragments(bot)
    for text in ("xóa", "dữ liệu", "của tôi"):
        assert await bot.say(text) == []
        bot.clock.advance(timedelta(seconds=2))
    bot.clock.advance(GATHER)
    await bot.work()
    assert await bot.replies() == ["echo xóa\ndữ liệu\ncủa tôi"]
    assert await bot.statuses() == ["answered"] * 3


async def test_nobody_waits_longer_than_three_times(bot: Bot) -> None:
    bot.rasa.answer = unclear_unless(bot, "không bao giờ")
    await bot.receive("ơ")
    for _ in range(3):
        bot.clock.advance(GATHER - timedelta(milliseconds=100))
        await bot.receive("ờ")
        await bot.work()
    bot.clock.advance(timedelta(milliseconds=300))
    await bot.work()
    assert await bot.replies() == ["chưa hiểu"]
