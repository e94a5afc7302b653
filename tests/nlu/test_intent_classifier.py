from __future__ import annotations

from pathlib import Path
from typing import Any, List, Tuple

import numpy as np
import pytest

from nlu import rasa_runtime  # noqa: F401 - before any import of rasa

from nlu.components.parts import Kinds, decide, split
from nlu.components.intent_classifier import FEATURES, TEMPERATURES, LinearModel, letter_ngrams, word_ngrams

TEXTS = [("xin chao em", "xin chào em"), ("chao chau", "chào cháu"), ("cam on em", "cảm ơn em"), ("cam on", "cảm ơn")]
LABELS = ["greet", "greet", "thank", "thank"]


@pytest.fixture(scope="module")
def trained() -> LinearModel:
    return LinearModel.fit([*TEXTS, ("lam khao sat", "làm khảo sát")], [*LABELS, "survey"], range(5), 1.0)


def test_probabilities_are_a_softmax_of_the_library_s_margins() -> None:
    """The prediction is our own arithmetic; scikit-learn's margins on the same features are the witness."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    texts, labels = [*TEXTS, ("lam khao sat", "làm khảo sát")], [*LABELS, "survey"]
    vectorisers = [TfidfVectorizer(analyzer=analyse, sublinear_tf=True) for _, _, analyse, _ in FEATURES]

    for vectoriser, (_, which, _, _) in zip(vectorisers, FEATURES):  # noqa: B905
        vectoriser.fit([text[which] for text in texts])

    def matrix(asked: List[Tuple[str, str]]) -> Any:
        cut = zip(vectorisers, FEATURES)  # noqa: B905
        return hstack([weight * v.transform([text[which] for text in asked]) for v, (_, which, _, weight) in cut])

    machine = LinearSVC(C=1.0, random_state=0).fit(matrix(texts).tocsr(), np.array(labels))
    ours = LinearModel.fit(texts, labels, range(len(texts)), 1.0)
    for asked in [("xin cam on", "xin cảm ơn"), ("khao sat khao sat", "khảo sát khảo sát"), ("", ""), ("zzz", "zzz")]:
        margins = machine.decision_function(matrix([asked]).tocsr())[0]
        softmaxes = [np.exp(t * margins) / np.exp(t * margins).sum() for t in TEMPERATURES]
        assert any(ours.probabilities(asked) == pytest.approx(softmax, abs=1e-3) for softmax in softmaxes)


def test_words_that_were_never_seen_are_not_known_whatever_their_letters(trained: LinearModel) -> None:
    assert trained.knows(("xin zzz", "xin zzz"))
    assert not trained.knows(("xinn choa", "xinn choa"))


def test_two_classes_work_as_well() -> None:
    model = LinearModel.fit(TEXTS, LABELS, range(4), 1.0)
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


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Doanh thu bao nhiêu thì nộp thuế? Với lại làm mã QR ở đâu?", 2),
        ("thuế nộp ở đâu", 0),
        ("vào trang rdx.gov.vn mà không được", 0),
        ("nhà bác bán 1.6 tỷ một năm, còn làm khảo sát ở đâu vậy", 2),
    ],
)
def test_a_message_falls_into_its_parts(text: str, parts: int) -> None:
    assert len(split(text)) == parts


def test_borders_that_are_only_perhaps_borders_are_marked() -> None:
    assert split("giá phần mềm bao nhiêu và lớp học khi nào mở") == [
        ("giá phần mềm bao nhiêu", False),
        ("lớp học khi nào mở", False),
    ]
    assert split("bán rau, thịt ở chợ") == []
    assert split("nhà em bán rau sạch, thịt lợn, cá sông") == []
    assert split("chương trình 148 còn không em") == []


def test_of_a_story_what_is_asked_counts_or_else_its_end() -> None:
    told = [f"Hôm thứ {n} bác đi chợ." for n in "hai ba tư năm sáu bảy".split()]
    asked = " ".join([*told, "Thế thuế nộp ở đâu?", "Bác cảm ơn cháu nhiều nhé."])
    assert split(asked) == [("Thế thuế nộp ở đâu", True)]
    assert [part for part, _ in split(" ".join(told))] == [part.rstrip(".") for part in told[-3:]]


KINDS = Kinds("ask_", frozenset({"thank"}), frozenset({"request_person"}))


def test_what_a_message_wants_comes_in_order_and_a_surer_whole_stays() -> None:
    parts = [("ask_tax", 0.9), ("ask_qr", 0.8)]
    assert decide(("ask_tax", 0.7), parts, 0.6, KINDS) == (("ask_tax", 0.9), ["ask_qr"])
    assert decide(("complain", 0.9), parts, 0.6, KINDS) == (("complain", 0.9), [])
    assert decide(("ask_tax", 0.3), [("greet", 0.9), ("ask_qr", 0.8)], 0.6, KINDS) == (("ask_qr", 0.8), [])
    assert decide(("ask_vat", 0.9), [("ask_qr", 0.8)], 0.6, KINDS) == (("ask_vat", 0.9), [])


def test_thanks_do_not_swallow_a_question_and_a_person_comes_after_the_answer() -> None:
    assert decide(("thank", 1.0), [("thank", 1.0), ("ask_qr", 0.8)], 0.6, KINDS) == (("ask_qr", 0.8), [])
    both = [("request_person", 0.9), ("ask_qr", 0.8)]
    assert decide(("request_person", 0.95), both, 0.6, KINDS) == (("ask_qr", 0.8), ["request_person"])
