"""Who helps the shops of a commune: the meaning of a place name becomes a pack answer, or a question back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.context import TurnContext
from actions.places import COMMUNE, mentions_in
from actions.replies import NOTHING, introduce, say
from programme.communes import Commune, Kind, Resolution

COMMUNE_CODE = "commune_code"
# More than this is read as a list of vendors, each with its communes, instead of one commune after the other.
FEW_CHOICES = 3
MAX_BUTTONS = 10


def say_vendor(dispatcher: CollectingDispatcher, context: TurnContext, tracker: Tracker) -> list[dict[str, Any]]:
    """Answer with the vendor, or ask back; returns the slot that remembers the commune once it is settled."""
    resolution = _meant(context, tracker)
    if resolution is None:
        province = context.content.communes.province_asked_about(mentions_in(tracker), context.text, context.province)
        answer = context.content.answers.get("commune_ask", province, context.today)
        say(dispatcher, context, answer, before=introduce(context, answer, province))
        return []
    _answer(dispatcher, context, resolution)
    settled = resolution.commune if resolution.kind in (Kind.CURRENT, Kind.OLD_UNIT) else None
    return [SlotSet(COMMUNE_CODE, settled.code)] if settled else []


def _meant(context: TurnContext, tracker: Tracker) -> Resolution | None:
    """The place that the message names, or the one that was settled before; None when there is nothing to go by."""
    communes = context.content.communes
    entities = [e for e in tracker.latest_message.get("entities", ()) if e["entity"] == COMMUNE]
    for entity in entities:
        chosen = communes.by_code(str(entity["value"])) if "start" not in entity else None
        if chosen is not None:  # a button of ours
            return Resolution(Kind.CURRENT, chosen.province, commune=chosen)
    mentions = mentions_in(tracker)
    resolution = communes.resolve_all(mentions, context.text, context.province)
    if resolution.kind is not Kind.UNKNOWN or resolution.typed is not None:
        return resolution
    remembered = communes.by_code(tracker.get_slot(COMMUNE_CODE) or "")
    return Resolution(Kind.CURRENT, remembered.province, commune=remembered) if remembered else None


def _answer(dispatcher: CollectingDispatcher, context: TurnContext, place: Resolution) -> None:
    if place.kind is Kind.UNKNOWN:
        count = len(context.content.communes.communes(context.province))
        _say(dispatcher, context, "commune_unknown", {"name": place.typed or "", "count": str(count)})
    elif place.kind is Kind.PROVINCE_WITHOUT_PACK:
        known = " và ".join(sorted(pack.name for pack in context.content.packs.provinces.values()))
        _say(dispatcher, context, "province_without_pack", {"province": place.outside or "", "known": known})
    elif place.kind is Kind.OTHER_PROVINCE:
        _answer_elsewhere(dispatcher, context, place)
    elif place.kind is Kind.DISTRICT and place.district is not None:
        _ask(dispatcher, context, place, "district_only", {"district": place.district.full_name})
    elif place.kind is Kind.SPLIT:
        _ask(dispatcher, context, place, "commune_split_unit", {"name": place.old_units[0].full_name})
    elif place.kind is Kind.SEVERAL:
        several = {"choices": _readable(place.choices, " và ")}
        _say(dispatcher, context, "communes_several", several, _buttons(place))
    elif place.kind is Kind.AMBIGUOUS or place.commune is None:
        _ask(dispatcher, context, place, "commune_ambiguous", {"name": _shared_name(place)})
    else:
        _answer_commune(dispatcher, context, place, place.commune)


def _answer_commune(
    dispatcher: CollectingDispatcher, context: TurnContext, place: Resolution, commune: Commune
) -> None:
    facts = {"commune": commune.full_name}
    if commune.vendor is None:
        _say(dispatcher, context, "vendor_table_missing", facts)
        return
    facts |= {"vendor": commune.vendor.short, "platform": commune.vendor.platform}
    if place.kind is Kind.OLD_UNIT:
        _say(dispatcher, context, "commune_old_unit", {**facts, "old": place.old_units[0].full_name})
    elif place.district is None:
        _say(dispatcher, context, "vendor_of_commune", facts)
        _add_old_units(dispatcher, context, place)
    elif place.kind is Kind.SAME_AS_DISTRICT:
        names = {"name": commune.name, "district": place.district.full_name}
        _say(dispatcher, context, "commune_is_also_district", facts | names, _buttons(place))
    else:
        facts["district"] = place.district.full_name
        _say(dispatcher, context, "vendor_of_commune_same_name_as_district", facts)


def _add_old_units(dispatcher: CollectingDispatcher, context: TurnContext, place: Resolution) -> None:
    """Old units of the same name that went elsewhere: whoever means one of those must not be misled."""
    for old in place.old_units:
        if len(old.communes) == 1:
            went_to = replace(place, kind=Kind.OLD_UNIT, old_units=(old,))
            _answer_commune(dispatcher, context, went_to, old.communes[0])
        else:
            split = replace(place, choices=old.communes)
            _ask(dispatcher, context, split, "commune_split_unit", {"name": old.full_name})


def _answer_elsewhere(dispatcher: CollectingDispatcher, context: TurnContext, place: Resolution) -> None:
    """The place is another province's: answered from that one's pack, saying so."""
    there = replace(context, province=place.province)
    name = context.content.packs.province(place.province).name
    introduction = context.content.phrases.say("of_province", context.language, province=name)
    if place.commune is not None:
        facts, vendor = {"commune": place.commune.full_name}, place.commune.vendor
        if vendor is not None:
            facts |= {"vendor": vendor.short, "platform": vendor.platform}
        entry = "vendor_of_commune" if vendor is not None else "vendor_table_missing"
        _say(dispatcher, there, entry, facts, before=introduction)
    elif place.choices:
        shown = place.district.full_name if place.district else _shared_name(place)
        _ask(dispatcher, there, place, "commune_ambiguous", {"name": shown}, before=introduction)
    else:
        _say(dispatcher, there, "commune_ask", before=introduction)


def _ask(
    dispatcher: CollectingDispatcher,
    context: TurnContext,
    place: Resolution,
    entry: str,
    variables: dict[str, str],
    before: str = "",
) -> None:
    """Ask back which of several communes it is."""
    _say(dispatcher, context, entry, {**variables, "choices": _readable(place.choices)}, _buttons(place), before)


def _say(
    dispatcher: CollectingDispatcher,
    context: TurnContext,
    entry: str,
    variables: Mapping[str, str] = NOTHING,
    buttons: Sequence[dict[str, str]] = (),
    before: str = "",
) -> None:
    answer = context.content.answers.get(entry, context.province, context.today)
    say(dispatcher, context, answer, variables, buttons, before)


def _buttons(place: Resolution) -> list[dict[str, str]]:
    """A button per commune that the question names, as far as buttons stay useful."""
    return [
        {"title": _capital(commune.full_name), "payload": f'/inform_commune{{"{COMMUNE}":"{commune.code}"}}'}
        for commune in place.communes[:MAX_BUTTONS]
    ]


def _shared_name(place: Resolution) -> str:
    """What the choices share as people type it: the accent-free name when only accents tell them apart."""
    return place.typed or " / ".join(dict.fromkeys(commune.name for commune in place.choices))


def _readable(communes: tuple[Commune, ...], link: str = " hay ") -> str:
    """ "xã A (VNPT – VNPT HKD) hay xã B (MISA – MISA eShop)"; a longer list is grouped by vendor."""
    if len(communes) <= FEW_CHOICES:
        return link.join(f"{commune.full_name}{_vendor_of(commune)}" for commune in communes)
    groups: dict[str, list[str]] = {}
    for commune in communes:
        groups.setdefault(_vendor_of(commune), []).append(commune.full_name)
    return "; ".join(f"{', '.join(names)}{vendor}" for vendor, names in groups.items())


def _vendor_of(commune: Commune) -> str:
    return f" ({commune.vendor.short} – {commune.vendor.platform})" if commune.vendor else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
