"""A survey's form was sent: what it answers is stored at once, unless somebody else has changed the survey meanwhile.

Sent twice, a form changes nothing the second time: the response is found by the form's own key or revision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from actions.survey_assisted import goes_to, skipped
from actions.survey_hearing import Heard, is_no_text
from bot.web.problems import Problem
from console.context import ConsoleContext
from console.roles import Role
from console.sessions import SignedIn
from console.survey_form import Sent, may_change, read_sent, stays_in_their_commune, turn_of
from console.viewing import actor_of
from programme import responses
from programme.packs import normalise_province_id
from programme.responses import REPEAT_AFTER, Kept, Origin
from programme.survey.commands import Command
from programme.survey.definition import CONSENT, Answer, Item
from programme.survey.response import CONSENT_REFUSED, AnswerInvalid, Response, answered, shown_items
from programme.survey_filling import CHANNEL, NEW_CONTACT, assisted_by, find_or_begin, finish, keep
from store.audit import record

KEY_PREFIX = "console:"


@dataclass(frozen=True)
class Owner:
    """What is known before the survey begins. `phone` in E.164; `commune`: a code; each may be ""."""

    phone: str = ""
    name: str = ""
    commune: str = ""


@dataclass(frozen=True)
class Taken:
    """What became of a form.

    `go_to`: the item to show, None for what comes next. `noted`: whose answer was stored. `asked_back`: nothing was
    stored, this is to be said. `is_overtaken`: somebody else changed the survey since the page was made. `is_left`:
    the officer stops here.
    """

    kept: Kept
    go_to: Item | None = None
    noted: Item | None = None
    asked_back: Heard | None = None
    is_overtaken: bool = False
    is_left: bool = False


def found(connection: Connection, context: ConsoleContext, person: SignedIn, survey_id: int) -> Kept:
    """The survey with this number, if it is `person`'s to see. Raises Problem 404, the same for what is another's."""
    kept = responses.find(connection, context.content.surveys, survey_id)
    if kept is None or not stays_in_their_commune(person, kept.response):
        raise Problem(404, "survey_unknown", context.words.say("surveys.unknown", person.language))
    return kept


def under_way(connection: Connection, context: ConsoleContext, person: SignedIn, owner: Owner) -> Kept | None:
    """The owner's survey that can be gone on with; None: a new one may begin.

    Raises Problem 409 survey_elsewhere for commune staff when it is not one of their communes', or the one completed
    last is not: its owner gave their answers elsewhere, and knowing a number is no reason to read them, to compare with
    them, or to change the name and the consents that came with them.
    """
    kept = _look(connection, context, person, owner)
    last = kept if kept.id is not None else _completed_last(connection, context, kept)
    if last is not None and not stays_in_their_commune(person, last.response):
        raise Problem(409, "survey_elsewhere", context.words.say("surveys.elsewhere", person.language))
    return kept if kept.id is not None else None


def begin(
    connection: Connection,
    context: ConsoleContext,
    person: SignedIn,
    owner: Owner,
    consent: str,
    key: str,
    now: datetime,
) -> Kept | None:
    """Store the consent, with what is known of the owner; None when it was refused: nothing is kept.

    Idempotent by `key`, and by the owner's survey under way. Raises ResponseChanged when another began meanwhile,
    AnswerInvalid for what is no consent.
    """
    surveys = context.content.surveys
    first = answered(Response(surveys.latest, {}), CONSENT, consent)
    if consent == CONSENT_REFUSED:
        return None
    known = responses.find_by_key(connection, surveys, KEY_PREFIX + key) or under_way(
        connection, context, person, owner
    )
    if known is not None:
        return known
    new = _look(connection, context, person, owner)
    new = replace(new, origin=replace(new.origin, import_key=KEY_PREFIX + key))
    response = _with_known(context, person, first, owner)
    if not stays_in_their_commune(person, response):
        raise Problem(422, "not_your_commune", context.words.say("surveys.not_your_commune", person.language))
    kept = keep(connection, context.keyring, new, response, now)
    record(connection, context.keyring, now, actor_of(person), "survey.begun", f"survey {kept.id}")
    return kept


def take(
    connection: Connection, context: ConsoleContext, person: SignedIn, survey_id: int, sent: Sent, now: datetime
) -> Taken:
    """Store what a form answers. Raises Problem 404, 409 survey_closed; ResponseChanged."""
    kept = found(connection, context, person, survey_id)
    if not may_still_change(kept, now):
        raise Problem(409, "survey_closed", context.words.say("surveys.closed", person.language))
    item = kept.response.survey.by_id.get(sent.item)
    if item is None or not may_change(person, item):
        raise Problem(422, "item_unknown", context.words.say("surveys.unknown_item", person.language))
    if item not in shown_items(kept.response):
        return Taken(kept, is_overtaken=True)
    read = read_sent(turn_of(context, person, sent.typed), kept.response, item, sent)
    if isinstance(read, Command):
        return _obey(connection, context, person, kept, item, sent, read, now)
    if read.answer is None:
        return Taken(kept, asked_back=read)
    return _store(connection, context, person, kept, item, sent, read.answer, now)


def may_still_change(kept: Kept, now: datetime) -> bool:
    """Whether answers may be changed: of the contact's latest, until it would be a new survey."""
    return kept.status == "open" or (
        kept.status == "done" and kept.completed_at is not None and now - kept.completed_at < REPEAT_AFTER
    )


