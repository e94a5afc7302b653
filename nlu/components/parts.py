"""A message in its parts: two questions in one message, or one question at the end of a story.

Pure text; what a part means is the classifier's business.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Sequence, Text, Tuple

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


def decide(whole: Guess, parts: Sequence[Guess], sure: float, asks: str) -> Tuple[Guess, Optional[Text]]:
    """What the message asks first, and second if its parts surely ask two things.

    Only intents whose name begins with `asks` are questions: a greeting beside a question is not a second one.
    """
    best: Dict[Text, float] = {}
    for intent, confidence in parts:
        if confidence >= sure and intent.startswith(asks):
            best[intent] = max(best.get(intent, 0.0), confidence)
    if not best:
        return whole, None
    questions = list(best)
    if whole[1] >= sure and not whole[0].startswith(asks) and whole[0] not in best:
        return whole, None  # the whole is surely something else: a complaint, a farewell
    first = whole[0] if whole[1] >= sure and whole[0] in best else questions[0]
    others = [intent for intent in questions if intent != first]
    if whole[1] >= sure and whole[0] not in best and len(questions) == 1:
        return whole, None  # both are sure of one question: the whole has seen more
    confidence = whole[1] if first == whole[0] else best[first]
    return (first, max(confidence, best[first])), others[0] if others else None
