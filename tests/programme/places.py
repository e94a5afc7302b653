"""The two provinces with their communes, and what a resolution names, for tests of place names."""

from __future__ import annotations

from programme.communes import Kind, Resolution, load_commune_file
from programme.content import CONTENT_ROOT

TN, TH = "thai-nguyen", "thanh-hoa"
FILES = {province: load_commune_file(CONTENT_ROOT / province / "communes.yaml") for province in (TN, TH)}
NAMES = [row.name for row in FILES[TN].communes]


def named(resolution: Resolution) -> list[str]:
    return [commune.full_name for commune in resolution.choices]


def meant(resolution: Resolution) -> tuple[Kind, str | None]:
    return resolution.kind, resolution.commune.full_name if resolution.commune else None
