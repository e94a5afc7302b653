"""A message in its parts: two questions in one message, or one question at the end of a story.

Pure text; what a part means is the classifier's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, FrozenSet, List, Sequence, Text, Tuple

from nlu.components.text import fold

# Where one thought ends and the next begins. A dot inside a number or a domain name ends nothing, and "còn" begins a
# thought only behind a comma: "chương trình còn không" is one question.
_BETWEEN = re.compile(
    r"[?!;\n]+|\.(?=\s|$)|…"
    r"|,\s*(?=(?:còn|con)\s)"
    r"|[,\s]+(?=(?:với lại|voi lai|ngoài ra|ngoai ra|thế còn|the con|tiện thể|tien the|hỏi thêm|hoi them"
    r"|cho hỏi|cho hoi|và cho|va cho|and also|also|and how|and what|and where)\s)",
    re.IGNORECASE,
)
# Where a thought may end; most often it does not, so what stands between counts only when it asks and is very sure.
_PERHAPS_BETWEEN = re.compile(r",\s|\s(?:và|va|and)\s", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:gi|sao|nao|dau|may|bao nhieu|khong|ko|k|chua|ai|bao gio|khi nao|the nao|la gi|j|what|how|where|when|who"
    r"|which|can|is|do|does)\b"
)
FEWEST_WORDS = 3
MOST_ANSWERS = 3
# More parts than this are a story; of one without a question mark the end is kept: that is where people ask.
MOST_PARTS = 4
END_OF_STORY = 3
# Longer messages are stories: there a comma is a breath.
MOST_WORDS_FOR_COMMAS = 40

Guess = Tuple[Text, float]  # intent, confidence


def split(text: str) -> List[Tuple[str, bool]]:
    """The parts of `text` that are long enough to ask something, each with whether its borders are certain.

    Empty when there is only one.
    """
    certain = [part for part in _BETWEEN.split(text) if len(part.split()) >= FEWEST_WORDS]
    if len(certain) > MOST_PARTS:
        asked = [part for part in certain if f"{part}?" in text]
        certain = asked[-MOST_PARTS:] or certain[-END_OF_STORY:]
        return [(part.strip(), True) for part in certain]
    if len(certain) > 1:
        return [(part.strip(), True) for part in certain]
    if len(text.split()) > MOST_WORDS_FOR_COMMAS:
        return []
    perhaps = [part for part in _PERHAPS_BETWEEN.split(text) if len(part.split()) >= FEWEST_WORDS]
    asking = [(part.strip(), False) for part in perhaps if _ASKS.search(fold(part).lower())]
    return asking if len(asking) > 1 else []


@dataclass(frozen=True)
class Kinds:
    """How names of questions begin; intents that are only said in passing; intents that want something done."""

    asks: Text
    chat: FrozenSet[Text]
    acts: FrozenSet[Text]

    def wants(self, intent: Text) -> bool:
        return intent.startswith(self.asks) or intent in self.acts


def decide(whole: Guess, parts: Sequence[Guess], sure: float, kinds: Kinds) -> Tuple[Guess, List[Text]]:
    """What the message wants first, and what else if its parts surely want several things.

    Questions come before acts: whoever asks for a person as well hears the answer first. A greeting or thanks beside a
    question is nothing by itself.
    """
    wanted: Dict[Text, float] = {}
    for intent, confidence in parts:
        if confidence >= sure and kinds.wants(intent):
            wanted[intent] = max(wanted.get(intent, 0.0), confidence)
    if not wanted:
        return whole, []
    is_sure = whole[1] >= sure and whole[0] not in kinds.chat
    if is_sure and whole[0] not in wanted and (not kinds.wants(whole[0]) or len(wanted) == 1):
        return whole, []  # surely something else (a complaint), or both are sure of one thing: the whole has seen more
    first = whole[0] if is_sure and whole[0] in wanted else next(iter(wanted))
    if is_sure and whole[0] == first:
        wanted[first] = max(wanted[first], whole[1])
    in_order = sorted([first, *(intent for intent in wanted if intent != first)], key=lambda one: one in kinds.acts)
    return (in_order[0], wanted[in_order[0]]), in_order[1:MOST_ANSWERS]
