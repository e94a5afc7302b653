"""Texts of the packs that a message template can begin as: the nation's notices, and each province's calls to action.

Also what one SMS costs there, as far as somebody entered it. Both are data (campaign_templates.yaml of a pack).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, StrictInt, ValidationInfo, field_validator

from programme import campaign_text
from programme.bulk_law import BulkLaw, MessageKind
from programme.packs import NATIONAL, Packs, Slug, Text, ends_after_it_begins, unknown_document
from programme.yaml_source import ContentModel, YamlSource, read_yaml

FILE = "campaign_templates.yaml"
Price = Annotated[StrictInt, Field(gt=0)] | None


class Starter(ContentModel):
    """`document`, `article`: where its words are from. Outside its days it is not offered."""

    id: Slug
    name: Annotated[Text, Field(max_length=80)]
    kind: MessageKind
    text: Text
    document: Slug | None = None
    article: Text | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    @field_validator("valid_to")
    @classmethod
    def _ends_after_it_begins(cls, valid_to: dt.date | None, info: ValidationInfo) -> dt.date | None:
        return ends_after_it_begins(valid_to, info)

    def is_current(self, day: dt.date) -> bool:
        """Both days belong to it."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


class _File(ContentModel):
    prices: dict[MessageKind, Price] = Field(default_factory=dict)
    templates: tuple[Starter, ...]


@dataclass(frozen=True)
class Starters:
    """`of`: by province, the nation's first. `prices`: by province, đồng per SMS of a kind; without an entry nobody
    has said."""

    of: Mapping[str, tuple[Starter, ...]]
    prices: Mapping[str, Mapping[MessageKind, int | None]]

    def current(self, province: str, day: dt.date) -> tuple[Starter, ...]:
        return tuple(one for one in self.of[province] if one.is_current(day))

    def price(self, province: str, kind: str) -> int | None:
        """Đồng for one SMS; None: unknown, and then no price may be shown."""
        return self.prices[province].get(MessageKind(kind))


def load_starters(root: Path, packs: Packs, law: BulkLaw) -> Starters:
    """Raises ContentError with file and line: also for a text with an unknown variable, or against the law of its
    kind. A province need not have a file."""
    national = _load(root / NATIONAL, packs, law, frozenset())
    taken = frozenset(one.id for one in national.templates)
    files = {
        province: _load(root / province, packs, law, taken)
        for province in packs.provinces
        if (root / province / FILE).exists()
    }
    nothing = _File(templates=())
    return Starters(
        MappingProxyType({p: (*national.templates, *files.get(p, nothing).templates) for p in packs.provinces}),
        MappingProxyType({p: {**national.prices, **files.get(p, nothing).prices} for p in packs.provinces}),
    )


def _load(folder: Path, packs: Packs, law: BulkLaw, taken: frozenset[str]) -> _File:
    source = read_yaml(folder / FILE)
    file = source.validate(_File)
    documents = packs.documents(folder.name)
    seen = set(taken)
    for row, one in enumerate(file.templates):
        if one.id in seen:
            raise source.error(("templates", row, "id"), f'mã "{one.id}" đã có', "đặt mã khác")
        seen.add(one.id)
        if one.document is not None and one.document not in documents:
            raise unknown_document(source, ("templates", row, "document"), one.document)
        _check_text(source, row, one, law)
    return file


def _check_text(source: YamlSource, row: int, one: Starter, law: BulkLaw) -> None:
    day = one.valid_to or one.valid_from or dt.date.max
    for text in (one.text, campaign_text.plain(one.text)):
        wrong = [problem.words for problem in campaign_text.check(text)]
        against = (*law.check_text(one.kind, text, day), *law.check_kind(one.kind, text, day))
        wrong += [problem.words for problem in against]
        if wrong:
            raise source.error(("templates", row, "text"), wrong[0].rstrip("."), "sửa lại nội dung tin")
