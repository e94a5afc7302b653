"""What an owner has answered, and what is asked next. Pure: every change gives a new response.

`answers` keeps the last word on every item, also on items that branching hides just now: taking an answer back brings
the hidden ones back instead of asking them again. What counts is `in_force`: one pass over the items in their order.
So changing an answer is the same as having answered so from the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from programme.survey.conditions import holds
from programme.survey.definition import CONSENT, CORE, FORM, NA, REFUSED, Answer, Item, Survey

CONSENT_REFUSED = "no"


class AnswerInvalid(ValueError):
    """Not an answer to this item; `code` says why, for programs."""

    def __init__(self, item: str, code: str) -> None:
        super().__init__(f"{item}: {code}")
        self.item, self.code = item, code


@dataclass(frozen=True)
class Response:
    """`cursor`: the item that is being answered again ("quay lại", "sửa câu 3"); None: the first open one is next."""

    survey: Survey
    answers: Mapping[str, Answer]
    cursor: str | None = None

    @property
    def is_short(self) -> bool:
        return self.answers.get(FORM) == CORE

    @cached_property
    def pass_(self) -> Pass:
        """The one pass over the items, made when it is first asked for."""
        return _pass(self)


@dataclass(frozen=True)
class Pass:
    """`shown`: the items that are asked, in order, each with its answer if it has one. `force`: the answers that count,
    by item id. `known`: those that say something, by question id and profile key, as conditions look at them."""

    shown: tuple[tuple[Item, Answer | None], ...]
    force: Mapping[str, Answer]
    known: Mapping[str, Any]


def in_form(response: Response, item: Item) -> bool:
    """Whether the chosen form has this item at all."""
    return item.core or not response.is_short


def in_force(response: Response) -> Mapping[str, Answer]:
    """The answers that count, by item id: of items that are shown, and that are possible beside the ones before."""
    return response.pass_.force


def shown_items(response: Response) -> list[Item]:
    """The items that this response is asked, answered or not, in their order."""
    return [item for item, _ in response.pass_.shown]


def next_item(response: Response) -> Item | None:
    """What is asked next; None when everything is answered, or the consent was refused."""
    first_open: Item | None = None
    for item, answer in response.pass_.shown:
        if item.id == response.cursor:
            return item
        if answer is None and first_open is None:
            first_open = item
    return first_open


def is_complete(response: Response) -> bool:
    """Whether every item that is shown has its answer; a cursor does not matter."""
    return response.answers.get(CONSENT) != CONSENT_REFUSED and next_item(replace(response, cursor=None)) is None


def facts(response: Response) -> Mapping[str, Any]:
    """The answers in force by question id and profile key, as conditions know them; a refused one is missing."""
    return response.pass_.known


def options_of(response: Response, item: Item) -> tuple[int | str, ...]:
    """The values that may be chosen just now: "not applicable" only where nothing before it rules it out."""
    may_be_na = _may_not_apply(item, facts(response))
    return tuple(option.value for option in item.options if option.value != NA or may_be_na)


def may_skip(item: Item) -> bool:
    """Whether the owner may leave it unanswered: questions always (they count as refused), others unless required."""
    return item.section == "question" or not item.required


def answered(response: Response, item_id: str, answer: Answer) -> Response:
    """The response with this answer, and without those that it makes meaningless. Raises AnswerInvalid."""
    item = response.survey.by_id.get(item_id)
    if item is None:
        raise AnswerInvalid(item_id, "unknown_item")
    answers = dict(response.answers)
    if answers.get(item_id) != check(item, answer):
        for key in item.resets:
            answers.pop(response.survey.by_key[key].id, None)
    answers[item_id] = answer
    changed = replace(response, answers=answers, cursor=None)
    # an edit is over when its item is answered, and when this answer hides it
    edited = next((one for one in shown_items(changed) if one.id == response.cursor != item_id), None)
    return at(changed, edited) if edited else changed


def check(item: Item, answer: Answer) -> Answer:
    """`answer` if it can be one to `item`. Raises AnswerInvalid."""
    if answer == REFUSED:
        if not may_skip(item):
            raise AnswerInvalid(item.id, "required")
        return answer
    values = [option.value for option in item.options]
    if item.kind == "multi_choice":
        if not isinstance(answer, list) or not answer or any(one not in values for one in answer):
            raise AnswerInvalid(item.id, "unknown_option")
    elif values:
        # True and 1.0 are no scores, though they equal 1
        if type(answer) not in (int, str) or answer not in values:
            raise AnswerInvalid(item.id, "unknown_option")
    elif not isinstance(answer, str) or not answer.strip():
        raise AnswerInvalid(item.id, "empty")
    elif item.kind == "text" and len(answer) > item.max_length:
        raise AnswerInvalid(item.id, "too_long")
    return answer


def at(response: Response, item: Item) -> Response:
    """The response that asks `item` next, to answer it again; one that is hidden is not asked."""
    return replace(response, cursor=item.id if item in shown_items(response) else None)


def previous_item(response: Response) -> Item | None:
    """The shown item before the one that is asked next: what "quay lại" goes to. None at the beginning.

    The consent is no item to go back to: it is withdrawn, not answered again.
    """
    before: Item | None = None
    upcoming = next_item(response)
    for item in shown_items(response):
        if item == upcoming:
            break
        before = item if item.id != CONSENT else None
    return before


def numbered(response: Response, item: Item) -> tuple[int, int]:
    """The place of `item` in its section of the form, and how many there are: "Câu 6/24".

    Places do not move when branching hides an item before it, so "sửa câu 6" means one question for good.
    """
    section = [one for one in response.survey.items if one.section == item.section and in_form(response, one)]
    return section.index(item) + 1, len(section)


def question_number(response: Response, number: int) -> Item | None:
    """The question at this place, shown or hidden; None when the form has no such number."""
    questions = response.survey.core_questions if response.is_short else response.survey.questions
    return questions[number - 1] if 1 <= number <= len(questions) else None


def left(response: Response) -> int:
    """How many items are still to be answered, as far as it is known now."""
    return sum(answer is None for _, answer in response.pass_.shown)


def _pass(response: Response) -> Pass:
    shown: list[tuple[Item, Answer | None]] = []
    force: dict[str, Answer] = {}
    known: dict[str, Any] = {}
    survey, answers = response.survey, response.answers
    for item in survey.core_items if response.is_short else survey.items:
        if item.shown_if is not None and not holds(item.shown_if, known):
            continue
        answer = answers.get(item.id)
        if answer == NA and not _may_not_apply(item, known):
            answer = None
        shown.append((item, answer))
        if answer is None:
            continue
        force[item.id] = answer
        if answer not in (NA, REFUSED):
            known[item.key] = answer
        if item.id == CONSENT and answer == CONSENT_REFUSED:
            break
    return Pass(tuple(shown), force, known)


def _may_not_apply(item: Item, known: Mapping[str, Any]) -> bool:
    return item.na_hidden_if is None or not holds(item.na_hidden_if, known)
