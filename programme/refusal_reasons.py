"""Why a firm may refuse a lead (content/national/refusal_reasons.yaml): a closed list, and "other" with words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from programme.packs import Slug, Text
from programme.yaml_source import ContentModel, read_yaml

OTHER = "other"
LONGEST_ID = 40  # as `lead.reason` holds


class RefusalReason(ContentModel):
    """`re_offer`: whether another firm may be tried; not where the owner wants none."""

    id: Annotated[Slug, Field(max_length=LONGEST_ID)]
    vi: Text
    en: Text
    re_offer: bool

    def title(self, language: str = "vi") -> str:
        return self.en if language == "en" else self.vi


class _ReasonsFile(ContentModel):
    reasons: Annotated[tuple[RefusalReason, ...], Field(min_length=1)]


@dataclass(frozen=True)
class RefusalReasons:
    """`all`: by id, in the order in which people choose from them."""

    all: Mapping[str, RefusalReason]

    def title(self, reason: str, language: str = "vi") -> str:
        """How people read a reason; the id itself where the file does not have it any more."""
        known = self.all.get(reason)
        return known.title(language) if known else reason


def load_refusal_reasons(path: Path) -> RefusalReasons:
    """Raises ContentError for a reason that is there twice, or a list without "other"."""
    source = read_yaml(path)
    reasons: dict[str, RefusalReason] = {}
    for row, reason in enumerate(source.validate(_ReasonsFile).reasons):
        if reason.id in reasons:
            raise source.error(("reasons", row, "id"), f'lý do "{reason.id}" đã có', "đặt id khác hoặc xóa bớt")
        reasons[reason.id] = reason
    if OTHER not in reasons:
        raise source.error(("reasons",), f'thiếu lý do "{OTHER}"', "thêm lý do này để doanh nghiệp ghi bằng lời")
    return RefusalReasons(MappingProxyType(reasons))
