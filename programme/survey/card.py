"""A survey's result in plain words, ready to be shown: the picture and the sheet know nothing of scoring."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """One pillar. `points` as written for people ("40,2"); `share` is the bar's length, 0 to 1."""

    name: str
    points: str
    share: float


@dataclass(frozen=True)
class Card:
    """`total` and `points` are written as the reader's language writes numbers; `total` is "" when there is none.

    `level` indexes `levels`, the names from the lowest to the highest, and is None when the answers do not suffice;
    `level_name` is then the sentence that says so. `advice` goes with `bars`, one by one. `compared` is one sentence on
    the change since last time, "" when there is none. `note` says that this is not the ministry's survey, its link as
    plain text. `shop` and `place` are shown on the sheet only, never in the picture.
    """

    title: str
    shop: str
    place: str
    day: str
    total: str
    total_label: str
    level: int | None
    level_name: str
    levels: tuple[str, ...]
    bars: tuple[Bar, ...]
    advice: tuple[str, ...]
    steps_title: str
    steps: tuple[str, ...]
    compared: str
    note: str
