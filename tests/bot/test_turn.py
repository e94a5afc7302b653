from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from bot import baton
from bot.escalations import waiting_escalations
from store.messages import MAX_UNDERSTOOD_CHARACTERS
from store.tables import inbound
from tests.bot.conftest import Bot, echo, turn_answer


async def fail(_: dict[str, Any]) -> web.Response:
    return web.json_response({"code": "turn_failed", "detail": "an action failed"}, status=502)


async def garbage(_: dict[str, Any]) -> web.Response:
    return web.Response(text="<html>oops</html>", content_type="text/html")


async def nonsense(_: dict[str, Any]) -> web.Response:
    return web.json_response({"replies": "many"})


async def unreadable(_: dict[str, Any]) -> web.Response:
    return web.json_response({"code": "state_unreadable", "detail": "not a state"}, status=422)


async def test_the_state_of_one_turn_is_given_to_the_next(bot: Bot) -> None:
    await bot.say("một")
    await bot.say("hai")
    assert [request["state"] and request["state"]["slots"] for request in bot.rasa.requests] == [None, {"turns": 1}]
    assert (await bot.row()).dialogue_state["slots"] == {"turns": 2}


async def test_what_was_understood_is_kept_with_the_message(bot: Bot) -> None:
    await bot.say("chào em")
    reading = await bot.database.read(lambda c: c.scalar(select(inbound.c.reading)))
    assert (reading["intent"], reading["confidence"]) == ("greet", 0.9)


async def test_a_finished_conversation_rests(bot: Bot) -> None:
    await bot.say("chào em")
    assert (await bot.row()).wake_at is None


@pytest.mark.parametrize("failure", [fail, garbage, nonsense])
async def test_a_failed_turn_leaves_no_trace_and_runs_again(bot: Bot, failure: Any) -> None:
    healthy, bot.rasa.answer = bot.rasa.answer, failure
    assert await bot.say("xin chào") == []
    assert (await bot.row()).dialogue_state is None
    bot.rasa.answer = healthy
    bot.clock.advance(timedelta(milliseconds=300))
    await bot.work()
    assert await bot.replies() == ["echo xin chào"]
    assert await bot.statuses() == ["answered"]


async def test_during_an_outage_the_owner_hears_one_honest_sentence_and_then_the_answer(bot: Bot) -> None:
    healthy, bot.rasa.answer = bot.rasa.answer, fail
    await bot.say("xin chào")
    for _ in range(5):
        bot.clock.advance(timedelta(seconds=2))
        await bot.work()
    waiting = await bot.replies()
    assert len(waiting) == 1
    assert "đã nhận" in waiting[0]
    bot.rasa.answer = healthy
    bot.clock.advance(timedelta(seconds=20))
    await bot.work()
    assert await bot.replies() == [*waiting, "echo xin chào"]
    assert (await bot.row()).outage_told_at is None


async def test_the_holding_reply_is_there_within_two_seconds(bot: Bot) -> None:
    bot.rasa.answer = fail
    await bot.receive("xin chào")
    for _ in range(20):
        await bot.work()
        bot.clock.advance(timedelta(milliseconds=100))
    assert len(await bot.replies()) == 1


async def test_a_slow_service_is_cut_off_before_the_owner_has_waited_two_seconds(bot: Bot) -> None:
    async def slow(_: dict[str, Any]) -> web.Response:
        await asyncio.sleep(30)
        return turn_answer("too late")

    bot.rasa.answer = slow
    loop = asyncio.get_running_loop()
    started = loop.time()
    await bot.receive("xin chào")
    await bot.work()
    assert loop.time() - started < 1.9


async def test_messages_behind_a_failing_one_wait_so_that_order_is_kept(bot: Bot) -> None:
    healthy, bot.rasa.answer = bot.rasa.answer, fail
    await bot.say("một")
    await bot.say("hai")
    bot.rasa.answer = healthy
    bot.clock.advance(timedelta(seconds=1))
    await bot.work()
    assert await bot.replies() == ["echo một", "echo hai"]


