"""What owners sent, for officers to look at and listen to: behind a signed address that ends by itself.

Whoever has the address may look until it ends: it is made for somebody who may see the conversation (`link`). Content
is somebody else's: it is served as what its bytes are, never runs, and has no origin.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy import Connection
from starlette.responses import FileResponse, HTMLResponse

from bot import attachments
from bot.attachments import Kept
from bot.web.context import WebContext, web_context
from bot.web.policy import FOREIGN_CONTENT
from bot.web.problems import Problem
from store.crypto import Keyring
from store.logs import get_logger
from store.media import UNKNOWN, Showing, showing

log = get_logger("bot.web.attachments")

LINK_LIFE = timedelta(hours=8)
PAGES = Path(__file__).parent / "pages"
_PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")

Context = Annotated[WebContext, Depends(web_context)]
Expires = Annotated[int, Query(ge=0, le=2**40)]
Signature = Annotated[str, Query(max_length=100)]
router = APIRouter()
_templates = Environment(loader=FileSystemLoader(PAGES), autoescape=select_autoescape())


def link(keyring: Keyring, attachment_id: int, now: datetime) -> str:
    """The address of an attachment's page on this server, good for LINK_LIFE."""
    expires = int((now + LINK_LIFE).timestamp())
    return f"/attachments/{attachment_id}?expires={expires}&key={_signature(keyring, attachment_id, expires)}"


@router.get("/attachments/style.css", include_in_schema=False)
async def style() -> Response:
    return FileResponse(PAGES / "attachment.css", headers={"Cache-Control": "no-cache"})


@router.get("/attachments/{attachment_id}", include_in_schema=False)
async def attachment_page(
    attachment_id: int, context: Context, expires: Expires = 0, key: Signature = ""
) -> HTMLResponse:
    """A page with the picture, the player, the file or the place. 403 link_wrong, 410 link_expired, 404."""
    _check(context, attachment_id, expires, key)
    kept = await context.database.read(lambda connection: attachments.find(connection, attachment_id))
    if kept is None:
        raise not_there()
    log.info("attachment_viewed", attachment=attachment_id)
    address = f"/attachments/{attachment_id}/content?expires={expires}&key={key}"
    page = _templates.get_template("attachment.html").render(
        kept=kept, how=str(showing(kept.media_type)), address=address, misnamed=kept.error == attachments.MISNAMED
    )
    return HTMLResponse(page, headers=_PRIVATE)


@router.get("/attachments/{attachment_id}/content", include_in_schema=False)
async def attachment_content(
    attachment_id: int,
    request: Request,
    context: Context,
    expires: Expires = 0,
    key: Signature = "",
    download: bool = False,
) -> Response:
    """The bytes themselves, whole or one range (players ask so). 403, 410, 404, 416 range_wrong."""
    _check(context, attachment_id, expires, key)
    found = await read_attachment(context, attachment_id)
    return content_response(*found, request.headers.get("Range"), download)


async def read_attachment(
    context: WebContext, attachment_id: int, conversation_id: str | None = None
) -> tuple[Kept, bytes]:
    """A stored attachment with its content, of this conversation if one is named. Raises Problem 404."""

    def look(connection: Connection) -> tuple[Kept, bytes] | None:
        kept = attachments.find(connection, attachment_id, conversation_id)
        content = attachments.read_content(connection, attachment_id) if kept else None
        return (kept, content) if kept and content else None

    found = await context.database.read(look)
    if found is None:
        raise not_there()
    return found[0], await asyncio.to_thread(context.keyring.decrypt_bytes, found[1])


def content_response(kept: Kept, content: bytes, range_: str | None, download: bool = False) -> Response:
    """`content` as it may be served: shown if browsers show it safely, else saved. Raises Problem 416."""
    shown = showing(kept.media_type) is not Showing.DOWNLOAD and not download
    disposition = f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(kept.name or 'tep', safe='')}"
    headers = {
        **_PRIVATE,
        "Content-Security-Policy": FOREIGN_CONTENT,
        "Content-Disposition": disposition,
        "Accept-Ranges": "bytes",
    }
    media_type = kept.media_type if kept.media_type and not kept.media_type.startswith("text/") else None
    status = 200
    part = _range(range_, len(content))
    if part is not None:
        first, last = part
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        content, status = content[first : last + 1], 206
    return Response(content, status, headers, media_type or UNKNOWN)


def not_there() -> Problem:
    return Problem(404, "attachment_unknown", "Tệp này không còn, hoặc địa chỉ chưa đúng.")


def _check(context: WebContext, attachment_id: int, expires: int, key: str) -> None:
    expected = _signature(context.keyring, attachment_id, expires)
    if not hmac.compare_digest(key.encode(), expected.encode()):
        log.warning("attachment_link_wrong", attachment=attachment_id)
        raise Problem(403, "link_wrong", "Địa chỉ này không đúng, anh/chị mở lại từ cuộc trò chuyện.")
    if expires <= context.clock.now().timestamp():
        raise Problem(410, "link_expired", "Địa chỉ này đã hết hạn, anh/chị mở lại từ cuộc trò chuyện.")


def _signature(keyring: Keyring, attachment_id: int, expires: int) -> str:
    return keyring.hash(f"{attachment_id}.{expires}", "attachment_link").hex()


def _range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of the one range that is asked for; None: all of it (also for what we do not offer)."""
    match = _RANGE.fullmatch(header or "")
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        first, last = str(max(0, size - int(last))), ""
    begin, end = int(first), min(int(last or size), size - 1)
    if begin > end:
        raise Problem(416, "range_wrong", "Tệp không có phần này.")
    return begin, end
