"""What owners and firms find difficult: the categories (content/national/difficulties.yaml), which of them words
suggest, and recording each telling once.

Not responsible for the dialogue about it (actions/difficulties.py) nor for the report (programme/difficulty_report.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import Connection, delete, select, update

from programme.packs import Slug, Text
from programme.spelt_out import SpeltOut
from programme.yaml_source import ContentModel, read_yaml
from store.database import insert_if_new
from store.difficulty_tables import difficulty
from store.text import clean, fold

Source = Literal["owner", "vendor", "officer"]
LONGEST_ID = 40  # as `difficulty.category` holds
LONGEST_TITLE = 36  # characters: a button's on every channel
# Kept of one telling, in characters: what comes after it said no more than what comes before.
LONGEST_TEXT = 2000
# Who says the same again within so long, in the same conversation, has told it once: it is the same trouble until
# somebody has had time to do something about it.
SAME_TELLING = timedelta(days=7)

_WORD = re.compile(r"[^\W_]+")


class Category(ContentModel):
    """`hint`: what belongs to it; `words`, `intents`: what suggests it."""

    id: Annotated[Slug, Field(max_length=LONGEST_ID)]
    vi: Annotated[Text, Field(max_length=LONGEST_TITLE)]
    en: Annotated[Text, Field(max_length=LONGEST_TITLE)]
    hint: Text
    words: tuple[Text, ...]
    intents: tuple[Slug, ...]

    def title(self, language: str = "vi") -> str:
        return self.en if language == "en" else self.vi


class _DifficultiesFile(ContentModel):
    difficulties: Annotated[tuple[Category, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Difficulties:
    """`all`: by id, in the order in which people choose from them; the last is for the rest."""

    all: Mapping[str, Category]
    _of_intent: Mapping[str, str]
    _phrases: tuple[tuple[str, tuple[str, ...]], ...]
    _spelt_out: SpeltOut

    @property
    def rest(self) -> str:
        """The id of the category of what belongs to none."""
        return list(self.all)[-1]

    def title(self, category: str, language: str = "vi") -> str:
        """How people read a category; the id itself where the file does not have it any more."""
        known = self.all.get(category)
        return known.title(language) if known else category

    def said(self, text: str, intent: str | None = None) -> str | None:
        """The category that the words suggest, else the intent; None where neither does.

        The one most of whose words are said. A word typed with accents means that word ("thuê" is no tax), one typed
        without may be any ("thue kho qua").
        """
        written: list[str] = []
        for word in _WORD.findall(unicodedata.normalize("NFC", text[:LONGEST_TEXT]).casefold()):
            written += self._spelt_out(word) if word.isascii() else [word]
        found: dict[str, int] = {}
        for category, phrase in self._phrases:
            if _is_said(phrase, written):
                found[category] = found.get(category, 0) + len(phrase)
        # The first of equals, which is the file's order
        return max(found, key=lambda category: found[category]) if found else self._of_intent.get(intent or "")


def _is_said(phrase: tuple[str, ...], written: list[str]) -> bool:
    width = len(phrase)
    return any(
        all(word in (wanted, fold(wanted)) for word, wanted in zip(written[at : at + width], phrase, strict=True))
        for at in range(len(written) - width + 1)
    )


def load_difficulties(path: Path, spelt_out: SpeltOut) -> Difficulties:
    """`spelt_out`: what everyday spellings stand for.

    Raises ContentError for a category that is there twice, or a word or an intent that suggests two."""
    source = read_yaml(path)
    categories: dict[str, Category] = {}
    of_intent: dict[str, str] = {}
    of_word: dict[tuple[str, ...], str] = {}
    for row, category in enumerate(source.validate(_DifficultiesFile).difficulties):
        if category.id in categories:
            raise source.error(("difficulties", row, "id"), f'nhóm "{category.id}" đã có', "đặt id khác hoặc xóa bớt")
        categories[category.id] = category
        for place, intent in enumerate(category.intents):
            if of_intent.setdefault(intent, category.id) != category.id:
                problem = f'ý định "{intent}" đã thuộc nhóm "{of_intent[intent]}"'
                raise source.error(("difficulties", row, "intents", place), problem, "giữ ý định này ở một nhóm")
        for place, words in enumerate(category.words):
            phrase = tuple(word.casefold() for word in _WORD.findall(words))
            if not phrase or of_word.setdefault(phrase, category.id) != category.id:
                problem = (
                    f'chữ "{words}" đã thuộc nhóm "{of_word[phrase]}"' if phrase else f'"{words}" không có chữ nào'
                )
                raise source.error(("difficulties", row, "words", place), problem, "giữ chữ này ở một nhóm")
    phrases = tuple((category, phrase) for phrase, category in of_word.items())
    return Difficulties(MappingProxyType(categories), MappingProxyType(of_intent), phrases, spelt_out)


@dataclass(frozen=True)
class Difficulty:
    """One telling. `category`: an id of the file; `province`: in the words of the packs; `commune`: a code; `vendor`:
    the firm that tells it or that it is about. `text`: in the teller's words, secrets already taken out (bot.secrets).

    `contact_id`: whom it came from, so that it can be erased. `telling`: at most 120 characters that name this telling
    where it does not come from a conversation (a form, a lead's status), so that sent twice it counts once.
    """

    source: Source
    category: str
    province: str
    at: datetime
    commune: str | None = None
    vendor: str | None = None
    lead_id: int | None = None
    contact_id: int | None = None
    conversation_id: str | None = None
    officer_id: int | None = None
    text: str | None = None
    telling: str | None = None


def record(connection: Connection, told: Difficulty) -> int:
    """Keep the difficulty; its number. The same telling again finds the first.

    The same is: the same `telling`, or the same category from one conversation within SAME_TELLING, whoever notes it;
    what is said in addition is added to the first one's words. Two callers at one instant meet at the unique key, which
    for conversations names the day. The text is encrypted by its column.
    """
    text = clean(told.text or "")[:LONGEST_TEXT] or None
    known = _told_before(connection, told)
    if known is None:
        row = {
            "source": told.source,
            "category": told.category,
            "province": told.province,
            "commune": told.commune,
            "vendor": told.vendor,
            "contact_id": told.contact_id,
            "conversation_id": told.conversation_id,
            "lead_id": told.lead_id,
            "officer_id": told.officer_id,
            "text": text,
            "telling": _telling(told),
            "at": told.at,
        }
        stored = insert_if_new(connection, difficulty, row)
        if stored is not None:
            return int(stored["id"])
        known = connection.execute(select(difficulty.c.id).filter_by(telling=row["telling"])).scalar_one()
    _add_words(connection, known, text)
    return known


def _telling(told: Difficulty) -> str | None:
    if told.telling is not None or told.conversation_id is None:
        return told.telling
    return f"{told.conversation_id} {told.category} {told.at:%Y-%m-%d}"


def _told_before(connection: Connection, told: Difficulty) -> int | None:
    if told.telling is not None or told.conversation_id is None:
        return None
    lately = select(difficulty.c.id).where(
        difficulty.c.conversation_id == told.conversation_id,
        difficulty.c.category == told.category,
        difficulty.c.at > told.at - SAME_TELLING,
    )
    number: int | None = connection.scalar(lately.order_by(difficulty.c.at.desc(), difficulty.c.id.desc()).limit(1))
    return number


def _add_words(connection: Connection, known: int, text: str | None) -> None:
    if text is None:
        return
    before = connection.scalar(select(difficulty.c.text).filter_by(id=known))
    if before is None or text not in before:
        words = f"{before}\n{text}" if before else text
        connection.execute(update(difficulty).filter_by(id=known).values(text=words[:LONGEST_TEXT]))


def take_back(connection: Connection, conversation_id: str, category: str, since: datetime) -> str | None:
    """Remove what an owner told under this category since then, because it belongs to another; its words."""
    told = select(difficulty.c.id, difficulty.c.text).where(
        difficulty.c.conversation_id == conversation_id,
        difficulty.c.category == category,
        difficulty.c.source == "owner",
        difficulty.c.at >= since,
    )
    row = connection.execute(told.order_by(difficulty.c.at.desc(), difficulty.c.id.desc()).limit(1)).first()
    if row is None:
        return None
    connection.execute(delete(difficulty).filter_by(id=row.id))
    text: str | None = row.text
    return text


def take_back_tellings(connection: Connection, tellings: Collection[str]) -> None:
    """Remove what was told under these names (`Difficulty.telling`): whoever told it has corrected it."""
    connection.execute(delete(difficulty).where(difficulty.c.telling.in_(tellings)))
