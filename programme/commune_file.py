"""The file `communes.yaml` of a province pack: its shape, and the checks that need no other file.

Responsible for refusing a file that contradicts itself. What its communes mean for a person's question is said by
`communes.py`; which vendors exist is the pack's business.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StrictInt, StringConstraints, field_validator

from programme.place_names import COMMUNE_LEVEL, DISTRICT_LEVEL, Unit, split_full_name
from programme.yaml_source import ContentModel, YamlSource, read_yaml, refusal

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Count = Annotated[StrictInt, Field(ge=0)]


def _checked(full_name: str, allowed: frozenset[Unit]) -> str:
    try:
        unit, _ = split_full_name(full_name)
    except ValueError:
        unit = None
    if unit not in allowed:
        words = ", ".join(sorted(unit.value.capitalize() for unit in allowed))
        raise refusal(f'tên "{full_name}" thiếu loại đơn vị', f"viết một trong các chữ sau trước tên: {words}")
    return full_name


class SourceNote(ContentModel):
    """Where one kind of fact in the file comes from. `verified` = compared with a second source."""

    covers: Literal["vendors", "names", "codes", "districts", "old_units"]
    document: Text | None
    article: Text
    verified: bool
    note: Text


class Counts(ContentModel):
    """What the documents say there should be; the file's rows are counted against it."""

    communes: Count
    wards: Count
    per_vendor: dict[Text, Count]


class DistrictRow(ContentModel):
    """A district, town or city abolished on 1/7/2025, with its unit word: "Huyện Đại Từ"."""

    name: Text
    former_province: Text | None = None

    @field_validator("name")
    @classmethod
    def _says_its_unit(cls, name: str) -> str:
        return _checked(name, DISTRICT_LEVEL)


class MovedUnitRow(ContentModel):
    """An old unit whose old district is another one than its new commune's."""

    unit: Text
    district: Text


class CommuneRow(ContentModel):
    """A commune or ward of today. `printed` = its name as the assigning document misprints it."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
    name: Text
    vendor: Text | None = None
    district: Text | None = None
    printed: Text | None = None
    note: Text | None = None
    old_units: tuple[Text, ...] = ()

    @field_validator("name")
    @classmethod
    def _is_a_unit_of_today(cls, name: str) -> str:
        return _checked(name, COMMUNE_LEVEL - {Unit.TOWNSHIP})

    @field_validator("old_units")
    @classmethod
    def _say_their_units(cls, old_units: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_checked(name, COMMUNE_LEVEL) for name in old_units)


class CommuneFile(ContentModel):
    """All communes of one province, and the units that were merged into them."""

    province: Text
    name: Text
    as_of: dt.date
    sources: Annotated[tuple[SourceNote, ...], Field(min_length=1)]
    counts: Counts
    districts: tuple[DistrictRow, ...] = ()
    old_units_of_another_district: tuple[MovedUnitRow, ...] = ()
    split_units: tuple[Text, ...] = ()
    communes: Annotated[tuple[CommuneRow, ...], Field(min_length=1)]

    def old_district(self, commune: CommuneRow, old_unit: str) -> str | None:
        """The full name of the district that `old_unit`, now part of `commune`, belonged to."""
        for moved in self.old_units_of_another_district:
            if moved.unit == old_unit and old_unit in commune.old_units:
                return moved.district
        return commune.district


def load_commune_file(path: Path) -> CommuneFile:
    """Read and check one `communes.yaml`. Raises ContentError with file, line, problem and remedy."""
    source = read_yaml(path)
    file = source.validate(CommuneFile)
    if file.province != path.parent.name:
        raise source.error(
            ("province",),
            f'"{file.province}" khác tên thư mục "{path.parent.name}"',
            "đặt hai tên giống nhau",
        )
    _refuse_repeated(source, "code", [row.code for row in file.communes])
    _refuse_repeated(source, "name", [row.name for row in file.communes])
    _refuse_unknown_districts(source, file)
    _refuse_undeclared_splits(source, file)
    _refuse_wrong_counts(source, file)
    return file


def _refuse_repeated(source: YamlSource, field: str, values: list[str]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise source.error(("communes", index, field), f'"{value}" đã có ở một dòng trước', "xóa hoặc sửa dòng lặp")


def _refuse_unknown_districts(source: YamlSource, file: CommuneFile) -> None:
    known = {row.name for row in file.districts}
    used = [(("communes", index, "district"), row.district) for index, row in enumerate(file.communes)]
    used += [
        (("old_units_of_another_district", index, "district"), row.district)
        for index, row in enumerate(file.old_units_of_another_district)
    ]
    for location, district in used:
        if district is not None and district not in known:
            raise source.error(
                location, f'không có "{district}" trong mục districts', "thêm vào districts hoặc sửa tên"
            )
    empty = known - {district for _, district in used}
    for index, row in enumerate(file.districts):
        if row.name in empty:
            raise source.error(
                ("districts", index), f'không xã, phường nào thuộc "{row.name}"', "sửa tên hoặc xóa dòng"
            )


def _refuse_undeclared_splits(source: YamlSource, file: CommuneFile) -> None:
    """An old unit listed twice is either one that was split, and declared so, or a mistake of copying."""
    places: dict[tuple[str, str | None], int] = {}
    every_old_unit: set[str] = set()
    split: set[str] = set()
    for index, row in enumerate(file.communes):
        for position, unit in enumerate(row.old_units):
            every_old_unit.add(unit)
            first = places.setdefault((unit, file.old_district(row, unit)), index)
            if first == index and unit not in row.old_units[:position]:
                continue
            split.add(unit)
            if unit not in file.split_units or first == index:
                raise source.error(
                    ("communes", index, "old_units", position),
                    f'"{unit}" đã nhập vào "{file.communes[first].name}"',
                    "sửa lại, hoặc ghi vào split_units nếu đơn vị này được chia",
                )
    for index, unit in enumerate(file.split_units):
        if unit not in split:
            raise source.error(("split_units", index), f'"{unit}" không nằm ở hai xã, phường', "sửa tên hoặc xóa")
    for index, moved in enumerate(file.old_units_of_another_district):
        if moved.unit not in every_old_unit:
            location = ("old_units_of_another_district", index, "unit")
            raise source.error(location, f'không xã, phường nào có đơn vị cũ "{moved.unit}"', "sửa tên hoặc xóa dòng")


def _refuse_wrong_counts(source: YamlSource, file: CommuneFile) -> None:
    units = Counter(split_full_name(row.name)[0] for row in file.communes)
    vendors = Counter(row.vendor for row in file.communes if row.vendor is not None)
    checks: list[tuple[tuple[str, ...], int, int]] = [
        (("counts", "communes"), file.counts.communes, units[Unit.COMMUNE]),
        (("counts", "wards"), file.counts.wards, units[Unit.WARD]),
    ]
    for vendor in sorted({*file.counts.per_vendor, *vendors}):
        written = file.counts.per_vendor.get(vendor, 0)
        checks.append((("counts", "per_vendor", vendor), written, vendors[vendor]))
    for location, written, counted in checks:
        if written != counted:
            problem = f"{location[-1]}: ghi {written} nhưng đếm được {counted}"
            raise source.error(location, problem, "xem lại các dòng ở communes")