async def test_after_five_minutes_the_message_is_a_persons_and_the_bot_never_answers_it(bot: Bot) -> None:
    healthy, bot.rasa.answer = bot.rasa.answer, fail
    await bot.say("xin chào")
    bot.clock.advance(timedelta(minutes=5))
    bot.rasa.answer = healthy
    await bot.work()
    await bot.work()
    assert await bot.statuses() == ["with_person"]
    said = await bot.replies()
    assert "cán bộ" in said[-1]
    assert "echo xin chào" not in said
    (waiting,) = await bot.database.read(waiting_escalations)
    assert (waiting.reason, waiting.last_text) == ("bot_unavailable", "xin chào")
    assert waiting.due_at - waiting.waiting_since == timedelta(hours=24)


async def test_a_message_that_waited_while_we_were_down_is_still_answered(bot: Bot) -> None:
    await bot.receive("xin chào")
    bot.clock.advance(timedelta(hours=2))
    await bot.work()
    assert await bot.replies() == ["echo xin chào"]


async def test_an_unreadable_state_goes_to_a_person_and_is_never_a_new_conversation(bot: Bot) -> None:
    await bot.say("một")
    before = (await bot.row()).dialogue_state
    bot.rasa.answer = unreadable
    said = await bot.say("hai")
    assert "cán bộ" in said[0]
    row = await bot.row()
    assert (row.holder, row.dialogue_state) == ("queue", before)


async def test_while_a_person_has_the_conversation_the_bot_is_silent_and_keeps_a_phone_number(bot: Bot) -> None:
    await bot.database.run(lambda c: baton.escalate(c, bot.conversation_id, baton.Reason.ASKED, bot.clock.now(), 24))
    assert await bot.say("gọi cho tôi số 0912 345 678 nhé") == []
    assert bot.rasa.requests == []
    assert await bot.statuses() == ["with_person"]
    (waiting,) = await bot.database.read(waiting_escalations)
    assert waiting.phone == "+84912345678"


async def test_when_the_person_has_finished_the_dialogue_is_told_once(bot: Bot) -> None:
    number = await bot.database.run(
        lambda c: baton.escalate(c, bot.conversation_id, baton.Reason.ASKED, bot.clock.now(), 24)
    )
    await bot.say("em ơi")
    await bot.database.run(lambda c: baton.return_to_bot(c, number, bot.clock.now()))
    with pytest.raises(baton.NotEscalated):
        await bot.database.run(lambda c: baton.return_to_bot(c, number, bot.clock.now()))
    await bot.work()
    assert await bot.replies() == ["echo payload event_person_finished"]
    assert await bot.say("cảm ơn") == ["echo cảm ơn"]
    assert await bot.database.read(waiting_escalations) == []


async def test_asking_twice_for_a_person_is_one_request(bot: Bot) -> None:
    numbers = {
        await bot.database.run(
            lambda c: baton.escalate(c, bot.conversation_id, baton.Reason.ASKED, bot.clock.now(), 24)
        )
        for _ in range(2)
    }
    assert len(numbers) == 1


async def test_a_turn_that_a_person_overtook_has_no_effect(bot: Bot) -> None:
    async def overtaken(_: dict[str, Any]) -> web.Response:
        await bot.database.run(
            lambda c: baton.escalate(c, bot.conversation_id, baton.Reason.ASKED, bot.clock.now(), 24)
        )
        return turn_answer("too late")

    bot.rasa.answer = overtaken
    assert await bot.say("xin chào") == []
    assert await bot.statuses() == ["with_person"]


async def test_two_workers_on_one_conversation_answer_once(bot: Bot) -> None:
    await bot.receive("xin chào")
    (work,) = await bot.database.run(lambda c: bot.runner.claim(c, 10))
    await asyncio.gather(bot.runner.run(work), bot.runner.run(work))
    assert await bot.replies() == ["echo xin chào"]


