"""Reads what needs no language model: pressed buttons, "2" for the second button, messages without words.

Whatever is read here travels to the dialogue as a payload and skips the NLU.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.messages import MAX_UNDERSTOOD_CHARACTERS
from store.text import folded_words

MAX_PAYLOAD_BYTES = 1000
# Events are ours alone: no channel accepts a payload with this prefix.
EVENT_PREFIX = "event_"
MESSAGE_TOO_LONG = "event_message_too_long"
MESSAGE_WITHOUT_WORDS = "event_message_without_words"
_PAYLOAD = re.compile(r"/(?P<intent>[a-z][a-z0-9_]*)(?P<entities>\{.*\})?", re.DOTALL)
# "2", "2.", "số 2", "câu 2 ạ", "hai": the position of an offered button
_NUMBERS = {
    word: n
    for n, words in enumerate(("mot", "hai", "ba", "bon tu", "nam", "sau", "bay", "tam"), 1)
    for word in (str(n), *words.split())
}
_AROUND_A_NUMBER = frozenset({"so", "chon", "cau", "muc", "y", "a", "da", "vang", "nhe", "cai"})


class PayloadInvalid(ValueError):
    """Not a payload of ours; nothing a button of ours could have sent."""


@dataclass(frozen=True)
class Payload:
    """An intent with its entities, as a button carries it. It can say nothing that a person could not say in words."""

    intent: str
    entities: tuple[tuple[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"intent": self.intent, "entities": [{"entity": k, "value": v} for k, v in self.entities]}


def parse_payload(text: str) -> Payload:
    """Read Rasa's `/intent{"entity":"value"}`. Raises PayloadInvalid."""
    match = _PAYLOAD.fullmatch(text) if len(text.encode()) <= MAX_PAYLOAD_BYTES else None
    if match is None:
        raise PayloadInvalid("not /intent or /intent{…}")
    try:
        entities = json.loads(match["entities"] or "{}")
    except (ValueError, RecursionError) as error:
        raise PayloadInvalid("the part in braces is not JSON") from error
    if not all(isinstance(value, str | int | float | bool) for value in entities.values()):
        raise PayloadInvalid("entity values must be plain")
    return Payload(match["intent"], tuple(entities.items()))


def read(text: str, payload: str | None, offered: Sequence[Mapping[str, str]] | None) -> Payload | None:
    """The payload that a message stands for, or None when it needs the NLU. Raises PayloadInvalid."""
    if payload is not None:
        return parse_payload(payload)
    chosen = _offered_choice(text, offered or ())
    if chosen is not None:
        return parse_payload(chosen)
    if len(text) > MAX_UNDERSTOOD_CHARACTERS:
        return Payload(MESSAGE_TOO_LONG)
    if not any(character.isalnum() for character in text):
        return Payload(MESSAGE_WITHOUT_WORDS)
    return None


def _offered_choice(text: str, offered: Sequence[Mapping[str, str]]) -> str | None:
    words = folded_words(text[:200])
    for button in offered:
        if words and words == folded_words(button["title"]):
            return button["payload"]
    said = [word for word in words if word not in _AROUND_A_NUMBER]
    position = _NUMBERS.get(said[0], 0) if len(said) == 1 else 0
    return offered[position - 1]["payload"] if 0 < position <= len(offered) else None
