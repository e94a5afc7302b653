"""What the console's pages say, in Vietnamese and English: `words/*.yaml`, read once and checked, and the names that
files and reports have as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from programme.packs import Text
from programme.shown_names import CHANNELS, LEAD_STATES
from programme.yaml_source import ContentModel, read_yaml

FOLDER = Path(__file__).parent / "words"
LANGUAGES = ("vi", "en")
_VARIABLE = re.compile(r"\{(\w+)\}")


class _Both(ContentModel):
    vi: Text
    en: Text


class _WordsFile(ContentModel):
    words: dict[str, _Both]


@dataclass(frozen=True)
class Words:
    """`texts`: by key and language."""

    texts: Mapping[str, Mapping[str, str]]

    def say(self, key: str, language: str, **values: object) -> str:
        """The words of `key`; `values` fill its {variables}. Raises KeyError for an unknown key or a missing value."""
        words = self.texts[key][language]
        return _VARIABLE.sub(lambda name: str(values[name[1]]), words) if "{" in words else words


def load_words(folder: Path = FOLDER) -> Words:
    """Raises ContentError for what cannot be used: a key twice, different variables in the two languages."""
    shown = {f"channel.{one}": names for one, names in CHANNELS.items()}
    shown |= {f"leads.state_{one}": names for one, names in LEAD_STATES.items()}
    texts: dict[str, Mapping[str, str]] = {
        key: MappingProxyType(dict(zip(LANGUAGES, names, strict=True))) for key, names in shown.items()
    }
    for path in sorted(folder.glob("*.yaml")):
        source = read_yaml(path)
        for key, both in source.validate(_WordsFile).words.items():
            if key in texts:
                raise source.error(("words", key), f'"{key}" đã có ở tệp khác', "đặt tên khác")
            if set(_VARIABLE.findall(both.vi)) != set(_VARIABLE.findall(both.en)):
                raise source.error(("words", key), "hai thứ tiếng có biến khác nhau", "dùng cùng các biến")
            texts[key] = MappingProxyType({"vi": both.vi, "en": both.en})
    return Words(MappingProxyType(texts))
