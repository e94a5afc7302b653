"""What a phrase can be taught to mean, in words that officers know: intents by the title of their answer, and answers.

An intent is what the model learns; an answer is taught through its intent. Answers without one are found by the search
in their own words, so nothing can be taught for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from programme.answers import Answer
from programme.content import Content
from store.text import folded_words

MOST_FOUND = 30


@dataclass(frozen=True)
class Meaning:
    """`value`: how a form names it. `intent` None: an answer that belongs to none."""

    value: str
    title: str
    intent: str | None
    is_entry: bool


class Meanings:
    """Of one province and language. `others`: titles of intents that neither packs nor phrases name."""

    def __init__(self, content: Content, intents: Iterable[str], province: str, language: str, others: dict[str, str]):
        reach = content.answers.in_reach(province)
        titles: dict[str, str] = {}
        for answer in (*reach, *content.answers):
            if answer.intent is not None:
                titles.setdefault(answer.intent, answer.title(language))
        self._titles = {
            intent: titles.get(intent) or content.phrases.intent_title(intent, language) or others.get(intent) or intent
            for intent in sorted(intents)
        }
        self._entries = {answer.id: answer for answer in reversed((*reach, *content.answers))}
        self._language = language

    def title(self, intent: str) -> str:
        """What the intent is about."""
        return self._titles.get(intent, intent)

    def entry_title(self, entry: str) -> str:
        """What the answer is called; its id when no pack has it any more."""
        return self._entries[entry].title(self._language) if entry in self._entries else entry

    @property
    def intents(self) -> Sequence[Meaning]:
        """All that can be taught, by title."""
        return sorted((self._of_intent(one) for one in self._titles), key=lambda one: one.title.casefold())

    def find(self, typed: str) -> list[Meaning]:
        """What has every word of `typed`, without accents: intents first, then answers by title and keywords."""
        words = folded_words(typed)
        if not words:
            return []
        found = [one for one in self.intents if _has(words, one.title, one.intent or "")]
        entries = sorted(self._entries.values(), key=lambda one: one.title(self._language).casefold())
        found += [self._of_entry(one) for one in entries if _has(words, one.title(self._language), *one.keywords)]
        return found[:MOST_FOUND]

    def read(self, value: str) -> Meaning | None:
        """What a form's `value` names; None for nothing that there is."""
        kind, _, name = value.partition(":")
        if kind == "intent" and name in self._titles:
            return self._of_intent(name)
        return self._of_entry(self._entries[name]) if kind == "entry" and name in self._entries else None

    def _of_intent(self, intent: str) -> Meaning:
        return Meaning(f"intent:{intent}", self._titles[intent], intent, is_entry=False)

    def _of_entry(self, answer: Answer) -> Meaning:
        taught = answer.intent if answer.intent in self._titles else None
        return Meaning(f"entry:{answer.id}", answer.title(self._language), taught, is_entry=True)


def _has(words: Sequence[str], *texts: str) -> bool:
    there = " ".join(" ".join(folded_words(text)) for text in texts)
    return all(word in there for word in words)
