from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlu import rasa_runtime  # noqa: F401 - before any import of rasa

from nlu.components.intent_classifier import FEATURES, LinearModel, letter_ngrams, word_ngrams

TEXTS = [("xin chao em", "xin chào em"), ("chao chau", "chào cháu"), ("cam on em", "cảm ơn em"), ("cam on", "cảm ơn")]
LABELS = ["greet", "greet", "thank", "thank"]


@pytest.fixture(scope="module")
def trained() -> LinearModel:
    return LinearModel.fit([*TEXTS, ("lam khao sat", "làm khảo sát")], [*LABELS, "survey"], 10.0)


def test_probabilities_are_those_of_the_library_that_trained_it() -> None:
    """The prediction is our own arithmetic; scikit-learn's on the same features is the witness."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    texts, labels = [*TEXTS, ("lam khao sat", "làm khảo sát")], [*LABELS, "survey"]
    vectorisers = [TfidfVectorizer(analyzer=analyse, sublinear_tf=True) for _, _, analyse in FEATURES]
    blocks = [
        v.fit_transform([t[which] for t in texts]) for v, (_, which, _) in zip(vectorisers, FEATURES, strict=True)
    ]
    regression = LogisticRegression(C=10.0, max_iter=400).fit(hstack(blocks).tocsr(), np.array(labels))
    ours = LinearModel.fit(texts, labels, 10.0)
    for asked in [("xin cam on", "xin cảm ơn"), ("khao sat khao sat", "khảo sát khảo sát"), ("", ""), ("zzz", "zzz")]:
        row = hstack(
            [v.transform([asked[which]]) for v, (_, which, _) in zip(vectorisers, FEATURES, strict=True)]
        ).tocsr()
        assert ours.probabilities(asked) == pytest.approx(regression.predict_proba(row)[0], abs=1e-5)


def test_two_classes_work_as_well() -> None:
    model = LinearModel.fit(TEXTS, LABELS, 10.0)
    assert model.classes[int(np.argmax(model.probabilities(("cam on nhe", "cảm ơn nhé"))))] == "thank"


def test_a_saved_model_answers_as_before(trained: LinearModel, tmp_path: Path) -> None:
    trained.save(tmp_path)
    again = LinearModel.load(tmp_path)
    for text in TEXTS:
        assert again.probabilities(text) == pytest.approx(trained.probabilities(text), abs=2e-3)


def test_a_wrong_letter_leaves_most_letter_groups_intact() -> None:
    right, wrong = set(letter_ngrams("khong")), set(letter_ngrams("khomg"))
    assert len(right & wrong) >= len(right) / 3
    assert word_ngrams("a b c") == ["a", "b", "c", "a b", "b c"]
