"""/console/teaching: what the bot could not answer well, one line per phrase, and what officers say it means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from bot import reviews
from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.pages.conversation import Id
from console.pages.queue import Officer
from console.roles import LEADERS
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of, note_view
from programme import review_list, taught_phrases, teaching
from programme.meanings import Meanings
from programme.review_list import KINDS, PAGE, Filters, State
from programme.taught_phrases import LONGEST, MOST_WORDS, in_one_line, key_of
from programme.teaching import Contradiction, Opinion, Said, Verdict
from store.audit import record

router = APIRouter()
Leader = Annotated[SignedIn, Depends(allow(*LEADERS))]
Phrase = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Name = Annotated[str, Query(max_length=80)]
Typed = Annotated[str, Query(max_length=100)]
Before = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Seq = Annotated[int, Path(ge=1, le=2**31 - 1)]
VIEWED = "teaching.viewed"


def chosen(
    state: State = State.OPEN, kind: Name = "", read_as: Name = "", commune: Name = "", province: Name = ""
) -> Filters:
    """The filters of the address."""
    return Filters(state, kind, read_as, commune, province)


async def meanings_of(context: ConsoleContext, person: SignedIn) -> Meanings:
    """Everything that can be taught, in the person's language. Afterwards the examples have been read."""
    await asyncio.to_thread(context.examples.read)
    language, intents = person.language, context.examples.intents
    known = context.words.texts
    others = {one: known[f"meaning.{one}"][language] for one in intents if f"meaning.{one}" in known}
    return Meanings(context.content, intents, context.province, language, others)


@router.get("/teaching")
async def list_page(
    request: Request, person: Officer, filters: Annotated[Filters, Depends(chosen)], before: Before = None
) -> HTMLResponse:
    """A page of phrases, those that came last first."""
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> dict[str, Any]:
        found = review_list.lines(connection, filters, before)
        values = {
            "lines": found[:PAGE],
            "more": found[PAGE - 1].newest if len(found) > PAGE else None,
            "counts": review_list.counts(connection),
            "read_as": review_list.read_as(connection),
        }
        note_view(connection, context, person, VIEWED, "teaching", now)
        return values

    values = await context.database.run(work)
    return page(
        request,
        person,
        "teaching/list.html",
        **values,
        filters=filters,
        states=list(State),
        kinds=KINDS,
        communes=context.content.communes.communes(context.province),
        provinces=context.content.packs.provinces.values(),
        meanings=await meanings_of(context, person),
    )


@router.get("/teaching/{phrase}")
async def phrase_page(request: Request, person: Officer, phrase: Phrase, q: Typed = "") -> HTMLResponse:
    """One phrase: how it came, what was answered, what was said about it; `q`: which meanings are looked for."""
    return await _phrase(request, person, phrase, q)


@router.post("/teaching/{phrase}/annotate")
async def annotate(request: Request, person: Officer, phrase: Phrase) -> Response:
    """Say what it means; a colleague's word is not overwritten."""
    context, form = console_context(request), await request.form()
    words = in_one_line(text_field(form, "phrase", 10 * LONGEST))
    chosen = (await meanings_of(context, person)).read(text_field(form, "meaning", 100))
    fault = taught_phrases.fault_of(words)
    if fault is None and reviews.masked_personal(words) != words:
        fault = "personal"
    if fault is None and chosen is None:
        fault = "no_meaning"
    if fault is None and chosen is not None and chosen.intent is None:
        fault = "no_intent"
    if fault is not None or chosen is None:
        wrong = context.words.say(f"teaching.fault_{fault}", person.language, longest=LONGEST, words=MOST_WORDS)
        return await _phrase(request, person, phrase, "", wrong, words)
    entry = chosen.value.partition(":")[2] if chosen.is_entry else None
    opinion = Opinion(phrase, words, key_of(words), Verdict.INTENT, chosen.intent, entry)
    return await _say(request, person, opinion, form)


@router.post("/teaching/{phrase}/dismiss")
async def dismiss(request: Request, person: Officer, phrase: Phrase) -> Response:
    """It is not to be taught: it asks nothing, or the packs have no answer to it."""
    form = await request.form()
    try:
        verdict = Verdict(text_field(form, "verdict", 20))
        if verdict is Verdict.INTENT:
            raise ValueError(verdict)
    except ValueError:
        raise Problem(422, "request_invalid", "verdict") from None
    return await _say(request, person, Opinion(phrase, "", phrase, verdict), form)


@router.post("/teaching/{phrase}/keep")
async def keep(request: Request, person: Leader, phrase: Phrase) -> Response:
    """A supervisor decides for what stands."""
    return await _act(
        request,
        person,
        phrase,
        "annotation.kept",
        lambda c, now: teaching.keep_standing(c, phrase, person.officer_id, now),
    )


@router.post("/teaching/{phrase}/drop")
async def drop(request: Request, person: Officer, phrase: Phrase) -> Response:
    """Take back what stands: one's own word, or as a supervisor anybody's. The phrase waits on the list again."""

    def work(connection: Connection, now: Any) -> bool:
        said = [one for one in teaching.history(connection, phrase) if one.state == "stands"]
        if any(one.officer_id != person.officer_id for one in said) and person.role not in LEADERS:
            words = console_context(request).words
            raise Problem(403, "not_your_word", words.say("teaching.not_yours", person.language))
        return bool(teaching.drop(connection, [one.id for one in said], person.officer_id, now))

    return await _act(request, person, phrase, "annotation.dropped", work)


