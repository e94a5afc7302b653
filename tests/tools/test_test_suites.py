"""Which suites `make test ARGS="…"` runs, and when it counts as passed."""

from __future__ import annotations

import pytest

from tools.test_suites import MOST_WORKERS, NO_TESTS_SELECTED, RASA_CONFIGURATION, plan, verdict

FILES = {"tests", "tests/store", "tests/store/test_clock.py", "tests/nlu", "tests/nlu/test_service.py"}


def planned(*arguments: str, cores: int = 1) -> dict[str, tuple[str, ...]]:
    return {suite.name: suite.arguments for suite in plan(arguments, FILES.__contains__, cores)}


def test_without_arguments_each_suite_runs_its_own_tests() -> None:
    assert planned() == {"app": ("tests", "--ignore=tests/nlu"), "Rasa": (*RASA_CONFIGURATION, "tests/nlu")}


@pytest.mark.parametrize(("cores", "workers"), [(2, 2), (MOST_WORKERS, MOST_WORKERS), (64, MOST_WORKERS)])
def test_the_whole_app_suite_shares_the_cores(cores: int, workers: int) -> None:
    suites = planned(cores=cores)
    assert suites["app"] == ("tests", "--ignore=tests/nlu", "-n", str(workers), "--dist", "loadfile")
    assert suites["Rasa"] == (*RASA_CONFIGURATION, "tests/nlu")


def test_whoever_asks_for_something_gets_it_in_one_process() -> None:
    for arguments in (["-x"], ["--pdb"], ["tests"], ["tests/store"], ["-k", "commune"]):
        assert "-n" not in planned(*arguments, cores=8)["app"]


def test_options_go_to_both_suites() -> None:
    suites = planned("-k", "commune and not slow", "-x")
    assert suites["app"][-3:] == suites["Rasa"][-3:] == ("-k", "commune and not slow", "-x")


def test_a_named_file_runs_in_the_environment_it_belongs_to_alone() -> None:
    assert list(planned("tests/store/test_clock.py::test_a")) == ["app"]
    assert planned("-v", "tests/nlu/test_service.py") == {
        "Rasa": (*RASA_CONFIGURATION, "tests/nlu/test_service.py", "-v")
    }
    assert set(planned("tests/store", "tests/nlu")) == set(planned("tests")) == {"app", "Rasa"}


def test_a_word_that_is_no_file_is_left_to_pytest() -> None:
    assert planned("-k", "tests/nothing")["Rasa"] == (*RASA_CONFIGURATION, "tests/nlu", "-k", "tests/nothing")


@pytest.mark.parametrize(
    ("statuses", "selective", "expected"),
    [
        ([0, 0], False, 0),
        ([1, 0], False, 1),
        ([0, 3], False, 3),
        ([0, NO_TESTS_SELECTED], False, NO_TESTS_SELECTED),
        ([0, NO_TESTS_SELECTED], True, 0),
        ([1, NO_TESTS_SELECTED], True, 1),
        ([NO_TESTS_SELECTED, NO_TESTS_SELECTED], True, NO_TESTS_SELECTED),
    ],
)
def test_it_passes_only_when_every_suite_that_had_to_run_passed(
    statuses: list[int], selective: bool, expected: int
) -> None:
    assert verdict(statuses, selective) == expected
