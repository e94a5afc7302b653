"""The form of a campaign: its fields as people fill them in, the plan they make, and which field a problem is at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import FormData

from console import campaign_texts_form
from console.forms import text_field
from programme.campaign_plan import CHANNELS, STOPS, Plan
from programme.message_templates import MessageTemplate
from programme.saved_segments import SavedSegment

PICKS = ("commune", "vendor", "trade", "survey")
KEPT = "kept"  # the condition that a campaign has already, which the form's own fields cannot say
_MOST_PICKED = 300
# Where a problem is shown: the field's name, by the problem's code
FIELD_OF: Mapping[str, str] = {
    "name_missing": "name",
    "kind_unknown": "kind",
    "audience_empty": "audience",
    "audience_invalid": "audience",
    "text_missing": "text",
    "text_too_long": "text",
    "text_refused": "text",
    "variable_unknown": "text",
    "shares_wrong": "text",
    "step_unknown": "text",
    "channels_missing": "channels",
    "channel_unknown": "channels",
    "gateway_missing": "gateways",
    "gateway_unknown": "gateways",
    "kind_not_carried": "gateways",
    "zbs_template_missing": "template",
    "target_unknown": "target",
    "pace_wrong": "pace",
    "pause_rule_wrong": "pace",
    "schedule_invalid": "schedule",
    "schedule_past": "schedule",
    "schedule_never": "schedule",
    "deadline_before_start": "deadline",
    "late_wrong": "late",
    "window_invalid": "window",
    "window_never_opens": "window",
    "stop_unknown": "schedule",
}


@dataclass(frozen=True)
class Filled:
    """What stands in the form: one text per field, and of fields with several choices which are chosen."""

    texts: Mapping[str, str]
    chosen: Mapping[str, tuple[str, ...]]

    def text(self, name: str) -> str:
        return self.texts.get(name, "")

    def has(self, name: str, value: object) -> bool:
        return str(value) in self.chosen.get(name, ())


_TEXTS: Mapping[str, int] = {
    "name": 80,
    "kind": 20,
    "segment": 20,
    **campaign_texts_form.FIELDS,
    "pace": 12,
    "schedule": 12,
    "at": 20,
    "time": 5,
    "from": 10,
    "until": 10,
    "day": 4,
    "to": 20,
    "days": 80,
    "window_from": 5,
    "window_until": 5,
    "deadline": 20,
    "late": 12,
}
_CHOICES = (*PICKS, "channels", "gateways", "weekdays", "window_days", "stops", "more")
# Of a new form
EMPTY = Filled(
    {"kind": "customer_care", "pace": "600", "schedule": "once", "time": "09:00", "day": "1"},
    {"channels": ("sms",), "more": ("skip_holidays",), "window_days": tuple("0123456"), "weekdays": ("0",)},
)


def read_form(form: FormData) -> Filled:
    """Raises Problem 422 field_too_long."""
    chosen = {
        name: tuple(one for one in form.getlist(name)[:_MOST_PICKED] if isinstance(one, str) and len(one) <= 40)
        for name in _CHOICES
    }
    return Filled({name: text_field(form, name, most) for name, most in _TEXTS.items()}, chosen)


def plan_of_form(
    filled: Filled,
    known: Plan | None,
    segments: Sequence[SavedSegment],
    templates: Sequence[MessageTemplate],
    timezone: dt.tzinfo,
) -> Plan:
    """The plan that it says. What cannot be read becomes what campaign_checks.py objects to. `known`: the campaign's
    plan until now, of which what the form does not show is kept."""
    plan = Plan(
        name=filled.text("name"),
        kind=filled.text("kind"),
        variants=campaign_texts_form.variants_of_form(
            filled.text,
            filled.has("more", "unicode"),
            _number(filled.text("share_b") or "50"),
            filled.text("schedule") in ("series", "relative"),
            known,
            templates,
        ),
        channels=tuple(one for one in CHANNELS if filled.has("channels", one)),
        audience=_audience(filled, known, segments),
        schedule=_schedule(filled),
        gateways=filled.chosen.get("gateways", ()),
        pace_per_minute=_number(filled.text("pace")),
        window=_window(filled),
        late_minutes=_number(filled.text("late")) if filled.text("late") else None,
        deadline=_instant(filled.text("deadline"), timezone),
        stops=tuple(one for one in STOPS if filled.has("stops", one)) if filled.text("schedule") == "series" else (),
    )
    return plan if known is None else replace(plan, pause_rule=known.pause_rule)


def form_of_plan(plan: Plan, segments: Sequence[SavedSegment], timezone: dt.tzinfo) -> Filled:
    """The form in which a plan stands."""
    schedule, window = plan.schedule, plan.window
    first = plan.variants[0] if plan.variants else None
    picks = _picks_of(plan.audience)
    same = next((one for one in segments if one.segment.json == dict(plan.audience)), None)
    texts = {
        "name": plan.name,
        "kind": plan.kind,
        "segment": str(same.id) if same else "" if picks is not None else KEPT,
        **campaign_texts_form.fields_of_plan(plan),
        "pace": str(plan.pace_per_minute),
        "schedule": str(schedule.get("kind", "once")),
        "at": str(schedule.get("at") or ""),
        "time": str(schedule.get("time") or "09:00"),
        "from": str(schedule.get("from") or ""),
        "until": str(schedule.get("until") or ""),
        "day": str(schedule.get("day") or "1"),
        "to": str(schedule.get("to") or ""),
        "days": ", ".join(str(one) for one in schedule.get("days") or ()),
        "window_from": str(window.get("from") or ""),
        "window_until": str(window.get("until") or ""),
        "deadline": f"{plan.deadline.astimezone(timezone):%Y-%m-%dT%H:%M}" if plan.deadline else "",
        "late": "" if plan.late_minutes is None else str(plan.late_minutes),
    }
    more = [
        name
        for name, is_on in (
            ("skip_holidays", schedule.get("skip_holidays", True)),
            ("no_holidays", not window.get("holidays", True)),
            ("unicode", bool(first and first.unicode)),
        )
        if is_on
    ]
    chosen = {
        **(picks or {} if same is None else {}),
        "channels": plan.channels,
        "gateways": plan.gateways,
        "weekdays": tuple(str(one) for one in schedule.get("weekdays") or (0,)),
        "window_days": tuple(str(one) for one in window.get("days", range(7))),
        "stops": plan.stops,
        "more": tuple(more),
    }
    return Filled(texts, chosen)


def _audience(filled: Filled, known: Plan | None, segments: Sequence[SavedSegment]) -> dict[str, Any]:
    picks = [{name: list(filled.chosen[name])} for name in PICKS if filled.chosen.get(name)]
    chosen: Mapping[str, Any] | None = None
    if filled.text("segment") == KEPT and known is not None:
        chosen = known.audience
    elif filled.text("segment"):
        saved = next((one for one in segments if str(one.id) == filled.text("segment")), None)
        chosen = None if saved is None else saved.segment.json
    if chosen is None:
        return {"and": picks}
    return {"and": [dict(chosen), *picks]} if picks else dict(chosen)


def _picks_of(audience: Mapping[str, Any]) -> dict[str, tuple[str, ...]] | None:
    """The form's own fields for an expression; None: they cannot say it."""
    parts = audience.get("and") if set(audience) == {"and"} else None
    if not isinstance(parts, list):
        return None
    found: dict[str, tuple[str, ...]] = {}
    for part in parts:
        ((name, value),) = part.items() if len(part) == 1 else (("", ()),)
        if name not in PICKS or name in found:
            return None
        found[name] = (value,) if isinstance(value, str) else tuple(value)
    return found


