"""/console/models: train what was taught, see which model answers and what was refused, go back to the last one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, RedirectResponse

from bot.dialogue import DialogueUnavailable
from bot.model_switch import TRAINING
from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.pages.queue import Officer
from console.pages.teaching import meanings_of
from console.roles import LEADERS
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of
from programme import teaching, trained_models, training_jobs
from programme.teaching import Said
from programme.trained_models import NotSwitchable
from programme.training_jobs import Training
from store.audit import record

router = APIRouter(prefix="/models")
Leader = Annotated[SignedIn, Depends(allow(*LEADERS))]
Name = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
HERE = "/console/models"
MOST_DROPPED = 500
LONGEST_NUMBER = 19  # digits; the databases hold no longer one


@router.get("")
async def models_page(request: Request, person: Officer) -> HTMLResponse:
    """The live model, the training under way, what can be trained, and the history."""
    context = console_context(request)
    release = context.switch.release

    def read(connection: Connection) -> dict[str, Any]:
        live, lessons = trained_models.live(connection), teaching.lessons(connection)
        taught = {one.id for one in lessons}
        known = set(live.model.lessons) if live is not None and live.model.release == release else set()
        return {
            "live": live,
            "before": trained_models.before(connection, release),
            "models": trained_models.all_models(connection),
            "history": trained_models.history(connection),
            "trainings": training_jobs.newest(connection),
            "new": len(taught - known),
            "gone": len(known - taught),
            "taught": len(taught),
        }

    values = await context.database.read(read)
    waiting = next((one for one in values["trainings"] if not one.is_over), None)
    answers = context.switch.dialogue.model
    return page(request, person, "teaching/models.html", **values, waiting=waiting, release=release, answers=answers)


@router.post("/train")
async def train(request: Request, person: Leader) -> RedirectResponse:
    """Ask for a training; while one is under way, asking again changes nothing."""
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> None:
        if training_jobs.ask(connection, "asked", person.officer_id, now):
            record(connection, context.keyring, now, actor_of(person), "training.asked", "training")

    await context.database.run(work)
    context.wakeups.notify(TRAINING)
    return see_other(HERE)


@router.post("/back")
async def back(request: Request, person: Leader) -> RedirectResponse:
    """One click: the model before the live one answers again. The form says which model was live when it was made."""
    context, form = console_context(request), await request.form()
    seen = text_field(form, "live", 64, required=True)
    try:
        await context.switch.back(actor_of(person), person.officer_id, seen)
    except (NotSwitchable, DialogueUnavailable) as error:
        raise _not_switched(context, person, error) from None
    return see_other(HERE)


@router.post("/{name}/activate")
async def activate(request: Request, person: Leader, name: Name) -> RedirectResponse:
    """Let a model that was ready before answer."""
    context = console_context(request)
    try:
        await context.switch.switch(name, actor_of(person), person.officer_id)
    except (NotSwitchable, DialogueUnavailable) as error:
        raise _not_switched(context, person, error) from None
    return see_other(HERE)


@router.get("/trainings/{training_id}")
async def training_page(request: Request, person: Officer, training_id: Number) -> HTMLResponse:
    """What came of a training: the figures, what got worse, the annotations that may have done it, and all that are in
    it, which can be taken back here also when the review list has forgotten their phrases.
    """
    context = console_context(request)

    def read(connection: Connection) -> tuple[Training | None, tuple[int, ...], dict[int, Said]]:
        job = training_jobs.find(connection, training_id)
        verdict = (job.verdict if job is not None else None) or {}
        ids = {number for flip in verdict.get("flips", ()) for number in flip["nearest"]}
        ids |= set(verdict.get("not_learnt", ()))
        ids |= {number for one in verdict.get("reversed", ()) for number in one["annotations"]}
        model = trained_models.named(connection, job.model) if job is not None and job.model else None
        taught = model.lessons if model is not None else ()
        return job, taught, {one.id: one for one in teaching.by_ids(connection, sorted(ids.union(taught)))}

    job, taught, annotations = await context.database.read(read)
    if job is None:
        raise Problem(404, "training_unknown", context.words.say("models.training_unknown", person.language))
    meanings = await meanings_of(context, person)
    values: dict[str, Any] = {"job": job, "taught": taught, "annotations": annotations, "meanings": meanings}
    return page(request, person, "teaching/training.html", **values)


@router.post("/trainings/{training_id}/drop")
async def drop(request: Request, person: Leader, training_id: Number) -> RedirectResponse:
    """Take back annotations that made it worse; their phrases wait on the list again."""
    context, form = console_context(request), await request.form()
    said = [str(value) for value in form.getlist("annotation")][:MOST_DROPPED]
    if not all(one.isascii() and one.isdigit() and len(one) < LONGEST_NUMBER for one in said):
        raise Problem(422, "request_invalid", "annotation")
    ids = [int(one) for one in said]
    now = context.clock.now()

    def work(connection: Connection) -> None:
        dropped = teaching.drop(connection, ids, person.officer_id, now)
        if dropped:
            detail = {"annotations": ids}
            object_ = f"training {training_id}"
            record(connection, context.keyring, now, actor_of(person), "annotation.dropped", object_, detail)

    await context.database.run(work)
    return see_other(HERE)


def _not_switched(context: ConsoleContext, person: SignedIn, error: Exception) -> Problem:
    """What to do now; what answers has not changed."""
    code = error.code if isinstance(error, NotSwitchable) else "rasa_away"
    status = 404 if code == "model_unknown" else 503 if code == "rasa_away" else 409
    return Problem(status, code, context.words.say(f"models.{code}", person.language))
