"""The end of the survey in chat: level and points with a picture, what to do first with buttons, and what follows."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from rasa_sdk.executor import CollectingDispatcher

from actions.context import PassToVendor, TurnContext
from actions.desk import Desk
from actions.replies import Buttons, button, with_person
from actions.survey_saying import result_address
from programme.communes import VendorLike
from programme.lead_life import LeadLife
from programme.leads import agreed_vendors
from programme.responses import Kept
from programme.survey.definition import Rule
from programme.survey.response import facts
from programme.survey_result import (
    Result,
    advice_words,
    compared_words,
    level_words,
    number_words,
    pillar_lines,
    result_of,
    shop_name,
)

RESULT_ENTRY = "survey_result"
# Where the button below a piece of advice leads: by what it does, and where needed by what it looks at.
_BUTTONS = {
    ("tax_faq", "CN07"): ("survey_einvoice_button", "/ask_einvoice_required"),
    ("tax_faq", ""): ("survey_tax_button", "/ask_tax_filing"),
    ("bidv_info", "CN04"): ("survey_qr_button", "/ask_qr_make"),
    ("bidv_info", ""): ("survey_account_button", "/ask_business_account"),
    ("domain_flow", ""): ("survey_domain_button", "/check_domain_eligibility"),
    ("scam_module", "CN05"): ("survey_money_button", "/ask_qr_not_received"),
    ("scam_module", ""): ("survey_scam_button", "/ask_scam_check"),
    ("content", "CN13"): ("survey_ai_button", "/ask_ai_use"),
    ("content", ""): ("survey_learn_button", "/ask_learn_online"),
    ("story_nomination", ""): ("survey_story_button", "/request_person"),
    ("rdx_link", ""): ("survey_rdx_button", "/ask_survey_link"),
}
# An account is opened by a person; how a QR code is made can be told.
ACCOUNT = ("bidv_info", "CN06")
_TOPICS = {"CN09": "online_selling", "NL02": "smartphone", "NL": "smartphone"}
ANY_TOPIC = "any"


def completed_kept(kept: Kept) -> Kept:
    """The response with the secret code of its picture, which the reply must already name."""
    return kept if kept.code else replace(kept, code=secrets.token_urlsafe(16))


async def say_result(
    dispatcher: CollectingDispatcher, context: TurnContext, desk: Desk, kept: Kept, completed: Sequence[Kept]
) -> None:
    """Say the result of a response that has just been completed; with consent, its owner becomes a lead."""
    done = replace(kept, completed_at=kept.completed_at or desk.now)
    result = result_of(context.content, done, completed)
    passed = await _pass_on(context, desk, result)
    _say_points(dispatcher, context, result)
    _say_advice(dispatcher, context, result, passed)


def say_result_again(
    dispatcher: CollectingDispatcher, context: TurnContext, kept: Kept, completed: Sequence[Kept]
) -> None:
    """Say the result of a response completed before; nothing follows from it a second time."""
    result = result_of(context.content, kept, completed)
    _say_points(dispatcher, context, result)
    _say_advice(dispatcher, context, result, "")


async def _pass_on(context: TurnContext, desk: Desk, result: Result) -> str:
    """Make the leads that were agreed to; what is said about it."""
    wanted = agreed_vendors(result)
    commune = result.commune.code if result.commune else None
    accept_by = LeadLife(context.content, desk.zone).accept_by(result.province, desk.now)
    for vendor in wanted:
        context.effects.append(PassToVendor(vendor.id, result.province, commune, result.kept.id, accept_by))
    if not wanted:
        return ""
    link = f" {context.content.phrases.say('and', context.language)} "
    names = link.join(vendor.short for vendor in wanted)
    has_phone = "phone" in facts(result.kept.response) or await desk.has_phone()
    phrase = "survey_lead_passed" if has_phone else "survey_lead_needs_phone"
    return context.content.phrases.say(phrase, context.language, vendor=names)


def _say_points(dispatcher: CollectingDispatcher, context: TurnContext, result: Result) -> None:
    language, phrases = context.language, context.content.phrases
    shop = shop_name(result.kept.response)
    place = result.commune.full_name if result.commune else ""
    named = ", ".join(part for part in (shop, place) if part)
    lines = [phrases.say("survey_result_of", language, shop=named) if named else phrases.say("survey_done", language)]
    level = level_words(context.content, result, language)
    if result.score.total is None:
        lines.append(level)
    else:
        total = number_words(result.score.total, language)
        lines.append(phrases.say("survey_total", language, total=total, level=level))
    lines += [f"• {name}: {points}" for name, points, _ in pillar_lines(context.content, result, language)]
    lines.append(compared_words(context.content, result, language))
    dispatcher.utter_message(
        text="\n".join(line for line in lines if line),
        image=result_address(context, result.kept.code, "png"),
        json_message={"entry": RESULT_ENTRY},
    )


def _say_advice(dispatcher: CollectingDispatcher, context: TurnContext, result: Result, passed: str) -> None:
    language, phrases = context.language, context.content.phrases
    advised = [f"{n}. {advice_words(result, rule, language)}" for n, rule in enumerate(result.rules, 1)]
    first = "\n".join([phrases.say("survey_do_first", language), *advised]) if advised else ""
    parts = (first, passed or _who_helps(context, result), phrases.say("survey_not_rdx", language))
    buttons = _buttons(context, result, is_passed=bool(passed))
    dispatcher.utter_message(
        text="\n\n".join(part for part in parts if part),
        buttons=buttons,
        json_message={"offers_person": True, "entry": "survey_advice"},
    )


def _who_helps(context: TurnContext, result: Result) -> str:
    vendor, commune = result.helpers.vendor, result.commune
    if vendor is None or commune is None:
        return ""
    values = {"vendor": vendor.short, "platform": vendor.platform, "commune": commune.full_name}
    return context.content.phrases.say("survey_vendor", context.language, **values)


def _buttons(context: TurnContext, result: Result, is_passed: bool) -> Buttons:
    """One button per piece of advice, then the sheet, changing an answer, and a person."""
    shown = [one for rule in result.rules if (one := _button_of(context, result, rule, is_passed))]
    if result.helpers.vendor is not None and not is_passed:
        shown.append(_vendor_button(context, result.helpers.vendor))
    shown.append(button(context, "survey_sheet_button", "/show_survey_sheet"))
    unique = {one["payload"]: one for one in shown}
    return with_person(context, list(unique.values()))


def _button_of(context: TurnContext, result: Result, rule: Rule, is_passed: bool) -> dict[str, str] | None:
    looks_at = rule.when.first_question or rule.when.first_pillar or ""
    if rule.action == "vendor_lead":
        vendor = result.helpers.vendor
        if vendor is None:
            return None
        product = {"title": vendor.platform, "payload": "/ask_vendor_product"}
        return product if is_passed else _vendor_button(context, vendor)
    if rule.action == "training":
        topic = _TOPICS.get(looks_at, ANY_TOPIC)
        return button(context, "survey_class_button", f'/see_classes{{"a":"{topic}"}}')
    bank = result.helpers.bank
    if (rule.action, looks_at) == ACCOUNT and bank is not None and bank not in agreed_vendors(result):
        title = context.content.phrases.say("survey_meet_button", context.language, vendor=bank.short)
        return {"title": title, "payload": "/meet_bank"}
    phrase, payload = _BUTTONS.get((rule.action, looks_at)) or _BUTTONS[rule.action, ""]
    return button(context, phrase, payload)


def _vendor_button(context: TurnContext, vendor: VendorLike) -> dict[str, str]:
    title = context.content.phrases.say("survey_meet_button", context.language, vendor=vendor.short)
    return {"title": title, "payload": "/meet_vendor"}
