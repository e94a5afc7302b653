"""/console/shops: the registry of shops: list, card, one added or corrected by hand.

Lists that are read in: console/pages/imports.py.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.pages.classes import names_of
from console.roles import DESK
from console.sessions import SignedIn
from console.shop_card import shop_card
from console.shop_form import EMPTY, Typed, cells_of, read_shop
from console.templating import page
from console.viewing import actor_of, note_view
from programme import shop_list, shops
from programme.ledger_reasons import reason_words
from programme.ledger_table import masked
from programme.list_consents import said_of
from programme.shop_list import PAGE, ShopRow, Wanted
from store.audit import record
from store.contacts import Contacts
from store.forgotten import phone_key
from store.text import clean

router = APIRouter(prefix="/shops")
Officer = Annotated[SignedIn, Depends(allow(*DESK))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
After = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


class _Known(Exception):
    """The number or the tax code is of a shop that is there (`shop_id`), or of somebody who was erased (None)."""

    def __init__(self, shop_id: int | None, problem: str) -> None:
        super().__init__(problem)
        self.shop_id, self.problem = shop_id, problem


@router.get("")
async def shops_page(
    request: Request,
    person: Officer,
    q: Annotated[str, Query(max_length=120)] = "",
    commune: Annotated[str, Query(max_length=10)] = "",
    after: After = None,
) -> HTMLResponse:
    """A page of shops, the newest first; that it was seen is recorded, never what was looked for."""
    context = console_context(request)
    wanted, now = Wanted(context.province, commune, clean(q)), context.clock.now()
    found = await context.database.read(lambda c: shop_list.table(c, context.keyring, wanted, after))
    await context.database.run(lambda c: note_view(c, context, person, "shops.viewed", "shops", now))
    more = {"q": wanted.text, "commune": commune, "after": found[PAGE - 1].id} if len(found) > PAGE else {}
    return page(
        request,
        person,
        "shops.html",
        shops=found[:PAGE],
        more=urlencode({name: value for name, value in more.items() if value}),
        chosen={"q": wanted.text, "commune": commune},
        masked=masked,
        **_choices(context, person),
    )


@router.get("/new")
async def new_shop(request: Request, person: Officer) -> HTMLResponse:
    """An empty form."""
    return _form(request, person, EMPTY)


@router.post("/new")
async def add_shop(request: Request, person: Officer) -> Response:
    """Keep a new one; one that is there already is named instead."""
    context = console_context(request)
    typed = read_shop(await request.form(), context.content, context.province, is_new=True)
    if typed.problem:
        return _form(request, person, typed.cells, problem=typed.problem)
    now = context.clock.now()

    def work(connection: Connection) -> int:
        _refuse_known(connection, context, typed, None)
        contacts = Contacts(connection, context.keyring)
        people = contacts.with_phone(typed.phone)
        contact_id = people[0] if people else contacts.add(now)
        contacts.set_phone(contact_id, typed.phone)
        if typed.owner:
            contacts.set_name(contact_id, typed.owner)
        id_ = shops.learn(connection, context.keyring, contact_id, typed.facts, shops.OFFICER, now)
        record(connection, context.keyring, now, actor_of(person), "shop.created", f"shop {id_}")
        return id_

    try:
        id_ = await context.database.run(work)
    except _Known as known:
        return _form(request, person, typed.cells, problem=known.problem, other=known.shop_id)
    return see_other(f"/console/shops/{id_}")


@router.get("/{shop_id}")
async def shop_page(request: Request, person: Officer, shop_id: Id) -> HTMLResponse:
    """The card; that it was opened is recorded."""
    context = console_context(request)
    card = await context.database.read(lambda c: shop_card(c, _find(c, context, person, shop_id)))
    now = context.clock.now()
    await context.database.run(lambda c: note_view(c, context, person, "shop.viewed", f"shop {shop_id}", now))
    return page(
        request,
        person,
        "shop.html",
        card=card,
        reason_words=partial(reason_words, language=person.language),
        **_choices(context, person),
    )


@router.get("/{shop_id}/edit")
async def edit_shop(request: Request, person: Officer, shop_id: Id) -> HTMLResponse:
    """The form of one."""
    context = console_context(request)
    row = await context.database.read(lambda c: _find(c, context, person, shop_id))
    return _form(request, person, cells_of(row), row)


@router.post("/{shop_id}/edit")
async def correct_shop(request: Request, person: Officer, shop_id: Id) -> Response:
    """What stands in the form is so from now on; what was emptied is known no more, but the number stays."""
    context = console_context(request)
    form = await request.form()
    typed = read_shop(form, context.content, context.province, is_new=False)
    row = await context.database.read(lambda c: _find(c, context, person, shop_id))
    if typed.problem:
        return _form(request, person, typed.cells, row, problem=typed.problem)
    seen, now = _moment(text_field(form, "seen", 40)), context.clock.now()

    def work(connection: Connection) -> bool:
        known = _find(connection, context, person, shop_id)
        _refuse_known(connection, context, typed, known)
        if not shops.correct(connection, context.keyring, shop_id, typed.facts, seen, now):
            return False
        contacts = Contacts(connection, context.keyring)
        if typed.phone:
            contacts.set_phone(known.contact_id, typed.phone)
        if typed.owner and typed.owner != known.owner:
            contacts.set_name(known.contact_id, typed.owner)
        detail = {"phone": bool(typed.phone)}
        record(connection, context.keyring, now, actor_of(person), "shop.changed", f"shop {shop_id}", detail)
        return True

    try:
        is_kept = await context.database.run(work)
    except _Known as taken:
        return _form(request, person, typed.cells, row, problem=taken.problem, other=taken.shop_id)
    if not is_kept:
        return _form(request, person, typed.cells, row, problem="changed", status=409)
    return see_other(f"/console/shops/{shop_id}")


def _refuse_known(connection: Connection, context: ConsoleContext, typed: Typed, own: ShopRow | None) -> None:
    """Raises _Known when number or tax code are another shop's, or of somebody who wanted to be forgotten."""
    people = shops.with_phone(connection, context.keyring, typed.phone) if typed.phone else []
    if typed.facts.tax_code:
        people += shops.with_tax_code(connection, context.keyring, typed.facts.tax_code)
    others = [one for one in people if own is None or one != own.contact_id]
    if (id_ := shops.of_contacts(connection, others)) is not None:
        raise _Known(id_, "known")
    if typed.phone and not people:
        key = phone_key(context.keyring, typed.phone)
        if said_of(connection, [key])[key].is_erased:
            raise _Known(None, "erased")


def _find(connection: Connection, context: ConsoleContext, person: SignedIn, shop_id: int) -> ShopRow:
    """Raises Problem 404."""
    row = shop_list.one(connection, shop_id, context.province)
    if row is None:
        raise Problem(404, "shop_unknown", context.words.say("registry.unknown", person.language))
    return row


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return at if at is None or at.tzinfo is not None else None


def _choices(context: ConsoleContext, person: SignedIn) -> dict[str, Any]:
    return {
        "names": names_of(context),
        "communes": sorted(names_of(context).items(), key=lambda one: one[1]),
        "trades": {id_: one.button[person.language] for id_, one in context.content.trades.trades.items()},
    }


def _form(
    request: Request,
    person: SignedIn,
    cells: dict[str, str],
    row: ShopRow | None = None,
    *,
    problem: str = "",
    other: int | None = None,
    status: int = 422,
) -> HTMLResponse:
    context = console_context(request)
    return page(
        request,
        person,
        "shop_form.html",
        status if problem else 200,
        cells=cells,
        row=row,
        problem=problem,
        other=other,
        **_choices(context, person),
    )
