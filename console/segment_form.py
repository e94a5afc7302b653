"""The builder of segments: groups of conditions in a form, to and from the expression that is kept.

One level of groups, joined by "and" or "or", each condition may be negated; an expression that is deeper is shown in
words and cannot be edited here. What conditions mean is programme/segments.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from starlette.datastructures import FormData

from console.forms import text_field
from programme.content import Content
from programme.segment_tree import And, Leaf, Node, Not, Or
from programme.segments import CHOICES, read

Join = Literal["and", "or"]
MOST_GROUPS, MOST_IN_GROUP = 8, 12
# In the order in which they are offered
FIELDS = (
    "commune",
    "vendor",
    "trade",
    "survey",
    "level",
    "lead",
    "class",
    "reached",
    "last_contact",
    "language",
    "has",
)
SIDES = ("within_days", "before_days")


class Incomplete(ValueError):
    """A condition lacks what it asks for; `field` is its name, "" where even that is not chosen."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True)
class Condition:
    """As it stands in the form, complete or not. `low`, `high`, `days`: what was typed, to be shown again."""

    field: str = ""
    is_negated: bool = False
    values: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    days: str = ""
    side: str = SIDES[0]

    def json(self) -> dict[str, Any]:
        """Raises Incomplete."""
        plain = self._plain()
        return {"not": plain} if self.is_negated else plain

    def _plain(self) -> dict[str, Any]:
        match self.field:
            case "level":
                ends = {"from": _number(self.low), "to": _number(self.high)}
                given = {name: end for name, end in ends.items() if end is not None}
                if not given or (self.low and "from" not in given) or (self.high and "to" not in given):
                    raise Incomplete(self.field)
                return {"level": given}
            case "reached":
                if self.days and _number(self.days) is None:
                    raise Incomplete(self.field)
                return {"reached": True, **({"days": _number(self.days)} if self.days else {})}
            case "last_contact":
                if _number(self.days) is None:
                    raise Incomplete(self.field)
                return {"last_contact": {self.side: _number(self.days)}}
        if not self.field or not self.values:
            raise Incomplete(self.field)
        return {self.field: list(self.values)}


@dataclass(frozen=True)
class Group:
    join: Join = "and"
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Builder:
    """`join` stands between the groups."""

    join: Join = "and"
    groups: tuple[Group, ...] = (Group(),)

    def json(self) -> dict[str, Any]:
        """The expression. Raises Incomplete for the first condition that lacks something."""
        made: list[dict[str, Any]] = [
            {one.join: [condition.json() for condition in one.conditions]} for one in self.groups
        ]
        return made[0] if len(made) == 1 else {self.join: made}

    def act(self, what: str) -> Builder:
        """After a button: "add.0" a condition to a group, "group" another group, "remove.0.1" a condition and with
        its last one the group. What the builder has not, or has no room for, changes nothing."""
        name, *numbers = what.split(".")
        at = [int(number) for number in numbers if number.isascii() and number.isdigit()]
        groups = list(self.groups)
        if name == "group" and len(groups) < MOST_GROUPS:
            groups.append(Group(conditions=(Condition(),)))
        elif name == "add" and len(at) == 1 and at[0] < len(groups):
            group = groups[at[0]]
            if len(group.conditions) < MOST_IN_GROUP:
                groups[at[0]] = replace(group, conditions=(*group.conditions, Condition()))
        elif name == "remove" and len(at) == 2 and at[0] < len(groups):
            group = groups[at[0]]
            left = tuple(one for number, one in enumerate(group.conditions) if number != at[1])
            groups[at[0]] = replace(group, conditions=left)
            if not left and len(groups) > 1:
                del groups[at[0]]
        return replace(self, groups=tuple(groups))


def options(content: Content, province: str, field: str, language: str) -> Sequence[tuple[str, str]]:
    """What a condition on `field` chooses from: values with their words."""
    english = language == "en"
    match field:
        case "commune":
            communes = content.communes.communes(province)
            return [(one.code, one.full_name) for one in sorted(communes, key=lambda one: one.name)]
        case "vendor":
            return [(one.id, one.short) for one in content.packs.province(province).vendors]
        case "trade":
            trades = content.trades.trades.items()
            return [(id_, one.words.en if english else one.words.vi) for id_, one in trades]
    said = [(value, read({field: [value]}).words(content, language)) for value in CHOICES.get(field, ())]
    return [(value, words[0].upper() + words[1:]) for value, words in said]


def read_form(form: FormData, content: Content, province: str) -> Builder:
    """What the form says; values that its field has not are left out, as those of a field that was chosen before."""
    groups = []
    for number in range(MOST_GROUPS):
        if f"g{number}_join" not in form:
            break
        conditions = []
        for at in range(MOST_IN_GROUP):
            start = f"c{number}_{at}_"
            if f"{start}field" not in form:
                break
            conditions.append(_condition(form, start, content, province))
        groups.append(Group(_join(form, f"g{number}_join"), tuple(conditions)))
    return Builder(_join(form, "join"), tuple(groups) or (Group(),))


def builder_of(node: Node) -> Builder | None:
    """The builder that makes this expression; None: it is deeper than the form, or names single people."""
    top = node if isinstance(node, (And, Or)) else And((node,))
    flat = _group_of(top)
    if flat is not None:
        return Builder(groups=(flat,))
    groups = [_group_of(part if isinstance(part, (And, Or)) else And((part,))) for part in top.parts]
    known = tuple(group for group in groups if group is not None)
    fits = len(known) == len(groups) <= MOST_GROUPS
    return Builder("and" if isinstance(top, And) else "or", known) if fits else None


def _group_of(node: And | Or) -> Group | None:
    conditions = tuple(_condition_of(part) for part in node.parts)
    known = tuple(one for one in conditions if one is not None)
    if len(known) < len(conditions) or len(known) > MOST_IN_GROUP:
        return None
    return Group("and" if isinstance(node, And) else "or", known)


def _condition_of(node: Node) -> Condition | None:
    leaf = node.part if isinstance(node, Not) else node
    if not isinstance(leaf, Leaf) or leaf.name not in FIELDS:
        return None
    one = Condition(leaf.name, isinstance(node, Not))
    match leaf.name:
        case "level":
            return replace(one, low=str(leaf.numbers[0]), high=str(leaf.numbers[1]))
        case "reached":
            days = str(leaf.numbers[0]) if leaf.numbers else ""
            return replace(one, days=days, is_negated=one.is_negated is (leaf.values == ("yes",)))
        case "last_contact":
            return replace(one, side=leaf.values[0], days=str(leaf.numbers[0]))
    return replace(one, values=leaf.values)


def _condition(form: FormData, start: str, content: Content, province: str) -> Condition:
    field = text_field(form, f"{start}field", 20)
    if field not in FIELDS:
        return Condition()
    known = {value for value, _ in options(content, province, field, "vi")}
    side = text_field(form, f"{start}side", 20)
    return Condition(
        field,
        f"{start}not" in form,
        tuple(value for value in form.getlist(f"{start}values") if isinstance(value, str) and value in known),
        text_field(form, f"{start}low", 10),
        text_field(form, f"{start}high", 10),
        text_field(form, f"{start}days", 10),
        side if side in SIDES else SIDES[0],
    )


def _join(form: FormData, name: str) -> Join:
    return "or" if form.get(name) == "or" else "and"


def _number(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdigit() else None
