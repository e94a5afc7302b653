"""How updates come to the bot: long polling, or a webhook, and what can go wrong (rules T3, T4, T7, T8)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from integrations.telegram.sim_account import WEBHOOK_SECRET
from integrations.telegram.sim_webhook import pause

from .platform import hotline, ids, telegram

SECRET = "x-telegram-bot-api-secret-token"
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


async def until(happened: Any, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.005)


async def test_a_simulator_that_begins_anew_gives_no_id_that_a_hotline_remembers() -> None:
    told = set()
    for _ in range(5):
        async with telegram() as platform:
            told |= {platform.act("text", text=text)["update_id"] for text in ("một", "hai")}
    assert len(told) == 10


# ---- T3: polling


async def test_updates_are_given_from_the_offset_on_and_only_the_kinds_asked_for() -> None:
    async with telegram() as platform:
        told = [platform.act("text", text=text)["update_id"] for text in ("một", "hai", "ba")]
        assert ids(await platform.updates(limit=2)) == told[:2]
        assert ids(await platform.updates(offset=told[1])) == told[1:]
        assert ids(await platform.updates()) == told[1:]
        assert await platform.updates(offset=told[2] + 1, allowed_updates=["message"]) == []
        assert platform.act("block")["update_id"] is None
        assert platform.act("unblock")["update_id"] is None
        assert platform.act("text", text="bốn")["update_id"] == told[2] + 1


async def test_a_long_poll_ends_with_the_first_update() -> None:
    async with telegram() as platform:
        poll = asyncio.ensure_future(platform.updates(timeout=30))
        await asyncio.sleep(0.05)
        assert not poll.done()
        platform.act("text", text="một")
        assert [update["message"]["text"] for update in await poll] == ["một"]


async def test_a_poll_without_a_timeout_answers_at_once() -> None:
    async with telegram() as platform:
        assert await platform.updates(timeout=0) == []


# ---- T4: conflicts


async def test_polling_and_a_webhook_exclude_each_other() -> None:
    async with telegram() as platform:
        poll = asyncio.ensure_future(platform.refusal("getUpdates", timeout=30))
        await asyncio.sleep(0.05)
        await platform.result("setWebhook", url="http://127.0.0.1:9/webhooks/telegram")
        assert await poll == "Conflict: terminated by setWebhook request"
        assert await platform.refusal("getUpdates") == WEBHOOK_ACTIVE
        platform.advance(seconds=1)
        await platform.result("deleteWebhook")
        assert await platform.updates() == []


async def test_a_second_poller_ends_the_first() -> None:
    async with telegram() as platform:
        first = asyncio.ensure_future(platform.refusal("getUpdates", timeout=30))
        await asyncio.sleep(0.05)
        second = asyncio.ensure_future(platform.updates(timeout=30))
        assert await first == OTHER_POLLER
        platform.act("text", text="một")
        assert len(await second) == 1


async def test_two_pollers_may_be_allowed_by_a_switch() -> None:
    async with telegram(one_poller=False) as platform:
        polls = [asyncio.ensure_future(platform.updates(timeout=30)) for _ in range(2)]
        await asyncio.sleep(0.05)
        platform.act("text", text="một")
        assert [len(await poll) for poll in polls] == [1, 1]


# ---- T3, T7: setting the webhook


@pytest.mark.parametrize(
    ("parameters", "wrong"),
    [
        ({"url": "http://hotline.vn/w"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "ftp://127.0.0.1/w"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://hotline.vn:8000/w"},
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        ({"url": "https://hotline.vn:port/w"}, "bad webhook: invalid URL specified"),
        ({"url": "https://hotline.vn/w", "secret_token": "có dấu"}, "secret token contains unallowed characters"),
        ({"url": "https://hotline.vn/w", "secret_token": "a" * 257}, "secret token is too long"),
        ({"url": "https://hotline.vn/w", "allowed_updates": "message"}, "can't parse allowed_updates JSON object"),
    ],
)
async def test_a_webhook_beyond_the_rules_is_refused(parameters: dict[str, Any], wrong: str) -> None:
    async with telegram() as platform:
        assert await platform.refusal("setWebhook", **parameters) == f"Bad Request: {wrong}"
        assert (await platform.result("getWebhookInfo"))["url"] == ""


async def test_a_plain_address_on_the_loopback_is_taken_unless_so_switched() -> None:
    async with telegram(https_only=True) as platform:
        refused = await platform.refusal("setWebhook", url="http://localhost:8000/w")
        assert refused == "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
    async with telegram() as platform:
        assert await platform.result("setWebhook", url="http://localhost:8000/w")


async def test_the_webhook_says_how_it_stands() -> None:
    async with telegram() as platform:
        platform.act("text", text="chờ")
        wanted = {"url": "https://hotline.invalid/w", "max_connections": 500, "allowed_updates": ["message"]}
        await platform.result("setWebhook", **wanted)
        info = await platform.result("getWebhookInfo")
        assert (info["url"], info["pending_update_count"], info["max_connections"], info["allowed_updates"]) == (
            "https://hotline.invalid/w",
            1,
            100,
            ["message"],
        )
        _, again = await platform.ask("setWebhook", **wanted)
        assert again["description"] == "Webhook is already set"
        refused = await platform.refusal("setWebhook", url="https://hotline.invalid/other")
        assert refused == "Too Many Requests: retry after 1"
        platform.advance(seconds=1)
        await platform.result("deleteWebhook", drop_pending_updates=True)
        assert await platform.updates() == []


# ---- T7: calling the webhook


async def test_the_webhook_gets_each_update_with_the_secret() -> None:
    async with telegram() as platform, hotline() as heard:
        await platform.result("setWebhook", url=heard.url, secret_token="bi_mat-1")
        told = platform.act("text", text="Chào")
        await platform.settled()
        assert heard.headers[0][SECRET] == "bi_mat-1"
        assert heard.headers[0]["content-type"] == "application/json"
        assert ids(heard.updates) == [told["update_id"]]
        assert (await platform.result("getWebhookInfo"))["pending_update_count"] == 0


async def test_without_a_secret_there_is_no_header() -> None:
    async with telegram() as platform, hotline() as heard:
        await platform.result("setWebhook", url=heard.url)
        platform.act("text", text="Chào")
        await platform.settled()
        assert SECRET not in heard.headers[0]


async def test_a_failed_call_is_repeated_with_the_same_id_before_the_next_of_the_chat() -> None:
    async with hotline() as heard, telegram(webhook=heard.url) as platform:
        heard.statuses = [500, 302, 200]
        first, second = (platform.act("text", text=text)["update_id"] for text in ("một", "hai"))
        await platform.settled()
        assert ids(heard.updates) == [first, first, first, second]
        assert heard.headers[0][SECRET] == WEBHOOK_SECRET
        delivered = platform.simulator.journal.of("delivery")
        assert [(entry["attempt"], entry["status"]) for entry in delivered] == [(0, 500), (1, 302), (2, 200), (0, 200)]
        info = await platform.result("getWebhookInfo")
        assert info["last_error_message"] == "Wrong response from the webhook: 302"


async def test_chats_are_told_in_parallel_and_each_in_order() -> None:
    async with hotline() as heard, telegram(webhook=heard.url) as platform:
        heard.gate = asyncio.Event()
        other = platform.simulator.new_person("Ông Hùng")
        for text in ("một", "hai"):
            platform.act("text", text=text)
            platform.act("text", other, text=text)
        await until(lambda: len(heard.updates) == 2)
        assert heard.texts == ["một", "một"]
        heard.gate.set()
        await platform.settled()
        assert sorted(heard.texts) == ["hai", "hai", "một", "một"]


async def test_no_more_calls_at_once_than_the_bot_asked_for() -> None:
    async with telegram() as platform, hotline() as heard:
        heard.gate = asyncio.Event()
        await platform.result("setWebhook", url=heard.url, max_connections=2)
        for number in range(4):
            platform.act("text", platform.simulator.new_person(f"Người {number}"), text="x")
        await until(lambda: len(heard.updates) == 2)
        await asyncio.sleep(0.05)
        assert len(heard.updates) == 2
        heard.gate.set()
        await platform.settled()
        assert len(heard.updates) == 4


async def test_order_is_lost_when_so_switched() -> None:
    async with hotline() as heard, telegram(webhook=heard.url, in_order=False) as platform:
        heard.gate = asyncio.Event()
        for text in ("một", "hai"):
            platform.act("text", text=text)
        await until(lambda: len(heard.updates) == 2)
        heard.gate.set()


def test_the_pauses_grow_up_to_a_minute_or_two() -> None:
    assert [pause(failures) for failures in range(1, 7)] == [1, 2, 4, 8, 16, 32]
    assert all(60 <= pause(failures) <= 120 for failures in (8, 20, 900))


async def test_retry_after_is_honoured_and_a_new_webhook_is_called_at_once() -> None:
    async with hotline() as heard, telegram(webhook=heard.url, retry_scale=1) as platform:
        heard.statuses, heard.answer_headers = [503], {"Retry-After": "600"}
        platform.act("text", text="một")
        await until(lambda: platform.simulator.postman.failures == 1)
        platform.advance(seconds=500)
        await asyncio.sleep(0.05)
        assert len(heard.updates) == 1
        platform.advance(seconds=100)
        await platform.settled()
        assert len(heard.updates) == 2
        heard.statuses = [503]
        platform.act("text", text="hai")
        await until(lambda: platform.simulator.postman.failures == 2)
        await platform.result("setWebhook", url=heard.url, secret_token="moi")
        await platform.settled()
        assert heard.texts == ["một", "một", "hai", "hai"]


async def test_a_webhook_turned_off_and_on_gets_what_waited() -> None:
    async with hotline() as heard, telegram(webhook=heard.url) as platform:
        control = f"{platform.url}/__sim/webhook"
        async with platform.http.post(control, json={"enabled": False}):
            platform.act("text", text="một")
        await platform.settled()
        assert heard.updates == []
        async with platform.http.post(control, json={"enabled": True}):
            await platform.settled()
        assert heard.texts == ["một"] and heard.headers[0][SECRET] == WEBHOOK_SECRET


async def test_an_update_that_was_not_taken_for_a_day_is_dropped() -> None:
    async with telegram() as platform, hotline() as heard:
        platform.act("text", text="cũ")
        platform.advance(hours=24, seconds=1)
        platform.act("text", text="mới")
        await platform.result("setWebhook", url=heard.url)
        await platform.settled()
        assert heard.texts == ["mới"]


async def test_a_webhook_that_is_gone_for_23_hours_is_removed() -> None:
    async with hotline() as heard, telegram(webhook=heard.url, retry_scale=1) as platform:
        postman = platform.simulator.postman
        heard.statuses = [410] * 9
        platform.act("text", text="x")
        await until(lambda: postman.failures == 1)
        platform.advance(hours=23, seconds=1)
        await platform.settled()
        assert (postman.url, heard.texts) == (None, ["x", "x"])


async def test_ids_may_begin_anew_at_a_lower_number() -> None:
    async with hotline() as heard, telegram(webhook=heard.url) as platform:
        first = platform.act("text", text="một")["update_id"]
        platform.simulator.raw_event({"restart_at": 5})
        assert platform.act("text", text="hai")["update_id"] == 5
        await platform.settled()
        assert ids(heard.updates) == [first, 5]


# ---- T8: a method in the answer


async def test_a_method_in_the_answer_is_done_and_other_json_is_not() -> None:
    async with hotline() as heard, telegram(webhook=heard.url) as platform:
        heard.body = {"status": "ok", "text": "không phải tin"}
        platform.act("text", text="một")
        await platform.settled()
        assert platform.simulator.journal.of("method_in_answer") == []
        heard.body = {"method": "sendMessage", "chat_id": platform.person.number, "text": "Chào"}
        platform.act("text", text="hai")
        await platform.settled()
        assert [entry["text"] for entry in platform.simulator.journal.of("accepted")] == ["Chào"]


@pytest.mark.parametrize("method", ["getMe", "setWebhook", "deleteWebhook", "close", "sendLove"])
async def test_not_every_method_may_stand_in_an_answer(method: str) -> None:
    async with hotline() as heard, telegram(webhook=heard.url) as platform:
        heard.body = {"method": method, "url": ""}
        platform.act("text", text="một")
        await platform.settled()
        noted = platform.simulator.journal.of("method_in_answer")
        assert [(entry["method"], "error" in entry) for entry in noted] == [(method, True)]
        assert platform.simulator.postman.url == heard.url


async def test_two_hundred_updates_a_second_and_more_go_through() -> None:
    async with hotline() as heard, telegram(webhook=heard.url) as platform:
        people = [platform.simulator.new_person(f"Người {number}") for number in range(50)]
        started = asyncio.get_running_loop().time()
        for number in range(400):
            platform.act("text", people[number % 50], text=str(number))
        await platform.simulator.postman.settle(seconds=10)
        assert len(heard.updates) == 400
        assert asyncio.get_running_loop().time() - started < timedelta(seconds=4).total_seconds()
