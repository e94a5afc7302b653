"""/console/segments: questions about shops, built from conditions, said in words and counted while they are built.

Leaders build them and see a masked sample; officers read the questions and their counts. docs: programme/segments.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.forms import number_field, see_other, text_field
from console.roles import DESK, LEADERS
from console.segment_form import FIELDS, SIDES, Builder, Incomplete, builder_of, options, read_form
from console.sessions import SignedIn
from console.templating import page
from console.versioned import change_as_seen
from console.viewing import actor_of, seen_lately
from programme import saved_segments
from programme.saved_segments import LONGEST_NAME, SavedSegment, SegmentStale
from programme.segments import Sampled, Segment, SegmentInvalid, read
from store.audit import record

router = APIRouter(prefix="/segments")
Reader = Annotated[SignedIn, Depends(allow(*DESK))]
Leader = Annotated[SignedIn, Depends(allow(*LEADERS))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
ADDRESS = "/console/segments"


@dataclass(frozen=True)
class Answer:
    """What a question comes to. `problem`: why it cannot be asked, in words."""

    words: str = ""
    count: int = 0
    sample: tuple[Sampled, ...] = ()
    problem: str = ""


@router.get("")
async def segments_page(request: Request, person: Reader) -> HTMLResponse:
    """Those in use, each in words."""
    context = console_context(request)
    found = await context.database.read(lambda c: saved_segments.all_saved(c, context.province))
    shown = [(one, one.segment.words(context.content, person.language)) for one in found]
    return page(request, person, "segments.html", segments=shown)


@router.get("/new")
async def new_segment(request: Request, person: Leader) -> HTMLResponse:
    """An empty builder: every shop."""
    return await _page(request, person, Builder())


@router.post("/new")
async def create_segment(request: Request, person: Leader) -> Response:
    """Keep a new one; a button of the builder without a script shows the form again."""
    context = console_context(request)
    form = await request.form()
    builder, name = _read(context, form)
    segment = None if "do" in form else _asked(context, builder)
    if segment is None or not name:
        return await _page(request, person, builder, name=name, is_refused="do" not in form)
    now = context.clock.now()

    def work(connection: Connection) -> int:
        made = saved_segments.save(connection, context.province, name, segment, person.officer_id, now)
        record(connection, context.keyring, now, actor_of(person), "segment.created", f"segment {made}")
        return made

    return see_other(f"{ADDRESS}/{await context.database.run(work)}")


@router.post("/build")
async def build(request: Request, person: Leader) -> HTMLResponse:
    """The builder after one of its buttons, and what it comes to."""
    context = console_context(request)
    builder, _ = _read(context, await request.form())
    answer = await _answer(context, person, builder)
    return page(request, person, "segment_built.html", answer=answer, swapped=True, **_shown(context, person, builder))


@router.post("/count")
async def count(request: Request, person: Leader) -> HTMLResponse:
    """What the builder comes to as it stands."""
    context = console_context(request)
    builder, _ = _read(context, await request.form())
    return page(request, person, "segment_answer.html", answer=await _answer(context, person, builder), swapped=False)


@router.get("/{segment_id}")
async def segment_page(request: Request, person: Reader, segment_id: Id) -> HTMLResponse:
    """Its builder for whoever may change it, else its words and count."""
    context = console_context(request)
    known = await context.database.read(lambda c: _of(c, context, person, segment_id))
    return await _page(request, person, builder_of(known.segment.node), known, known.name, known.version)


@router.post("/{segment_id}")
async def change_segment(request: Request, person: Leader, segment_id: Id) -> Response:
    """Change one; campaigns keep the question they were made with."""
    context = console_context(request)
    form = await request.form()
    builder, name = _read(context, form)
    version = number_field(form, "version")
    known = await context.database.read(lambda c: _of(c, context, person, segment_id))
    segment = None if "do" in form else _asked(context, builder)
    if segment is None or not name:
        return await _page(request, person, builder, known, name, version, is_refused="do" not in form)
    now = context.clock.now()

    def change(connection: Connection, seen: SavedSegment) -> None:
        saved_segments.change(connection, seen, name, segment, person.officer_id, now)

    if not await _step(context, person, segment_id, version, "segment.changed", change):
        return await _page(request, person, builder, known, name, version, is_stale=True)
    return see_other(f"{ADDRESS}/{segment_id}")


@router.post("/{segment_id}/archive")
async def archive_segment(request: Request, person: Leader, segment_id: Id) -> RedirectResponse:
    """Offer it no more."""
    context = console_context(request)
    version, now = number_field(await request.form(), "version"), context.clock.now()

    def archive(connection: Connection, seen: SavedSegment) -> None:
        saved_segments.archive(connection, seen, now)

    if not await _step(context, person, segment_id, version, "segment.archived", archive):
        raise Problem(409, "segment_stale", context.words.say("segments.stale", person.language))
    return see_other(ADDRESS)


async def _step(
    context: ConsoleContext,
    person: SignedIn,
    segment_id: int,
    version: int,
    action: str,
    act: Callable[[Connection, SavedSegment], None],
) -> bool:
    """Do it and record it, if the segment is still as the form saw it."""
    find = partial(_of, context=context, person=person, segment_id=segment_id)
    about = f"segment {segment_id}"
    return await change_as_seen(context, person, find, version, act, SegmentStale, action, about)


def _read(context: ConsoleContext, form: FormData) -> tuple[Builder, str]:
    """The builder, after its button if one was pressed, and the name."""
    builder = read_form(form, context.content, context.province)
    return builder.act(text_field(form, "do", 20)), text_field(form, "name", LONGEST_NAME)


def _of(connection: Connection, context: ConsoleContext, person: SignedIn, segment_id: int) -> SavedSegment:
    found = saved_segments.find(connection, context.province, segment_id)
    if found is None:
        raise Problem(404, "segment_unknown", context.words.say("segments.unknown", person.language))
    return found


def _asked(context: ConsoleContext, builder: Builder) -> Segment | None:
    """The question, if it can be asked; why it cannot is in the answer beside the form."""
    try:
        segment = read(builder.json())
        segment.check(context.province, context.content)
    except (Incomplete, SegmentInvalid):
        return None
    return segment


async def _answer(context: ConsoleContext, person: SignedIn, asked: Builder | Segment) -> Answer:
    say = partial(context.words.say, language=person.language)
    try:
        segment = read(asked.json()) if isinstance(asked, Builder) else asked
        return await _asked_of_base(context, person, segment)
    except Incomplete as lacking:
        field = say(f"segments.field_{lacking.field}") if lacking.field else say("segments.some_field")
        return Answer(problem=say("segments.incomplete", field=field))
    except SegmentInvalid as invalid:
        return Answer(problem=invalid.words)


async def _asked_of_base(context: ConsoleContext, person: SignedIn, segment: Segment) -> Answer:
    now, content, province = context.clock.now(), context.content, context.province
    sees_people = person.role in LEADERS

    def work(connection: Connection) -> tuple[Answer, bool]:
        counted = segment.count(connection, province, now, content)
        sample = tuple(segment.sample(connection, province, now, content)) if sees_people else ()
        is_new = bool(sample) and not seen_lately(connection, person, "segment.sampled", "segments", now)
        return Answer(segment.words(content, person.language), counted, sample), is_new

    answer, is_new = await context.database.read(work)
    if is_new:
        actor = actor_of(person)
        await context.database.run(lambda c: record(c, context.keyring, now, actor, "segment.sampled", "segments"))
    return answer


def _shown(context: ConsoleContext, person: SignedIn, builder: Builder | None) -> dict[str, Any]:
    return {
        "builder": builder,
        "fields": FIELDS,
        "sides": SIDES,
        "options": partial(_options, context, person.language),
    }


def _options(context: ConsoleContext, language: str, field: str) -> Any:
    return options(context.content, context.province, field, language)


async def _page(
    request: Request,
    person: SignedIn,
    builder: Builder | None,
    known: SavedSegment | None = None,
    name: str = "",
    version: int = 0,
    *,
    is_refused: bool = False,
    is_stale: bool = False,
) -> HTMLResponse:
    context = console_context(request)
    asked = builder if builder is not None else known.segment if known is not None else Builder()
    return page(
        request,
        person,
        "segment.html",
        409 if is_stale else 422 if is_refused else 200,
        known=known,
        name=name,
        version=version,
        may_change=person.role in LEADERS and (known is None or known.archived_at is None),
        is_refused=is_refused,
        is_stale=is_stale,
        answer=await _answer(context, person, asked),
        swapped=False,
        **_shown(context, person, builder),
    )
