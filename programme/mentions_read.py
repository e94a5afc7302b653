"""Mentions of one text that were read one by one: which of them counts, and the one question for several.

Responsible for weighing readings only. They are made in `communes.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from programme.commune_resolution import District, Kind, Mention, Resolution, distinct
from programme.place_names import COMMUNE_LEVEL, Unit, name_key

_SETTLED = frozenset({Kind.CURRENT, Kind.OLD_UNIT})


@dataclass(frozen=True, slots=True)
class Read:
    """One mention, read on its own."""

    mention: Mention
    surface: str
    unit: Unit | None
    former: bool
    resolution: Resolution


def spans(mentions: Sequence[Mention]) -> list[tuple[int, int]]:
    return [(mention.start, mention.end) for mention in mentions]


def letters(name: str) -> str:
    return name_key(name).replace(" ", "")


def is_only_a_province(one: Read, read: Sequence[Read]) -> bool:
    """ "Ngân Sơn Bắc Kạn": the second name only says in which former province the first one lay."""
    if one.unit is not None:
        return False
    key = name_key(one.mention.value)
    lies_in = (
        other.resolution.district or (other.resolution.commune.district if other.resolution.commune else None)
        for other in read
        if other is not one and name_key(other.mention.value) != key
    )
    return any(
        district is not None and district.former_province is not None and name_key(district.former_province) == key
        for district in lies_in
    )


def districts_said(read: Iterable[Read]) -> list[District]:
    """The old districts that mentions name; "xã Đại Từ" is the commune and names none."""
    return [
        one.resolution.district for one in read if one.resolution.district is not None and one.unit not in COMMUNE_LEVEL
    ]


def most_exact(read: Sequence[Read]) -> list[Read]:
    def rank(one: Read) -> int:
        kind = one.resolution.kind
        if kind in (Kind.UNKNOWN, Kind.OTHER_PROVINCE):
            return 4
        if one.unit in COMMUNE_LEVEL:
            return 0
        if kind is Kind.DISTRICT:
            return 3
        return 2 if kind is Kind.SAME_AS_DISTRICT else 1

    best = min(rank(one) for one in read)
    return [one for one in read if rank(one) == best]


def ask_between(outcomes: Sequence[Resolution], province: str) -> Resolution:
    """One question for several readings; a single answer when all of them settle on the same commune."""
    known = [outcome for outcome in outcomes if outcome.kind is not Kind.UNKNOWN]
    if not known:
        return outcomes[0]
    own = [outcome for outcome in known if outcome.kind is not Kind.OTHER_PROVINCE] or known
    choices = distinct(tuple(commune for outcome in own for commune in outcome.communes))
    if len(choices) == 1 and own[0].kind in _SETTLED:
        return own[0]
    old_units = tuple(unit for outcome in own for unit in outcome.old_units)
    return Resolution(Kind.AMBIGUOUS, province, choices=choices, old_units=old_units)
