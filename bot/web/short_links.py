"""/r/{code}: a link in a message, whose clicks are counted; /tc/{code}: the page that ends unasked messages.

Both addresses stand in SMS, so programs open them before people do: what looks like a preview or a scanner is led on
and not counted, and nothing that only GETs opts anybody out. They open what the pack or an approved campaign says
(programme/named_links.py), never an address that the request brings along.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection, insert, select
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse

from bot.web.context import WebContext, web_context
from bot.web.limits import network_of
from bot.web.my_data import templates
from bot.web.policy import page_policy
from bot.web.problems import Problem
from programme import opt_outs, short_links
from programme.campaign_plan import TALKS
from store.campaign_tables import campaign, campaign_run, link_click, recipient
from store.kpi_tables import awareness_round
from store.logs import get_logger

log = get_logger("bot.web.short_links")

CAMPAIGN = "campaign"  # link_click.link of what leads to an address of the campaign's own
_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
PAGE_HEADERS = {**_PRIVATE, "Content-Security-Policy": page_policy(forms=True)}
# What a browser says that fetches a page before anybody wants to see it
_AHEAD_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
# Programs that say what they are. CUBOT makes telephones; Zalo's own browser, with a person before it, says "Zalo".
_PROGRAM = re.compile(
    r"(?<!cu)bot\b|(?<!cu)bot[/;_ -]|crawl|spider|preview|scan|facebookexternalhit|facebookcatalog|whatsapp/|viber/"
    r"|google-safety|imageproxy|barracuda|proofpoint|mimecast|safelinks|urldefense|headless|phantomjs|lighthouse"
    r"|^(?:curl|wget|python|java|go-http|okhttp|axios|node|ruby|libwww|apache-httpclient|dart)",
    re.IGNORECASE,
)

Context = Annotated[WebContext, Depends(web_context)]
router = APIRouter()


@dataclass(frozen=True)
class _Place:
    """Where a link leads, and the row that counts a click on it."""

    url: str
    click: dict[str, object]


@router.api_route("/r/{code}", methods=["GET", "HEAD"], include_in_schema=False)
async def follow(code: str, request: Request, context: Context) -> Response:
    """302 to the link's target; 404 a page, for a code that nobody has made; 429 too_many_links."""
    if (busy := too_fast(request, context)) is not None:
        return busy
    now, counts = context.clock.now(), not is_program(request.method, request.headers)

    def work(connection: Connection) -> str | None:
        place = _place(connection, context, code)
        if place is not None and counts:
            connection.execute(insert(link_click).values(**place.click, at=now))
        return None if place is None else place.url

    url = await (context.database.run(work) if counts else context.database.read(work))
    if url is None:
        log.info("short_link_unknown")
        return _page("unknown_link", 404)
    return RedirectResponse(url, 302, headers=_PRIVATE)


@router.api_route("/tc/{code}", methods=["GET", "HEAD"], include_in_schema=False)
async def ask(code: str, request: Request, context: Context) -> Response:
    """The page with the button; it says nothing about anybody and changes nothing."""
    if (busy := too_fast(request, context)) is not None:
        return busy
    id_ = short_links.recipient_of(context.keyring, code)
    known = id_ is not None and await context.database.read(lambda c: _exists(c, id_))
    return _page("ask", 200) if known else _page("unknown_stop", 404)


@router.post("/tc/{code}", include_in_schema=False)
async def stop(code: str, request: Request, context: Context) -> Response:
    """The button: all unasked messages to the link's recipient end at once (Decree 91/2020/NĐ-CP, article 16)."""
    if (busy := too_fast(request, context)) is not None:
        return busy
    now = context.clock.now()
    said = await context.database.run(lambda c: _stop(c, context, code, now))
    if said is None:
        return _page("unknown_stop", 404)
    log.info("opted_out_by_link", is_new=said.is_new)
    return _page(
        "done" if said.is_new else "already", 200, f"{said.at.astimezone(context.clock.timezone):%H:%M %d/%m/%Y}"
    )


def is_program(method: str, headers: Headers) -> bool:
    """Whether no person has opened the link: a preview, a scanner, a page fetched ahead."""
    if method == "HEAD" or any(_AHEAD.search(headers.get(name, "")) for name in _AHEAD_HEADERS):
        return True
    if headers.get("sec-fetch-mode", "navigate") != "navigate":
        return True
    agent = headers.get("user-agent", "").strip()
    return not agent or _PROGRAM.search(agent) is not None


def _place(connection: Connection, context: WebContext, code: str) -> _Place | None:
    named = context.content.links.find(code.lower())
    if named is not None:
        link, channel = named
        return _Place(link.url, {"link": link.id, "channel": channel, "province": context.province})
    id_ = short_links.recipient_of(context.keyring, code)
    row = (
        None
        if id_ is None
        else connection.execute(
            select(recipient.c.channel, recipient.c.run_id, campaign.c.province, awareness_round.c.id.label("round"))
            .select_from(recipient)
            .join(campaign_run, campaign_run.c.id == recipient.c.run_id)
            .join(campaign, campaign.c.id == campaign_run.c.campaign_id)
            .outerjoin(awareness_round, awareness_round.c.campaign_id == campaign.c.id)
            .where(recipient.c.id == id_)
        ).first()
    )
    if id_ is None or row is None:
        return None
    target = short_links.target_of(connection, id_)
    portal = context.content.links.links.get(target or "")
    click = {
        "link": CAMPAIGN if portal is None else portal.id,
        "channel": row.channel or "",
        "run_id": row.run_id,
        "recipient_id": id_,
        "province": row.province,
    }
    if row.round is not None:  # the question of awareness has a page of its own
        return _Place(short_links.question_path(context.keyring, id_), click)
    # A campaign without a target leads to our own chat
    return _Place(portal.url if portal else short_links.web_address(target) or "/", click)


def _exists(connection: Connection, id_: int) -> bool:
    return connection.scalar(select(recipient.c.id).filter_by(id=id_)) is not None


def _stop(connection: Connection, context: WebContext, code: str, now: datetime) -> opt_outs.Said | None:
    id_ = short_links.recipient_of(context.keyring, code)
    wanted = select(recipient.c.contact_id, recipient.c.phone_key, recipient.c.channel).where(recipient.c.id == id_)
    row = None if id_ is None else connection.execute(wanted).first()
    if row is None:
        return None
    # An SMS went to the number, whoever has it by now; what was said in a conversation went to the person
    by_number = row.phone_key is not None and row.channel not in TALKS
    return opt_outs.stop(
        connection,
        context.keyring,
        now,
        "link",
        phone_key=bytes(row.phone_key) if row.phone_key is not None else None,
        contact_id=None if by_number else row.contact_id,
    )


def too_fast(request: Request, context: WebContext) -> Response | None:
    """The page for whoever opens links faster than a person; None: they do not."""
    try:
        context.limits.allow("links", network_of(request.client.host if request.client else ""), context.clock)
    except Problem as problem:
        page = _page("busy", problem.status)
        page.headers["Retry-After"] = str(problem.retry_after)
        return page
    return None


def _page(state: str, status: int, at: str = "") -> HTMLResponse:
    return HTMLResponse(
        templates.get_template("short_link.html").render(state=state, at=at), status, headers=PAGE_HEADERS
    )
