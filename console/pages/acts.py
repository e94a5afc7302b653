"""What officers do in a conversation: take, answer, note, pass on, put off, give back, close, send again.

Each act is one transaction of `bot.holding` or `bot.baton`, which lets only the holder act; supervisors may pass on and
give back what somebody else holds. Pressing twice is pressing once: a taken conversation is taken, and an answer
carries the page's own id (`said`), under which it is said once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import Connection, select, update
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from bot import baton, dead_letters, holding
from bot.baton import NotEscalated, NotHolder
from bot.dead_letters import NotDead
from bot.matters import matter_of
from bot.officer_voice import OfficerVoice
from bot.wakeups import INBOX, OUTBOX, QUEUE
from bot.web.problems import Problem
from console import desk, notes, tabs
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.pages.conversation import Id, head, unknown
from console.pages.queue import Officer
from console.roles import DESK, LEADERS
from console.sessions import SignedIn
from console.snoozing import read_until
from console.viewing import actor_of
from programme import request_clock, shops
from programme.canned_replies import unfilled
from programme.shops import ShopFacts
from store.audit import record
from store.channel_tables import ticket
from store.console_tables import account
from store.database import insert_if_new
from store.messages import Reply
from store.tables import conversation, escalation

router = APIRouter(prefix="/conversations")
LONGEST_ANSWER = 4000
# How long a page may wait before it sends the same answer again.
SAID_ONCE_FOR = timedelta(days=1)


class Act:
    """One request to do something: the form, who wants it, and the transaction it becomes."""

    def __init__(self, request: Request, conversation_id: str, person: SignedIn, form: FormData) -> None:
        self.request, self.id, self.person, self.form = request, conversation_id, person, form
        self.context: ConsoleContext = console_context(request)
        self.now: datetime = self.context.clock.now()

    @property
    def voice(self) -> OfficerVoice:
        content = self.context.content
        return OfficerVoice(content.phrases, self.context.clock.timezone, content.bulk_law)

    @property
    def leads(self) -> bool:
        return self.person.role in LEADERS

    def say(self, key: str, **values: object) -> str:
        return self.context.words.say(key, self.person.language, **values)

    def waiting(self, connection: Connection) -> int:
        """The number of the unfinished escalation. Raises NotEscalated."""
        row = baton.unfinished(connection, self.id)
        if row is None:
            raise NotEscalated(self.id)
        return int(row["id"])

    async def do(self, name: str, work: Callable[[Connection], dict[str, Any] | None]) -> None:
        """Run `work` and record it as `name`, in one transaction. Raises Problem 404, 409 with what to do."""

        def commit(connection: Connection) -> None:
            detail = work(connection)
            record(
                connection,
                self.context.keyring,
                self.now,
                actor_of(self.person),
                name,
                f"conversation {self.id}",
                detail,
            )

        try:
            await self.context.database.run(commit)
        except NotHolder as holder:
            key = "desk.held_by" if holder.args[0] else "desk.take_first"
            raise Problem(409, "not_holder", self.say(key, name=holder.args[0])) from None
        except NotEscalated:
            raise Problem(409, "not_waiting", self.say("desk.not_waiting")) from None
        except LookupError:
            raise unknown(self.context, self.person) from None
        for key in (self.id, QUEUE, OUTBOX, INBOX):
            self.context.wakeups.notify(key)

    async def done(self, to_queue: bool = False) -> Response:
        """Where the officer goes on: for htmx the head of the page as it is now."""
        if "HX-Request" not in self.request.headers:
            return see_other("/console/queue" if to_queue else f"/console/conversations/{self.id}")
        if to_queue:
            return Response(status_code=204, headers={"HX-Redirect": "/console/queue"})
        seen = await self.context.database.read(lambda c: desk.look(c, self.id, self.person, self.now))
        if seen is None:
            raise unknown(self.context, self.person)
        return HTMLResponse(head(self.context, self.person, seen))


async def asked(request: Request, conversation_id: Id, person: Officer) -> Act:
    """What was asked for, by whom."""
    return Act(request, conversation_id, person, await request.form())


Asked = Annotated[Act, Depends(asked)]


@router.post("/{conversation_id}/take")
async def take(act: Asked) -> Response:
    """Hold the conversation: from the queue, from the bot, or from the channel's own app, where nobody says who it is.

    409 when somebody else was faster.
    """

    def work(connection: Connection) -> None:
        waiting = baton.unfinished(connection, act.id)
        if waiting is not None:
            holding.take(connection, waiting["id"], act.person.officer_id, act.now, act.voice)
        else:
            hours = act.context.content.packs.province(_province(connection, act.id)).sla.hours
            about = partial(matter_of, act.context.content)
            holding.take_over(connection, act.id, act.person.officer_id, act.now, hours, about)

    await act.do("conversation.taken", work)
    return await act.done()


@router.post("/{conversation_id}/answer")
async def answer(act: Asked) -> Response:
    """Send the text to the owner. What waits in the queue is taken with it; the draft is gone then."""
    text = text_field(act.form, "text", LONGEST_ANSWER, required=True)
    said = text_field(act.form, "said", 40)
    missing = unfilled(text)
    if missing:
        raise Problem(422, "variable_unfilled", act.say("desk.unfilled", names=", ".join(missing)))

    def work(connection: Connection) -> dict[str, Any] | None:
        if said and not _first_time(connection, act, said):
            return {"again": True}
        holding.answer(connection, act.waiting(connection), act.person.officer_id, Reply(text), act.now)
        tabs.keep_draft(connection, act.person.account_id, act.id, "", act.now)
        return None

    await act.do("conversation.answered", work)
    return await act.done()


@router.post("/{conversation_id}/note")
async def write_note(act: Asked) -> Response:
    """Write to colleagues; the owner never sees it."""
    text = text_field(act.form, "text", notes.LONGEST_NOTE, required=True)
    mentioned: list[int] = []

    def work(connection: Connection) -> dict[str, Any]:
        _known(connection, act)
        mentioned.extend(notes.write(connection, act.id, act.person.officer_id, text, act.now))
        return {"mentioned": mentioned}

    await act.do("note.written", work)
    for account_id in mentioned:
        act.context.wakeups.notify(f"account {account_id}")
    return await act.done()


@router.post("/{conversation_id}/transfer")
async def transfer(act: Asked) -> Response:
    """Pass the conversation on to a colleague, with a note that tells them why."""
    to = text_field(act.form, "officer", 20, required=True)
    why = text_field(act.form, "text", notes.LONGEST_NOTE)
    forced = act.leads

    def work(connection: Connection) -> dict[str, Any]:
        officer_id, account_id = _colleague(connection, act, to)
        own = None if forced else act.person.officer_id
        holding.transfer(connection, act.waiting(connection), own, officer_id, act.now, act.voice)
        if why:
            notes.write(connection, act.id, act.person.officer_id, why, act.now)
        return {"to": account_id}

    await act.do("conversation.transferred", work)
    return await act.done()


@router.post("/{conversation_id}/release")
async def release(act: Asked) -> Response:
    """Give the conversation back to the queue, with its old deadline."""

    def work(connection: Connection) -> None:
        own = None if act.leads else act.person.officer_id
        holding.release(connection, act.waiting(connection), own, act.now)

    await act.do("conversation.released", work)
    return await act.done(to_queue=True)


@router.post("/{conversation_id}/return")
async def return_to_bot(act: Asked) -> Response:
    """A person has finished; the bot goes on."""

    def work(connection: Connection) -> None:
        own = None if act.leads else act.person.officer_id
        baton.return_to_bot(connection, _own(connection, act), act.now, own)

    await act.do("conversation.returned", work)
    return await act.done(to_queue=True)


@router.post("/{conversation_id}/close")
async def close(act: Asked) -> Response:
    """The matter is over: a topic, and the owner is asked how satisfied they are."""
    topic = text_field(act.form, "topic", 40)
    if topic not in act.context.content.topics.all:
        raise Problem(422, "topic_unknown", act.say("desk.choose_topic"))

    def work(connection: Connection) -> dict[str, Any]:
        own = None if act.leads else act.person.officer_id
        baton.close(connection, _own(connection, act), act.now, own, topic, act.voice)
        return {"topic": topic}

    await act.do("conversation.closed", work)
    return await act.done(to_queue=True)


@router.post("/{conversation_id}/snooze")
async def snooze(act: Asked) -> Response:
    """Put the conversation off until a time, or until the owner writes."""
    said = text_field(act.form, "at", 40) or text_field(act.form, "until", 40)
    until = read_until(said, act.now, act.context.clock.timezone)
    if until is None:
        raise Problem(422, "time_invalid", act.say("desk.snooze_time"))

    def work(connection: Connection) -> dict[str, Any]:
        try:
            holding.snooze(connection, act.waiting(connection), act.person.officer_id, until, act.now)
        except ValueError:
            raise Problem(422, "time_invalid", act.say("desk.snooze_time")) from None
        return {"until": until.isoformat()}

    await act.do("conversation.snoozed", work)
    return await act.done(to_queue=True)


@router.post("/{conversation_id}/matter")
async def set_matter(act: Asked) -> Response:
    """What the request is about: commune (with its vendor) and topic, as the queue filters by them."""
    code, topic = text_field(act.form, "commune", 10), text_field(act.form, "topic", 40)
    commune = act.context.content.communes.by_code(code) if code else None
    if (code and commune is None) or (topic and topic not in act.context.content.topics.all):
        raise Problem(422, "request_invalid", "commune, topic")
    values = {
        "commune": commune.code if commune else None,
        "vendor": commune.vendor.id if commune and commune.vendor else None,
        "topic": topic or None,
    }

    def work(connection: Connection) -> dict[str, Any]:
        number = act.waiting(connection)
        baton.locked(connection, number)
        connection.execute(update(escalation).filter_by(id=number).values(values))
        request_clock.set_place(connection, number, values["commune"], values["vendor"])
        if commune is not None:
            owner = connection.execute(select(conversation.c.contact_id).filter_by(id=act.id)).scalar_one()
            told = ShopFacts(province=commune.province, commune=commune.code)
            # What the request is about tells where the shop is while nobody has said it
            shops.fill(connection, act.context.keyring, owner, told, shops.OFFICER, act.now)
        return values

    await act.do("conversation.matter_set", work)
    return await act.done()


@router.post("/{conversation_id}/resend/{number}")
async def resend(act: Asked, number: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> Response:
    """Say a message of ours again that did not arrive; only its conversation's holder, or a supervisor."""

    def work(connection: Connection) -> dict[str, Any]:
        if not act.leads:
            _held_by_me(connection, act)
        try:
            if dead_letters.conversation_of(connection, f"outbound-{number}") != act.id:
                raise NotDead(number)
            dead_letters.resend(connection, f"outbound-{number}", act.now)
        except NotDead:
            raise Problem(409, "not_dead", act.say("desk.sent_meanwhile")) from None
        return {"outbound": number}

    await act.do("message.resent", work)
    return await act.done()


