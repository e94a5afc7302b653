"""What is asked next, and which answers count: order, branching, going back, editing, skipping."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from programme.content import Content
from programme.survey.conditions import Condition, compare
from programme.survey.definition import CONSENT, CORE, FORM, FULL, NA, REFUSED, Answer, Item, Survey, UnknownVersion
from programme.survey.response import (
    AnswerInvalid,
    Response,
    answered,
    at,
    check,
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

PROFILE = [f"P{n:02}" for n in range(1, 15)]
CN, NL, DL = ([f"{pillar}{n:02}" for n in range(1, last + 1)] for pillar, last in (("CN", 13), ("NL", 6), ("DL", 5)))
CLOSING = [f"K{n:02}" for n in range(1, 7)]
CORE_QUESTIONS = ["CN01", "CN02", "CN04", "CN07", "CN09", "CN12", "NL02", "NL04", "NL06", "DL01", "DL02", "DL04"]


@pytest.fixture
def survey(content: Content) -> Survey:
    return content.surveys.latest


def _usual(item: Item) -> Answer:
    """An answer that opens every branch: the best score, or the second option (two or three workers, Thanh Hóa)."""
    if item.section == "question":
        return 4
    if item.kind == "multi_choice":
        return [str(item.options[1].value)]
    if item.options:
        return item.options[0 if item.section == "opening" else 1].value
    return "0912345678" if item.kind == "phone_vn" else "Lan"


def _walk(survey: Survey, said: Mapping[str, Answer] | None = None, until: str | None = None) -> Response:
    """Answer what is asked, with the usual answer or the one of `said`, until `until` is asked or nothing is."""
    response = Response(survey, {})
    while (item := next_item(response)) is not None and item.id != until:
        response = answered(response, item.id, (said or {}).get(item.id, _usual(item)))
    return response


def _asked(survey: Survey, said: Mapping[str, Answer] | None = None) -> list[str]:
    return list(_walk(survey, said).answers)


def _id(item: Item | None) -> str | None:
    return item and item.id


# --- order and branching


def test_the_long_form_asks_everything_in_the_order_of_the_file(survey: Survey) -> None:
    assert _asked(survey) == [CONSENT, FORM, *PROFILE, *CN, *NL, *DL, *CLOSING]


def test_the_short_form_asks_only_its_own_items(survey: Survey) -> None:
    asked = _asked(survey, {FORM: CORE})
    assert [id_ for id_ in asked if survey.by_id[id_].section == "question"] == CORE_QUESTIONS
    assert asked == [item.id for item in survey.items if item.core]
    assert is_complete(_walk(survey, {FORM: CORE}))


def test_answers_of_the_long_form_do_not_count_in_the_short_one(survey: Survey) -> None:
    short = answered(_walk(survey), FORM, CORE)
    assert "CN05" not in in_force(short)
    assert "CN05" in in_force(answered(short, FORM, FULL))


def test_who_refuses_the_consent_is_asked_nothing_more(survey: Survey) -> None:
    refused = _walk(survey, {CONSENT: "no"})
    assert list(refused.answers) == [CONSENT]
    assert next_item(refused) is None and previous_item(refused) is None
    assert not is_complete(refused)
    assert left(refused) == 0


def test_what_was_answered_before_a_consent_was_refused_does_not_count(survey: Survey) -> None:
    assert in_force(answered(_walk(survey), CONSENT, "no")) == {CONSENT: "no"}


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ({"CN04": 0}, {"CN05"}),
        ({"CN04": 1}, set()),
        ({"CN04": REFUSED}, {"CN05"}),
        ({"CN09": 0}, {"CN10", "CN11"}),
        ({"CN09": 1}, {"CN11"}),
        ({"CN09": 2}, set()),
        ({"CN09": REFUSED}, {"CN10", "CN11"}),
        ({"P09": "w1"}, {"NL03"}),
        ({"P04": "other"}, {"P05"}),
        ({"CN04": 0, "CN09": 0, "P09": "w1"}, {"CN05", "CN10", "CN11", "NL03"}),
    ],
)
def test_an_answer_hides_what_follows_from_it(survey: Survey, said: dict[str, Answer], hidden: set[str]) -> None:
    asked = _asked(survey, said)
    assert {item.id for item in survey.items} - set(asked) == hidden
    assert is_complete(_walk(survey, said))


def test_the_first_version_asks_for_the_commune_everywhere(content: Content) -> None:
    assert "P05" in _asked(content.surveys.version("1.0.0"), {"P04": "other"})


def test_taking_an_answer_back_brings_back_what_it_hid(survey: Survey) -> None:
    done = _walk(survey, {"CN05": 2})
    hidden = answered(done, "CN04", 0)
    assert "CN05" not in in_force(hidden) and is_complete(hidden)
    assert in_force(answered(hidden, "CN04", 3))["CN05"] == 2


def test_an_edit_that_opens_a_branch_asks_what_was_never_asked(survey: Survey) -> None:
    done = _walk(survey, {"CN09": 0})
    opened = answered(done, "CN09", 3)
    assert _id(next_item(opened)) == "CN10"
    assert left(opened) == 2 and not is_complete(opened)
    assert _id(next_item(answered(opened, "CN10", 1))) == "CN11"


# --- not applicable


@pytest.mark.parametrize(
    ("band", "possible"),
    [("le_1b", True), ("unknown", True), (REFUSED, True), ("b1_3", False), ("b3_50", False), ("gt_50", False)],
)
def test_no_invoice_needed_is_an_answer_only_for_a_small_shop(survey: Survey, band: str, possible: bool) -> None:
    response = _walk(survey, {"P10": band}, until="CN07")
    assert (NA in options_of(response, survey.by_id["CN07"])) is possible
    assert options_of(response, survey.by_id["CN07"])[:5] == (0, 1, 2, 3, 4)


def test_not_applicable_that_became_impossible_is_asked_again(survey: Survey) -> None:
    done = _walk(survey, {"P10": "le_1b", "CN07": NA})
    assert is_complete(done) and in_force(done)["CN07"] == NA
    grown = answered(done, "P10", "b1_3")
    assert _id(next_item(grown)) == "CN07" and left(grown) == 1
    assert "CN07" not in in_force(grown)
    assert in_force(answered(grown, "P10", "le_1b"))["CN07"] == NA


def test_conditions_do_not_see_refused_and_not_applicable_answers(survey: Survey) -> None:
    known = facts(_walk(survey, {"P10": REFUSED, "CN04": REFUSED, "P03": REFUSED}))
    assert not {"revenue_band", "CN04", "phone"} & set(known)
    assert known["workers"] == "w2_3" and known["CN02"] == 4
    assert "CN07" not in facts(_walk(survey, {"P10": "le_1b", "CN07": NA}))


@pytest.mark.parametrize(
    ("op", "wanted", "value", "fits"),
    [
        ("gte", 2, 2, True),
        ("gte", 2, 1, False),
        ("gt", 2, 2, False),
        ("gt", 2, 3, True),
        ("lte", 2, 2, True),
        ("lte", 2, 3, False),
        ("lt", 30, Fraction(299, 10), True),
        ("lt", 30, Fraction(30), False),
        ("eq", "done", "done", True),
        ("ne", "done", "not_yet", True),
        ("ne", "done", "done", False),
        ("ne", "done", None, False),
        ("in", ("w1", "w10"), "w10", True),
        ("in", ("w1", "w10"), "w2_3", False),
        ("gte", 0, REFUSED, False),
        ("lte", 4, NA, False),
        ("lte", 4, None, False),
    ],
)
def test_a_condition_compares_as_its_operator_says(op: Any, wanted: Any, value: Any, fits: bool) -> None:
    assert compare(Condition(question="CN04", op=op, value=wanted), value) is fits


# --- back and edit


def test_back_goes_to_the_item_before(survey: Survey) -> None:
    response = _walk(survey, until="CN03")
    back = at(response, survey.by_id["CN02"])
    assert _id(previous_item(response)) == "CN02"
    assert _id(next_item(back)) == "CN02"
    assert _id(previous_item(back)) == "CN01"
    assert _id(next_item(answered(back, "CN02", 1))) == "CN03"


def test_back_passes_over_what_is_hidden(survey: Survey) -> None:
    assert _id(previous_item(_walk(survey, {"CN04": 0}, until="CN06"))) == "CN04"
    assert _id(previous_item(_walk(survey, until="CN06"))) == "CN05"


def test_back_from_the_end_goes_to_the_last_item(survey: Survey) -> None:
    assert _id(previous_item(_walk(survey))) == "K06"


def test_there_is_nothing_to_go_back_to_at_the_beginning(survey: Survey) -> None:
    assert previous_item(Response(survey, {})) is None
    assert previous_item(_walk(survey, until=FORM)) is None
    assert _id(previous_item(_walk(survey, until="P01"))) == FORM


def test_an_edit_returns_to_where_the_owner_was(survey: Survey) -> None:
    response = at(_walk(survey, until="DL03"), survey.by_id["CN02"])
    assert _id(next_item(response)) == "CN02"
    edited = answered(response, "CN02", 0)
    assert edited.cursor is None and _id(next_item(edited)) == "DL03"
    assert in_force(edited)["CN02"] == 0


def test_another_answer_does_not_end_an_edit(survey: Survey) -> None:
    editing = at(_walk(survey, until="DL03"), survey.by_id["CN02"])
    assert _id(next_item(answered(editing, "CN01", 1))) == "CN02"


def test_an_edit_of_a_question_that_branching_removed_asks_what_is_open(survey: Survey) -> None:
    response = at(_walk(survey, {"CN04": 0}, until="DL03"), survey.by_id["CN05"])
    assert _id(next_item(response)) == "DL03"
    assert response.cursor is None


def test_an_edit_whose_question_is_removed_meanwhile_is_over(survey: Survey) -> None:
    editing = at(_walk(survey, until="DL03"), survey.by_id["CN05"])
    removed = answered(editing, "CN04", 0)
    assert _id(next_item(removed)) == "DL03"
    assert _id(next_item(answered(removed, "CN04", 3))) == "DL03"


def test_a_finished_survey_can_be_edited_and_stays_complete(survey: Survey) -> None:
    editing = at(_walk(survey), survey.by_id["K04"])
    assert is_complete(editing) and _id(next_item(editing)) == "K04"


# --- answers that make others meaningless


def test_another_province_asks_for_the_commune_again(survey: Survey) -> None:
    done = _walk(survey)
    moved = answered(done, "P04", "thai_nguyen")
    assert "P05" not in moved.answers and _id(next_item(moved)) == "P05"


def test_the_same_province_again_keeps_the_commune(survey: Survey) -> None:
    done = _walk(survey)
    assert answered(done, "P04", done.answers["P04"]).answers == done.answers


# --- skipping


def test_every_question_may_be_skipped_and_only_optional_other_items(survey: Survey) -> None:
    required = {CONSENT, FORM, "P01", "P02", "P04", "P05", "P07", "P08", "P09", "P11"}
    assert {item.id for item in survey.items if not may_skip(item)} == required


def test_a_skipped_question_is_answered(survey: Survey) -> None:
    skipped = _walk(survey, {id_: REFUSED for id_ in [*CN, *NL, *DL]})
    assert is_complete(skipped) and in_force(skipped)["CN01"] == REFUSED


# --- places and what is left


def test_a_question_keeps_its_place_whatever_branching_hides(survey: Survey) -> None:
    for said in ({}, {"CN04": 0, "CN09": 0, "P09": "w1"}):
        response = _walk(survey, said)
        assert numbered(response, survey.by_id["CN06"]) == (6, 24)
        assert numbered(response, survey.by_id["DL05"]) == (24, 24)
        assert numbered(response, survey.by_id["P01"]) == (1, 14)
        assert numbered(response, survey.by_id["K06"]) == (6, 6)


def test_the_short_form_has_its_own_places(survey: Survey) -> None:
    short = _walk(survey, {FORM: CORE})
    assert [numbered(short, survey.by_id[id_]) for id_ in CORE_QUESTIONS] == [(n, 12) for n in range(1, 13)]


@pytest.mark.parametrize("form", [FULL, CORE])
def test_a_number_means_the_question_at_this_place(survey: Survey, form: str) -> None:
    response = _walk(survey, {FORM: form, "CN04": 0})
    for question in survey.core_questions if form == CORE else survey.questions:
        assert question_number(response, numbered(response, question)[0]) == question
    most = 12 if form == CORE else 24
    assert question_number(response, 0) is question_number(response, most + 1) is question_number(response, -1) is None


def test_what_is_left_shrinks_with_every_answer(survey: Survey) -> None:
    response, counts = Response(survey, {}), []
    while (item := next_item(response)) is not None:
        counts.append(left(response))
        response = answered(response, item.id, 0 if item.section == "question" else _usual(item))
    assert left(response) == 0
    assert counts == sorted(counts, reverse=True) and counts[-1] == 1
    assert left(_walk(survey, {"P09": "w1"}, until="K01")) == 6


# --- what is no answer


@pytest.mark.parametrize(
    ("item", "answer", "code"),
    [
        ("CN01", 5, "unknown_option"),
        ("CN01", -1, "unknown_option"),
        ("CN01", "4", "unknown_option"),
        ("CN01", True, "unknown_option"),
        ("CN01", 4.0, "unknown_option"),
        ("CN01", [4], "unknown_option"),
        ("CN01", NA, "unknown_option"),
        ("P08", "thai_nguyen", "unknown_option"),
        ("K05", 0, "unknown_option"),
        ("K05", 6, "unknown_option"),
        ("P13", [], "unknown_option"),
        ("P13", "sapo", "unknown_option"),
        ("P13", ["sapo", "excel"], "unknown_option"),
        ("P01", "", "empty"),
        ("P01", "  ", "empty"),
        ("P01", 3, "empty"),
        ("P05", "", "empty"),
        ("P01", "x" * 81, "too_long"),
        ("K06", "x" * 501, "too_long"),
        ("P01", REFUSED, "required"),
        (CONSENT, REFUSED, "required"),
        ("CN99", 1, "unknown_item"),
    ],
)
def test_what_is_no_answer_is_refused_with_its_reason(survey: Survey, item: str, answer: Any, code: str) -> None:
    response = Response(survey, {})
    with pytest.raises(AnswerInvalid) as refused:
        answered(response, item, answer)
    assert (refused.value.item, refused.value.code) == (item, code)


@pytest.mark.parametrize(
    ("item", "answer"),
    [("CN01", 0), ("CN07", NA), ("CN01", REFUSED), ("P13", ["sapo", "tendoo"]), ("P01", "x" * 80), ("K05", 5)],
)
def test_an_answer_is_kept_as_it_was_given(survey: Survey, item: str, answer: Answer) -> None:
    assert check(survey.by_id[item], answer) == answer
    assert answered(Response(survey, {}), item, answer).answers == {item: answer}


def test_a_response_does_not_change_when_it_is_answered(survey: Survey) -> None:
    response = _walk(survey, until="CN05")
    before = dict(response.answers)
    answered(response, "P04", "other")
    assert response.answers == before


# --- versions


def test_versions_stay_side_by_side_and_ask_the_same_questions(content: Content) -> None:
    old, new = content.surveys.version("1.0.0"), content.surveys.latest
    assert old.version == "1.0.0" and new.version == max(content.surveys.versions)
    assert [item.id for item in old.items] == [item.id for item in new.items]
    with pytest.raises(UnknownVersion):
        content.surveys.version("0.9.0")


def test_the_shown_items_are_those_that_are_asked(survey: Survey) -> None:
    said: dict[str, Answer] = {"CN09": 1, "P09": "w1"}
    assert [item.id for item in shown_items(_walk(survey, said))] == _asked(survey, said)
