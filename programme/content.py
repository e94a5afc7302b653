"""All content, loaded and checked together. The one object that the other rooms ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from programme.answers import AnswerBook
from programme.communes import CommuneDirectory, load_commune_file
from programme.packs import NATIONAL, Packs, load_packs
from programme.phrases import Phrases, load_phrases

CONTENT_ROOT = Path(__file__).parent.parent / "content"


@dataclass(frozen=True)
class Content:
    """Immutable; a change of content is a restart."""

    packs: Packs
    answers: AnswerBook
    communes: CommuneDirectory
    phrases: Phrases


def load_content(root: Path = CONTENT_ROOT) -> Content:
    """Read every pack under `root`. Raises ContentError with file, line and what is wrong."""
    packs = load_packs(root)
    return Content(
        packs=packs,
        answers=AnswerBook(packs),
        communes=CommuneDirectory(
            {id_: load_commune_file(root / id_ / "communes.yaml") for id_ in packs.provinces},
            {id_: {vendor.id: vendor for vendor in pack.vendors} for id_, pack in packs.provinces.items()},
            packs.provinces_of_vietnam,
        ),
        phrases=load_phrases(root / NATIONAL / "phrases.yaml"),
    )
