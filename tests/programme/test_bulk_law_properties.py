"""Whatever happens in whatever order, what the law lets out keeps to an independent reading of Decree 91/2020/NĐ-CP."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from programme.bulk_law import BulkLaw, Facts, MessageKind, load_bulk_law
from programme.yaml_source import ContentError

LAW = Path(__file__).parents[2] / "content" / "national" / "bulk_law.yaml"
RAW: dict[str, Any] = yaml.safe_load(LAW.read_text(encoding="utf-8"))
DOCUMENTS = {rule["document"]: None for rule in RAW["rules"]}
OURS = load_bulk_law(LAW, DOCUMENTS)
DAY = timedelta(hours=24)
BEGIN = datetime(2026, 10, 23, tzinfo=UTC)  # the clocks of Europe and America change within the days after it

zones = st.sampled_from(["Asia/Ho_Chi_Minh", "UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia"]).map(ZoneInfo)
numbers = st.integers(0, 1)
words = st.sampled_from(["stop", "again", "list", "unlist", "agree", "withdraw"])
# A campaign that comes due, for one number; what a person or a list says; time that passes, or is set back
steps = st.one_of(
    st.tuples(st.just("campaign"), numbers, st.integers(1, 3)),
    st.tuples(words, numbers, st.just(0)),
    st.tuples(st.just("wait"), st.just(0), st.one_of(st.integers(1, 2000), st.integers(-1500, -1))),
)


@dataclass
class _World:
    """What is true of two numbers, what waits, and in the order in which it happened what was said and sent."""

    now: datetime = BEGIN
    silent: set[int] = field(default_factory=set)
    listed: set[int] = field(default_factory=set)
    agreed: set[int] = field(default_factory=lambda: {0, 1})
    waiting: list[int] = field(default_factory=list)
    history: list[tuple[str, int, datetime]] = field(default_factory=list)

    def says(self, word: str, number: int) -> None:
        self.history.append((word, number, self.now))
        if word == "stop":
            self.silent.add(number)
            self.agreed.discard(number)
        elif word == "again":
            self.silent.discard(number)
        elif word in ("list", "unlist"):
            (self.listed.add if word == "list" else self.listed.discard)(number)
        else:
            (self.agreed.add if word == "agree" else self.agreed.discard)(number)

    def send(self, law: BulkLaw, zone: ZoneInfo) -> None:
        still = []
        for number in self.waiting:
            facts = Facts(
                MessageKind.ADVERTISING,
                "sms",
                opted_out=number in self.silent,
                on_do_not_call=number in self.listed,
                has_consent=number in self.agreed,
                tried=[at for what, who, at in self.history if what == "sent" and who == number],
            )
            verdict = law.judge(facts, self.now, zone)
            if verdict.decision == "send":
                self.history.append(("sent", number, self.now))
            elif verdict.decision == "later":
                assert verdict.until is not None and verdict.until > self.now
                assert law.judge(facts, verdict.until, zone).decision == "send"
                still.append(number)
        self.waiting = still


def _wrong(history: list[tuple[str, int, datetime]], zone: ZoneInfo) -> list[str]:
    """The decree, read again from what happened: of each message sent, looking only back."""
    found = []
    for index, (what, number, at) in enumerate(history):
        if what != "sent":
            continue
        before = [word for word, who, _ in history[:index] if who == number]

        def last(*of: str, said: list[str] = before) -> str | None:
            return next((word for word in reversed(said) if word in of), None)

        if not 7 <= at.astimezone(zone).hour < 22:
            found.append("hours")
        if last("stop", "again") == "stop":
            found.append("sent after an opt-out")
        if last("list", "unlist") == "list":
            found.append("on the list")
        if last("agree", "withdraw", "stop") in ("withdraw", "stop"):
            found.append("no consent")
    for number in (0, 1):
        sent = sorted(at for what, who, at in history if what == "sent" and who == number)
        if any(later - earlier < DAY for earlier, later in zip(sent, sent[3:], strict=False)):
            found.append("more than three within 24 hours")
    return found


@settings(max_examples=100, deadline=None)
@given(zones, st.lists(steps, max_size=40))
def test_what_is_sent_keeps_to_the_decree(zone: ZoneInfo, happens: list[tuple[str, int, int]]) -> None:
    world = _World()
    for what, number, amount in happens:
        if what == "campaign":
            world.waiting += [number] * amount
        elif what == "wait":
            world.now += timedelta(minutes=amount)
        else:
            world.says(what, number)
        world.send(OURS, zone)
    assert _wrong(world.history, zone) == []


@given(zones, st.integers(0, 30 * 24 * 60), st.integers(0, 2))
def test_nothing_holds_back_what_the_decree_allows(zone: ZoneInfo, minutes: int, sent: int) -> None:
    now = BEGIN + timedelta(minutes=minutes)
    facts = Facts(MessageKind.ADVERTISING, "sms", has_consent=True, tried=[now - timedelta(hours=1)] * sent)
    decision = OURS.judge(facts, now, zone).decision
    assert decision == ("send" if 7 <= now.astimezone(zone).hour < 22 else "later")


def _read(tmp_path: Path, change: Callable[[list[dict[str, Any]]], object]) -> BulkLaw:
    raw = copy.deepcopy(RAW)
    change(raw["rules"])
    path = tmp_path / "bulk_law.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    return load_bulk_law(path, DOCUMENTS)


def _first(rules: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(rule for rule in rules if rule["rule"] == name)


def _replaced(rules: list[dict[str, Any]], day: int) -> None:
    """The cap changes in 2027: the old line ends with December, the new one begins on that day of January."""
    old = _first(rules, "cap")
    rules.append({**old, "valid_from": date(2027, 1, day), "most": 1})
    old["valid_until"] = date(2026, 12, 31)


def test_a_gap_between_the_days_of_a_rule_is_refused(tmp_path: Path) -> None:
    _read(tmp_path, lambda rules: _replaced(rules, 1))
    with pytest.raises(ContentError, match="không có quy định nào"):
        _read(tmp_path, lambda rules: _replaced(rules, 2))


def test_a_rule_that_ends_without_a_word_is_refused(tmp_path: Path) -> None:
    ends = {"valid_until": date(2026, 12, 31)}
    with pytest.raises(ContentError, match="không còn quy định nào"):
        _read(tmp_path, lambda rules: _first(rules, "cap").update(ends))
    _read(tmp_path, lambda rules: _first(rules, "cap").update(ends, repealed=True))


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="không có loại tin"):
        _read(tmp_path, lambda rules: _first(rules, "cap")["kinds"].append("greeting"))


@pytest.mark.parametrize("name", ["opted_out", "do_not_call", "no_consent", "cap", "hours", "label", "opt_out_way"])
def test_no_rule_of_advertising_may_be_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContentError, match=f'thiếu rule "{name}"'):
        _read(tmp_path, lambda rules: rules.remove(_first(rules, name)))
