"""Tickets, the token on the stream, limits, and the chat inside other sites' pages."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot.web.limits import MOST_KEYS, STREAMS_AT_ONCE, Buckets, WebLimits, network_of
from bot.web.sessions import TICKET_LIFE, make_ticket
from integrations.webchat.client import EMBED_SCRIPT
from store.channel_tables import ticket as used_ticket
from tests.bot import webchat_page
from tests.bot.webchat_page import Page, sse

page = webchat_page.page
HOST = "https://thainguyen.gov.vn"


async def stream_status(page: Page, headers: dict[str, str] | None = None, **query: str) -> tuple[int, str]:
    """Status of an opened stream, and the problem's code; without the cookie."""
    url, without_cookies = f"{page.url}/webchat/events", aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
    async with without_cookies as http, http.get(url, params=query, headers=headers) as response:
        return response.status, "" if response.status == 200 else (await response.json())["code"]


async def ask_ticket(page: Page) -> str:
    headers = {"Authorization": f"Bearer {page.token}"}
    async with page.http.post(f"{page.url}/webchat/tickets", headers=headers) as response:
        assert response.status == 201
        return str((await response.json())["ticket"])


# ---- tickets and tokens ----


async def test_a_ticket_opens_one_stream_once_and_the_token_opens_as_many_as_needed(page: Page) -> None:
    await page.begin()
    ticket = await ask_ticket(page)
    assert await stream_status(page, ticket=ticket) == (200, "")
    assert await stream_status(page, ticket=ticket) == (401, "ticket_unknown")
    bearer = {"Authorization": f"Bearer {page.token}"}
    assert await stream_status(page, bearer) == (200, "")
    assert await stream_status(page, bearer) == (200, "")
    assert await stream_status(page, {"Authorization": "Bearer unknown"}) == (401, "token_unknown")


async def test_a_ticket_is_of_no_use_after_a_minute_and_leaves_nothing_behind(page: Page) -> None:
    await page.begin()
    used, late = await ask_ticket(page), await ask_ticket(page)
    await stream_status(page, ticket=used)
    page.bot.clock.advance(TICKET_LIFE)
    assert await stream_status(page, ticket=late) == (401, "ticket_unknown")
    await stream_status(page, ticket=await ask_ticket(page))
    rows = await page.bot.database.read(lambda c: c.scalar(select(func.count()).select_from(used_ticket)))
    assert rows == 1


@pytest.mark.parametrize("forged", ["x", "a.b.c.d", "..", "ư.1.1.1", "0" * 32 + ".99999999999.0.00"])
async def test_a_ticket_that_was_not_made_here_is_refused(page: Page, forged: str) -> None:
    await page.begin()
    assert await stream_status(page, ticket=forged) == (401, "ticket_unknown")


async def test_a_ticket_cannot_be_changed_to_anothers_conversation(page: Page) -> None:
    mine = make_ticket(page.bot.keyring, "a" * 32, page.bot.clock.now())
    theirs = mine.replace("a" * 32, page.bot.conversation_id)
    assert await stream_status(page, ticket=theirs) == (401, "ticket_unknown")


async def test_of_two_uses_at_the_same_time_one_succeeds(page: Page) -> None:
    await page.begin()
    ticket = await ask_ticket(page)
    statuses = await asyncio.gather(*(stream_status(page, ticket=ticket) for _ in range(4)))
    assert sorted(status for status, _ in statuses) == [200, 401, 401, 401]


async def test_the_cookie_alone_changes_nothing(page: Page) -> None:
    """Else another site's page could write in the owner's name."""
    await page.begin()
    for path in ("/webchat/messages", "/webchat/tickets", "/webchat/attachments?id=picture-1"):
        async with page.http.post(page.url + path, data=b'{"id": "message-1", "text": "x"}') as response:
            assert (response.status, (await response.json())["code"]) == (401, "token_unknown")


