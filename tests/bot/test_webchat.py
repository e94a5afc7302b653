from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from store.tables import conversation
from tests.bot import webchat_page
from tests.bot.webchat_page import Page, sse

page = webchat_page.page


async def test_a_message_is_stored_before_it_is_acknowledged_and_comes_back_on_the_stream(page: Page) -> None:
    await page.begin()
    status, body = await page.post({"id": "message-1", "text": "xin chào"})
    assert (status, body) == (202, {"id": "message-1", "seq": 1, "duplicate": False})
    await page.bot.work()
    seen = await page.events()
    assert [(e["seq"], e["direction"], e["text"]) for e in seen] == [(1, "in", "xin chào"), (2, "out", "echo xin chào")]
    assert (seen[0]["id"], seen[0]["by"], seen[1]["by"]) == ("message-1", "owner", "bot")


async def test_a_repeated_message_is_recognised(page: Page) -> None:
    await page.begin()
    await page.post({"id": "message-1", "text": "có"})
    _, again = await page.post({"id": "message-1", "text": "có"})
    assert again["duplicate"] is True
    await page.bot.work()
    assert [e["text"] for e in await page.events()] == ["có", "echo có"]


async def test_the_stream_resumes_where_it_was_left(page: Page) -> None:
    await page.begin()
    for n in range(3):
        await page.post({"id": f"message-{n}", "text": str(n)})
    await page.bot.work()
    assert [e["seq"] for e in await page.events(after=4)] == [5, 6]


async def test_what_is_said_while_the_stream_is_open_arrives_at_once(page: Page) -> None:
    await page.begin()
    async with page.http.get(f"{page.url}/webchat/events") as response:
        stream = sse(response)
        assert (await anext(stream))[0] == "ready"
        await page.post({"id": "message-1", "text": "xin chào"})
        await page.bot.work()
        arrived = [(await asyncio.wait_for(anext(stream), 2))[1]["text"] for _ in range(2)]
    assert arrived == ["xin chào", "echo xin chào"]


@pytest.mark.parametrize("after", ["99999999999999999999", "-1", "x"])
async def test_a_place_that_no_stream_can_have_is_refused(page: Page, after: str) -> None:
    await page.begin()
    async with page.http.get(f"{page.url}/webchat/events?after={after}") as response:
        assert response.status == 422


async def test_an_absurd_last_event_id_is_ignored(page: Page) -> None:
    await page.begin()
    await page.post({"id": "message-1", "text": "một"})
    headers = {"Last-Event-ID": "9" * 5000}
    async with page.http.get(f"{page.url}/webchat/events", headers=headers) as response:
        assert (await anext(sse(response)))[1]["text"] == "một"


async def test_one_session_never_sees_anothers_conversation(page: Page) -> None:
    await page.begin()
    await page.post({"id": "message-1", "text": "của tôi"})
    page.http.cookie_jar.clear()
    await page.begin()
    assert await page.events() == []


async def test_the_cookie_is_closed_to_scripts_and_to_other_sites(page: Page) -> None:
    cookie = (await page.begin()).headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/webchat" in cookie


async def test_the_token_itself_is_not_stored(page: Page) -> None:
    await page.begin()
    addresses = await page.bot.database.read(lambda c: list(c.scalars(select(conversation.c.address))))
    assert page.token not in "".join(addresses)


@pytest.mark.parametrize("token", ["", "unknown-token"])
async def test_without_a_known_token_nothing_is_taken(page: Page, token: str) -> None:
    status, problem = await page.post({"id": "message-1", "text": "x"}, token=token)
    assert (status, problem["code"]) == (401, "token_unknown")


async def test_the_stream_needs_the_cookie(page: Page) -> None:
    async with page.http.get(f"{page.url}/webchat/events") as response:
        assert response.status == 401
        assert response.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "json_invalid"),
        (b"[1]", 422, "message_invalid"),
        ({"text": "x"}, 422, "message_invalid"),
        ({"id": "short", "text": "x"}, 422, "message_invalid"),
        ({"id": "message-1"}, 422, "message_invalid"),
        ({"id": "message-1", "text": 5}, 422, "message_invalid"),
        ({"id": "message-1", "text": "a", "payload": "/greet"}, 422, "message_invalid"),
        ({"id": "message-1", "payload": "greet"}, 422, "payload_unknown"),
        ({"id": "message-1", "payload": "/no_such_intent"}, 422, "payload_unknown"),
        ({"id": "message-1", "payload": "/event_person_finished"}, 422, "payload_unknown"),
        (b'{"id":"message-1","text":"' + b"a" * (1 << 20) + b'"}', 413, "body_too_large"),
    ],
)
async def test_bad_messages_are_refused_with_what_to_do(page: Page, body: Any, status: int, code: str) -> None:
    await page.begin()
    got, problem = await page.post(body)
    assert (got, problem["code"]) == (status, code)
    assert problem["detail"]
    assert await page.events() == []


async def test_a_hundred_thousand_characters_are_kept_and_answered(page: Page) -> None:
    await page.begin()
    status, _ = await page.post({"id": "message-1", "text": "dài " * 25_000})
    await page.bot.work()
    seen = await page.events()
    assert status == 202
    assert len(seen[0]["text"]) > 99_000
    assert seen[1]["text"] == "echo payload event_message_too_long"


async def test_a_pressed_button_shows_its_words_in_the_thread(page: Page) -> None:
    await page.begin()
    await page.post({"id": "message-1", "payload": "/request_person"})
    assert (await page.events())[0]["text"] == "Gặp cán bộ"


async def test_decomposed_and_hostile_text_is_stored_as_plain_composed_text(page: Page) -> None:
    await page.begin()
    await page.post({"id": "message-1", "text": "Đo\u0302\u0300ng Hy\u0309\x00 <img src=x onerror=alert(1)>"})
    assert (await page.events())[0]["text"] == "Đồng Hỷ <img src=x onerror=alert(1)>"


async def test_every_response_carries_the_protecting_headers(page: Page) -> None:
    for path in ("/", "/webchat/chat.js", "/nothing", "/healthz"):
        async with page.http.get(page.url + path) as response:
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_names_the_province(page: Page) -> None:
    async with page.http.get(page.url) as response:
        assert "Thái Nguyên" in await response.text()


@pytest.mark.parametrize("path", ["/webchat/..%2f..%2fclient.py", "/webchat/client.py", "/webchat/index.html"])
async def test_only_the_pages_own_files_are_served(page: Page, path: str) -> None:
    async with page.http.get(page.url + path) as response:
        assert response.status == 404


async def test_readiness_names_what_is_missing(page: Page) -> None:
    async with page.http.get(f"{page.url}/readyz") as response:
        assert (response.status, (await response.json())["status"]) == (200, "ok")
    page.bot.web.dialogue.rasa_url = "http://127.0.0.1:1"
    async with page.http.get(f"{page.url}/readyz") as response:
        body = await response.json()
        assert (response.status, body["checks"]["dialogue"], body["checks"]["database"]) == (503, False, True)
