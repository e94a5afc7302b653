"""The control API: what a test, a person on the page and a supervisor can ask of a simulator."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta

import aiohttp
import pytest

from .conftest import Call, Post
from .hotline import Hotline


async def test_a_person_acts_and_the_journal_tells_it_in_order(post: Post, hotline: Hotline, call: Call) -> None:
    assert (await call("POST", "/__sim/people/1/write", json={"text": "Chào em"}))[0] == 200
    await post.deliverer.settle()
    await call("POST", "/send", json={"to": "1", "text": "Chào bà"})
    said = (await call("GET", "/__sim/journal"))[1]
    assert [entry["n"] for entry in said["entries"]] == list(range(1, said["last"] + 1))
    assert {entry["kind"] for entry in said["entries"]} == {"control", "delivery", "accepted", "request"}
    accepted = next(entry for entry in said["entries"] if entry["kind"] == "accepted")
    assert (accepted["number"], accepted["user"], accepted["text"]) == (1, "1", "Chào bà")
    assert accepted["body"] == {"to": "1", "text": "Chào bà"}
    later = (await call("GET", f"/__sim/journal?after={accepted['n']}&limit=1"))[1]
    assert [entry["n"] for entry in later["entries"]] == [accepted["n"] + 1]
    chat = (await call("GET", "/__sim/people/1"))[1]["chat"]
    assert [(bubble["side"], bubble["text"]) for bubble in chat] == [("person", "Chào em"), ("account", "Chào bà")]


async def test_the_clock_moves_by_seconds_or_to_an_instant(post: Post, call: Call) -> None:
    before = post.clock.now()
    await call("POST", "/__sim/clock", json={"advance_seconds": 3600})
    assert timedelta(hours=1) <= post.clock.now() - before < timedelta(hours=1, minutes=1)
    said = (await call("POST", "/__sim/clock", json={"now": "2026-12-01T09:00"}))[1]
    assert datetime.fromisoformat(said["now"]) - datetime.fromisoformat("2026-12-01T02:00+00:00") < timedelta(minutes=1)


async def test_faults_are_armed_listed_and_cleared(post: Post, call: Call) -> None:
    armed = (await call("POST", "/__sim/faults", json={"kind": "html", "count": 2}))[1]["faults"]
    assert [(fault["kind"], fault["count"]) for fault in armed] == [("html", 2)]
    assert (await call("DELETE", "/__sim/faults"))[1] == {"faults": []}
    assert post.faults.armed == []


async def test_switches_change_all_together_or_not_at_all(post: Post, call: Call) -> None:
    wrong = {"duplicate_events": True, "in_order": "no"}
    assert (await call("POST", "/__sim/switches", json=wrong))[0] == 400
    assert not post.common_switches.duplicate_events
    said = (await call("POST", "/__sim/switches", json={"duplicate_events": True}))[1]["switches"]
    assert {item["name"]: item["value"] for item in said} == {"in_order": True, "duplicate_events": True}


async def test_the_webhook_can_be_moved_and_turned_off(post: Post, hotline: Hotline, call: Call) -> None:
    await call("POST", "/__sim/webhook", json={"enabled": False})
    await call("POST", "/__sim/people/1/write", json={"text": "một"})
    await post.deliverer.settle()
    await call("POST", "/__sim/webhook", json={"url": hotline.url, "enabled": True})
    await call("POST", "/__sim/people/1/write", json={"text": "hai"})
    await post.deliverer.settle()
    assert hotline.bodies == ["hai"]
    webhook = (await call("GET", "/__sim/state"))[1]["webhook"]
    assert (webhook["delivered"], webhook["given_up"]) == (1, 1)


async def test_a_new_person_comes_with_a_name(post: Post, call: Call) -> None:
    status, made = await call("POST", "/__sim/people", json={"name": " Ông Hùng "})
    assert (status, made["name"]) == (201, "Ông Hùng")
    assert made["id"] in [person["id"] for person in (await call("GET", "/__sim/people"))[1]["people"]]
    assert (await call("POST", "/__sim/people", json={"name": "  "}))[0] == 400


async def test_a_file_is_sent_as_a_form_and_served_without_becoming_a_page(post: Post) -> None:
    form = aiohttp.FormData()
    form.add_field("file", b"<script>alert(1)</script>", filename="ảnh nhà.html", content_type="text/html")
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{post.url}/__sim/people/1/photo", data=form) as answer:
            path = (await answer.json())["path"]
        async with session.get(post.url + path) as answer:
            assert await answer.read() == b"<script>alert(1)</script>"
            assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/__sim/people/1/dance", {}),
        ("POST", "/__sim/people/99/write", {"text": "x"}),
        ("POST", "/__sim/people/1/write", {}),
        ("POST", "/__sim/people/1/write", {"text": 5}),
        ("POST", "/__sim/people/1/write", []),
        ("POST", "/__sim/clock", {"now": "soon"}),
        ("POST", "/__sim/clock", {"advance_seconds": 1e300}),
        ("POST", "/__sim/webhook", {"url": "file:///etc/passwd"}),
        ("GET", "/__sim/journal?after=x", None),
    ],
)
async def test_what_makes_no_sense_is_refused_in_vietnamese(call: Call, method: str, path: str, body: object) -> None:
    status, said = await call(method, path, json=body)
    assert status == 400
    assert said["error"].endswith(".")


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
async def test_a_web_page_from_elsewhere_cannot_use_it(call: Call, headers: dict[str, str]) -> None:
    assert (await call("POST", "/__sim/people/1/write", json={"text": "x"}, headers=headers))[0] == 403


async def test_news_come_as_server_sent_events(post: Post) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{post.url}/__sim/live?after=0") as stream,
        asyncio.timeout(5),
    ):
        names = []
        async with session.post(f"{post.url}/__sim/people/1/write", json={"text": "Chào"}):
            pass
        while "journal" not in names:
            name = (await stream.content.readuntil(b"\n")).decode().removeprefix("event: ").strip()
            data = json.loads((await stream.content.readuntil(b"\n\n")).decode().removeprefix("data: "))
            names.append(name)
        assert names[0] == "people"
        assert data["n"] >= 1


async def test_an_unknown_path_of_the_platform_is_answered_by_it_and_journalled(post: Post, call: Call) -> None:
    assert await call("GET", "/nothing") == (404, {"lost": "/nothing"})
    assert post.journal.of("request")[0]["path"] == "/nothing"


async def test_a_simulator_that_runs_again_remembers(hotline: Hotline) -> None:
    post = Post(webhook=hotline.url)
    for _ in range(2):
        async with (
            post.running() as url,
            aiohttp.ClientSession() as session,
            session.post(f"{url}/send", json={"to": "1", "text": "x"}) as answer,
        ):
            assert answer.status == 200
    assert [entry["number"] for entry in post.journal.of("accepted")] == [1, 2]