async def test_a_stream_resumes_after_the_last_event_that_arrived(page: Page) -> None:
    await page.begin()
    for n in range(3):
        await page.post({"id": f"message-{n}", "text": str(n)})
    headers = {"Last-Event-ID": "2", "Authorization": f"Bearer {page.token}"}
    async with page.http.get(f"{page.url}/webchat/events?after=1", headers=headers) as response:
        event, data = await anext(sse(response))
    assert (event, data["seq"]) == ("message", 3)


# ---- limits ----


def test_a_bucket_gives_its_burst_then_its_pace_and_says_how_long_to_wait() -> None:
    bucket = Buckets(burst=2, per_minute=6)
    assert [bucket.take("a", 0), bucket.take("a", 0), bucket.take("a", 0)] == [0, 0, 10]
    assert bucket.take("b", 0) == 0
    assert bucket.take("a", 5) == 5
    assert bucket.take("a", 10) == 0
    assert bucket.take("a", -1000) == 10, "a clock that was put back takes nothing away and gives nothing"


def test_buckets_forget_who_was_idle_longest_and_stay_bounded() -> None:
    bucket = Buckets(burst=1, per_minute=1)
    for n in range(MOST_KEYS + 500):
        bucket.take(str(n), 0)
    assert len(bucket._levels) == MOST_KEYS
    assert bucket.take(str(MOST_KEYS + 499), 0) > 0
    assert bucket.take("0", 0) == 0


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_one_customers_addresses_count_as_one(host: str, network: str) -> None:
    assert network_of(host) == network


def limit(page: Page, **buckets: Buckets) -> None:
    page.bot.web.limits._buckets.update(buckets)


async def assert_limited(response: aiohttp.ClientResponse, code: str, seconds: int) -> None:
    problem = await response.json()
    assert (response.status, problem["code"], response.headers["Retry-After"]) == (429, code, str(seconds))
    assert response.content_type == "application/problem+json"
    assert f"đợi khoảng {seconds} giây" in problem["detail"]


async def test_too_many_messages_wait_and_are_taken_afterwards(page: Page) -> None:
    await page.begin()
    limit(page, messages=Buckets(burst=2, per_minute=6))
    for n in range(2):
        assert (await page.post({"id": f"message-{n}", "text": "x"}))[0] == 202
    headers = {"Authorization": f"Bearer {page.token}"}
    body = {"id": "message-2", "text": "câu thứ ba"}
    with capture_logs() as logs:
        async with page.http.post(f"{page.url}/webchat/messages", json=body, headers=headers) as response:
            await assert_limited(response, "too_many_messages", 10)
    assert logs == [{"event": "web_limit_reached", "what": "messages", "log_level": "info"}]
    page.bot.clock.advance(timedelta(seconds=10))
    assert (await page.post(body))[0] == 202


async def test_one_owners_haste_is_not_anothers_wait(page: Page) -> None:
    limit(page, messages=Buckets(burst=1, per_minute=1))
    for _ in range(2):
        await page.begin()
        assert (await page.post({"id": "message-1", "text": "x"}))[0] == 202


async def test_too_many_sessions_of_one_address_wait(page: Page) -> None:
    limit(page, sessions=Buckets(burst=1, per_minute=2))
    await page.begin()
    async with page.http.post(f"{page.url}/webchat/conversations") as response:
        await assert_limited(response, "too_many_sessions", 30)
    page.bot.clock.advance(timedelta(seconds=30))
    assert (await page.begin()).status == 201


async def test_streams_are_limited_at_once_and_a_closed_one_makes_room(page: Page) -> None:
    await page.begin()
    url, open_ = f"{page.url}/webchat/events", []
    for _ in range(STREAMS_AT_ONCE):
        response = await page.http.get(url)
        await anext(sse(response))
        open_.append(response)
    async with page.http.get(url) as response:
        await assert_limited(response, "too_many_streams", 15)
    for response in open_:
        response.close()
    async with asyncio.timeout(10):
        while page.bot.web.limits._open_streams:
            page.bot.web.wakeups.notify(next(iter(page.bot.web.limits._open_streams)))
            await asyncio.sleep(0.01)
    assert (await stream_status(page, {"Authorization": f"Bearer {page.token}"}))[0] == 200


