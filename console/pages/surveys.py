"""/console/surveys: surveys that officers and commune staff fill in for owners, one question per page."""

from __future__ import annotations

import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection, select
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from actions.context import TurnContext
from actions.survey_hearing import Heard
from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.roles import FIELD, Role
from console.sessions import SignedIn
from console.survey_answering import Owner, begin, found, may_still_change, take, under_way
from console.survey_form import (
    LONGEST_TYPED,
    Sent,
    asked_back_words,
    may_change,
    noted,
    question,
    said_so_far,
    turn_of,
)
from console.survey_outcome import Outcome, outcome
from console.templating import page
from console.viewing import note_view
from programme import responses, survey_lists
from programme.communes import Commune
from programme.responses import Kept, ResponseChanged
from programme.survey.definition import CONSENT, Item
from programme.survey.response import AnswerInvalid, at, in_force, left, next_item, previous_item, shown_items
from programme.survey.response import Response as Answers
from programme.survey.scoring import score
from programme.survey_result import result_of, shop_name
from store.contacts import normalise_phone
from store.tables import contact

router = APIRouter(prefix="/surveys")
Officer = Annotated[SignedIn, Depends(allow(*FIELD))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
ItemId = Annotated[str, Query(max_length=10)]
LONGEST_PHONE, LONGEST_NAME, LONGEST_CODE, LONGEST_KEY = 30, 60, 10, 40
MOST_CHOICES = 20


@router.get("")
async def surveys_page(request: Request, person: Officer) -> HTMLResponse:
    """To find or begin one; what this person has under way, and what was completed where they work."""
    return await _list_page(request, person)


@router.post("/begin")
async def ask_consent(request: Request, person: Officer) -> Response:
    """The survey under way of this owner, or the question that a new one begins with. Nothing is stored yet, and the
    number is in no address."""
    context = console_context(request)
    form = await request.form()
    try:
        owner = _owner(form, context, person)
        known = await context.database.read(lambda c: under_way(c, context, person, owner))
    except Problem as problem:  # what was typed stays
        return await _list_page(request, person, problem, form)
    if known is not None:
        return see_other(f"/console/surveys/{known.id}")
    return _consent_page(request, context, person, owner, secrets.token_urlsafe(16))


@router.post("")
async def consented(request: Request, person: Officer) -> Response:
    """The owner's consent begins the survey; a refusal leaves nothing."""
    context = console_context(request)
    form = await request.form()
    owner = _owner(form, context, person)
    key = text_field(form, "key", LONGEST_KEY, required=True)
    choice = text_field(form, "choice", LONGEST_CODE * 2)
    now = context.clock.now()
    try:
        kept = await context.database.run(lambda c: begin(c, context, person, owner, choice, key, now))
    except AnswerInvalid:
        return _consent_page(request, context, person, owner, key, is_missing=True)
    except ResponseChanged:  # sent twice at the same moment
        kept = await context.database.run(lambda c: begin(c, context, person, owner, choice, key, now))
    if kept is None:
        refused = context.content.surveys.latest.consent_refused[person.language]
        return page(request, person, "survey_refused.html", words=refused)
    return see_other(f"/console/surveys/{kept.id}")


@router.get("/{survey_id}")
async def survey_page(
    request: Request, person: Officer, survey_id: Id, item: ItemId = "", noted: ItemId = "", overtaken: bool = False
) -> HTMLResponse:
    """The question that comes next, or `item`; the result when there is none."""
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> tuple[Kept, list[Kept], bool]:
        kept = found(connection, context, person, survey_id)
        is_done = kept.status != "open"
        before = responses.find_done(connection, context.content.surveys, kept.origin.contact_id) if is_done else []
        phone = connection.scalar(select(contact.c.phone_hash).filter_by(id=kept.origin.contact_id))
        note_view(connection, context, person, "survey.viewed", f"survey {survey_id}", now)
        return kept, before, phone is not None

    kept, before, has_phone = await context.database.run(work)
    asked = _asked(person, kept.response, item) if may_still_change(kept, now) else None
    turn = turn_of(context, person)
    if asked is None:
        shown = outcome(turn, result_of(context.content, kept, before), has_phone)
        return _result_page(request, context, person, turn, kept, shown, noted)
    return _question_page(request, person, turn, kept, asked, noted=noted, is_overtaken=overtaken)


@router.post("/{survey_id}")
async def answer(request: Request, person: Officer, survey_id: Id) -> Response:
    """Store an answer, and go on; what cannot be read is asked again."""
    context = console_context(request)
    sent = _sent(await request.form())
    now = context.clock.now()
    try:
        taken = await context.database.run(lambda c: take(c, context, person, survey_id, sent, now))
    except ResponseChanged:
        return see_other(f"/console/surveys/{survey_id}?overtaken=1")
    if taken.is_left:
        return see_other("/console/surveys")
    if taken.asked_back is not None:
        asked = taken.kept.response.survey.by_id[sent.item]
        turn = turn_of(context, person, sent.typed)
        return _question_page(request, person, turn, taken.kept, asked, asked_back=taken.asked_back)
    query = {
        **({"item": taken.go_to.id} if taken.go_to else {}),
        **({"noted": taken.noted.id} if taken.noted else {}),
        **({"overtaken": "1"} if taken.is_overtaken else {}),
    }
    return see_other(f"/console/surveys/{survey_id}" + (f"?{urlencode(query)}" if query else ""))


async def _list_page(
    request: Request, person: SignedIn, problem: Problem | None = None, form: FormData | None = None
) -> HTMLResponse:
    context = console_context(request)
    now = context.clock.now()
    is_commune = person.role is Role.COMMUNE

    def work(connection: Connection) -> tuple[list[Kept], list[Kept]]:
        surveys, communes = context.content.surveys, (person.communes or ()) if is_commune else person.communes
        begun = survey_lists.under_way(connection, surveys, person.name, communes if is_commune else None)
        done = survey_lists.completed_lately(connection, surveys, context.province, communes)
        note_view(connection, context, person, "surveys.listed", "surveys", now, {"count": len(begun) + len(done)})
        return begun, done

    begun, done = await context.database.run(work)
    typed = {key: str(form.get(key, ""))[:LONGEST_TYPED] if form else "" for key in ("phone", "name", "commune")}
    return page(
        request,
        person,
        "surveys.html",
        problem.status if problem else 200,
        problem=problem.detail if problem else "",
        typed=typed,
        communes=own_communes(context, person),
        begun=[(kept, _title(kept), left(kept.response)) for kept in begun],
        done=[(kept, _title(kept), _place(context, kept), score(kept.response).level) for kept in done],
    )


def own_communes(context: ConsoleContext, person: SignedIn) -> list[Commune]:
    """The communes that commune staff may fill in for; [] for whoever may for all."""
    if person.role is not Role.COMMUNE:
        return []
    return [one for code in person.communes or () if (one := context.content.communes.by_code(code)) is not None]


def _owner(form: FormData, context: ConsoleContext, person: SignedIn) -> Owner:
    """Whom the survey is for. Raises Problem 422 phone_invalid, not_your_commune."""
    say, language = context.words.say, person.language
    typed = text_field(form, "phone", LONGEST_PHONE)
    phone = normalise_phone(typed) if typed else ""
    if phone is None:
        raise Problem(422, "phone_invalid", say("surveys.phone_invalid", language))
    commune = text_field(form, "commune", LONGEST_CODE)
    own = own_communes(context, person)
    if person.role is Role.COMMUNE:
        if not commune and len(own) == 1:
            commune = own[0].code
        if commune not in [one.code for one in own]:
            raise Problem(422, "not_your_commune", say("surveys.not_your_commune", language))
    return Owner(phone, text_field(form, "name", LONGEST_NAME), commune)


def _sent(form: FormData) -> Sent:
    revision = text_field(form, "revision", 9, required=True)
    if not (revision.isascii() and revision.isdigit()):
        raise Problem(422, "request_invalid", "revision")
    choices = tuple(str(one)[:LONGEST_TYPED] for one in form.getlist("choice")[:MOST_CHOICES])
    typed = text_field(form, "typed", LONGEST_TYPED)
    return Sent(text_field(form, "item", 10, required=True), int(revision), choices, typed, "skip" in form)


def _asked(person: SignedIn, response: Answers, item_id: str) -> Item | None:
    """The item that was asked for, if it is answered and may be changed; else what comes next."""
    wanted = response.survey.by_id.get(item_id)
    if wanted in shown_items(response) and item_id in in_force(response) and wanted and may_change(person, wanted):
        return wanted
    return next_item(response)


def _consent_page(
    request: Request, context: ConsoleContext, person: SignedIn, owner: Owner, key: str, is_missing: bool = False
) -> HTMLResponse:
    survey = context.content.surveys.latest
    response = Answers(survey, {})
    shown = question(turn_of(context, person), person, response, survey.by_id[CONSENT])
    intro = survey.ui["intro"][person.language]
    values: dict[str, Any] = {"owner": owner, "key": key, "question": shown, "intro": intro, "is_missing": is_missing}
    return page(request, person, "survey_consent.html", 422 if is_missing else 200, **values)


def _question_page(
    request: Request,
    person: SignedIn,
    turn: TurnContext,
    kept: Kept,
    item: Item,
    noted: str = "",
    is_overtaken: bool = False,
    asked_back: Heard | None = None,
) -> HTMLResponse:
    response = kept.response
    before = previous_item(at(response, item))
    while before is not None and not may_change(person, before):
        before = previous_item(at(response, before))
    return page(
        request,
        person,
        "survey_question.html",
        200 if asked_back is None else 422,
        kept=kept,
        question=question(turn, person, response, item, asked_back, turn.text),
        back=before,
        left=left(response),
        noted=_noted(turn, response, noted),
        is_overtaken=is_overtaken,
        asked_back=asked_back_words(console_context(request), person, asked_back) if asked_back else "",
        said=said_so_far(turn, person, response),
        title=_title(kept),
    )


def _result_page(
    request: Request,
    context: ConsoleContext,
    person: SignedIn,
    turn: TurnContext,
    kept: Kept,
    shown: Outcome,
    noted: str,
) -> HTMLResponse:
    said = said_so_far(turn, person, kept.response)
    may_still = may_still_change(kept, context.clock.now())
    values: dict[str, Any] = {"kept": kept, "outcome": shown, "said": said, "may_change": may_still}
    return page(request, person, "survey_result.html", noted=_noted(turn, kept.response, noted), **values)


def _noted(turn: TurnContext, response: Answers, item_id: str) -> str:
    return noted(turn, response, item_id) if item_id else ""


def _title(kept: Kept) -> str:
    """How a survey is called in lists: its shop, else its owner, else its number."""
    owner = responses.personal_answer(kept.response, "owner_name")
    return shop_name(kept.response) or owner or f"#{kept.id}"


def _place(context: ConsoleContext, kept: Kept) -> str:
    item = kept.response.survey.by_key["commune"]
    commune = context.content.communes.by_code(str(in_force(kept.response).get(item.id, "")))
    return commune.full_name if commune else ""
