from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update
from structlog.testing import capture_logs

from bot import attachments, inbox
from bot.web.attachments import LINK_LIFE, link
from store.channel_tables import attachment
from store.messages import Attachment, InboundMessage, Kind
from tests.bot import webchat_page
from tests.bot.webchat_page import Page

page = webchat_page.page

_made = io.BytesIO()
Image.new("RGB", (2, 2), "green").save(_made, "PNG")
PICTURE = _made.getvalue()
SOUND = b"OggS\x00\x02" + bytes(range(200))
HTML = b"<html><script>alert(document.domain)</script></html>"


async def keep(page: Page, content: bytes | None, kind: Kind = Kind.FILE, **said: Any) -> str:
    """The address of an attachment with this content that came on Zalo."""
    bot, now = page.bot, page.bot.clock.now()
    item = Attachment(kind, **said)
    message = InboundMessage("webchat", "", "message-1", now, attachments=(item,))

    def work(connection: Any) -> None:
        accepted = inbox.accept(connection, bot.conversation_id, message, now)
        if content is not None:
            sealed = attachments.seal(bot.keyring, content, kind, item.name, item.media_type)
            attachments.fill(connection, accepted.conversation_id, accepted.seq, sealed, now)

    await bot.database.run(work)
    return page.url + link(bot.keyring, 1, now)


def content_of(address: str) -> str:
    return address.replace("/attachments/1?", "/attachments/1/content?")


async def test_an_officer_sees_the_picture_its_name_and_can_keep_it(page: Page) -> None:
    address = await keep(page, PICTURE, Kind.IMAGE, name="Cửa <hàng>.png")
    with capture_logs() as logs:
        async with page.http.get(address) as response:
            html = await response.text()
            assert response.headers["Cache-Control"] == "private, no-store"
    assert "<h1>Cửa hàng.png</h1>" in html and '<img src="/attachments/1/content?' in html
    assert logs == [{"event": "attachment_viewed", "attachment": 1, "log_level": "info"}]
    async with page.http.get(content_of(address)) as response:
        assert (response.status, response.content_type, await response.read()) == (200, "image/png", PICTURE)
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
        assert response.headers["Content-Disposition"] == "inline; filename*=UTF-8''C%E1%BB%ADa%20h%C3%A0ng.png"
    async with page.http.get(content_of(address) + "&download=1") as response:
        assert response.headers["Content-Disposition"].startswith("attachment;")


async def test_what_could_run_is_only_handed_over_and_warned_of(page: Page) -> None:
    address = await keep(page, HTML, Kind.IMAGE, name="anh.jpg", media_type="image/jpeg")
    async with page.http.get(address) as response:
        html = await response.text()
    assert "không đúng loại" in html and "<img" not in html
    async with page.http.get(content_of(address)) as response:
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''anh.txt"


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-9", 206, 0, 9),
        ("bytes=10-", 206, 10, 205),
        ("bytes=-6", 206, 200, 205),
        ("bytes=0-99999", 206, 0, 205),
        ("bytes=-99999", 206, 0, 205),
        ("bytes=0-1,5-6", 200, 0, 205),
        ("bytes=x", 200, 0, 205),
        ("bytes=-", 200, 0, 205),
        ("bytes=206-", 416, 0, 0),
        ("bytes=9-3", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ],
)
async def test_a_player_may_ask_for_a_part_of_a_recording(
    page: Page, asked: str, status: int, first: int, last: int
) -> None:
    address = await keep(page, SOUND, Kind.VOICE)
    async with page.http.get(address) as response:
        assert '<audio src="' in await response.text()
    async with page.http.get(content_of(address), headers={"Range": asked}) as response:
        assert response.status == status
        if status == 416:
            assert (await response.json())["code"] == "range_wrong"
            return
        assert await response.read() == SOUND[first : last + 1]
        assert response.headers["Accept-Ranges"] == "bytes"
        if status == 206:
            assert response.headers["Content-Range"] == f"bytes {first}-{last}/206"


async def test_a_place_is_shown_as_numbers_and_for_a_map_application(page: Page) -> None:
    address = await keep(page, None, Kind.LOCATION, place=(21.592, 105.844))
    async with page.http.get(address) as response:
        html = await response.text()
    assert "Vĩ độ 21.592, kinh độ 105.844" in html and 'href="geo:21.592,105.844"' in html
    assert "http" not in html


@pytest.mark.parametrize(
    ("status", "said"),
    [("waiting", "đang được tải về"), ("failed", "mã lỗi zalo_404"), ("nothing", "không có nội dung")],
)
async def test_what_is_not_there_yet_or_never_will_be_says_so(page: Page, status: str, said: str) -> None:
    address = await keep(page, None)
    change = update(attachment).values(status=status, error="zalo_404")
    await page.bot.database.run(lambda connection: connection.execute(change))
    async with page.http.get(address) as response:
        assert said in await response.text()
    async with page.http.get(content_of(address)) as response:
        assert (response.status, (await response.json())["code"]) == (404, "attachment_unknown")


async def test_an_address_ends_by_itself(page: Page) -> None:
    address = await keep(page, PICTURE, Kind.IMAGE)
    page.bot.clock.advance(LINK_LIFE)
    for url in (address, content_of(address)):
        async with page.http.get(url) as response:
            problem = await response.json()
        assert (response.status, response.content_type, problem["code"]) == (
            410,
            "application/problem+json",
            "link_expired",
        )
        assert "hết hạn" in problem["detail"]


async def test_an_address_that_was_changed_opens_nothing(page: Page) -> None:
    address = await keep(page, PICTURE, Kind.IMAGE)
    longer = address.replace("expires=", "expires=9")
    other = address.replace("/attachments/1", "/attachments/2")
    for url in (longer, other, address[:-1] + ("0" if address[-1] != "0" else "1"), page.url + "/attachments/1"):
        for changed in (url, url.replace("?", "/content?")):
            async with page.http.get(changed) as response:
                assert response.status == 403
                assert (await response.json())["code"] == "link_wrong"


async def test_an_attachment_that_was_erased_is_not_found(page: Page) -> None:
    address = page.url + link(page.bot.keyring, 77, page.bot.clock.now())
    for url in (address, address.replace("?", "/content?")):
        async with page.http.get(url) as response:
            assert (response.status, (await response.json())["code"]) == (404, "attachment_unknown")
