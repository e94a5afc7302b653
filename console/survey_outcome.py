"""A completed survey as a page shows it: level, points, advice, who will call, and where picture and sheet are."""

from __future__ import annotations

from dataclasses import dataclass

from actions.context import TurnContext
from actions.survey_saying import result_address
from programme.leads import agreed_vendors
from programme.survey.response import facts
from programme.survey_result import (
    Result,
    advice_words,
    compared_words,
    level_words,
    number_words,
    pillar_lines,
    shop_name,
)


@dataclass(frozen=True)
class Outcome:
    """Everything in words of one language. `total`: "40,2", "" for too few answers. `pillars`: name and points.

    `follows`: which firm will call, or who is in charge where nobody was asked to. `not_rdx`: that this is not the
    ministry's survey, with the address of that one.
    """

    shop: str
    place: str
    level: str
    total: str
    pillars: tuple[tuple[str, str], ...]
    compared: str
    advice: tuple[str, ...]
    follows: str
    not_rdx: str
    picture: str
    sheet: str


def outcome(turn: TurnContext, result: Result, has_phone: bool) -> Outcome:
    """`has_phone`: whether a number of the owner is kept, with the survey or elsewhere."""
    content, language, kept = turn.content, turn.language, result.kept
    total = result.score.total
    return Outcome(
        shop=shop_name(kept.response),
        place=result.commune.full_name if result.commune else "",
        level=level_words(content, result, language),
        total="" if total is None else number_words(total, language),
        pillars=tuple((name, points) for name, points, _ in pillar_lines(content, result, language)),
        compared=compared_words(content, result, language),
        advice=tuple(advice_words(result, rule, language) for rule in result.rules),
        follows=_follows(turn, result, has_phone or "phone" in facts(kept.response)),
        not_rdx=content.phrases.say("survey_not_rdx", language),
        picture=result_address(turn, kept.code, "png"),
        sheet=result_address(turn, kept.code, "pdf"),
    )


def _follows(turn: TurnContext, result: Result, has_phone: bool) -> str:
    phrases, language = turn.content.phrases, turn.language
    if wanted := agreed_vendors(result):
        names = f" {phrases.say('and', language)} ".join(vendor.short for vendor in wanted)
        return phrases.say("survey_lead_passed" if has_phone else "survey_lead_needs_phone", language, vendor=names)
    if (vendor := result.helpers.vendor) is None or result.commune is None:
        return ""
    values = {"vendor": vendor.short, "platform": vendor.platform, "commune": result.commune.full_name}
    return phrases.say("survey_vendor", language, **values)
