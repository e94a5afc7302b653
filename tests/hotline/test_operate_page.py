"""docs/operate.md speaks of what there is: alarms, settings, metrics."""

from __future__ import annotations

import re
from pathlib import Path

from bot.metrics import REGISTRY
from scheduler.conditions import CONDITIONS
from store.settings import explain, load_settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operate.md").read_text()


def test_every_alarm_has_its_row_and_no_other_is_named() -> None:
    table = PAGE.partition("| name |")[2].partition("\n\n")[0]
    first_cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    named = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(condition.name for condition in CONDITIONS)


def test_every_setting_that_is_named_is_read() -> None:
    known = {name for name, _, _ in explain(load_settings(_env_file=None))}
    named = set(re.findall(r"\b(?:HOTLINE|ZALO|TELEGRAM)_[A-Z_]+\b", PAGE))
    assert named and named <= known


def test_every_metric_that_is_named_is_shown() -> None:
    shown = {metric.name for metric in REGISTRY.collect()}
    named = {name.removesuffix("_total") for name in re.findall(r"`(hotline_\w+)`", PAGE)}
    assert named and named <= shown