async def test_the_conversation_of_a_dead_worker_is_taken_over(bot: Bot) -> None:
    await bot.receive("xin chào")
    await bot.database.run(lambda c: bot.runner.claim(c, 10))  # and the worker dies
    await bot.work()
    assert await bot.replies() == []
    bot.clock.advance(timedelta(seconds=11))
    await bot.work()
    assert await bot.replies() == ["echo xin chào"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "echo payload event_message_without_words"),
        ("😀😀", "echo payload event_message_without_words"),
        ("???", "echo payload event_message_without_words"),
        ("a" * (MAX_UNDERSTOOD_CHARACTERS + 1), "echo payload event_message_too_long"),
        ("/restart", "echo /restart"),
    ],
)
async def test_what_cannot_be_understood_is_recognised_without_the_model(bot: Bot, text: str, expected: str) -> None:
    assert await bot.say(text) == [expected]


async def test_a_fault_of_our_own_ends_with_a_person_and_not_in_endless_tries(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(bot.runner.answerer, "_payload", broken)
    await bot.say("xin chào")
    bot.clock.advance(timedelta(minutes=5))
    await bot.work()
    assert await bot.statuses() == ["with_person"]


async def test_after_a_holding_reply_a_number_still_means_the_button_that_was_offered(bot: Bot) -> None:
    async def menu(request: dict[str, Any]) -> web.Response:
        answer = {"text": "menu", "buttons": [{"title": "A", "payload": "/greet"}, {"title": "B", "payload": "/greet"}]}
        return web.json_response({**json.loads(turn_answer().text or ""), "replies": [answer]})

    healthy, bot.rasa.answer = bot.rasa.answer, menu
    await bot.say("menu")
    bot.rasa.answer = fail
    await bot.receive("2")
    bot.clock.advance(timedelta(seconds=3))
    await bot.work()
    assert "đã nhận" in (await bot.replies())[-1]
    bot.rasa.answer = healthy
    bot.clock.advance(timedelta(seconds=20))
    await bot.work()
    assert (await bot.replies())[-1] == "echo payload greet"


async def test_two_workers_that_both_fail_say_one_holding_reply(bot: Bot) -> None:
    bot.rasa.answer = fail
    await bot.receive("xin chào")
    works = await bot.database.run(lambda c: bot.runner.claim(c, 10))
    bot.clock.advance(timedelta(seconds=11))  # the first worker's process was paused
    works += await bot.database.run(lambda c: bot.runner.claim(c, 10))
    for work in works:
        await bot.runner.run(work)
    assert len(await bot.replies()) == 1


async def test_while_the_service_hangs_only_one_turn_waits_for_it(bot: Bot) -> None:
    async def hang(_: dict[str, Any]) -> web.Response:
        await asyncio.sleep(30)
        return turn_answer("too late")

    bot.rasa.answer = hang
    await bot.say("một")  # finds out
    others = [await bot.open() for _ in range(40)]
    for other in others:
        await bot.receive("hai", to=other)
    bot.clock.advance(timedelta(milliseconds=1300))
    loop = asyncio.get_running_loop()
    started = loop.time()
    works = await bot.database.run(lambda c: bot.runner.claim(c, 100))
    await asyncio.gather(*(bot.runner.run(work) for work in works))
    assert loop.time() - started < 3
    assert all([len(await bot.replies(of=other)) == 1 for other in others])


async def test_a_service_that_answers_others_is_busy_and_nobody_else_is_held_back(bot: Bot) -> None:
    begun = asyncio.Event()

    async def slow_for_one(request: dict[str, Any]) -> web.Response:
        if request["text"] == "chậm":
            begun.set()
            await asyncio.sleep(5)
        return await echo(request)

    bot.rasa.answer = slow_for_one
    other = await bot.open()
    await bot.receive("chậm")
    slow = asyncio.create_task(bot.work())
    await begun.wait()
    await bot.receive("nhanh", to=other)
    await bot.work()
    assert await bot.replies(of=other) == ["echo nhanh"]
    await slow
    assert not bot.web.dialogue._is_out


async def test_a_button_of_flows_that_have_changed_is_answered_honestly(bot: Bot) -> None:
    assert await bot.say("", payload="/ask_something_gone") == ["echo payload event_message_without_words"]
