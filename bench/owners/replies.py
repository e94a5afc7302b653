"""Whether replies are what the model says must follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.owners.meaning import button_payload
from bench.owners.reference import Expected
from programme.survey.definition import CORE, FORM, FULL, Item, Survey
from programme.survey.response import Response, in_force, numbered, options_of
from programme.survey.scoring import score
from programme.survey_result import number_words


class Questions:
    """Finds the questions that a reply asks: by their whole line, progress words and all."""

    def __init__(self, survey: Survey) -> None:
        self._lines = {form: self._of_form(Response(survey, {FORM: form})) for form in (CORE, FULL)}

    @staticmethod
    def _of_form(response: Response) -> dict[str, str]:
        names = {"question": "progress", "profile": "progress_profile", "closing": "progress_closing"}
        lines = {}
        for item in response.survey.items:
            if item.core or not response.is_short:
                words = response.survey.ui.get(names.get(item.section, ""))
                place, count = numbered(response, item)
                lines[f"{words.vi.format(i=place, n=count)}. {item.text.vi}" if words else item.text.vi] = item.id
        return lines

    def lines(self, response: Response) -> Mapping[str, str]:
        """What each item of the response's form is asked with, to its id."""
        return self._lines[CORE if response.is_short else FULL]

    def asked(self, response: Response, text: str) -> list[str]:
        """The items that `text` asks of who fills in the form of `response`."""
        lines = self.lines(response)
        return [lines[line] for line in text.splitlines() if line in lines]

    def asked_in_any_form(self, text: str) -> list[str]:
        return [id_ for lines in self._lines.values() for line, id_ in lines.items() if line in text.splitlines()]


Replies = Sequence[Mapping[str, Any]]


def faults(questions: Questions, expected: Expected, replies: Replies) -> list[str]:
    """What is wrong with the replies to one message, beginning with "asked twice" or "skipped" where it is that."""
    said = [reply for reply in replies if reply.get("entry") != "notice"]
    if not said:
        return ["no reply"]
    text = "\n".join(str(reply["text"]) for reply in said)
    found = _faults_of_question(questions, expected, text)
    payloads = [button["payload"] for button in said[-1].get("buttons", ())]
    match expected.asks:
        case "question" if expected.item:
            found += _faults_of_options(expected, expected.item, payloads, text)
        case "choices" if expected.item:
            wanted = [button_payload(expected.item.id, value) for value in expected.values]
            if [one for one in payloads if one.startswith("/answer_survey")] != wanted:
                found.append(f"offers {payloads} instead of {wanted}")
        case "resume" | "again":
            wanted_ = "/resume_survey" if expected.asks == "resume" else "/show_survey_result"
            if wanted_ not in payloads:
                found.append(f"does not offer {wanted_}")
    is_result = any(reply.get("entry") == "survey_result" for reply in said)
    if is_result != (expected.asks == "result"):
        found.append("says a result too early" if is_result else "says no result")
    elif is_result and _points(expected.response) not in text:
        found.append(f"does not say “{_points(expected.response)}”")
    if ("em ghi lại " in text) != bool(
        expected.changed
    ) or f"em ghi lại {expected.changed}" not in text + "em ghi lại ":
        found.append(f"announces another change than that of “{expected.changed}”")
    if expected.says not in text:
        found.append(f"does not say “{expected.says}”")
    if expected.is_answered and not said[0].get("sources"):
        found.append("does not answer the side question")
    return found


def _faults_of_question(questions: Questions, expected: Expected, text: str) -> list[str]:
    asked = questions.asked(expected.response, text)
    wanted = [expected.item.id] if expected.item and expected.asks == "question" else []
    if asked == wanted:
        return []
    if not asked and questions.asked_in_any_form(text):
        return [f"asks with wrong numbers, not {wanted}"]
    order = [item.id for item in expected.response.survey.items]
    for id_ in asked:
        if id_ not in wanted and id_ in in_force(expected.response):
            return [f"asked twice: {id_}, not {wanted}"]
        if wanted and order.index(id_) > order.index(wanted[0]):
            return [f"skipped: {wanted[0]}, asks {id_}"]
    return [f"asks {asked or 'nothing'}, not {wanted or 'nothing'}"]


def _faults_of_options(expected: Expected, item: Item, payloads: Sequence[str], text: str) -> list[str]:
    found = []
    offered = [one for one in payloads if one.startswith("/answer_survey")]
    wanted = [button_payload(item.id, value) for value in options_of(expected.response, item)]
    if offered != wanted:
        found.append(f"offers {offered} instead of {wanted}")
    is_edit = expected.response.cursor == item.id and item.id in expected.response.answers
    if ("\n(Đang ghi: " in text) != is_edit:
        found.append("shows no former answer" if is_edit else "shows a former answer")
    return found


def _points(response: Response) -> str:
    total = score(response).total
    return "chưa đủ dữ liệu" if total is None else f"{number_words(total, 'vi')} điểm trên 100, mức "