@router.post("/{conversation_id}/draft")
async def keep_draft(act: Asked) -> Response:
    """What is typed now is kept, and others see that something is. Typing is an act: it renews the holder's lease."""
    text = text_field(act.form, "text", tabs.LONGEST_DRAFT)

    def work(connection: Connection) -> None:
        row = baton.unfinished(connection, act.id)
        if text and row is not None and row["officer_id"] == act.person.officer_id and row["snoozed_until"] is None:
            with suppress(NotHolder, NotEscalated):  # taken away or finished meanwhile: what was typed is kept
                holding.take(connection, row["id"], act.person.officer_id, act.now)
        tabs.keep_draft(connection, act.person.account_id, _known(connection, act), text, act.now)

    try:
        await act.context.database.run(work)
    except LookupError:
        raise unknown(act.context, act.person) from None
    act.context.wakeups.notify(act.id)
    return Response(status_code=204)


def _known(connection: Connection, act: Act) -> str:
    """The conversation's id. Raises LookupError when there is none."""
    if connection.scalar(select(conversation.c.id).filter_by(id=act.id)) is None:
        raise LookupError(act.id)
    return act.id


def _first_time(connection: Connection, act: Act, said: str) -> bool:
    """Whether the answer with this id was not sent yet: a button pressed twice, or a form sent again after a lost
    connection, says it once.
    """
    key = act.context.keyring.hash(f"{act.id} {act.person.account_id} {said}", "console_answer")
    row = {"ticket_hash": key, "expires_at": act.now + SAID_ONCE_FOR}
    return insert_if_new(connection, ticket, row) is not None


