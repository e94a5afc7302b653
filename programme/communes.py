"""What a person means by a place name: which commune of today, or which question has to be asked back.

Dictionary and rules only: finding a name in a sentence and forgiving its typos is the gazetteer's work
(`nlu/components/gazetteer.py`). The rules inside one province are in `commune_reading.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from programme.commune_file import CommuneFile, load_commune_file
from programme.commune_reading import ProvinceIndex, Readings
from programme.commune_resolution import (
    Commune,
    District,
    Kind,
    Mention,
    OldUnit,
    Resolution,
    VendorLike,
    distinct,
)
from programme.mentions_read import Read, ask_between, districts_said, is_only_a_province, letters, most_exact, spans
from programme.place_names import (
    COMMUNE_LEVEL,
    UNKNOWN_NAME_CHARACTERS,
    Unit,
    name_key,
    says,
    spelling,
    typed_unit,
    unknown_name,
    without_unit,
)
from programme.provinces_named import ProvinceLike, ProvincesNamed

__all__ = [
    "ALTERNATIVES",
    "Commune",
    "CommuneDirectory",
    "CommuneFile",
    "District",
    "Kind",
    "Mention",
    "OldUnit",
    "Resolution",
    "VendorLike",
    "load_commune_file",
    "unknown_name",
]

# The gazetteer puts this between the names when a typo leaves several; none of them may be chosen in silence.
ALTERNATIVES = " / "
_FORMER = re.compile(r"[\s,(]*(?:cũ|cu)(?![^\W_])", re.IGNORECASE)


class CommuneDirectory:
    """The communes of all province packs and the meaning of their names.

    `files` and `vendors` have the pack ids as keys; `vietnam`: all provinces, to notice those without a pack. Raises
    ValueError for a vendor that a commune has and its pack has not, for a code used in two provinces, and
    for a file without its pack.
    """

    def __init__(
        self,
        files: Mapping[str, CommuneFile],
        vendors: Mapping[str, Mapping[str, VendorLike]],
        vietnam: Sequence[ProvinceLike] = (),
    ) -> None:
        self._vendors = vendors
        self._provinces: dict[str, ProvinceIndex] = {}
        self._by_code: dict[str, Commune] = {}
        for province, file in sorted(files.items()):
            if province not in vendors or file.province != province:
                raise ValueError(f"the commune file of {file.province} has no pack of its own")
            index = ProvinceIndex(province, file, vendors[province])
            self._provinces[province] = index
            for commune in index.communes:
                if commune.code in self._by_code:
                    raise ValueError(f"code {commune.code} is used in {province} and in another province")
                self._by_code[commune.code] = commune
        with_pack = {index.name for index in self._provinces.values()}
        self._outside = ProvincesNamed(province for province in vietnam if province.name not in with_pack)
        self._inside = ProvincesNamed(province for province in vietnam if province.name in with_pack)

    def by_code(self, code: str) -> Commune | None:
        """The commune with a General Statistics Office code of five digits, as button payloads carry it."""
        return self._by_code.get(code)

    def communes(self, province: str) -> tuple[Commune, ...]:
        """All communes of a province in the order of its file. Raises KeyError for a province without a file."""
        return self._provinces[province].communes

    def province_wide_vendors(self, province: str) -> tuple[VendorLike, ...]:
        """The vendors that serve every commune of a province besides the one assigned to it."""
        return tuple(vendor for vendor in self._vendors[province].values() if vendor.coverage == "province_wide")

    def lookup_examples(self) -> list[str]:
        """The gazetteer's table `commune`: every name of today, old unit and old district, with its unit word."""
        names: set[str] = set()
        for index in self._provinces.values():
            names.update(commune.full_name for commune in index.communes)
            names.update(unit.full_name for unit in index.old_units)
            names.update(district.full_name for district in index.districts.values())
        return sorted(name[0].upper() + name[1:] for name in names)

    def province_names(self) -> list[str]:
        """The gazetteer's table `province`: names of the provinces with a file, and of provinces merged into them."""
        return sorted({name for index in self._provinces.values() for name in (index.name, *index.former_names)})

    def unknown_name(self, text: str) -> str | None:
        """See `place_names.unknown_name`."""
        return unknown_name(text)

    def resolve(self, value: str, surface: str, province: str) -> Resolution:
        """What one mention means to somebody of `province` (a pack id; KeyError when it has no commune file).

        `value` is the gazetteer's (a name as it is spelt, its accent-free key, or several with " / " between them),
        `surface` what was typed, the unit word included.
        """
        return self._resolve(value, surface, province)

    def resolve_all(self, mentions: Sequence[Mention], text: str, province: str) -> Resolution:
        """What a text with several mentions means: the most exact one is read, old districts say where it lies.

        A mention with "xã", "phường" or "thị trấn" comes first, then a name that is no district's, then a district.
        Two of the same rank that lead to different communes are asked about, since only one is the shop's.
        """
        outside = self._province_without_pack(mentions, text, province)
        if outside is not None:
            return Resolution(Kind.PROVINCE_WITHOUT_PACK, province, outside=outside)
        if not mentions:
            return Resolution(Kind.UNKNOWN, province, typed=unknown_name(text))
        elsewhere = self._province_named_in(text, besides=province)
        if elsewhere is not None:
            there = self._choose(mentions, text, elsewhere)
            if there.kind not in (Kind.UNKNOWN, Kind.OTHER_PROVINCE):
                return replace(there, kind=Kind.OTHER_PROVINCE)
            if self._inside.where(text, spans(mentions), ()) is not None:
                # "xã Hải Hậu tỉnh Thanh Hóa" is nowhere, and surely not the Hà Châu it was corrected to
                return Resolution(Kind.UNKNOWN, province, typed=unknown_name(text))
        return self._choose(mentions, text, province)

    def province_asked_about(self, mentions: Sequence[Mention], text: str, province: str) -> str:
        """The pack of the province that a question is about: one it names, else its commune's, else `province`."""
        named = self._province_named_in(text, besides=province)
        if named is not None:
            return named
        place = self.resolve_all(mentions, text, province) if mentions else None
        return place.province if place is not None and place.kind is Kind.OTHER_PROVINCE else province

    def province_without_pack(self, mentions: Sequence[Mention], text: str, province: str) -> str | None:
        """A province of Vietnam without a pack that the text asks about, as it is to be said."""
        return self._province_without_pack(mentions, text, province)

    def _choose(self, mentions: Sequence[Mention], text: str, province: str) -> Resolution:
        read = [self._read(mention, text, province) for mention in mentions]
        main = most_exact([one for one in read if not is_only_a_province(one, read)] or read)
        outcomes: list[Resolution] = []
        for one in main:
            districts = districts_said(other for other in read if other is not one)
            outcome = self._resolve(one.mention.value, one.surface, province, districts, one.former)
            if all(known.communes != outcome.communes for known in outcomes):
                outcomes.append(outcome)
        if len(outcomes) == 1:
            return outcomes[0]
        asked = ask_between(outcomes, province)
        names = {name_key(one.mention.value) for one in main}
        return replace(asked, kind=Kind.SEVERAL) if asked.kind is Kind.AMBIGUOUS and len(names) > 1 else asked

    def _read(self, mention: Mention, text: str, province: str) -> Read:
        surface = text[mention.start : mention.end]
        former = _FORMER.match(text, mention.end) is not None
        unit = typed_unit(surface, mention.value.split(ALTERNATIVES)[0])
        return Read(mention, surface, unit, former, self._resolve(mention.value, surface, province, (), former))

    def _resolve(
        self,
        value: str,
        surface: str,
        province: str,
        districts: Sequence[District] = (),
        former: bool = False,
    ) -> Resolution:
        names = value.split(ALTERNATIVES)
        unit = typed_unit(surface, names[0])
        outcomes = [self._resolve_name(name, unit, province, districts, former) for name in names]
        outcome = outcomes[0] if len(outcomes) == 1 else ask_between(outcomes, province)
        typed = without_unit(surface, names[0])
        asked = outcome.kind in (Kind.UNKNOWN, Kind.AMBIGUOUS)
        return replace(
            outcome,
            corrected=bool(typed) and not letters(typed).endswith(letters(names[0])),
            typed=(typed[:UNKNOWN_NAME_CHARACTERS] or None) if asked else None,
        )

    def _resolve_name(
        self, name: str, unit: Unit | None, province: str, districts: Sequence[District], former: bool
    ) -> Resolution:
        own = self._provinces[province]
        accented = spelling(name)
        by_key, exact = own.readings(name), own.readings(name).spelt(accented)
        elsewhere = self._elsewhere(name, province)
        if not by_key:
            return self._in_other_province(elsewhere, unit, former, province)
        if not exact and elsewhere and name != name_key(name):
            # "Định Hòa" is spelt as in Thanh Hóa, but one accent away from Định Hóa here: nobody can tell
            found = (by_key, *(readings for _, readings in elsewhere))
            choices = distinct(tuple(commune for readings in found for commune in readings.all_communes()))
            if len(choices) > 1:
                return Resolution(Kind.AMBIGUOUS, province, choices=choices)
        readings = self._by_typed_kind(exact, by_key, unit) if exact else by_key
        outcome = own.read(readings.within(districts) if districts else readings, unit, former)
        also_in = distinct(tuple(commune for _, there in elsewhere for commune in there.all_communes()))
        return replace(outcome, also_in=also_in)

    @staticmethod
    def _by_typed_kind(exact: Readings, by_key: Readings, unit: Unit | None) -> Readings:
        """ "thị trấn Yên Lạc": the accents say a commune, the unit says the township Yến Lạc; both remain."""
        if unit in COMMUNE_LEVEL and unit not in exact.kinds() and unit in by_key.kinds():
            return by_key
        return exact

    def _elsewhere(self, name: str, province: str) -> list[tuple[ProvinceIndex, Readings]]:
        """What other provinces have of this name: spelt so if `name` has accents, else with this key."""
        found = []
        for index in self._provinces.values():
            if index.province == province:
                continue
            readings = index.readings(name)
            if name != name_key(name):
                readings = readings.spelt(spelling(name))
            if readings:
                found.append((index, readings))
        return found

    def _in_other_province(
        self,
        elsewhere: list[tuple[ProvinceIndex, Readings]],
        unit: Unit | None,
        former: bool,
        province: str,
    ) -> Resolution:
        if not elsewhere:
            return Resolution(Kind.UNKNOWN, province)
        outcomes = [index.read(readings, unit, former) for index, readings in elsewhere]
        outcome = outcomes[0] if len(outcomes) == 1 else ask_between(outcomes, elsewhere[0][0].province)
        return replace(outcome, kind=Kind.OTHER_PROVINCE)

    def _province_without_pack(self, mentions: Sequence[Mention], text: str, province: str) -> str | None:
        own = self._provinces[province]
        if any(says(text, name) for name in (own.name, *own.former_names)):
            return None
        return self._outside.where(text, spans(mentions), own.keys)

    def _province_named_in(self, text: str, besides: str) -> str | None:
        """The one other province that a text names; None when it names the default one or several."""
        named = {index.province for index in self._provinces.values() if says(text, index.name)}
        return named.pop() if len(named) == 1 and besides not in named else None
