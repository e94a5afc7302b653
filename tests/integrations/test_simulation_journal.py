"""A simulator that is killed knows afterwards what it had accepted, when its journal is kept in a file."""

from __future__ import annotations

from pathlib import Path

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.journal import ACCEPTED, Journal, Pulse


def journal(path: Path) -> Journal:
    made = Journal(SimulatedClock(), Pulse())
    made.keep_in(path)
    return made


def test_what_was_accepted_is_there_again_and_numbers_go_on(tmp_path: Path) -> None:
    first = journal(tmp_path / "kept.jsonl")
    first.add("request", path="/")
    first.accept("84912345678", "m1", "Xin chào", {"RequestId": "r1"})
    second = journal(tmp_path / "kept.jsonl")
    assert [entry["body"] for entry in second.of(ACCEPTED)] == [{"RequestId": "r1"}]
    assert second.accept("84912345679", "m2", "Xin chào", {})["number"] == 2
    assert len(journal(tmp_path / "kept.jsonl").of(ACCEPTED)) == 2


def test_a_line_that_a_kill_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    journal(path).accept("84912345678", "m1", "Xin chào", {})
    with path.open("ab") as file:
        file.write(b'{"n": 2, "ki')
    assert [entry["message_id"] for entry in journal(path).of(ACCEPTED)] == ["m1"]
    journal(path).accept("84912345679", "m2", "Xin chào", {})
    assert [entry["message_id"] for entry in journal(path).of(ACCEPTED)] == ["m1", "m2"]