def _province(connection: Connection, conversation_id: str) -> str:
    province = connection.scalar(select(conversation.c.province).filter_by(id=conversation_id))
    if province is None:
        raise LookupError(conversation_id)
    return str(province)


def _held_by_me(connection: Connection, act: Act) -> int:
    """The escalation that this person holds. Raises NotHolder, NotEscalated."""
    row = baton.unfinished(connection, act.id)
    if row is None:
        raise NotEscalated(act.id)
    if row["officer_id"] != act.person.officer_id:
        raise NotHolder(baton.name_of(connection, row["officer_id"]))
    return int(row["id"])


def _own(connection: Connection, act: Act) -> int:
    """What this person may finish: what they hold; supervisors anything. Raises NotHolder, NotEscalated."""
    return act.waiting(connection) if act.leads else _held_by_me(connection, act)


def _colleague(connection: Connection, act: Act, number: str) -> tuple[int, int]:
    """Officer and account to pass the conversation to. Raises Problem 422 when there is nobody (any more)."""
    wanted = select(account.c.officer_id, account.c.id).where(
        account.c.officer_id == (int(number) if number.isdecimal() else 0),
        account.c.role.in_(DESK),
        account.c.disabled_at.is_(None),
    )
    row = connection.execute(wanted).first()
    if row is None:
        raise Problem(422, "officer_unknown", act.say("desk.officer_gone"))
    return int(row[0]), int(row[1])
