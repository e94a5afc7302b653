"""Answered questionnaires written down in a YAML file (`hotline survey score FILE`): read, checked, scored. Pure.

`{survey_version, cases: [{name, form, profile, answers}]}`; further keys (a golden file's `expect`) are let through.
The whole file is checked before anything of it is scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from programme.survey.advice import advice
from programme.survey.definition import CONSENT, CORE, FORM, FULL, REFUSED, Answer, Item, Survey, Surveys
from programme.survey.response import AnswerInvalid, Response, check
from programme.survey.scoring import score
from programme.yaml_source import ContentError, read_yaml

_SHOWN_CHARACTERS = 40


class CasesInvalid(Exception):
    """The file cannot be scored; the text (Vietnamese) names file, case and item and says what to do."""


@dataclass(frozen=True)
class Case:
    name: str
    response: Response


def read_cases(path: Path, surveys: Surveys) -> list[Case]:
    """Every case of the file, in order. Raises CasesInvalid for the first thing that is wrong."""
    try:
        source = read_yaml(path)
    except ContentError as error:
        raise CasesInvalid(str(error)) from None
    except OSError as error:
        raise CasesInvalid(
            f"{path}: không đọc được tệp ({error.strerror}). Cách sửa: kiểm tra lại đường dẫn."
        ) from None
    except RecursionError:
        raise CasesInvalid(f"{path}: các mục lồng nhau quá sâu. Cách sửa: viết lại theo mẫu.") from None
    return _File(path, surveys).cases(source.data)


def scored(case: Case) -> dict[str, Any]:
    """The case's result as it is printed; numbers have one decimal."""
    result = score(case.response)
    return {
        "name": case.name,
        "status": result.status,
        "counted": result.counted,
        "pillars": {id_: _number(result.pillar(id_)) for id_ in result.pillars},
        "total": _number(result.total),
        "level": result.level,
        "advice": [rule.id for rule in advice(case.response, result)],
    }


def _number(exact: Any) -> float | None:
    return None if exact is None else float(exact)


@dataclass(frozen=True)
class _File:
    path: Path
    surveys: Surveys

    def cases(self, data: object) -> list[Case]:
        if not isinstance(data, dict):
            raise self._wrong("", "phải gồm hai mục survey_version và cases", "viết lại theo mẫu")
        survey = self._survey(data.get("survey_version"))
        rows = data.get("cases")
        if not isinstance(rows, list) or not rows:
            raise self._wrong("", "thiếu danh sách cases", 'thêm mục "cases:", mỗi ca bắt đầu bằng "- name: …"')
        return [self._case(survey, number, row) for number, row in enumerate(rows, 1)]

    def _survey(self, version: object) -> Survey:
        if not isinstance(version, str) or version not in self.surveys.versions:
            known = ", ".join(self.surveys.versions)
            shown = "thiếu survey_version" if version is None else f'không có bản khảo sát "{_shown(version)}"'
            raise self._wrong("", shown, f"ghi survey_version là một trong: {known}")
        return self.surveys.version(version)

    def _case(self, survey: Survey, number: int, row: object) -> Case:
        name = row.get("name") if isinstance(row, dict) else None
        place = f"ca số {number}" + (f' "{_shown(name)}"' if isinstance(name, str) else "")
        if not isinstance(row, dict) or not isinstance(name, str) or not name.strip():
            raise self._wrong(place, "thiếu name", "ghi mỗi ca với name, form, profile, answers")
        form = row.get("form")
        if form not in (FULL, CORE):
            raise self._wrong(place, f'form "{_shown(form)}" không có', f"ghi form: {FULL} hoặc form: {CORE}")
        answers: dict[str, Answer] = {CONSENT: "yes_only", FORM: str(form)}
        asked = {item.key: item for item in survey.items if item.section in ("profile", "closing")}
        questions = {item.id: item for item in survey.questions}
        for part, items in (("profile", asked), ("answers", questions)):
            given = row.get(part)
            if not isinstance(given, dict):
                raise self._wrong(place, f"thiếu mục {part}", f'ghi mục "{part}:" (không có gì thì ghi {{}})')
            answers |= self._answers(place, part, items, given)
        return Case(name, Response(survey, answers))

    def _answers(
        self, place: str, part: str, items: Mapping[str, Item], given: Mapping[object, object]
    ) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        for key, value in given.items():
            item = items.get(key) if isinstance(key, str) else None
            if item is None:
                known = ", ".join(items)
                raise self._wrong(f"{place}, {part}", f'không có mục "{_shown(key)}"', f"dùng một trong: {known}")
            answer = _answer(value)
            try:
                if answer is None:
                    raise AnswerInvalid(item.id, "unknown_option")
                answers[item.id] = check(item, answer)
            except AnswerInvalid as invalid:
                problem = f'không nhận giá trị "{_shown(value)}"'
                raise self._wrong(f"{place}, {key}", problem, _remedy(item, invalid.code)) from None
        return answers

    def _wrong(self, place: str, problem: str, remedy: str) -> CasesInvalid:
        return CasesInvalid(f"{self.path}{', ' if place else ''}{place}: {problem}. Cách sửa: {remedy}.")


def _answer(value: object) -> Answer | None:
    """`value` if it has the type of an answer: 2.0 is no score, though it equals one."""
    if isinstance(value, int | str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    return None


def _remedy(item: Item, code: str) -> str:
    if code == "required":
        return "câu này bắt buộc, ghi một câu trả lời"
    if code == "too_long":
        return f"viết không quá {item.max_length} ký tự"
    if not item.options:
        return "viết bằng chữ, trong dấu nháy"
    values: Sequence[object] = [option.value for option in item.options]
    if item.section == "question" or not item.required:
        values = [*values, REFUSED]
    listed = ", ".join(map(str, values))
    return f"chọn {'danh sách gồm các giá trị' if item.kind == 'multi_choice' else 'một trong'}: {listed}"


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "…"  # an alias may unfold it into gigabytes
    text = str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
