"""A completed survey in words: level, points, what to do first, and who helps there. For chat, picture and sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction

from programme.communes import Commune, VendorLike
from programme.content import Content
from programme.packs import UnknownProvince, normalise_province_id
from programme.responses import REPEAT_AFTER, Kept, personal_answer
from programme.survey.advice import advice, pillar_words
from programme.survey.card import Bar, Card
from programme.survey.definition import Rule
from programme.survey.response import Response, facts
from programme.survey.scoring import Score, rounded, score


@dataclass(frozen=True)
class Helpers:
    """Who may help a shop: the firm of its commune, and the bank of its whole province; None where none is assigned."""

    vendor: VendorLike | None
    bank: VendorLike | None


@dataclass(frozen=True)
class Result:
    """`earlier`: what this contact completed at least REPEAT_AFTER before, scored by its own version."""

    kept: Kept
    score: Score
    rules: tuple[Rule, ...]
    province: str
    commune: Commune | None
    helpers: Helpers
    earlier: Score | None


def result_of(content: Content, kept: Kept, completed: Sequence[Kept]) -> Result:
    """`completed`: everything this contact has completed, the newest first."""
    response = kept.response
    points = score(response)
    province = normalise_province_id(str(facts(response).get("province", kept.origin.province)))
    commune = content.communes.by_code(str(facts(response).get("commune", "")))
    return Result(
        kept=kept,
        score=points,
        rules=tuple(advice(response, points)),
        province=province,
        commune=commune,
        helpers=_helpers(content, province, commune),
        earlier=_earlier(kept, completed),
    )


def _helpers(content: Content, province: str, commune: Commune | None) -> Helpers:
    try:
        content.packs.province(province)
    except UnknownProvince:
        return Helpers(None, None)
    banks = content.communes.province_wide_vendors(province)
    return Helpers(commune.vendor if commune else None, banks[0] if banks else None)


def _earlier(kept: Kept, completed: Sequence[Kept]) -> Score | None:
    if kept.completed_at is None:
        return None
    latest = kept.completed_at - REPEAT_AFTER
    before = [one for one in completed if one.id != kept.id and one.completed_at and one.completed_at <= latest]
    return score(before[0].response) if before else None


def advice_words(result: Result, rule: Rule, language: str) -> str:
    """The rule's text with the names of those who help there; its other wording where nobody is assigned."""
    text, helpers = rule.text[language], result.helpers
    needs_vendor = "{vendor}" in text or "{platform}" in text
    if (needs_vendor and helpers.vendor is None) or ("{bank}" in text and helpers.bank is None):
        other = rule.without or result.kept.response.survey.ui["no_vendor"]
        return other[language]
    names = {"vendor": "", "platform": "", "bank": helpers.bank.short if helpers.bank else ""}
    if helpers.vendor:
        names |= {"vendor": helpers.vendor.short, "platform": helpers.vendor.platform}
    return text.format(**names)


def number_words(value: Fraction, language: str) -> str:
    """One decimal, as it is written: "40,2" or "40.2"; a whole number without."""
    tenths = int(rounded(value) * 10)
    whole, rest = divmod(tenths, 10)
    mark = "." if language == "en" else ","
    return f"{whole}{mark}{rest}" if rest else str(whole)


def pillar_lines(content: Content, result: Result, language: str) -> list[tuple[str, str, Fraction | None]]:
    """Per pillar: its name, its points in words, and its exact points (None: nothing of it was answered)."""
    lines = []
    for pillar in result.kept.response.survey.pillars:
        exact = result.score.pillars[pillar.id]
        words = content.phrases.say("survey_no_points", language) if exact is None else number_words(exact, language)
        lines.append((pillar.name[language], words, exact))
    return lines


def level_words(content: Content, result: Result, language: str) -> str:
    """ "Mức 2 – Bắt đầu dùng", with a word for the estimate of the short form; or that there is too little."""
    if result.score.level is None:
        return content.phrases.say("survey_too_little", language)
    name = result.kept.response.survey.level(result.score.level).name[language]
    phrase = "survey_level_estimate" if result.score.status == "estimate" else "survey_level"
    return content.phrases.say(phrase, language, level=result.score.level, name=name)


def compared_words(content: Content, result: Result, language: str) -> str:
    """One sentence on the change since the last time; "" when there is nothing to compare."""
    if result.earlier is None or result.earlier.total is None or result.score.total is None:
        return ""
    change = result.score.total - result.earlier.total
    phrase = "survey_same" if change == 0 else "survey_better" if change > 0 else "survey_lower"
    values = {"change": number_words(abs(change), language), "before": number_words(result.earlier.total, language)}
    return content.phrases.say(phrase, language, **values)


def card(content: Content, result: Result, zone: tzinfo, language: str) -> Card:
    """What picture and sheet show."""
    response, survey = result.kept.response, result.kept.response.survey
    total, done = result.score.total, result.kept.completed_at
    advised = [pillar_words(survey, pillar, result.score) for pillar in survey.pillars]
    return Card(
        title=content.phrases.say("survey_card_title", language),
        shop=personal_answer(response, "shop_name") or "",
        place=_place(result),
        day=f"{done.astimezone(zone):%d/%m/%Y}" if done else "",
        total="" if total is None else number_words(total, language),
        total_label=content.phrases.say("survey_of_hundred", language),
        level=result.score.level,
        level_name=_capital(level_words(content, result, language)),
        levels=tuple(level.name[language] for level in survey.levels),
        bars=tuple(
            Bar(name, words, float(exact / 100) if exact is not None else 0.0)
            for name, words, exact in pillar_lines(content, result, language)
        ),
        advice=tuple(words[language] if words else "" for words in advised),
        steps_title=content.phrases.say("survey_do_first", language).rstrip(":"),
        steps=tuple(advice_words(result, rule, language) for rule in result.rules),
        compared=compared_words(content, result, language),
        note=content.phrases.say("survey_not_rdx", language),
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _place(result: Result) -> str:
    return result.commune.full_name if result.commune else ""


def shop_name(response: Response) -> str:
    """The shop as its owner calls it; "" when that was not said."""
    return personal_answer(response, "shop_name") or ""
