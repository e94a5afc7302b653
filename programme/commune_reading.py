"""What a place name means within one province: the rules of the old and the new units, without any other province.

Responsible for a `ProvinceIndex` per commune file and for reading one name in it. Several mentions and several
provinces are put together in `communes.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from programme.commune_file import CommuneFile, CommuneRow
from programme.commune_resolution import Commune, District, Kind, OldUnit, Resolution, VendorLike, distinct
from programme.place_names import (
    COMMUNE_LEVEL,
    DISTRICT_LEVEL,
    Unit,
    name_key,
    spelling,
    split_full_name,
)


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything in a province that bears one name (or one accent-free key)."""

    communes: tuple[Commune, ...] = ()
    district: District | None = None
    old_units: tuple[OldUnit, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.communes or self.district or self.old_units)

    def spelt(self, accented: str) -> Readings:
        """Only what is spelt exactly so (a `spelling`)."""
        district = self.district
        return Readings(
            tuple(commune for commune in self.communes if spelling(commune.name) == accented),
            district if district is not None and spelling(district.name) == accented else None,
            tuple(unit for unit in self.old_units if spelling(unit.name) == accented),
        )

    def within(self, districts: Collection[District]) -> Readings:
        """Only what lay in one of these districts; all of it when that leaves nothing."""
        communes = tuple(commune for commune in self.communes if commune.district in districts)
        old_units = tuple(unit for unit in self.old_units if unit.district in districts)
        return Readings(communes, None, old_units) if communes or old_units else self

    def kinds(self) -> frozenset[Unit]:
        """The units of commune level that bear this name."""
        return frozenset((*(commune.unit for commune in self.communes), *(unit.unit for unit in self.old_units)))

    def all_communes(self) -> tuple[Commune, ...]:
        """The communes of this name and those that its old units went into."""
        return distinct((*self.communes, *(commune for unit in self.old_units for commune in unit.communes)))


