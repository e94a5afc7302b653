"""How what an officer types for an owner is read: an answer by number or words, or a command. It keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from actions.context import TurnContext
from actions.survey_hearing import Heard, hear
from programme.commune_column import CommuneUnclear, read_commune
from programme.communes import Commune
from programme.packs import normalise_province_id
from programme.survey.commands import Command, read_command
from programme.survey.definition import REFUSED, Item
from programme.survey.response import (
    Response,
    answered,
    facts,
    in_force,
    may_skip,
    previous_item,
    question_number,
    shown_items,
)


@dataclass(frozen=True)
class Between(Heard):
    """A note, and the communes that the name may mean."""

    communes: tuple[Commune, ...] = ()


def read_line(context: TurnContext, response: Response, item: Item) -> Heard | Command:
    """What `context.text` says at `item`. An option's own words are its answer, whatever command they may be."""
    command = read_command(response.survey, context.text)
    if command is not None and command.name == "pause":
        return command
    heard = _hear(context, response, item)
    if command is not None and not (item.options and heard.answer is not None):
        return command
    return heard


def province_of(context: TurnContext, response: Response) -> str | None:
    """The pack of the shop's province; None when it has none, and the commune is free text."""
    province = normalise_province_id(str(facts(response).get("province", context.province)))
    return province if province in context.content.packs.provinces else None


def _hear(context: TurnContext, response: Response, item: Item) -> Heard:
    province = province_of(context, response)
    if item.kind != "commune_lookup" or province is None:
        return hear(context, response, item, ())
    try:
        return Heard(read_commune(context.content.communes, province, context.text).code)
    except CommuneUnclear as unclear:
        return Between(note=f"{unclear}.", communes=unclear.communes)


def goes_to(response: Response, command: Command) -> Item | None:
    """The item that "quay lại" or "sửa câu 3" leads to; None where it leads nowhere: nothing is answered there."""
    if command.name == "back":
        return previous_item(response)
    number = int(command.target) if command.target.isdecimal() else None
    target = question_number(response, number) if number else response.survey.by_id.get(command.target)
    if target is None or target not in shown_items(response) or target.id not in in_force(response):
        return None
    return target


def skipped(response: Response, item: Item) -> Response | None:
    """The response with `item` left out, or with the answer it had; None when it must be answered."""
    if item.id in in_force(response):
        return replace(response, cursor=None)
    return answered(response, item.id, REFUSED) if may_skip(item) else None
