"""The examples that the model is trained on (nlu/data) and those it is measured by (nlu/eval), as officers' teaching
meets them; and a copy of the training data with what was taught in it.

The files themselves are never changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from programme.taught_phrases import key_of

ROOT = Path(__file__).resolve().parent.parent
TRAINING, HELD_OUT = ROOT / "nlu" / "data", ROOT / "nlu" / "eval" / "held_out.yml"
# Behind all files of nlu/data in order: what comes first is misspelled by chance as it was before (augmentation).
TAUGHT_FILE = "~taught.yml"
OUT_OF_SCOPE = "out_of_scope"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Lesson:
    """A phrase and what it means. `id`: of the annotation."""

    id: int
    phrase: str
    intent: str

    @property
    def key(self) -> str:
        return key_of(self.phrase)


class TrainingExamples:
    """Read when first asked for, which takes half a second: on an event loop `read` comes first, in a thread."""

    def __init__(self, training: Path = TRAINING, held_out: Path = HELD_OUT) -> None:
        self._training, self._held_out = training, held_out

    def read(self) -> None:
        """Read all of it, once."""
        _ = self._by_key, self._measured

    @cached_property
    def intents(self) -> frozenset[str]:
        """What can be taught."""
        return frozenset(self.phrases)

    @cached_property
    def phrases(self) -> Mapping[str, tuple[str, ...]]:
        """The examples of each intent, in their order."""
        found: dict[str, list[str]] = {}
        for path in sorted(self._training.glob("*.yml")):
            for intent, phrases in _examples(_read(path)):
                found.setdefault(intent, []).extend(phrases)
        return {intent: tuple(phrases) for intent, phrases in found.items()}

    def intents_of(self, key: str) -> frozenset[str]:
        """Under which intents the training data has the phrase."""
        return self._by_key.get(key, frozenset())

    def is_held_out(self, key: str) -> bool:
        """Whether the phrase measures the model, and so must never be trained on."""
        return key in self._measured

    def write_with(self, lessons: Sequence[Lesson], folder: Path) -> tuple[Lesson, ...]:
        """Write the training data into `folder` with `lessons` in it; what of them is trained on.

        A taught phrase is taken out of every other intent. One that is held out changes nothing.
        """
        taught = tuple(lesson for lesson in lessons if not self.is_held_out(lesson.key))
        meaning = {lesson.key: lesson.intent for lesson in taught}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._training.glob("*.yml")):
            document = _read(path)
            document["nlu"] = [row for row in (_without(row, meaning) for row in document["nlu"]) if row is not None]
            _write(document, folder / path.name)
        by_intent: dict[str, list[str]] = {}
        for lesson in {lesson.key: lesson for lesson in taught}.values():  # an example twice would count twice
            if lesson.intent not in self.intents_of(lesson.key):
                by_intent.setdefault(lesson.intent, []).append(lesson.phrase)
        rows = [{"intent": intent, "examples": _block(phrases)} for intent, phrases in sorted(by_intent.items())]
        if rows:
            _write({"version": "3.1", "nlu": rows}, folder / TAUGHT_FILE)
        return taught

    @cached_property
    def _by_key(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for intent, phrases in self.phrases.items():
            for phrase in phrases:
                found.setdefault(key_of(phrase), set()).add(intent)
        return {key: frozenset(intents) for key, intents in found.items()}

    @cached_property
    def _measured(self) -> frozenset[str]:
        return frozenset(key_of(one["text"]) for one in _read(self._held_out)["utterances"])


def _examples(document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for row in document["nlu"]:
        if "intent" in row:
            yield row["intent"], tuple(_phrases(row["examples"]))


def _phrases(block: str) -> list[str]:
    return [line[2:].strip() for line in block.splitlines() if line.startswith("- ")]


def _without(row: Mapping[str, Any], meaning: Mapping[str, str]) -> Mapping[str, Any] | None:
    """The row without the phrases that mean something else now; None when nothing is left."""
    if "intent" not in row:
        return row
    phrases = _phrases(row["examples"])
    kept = [phrase for phrase in phrases if meaning.get(key_of(phrase), row["intent"]) == row["intent"]]
    return {**row, "examples": _block(kept)} if kept else None


def _block(phrases: Sequence[str]) -> str:
    return "".join(f"- {phrase}\n" for phrase in phrases)


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe loader
    return document


def _write(document: Mapping[str, Any], path: Path) -> None:
    path.write_text(yaml.safe_dump(dict(document), allow_unicode=True, sort_keys=False), encoding="utf-8")
