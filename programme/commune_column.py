"""A commune as officers write it in a cell: its code or its name, of today or of before 1/7/2025. No guessing."""

from __future__ import annotations

import re

from programme.communes import Commune, CommuneDirectory, Kind, Resolution

CODE_DIGITS = 5
_UNIT = re.compile(r"(?:xã|xa|phường|phuong|thị trấn|thi tran|x\.|p\.|tt\.)\s*", re.IGNORECASE)
_MOST_CHOICES = 8


class CommuneUnclear(ValueError):
    """The cell names no single commune of the province; the text (Vietnamese) says why and what to write.

    `communes`: those of the province that it may mean.
    """

    def __init__(self, words: str, communes: tuple[Commune, ...] = ()) -> None:
        super().__init__(words)
        self.communes = communes


def read_commune(directory: CommuneDirectory, province: str, text: str) -> Commune:
    """The commune of `province` (a pack's id) that the cell means. Raises CommuneUnclear.

    A spreadsheet drops leading zeros, so a code may have fewer than five digits.
    """
    if text.isascii() and text.isdigit():
        commune = directory.by_code(text.zfill(CODE_DIGITS))
        if commune is None or commune.province != province:
            raise CommuneUnclear(f'không có mã xã/phường "{text}" trong tỉnh')
        return commune
    place = directory.resolve(text, text, province)
    if place.kind is Kind.UNKNOWN and (unit := _UNIT.match(text)) and unit.end() < len(text):
        # only now: "Phượng Tiến" begins like a ward without being one
        place = directory.resolve(text[unit.end() :], text, province)
    # in this column a name shared with an abolished district is the commune's
    if place.kind in (Kind.CURRENT, Kind.OLD_UNIT, Kind.SAME_AS_DISTRICT) and place.commune:
        return place.commune
    elsewhere = place.kind is Kind.OTHER_PROVINCE
    raise CommuneUnclear(_why(place, text), () if elsewhere else tuple(place.communes))


def _why(place: Resolution, text: str) -> str:
    if place.kind is Kind.OTHER_PROVINCE:
        return f'"{text}" thuộc tỉnh khác'
    named = [f"{commune.full_name} ({commune.code})" for commune in place.communes]
    if not named:
        return f'không có xã/phường "{text}" trong tỉnh'
    more = ", …" if len(named) > _MOST_CHOICES else ""
    return f'"{text}" có thể là nhiều nơi, ghi rõ một mã: {", ".join(named[:_MOST_CHOICES])}{more}'
