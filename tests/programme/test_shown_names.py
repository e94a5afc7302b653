"""Names that pages and files share are one and the same, and a part of a figure is called by what it counts there."""

from __future__ import annotations

import pytest

from console.words import load_words
from programme.kpi_table import part_name
from programme.lead_states import LeadState
from programme.shown_names import CHANNELS, LEAD_STATES


def test_every_state_of_a_lead_has_a_name() -> None:
    assert set(LEAD_STATES) == set(LeadState)


@pytest.mark.parametrize(("language", "at"), [("vi", 0), ("en", 1)])
def test_pages_and_files_say_the_same(language: str, at: int) -> None:
    words = load_words()
    for channel, names in CHANNELS.items():
        assert words.say(f"channel.{channel}", language) == names[at] == part_name("reached", channel, language)
    for state, names in LEAD_STATES.items():
        assert words.say(f"leads.state_{state}", language) == names[at] == part_name("leads", state, language)


@pytest.mark.parametrize(
    ("figure", "language", "name"),
    [
        ("reached", "vi", "Doanh nghiệp liên hệ"),
        ("reached", "en", "Contacted by a firm"),
        ("in_use", "vi", "Doanh nghiệp báo"),
        ("in_use", "en", "Reported by a firm"),
    ],
)
def test_what_a_firm_did_is_called_by_what_is_counted(figure: str, language: str, name: str) -> None:
    assert part_name(figure, "firm", language) == name


def test_what_nobody_has_named_is_shown_as_it_is() -> None:
    assert part_name("reached", "pigeon") == "pigeon"
