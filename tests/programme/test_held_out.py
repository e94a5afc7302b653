"""The evaluation set of the intents: large enough, in every style, and nothing of it in the training data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import yaml

from store.text import folded_words

NLU = Path(__file__).parents[2] / "nlu"
HELD_OUT = yaml.safe_load((NLU / "eval" / "held_out.yml").read_text(encoding="utf-8"))["utterances"]
MOST_OVERLAP = 0.7
# Two words are a whole question ("stop", "cảm ơn em"): there the overlap says nothing.
FEWEST_WORDS = 3


def training_examples() -> list[str]:
    texts = []
    for path in sorted((NLU / "data").glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            if "intent" in block:
                texts += [line[2:] for line in block["examples"].splitlines()]
    return texts


def test_there_are_enough_of_every_style() -> None:
    styles = Counter(row["style"] for row in HELD_OUT)
    assert len(HELD_OUT) >= 600
    assert set(styles) == {
        "accented",
        "unaccented",
        "teencode",
        "dialect",
        "voice",
        "typo",
        "english",
        "out_of_scope",
    }
    assert min(styles.values()) >= 60


def test_nothing_of_it_was_trained_on() -> None:
    trained = [frozenset(folded_words(text)) for text in training_examples()]
    assert len(trained) > 2500
    close = []
    for row in HELD_OUT:
        words = frozenset(folded_words(row["text"]))
        if len(words) >= FEWEST_WORDS and any(
            len(words & other) / len(words | other) >= MOST_OVERLAP for other in trained
        ):
            close.append(row["text"])
    assert close == []
