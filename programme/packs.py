"""Content packs: the nation's and each province's documents, vendors, service promise, and the lexicon.

Responsible for loading and checking `pack.yaml`, `provinces.yaml` and `lexicon.yaml`. Not responsible for
answers (`answers.py`) or communes (`communes.py`), which find their files through `Packs.root`.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, StrictInt, StringConstraints, ValidationInfo, field_validator

from programme.lead_rules import LeadRules
from programme.office_hours import OfficeHours
from programme.yaml_source import ContentError, ContentModel, YamlSource, read_yaml, refusal

NATIONAL = "national"

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
PackId = Annotated[str, StringConstraints(pattern=r"^[a-z]+(?:-[a-z]+)*$")]


class Document(ContentModel):
    """A document that answers rest on. `short` is how it is quoted; null = the copy does not say."""

    id: Slug
    number: Text | None
    title: Text
    short: Text
    issued_by: Text
    date: dt.date | None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    url: Url | None = None

    @field_validator("valid_to")
    @classmethod
    def _ends_after_it_begins(cls, valid_to: dt.date | None, info: ValidationInfo) -> dt.date | None:
        return ends_after_it_begins(valid_to, info)


class Vendor(ContentModel):
    """A firm that helps shops; its communes are in `communes.yaml` unless it serves the whole province."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
    name: Text
    short: Text
    platform: Text
    coverage: Literal["communes", "province_wide"]


