"""What the bot says about itself and its service, beside the flows: no facts of any programme, so no sources."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from programme.yaml_source import ContentModel, read_yaml

Phrase = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True)]

# every phrase the code says, with what it may mention
VARIABLES: Mapping[str, frozenset[str]] = {
    "please_wait": frozenset(),
    "handed_to_person": frozenset({"hours"}),
    "state_unreadable": frozenset({"hours"}),
    "answer_withheld": frozenset(),
    "person_button": frozenset(),
}


class _PhrasesFile(ContentModel):
    phrases: dict[str, Phrase]


@dataclass(frozen=True)
class Phrases:
    """The nation's phrases by id."""

    texts: Mapping[str, str]

    def say(self, phrase: str, **values: object) -> str:
        """The phrase with its variables filled in; values it does not mention are ignored."""
        return self.texts[phrase].format(**values)


def load_phrases(path: Path) -> Phrases:
    """Raises ContentError for a phrase that is missing, unknown, or mentions what it may not."""
    source = read_yaml(path)
    texts = source.validate(_PhrasesFile).phrases
    for phrase, allowed in VARIABLES.items():
        if phrase not in texts:
            raise source.error(("phrases",), f'thiếu câu "{phrase}"', "thêm câu này")
        try:
            fields = [field for field in string.Formatter().parse(texts[phrase]) if field[1] is not None]
        except ValueError:
            raise source.error(("phrases", phrase), "dấu ngoặc nhọn không khớp", "viết biến dạng {hours}") from None
        used = {str(name) for _, name, _, _ in fields}
        if any(form or conversion for _, _, form, conversion in fields):
            raise source.error(("phrases", phrase), "biến có định dạng kèm theo", "viết biến dạng {hours}")
        if not used <= allowed:
            raise source.error(("phrases", phrase), f"biến không dùng được: {used - allowed}", "bỏ biến này")
    for phrase in texts:
        if phrase not in VARIABLES:
            raise source.error(("phrases", phrase), f'không có câu nào tên "{phrase}"', "sửa tên hoặc xóa")
    return Phrases(texts)
