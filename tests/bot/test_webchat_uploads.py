from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import aiohttp
import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot.web.limits import Buckets
from bot.web.pictures import LARGEST_UPLOAD_BYTES, LONGEST_SIDE, MOST_PIXELS, PictureRefused, redraw_now
from store.channel_tables import attachment
from store.tables import inbound
from tests.bot import webchat_page
from tests.bot.webchat_page import Page

page = webchat_page.page


def photo(form: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: Any) -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, "red").save(made, form, **options)
    return made.getvalue()


def photo_of_a_place() -> bytes:
    """Taken with the phone upright: camera, place and a turned picture."""
    exif = Image.Exif()
    exif[Base.Make] = "Secret Phone"
    exif[Base.Orientation] = 6
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (21.0, 35.0, 32.0)
    return photo(exif=exif, comment=b"Nha rieng")


def png_of(width: int, height: int) -> bytes:
    """A small PNG that says it is large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100)))


async def send(page: Page, content: bytes, id_: str = "picture-1", token: str | None = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {page.token if token is None else token}"}
    url = f"{page.url}/webchat/attachments"
    async with page.http.post(url, params={"id": id_}, data=io.BytesIO(content), headers=headers) as response:
        return response.status, await response.json()


async def count(page: Page, table: Any) -> Any:
    return await page.bot.database.read(lambda c: c.scalar(select(func.count()).select_from(table)))


async def test_a_picture_is_stored_with_its_message_and_shown_in_the_thread_to_its_owner_only(page: Page) -> None:
    await page.begin()
    assert await send(page, photo()) == (202, {"id": "picture-1", "seq": 1, "duplicate": False})
    [event] = [event for event in await page.events() if event["direction"] == "in"]
    assert (event["id"], event["text"], event["pictures"]) == ("picture-1", "", ["/webchat/attachments/1"])
    async with page.http.get(page.url + event["pictures"][0]) as response:
        assert (response.status, response.content_type) == (200, "image/jpeg")
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.headers["Cache-Control"] == "private, no-store"
        shown = Image.open(io.BytesIO(await response.read()))
    assert shown.size == (60, 40)
    row = await page.bot.database.read(lambda c: c.execute(select(attachment)).one())
    assert (row.status, row.kind, row.media_type, row.error) == ("stored", "image", "image/jpeg", None)
    assert b"JFIF" not in row.content

    await page.begin()  # another owner
    async with page.http.get(page.url + event["pictures"][0]) as response:
        assert (response.status, (await response.json())["code"]) == (404, "attachment_unknown")
    url = page.url + event["pictures"][0]
    async with aiohttp.ClientSession() as stranger, stranger.get(url) as response:
        assert response.status == 401


async def test_the_token_shows_the_picture_where_there_is_no_cookie(page: Page) -> None:
    await page.begin()
    await send(page, photo())
    headers = {"Authorization": f"Bearer {page.token}"}
    url = f"{page.url}/webchat/attachments/1"
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as response:
        assert response.status == 200


async def test_a_picture_sent_again_is_the_same_message(page: Page) -> None:
    await page.begin()
    await send(page, photo())
    assert await send(page, photo()) == (202, {"id": "picture-1", "seq": 1, "duplicate": True})
    assert (await count(page, inbound), await count(page, attachment)) == (1, 1)


async def test_nothing_but_pixels_is_kept_of_a_picture_and_it_stands_upright(page: Page) -> None:
    original = photo_of_a_place()
    assert b"Secret Phone" in original and b"Nha rieng" in original
    drawn = redraw_now(original)
    assert b"Secret" not in drawn and b"Nha" not in drawn
    picture = Image.open(io.BytesIO(drawn))
    assert picture.size == (40, 60)
    assert not picture.getexif() and "comment" not in picture.info


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (photo("JPEG"), "JPEG"),
        (photo("PNG"), "PNG"),
        (photo("WEBP"), "PNG"),
        (photo("GIF"), "PNG"),
        (photo("PNG", mode="RGBA"), "PNG"),
        (photo("JPEG", mode="CMYK"), "JPEG"),
        (photo("JPEG", mode="L"), "JPEG"),
        (photo("PNG", mode="P"), "PNG"),
    ],
)
def test_every_kind_of_picture_is_drawn_anew(content: bytes, format_: str) -> None:
    assert Image.open(io.BytesIO(redraw_now(content))).format == format_


def test_a_large_picture_becomes_as_large_as_one_needs() -> None:
    assert max(Image.open(io.BytesIO(redraw_now(photo(size=(4000, 3000))))).size) == LONGEST_SIDE


def test_what_hides_behind_a_picture_is_gone() -> None:
    assert b"<script>" not in redraw_now(photo() + b"<script>alert(1)</script>PK\x03\x04")


REFUSED = [
    (photo("BMP"), 415, "picture_type"),
    (b"%PDF-1.7", 415, "picture_type"),
    (b"<svg onload='alert(1)'/>", 415, "picture_type"),
    (b"", 415, "picture_type"),
    (photo()[:200], 422, "picture_broken"),
    (b"\xff\xd8\xff" + b"nonsense" * 50, 422, "picture_broken"),
    (b"GIF89a" + bytes(50), 422, "picture_broken"),
    (png_of(6000, 6000), 422, "picture_pixels"),
    (png_of(60_000, 60_000), 422, "picture_pixels"),
    (photo() + bytes(LARGEST_UPLOAD_BYTES), 413, "picture_too_large"),
]


@pytest.mark.parametrize(("sent", "status", "code"), REFUSED, ids=range(len(REFUSED)))
async def test_what_is_no_picture_is_refused_with_what_to_do_and_one_line_in_the_log(
    page: Page, sent: bytes, status: int, code: str
) -> None:
    await page.begin()
    with capture_logs() as logs:
        got, problem = await send(page, sent)
    assert (got, problem["code"]) == (status, code)
    assert "ạ" in problem["detail"]
    assert [(line["event"], line["code"], sorted(line)) for line in logs] == [
        ("upload_refused", code, ["code", "conversation", "event", "log_level"])
    ]
    assert (await count(page, inbound), await count(page, attachment)) == (0, 0)


@pytest.mark.parametrize("id_", ["", "short", "x" * 65, "../../etc"])
async def test_a_picture_needs_an_id_of_the_page(page: Page, id_: str) -> None:
    await page.begin()
    status, problem = await send(page, photo(), id_)
    assert (status, problem["code"]) == (422, "message_invalid")


@pytest.mark.parametrize("token", ["", "unknown-token"])
async def test_a_picture_needs_a_session(page: Page, token: str) -> None:
    status, problem = await send(page, photo(), token=token)
    assert (status, problem["code"]) == (401, "token_unknown")


async def test_too_many_pictures_wait(page: Page) -> None:
    await page.begin()
    page.bot.web.limits._buckets["uploads"] = Buckets(burst=1, per_minute=6)
    await send(page, photo())
    with capture_logs() as logs:
        status, problem = await send(page, photo(), "picture-2")
    assert (status, problem["code"]) == (429, "too_many_uploads")
    assert {line["event"] for line in logs} == {"web_limit_reached", "upload_refused"}


def test_the_limit_of_pixels_is_looked_at_before_anything_is_unpacked() -> None:
    with pytest.raises(PictureRefused) as refusal:
        redraw_now(png_of(MOST_PIXELS // 1000 + 1, 1000))
    assert refusal.value.code == "picture_pixels"
