"""The law of bulk messages (content/national/bulk_law.yaml): may this message leave now, later, or never?

Pure: it is told the facts about a number and judges them. Where the facts come from is bulk_gate.py's; what a rule says
is data with a document, an article and the days on which it is in force.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from programme.bulk_rules import (
    CapRule,
    FlagRule,
    HoursRule,
    InvitationRule,
    LabelRule,
    OptOutWayRule,
    Rule,
    read_rules,
)
from programme.invitations import invitation_in
from store.text import fold

Decision = Literal["send", "later", "never"]


class MessageKind(StrEnum):
    """What a bulk message is to the law. STAFF: to the programme's own officers and firms. REGISTRATION asks whether
    advertising may be sent."""

    STATE_NOTICE = "state_notice"
    CUSTOMER_CARE = "customer_care"
    ADVERTISING = "advertising"
    STAFF = "staff"
    REGISTRATION = "registration"


@dataclass(frozen=True)
class Facts:
    """What is known of one message before it leaves.

    `has_consent`: to advertising, in force. `tried`: when the messages of the kinds that a cap counts together with
    this one were tried at this number, whatever became of them; longer ago than the longest cap is harmless, and so is
    a time in the future (the clock was set back). `was_registered`: a registration message went to this number before.
    `text`: what it says, with its variables or without; None where it is not ours (a template registered at Zalo).
    """

    kind: MessageKind
    channel: str
    opted_out: bool = False
    on_do_not_call: bool = False
    has_consent: bool = False
    wants_erasure: bool = False
    was_registered: bool = False
    tried: Sequence[dt.datetime] = ()
    text: str | None = None


@dataclass(frozen=True)
class Verdict:
    """`rule`: the id of the one that objects, which the ledger keeps as the reason. `until`: of "later", the first
    instant at which nothing objects any more as far as is known now; the law is asked again then. `last`: of "send",
    the last instant at which the hours are open; whoever has not called by then asks again."""

    decision: Decision
    rule: str | None = None
    until: dt.datetime | None = None
    last: dt.datetime | None = None


@dataclass(frozen=True)
class Problem:
    """What is wrong with a text: a stable code, and Vietnamese words for whoever wrote it. `rule`: the id of the one
    that objects."""

    code: str
    words: str
    rule: str


_RESOLUTION = dt.timedelta(microseconds=1)
# Rules that leave no hour of any day must not keep us looking for one.
_MOST_STEPS = 100


@dataclass(frozen=True)
class BulkLaw:
    """The rules of all days; each question is answered by those that are in force on its day."""

    rules: tuple[Rule, ...]
    _of_day: dict[tuple[str, str, dt.date], tuple[Rule, ...]] = field(default_factory=dict, compare=False, repr=False)

    def judge(self, facts: Facts, now: dt.datetime, timezone: dt.tzinfo) -> Verdict:
        """Whether the message may leave at `now`. What can never be right again goes before what only must wait."""
        day = now.astimezone(timezone).date()
        rules = self.in_force(facts.kind, facts.channel, day)
        against = _flags(facts)
        for rule in rules:
            if isinstance(rule, FlagRule) and against[rule.rule]:
                return Verdict("never", rule.rule)
        if facts.text is not None and (wrong := self.check_text(facts.kind, facts.text, day)):
            return Verdict("never", wrong[0].rule)
        first: str | None = None
        at = now
        for _ in range(_MOST_STEPS):
            objection = self._waits(facts, at, timezone)
            if objection is None:
                break
            first = first or objection[0]
            at = objection[1]
        if first is not None:
            return Verdict("later", first, at)
        return Verdict("send", last=self._closes(facts, day, timezone) - _RESOLUTION)

    def in_force(self, kind: str, channel: str, day: dt.date) -> tuple[Rule, ...]:
        """The rules for such a message on that day, in the order of the file."""
        known = self._of_day.get((kind, channel, day))
        if known is None:
            known = tuple(rule for rule in self.rules if rule.is_about(kind, channel, day))
            self._of_day[kind, channel, day] = known
        return known

    def hours(self, kind: str, channel: str, day: dt.date) -> tuple[dt.time, dt.time] | None:
        """From when until before when such a message may leave on that local day; None: not at all.

        The end of a day is dt.time.max; without a rule it is the whole day.
        """
        ours = [rule for rule in self.in_force(kind, channel, day) if isinstance(rule, HoursRule)]
        if not ours:
            return dt.time.min, dt.time.max
        begin, end = max(rule.begin for rule in ours), min(rule.end for rule in ours)
        return (begin, end) if begin < end else None

    def label(self, kind: str, day: dt.date) -> str | None:
        """What such a text begins with; None: nothing in particular."""
        return next((labels[0] for labels in self._labels(kind, day)), None)

    def check_text(self, kind: str, text: str, day: dt.date) -> list[Problem]:
        """What is wrong with a text, or with a template in which variables still stand."""
        problems = []
        for labels in self._labels(kind, day):
            if not text.startswith(labels):
                words = f"Tin quảng cáo phải bắt đầu ngay bằng nhãn {' hoặc '.join(labels)}."
                problems.append(Problem("label_missing", words, "label"))
        for rule in self.in_force(kind, "sms", day):
            if isinstance(rule, OptOutWayRule) and not _ends_with_a_way_out(text, rule):
                words = "Cuối tin phải có cách từ chối nhận tin, ví dụ: Tu choi: {{ stop }}."
                problems.append(Problem("opt_out_missing", words, rule.rule))
        return problems

    def check_kind(self, kind: str, text: str, day: dt.date) -> list[Problem]:
        """Signs that a text is advertising and only called something else, for whoever plans it and whoever approves.

        A sign and no proof: at the moment of sending nobody is asked, so it keeps no message back.
        """
        problems = []
        others = [rule.labels for rule in self.rules if isinstance(rule, LabelRule) and kind not in rule.kinds]
        for label in (label for labels in others for label in labels if text.startswith(label)):
            words = f"Tin có nhãn {label} là tin quảng cáo hoặc tin xin phép. Đổi loại tin, hoặc bỏ nhãn."
            problems.append(Problem("kind_has_label", words, "label"))
            break
        for rule in self.in_force(kind, "sms", day):
            if isinstance(rule, InvitationRule) and (found := invitation_in(text, rule.calls, rule.to, rule.offers)):
                words = f"“{found}” là lời mời: theo luật, tin mời là tin quảng cáo. Đổi loại tin, hoặc viết lại."
                problems.append(Problem("kind_invites", words, rule.rule))
        return problems

    def counted_with(self, kind: str) -> frozenset[str]:
        """The kinds of messages that a cap on `kind` counts together, over all days."""
        caps = (rule for rule in self.rules if isinstance(rule, CapRule) and kind in rule.kinds)
        return frozenset(one for rule in caps for one in rule.kinds)

    @property
    def longest_cap(self) -> dt.timedelta:
        """How far back what was tried may still count."""
        caps = [dt.timedelta(hours=rule.hours) for rule in self.rules if isinstance(rule, CapRule)]
        return max(caps, default=dt.timedelta(0))

    def _labels(self, kind: str, day: dt.date) -> Iterable[tuple[str, ...]]:
        return (rule.labels for rule in self.in_force(kind, "sms", day) if isinstance(rule, LabelRule))

    def _waits(self, facts: Facts, at: dt.datetime, timezone: dt.tzinfo) -> tuple[str, dt.datetime] | None:
        """The rule that objects at `at`, and an instant after it before which it does not stop to."""
        day = at.astimezone(timezone).date()
        for rule in self.in_force(facts.kind, facts.channel, day):
            if isinstance(rule, CapRule) and (free := _free_again(rule, facts.tried, at)) is not None:
                return rule.rule, free
        window = self.hours(facts.kind, facts.channel, day)
        local = at.astimezone(timezone)
        if window is not None and _is_within(local.timetz().replace(tzinfo=None), window):
            return None
        return "hours", self._opens_after(facts, local, timezone, window)

    def _closes(self, facts: Facts, day: dt.date, timezone: dt.tzinfo) -> dt.datetime:
        """When the hours of `day` end, which are open now; the next day has hours of its own."""
        window = self.hours(facts.kind, facts.channel, day)
        if window is None or window[1] == dt.time.max:
            day, end = day + dt.timedelta(days=1), dt.time(0)
        else:
            end = window[1]
        return dt.datetime.combine(day, end, timezone).astimezone(dt.UTC)

    def _opens_after(
        self, facts: Facts, local: dt.datetime, timezone: dt.tzinfo, window: tuple[dt.time, dt.time] | None
    ) -> dt.datetime:
        if window is not None and local.timetz().replace(tzinfo=None) < window[0]:
            day = local.date()
        else:
            day = local.date() + dt.timedelta(days=1)
            window = self.hours(facts.kind, facts.channel, day)
        begin = dt.time(0) if window is None else window[0]
        opens = dt.datetime.combine(day, begin, timezone).astimezone(dt.UTC)
        # Where clocks are changed an hour may come twice, or a day be missing: time must go on in any case
        return max(opens, local.astimezone(dt.UTC) + dt.timedelta(seconds=1))


def load_bulk_law(path: Path, documents: Mapping[str, object]) -> BulkLaw:
    """Raises ContentError, also for a gap between the days of a rule. `documents`: that may be cited, by id."""
    return BulkLaw(read_rules(path, [str(kind) for kind in MessageKind], documents))


def _flags(facts: Facts) -> Mapping[str, bool]:
    return {
        "opted_out": facts.opted_out,
        "erasing": facts.wants_erasure,
        "do_not_call": facts.on_do_not_call,
        "no_consent": not facts.has_consent,
        "registration_once": facts.was_registered,
    }


def _free_again(rule: CapRule, tried: Sequence[dt.datetime], at: dt.datetime) -> dt.datetime | None:
    """When so many fewer are left within the cap's time that one more may leave; None: it may at `at`."""
    length = dt.timedelta(hours=rule.hours)
    counted = sorted(when for when in tried if when > at - length)
    return None if len(counted) < rule.most else counted[len(counted) - rule.most] + length


def _is_within(local: dt.time, window: tuple[dt.time, dt.time]) -> bool:
    begin, end = window
    return begin <= local and (local < end or end == dt.time.max)


def _ends_with_a_way_out(text: str, rule: OptOutWayRule) -> bool:
    said = " ".join(fold(text).split())
    for way in rule.ways:
        at = said.rfind(way)
        if at >= 0 and len(said) - at - len(way) <= rule.characters_after:
            return True
    return False
