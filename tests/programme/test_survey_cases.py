"""The golden cases, and what is said about files that cannot be scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from programme.content import Content
from programme.survey.cases import CasesInvalid, read_cases, scored

VECTORS = Path(__file__).parent / "survey_vectors.yaml"
GOLDEN: list[dict[str, Any]] = yaml.safe_load(VECTORS.read_text("utf-8"))["cases"]
CASE = "survey_version: 1.0.0\ncases:\n- name: mot\n  form: full\n  profile: {workers: w1}\n  answers: {CN01: 2}\n"


@pytest.mark.parametrize("golden", GOLDEN, ids=[case["name"] for case in GOLDEN])
def test_a_golden_case_is_scored_as_written_down(content: Content, golden: dict[str, Any]) -> None:
    by_name = {case.name: scored(case) for case in read_cases(VECTORS, content.surveys)}
    result, expect = by_name[golden["name"]], golden["expect"]
    assert [result[key] for key in ("status", "pillars", "total", "level")] == [
        expect[key] for key in ("status", "pillars", "total", "level")
    ]
    assert result["advice"] == expect["recommendations"]
    assert list(result) == ["name", "status", "counted", "pillars", "total", "level", "advice"]
    answered = [answer for answer in golden["answers"].values() if isinstance(answer, int)]
    assert result["counted"] == len(answered)


def test_both_versions_score_alike(content: Content, tmp_path: Path) -> None:
    newer = tmp_path / "newer.yaml"
    newer.write_text(VECTORS.read_text("utf-8").replace("survey_version: 1.0.0", "survey_version: 1.1.0"), "utf-8")
    one, other = (read_cases(path, content.surveys) for path in (VECTORS, newer))
    assert [scored(case) for case in one] == [scored(case) for case in other]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("1.0.0", "9.9.9"), ["9.9.9", "1.0.0"]),
        (("survey_version: 1.0.0\n", ""), ["survey_version"]),
        (("CN01: 2", "CN99: 2"), ['ca số 1 "mot"', "CN99", "CN01"]),
        (("CN01: 2", "K04: done"), ["answers", "K04"]),
        (("CN01: 2", "CN01: 7"), ["mot", "CN01", '"7"', "0, 1, 2, 3, 4, REFUSED"]),
        (("CN01: 2", "CN01: true"), ["CN01", "True"]),
        (("CN01: 2", "CN01: 2.0"), ["CN01", "2.0"]),
        (("CN01: 2", "CN01: '2'"), ["CN01"]),
        (("CN01: 2", "CN01: [2]"), ["CN01"]),
        (("CN01: 2", "CN01: NA"), ["CN01", '"NA"']),
        (("CN01: 2", "CN01: 2, CN01: 3"), ["CN01", "hai lần", "dòng 6"]),
        (("workers: w1", "P09: w1"), ['"mot", profile', "P09", "workers"]),
        (("workers: w1", "workers: w7"), ["workers", "w7", "w2_3"]),
        (("workers: w1", "current_software: sapo"), ["current_software", "danh sách"]),
        (("workers: w1", "workers: REFUSED"), ["workers", "bắt buộc"]),
        (("workers: w1", f"comment: {'a' * 501}"), ["comment", "500"]),
        (("form: full", "form: x"), ['form "x"', "mot"]),
        (("  form: full\n", ""), ["form"]),
        (("name: mot", "nam: mot"), ["ca số 1", "name"]),
        (("profile: {workers: w1}", "profile:"), ["thiếu mục profile"]),
        (("  answers: {CN01: 2}\n", ""), ["thiếu mục answers"]),
        (("cases:\n- name", "cases:\n  name"), ["danh sách cases"]),
        (("cases:", "case:"), ["danh sách cases"]),
        (("{CN01: 2}", "{CN01: 2"), ["YAML"]),
        ((CASE, "ba"), ["survey_version"]),
        ((CASE, ""), ["rỗng"]),
        ((CASE, "[" * 5000), [""]),
        ((CASE, "a: &a [*a]"), ["survey_version"]),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(
    content: Content, tmp_path: Path, change: tuple[str, str], words: list[str]
) -> None:
    assert change[0] in CASE
    path = tmp_path / "cases.yaml"
    path.write_text(CASE.replace(*change), "utf-8")
    with pytest.raises(CasesInvalid) as caught:
        read_cases(path, content.surveys)
    for word in ("cases.yaml", "Cách sửa:", *words):
        assert word in str(caught.value)


def test_a_file_that_is_not_there_is_named(content: Content, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(CasesInvalid, match=path.name):
            read_cases(path, content.surveys)


def test_a_list_and_a_refusal_are_answers_to_what_may_have_them(content: Content, tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    profile = "{current_software: [sapo, other], revenue_band: REFUSED, satisfaction: 5, shop_name: Quán Lan}"
    path.write_text(CASE.replace("{workers: w1}", profile), "utf-8")
    (case,) = read_cases(path, content.surveys)
    assert case.response.answers["P13"] == ["sapo", "other"]
    assert scored(case)["status"] == "insufficient"
