"""The programme's figures as content: what each means (content/national/kpi.yaml) and what a province's plans demand
(kpi.yaml of its pack). Dates of plans are data: that one is over or to come says nothing of what is still open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StrictInt, StringConstraints

from programme.packs import NATIONAL, Document, Packs, Slug, Text, unknown_document
from programme.yaml_source import ContentModel, read_yaml
from store.kpi_queries import Counted

if TYPE_CHECKING:  # the content has the plans in it
    from programme.content import Content

FILE = "kpi.yaml"
PORTAL = "rdx"
SOFTWARE, NO_SOFTWARE = "current_software", "none"
Base = Literal["count", "listed", "programme", "surveyed", "communes", "certified", "own"]


class Both(ContentModel):
    vi: Text
    en: Text

    def said(self, language: str) -> str:
        return self.en if language == "en" else self.vi


class Definition(ContentModel):
    """One figure. `definition`: how it is counted, in plain words."""

    id: Slug
    name: Both
    definition: Both


class Phase(ContentModel):
    """Both days belong to it."""

    id: Text
    name: Both
    first: Annotated[dt.date, Field(alias="from")]
    last: Annotated[dt.date, Field(alias="to")]


class Target(ContentModel):
    """`value`: a count, or a share of `of` from 0 to 1. `op`: ">" is strictly more. `by`: the plan's own date."""

    figure: Slug
    of: Base = "count"
    op: Literal[">", ">="]
    value: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)?$")]
    by: dt.date
    document: Slug
    article: Text

    def is_met(self, measured: Fraction) -> bool:
        limit = Fraction(self.value)
        return measured > limit if self.op == ">" else measured >= limit


class _FiguresFile(ContentModel):
    figures: Annotated[tuple[Definition, ...], Field(min_length=1)]


class _PlanFile(ContentModel):
    programme_shops: Annotated[StrictInt, Field(gt=0)] | None
    phases: tuple[Phase, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Plan:
    """`documents`: those that targets cite, by id. `programme_shops`: how many shops the plan speaks of."""

    figures: Mapping[str, Definition]
    programme_shops: int | None
    phases: tuple[Phase, ...]
    targets: tuple[Target, ...]
    documents: Mapping[str, Document]


def load_plans(root: Path, packs: Packs) -> Mapping[str, Plan]:
    """What each province is to reach. Raises ContentError with file, line and what is wrong."""
    figures = {one.id: one for one in read_yaml(root / NATIONAL / FILE).validate(_FiguresFile).figures}
    return MappingProxyType({id_: _plan(root / id_ / FILE, figures, packs.documents(id_)) for id_ in packs.provinces})


def plan_of(content: Content, province: str) -> Plan:
    """What is counted in a province and what it should be. Raises UnknownProvince."""
    return content.plans[content.packs.province(province).id]


def counted(content: Content, province: str, now: dt.datetime, timezone: dt.tzinfo) -> Counted:
    """What store.kpi_queries counts for a province. Raises UnknownProvince."""
    pack = content.packs.province(province)
    item = next(one.id for one in content.surveys.latest.items if one.key == SOFTWARE)
    return Counted((pack.id, pack.id.replace("-", "_")), now, timezone, PORTAL, (item, NO_SOFTWARE))


def _plan(path: Path, figures: Mapping[str, Definition], documents: Mapping[str, Document]) -> Plan:
    source = read_yaml(path)
    file = source.validate(_PlanFile)
    for index, target in enumerate(file.targets):
        if target.figure not in figures:
            problem = f'không có chỉ số "{target.figure}"'
            raise source.error(("targets", index, "figure"), problem, f"dùng một id trong content/{NATIONAL}/{FILE}")
        if target.document not in documents:
            raise unknown_document(source, ("targets", index, "document"), target.document)
    for index, phase in enumerate(file.phases):
        if phase.first > phase.last:
            raise source.error(("phases", index), "ngày đầu sau ngày cuối", "sửa lại from và to")
    return Plan(figures, file.programme_shops, file.phases, file.targets, documents)
