"""What a place name can mean today: communes, abolished districts, merged units, and the answer to a mention.

These are the values that `communes.py` hands out; nothing here looks anything up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from programme.place_names import Unit


class VendorLike(Protocol):
    """What is needed of a pack's vendor. `coverage` is "communes" or "province_wide"."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def short(self) -> str: ...
    @property
    def platform(self) -> str: ...
    @property
    def coverage(self) -> str: ...


@dataclass(frozen=True, slots=True)
class District:
    """A district, town or city abolished on 1/7/2025. `province` is a pack id, `former_province` a name."""

    province: str
    unit: Unit
    name: str
    former_province: str | None

    @property
    def full_name(self) -> str:
        """As it stands inside a sentence: "huyện Đại Từ"."""
        return f"{self.unit.value} {self.name}"


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune or ward of today. `vendor` is None where no document assigns one; `district` is the abolished one."""

    province: str
    code: str
    unit: Unit
    name: str
    vendor: VendorLike | None
    district: District | None

    @property
    def full_name(self) -> str:
        """As it stands inside a sentence: "xã Tân Cương"."""
        return f"{self.unit.value} {self.name}"


@dataclass(frozen=True, slots=True)
class OldUnit:
    """A commune, ward or township before 1/7/2025, and the communes of today it went into (several: it was split)."""

    unit: Unit
    name: str
    district: District | None
    communes: tuple[Commune, ...]

    @property
    def full_name(self) -> str:
        """As it stands inside a sentence: "thị trấn Hùng Sơn"."""
        return f"{self.unit.value} {self.name}"


class Kind(StrEnum):
    """How a mention was understood. Only CURRENT and OLD_UNIT settle which commune is meant; the others ask."""

    CURRENT = "current"
    SAME_AS_DISTRICT = "same_as_district"
    AMBIGUOUS = "ambiguous"
    OLD_UNIT = "old_unit"
    SPLIT = "split"
    DISTRICT = "district"
    OTHER_PROVINCE = "other_province"
    PROVINCE_WITHOUT_PACK = "province_without_pack"
    SEVERAL = "several"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The meaning of a mention. Which fields are filled depends on `kind`:

    CURRENT           `commune`. Then to be added in one line, if set: `district` (an old district has the same name,
                      for people who mean that one) and `old_units` (old units of the same name and unit that went
                      elsewhere, or not only there).
    SAME_AS_DISTRICT  `commune` and `district` share the name; `choices`: the district's communes.
    AMBIGUOUS         one name with several readings; `choices`: at least two communes; `old_units`: those that lead
                      to one of them.
    SEVERAL           several names, each for itself; `choices` and `old_units` as above.
    OLD_UNIT          `old_units[0]` is now part of `commune`.
    SPLIT             `old_units[0]` was divided among `choices`; `commune` is the one that kept its name, or None.
    DISTRICT          only `district`, and `choices`: its communes.
    OTHER_PROVINCE    the default province does not know the name (or the person named another province): the fields
                      are those of the reading in `province`; `commune` is None when that one has to ask, too.
    PROVINCE_WITHOUT_PACK  only `outside`: the province that the text names, as it is to be said.
    UNKNOWN           `typed`, to quote the name back; None when no name was typed.

    `typed` is also what was typed of an AMBIGUOUS name, if one mention was read.

    `province` is the pack id the fields belong to. `also_in`: communes of the same name in other provinces.
    `corrected`: what was typed differs in more than accents and case from the name it was taken for.
    """

    kind: Kind
    province: str
    commune: Commune | None = None
    choices: tuple[Commune, ...] = ()
    district: District | None = None
    old_units: tuple[OldUnit, ...] = ()
    also_in: tuple[Commune, ...] = ()
    typed: str | None = None
    outside: str | None = None
    corrected: bool = False

    @property
    def communes(self) -> tuple[Commune, ...]:
        """Every commune that this answer or question names, each once."""
        named = () if self.commune is None else (self.commune,)
        return distinct((*named, *self.choices))


@dataclass(frozen=True, slots=True)
class Mention:
    """What the gazetteer found in a text: `value` (see there), and the span [start, end) in characters."""

    value: str
    start: int
    end: int


def distinct(communes: tuple[Commune, ...]) -> tuple[Commune, ...]:
    """Each commune once, in the order of first appearance."""
    return tuple({commune.code: commune for commune in communes}.values())