class ProvinceIndex:
    """The names of one province. Raises ValueError for a vendor id that `vendors` does not have."""

    def __init__(self, province: str, file: CommuneFile, vendors: Mapping[str, VendorLike]) -> None:
        self.province = province
        self.name = file.name
        self.former_names = tuple(sorted({row.former_province for row in file.districts if row.former_province}))
        self.districts = {row.name: self._district(row.name, row.former_province) for row in file.districts}
        self.communes = tuple(self._commune(row, vendors) for row in file.communes)
        self.old_units = self._old_units(file)
        self._by_key: dict[str, Readings] = {}
        for commune in self.communes:
            found = self._by_key.get(name_key(commune.name), Readings())
            self._by_key[name_key(commune.name)] = replace(found, communes=(*found.communes, commune))
        for district in self.districts.values():
            found = self._by_key.get(name_key(district.name), Readings())
            self._by_key[name_key(district.name)] = replace(found, district=district)
        for unit in self.old_units:
            found = self._by_key.get(name_key(unit.name), Readings())
            self._by_key[name_key(unit.name)] = replace(found, old_units=(*found.old_units, unit))

    @property
    def keys(self) -> Collection[str]:
        """The accent-free keys of all names."""
        return self._by_key.keys()

    def readings(self, name: str) -> Readings:
        """Everything with the accent-free key of `name`."""
        return self._by_key.get(name_key(name), Readings())

    def communes_of(self, district: District) -> tuple[Commune, ...]:
        """Today's communes on the territory of an abolished district; last those that got only a part of it.

        (The township at the centre of Đại Từ went to Đại Phúc, which mostly lay in Thái Nguyên city.)
        """
        whole = tuple(commune for commune in self.communes if commune.district == district)
        parts = (unit.communes for unit in self.old_units if unit.district == district)
        return distinct((*whole, *(commune for communes in parts for commune in communes)))

    def read(self, readings: Readings, unit: Unit | None, former: bool) -> Resolution:
        """What one name means here. `unit`: the unit word typed before it; `former`: "cũ" was typed behind it.

        Rules of PROGRAMME: "xã"/"phường" before a name of today settles it at once; without it, a name that is also
        an old district's or a divided unit's leads to a question. An old unit of exactly the typed kind wins over a
        commune of today of another kind ("phường Tân Thành" was a ward of Thái Nguyên city, "xã Tân Thành" is today's).
        """
        if unit in DISTRICT_LEVEL and readings.district:
            return self._ask_within(readings.district)
        if former and (settled := self._read_former(readings, unit)):
            return settled
        if unit in COMMUNE_LEVEL and (settled := self._read_kind(readings, unit)):
            return settled
        return self._read_bare(readings, unit)

    def _read_former(self, readings: Readings, unit: Unit | None) -> Resolution | None:
        if unit is None and readings.district:
            return self._ask_within(readings.district)
        meant = tuple(old for old in readings.old_units if unit in (None, old.unit))
        return self._merged(meant) if meant else None

    def _read_kind(self, readings: Readings, unit: Unit | None) -> Resolution | None:
        """The readings that are of exactly the typed kind, if there are any."""
        old_units = tuple(old for old in readings.old_units if old.unit is unit)
        communes = tuple(commune for commune in readings.communes if commune.unit is unit)
        if len(communes) == 1:
            went_elsewhere = tuple(old for old in old_units if set(old.communes) != set(communes))
            return self._resolution(
                Kind.CURRENT, commune=communes[0], district=readings.district, old_units=went_elsewhere
            )
        if communes:
            return self._resolution(Kind.AMBIGUOUS, choices=communes)
        return self._merged(old_units) if old_units else None

    def _read_bare(self, readings: Readings, unit: Unit | None) -> Resolution:
        """No unit was typed, or one that nothing of this name has."""
        communes, district = readings.communes, readings.district
        elsewhere = tuple(old for old in readings.old_units if not set(old.communes) <= set(communes))
        says_commune = unit in (Unit.COMMUNE, Unit.WARD)
        if district and len(communes) == 1 and not says_commune:
            asked = self._ask_within(district)
            return replace(asked, kind=Kind.SAME_AS_DISTRICT, commune=communes[0], old_units=elsewhere)
        if district and not communes and not elsewhere:
            return self._ask_within(district)
        if not communes:
            return self._merged(elsewhere)
        if len(communes) == 1 and not elsewhere:
            return self._resolution(Kind.CURRENT, commune=communes[0], district=district)
        if len(communes) == 1 and len(elsewhere) == 1 and communes[0] in elsewhere[0].communes:
            return replace(self._merged(elsewhere), commune=communes[0])
        choices = distinct((*communes, *(commune for old in elsewhere for commune in old.communes)))
        return self._resolution(Kind.AMBIGUOUS, choices=choices, old_units=elsewhere)

    def _merged(self, old_units: tuple[OldUnit, ...]) -> Resolution:
        targets = distinct(tuple(commune for old in old_units for commune in old.communes))
        if len(targets) == 1:
            return self._resolution(Kind.OLD_UNIT, commune=targets[0], old_units=old_units)
        kind = Kind.SPLIT if len(old_units) == 1 else Kind.AMBIGUOUS
        return self._resolution(kind, choices=targets, old_units=old_units)

    def _ask_within(self, district: District) -> Resolution:
        return self._resolution(Kind.DISTRICT, district=district, choices=self.communes_of(district))

    def _resolution(
        self,
        kind: Kind,
        *,
        commune: Commune | None = None,
        choices: tuple[Commune, ...] = (),
        district: District | None = None,
        old_units: tuple[OldUnit, ...] = (),
    ) -> Resolution:
        return Resolution(kind, self.province, commune, choices, district, old_units)

    def _district(self, full_name: str, former_province: str | None) -> District:
        unit, name = split_full_name(full_name)
        return District(self.province, unit, name, former_province)

    def _commune(self, row: CommuneRow, vendors: Mapping[str, VendorLike]) -> Commune:
        if row.vendor is not None and row.vendor not in vendors:
            raise ValueError(f"{self.province}: {row.name} is given to the unknown vendor {row.vendor}")
        unit, name = split_full_name(row.name)
        district = None if row.district is None else self.districts[row.district]
        return Commune(
            self.province, row.code, unit, name, None if row.vendor is None else vendors[row.vendor], district
        )

    def _old_units(self, file: CommuneFile) -> tuple[OldUnit, ...]:
        """One unit per name and old district: two wards of the same name in two cities are two units."""
        targets: dict[tuple[str, str | None], list[Commune]] = {}
        for row, commune in zip(file.communes, self.communes, strict=True):
            for full_name in row.old_units:
                targets.setdefault((full_name, file.old_district(row, full_name)), []).append(commune)
        old_units = []
        for (full_name, district), communes in targets.items():
            unit, name = split_full_name(full_name)
            old_units.append(
                OldUnit(unit, name, None if district is None else self.districts[district], tuple(communes))
            )
        return tuple(old_units)
