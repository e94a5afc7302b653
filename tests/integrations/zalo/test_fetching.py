"""What owners sent is fetched from the public internet only, within limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from integrations.errors import FetchFailed
from integrations.provider import Fetched
from integrations.zalo.fetching import Fetcher, is_loopback
from tests.integrations.zalo import stub


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    fetcher = Fetcher(allows_loopback=True)
    yield fetcher
    await fetcher.close()


async def failure(fetcher: Fetcher, source: str, limit: int = 100) -> tuple[str, bool]:
    with pytest.raises(FetchFailed) as failed:
        await fetcher.fetch(source, limit)
    return failed.value.code, failed.value.final


async def strict_failure(source: str) -> tuple[str, bool]:
    fetcher = Fetcher()
    try:
        return await failure(fetcher, source)
    finally:
        await fetcher.close()


async def test_the_bytes_come_with_the_name_that_the_server_gives(fetcher):
    name = {"Content-Disposition": 'attachment; filename="..\\\\a/giấy phép.pdf"'}
    async with stub.running(stub.page(200, "content", **name)) as zalo:
        assert await fetcher.fetch(f"{zalo.url}/a", 100) == Fetched(b"content", "giấy phép.pdf")


@pytest.mark.parametrize(
    "source",
    [
        "http://93.184.215.14/a.jpg",
        "ftp://f1.photo.example.vn/a.jpg",
        "file:///etc/passwd",
        "/a.jpg",
        "",
        "https://",
        "https://[::1",
        "https://127.0.0.1/a.jpg",
        "https://localhost/a.jpg",
        "https://10.1.2.3/a.jpg",
        "https://192.168.0.1/a.jpg",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/a.jpg",
        "https://0.0.0.0/a.jpg",
        "https://224.0.0.1/a.jpg",
        "https://2130706433/a.jpg",
        "https://[::1]/a.jpg",
        "https://[::ffff:10.0.0.1]/a.jpg",
        "https://[64:ff9b::a00:1]/a.jpg",
        "https://[2002:a00:1::]/a.jpg",
        "https://[fe80::1]/a.jpg",
        "https://[fd00::1]/a.jpg",
    ],
)
async def test_nothing_of_our_own_network_is_fetched(source):
    assert await strict_failure(source) == ("zalo_file_address", True)


async def test_with_a_stand_in_on_this_machine_only_this_machine_is_let_in(fetcher):
    assert await failure(fetcher, "https://10.1.2.3/a.jpg") == ("zalo_file_address", True)
    assert await failure(fetcher, "http://10.1.2.3/a.jpg") == ("zalo_file_address", True)
    assert await failure(fetcher, f"http://127.0.0.1:{unused_port()}/a") == ("zalo_file_network", False)


async def test_a_name_is_judged_by_the_address_it_has_when_the_connection_is_made(monkeypatch):
    async def resolve(*_: Any, **__: Any) -> list[dict[str, Any]]:
        return [
            {"hostname": "f1.example.vn", "host": host, "port": 443, "family": 2, "proto": 6, "flags": 0}
            for host in ("10.0.0.1", "127.0.0.1")
        ]

    monkeypatch.setattr("aiohttp.TCPConnector._resolve_host", resolve)
    code, _ = await strict_failure("https://f1.example.vn/a.jpg")
    assert code == "zalo_file_address"


@pytest.mark.parametrize("target", ["http://10.0.0.1/", "https://10.0.0.1/", "file:///etc/passwd"])
async def test_a_redirect_leads_nowhere_else(fetcher, target):
    async with stub.running(stub.page(302, Location=target)) as zalo:
        assert await failure(fetcher, zalo.url) == ("zalo_file_address", True)


async def test_an_allowed_redirect_is_followed_a_few_times(fetcher):
    async with stub.running(stub.page(302, Location="/b"), stub.page(200, "here")) as zalo:
        assert (await fetcher.fetch(f"{zalo.url}/a", 100)).content == b"here"
        assert zalo.paths == ["/a", "/b"]
    async with stub.running(stub.page(302, Location="/a")) as zalo:
        assert await failure(fetcher, zalo.url) == ("zalo_file_redirects", True)


async def test_what_is_too_large_is_broken_off(fetcher):
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while sent < 100_000_000:
                await response.write(b"x" * 65536)
                sent += 65536
        except ConnectionError:
            pass
        return response

    async with stub.running(endless) as zalo:
        assert await failure(fetcher, zalo.url, 100_000) == ("zalo_file_too_large", True)
    assert sent < 50_000_000
    async with stub.running(stub.page(200, "x" * 101)) as zalo:
        assert await failure(fetcher, zalo.url, 100) == ("zalo_file_too_large", True)
        assert len((await fetcher.fetch(zalo.url, 101)).content) == 101


@pytest.mark.parametrize(("status", "final"), [(404, True), (403, True), (410, True), (429, False), (503, False)])
async def test_a_link_that_has_expired_is_given_up_and_an_outage_is_not(fetcher, status, final):
    async with stub.running(stub.page(status)) as zalo:
        assert await failure(fetcher, zalo.url) == (f"zalo_file_{status}", final)


async def test_a_broken_connection_is_tried_again(fetcher):
    async with stub.running(stub.reset) as zalo:
        assert await failure(fetcher, zalo.url) == ("zalo_file_network", False)


@pytest.mark.parametrize(("host", "expected"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("", False)])
def test_what_is_this_machine(host, expected):
    assert is_loopback(host) is expected
    assert not is_loopback("openapi.zalo.me")
