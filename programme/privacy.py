"""What is said about personal data (content/national/personal_data.yaml): names of what is kept and why, the wordings
of every consent, how long things are kept, the grounds on which a request may be refused, the notice page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, StrictInt

from programme.packs import Slug, Text
from programme.survey.definition import CONSENT, Surveys
from programme.yaml_source import ContentModel, read_yaml

Words = Annotated[str, Field(min_length=1, max_length=3000)]
_AGREED = {"survey": "yes_only", "vendor_contact": "yes_contact"}


class _Controller(ContentModel):
    vi: Text
    document: Slug


class Section(ContentModel):
    """A part of the notice page."""

    title: Text
    text: Words


class Kept(ContentModel):
    """How a table is called, and what it is for."""

    title: Text
    why: Text


class ConsentText(ContentModel):
    """The very words of one version."""

    purpose: Slug
    version: Annotated[StrictInt, Field(ge=1)]
    title: Text
    vi: Words


class Rule(ContentModel):
    """`days`: after so many it goes by itself (scheduler/retention.py); None: not by itself. `source`: a document."""

    id: Slug
    days: Annotated[StrictInt, Field(ge=1)] | None = None
    why: Text
    source: Slug | None = None


class Ground(ContentModel):
    """Why the law lets a request be refused."""

    id: Slug
    vi: Text


class _File(ContentModel):
    controller: _Controller
    notice: tuple[Section, ...]
    tables: dict[str, Kept]
    columns: dict[str, Text]
    values: dict[str, Text]
    consents: tuple[ConsentText, ...]
    survey_purposes: dict[str, Text]
    retention: tuple[Rule, ...]
    grounds: tuple[Ground, ...]


@dataclass(frozen=True)
class Privacy:
    """`tables` and `columns` by their names in the database, `values`: codes in words, `rules` and `grounds` by id."""

    controller: str
    notice: tuple[Section, ...]
    tables: Mapping[str, Kept]
    columns: Mapping[str, str]
    values: Mapping[str, str]
    consents: Mapping[tuple[str, int], ConsentText]
    rules: Mapping[str, Rule]
    grounds: Mapping[str, str]

    def consent(self, purpose: str, version: int) -> ConsentText | None:
        """What was agreed to; None where no such wording is known."""
        return self.consents.get((purpose, version))


def load_privacy(path: Path, surveys: Surveys) -> Privacy:
    """Raises ContentError. The wordings of surveys come from their own files."""
    source = read_yaml(path)
    file = source.validate(_File)
    consents: dict[tuple[str, int], ConsentText] = {}
    for row, one in enumerate(file.consents):
        if (one.purpose, one.version) in consents:
            raise source.error(("consents", row), f"bản {one.version} của {one.purpose} đã có", "tăng số phiên bản")
        consents[one.purpose, one.version] = one
    consents |= _of_surveys(file.survey_purposes, surveys)
    return Privacy(
        file.controller.vi,
        file.notice,
        MappingProxyType(file.tables),
        MappingProxyType(file.columns),
        MappingProxyType(file.values),
        MappingProxyType(consents),
        MappingProxyType({rule.id: rule for rule in file.retention}),
        MappingProxyType({ground.id: ground.vi for ground in file.grounds}),
    )


def _of_surveys(titles: Mapping[str, str], surveys: Surveys) -> dict[tuple[str, int], ConsentText]:
    """Where two surveys gave different words the same number, both are shown: one of them was agreed to."""
    said: dict[tuple[str, int], dict[str, None]] = {}
    for survey in surveys.versions.values():
        asked = survey.by_id[CONSENT]
        for purpose in titles:
            agreed = next((one.words.vi for one in asked.options if one.value == _AGREED[purpose]), "")
            words = f"(khảo sát {survey.version}) {asked.text.vi} — {agreed}"
            said.setdefault((purpose, survey.consent_version), {})[words] = None
    return {
        key: ConsentText(purpose=key[0], version=key[1], title=titles[key[0]], vi=" ".join(words))
        for key, words in said.items()
    }
