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
from store.text import clean, folded_words

MAX_PAYLOAD_BYTES = 1000
# Events are ours alone: no channel accepts a payload with this prefix.
EVENT_PREFIX = "event_"
MESSAGE_TOO_LONG = "event_message_too_long"
MESSAGE_WITHOUT_WORDS = "event_message_without_words"
_PAYLOAD = re.compile(r"/(?P<intent>[a-z][a-z0-9_]*)(?P<entities>\{.*\})?", re.DOTALL)
# "2", "số 2", "câu 2 ạ", "hai": the position of an offered button
_POSITIONS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9}
_POSITIONS |= {str(position): position for position in range(1, 11)}
_AROUND_A_NUMBER = frozenset({"so", "chon", "cau", "muc", "y", "nut"})
_POLITE = frozenset({"a", "da", "vang", "nhe", "nha", "em", "voi"})
# Only where exactly one thing was offered is it plain what is agreed to.
_YES = frozenset(
    {
        "da",
        "vang",
        "da vang",
        "co",
        "u",
        "uh",
        "uhm",
        "um",
        "uk",
        "ok",
        "oke",
        "duoc",
        "dc",
        "dong y",
        "nho em",
        "co chu",
    }
)


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
    if not all(isinstance(value, str) and value == clean(value) for value in entities.values()):
        raise PayloadInvalid("entity values must be plain texts")
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
    """The payload of the offered button that the text names by its title, its position, or by agreeing to it."""
    words = folded_words(text[:200])
    for button in offered:
        if words and words == folded_words(button["title"]):
            return button["payload"]
    said = [word for word in words if word not in _POLITE]
    numbers = [word for word in said if word not in _AROUND_A_NUMBER]
    position = _POSITIONS.get(numbers[0], 0) if len(numbers) == 1 else 0
    if 0 < position <= len(offered):
        return offered[position - 1]["payload"]
    agreed = " ".join(said) in _YES or " ".join(words).removesuffix(" a") in _YES
    if agreed and len(offered) == 1:
        return offered[0]["payload"]
    return None
