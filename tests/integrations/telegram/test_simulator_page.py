"""What the phone page and whoever configures a hotline are offered."""

from __future__ import annotations

from typing import Any

from integrations.telegram.sim_account import BOT_TOKEN, WEBHOOK_SECRET

from .platform import Platform, telegram


async def told(platform: Platform, what: str) -> Any:
    async with platform.http.get(f"{platform.url}/__sim/{what}") as answer:
        assert answer.status == 200
        return await answer.json()


async def test_the_account_is_the_same_at_every_start() -> None:
    async with telegram() as platform:
        account = await told(platform, "account")
        assert (account["TELEGRAM_BOT_TOKEN"], account["TELEGRAM_WEBHOOK_SECRET"], account["TELEGRAM_API_URL"]) == (
            BOT_TOKEN,
            WEBHOOK_SECRET,
            platform.url,
        )


async def test_everything_that_is_offered_can_be_done_without_a_file_at_hand() -> None:
    async with telegram() as platform:
        offered = await told(platform, "abilities")
        for item in offered["attachments"]:
            act = f"{platform.url}/__sim/people/{platform.person.id}/{item['action']}"
            async with platform.http.post(act, json={}) as answer:
                assert answer.status == 200, item
        assert len(await platform.updates()) == len(offered["attachments"])
        assert {item["action"] for item in offered["relations"]} <= platform.simulator.actions.keys()
        for fault in offered["faults"]:
            platform.simulator.faults.arm(fault["fault"])


async def test_the_commands_of_the_bot_are_a_menu() -> None:
    async with telegram() as platform:
        commands = [{"command": "canbo", "description": "Gặp cán bộ"}]
        await platform.result("setMyCommands", commands=commands)
        first = (await told(platform, "abilities"))["relations"][0]
        assert first == {"action": "text", "label": "/canbo – Gặp cán bộ", "fields": {"text": "/canbo"}}
        platform.act("text", **first["fields"])
        entities = (await platform.updates())[0]["message"]["entities"]
        assert entities == [{"type": "bot_command", "offset": 0, "length": 6}]


async def test_a_picture_is_seen_on_the_page() -> None:
    async with telegram() as platform:
        platform.act("image")
        media = platform.person.bubbles[-1].media
        assert media is not None
        async with platform.http.get(platform.url + media["url"]) as answer:
            assert (answer.status, answer.content_type) == (200, "image/jpeg")
            assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_a_button_that_is_not_there_cannot_be_pressed() -> None:
    async with telegram() as platform:
        await platform.result("sendMessage", chat_id=platform.person.number, text="x")
        act = f"{platform.url}/__sim/people/{platform.person.id}/press"
        for wish in ({"message_id": "1", "payload": "/x"}, {"message_id": "9", "payload": "/x"}, {}):
            async with platform.http.post(act, json=wish) as answer:
                assert (answer.status, list(await answer.json())) == (400, ["error"])


async def test_a_button_below_the_text_field_says_its_words() -> None:
    async with telegram() as platform:
        markup = {"keyboard": [["Có", "Không"]]}
        await platform.result("sendMessage", chat_id=platform.person.number, text="Chọn", reply_markup=markup)
        platform.act("press", message_id="1", payload="Không")
        assert (await platform.updates())[0]["message"]["text"] == "Không"
