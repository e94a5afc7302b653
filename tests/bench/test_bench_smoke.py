"""What the benchmark makes of its samples: percentiles, ratios, verdicts, table and JSON. Nothing is started."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bench.catalogue import Sheet
from bench.figures import NOT_MEASURED, Figure, Target, Times, percentile, readable, table
from bench.sizes import needed_packages


def times(*ms: float) -> Times:
    return Times(ms)


@pytest.mark.parametrize(("share", "expected"), [(0.50, 50), (0.95, 95), (0.951, 96), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_sample_that_so_many_samples_do_not_exceed(share: float, expected: float) -> None:
    samples = [float(n) for n in range(100, 0, -1)]

    assert percentile(samples, share) == expected


def test_the_95th_percentile_of_few_samples_is_the_worst_one() -> None:
    assert percentile([3.0, 900.0, 5.0], 0.95) == 900.0


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 0.5)


def test_turns_one_after_the_other_fit_into_a_second_by_their_mean() -> None:
    assert times(5.0, 15.0, 10.0, 10.0).per_second == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("how", "measured", "met"),
    [
        ("<=", 20.0, True),
        ("<=", 20.01, False),
        ("<", 1.2, False),
        ("<", 1.19, True),
        (">=", 4.0, True),
        (">=", 3.9, False),
    ],
)
def test_a_target_is_met_up_to_its_limit(how: str, measured: float, met: bool) -> None:
    limit = {"<=": 20.0, "<": 1.2, ">=": 4.0}[how]

    assert Figure("x", "x", measured, "", Target(how, limit)).met is met


def test_a_figure_that_could_not_be_measured_is_not_met_and_says_so() -> None:
    figure = Figure("x", "x", None, "ms", Target("<=", 20))

    assert figure.met is False
    assert figure.as_json()["value"] == NOT_MEASURED
    assert NOT_MEASURED in table([figure])


def test_a_figure_without_a_target_is_neither_met_nor_missed() -> None:
    assert Figure("x", "x", 3.0, "ms").met is None


def test_a_smoke_run_decides_nothing() -> None:
    sheet = Sheet(decides=False)
    sheet.put(sheet["button_turn_10"].timed(times(500.0)))

    assert {figure.met for figure in sheet.figures} == {None}


def test_where_less_is_better_the_ratio_says_how_many_times_longer_the_peer_took() -> None:
    figure = Figure("x", "x", None, "ms", compared=True).timed(times(2.0)).with_peer(12.0)

    assert figure.ratio == pytest.approx(6.0)


def test_where_more_is_better_the_ratio_says_how_many_times_as_much_we_did() -> None:
    sheet = Sheet()
    figure = sheet["survey_turns_10"].paced(times(10.0)).with_peer(25.0, times(40.0))

    assert figure.value == pytest.approx(100.0)
    assert figure.ratio == pytest.approx(4.0)
    assert figure.met is True


def test_a_ratio_without_its_peer_is_not_met() -> None:
    sheet = Sheet()
    alone = sheet["survey_turns_300"].paced(times(1.0))

    assert alone.ratio is None
    assert alone.met is False
    assert alone.as_json()["peer"]["value"] == NOT_MEASURED


def test_our_number_and_the_peers_may_come_in_any_order() -> None:
    sheet = Sheet()
    sheet.put(sheet["memory"].with_peer(600.0))
    sheet.put(sheet["memory"].counted(300.0))

    assert sheet["memory"].ratio == pytest.approx(2.0)


def test_only_figures_of_the_catalogue_are_kept() -> None:
    with pytest.raises(KeyError):
        Sheet().put(Figure("something_else", "x", 1.0, "ms"))


def test_a_duration_is_judged_by_its_95th_percentile_and_shown_with_its_median() -> None:
    sheet = Sheet()
    slow_tail = sheet["question_turn"].timed(times(*[10.0] * 90, *[31.0] * 10))

    assert (slow_tail.value, slow_tail.p50, slow_tail.p95, slow_tail.n) == (31.0, 10.0, 31.0, 100)
    assert slow_tail.met is False


def test_every_figure_is_written_with_all_that_a_reader_of_the_file_needs() -> None:
    written = json.loads(json.dumps([figure.as_json() for figure in Sheet().figures]))

    assert len({figure["id"] for figure in written}) == len(written)
    for figure in written:
        assert {"id", "what", "value", "unit", "target", "met", "peer", "ratio"} <= figure.keys()
        assert figure["met"] is False  # nothing is measured yet


def test_the_table_has_a_line_per_figure_and_says_what_was_missed() -> None:
    sheet = Sheet()
    good = sheet["button_turn_10"].timed(times(12.0))
    bad = replace(sheet["memory"].counted(612.4), note="measured late")
    lines = table([good, bad], ["two cores"]).splitlines()

    assert "yes" in lines[2] and "12" in lines[2]
    assert "NO" in lines[3] and "612" in lines[3] and NOT_MEASURED in lines[3]
    assert "* memory: measured late" in lines
    assert lines[-1] == "* two cores"


@pytest.mark.parametrize(
    ("number", "shown"), [(None, "-"), (0.0123, "0.0123"), (5.678, "5.68"), (99.96, "100"), (1234.5, "1,234")]
)
def test_numbers_are_shown_with_the_digits_that_matter(number: float | None, shown: str) -> None:
    assert readable(number) == shown


def test_development_packages_are_those_that_nothing_at_run_time_needs() -> None:
    lock = {
        "package": [
            {
                "name": "ours",
                "dependencies": [{"name": "web", "extra": ["fast"]}, {"name": "shared"}],
                "dev-dependencies": {"dev": [{"name": "tester"}]},
                "optional-dependencies": {"full": [{"name": "huge"}]},
            },
            {"name": "web", "optional-dependencies": {"fast": [{"name": "loop"}], "slow": [{"name": "crawl"}]}},
            {"name": "loop"},
            {"name": "shared", "dependencies": [{"name": "web"}]},
            {"name": "tester", "dependencies": [{"name": "shared"}, {"name": "plugin"}]},
        ]
    }

    assert needed_packages(lock, "ours") == {"ours", "web", "loop", "shared"}
