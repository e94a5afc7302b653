"""What an owner says about the shop's domain name: read back, and kept only when they agree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import RememberDomain, TurnContext, current
from actions.replies import button, say_phrase
from programme.dates_said import no_such_day
from programme.domain_status import StatusSaid, read_status, tells_days_of_ours
from programme.numbers_said import with_digits
from programme.spans import Span

DO_NOT_KEEP = "/do_not_keep_domain_status"


class ActionDomainStatus(Action):
    """Reads the status back and asks whether it may be kept."""

    def name(self) -> str:
        return "action_domain_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context, pressed = current(), _pressed(tracker)
        unreal = None if pressed else no_such_day(with_digits(context.text), context.today)
        if unreal:
            say_phrase(dispatcher, context, "domain_no_such_day", date=unreal)
            return []
        status = pressed or read_status(context.text, context.today)
        if status is None:
            states = (StatusSaid("biz.vn", "none"), StatusSaid("biz.vn", "applied"), StatusSaid("biz.vn", "active"))
            asked = [button(context, f"domain_{one.state}_button", _payload("inform", one)) for one in states]
            say_phrase(dispatcher, context, "domain_ask_status", asked)
            return []
        _read_back(dispatcher, context, status)
        return []


class ActionKeepDomainStatus(Action):
    """The owner agreed: keep what was read back, with the version of the words they agreed to."""

    def name(self) -> str:
        return "action_keep_domain_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context, status = current(), _pressed(tracker)
        if status is None:
            say_phrase(dispatcher, context, "domain_ask_status")
            return []
        version = context.content.phrases.domain_consent_version
        context.effects.append(RememberDomain(status.as_kept(), version))
        say_phrase(dispatcher, context, "domain_kept", status=in_words(context, status))
        if status.state == "active" and not (status.until and status.until.is_a_day):
            say_phrase(dispatcher, context, "domain_ask_until")
        return []


class ActionDoNotKeepDomainStatus(Action):
    """The owner did not agree: nothing is kept."""

    def name(self) -> str:
        return "action_do_not_keep_domain_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        say_phrase(dispatcher, current(), "domain_not_kept")
        return []


def say_status_if_told(dispatcher: CollectingDispatcher, context: TurnContext) -> bool:
    """Where a message that looks like a question tells the days of a .biz.vn or .id.vn, read them back; whether so."""
    status = tells_days_of_ours(context.text, context.today)
    if status is not None:
        _read_back(dispatcher, context, status)
    return status is not None


def _read_back(dispatcher: CollectingDispatcher, context: TurnContext, status: StatusSaid) -> None:
    """Ask whether the status may be kept; first for an end that is still to come and exact enough."""
    without_end = _payload("inform", replace(status, until=None))
    refuse = button(context, "do_not_keep_button", DO_NOT_KEEP)
    if status.until and status.until.last < context.today:
        renewed = button(context, "domain_renewed_button", without_end)
        say_phrase(dispatcher, context, "domain_has_ended", [renewed, refuse], date=_as_said(status.until))
    elif status.leaves_month_open:
        unknown = button(context, "domain_day_unknown_button", without_end)
        say_phrase(dispatcher, context, "domain_ask_until_day", [unknown])
    else:
        keep = button(context, "keep_button", _payload("keep", status))
        say_phrase(dispatcher, context, "domain_consent", [keep, refuse], status=in_words(context, status))


def _as_said(when: Span) -> str:
    """No more exact than it was said: "15/08/2027", "08/2027", "2027"."""
    return f"{when.first:{'%d/%m/%Y' if when.is_a_day else '%m/%Y' if when.is_within_a_month else '%Y'}}"


def in_words(context: TurnContext, status: StatusSaid) -> str:
    """ "đang dùng tên miền .biz.vn, hết hạn 15/08/2027", or only "08/2027" where no day was said."""
    phrases, language = context.content.phrases, context.language
    words = [phrases.say(f"domain_status_{status.state}", language, tld=f".{status.tld}")]
    for phrase, when in (("domain_since", status.since), ("domain_until", status.until)):
        if when is not None and when.is_within_a_month:
            words.append(phrases.say(phrase, language, date=_as_said(when)))
    return ", ".join(words)


def _payload(act: str, status: StatusSaid) -> str:
    """`/keep_domain_status{"s":"biz.vn active - 2027-08-15"}`: within the 64 bytes a button may carry."""
    days = (one.as_text() if one and one.is_within_a_month else "-" for one in (status.since, status.until))
    return f'/{act}_domain_status{{"s":"{" ".join((status.tld, status.state, *days))}"}}'


def _pressed(tracker: Tracker) -> StatusSaid | None:
    """The status in a button's payload; None for a payload that is not ours."""
    values = [str(e["value"]).split() for e in tracker.latest_message.get("entities") or () if e["entity"] == "s"]
    if not values or len(values[0]) != 4:
        return None
    tld, state, since, until = values[0]
    if tld not in ("biz.vn", "id.vn") or state not in ("none", "applied", "active"):
        return None
    try:
        days = [None if day == "-" else Span.from_text(day) for day in (since, until)]
    except ValueError:
        return None
    return StatusSaid(tld, state, *days)  # type: ignore[arg-type]
