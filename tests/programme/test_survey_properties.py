"""What holds for every way through the survey: it ends, edits leave no trace, better answers never score worse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from programme.content import load_content
from programme.survey.advice import advice
from programme.survey.commands import read_command
from programme.survey.definition import CONSENT, CORE, FORM, FULL, NA, REFUSED, Answer, Item, Option, Survey
from programme.survey.reading import Between, Chosen, read_option
from programme.survey.response import (
    Response,
    answered,
    at,
    facts,
    in_force,
    is_complete,
    left,
    may_skip,
    next_item,
    numbered,
    options_of,
    previous_item,
    question_number,
    shown_items,
)
from programme.survey.scoring import Score, score
from store.text import fold

CONTENT = load_content()
SURVEYS = [CONTENT.surveys.version(version) for version in ("1.0.0", "1.1.0")]
FEW = settings(max_examples=60, deadline=None)
CHOICES = [item for survey in SURVEYS for item in survey.items if item.options]


def _answers(response: Response, item: Item) -> st.SearchStrategy[Answer]:
    """Whatever `item` may be answered with just now."""
    values = options_of(response, item)
    if item.kind == "multi_choice":
        given_now: st.SearchStrategy[Answer] = st.lists(
            st.sampled_from([str(v) for v in values]), min_size=1, max_size=3
        )
    elif values:
        given_now = st.sampled_from(values)
    else:
        given_now = st.sampled_from(["Lan", "0912345678", "NA", "chợ Thái"])
    return st.one_of(given_now, st.just(REFUSED)) if may_skip(item) else given_now


@st.composite
def responses(draw: st.DrawFn) -> Response:
    """A completed response of either version and either form, whatever was answered."""
    response = Response(draw(st.sampled_from(SURVEYS)), {CONSENT: "yes_only"})
    while (item := next_item(response)) is not None:
        response = answered(response, item.id, draw(_answers(response, item)))
    return response


@st.composite
def scored_responses(draw: st.DrawFn) -> Response:
    """Every question has some score, hidden ones too, few are refused: so that totals reach every level."""
    survey = draw(st.sampled_from(SURVEYS))
    most = draw(st.sampled_from([(0, 4), (0, 2), (2, 4), (3, 4)]))
    answers: dict[str, Answer] = {q.id: draw(st.integers(*most)) for q in survey.questions}
    for refused in draw(st.lists(st.sampled_from(survey.questions), max_size=4)):
        answers[refused.id] = REFUSED
    if draw(st.booleans()):
        answers["CN07"] = NA
    profile = {"workers": ["w1", "w4_9"], "revenue_band": ["le_1b", "b1_3"], "business_certificate": ["yes", "no"]}
    for key, values in profile.items():
        answers[survey.by_key[key].id] = draw(st.sampled_from(values))
    return Response(survey, {CONSENT: "yes_only", FORM: draw(st.sampled_from([FULL, FULL, CORE])), **answers})


def _outcome(response: Response) -> tuple[Any, ...]:
    result = score(response)
    upcoming = next_item(response)
    return (
        in_force(response),
        facts(response),
        upcoming and upcoming.id,
        result,
        advice(response, result),
        left(response),
    )


# --- paths


@given(st.data())
@FEW
def test_every_path_ends_and_asks_nothing_twice(data: st.DataObject) -> None:
    response = Response(data.draw(st.sampled_from(SURVEYS)), {})
    asked: list[str] = []
    while (item := next_item(response)) is not None:
        assert item in shown_items(response) and left(response) > 0
        before = previous_item(response)
        assert before is None or before.id == asked[-1]
        asked.append(item.id)
        assert len(asked) <= len(response.survey.items)
        response = answered(response, item.id, data.draw(_answers(response, item)))
    assert len(set(asked)) == len(asked)
    assert left(response) == 0
    assert is_complete(response) is (response.answers[CONSENT] != "no")


@given(responses())
@FEW
def test_places_are_one_to_one_in_every_response(response: Response) -> None:
    questions = [item for item in shown_items(response) if item.section == "question"]
    places = [numbered(response, item) for item in questions]
    assert [question_number(response, place) for place, _ in places] == questions
    assert places == sorted(set(places)) and len({most for _, most in places}) == 1


@given(responses(), st.data())
@FEW
def test_an_edited_response_is_the_one_answered_so_from_the_start(response: Response, data: st.DataObject) -> None:
    edited = response
    for _ in range(data.draw(st.integers(1, 6))):
        item = data.draw(st.sampled_from([one for one in shown_items(edited) if one.id != CONSENT]))
        edited = at(edited, item)
        assert next_item(edited) == item
        edited = answered(edited, item.id, data.draw(_answers(edited, item)))
        assert edited.cursor is None
    anew = Response(edited.survey, {})
    for item in edited.survey.items:
        if item.id in in_force(edited):
            anew = answered(anew, item.id, in_force(edited)[item.id])
    assert _outcome(edited) == _outcome(anew)


@given(responses(), st.data())
@FEW
def test_an_edit_that_is_taken_back_changes_nothing(response: Response, data: st.DataObject) -> None:
    shown = [item for item in shown_items(response) if item.id != CONSENT and not item.resets]
    item = data.draw(st.sampled_from(shown))
    there = answered(response, item.id, data.draw(_answers(response, item)))
    assert _outcome(answered(there, item.id, response.answers[item.id])) == _outcome(response)


# --- score


def _is_no_worse(better: Score, worse: Score) -> bool:
    if worse.total is None or worse.level is None:
        return True
    assert better.total is not None and better.level is not None
    return better.total >= worse.total and better.level >= worse.level


@given(scored_responses(), st.data())
@settings(max_examples=300, deadline=None)
def test_a_better_answer_never_lowers_total_or_level(response: Response, data: st.DataObject) -> None:
    shown = [
        one for one in shown_items(response) if one.section == "question" and isinstance(response.answers[one.id], int)
    ]
    question = data.draw(st.sampled_from([one for one in shown if response.answers[one.id] != 4] or shown))
    now = response.answers[question.id]
    assert isinstance(now, int)
    assume(now < 4)
    better = answered(response, question.id, data.draw(st.integers(now + 1, 4)))
    # what this shows for the first time is answered with anything
    for child in set(shown_items(better)) - set(shown_items(response)):
        better = answered(better, child.id, data.draw(st.integers(0, 4)))
    assert _is_no_worse(score(better), score(response))


@pytest.mark.parametrize(("parent", "child"), [("CN04", "CN05"), ("CN09", "CN10")])
@given(response=scored_responses(), points=st.integers(0, 4))
@FEW
def test_an_answer_that_shows_another_question_never_lowers_the_score(
    response: Response, points: int, parent: str, child: str
) -> None:
    hidden = answered(response, parent, 0)
    shown = answered(answered(hidden, parent, 1), child, points)
    assert _is_no_worse(score(shown), score(hidden))


@given(scored_responses())
@settings(max_examples=200, deadline=None)
def test_a_score_stays_in_its_bounds(response: Response) -> None:
    result, survey = score(response), response.survey
    assert result.refused >= 0 and set(result.points.values()) <= {0, 1, 2, 3, 4}
    assert all(points is None or 0 <= points <= 100 for points in result.pillars.values())
    if result.total is None:
        assert result.status == "insufficient" and advice(response, result) == []
        return
    exact = sum(points * p.weight for p in survey.pillars if (points := result.pillars[p.id]) is not None)
    assert -1 <= 20 * (result.total - exact) <= 1
    assert result.status == ("estimate" if response.is_short else "ok")
    assert len(advice(response, result)) <= survey.most_advice


@given(scored_responses())
@FEW
def test_both_versions_score_alike(response: Response) -> None:
    outcomes = [score(Response(survey, response.answers)) for survey in SURVEYS]
    assert outcomes[0] == outcomes[1]


# --- reading


def _ways(text: str) -> list[str]:
    return [text, text.upper(), f"dạ {text} ạ", f"  {text}. ", f"Da {fold(text)} em a", fold(text).upper()]


def _said(item: Item, text: str, values: Sequence[int | str]) -> object:
    return read_option(item, values, text, CONTENT.words_of)


def _is_exactly(item: Item, option: Option, said: object) -> bool:
    wanted = [str(option.value)] if item.kind == "multi_choice" else option.value
    return said == Chosen(wanted)


@pytest.mark.parametrize("item", CHOICES, ids=lambda item: item.id)
def test_every_option_is_chosen_by_number_letter_and_words(item: Item) -> None:
    values = [option.value for option in item.options]
    for place, option in enumerate(item.options, 1):
        for number in [
            f"{place}",
            f"số {place}",
            f"chọn {place}",
            f"cau {place}",
            f"{place}.",
            f"({place})",
            f"{place})",
        ]:
            for text in _ways(number):
                said = _said(item, text, values)
                if any(one.amount for one in item.options) and not number[0].isalpha():
                    assert _is_exactly(item, option, said) or option in _asked(said) or _counts(item, said, place)
                else:
                    assert _is_exactly(item, option, said), (text, said)
        letter = "abcdefgh"[place - 1]
        for text in [
            letter,
            letter.upper(),
            f"{letter})",
            f"({letter})",
            f"{letter}.",
            f"dạ {letter} ạ",
            f"chọn {letter} nhé",
        ]:
            assert _is_exactly(item, option, _said(item, text, values)), text
        if item.kind == "scale":
            continue
        for phrase in (option.button.vi, option.words.vi, option.button.en, option.words.en, *option.also):
            for text in _ways(phrase):
                assert _is_exactly(item, option, _said(item, text, values)), (text, _said(item, text, values))


def _asked(said: object) -> tuple[Option, ...]:
    return said.options if isinstance(said, Between) else ()


def _counts(item: Item, said: object, number: int) -> bool:
    """Whether the number was taken for an amount, since it is both the option's place and its own amount."""
    return any(said == Chosen(one.value) and one.amount and number in one.amount for one in item.options)


WRITTEN = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from("không có chưa 3 b ghi sổ phần mềm khách , . ? dạ 10 / % đâu gì hết thôi".split())).map(
        " ".join
    ),
)


@given(st.sampled_from(CHOICES), WRITTEN)
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_is_an_answer_that_may_be_given_or_none(item: Item, text: str) -> None:
    values = [option.value for option in item.options if option.value != NA]
    said = _said(item, text, values)
    if isinstance(said, Chosen):
        assert said.answer in values or (isinstance(said.answer, list) and set(said.answer) <= set(values))
    assert 1 < len(_asked(said)) <= 3 or not isinstance(said, Between)


@given(st.sampled_from(SURVEYS), WRITTEN)
@FEW
def test_whatever_is_written_may_be_looked_through_for_a_command(survey: Survey, text: str) -> None:
    command = read_command(survey, text)
    assert command is None or command.name in ("explain", "back", "skip", "pause", "edit")
