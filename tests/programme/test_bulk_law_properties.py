"""Whatever happens in whatever order, what the law lets out keeps to an independent reading of Decree 91/2020/NĐ-CP."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
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

KINDS = (MessageKind.ADVERTISING, MessageKind.ADVERTISING, MessageKind.REGISTRATION, MessageKind.CUSTOMER_CARE)
LABELS = {MessageKind.ADVERTISING: "[QC]", MessageKind.REGISTRATION: "[DKQC]"}
# Local hours from which and before which, read from the decree, and our own quiet hours for what it leaves open
HOURS = {MessageKind.ADVERTISING: (7, 22), MessageKind.REGISTRATION: (7, 22), MessageKind.CUSTOMER_CARE: (8, 20)}

zones = st.sampled_from(["Asia/Ho_Chi_Minh", "UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia"]).map(ZoneInfo)
numbers = st.integers(0, 1)
words = st.sampled_from(["stop", "again", "list", "unlist", "agree", "agree", "withdraw", "erase", "keep"])
LAWFUL = "{label} Mời. Từ chối: {{{{ stop }}}}"
texts = st.sampled_from([LAWFUL] * 6 + ["Mời. Từ chối: {{{{ stop }}}}", "{label} Mời."])
campaigns = st.tuples(st.sampled_from(KINDS), texts, st.integers(1, 4))
# A campaign that comes due, for one number; what a person or a list says; time that passes, or is set back
steps = st.one_of(
    *[st.tuples(st.just("campaign"), numbers, campaigns)] * 3,
    st.tuples(words, numbers, st.none()),
    st.tuples(st.just("wait"), st.just(0), st.one_of(st.integers(1, 2000), st.integers(-1500, -1))),
    st.tuples(st.just("wait"), st.just(0), st.sampled_from([1380, 1410, 1439, 1440])),  # about a day
    st.tuples(st.just("clock"), st.just(0), st.sampled_from(["06:30", "07:00", "07:59", "08:00", "19:59", "20:00"])),
    st.tuples(st.just("clock"), st.just(0), st.sampled_from(["21:59", "22:00"])),
)


@dataclass
class _World:
    """What is true of two numbers, what waits, and in the order in which it happened what was said and sent."""

    now: datetime = BEGIN
    silent: set[int] = field(default_factory=set)
    listed: set[int] = field(default_factory=set)
    erasing: set[int] = field(default_factory=set)
    agreed: set[int] = field(default_factory=lambda: {0, 1})
    waiting: list[tuple[int, MessageKind, str]] = field(default_factory=list)
    history: list[tuple[Any, int, datetime]] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)

    def wait_for(self, clock: str, zone: ZoneInfo) -> None:
        """Until clocks show so much there, today or tomorrow."""
        local = self.now.astimezone(zone)
        at = datetime.combine(local.date(), time.fromisoformat(clock), zone)
        self.now = (at if at > local else at + timedelta(days=1)).astimezone(UTC)

    def says(self, word: str, number: int) -> None:
        self.history.append((word, number, self.now))
        adds, takes = {
            "stop": (self.silent, self.agreed),
            "again": (set(), self.silent),
            "list": (self.listed, set()),
            "unlist": (set(), self.listed),
            "agree": (self.agreed, set()),
            "withdraw": (set(), self.agreed),
            "erase": (self.erasing, set()),
            "keep": (set(), self.erasing),
        }[word]
        adds.add(number)
        takes.discard(number)

    def send(self, law: BulkLaw, zone: ZoneInfo) -> None:
        still = []
        for number, kind, text in self.waiting:
            facts = self._facts(number, kind, text)
            verdict = law.judge(facts, self.now, zone)
            self.verdicts[verdict.rule or verdict.decision] += 1
            if verdict.decision == "send":
                self.history.append(((kind, text), number, self.now))
                assert verdict.last is not None and verdict.last >= self.now
                assert law.judge(self._facts(number, kind, text, []), verdict.last, zone).decision != "later"
                after = verdict.last + timedelta(microseconds=1)
                assert after.astimezone(zone).hour in (HOURS[kind][1], 0)
            elif verdict.decision == "later":
                assert verdict.until is not None and verdict.until > self.now
                assert law.judge(facts, verdict.until, zone).decision == "send"
                still.append((number, kind, text))
        self.waiting = still

    def _facts(self, number: int, kind: MessageKind, text: str, tried: list[datetime] | None = None) -> Facts:
        sent = [(what[0], at) for what, who, at in self.history if who == number and isinstance(what, tuple)]
        counted = [at for what, at in sent if what in OURS.counted_with(kind)]
        return Facts(
            kind,
            "sms",
            opted_out=number in self.silent,
            on_do_not_call=number in self.listed,
            has_consent=number in self.agreed,
            wants_erasure=number in self.erasing,
            was_registered=MessageKind.REGISTRATION in [what for what, _ in sent],
            tried=counted if tried is None else tried,
            text=text,
        )


def _wrong(history: list[tuple[Any, int, datetime]], zone: ZoneInfo) -> list[str]:
    """The decree, read again from what happened: of each message sent, looking only back."""
    found = []
    for index, (what, number, at) in enumerate(history):
        if isinstance(what, tuple):
            before = [word for word, who, _ in history[:index] if who == number]
            found += _wrong_of(*what, at.astimezone(zone), before)
    for number in (0, 1):
        asked = [at for what, who, at in history if who == number and what[0] in LABELS]
        ordered = sorted(asked)
        if any(later - earlier < DAY for earlier, later in zip(ordered, ordered[3:], strict=False)):
            found.append("more than three within 24 hours")
    return found


def _wrong_of(kind: MessageKind, text: str, local: datetime, before: list[Any]) -> Iterator[str]:
    def last(*of: str) -> str | None:
        return next((word for word in reversed(before) if word in of), None)

    begin, end = HOURS[kind]
    if not begin <= local.hour < end:
        yield "hours"
    if last("stop", "again") == "stop":
        yield "sent after an opt-out"
    if last("erase", "keep") == "erase":
        yield "sent to who is to be forgotten"
    if kind is MessageKind.ADVERTISING and last("agree", "withdraw", "stop") in ("withdraw", "stop"):
        yield "no consent"
    if kind in LABELS:
        if last("list", "unlist") == "list":
            yield "on the list"
        if not text.startswith(LABELS[kind]) or "stop" not in text[-20:]:
            yield "no label, or no way to refuse"
    if kind is MessageKind.REGISTRATION and any(isinstance(one, tuple) and one[0] is kind for one in before):
        yield "asked for permission twice"


def test_what_is_sent_keeps_to_the_decree() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=250, deadline=None)
    @given(zones, st.lists(steps, min_size=15, max_size=40))
    def whatever_happens(zone: ZoneInfo, happens: list[tuple[str, int, Any]]) -> None:
        world = _World()
        for what, number, how in happens:
            if what == "campaign":
                kind, text, times = how
                world.waiting += [(number, kind, text.format(label=LABELS.get(kind, "")).strip())] * times
            elif what == "wait":
                world.now += timedelta(minutes=how)
            elif what == "clock":
                world.wait_for(how, zone)
            else:
                world.says(what, number)
            world.send(OURS, zone)
        assert _wrong(world.history, zone) == []
        seen.update(world.verdicts)

    whatever_happens()
    rules = {rule.rule for rule in OURS.rules} - {"invitation"}  # which is asked when it is planned
    assert seen["send"] > 100 and rules <= set(seen), "what never happens proves nothing"


@given(zones, st.integers(0, 30 * 24 * 60), st.integers(0, 2))
def test_nothing_holds_back_what_the_decree_allows(zone: ZoneInfo, minutes: int, sent: int) -> None:
    now = BEGIN + timedelta(minutes=minutes)
    text = "[QC] Mời. Từ chối: {{ stop }}"
    facts = Facts(MessageKind.ADVERTISING, "sms", has_consent=True, tried=[now - timedelta(hours=1)] * sent, text=text)
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


def test_a_rule_that_begins_later_or_holds_for_chat_alone_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="trước đó không có quy định nào"):
        _read(tmp_path, lambda rules: _first(rules, "no_consent").update(valid_from=date(2026, 12, 1)))
    with pytest.raises(ContentError, match='thiếu rule "no_consent"'):
        _read(tmp_path, lambda rules: _first(rules, "no_consent").update(channels=["zalo"]))


def _from_2027(rules: list[dict[str, Any]]) -> None:
    """Another label and other hours from the first of January 2027 on."""
    for name, changes in (("label", {"labels": ["[QUANG CAO]"]}), ("hours", {"from": "09:00", "until": "17:00"})):
        old = _first(rules, name)
        rules.append({**old, **changes, "valid_from": date(2027, 1, 1)})
        old["valid_until"] = date(2026, 12, 31)


def test_at_midnight_of_its_day_a_new_rule_binds_also_what_was_approved_before(tmp_path: Path) -> None:
    law, zone = _read(tmp_path, _from_2027), ZoneInfo("Asia/Ho_Chi_Minh")

    def judged(text: str, *at: int) -> tuple[str, str | None]:
        facts = Facts(MessageKind.ADVERTISING, "sms", has_consent=True, text=f"{text} Mời. Từ chối: {{{{ stop }}}}")
        verdict = law.judge(facts, datetime(*at, tzinfo=zone), zone)  # type: ignore[misc]
        return verdict.decision, verdict.rule

    assert judged("[QC]", 2026, 12, 31, 21, 59, 59) == ("send", None)
    assert judged("[QC]", 2026, 12, 31, 23, 59, 59) == ("later", "hours")
    assert judged("[QC]", 2027, 1, 1, 0, 0, 0) == ("never", "label")
    assert judged("[QUANG CAO]", 2027, 1, 1, 8, 59, 59) == ("later", "hours")
    assert judged("[QUANG CAO]", 2027, 1, 1, 9, 0, 0) == ("send", None)
    assert judged("[QUANG CAO]", 2026, 12, 31, 12, 0, 0) == ("never", "label")


@pytest.mark.parametrize(
    ("kind", "begin", "end"),
    [(MessageKind.ADVERTISING, 7, 22), (MessageKind.CUSTOMER_CARE, 8, 20), (MessageKind.STATE_NOTICE, 8, 20)],
)
@pytest.mark.parametrize("channel", ["sms", "zbs", "zalo"])
def test_hours_begin_and_end_to_the_microsecond(kind: MessageKind, begin: int, end: int, channel: str) -> None:
    zone, a_moment = ZoneInfo("Asia/Ho_Chi_Minh"), timedelta(microseconds=1)
    opens, closes = (datetime(2026, 11, 27, hour, tzinfo=zone) for hour in (begin, end))
    facts = Facts(kind, channel, has_consent=True)
    decisions = [OURS.judge(facts, at, zone).decision for at in (opens - a_moment, opens, closes - a_moment, closes)]
    assert decisions == ["later", "send", "send", "later"]
    assert OURS.judge(facts, opens, zone).last == closes - a_moment
    assert OURS.judge(facts, closes, zone).until == opens + timedelta(days=1)
    assert OURS.judge(facts, opens - timedelta(seconds=8), zone).until == opens


def test_the_fourth_waits_until_the_first_is_a_day_old() -> None:
    zone, a_moment = ZoneInfo("Asia/Ho_Chi_Minh"), timedelta(microseconds=1)
    first = datetime(2026, 11, 26, 9, 0, tzinfo=zone)
    sent = [first, first + timedelta(hours=5), first + timedelta(hours=6)]
    facts = Facts(MessageKind.ADVERTISING, "sms", has_consent=True, tried=sent)
    early = OURS.judge(facts, first + DAY - a_moment, zone)
    assert (early.decision, early.rule, early.until) == ("later", "cap", first + DAY)
    assert OURS.judge(facts, first + DAY, zone).decision == "send"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Mời cửa hàng {{ shop }} làm khảo sát: {{ link }}", "kind_invites"),
        ("Moi cua hang {{ shop }} lam khao sat: {{ link }}", "kind_invites"),
        ("Chào cô/bác. Kính mời dự hội thảo ngày mai.", "kind_invites"),
        ("Cửa hàng có quà tặng đang chờ.", "kind_invites"),
        ("[QC] Lớp học ngày mai.", "kind_has_label"),
        ("Quy định mới về đăng ký thuế: {{ link }}", None),
        ("Khảo sát của cửa hàng còn làm dở. Mời làm tiếp: {{ link }}", None),
        ("Nhắc lớp {{ class }} cô/bác đã đăng ký: {{ day }}.", None),
    ],
)
def test_an_invitation_is_told_by_its_words_whatever_it_is_called(text: str, code: str | None) -> None:
    found = [one.code for one in OURS.check_kind(MessageKind.CUSTOMER_CARE, text, date(2026, 11, 27))]
    assert found == ([code] if code else [])