@router.post("/conversations/{conversation_id}/wrong/{seq}")
async def mark_wrong(request: Request, conversation_id: Id, seq: Seq, person: Officer) -> Response:
    """An officer says in a conversation that the bot answered wrongly: it goes to the list."""
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> None:
        if reviews.mark(connection, conversation_id, seq, person.name, now):
            actor, object_ = actor_of(person), f"conversation {conversation_id}"
            record(connection, context.keyring, now, actor, "answer.marked_wrong", object_, {"message": seq})

    try:
        await context.database.run(work)
    except LookupError:
        detail = context.words.say("teaching.nothing_answered", person.language)
        raise Problem(404, "nothing_answered", detail) from None
    if "HX-Request" in request.headers:
        return page(request, person, "teaching/marked.html")
    return see_other(f"/console/conversations/{conversation_id}?at={seq}#m{seq}")


async def _say(request: Request, person: SignedIn, opinion: Opinion, form: FormData) -> Response:
    context = console_context(request)
    now = context.clock.now()
    decides = form.get("decides") == "1" and person.role in LEADERS
    asks = form.get("asks") == "1"

    def work(connection: Connection) -> None:
        if not review_list.occurrences(connection, opinion.about):
            raise _unknown(context, person)
        number = teaching.say(connection, opinion, person.officer_id, now, decides, asks)
        detail = {"verdict": opinion.verdict.value, "intent": opinion.intent, "annotation": number}
        action = "annotation.decided" if decides else "annotation.disputed" if asks else "annotation.written"
        record(connection, context.keyring, now, actor_of(person), action, f"phrase {opinion.about}", detail)

    try:
        await context.database.run(work)
    except Contradiction as other:
        return await _contradiction(request, person, opinion, other.said)
    return see_other(f"/console/teaching/{opinion.about}")


async def _act(
    request: Request, person: SignedIn, phrase: str, action: str, do: Callable[[Connection, Any], bool]
) -> Response:
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> None:
        if do(connection, now):
            record(connection, context.keyring, now, actor_of(person), action, f"phrase {phrase}")

    await context.database.run(work)
    return see_other(f"/console/teaching/{phrase}")


async def _phrase(
    request: Request, person: SignedIn, phrase: str, q: str, wrong: str | None = None, typed: str | None = None
) -> HTMLResponse:
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> tuple[list[review_list.Occurrence], int, tuple[Said, ...]]:
        came = review_list.occurrences(connection, phrase)
        if not came:
            raise _unknown(context, person)
        total = review_list.times(connection, phrase)
        said = teaching.history(connection, phrase)
        note_view(connection, context, person, VIEWED, f"phrase {phrase}", now)
        return came, total, said

    came, total, said = await context.database.run(work)
    stands = next((one for one in said if one.state == "stands"), None)
    meanings = await meanings_of(context, person)
    ranking = [one for occurrence in came[:1] for one in occurrence.ranking if one[0] in context.examples.intents]
    proposed = [meaning for name, _ in ranking[:5] if (meaning := meanings.read(f"intent:{name}")) is not None]
    found = meanings.find(q) if q else []
    template = "teaching/choices.html" if "HX-Request" in request.headers and wrong is None else "teaching/phrase.html"
    words = typed if typed is not None else stands.phrase if stands and stands.phrase else in_one_line(came[0].text)
    return page(
        request,
        person,
        template,
        422 if wrong else 200,
        phrase=phrase,
        came=came,
        total=total,
        said=said,
        stands=stands,
        disputes=[one for one in said if one.state == "disputed"],
        told=_told(context, stands),
        meanings=meanings,
        proposed=proposed,
        found=found,
        q=q,
        words=words,
        wrong=wrong,
        longest=LONGEST,
        communes={one.code: one.full_name for one in context.content.communes.communes(context.province)},
    )


def _told(context: ConsoleContext, stands: Said | None) -> dict[str, Any]:
    """What the officer must know of a taught phrase: that it measures the model, or what the training data says."""
    if stands is None or stands.verdict is not Verdict.INTENT:
        return {"held_out": False, "known": False, "elsewhere": []}
    key = key_of(stands.phrase)
    there = context.examples.intents_of(key)
    return {
        "held_out": context.examples.is_held_out(key),
        "known": stands.intent in there,
        "elsewhere": sorted(there - {stands.intent}),
    }


async def _contradiction(request: Request, person: SignedIn, opinion: Opinion, said: Said) -> HTMLResponse:
    context = console_context(request)
    meanings = await meanings_of(context, person)
    mine = replace(said, phrase=opinion.phrase, verdict=opinion.verdict, intent=opinion.intent, entry=opinion.entry)
    values = {"theirs": said, "mine": mine, "phrase": opinion.about, "meanings": meanings}
    return page(request, person, "teaching/contradiction.html", 409, **values)


def _unknown(context: ConsoleContext, person: SignedIn) -> Problem:
    return Problem(404, "phrase_unknown", context.words.say("teaching.unknown", person.language))
