"""Misspelled copies of training examples, so that the classifier has met typos and half-accented words before.

Accents and shorthand need no copies: the normaliser removes them. Seeded: the same data gives the same model.
"""

from __future__ import annotations

import random
from typing import Iterator, Tuple

from nlu.components.text import fold

Texts = Tuple[str, str]  # (normalised, accented words)
LETTERS = "abcdeghiklmnopqrstuvxy"


class Augmentation:
    """`copies`: how many misspelled and how many accent-free copies of each example; 0 switches it off."""

    def __init__(self, copies: int, seed: int) -> None:
        self.copies, self.random = copies, random.Random(seed)  # noqa: S311 - no secret is drawn

    def variants(self, normalised: str, accented: str) -> Iterator[Texts]:
        """The example itself, then its copies."""
        yield normalised, accented
        for _ in range(self.copies):
            yield normalised, fold(accented)
            yield self.misspell(normalised), fold(accented)

    def misspell(self, text: str) -> str:
        """One letter dropped, doubled, swapped with its neighbour or replaced, in a word of three letters or more."""
        words = text.split()
        long_enough = [i for i, word in enumerate(words) if len(word) >= 3 and word.isalpha()]
        if not long_enough:
            return text
        which = self.random.choice(long_enough)
        word, at = words[which], self.random.randrange(len(words[which]) - 1)
        words[which] = self.random.choice(
            (
                word[:at] + word[at + 1 :],
                word[: at + 1] + word[at:],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + self.random.choice(LETTERS) + word[at + 1 :],
            )
        )
        return " ".join(words)
