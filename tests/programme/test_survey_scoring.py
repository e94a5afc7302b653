"""The score is exact: golden cases and the edges, each worked out by hand beside its expectation."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from programme.content import Content
from programme.survey.advice import advice, pillar_words
from programme.survey.definition import CONSENT, CORE, FORM, FULL, Survey
from programme.survey.response import Response, shown_items
from programme.survey.scoring import rounded, score

FOLDER = Path(__file__).parent
GOLDEN = yaml.safe_load((FOLDER / "survey_vectors.yaml").read_text("utf-8"))["cases"]
TIES = yaml.safe_load((FOLDER / "survey_ties.yaml").read_text("utf-8"))["cases"]
VERSIONS = ["1.0.0", "1.1.0"]
PROFILE = {"workers": "w2_3", "revenue_band": "b1_3", "business_certificate": "no", "rdx_done": "done"}


def _response(survey: Survey, case: dict[str, Any]) -> Response:
    profile = {**(PROFILE if "every" in case else {}), **case.get("profile", {})}
    answers = {survey.by_key[key].id: value for key, value in profile.items()}
    if "every" in case:
        answers |= {question.id: case["every"] for question in survey.questions}
    answers |= case["answers"]
    kept = {id_: answer for id_, answer in answers.items() if answer != ""}
    form = CORE if case.get("form") == "core" else FULL
    return Response(survey, {CONSENT: "yes_contact", FORM: form, **kept})


def _with_weights(survey: Survey, case: dict[str, Any]) -> Survey:
    """The survey with the case's weights; a question that it does not name keeps its weight of 1."""
    weights, pillars = case.get("weights", {}), case.get("pillar_weights", {})
    return replace(
        survey,
        items=tuple(replace(item, weight=weights.get(item.id, item.weight)) for item in survey.items),
        pillars=tuple(replace(one, weight=Fraction(pillars.get(one.id, one.weight))) for one in survey.pillars),
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", [*GOLDEN, *TIES], ids=lambda case: case["name"])
def test_a_score_is_what_was_worked_out_by_hand(content: Content, case: dict[str, Any], version: str) -> None:
    survey = _with_weights(content.surveys.version(version), case)
    response, expected = _response(survey, case), case["expect"]

    result = score(response)

    shown = {pillar: result.pillar(pillar) for pillar in expected["pillars"]}
    assert shown == {id_: None if v is None else Fraction(str(v)) for id_, v in expected["pillars"].items()}
    assert result.status == expected["status"]
    assert result.total == (None if expected["total"] is None else Fraction(str(expected["total"])))
    assert result.level == expected["level"]
    assert [rule.id for rule in advice(response, result)] == expected["recommendations"]
    if "asked" in case:
        assert len([item for item in shown_items(response) if item.section == "question"]) == case["asked"]
    if "refused" in case:
        assert result.refused == case["refused"]


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        (Fraction(1645, 100), "16.5"),
        (Fraction(1644999, 100000), "16.4"),
        (Fraction(625, 100), "6.3"),
        (Fraction(5, 100), "0.1"),
        (Fraction(8995, 100), "90"),
        (Fraction(100), "100"),
    ],
)
def test_a_half_is_rounded_up(exact: Fraction, shown: str) -> None:
    assert rounded(exact) == Fraction(shown)


def test_a_hidden_question_counts_zero_or_not_at_all(content: Content) -> None:
    survey = content.surveys.latest
    alone = _response(survey, {"every": 4, "profile": {"workers": "w1"}, "answers": {"CN04": 0, "CN09": 1}})
    result = score(alone)
    assert result.skipped == {"CN05", "CN11"}
    assert (result.points["CN05"], result.points["CN11"], result.points["CN10"]) == (0, 0, 4)
    assert "NL03" not in result.points
    assert result.counted == 24 - 2 - 1
    assert result.refused == 0


def test_what_was_answered_before_branching_hid_it_does_not_count(content: Content) -> None:
    survey = content.surveys.latest
    with_child = _response(survey, {"every": 4, "answers": {"CN04": 0}})
    without = _response(survey, {"every": 4, "answers": {"CN04": 0, "CN05": ""}})
    assert with_child.answers["CN05"] == 4
    assert score(with_child) == score(without)


def test_a_refused_consent_leaves_nothing_to_score(content: Content) -> None:
    response = _response(content.surveys.latest, {"every": 4, "answers": {CONSENT: "no"}})
    assert score(response).status == "insufficient"
    assert score(response).counted == 0
    assert advice(response, score(response)) == []


@pytest.mark.parametrize(("points", "said"), [(1, "low"), (2, "mid"), (3, "high")])
def test_a_pillar_gets_the_words_of_its_score(content: Content, points: int, said: str) -> None:
    survey = content.surveys.latest
    result = score(_response(survey, {"every": points, "answers": {}}))
    for pillar in survey.pillars:
        assert pillar_words(survey, pillar, result) == getattr(pillar, said)


def test_a_pillar_says_low_below_40_and_high_from_70(content: Content) -> None:
    survey = content.surveys.latest
    pillar = survey.pillars[2]
    # DL: 7/20 = 35, 8/20 = 40, 13/20 = 65, 14/20 = 70
    for points, words in [(7, pillar.low), (8, pillar.mid), (13, pillar.mid), (14, pillar.high)]:
        ids = ["DL01", "DL02", "DL03", "DL04", "DL05"]
        answers = {id_: min(4, max(0, points - 4 * place)) for place, id_ in enumerate(ids)}
        assert pillar_words(survey, pillar, score(_response(survey, {"every": 2, "answers": answers}))) == words


def test_a_pillar_without_answers_gets_no_words(content: Content) -> None:
    survey = content.surveys.latest
    refused = {"DL01": "REFUSED", "DL02": "REFUSED", "DL04": "REFUSED"}
    result = score(_response(survey, {"form": "core", "every": 2, "answers": refused}))
    assert pillar_words(survey, survey.pillars[2], result) is None


def test_advice_about_rdx_is_for_who_said_not_yet(content: Content) -> None:
    survey = content.surveys.latest
    for said, advised in [("not_yet", True), ("unknown", True), ("done", False), ("REFUSED", False)]:
        response = _response(survey, {"every": 4, "answers": {}, "profile": {"rdx_done": said}})
        assert ("R20" in [rule.id for rule in advice(response, score(response))]) is advised