def _schedule(filled: Filled) -> dict[str, Any]:
    kind = filled.text("schedule")
    if kind == "once":
        return {"kind": kind, "at": filled.text("at") or None}
    days = [_whole(one) for one in filled.text("days").replace(";", ",").split(",") if one.strip()]
    if kind == "relative":
        return {"kind": kind, "to": filled.text("to"), "days": days, "time": filled.text("time")}
    skip = filled.has("more", "skip_holidays")
    if kind == "series":
        return {"kind": kind, "at": filled.text("at") or None, "days": days, "skip_holidays": skip}
    written: dict[str, Any] = {"kind": kind, "time": filled.text("time"), "from": filled.text("from")}
    written |= {"until": filled.text("until") or None, "skip_holidays": skip}
    if kind == "weekly":
        written["weekdays"] = [_whole(one) for one in filled.chosen.get("weekdays", ())]
    if kind == "monthly":
        written["day"] = _whole(filled.text("day"))
    return written


def _window(filled: Filled) -> dict[str, Any]:
    window: dict[str, Any] = {}
    if filled.text("window_from"):
        window["from"] = filled.text("window_from")
    if filled.text("window_until"):
        window["until"] = filled.text("window_until")
    days = sorted({_number(one) for one in filled.chosen.get("window_days", ())})
    if days != list(range(7)):
        window["days"] = days
    if filled.has("more", "no_holidays"):
        window["holidays"] = False
    return window


def _number(written: str) -> int:
    """0, which every rule about numbers refuses, for what is none."""
    written = written.strip()
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 6 else 0


def _whole(written: str) -> int | str:
    """With a sign; what is no number is left to the schedule to object to."""
    written = written.strip().replace("−", "-")
    digits = written.removeprefix("-").removeprefix("+")
    return int(written) if digits.isascii() and digits.isdigit() and len(digits) <= 6 else written


def _instant(written: str, timezone: dt.tzinfo) -> dt.datetime | None:
    """A time that does not exist is long past, so the check says that nothing would leave."""
    if not written:
        return None
    try:
        local = dt.datetime.fromisoformat(written)
    except ValueError:
        return dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
    return (local.replace(tzinfo=timezone) if local.tzinfo is None else local).astimezone(dt.UTC)
