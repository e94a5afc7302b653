"""/console/account: what somebody settles for themselves: duty, language, Telegram chat, signed-in browsers.

Password and second factor: console/pages/credentials.py.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import Connection
from starlette.responses import Response

from bot.web.problems import Problem
from console import accounts, sessions
from console.access import allow
from console.browser_names import browser_name
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.roles import DESK, EVERYBODY, Role
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of
from console.words import LANGUAGES
from integrations.errors import SendFailed
from integrations.provider import Outgoing
from store import audit
from store.messages import Reply

router = APIRouter()

Somebody = Annotated[SignedIn, Depends(allow(*EVERYBODY))]
AtTheDesk = Annotated[SignedIn, Depends(allow(*DESK))]
Told = Annotated[SignedIn, Depends(allow(*DESK, Role.VENDOR))]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
DONE = frozenset({"saved", "password", "second_factor", "no_second_factor", "signed_out", "test_sent"})
# A person's chat; groups (negative) are for alarms. Telegram's numbers have at most 52 bits.
_CHAT = re.compile(r"[1-9][0-9]{0,15}")


@router.get("/account")
async def show(request: Request, person: Somebody) -> Response:
    """Everything on one page."""
    return await _page(request, person)


@router.post("/account/language")
async def set_language(request: Request, person: Somebody) -> Response:
    """Vietnamese or English."""
    language = text_field(await request.form(), "language", 2)
    if language not in LANGUAGES:
        raise Problem(422, "request_invalid", "language")
    await _prefer(console_context(request), person, "language_chosen", {"language": language})
    return see_other("/console/account?done=saved")


@router.post("/account/duty")
async def set_duty(request: Request, person: AtTheDesk) -> Response:
    """Whether they are told of new and due requests."""
    on_duty = text_field(await request.form(), "on_duty", 3) == "yes"
    await _prefer(console_context(request), person, "duty_changed", {"on_duty": on_duty})
    return see_other("/console/account?done=saved")


@router.post("/account/telegram")
async def set_telegram_chat(request: Request, person: Told) -> Response:
    """Where they are told; empty: nowhere. The number is personal, so that the audit log does not have it."""
    chat = text_field(await request.form(), "telegram_chat", 40)
    if chat and not _CHAT.fullmatch(chat):
        return await _page(request, person, "account.telegram_wrong", 422)
    await _prefer(console_context(request), person, "telegram_chat_set", {}, telegram_chat=chat or None)
    return see_other("/console/account?done=saved")


@router.post("/account/telegram/test")
async def send_test_message(request: Request, person: Told) -> Response:
    """Pressed twice it goes out twice, which is what a test is for; nothing is repeated by itself."""
    context = console_context(request)
    now, words = context.clock.now(), context.words
    chat = (await context.database.read(lambda c: accounts.one(c, person.account_id))).telegram_chat
    if chat is None or "telegram" not in context.providers:
        return await _page(request, person, "account.telegram_none", 422)
    context.login_limits.allow_test_message(person.account_id, now, words.say("account.test_often", person.language))
    reply = Reply(words.say("account.test_message", person.language, name=person.name))
    try:
        await context.providers["telegram"].send(Outgoing(chat, reply, now))
    except SendFailed as failed:
        return await _page(request, person, "account.test_failed", 502, reason=failed.error.detail)
    return see_other("/console/account?done=test_sent")


@router.post("/account/sessions/{session_id}/end")
async def end_session(request: Request, person: Somebody, session_id: Number) -> Response:
    """Sign one of their own browsers out; one that is not theirs stays."""
    context = console_context(request)

    def work(connection: Connection) -> None:
        if sessions.end(connection, person.account_id, session_id):
            _record(connection, context, person, "session_ended", {"session": session_id})

    await context.database.run(work)
    return see_other("/console/account?done=signed_out")


@router.post("/account/sessions/end-others")
async def end_other_sessions(request: Request, person: Somebody) -> Response:
    """All but this one."""
    context = console_context(request)

    def work(connection: Connection) -> None:
        ended = sessions.end_all(connection, person.account_id, but=person.session_id)
        _record(connection, context, person, "sessions_ended", {"count": ended})

    await context.database.run(work)
    return see_other("/console/account?done=signed_out")


async def _page(
    request: Request, person: SignedIn, fault: str | None = None, status_code: int = 200, **named: str
) -> Response:
    context, done = console_context(request), request.query_params.get("done", "")
    own = await context.database.read(lambda c: accounts.one(c, person.account_id))
    open_ = await context.database.read(lambda c: sessions.open_sessions(c, person.account_id, context.clock.now()))
    values: dict[str, Any] = {
        "own": own,
        "sessions": open_,
        "place": place_of(context, person),
        "browser_name": browser_name,
        "has_telegram": "telegram" in context.providers,
        "fault": fault,
        "named": named,
        "done": done if done in DONE else "",
    }
    return page(request, person, "account/account.html", status_code, **values)


def place_of(context: ConsoleContext, person: SignedIn) -> str:
    """The communes or the firm somebody is there for; "" for all."""
    province = context.content.packs.province(context.province)
    if person.vendor is not None:
        return next((one.name for one in province.vendors if one.id == person.vendor), person.vendor)
    names = {one.code: one.full_name for one in context.content.communes.communes(context.province)}
    return ", ".join(names.get(code, code) for code in person.communes or ())


async def _prefer(context: ConsoleContext, person: SignedIn, act: str, said: dict[str, Any], **unsaid: Any) -> None:
    def work(connection: Connection) -> None:
        accounts.prefer(connection, person.account_id, **said, **unsaid)
        _record(connection, context, person, act, said)

    await context.database.run(work)


def _record(
    connection: Connection, context: ConsoleContext, person: SignedIn, act: str, detail: dict[str, Any]
) -> None:
    actor, object_ = actor_of(person), f"account {person.account_id}"
    audit.record(connection, context.keyring, context.clock.now(), actor, f"account.{act}", object_, detail)
