"""What a message template comes to: both texts with parts and price, what accents cost, what people would get.

The people are made up, so that a preview shows nobody's data: one with a short commune, one with the longest names,
one of whom little is known. Reads nothing from the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from console.context import ConsoleContext
from programme import campaign_text, message_templates
from programme.campaign_text import LONGEST, MissingValue
from programme.communes import Commune
from programme.message_templates import Cost, Draft
from programme.short_links import link, longest, stop_link
from programme.sms_parts import Parts, parts

Say = Callable[..., str]
_AN_ADDRESS = "https://hotline.example"  # reserved for examples; where nobody said how the hotline is reached


@dataclass(frozen=True)
class Version:
    """One of the two texts at its longest. `goes_out`: it is the one that is sent."""

    text: str
    cost: Cost
    goes_out: bool


@dataclass(frozen=True)
class Sample:
    """What one person would get. Without `needed` nothing is sent: `missing` is the variable they have no value for."""

    who: str
    text: str
    needed: Parts | None
    missing: str = ""


@dataclass(frozen=True)
class Preview:
    """`problems`: what must be changed, in words."""

    accented: Version
    plain: Version
    problems: tuple[str, ...]
    samples: tuple[Sample, ...]

    @property
    def dearer_by(self) -> int:
        """How many more SMS the accented text takes, for each recipient."""
        return self.accented.cost.parts.parts - self.plain.cost.parts.parts


def preview(context: ConsoleContext, draft: Draft, say: Say) -> Preview:
    """As the draft stands, right or wrong."""
    known = draft.kind in _priced(context)
    price = context.content.starters.price(context.province, draft.kind) if known else None
    found = message_templates.problems(context.content.bulk_law, draft, context.clock.today())
    address = longest(context.public_url or _AN_ADDRESS)
    return Preview(
        Version(draft.text, message_templates.cost(draft.text, True, price, address), draft.sends == "accented"),
        Version(draft.plain, message_templates.cost(draft.plain, False, price, address), draft.sends != "accented"),
        tuple(dict.fromkeys(one.words for one in found)),
        tuple(_sample(draft, who, values) for who, values in _people(context, say) if draft.sent_text.strip()),
    )


def _priced(context: ConsoleContext) -> frozenset[str]:
    return frozenset(context.content.starters.prices[context.province])


def _sample(draft: Draft, who: str, values: dict[str, str]) -> Sample:
    accents = draft.sends == "accented"
    try:
        text = campaign_text.render(draft.sent_text, values, accents=accents)
    except MissingValue as missing:
        return Sample(who, "", None, missing.name)
    return Sample(who, text, parts(text))


def _people(context: ConsoleContext, say: Say) -> list[tuple[str, dict[str, str]]]:
    communes = sorted(context.content.communes.communes(context.province), key=lambda one: len(one.full_name))
    short = {**_about(context, say), **_place(context, communes[0])}
    long = {**_about(context, say), **_place(context, communes[-1])}
    return [
        (
            say("message_templates.who_usual"),
            {**short, "name": say("message_templates.sample_name"), "shop": say("message_templates.sample_shop")},
        ),
        (
            say("message_templates.who_longest"),
            {
                **long,
                "name": say("message_templates.sample_long_name"),
                "shop": say("message_templates.sample_long_shop"),
            },
        ),
        (say("message_templates.who_unknown"), _about(context, say)),
    ]


def _about(context: ConsoleContext, say: Say) -> dict[str, str]:
    """The values that do not come from the person."""
    address, today = context.public_url or _AN_ADDRESS, context.clock.today()
    return {
        "link": link(address, context.keyring, 1),
        "stop": stop_link(address, context.keyring, 1),
        "class": say("message_templates.sample_class"),
        "place": say("message_templates.sample_place"),
        "day": f"{today + timedelta(days=1):%d/%m/%Y}",
        "time": "14:00",
        "domain": "cuahangnhahoa.biz.vn",
        "expires": f"{today + timedelta(days=30):%d/%m/%Y}",
        "days": "30",
        "hours": "12",
    }


def _place(context: ConsoleContext, commune: Commune) -> dict[str, str]:
    wide = context.content.communes.province_wide_vendors(context.province)
    vendor = commune.vendor.short if commune.vendor else wide[0].short if wide else ""
    return {"commune": commune.full_name, "vendor": vendor}


VARIABLES = tuple(LONGEST)