async def test_opening_streams_again_and_again_is_limited_too(page: Page) -> None:
    await page.begin()
    limit(page, streams=Buckets(burst=2, per_minute=60))
    bearer = {"Authorization": f"Bearer {page.token}"}
    statuses = [(await stream_status(page, bearer))[0] for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_a_higher_flood_limit_raises_the_limits_of_the_page() -> None:
    assert WebLimits(1000)._buckets["messages"].burst > 1000
    assert WebLimits()._buckets["messages"].burst > 30, "the inbox answers a flood; the web only keeps it bounded"


# ---- inside other sites' pages ----


async def policy_of(page: Page, path: str) -> str:
    async with page.http.get(page.url + path) as response:
        found = re.search(r"frame-ancestors ([^;]*)", response.headers["Content-Security-Policy"])
        assert found
        return found[1]


async def test_nobody_frames_the_chat_unless_sites_are_named(page: Page) -> None:
    for path in ("/", "/?embed=1"):
        assert await policy_of(page, path) == "'none'"


async def test_exactly_the_named_sites_frame_the_chat_and_nothing_else_of_ours(page: Page) -> None:
    object.__setattr__(page.bot.web, "embed_origins", (HOST, "https://tancuong.vn"))
    assert await policy_of(page, "/?embed=1") == f"{HOST} https://tancuong.vn"
    for path in ("/", "/?embed=0", "/webchat/chat.js", "/healthz", "/attachments/1?embed=1", "/nothing?embed=1"):
        assert await policy_of(page, path) == "'none'"


async def session_cookie(page: Page, path: str, scheme: str) -> str:
    headers = {"X-Forwarded-Proto": scheme}
    async with page.http.post(page.url + path, headers=headers) as response:
        assert response.status == 201
        return response.headers.get("Set-Cookie", "")


async def test_inside_a_named_sites_page_the_cookie_is_kept_apart_for_that_site(page: Page) -> None:
    object.__setattr__(page.bot.web, "embed_origins", (HOST,))
    cookie = await session_cookie(page, "/webchat/conversations?embed=1", "https")
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=none", "partitioned", "path=/webchat"} <= parts
    assert await session_cookie(page, "/webchat/conversations?embed=1", "http") == ""


@pytest.mark.parametrize("path", ["/webchat/conversations", "/webchat/conversations?embed=1"])
async def test_without_named_sites_the_cookie_never_leaves_our_own_page(page: Page, path: str) -> None:
    cookie = (await session_cookie(page, path, "https")).lower()
    assert "samesite=strict" in cookie and "secure" in cookie and "partitioned" not in cookie


async def test_the_script_for_other_sites_may_be_checked_by_them(page: Page) -> None:
    async with page.http.get(f"{page.url}/webchat/embed.js") as response:
        assert response.content_type in ("text/javascript", "application/javascript")
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert await response.read() == EMBED_SCRIPT.read_bytes()


def test_the_documented_digest_is_that_of_the_script() -> None:
    """Sites that check the digest stop showing the chat when the script changes: then they must be told."""
    documented = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha384(EMBED_SCRIPT.read_bytes()).digest()).decode()
    assert f'integrity="sha384-{digest}"' in documented


def test_the_script_for_other_sites_needs_no_inline_styles_or_scripts() -> None:
    script = EMBED_SCRIPT.read_text(encoding="utf-8")
    for forbidden in ("innerHTML", "insertAdjacentHTML", "<style", "setAttribute('style'", "eval(", "document.write"):
        assert forbidden not in script
    assert len(script) < 4096