class Sla(ContentModel):
    """Requests answered within `hours` must be a share greater than `target` (strictly, 0 to 1).

    The hours run day and night. `warnings`: after so many of them a request that still waits is brought to people's
    notice, each time to more of them.
    """

    hours: Annotated[StrictInt, Field(gt=0)]
    target: Annotated[float, Field(gt=0, lt=1, strict=True)]
    warnings: tuple[Annotated[StrictInt, Field(gt=0)], ...]

    @field_validator("warnings")
    @classmethod
    def _come_in_time(cls, warnings: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        if list(warnings) != sorted(set(warnings)):
            raise refusal("các mốc cảnh báo không tăng dần", "xếp lại từ nhỏ đến lớn, mỗi mốc một lần")
        hours = info.data.get("hours")
        if warnings and hours is not None and warnings[-1] >= hours:
            raise refusal(f"mốc cảnh báo {warnings[-1]} giờ không trước hạn {hours} giờ", "chọn mốc nhỏ hơn hours")
        return warnings

    def steps(self, now: dt.datetime) -> tuple[dt.datetime, ...]:
        """For each of `warnings`, and for being late, until when a request must be due to have come so far.

        Counted back from what the owner was promised, so that a change of `hours` moves no promise.
        """
        return tuple(now + dt.timedelta(hours=self.hours - after) for after in (*self.warnings, self.hours))

    def step_reached(self, due_at: dt.datetime, now: dt.datetime) -> int:
        """How far the warnings of a request have come: 0, 1 … for each of `warnings`, one more when it is late."""
        return sum(due_at <= due for due in self.steps(now))


class Contacts(ContentModel):
    """How the programme is reached; null until the operator enters what a document or an office confirmed."""

    hotline: Text | None
    zalo_oa: Text | None
    facebook: Text | None
    email: Text | None
    sms_brandname: Text | None


class NationalPack(ContentModel):
    id: Literal["national"]
    name: Text
    kind: Literal["national"]
    documents: tuple[Document, ...]


class ProvincePack(ContentModel):
    id: PackId
    name: Text
    kind: Literal["province"]
    documents: Annotated[tuple[Document, ...], Field(min_length=1)]
    sla: Sla
    working_hours: OfficeHours
    contacts: Contacts
    vendors: tuple[Vendor, ...]
    leads: LeadRules | None = None

    def vendor(self, vendor_id: str) -> Vendor:
        """The vendor with this id; KeyError when the pack has none."""
        for vendor in self.vendors:
            if vendor.id == vendor_id:
                return vendor
        raise KeyError(vendor_id)


class VietnamProvince(ContentModel):
    """A province or city as of 1/7/2025. `former` = names merged into it, `also` = everyday names."""

    name: Text
    former: tuple[Text, ...] = ()
    also: tuple[Text, ...] = ()


class _Citation(ContentModel):
    document: Slug
    article: Text


class _ProvincesFile(ContentModel):
    source: _Citation
    provinces: Annotated[tuple[VietnamProvince, ...], Field(min_length=1)]


class Expansion(ContentModel):
    """Ways owners write `means`. High risk: also an ordinary word, to be expanded only among other slang."""

    forms: Annotated[tuple[Text, ...], Field(min_length=1)]
    means: Text
    risk: Literal["low", "high"]


class Lexicon(ContentModel):
    expansions: Annotated[tuple[Expansion, ...], Field(min_length=1)]


class UnknownProvince(KeyError):
    """No pack has this province id."""


@dataclass(frozen=True)
class Packs:
    """All content packs of one content root, checked against each other; nothing in here changes."""

    root: Path
    national: NationalPack
    provinces: Mapping[str, ProvincePack]
    provinces_of_vietnam: tuple[VietnamProvince, ...]
    lexicon: Lexicon

    def province(self, province: str) -> ProvincePack:
        """The pack of a province, `thai-nguyen` or `thai_nguyen`; raises UnknownProvince."""
        try:
            return self.provinces[normalise_province_id(province)]
        except KeyError:
            raise UnknownProvince(province) from None

    def documents(self, pack_id: str) -> dict[str, Document]:
        """The documents that a pack may quote: its own and the nation's, by id."""
        quotable = {document.id: document for document in self.national.documents}
        if pack_id != NATIONAL:
            quotable.update((document.id, document) for document in self.province(pack_id).documents)
        return quotable


def normalise_province_id(province: str) -> str:
    """`thai_nguyen` (as content and settings may write it) → `thai-nguyen`, the pack's folder name."""
    return province.strip().lower().replace("_", "-")


def ends_after_it_begins(valid_to: dt.date | None, info: ValidationInfo) -> dt.date | None:
    """Validator of every `valid_to` that follows a `valid_from`; both days belong to the window."""
    valid_from = info.data.get("valid_from")
    if valid_to is not None and valid_from is not None and valid_to < valid_from:
        raise refusal(f"valid_to ({valid_to}) đứng trước valid_from ({valid_from})", "đổi lại hai ngày")
    return valid_to


def load_packs(root: Path) -> Packs:
    """Load every pack under `root`, one folder each; `national` must be there.

    Raises ContentError with file and line for whatever cannot be used.
    """
    national_source = read_yaml(root / NATIONAL / "pack.yaml")
    national = national_source.validate(NationalPack)
    _refuse_repeated_ids(national_source, "documents", [document.id for document in national.documents])
    national_ids = {document.id for document in national.documents}
    provinces: dict[str, ProvincePack] = {}
    for folder in sorted(entry for entry in root.iterdir() if entry.is_dir()):
        if folder.name != NATIONAL and not folder.name.startswith("."):
            provinces[folder.name] = _load_province_pack(folder, national_ids)
    return Packs(
        root=root,
        national=national,
        provinces=MappingProxyType(provinces),
        provinces_of_vietnam=_load_provinces_of_vietnam(root, national_ids),
        lexicon=_load_lexicon(root / NATIONAL / "lexicon.yaml"),
    )


def _load_province_pack(folder: Path, national_ids: set[str]) -> ProvincePack:
    source = read_yaml(folder / "pack.yaml")
    pack = source.validate(ProvincePack)
    if pack.id != folder.name:
        raise source.error(("id",), f'id "{pack.id}" khác tên thư mục "{folder.name}"', "đặt hai tên giống nhau")
    _refuse_repeated_ids(source, "documents", [document.id for document in pack.documents])
    _refuse_repeated_ids(source, "vendors", [vendor.id for vendor in pack.vendors])
    for index, document in enumerate(pack.documents):
        if document.id in national_ids:
            problem = f'văn bản "{document.id}" đã có trong gói national'
            raise source.error(("documents", index, "id"), problem, "dùng văn bản của gói national hoặc đổi id")
    _check_lead_rules(source, pack)
    return pack


def _check_lead_rules(source: YamlSource, pack: ProvincePack) -> None:
    if pack.leads is None:
        if pack.vendors:
            raise source.error(
                ("vendors",), 'có doanh nghiệp mà thiếu mục "leads"', "thêm hạn nhận khách và kỳ báo cáo"
            )
        return
    with_communes = {vendor.id for vendor in pack.vendors if vendor.coverage == "communes"}
    for commune, allowed in pack.leads.allowed.items():
        for place, vendor in enumerate(allowed):
            if vendor not in with_communes:
                problem = f'không có doanh nghiệp theo xã nào tên "{vendor}"'
                raise source.error(
                    ("leads", "allowed", commune, place), problem, "sửa lại mã doanh nghiệp hoặc xóa bớt"
                )


def _load_provinces_of_vietnam(root: Path, national_ids: set[str]) -> tuple[VietnamProvince, ...]:
    source = read_yaml(root / NATIONAL / "provinces.yaml")
    file = source.validate(_ProvincesFile)
    if file.source.document not in national_ids:
        raise unknown_document(source, ("source", "document"), file.source.document)
    owners: dict[str, str] = {}
    for index, province in enumerate(file.provinces):
        for name in (province.name, *province.former, *province.also):
            key = _key(name)
            if key in owners:
                problem = f'tên "{name}" đã thuộc {owners[key]}'
                raise source.error(("provinces", index), problem, "giữ tên này ở một tỉnh")
            owners[key] = province.name
    return file.provinces


def _load_lexicon(path: Path) -> Lexicon:
    source = read_yaml(path)
    lexicon = source.validate(Lexicon)
    rows: dict[str, int] = {}
    for row, expansion in enumerate(lexicon.expansions):
        for place, form in enumerate(expansion.forms):
            at = ("expansions", row, "forms", place)
            # The normaliser compares without accents: the same key twice, or a form that is its own meaning,
            # would make it depend on the order of the rows or do nothing.
            if _key(form) == _key(expansion.means):
                raise source.error(at, f'"{form}" bỏ dấu đi thì trùng với nghĩa của nó', "xóa cách viết này")
            if rows.setdefault(_key(form), row) != row:
                first = source.line(("expansions", rows[_key(form)]))
                raise source.error(at, f'"{form}" (bỏ dấu) đã có nghĩa khác ở dòng {first}', "giữ một nghĩa")
    return lexicon


def _key(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def _refuse_repeated_ids(source: YamlSource, list_name: str, ids: list[str]) -> None:
    for index, item_id in enumerate(ids):
        if item_id in ids[:index]:
            problem = f'id "{item_id}" đã dùng trong danh sách {list_name}'
            raise source.error((list_name, index, "id"), problem, "đặt id khác hoặc xóa bớt")


def unknown_document(source: YamlSource, location: tuple[int | str, ...], document: str) -> ContentError:
    """The refusal of a document id that no pack in reach declares."""
    return source.error(location, f'không có văn bản "{document}"', "khai văn bản này trong pack.yaml hoặc sửa lại id")