def _look(connection: Connection, context: ConsoleContext, person: SignedIn, owner: Owner) -> Kept:
    origin = Origin(NEW_CONTACT, CHANNEL, context.province, assisted_by=person.name)
    return find_or_begin(connection, context.keyring, context.content.surveys, origin, owner.phone or None)


def _completed_last(connection: Connection, context: ConsoleContext, new: Kept) -> Kept | None:
    done = responses.find_done(connection, context.content.surveys, new.origin.contact_id)
    return done[0] if done else None


def _with_known(context: ConsoleContext, person: SignedIn, response: Response, owner: Owner) -> Response:
    """What was said before the consent is answered with it. Commune staff fill in only for their own communes."""
    survey = response.survey
    known: dict[str, Answer] = {"owner_name": owner.name, "phone": owner.phone}
    if person.role is Role.COMMUNE:
        provinces = [str(option.value) for option in survey.by_key["province"].options]
        here = [value for value in provinces if normalise_province_id(value) == context.province]
        known |= {"province": here[0] if here else "", "commune": owner.commune}
    for key, answer in known.items():
        item = survey.by_key[key]
        if answer and not (item.kind == "text" and is_no_text(item, str(answer))):
            response = answered(response, item.id, answer)
    return response


def _obey(
    connection: Connection,
    context: ConsoleContext,
    person: SignedIn,
    kept: Kept,
    item: Item,
    sent: Sent,
    command: Command,
    now: datetime,
) -> Taken:
    """Do what was typed, or pressed, instead of an answer."""
    response = kept.response
    if command.name == "skip":
        left_out = skipped(response, item)
        if left_out is None:
            return Taken(kept, asked_back=Heard(note=context.words.say("surveys.required", person.language)))
        if left_out.answers == response.answers:
            return Taken(kept)
        return _store(connection, context, person, kept, item, sent, left_out.answers[item.id], now)
    if command.name == "pause":
        return Taken(kept, is_left=True)
    if command.name == "explain":
        words = item.help[person.language] if item.help else context.words.say("surveys.no_help", person.language)
        return Taken(kept, asked_back=Heard(note=words))
    target = goes_to(replace(response, cursor=item.id), command)
    if target is None or not may_change(person, target):
        return Taken(kept, asked_back=Heard(note=context.words.say("surveys.leads_nowhere", person.language)))
    return Taken(kept, go_to=target)


def _store(
    connection: Connection,
    context: ConsoleContext,
    person: SignedIn,
    kept: Kept,
    item: Item,
    sent: Sent,
    answer: Answer,
    now: datetime,
) -> Taken:
    if sent.revision != kept.revision:
        # sent twice, the second finds what the first has stored
        return Taken(kept, is_overtaken=kept.response.answers.get(item.id) != answer)
    try:
        response = answered(kept.response, item.id, answer)
    except AnswerInvalid:
        return Taken(kept, asked_back=Heard())
    if not stays_in_their_commune(person, response):
        return Taken(kept, asked_back=Heard(note=context.words.say("surveys.not_your_commune", person.language)))
    saved = keep(connection, context.keyring, assisted_by(kept, person.name), response, now)
    detail: dict[str, object] = {"item": item.id, "revision": saved.revision}
    if saved.status == "done":
        _, made = finish(connection, context.content, saved, now, context.clock.timezone)
        detail |= {"done": True, "leads": len(made)}
    record(connection, context.keyring, now, actor_of(person), "survey.changed", f"survey {saved.id}", detail)
    return Taken(saved, noted=item)
