"""/my-data: what is kept of a person, behind the secret address that was told in their conversation; /privacy: their
rights.

The secret stands behind "#" and comes back in the body of a POST, when the reader presses the button: so it is in no
log, and a chat's preview, which only GETs, opens nothing (programme/data_links.py). Made from the database each time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy import Connection
from starlette.responses import FileResponse, HTMLResponse

from bot import data_requests
from bot.web.body import read_body
from bot.web.context import WebContext, web_context
from bot.web.policy import page_policy
from bot.web.problems import Problem
from programme.data_copy import Copy, as_json, copy_of
from programme.personal_fields import PERSONAL
from programme.privacy import Rule
from store.audit import Actor, record
from store.logs import get_logger

log = get_logger("bot.web.my_data")

PAGES = Path(__file__).parent / "pages"
MOST_BYTES = 1_000
OWNER = Actor("owner")
_PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex, nofollow"}
_ASSETS = {"my_data.js": "text/javascript", "my_data.css": "text/css"}
# The page puts the answer into itself, and offers the file for programs as a blob of its own
_HEADERS = {**_PRIVATE, "Content-Security-Policy": page_policy()}

Context = Annotated[WebContext, Depends(web_context)]
router = APIRouter()
templates = Environment(loader=FileSystemLoader(PAGES), autoescape=select_autoescape())


@router.get("/my-data", include_in_schema=False)
async def door() -> HTMLResponse:
    """The page without anything of anybody: its script sends the secret when the button is pressed."""
    return HTMLResponse(templates.get_template("my_data_door.html").render(), headers=_HEADERS)


@router.get("/my-data/{asset}", include_in_schema=False)
async def asset(asset: str) -> Response:
    """The page's script and style."""
    if asset not in _ASSETS:
        raise Problem(404, "not_found", "Không có tệp này.")
    return FileResponse(PAGES / asset, headers={"Cache-Control": "no-cache"}, media_type=_ASSETS[asset])


@router.post("/my-data", include_in_schema=False)
async def shown(request: Request, context: Context) -> HTMLResponse:
    """What is kept, as a part of a page. 410 copy_gone."""
    contact_id = await _open(request, context)
    zone, now = context.clock.timezone, context.clock.now()
    copy: Copy = await context.database.read(lambda c: copy_of(c, context.content, contact_id, now, zone))
    return HTMLResponse(render(copy), headers=_HEADERS)


@router.post("/my-data.json", include_in_schema=False)
async def for_programs(request: Request, context: Context) -> Response:
    """The same as JSON. 410 copy_gone."""
    contact_id, now = await _open(request, context), context.clock.now()
    copy = await context.database.read(lambda c: as_json(c, context.content, contact_id, now))
    headers = {**_PRIVATE, "Content-Disposition": 'attachment; filename="du-lieu-cua-toi.json"'}
    return Response(copy, media_type="application/json", headers=headers)


@router.get("/privacy", include_in_schema=False)
async def privacy(context: Context) -> HTMLResponse:
    """What is kept, why, who gets it, and everybody's rights."""
    content = context.content.privacy
    page = templates.get_template("privacy.html").render(
        controller=content.controller,
        notice=content.notice,
        place=context.content.packs.province(context.province).name,
        rules=[(content.tables[name], rule) for name, rule in _kept(context)],
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": page_policy()})


def render(copy: Copy) -> str:
    """The copy as a part of a page: for its owner, and for officers who print it."""
    return templates.get_template("my_data.html").render(copy=copy)


async def _open(request: Request, context: WebContext) -> int:
    """Whose copy the secret in the body opens; that it was opened is counted and recorded. Raises Problem 410."""
    body = await read_body(request, MOST_BYTES)
    try:
        token = str(orjson.loads(body or b"{}")["token"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        token = ""
    now = context.clock.now()

    def work(connection: Connection) -> int | None:
        found = data_requests.open_copy(connection, context.keyring, token, now)
        if found is not None:
            record(connection, context.keyring, now, OWNER, "data.copy_opened", f"contact {found}")
        return found

    contact_id = await context.database.run(work)
    if contact_id is None:
        log.warning("data_copy_gone")
        raise Problem(
            410,
            "copy_gone",
            "Địa chỉ này đã hết hạn hoặc dữ liệu đã xóa. Cô/bác nhắn “dữ liệu của tôi” để lấy địa chỉ mới ạ.",
        )
    return contact_id


def _kept(context: WebContext) -> list[tuple[str, Rule]]:
    rules = context.content.privacy.rules
    return [(held.table.name, rules[str(held.rule)]) for held in PERSONAL[::-1] if held.shown]
