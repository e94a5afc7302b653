"""What the simulated Telegram can do that a good client must survive (rule T11)."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.telegram.sim_account import WEBHOOK_SECRET

from .platform import Hotline, Platform, hotline, ids, telegram

SECRET = "x-telegram-bot-api-secret-token"


async def forged(platform: Platform, heard: Hotline, **wanted: Any) -> Any:
    async with platform.http.post(f"{platform.url}/__sim/events", json=wanted) as answer:
        assert answer.status == 200, await answer.text()
    await platform.settled()
    return heard.headers[-1].get(SECRET)


async def test_calls_that_are_not_telegrams_can_be_made() -> None:
    async with hotline() as heard, telegram(webhook=heard.url) as platform:
        body = '{"update_id": 1}'
        assert await forged(platform, heard, body=body, secret="sai") == "sai"
        assert await forged(platform, heard, body=body, secret=None) is None
        assert await forged(platform, heard, body="không phải JSON", secret=WEBHOOK_SECRET) == WEBHOOK_SECRET
        assert heard.updates[-1] == {"raw": "không phải JSON".encode()}


async def test_an_update_can_come_twice() -> None:
    async with hotline() as heard, telegram(webhook=heard.url) as platform:
        told = platform.act("text", text="một")["update_id"]
        await platform.settled()
        await forged(platform, heard, repeat=told)
        assert ids(heard.updates) == [told, told] and heard.updates[0] == heard.updates[1]
        platform.simulator.switches.duplicate_events = True
        told = platform.act("text", text="hai")["update_id"]
        await platform.settled()
        assert ids(heard.updates)[2:] == [told, told]


async def test_unknown_kinds_come_even_when_they_were_not_asked_for() -> None:
    async with telegram() as platform, hotline() as heard:
        await platform.result("setWebhook", url=heard.url, allowed_updates=["message"])
        await forged(platform, heard, update={"quantum_message": {"x": 1}})
        await forged(platform, heard, update={"update_id": 2**40, "message": {"text": "đ" * 50_000}})
        assert heard.updates[0]["quantum_message"] == {"x": 1}
        assert heard.updates[1]["update_id"] == 2**40


async def test_each_ready_made_case_can_be_made() -> None:
    async with hotline() as heard, telegram(webhook=heard.url) as platform:
        first = platform.act("text", text="một")["update_id"]
        await platform.settled()
        for case in platform.simulator.hostile.cases:
            await forged(platform, heard, case=case, user=platform.person.id)
        last = platform.act("text", text="cuối")["update_id"]
        await platform.settled()
        secrets = [headers.get(SECRET) for headers in heard.headers[1:5]]
        assert secrets == ["sai-bi-mat", None, WEBHOOK_SECRET, WEBHOOK_SECRET]
        assert len(heard.updates[4]["message"]["text"]) > 1_000_000
        kinds = [list(update)[1] for update in heard.updates[5:]]
        assert kinds == ["message", "user_waved", "message", "message", "message"]
        assert ids(heard.updates[5:]) == [first, first + 1, first + 2, first + 3, last] and last == 1000


async def test_what_cannot_be_sent_is_refused_in_words() -> None:
    async with telegram() as platform:
        for wanted in ({}, {"repeat": 1}, {"update": "x"}, {"restart_at": "x"}):
            async with platform.http.post(f"{platform.url}/__sim/events", json=wanted) as answer:
                assert (answer.status, list(await answer.json())) == (400, ["error"])


async def test_an_edited_message_tells_the_new_text_and_the_old_update_stays_as_it_was() -> None:
    async with telegram() as platform:
        message_id = platform.act("text", text="Sai chính tả")["message_id"]
        platform.act("edit", message_id=message_id, text="Đúng chính tả")
        first, second = await platform.updates()
        assert first["message"]["text"] == "Sai chính tả"
        edited = second["edited_message"]
        assert (edited["text"], edited["message_id"]) == ("Đúng chính tả", int(message_id))
        assert edited["edit_date"] and platform.person.bubbles[-1].text == "Đúng chính tả"


async def test_a_long_text_is_cut_by_the_app() -> None:
    async with telegram() as platform:
        platform.act("text", text="👍" * 2049)
        assert [update["message"]["text"] for update in await platform.updates()] == ["👍" * 2048, "👍"]


@pytest.mark.parametrize("text", ["مرحبا", "👨‍👩‍👧 chào", "a\u202eb", "Chào chị"])
async def test_texts_arrive_as_they_were_written(text: str) -> None:
    async with telegram() as platform:
        platform.act("text", text=text)
        assert (await platform.updates())[0]["message"]["text"] == text


async def test_most_people_have_no_user_name() -> None:
    async with telegram() as platform:
        platform.act("text", platform.simulator.new_person("Lan"), text="x")
        sender = (await platform.updates())[0]["message"]["from"]
        assert "username" not in sender and "last_name" not in sender
