"""The shape of a rule of the law of bulk messages, and the checks of its file. What the rules mean: bulk_law.py."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, ValidationInfo, field_validator

from programme.packs import Slug, Text, ends_after_it_begins
from programme.yaml_source import ContentModel, YamlSource, read_yaml, refusal

_Clock = Annotated[str, Field(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]
_Count = Annotated[StrictInt, Field(ge=1)]


class Rule(ContentModel):
    """What every rule says. `channels` empty: all. Both days of its validity belong to it; without `valid_until` it is
    in force for good. `repealed`: nothing comes after it, on purpose."""

    rule: str
    kinds: Annotated[tuple[str, ...], Field(min_length=1)]
    channels: tuple[Text, ...] = ()
    document: Slug
    article: Text
    valid_from: dt.date
    valid_until: dt.date | None = None
    repealed: bool = False
    note: Text

    @field_validator("valid_until")
    @classmethod
    def _ends_after_it_begins(cls, valid_until: dt.date | None, info: ValidationInfo) -> dt.date | None:
        return ends_after_it_begins(valid_until, info)

    def is_about(self, kind: str, channel: str, day: dt.date) -> bool:
        """Whether it binds such a message on that day."""
        return (
            kind in self.kinds
            and self.is_of(channel)
            and self.valid_from <= day
            and (self.valid_until is None or day <= self.valid_until)
        )

    def is_of(self, channel: str) -> bool:
        return not self.channels or channel in self.channels


class FlagRule(Rule):
    """Never, while a fact speaks against it (bulk_law.Facts)."""

    rule: Literal["opted_out", "erasing", "do_not_call", "no_consent", "registration_once"]


class CapRule(Rule):
    """At most `most` messages of its kinds to one number within any `hours`."""

    rule: Literal["cap"]
    most: _Count
    hours: _Count


class HoursRule(Rule):
    """Only from `from` until before `until`, local time; until 00:00 is the end of the day."""

    rule: Literal["hours"]
    from_: Annotated[_Clock, Field(alias="from")]
    until: _Clock

    @field_validator("until")
    @classmethod
    def _is_a_span_of_one_day(cls, until: str, info: ValidationInfo) -> str:
        begin = info.data.get("from_")
        if begin is not None and until != "00:00" and until <= begin:
            raise refusal(f"giờ kết thúc {until} không sau giờ bắt đầu {begin}", "đổi lại hai giờ")
        return until

    @property
    def begin(self) -> dt.time:
        return dt.time.fromisoformat(self.from_)

    @property
    def end(self) -> dt.time:
        """dt.time.max stands for the end of the day, so that ends can be compared."""
        return dt.time.max if self.until == "00:00" else dt.time.fromisoformat(self.until)


class LabelRule(Rule):
    """A text begins with one of `labels`; the first is the one that we write."""

    rule: Literal["label"]
    labels: Annotated[tuple[Text, ...], Field(min_length=1)]


class OptOutWayRule(Rule):
    """A text ends with a way to refuse: one of `ways`, accent-free, with no more than so many characters after it."""

    rule: Literal["opt_out_way"]
    ways: Annotated[tuple[Text, ...], Field(min_length=1)]
    characters_after: _Count


class InvitationRule(Rule):
    """Words by which a text of these kinds looks like an invitation (programme/invitations.py): whoever plans it has to
    call it advertising, or to write it otherwise."""

    rule: Literal["invitation"]
    calls: tuple[Text, ...]
    to: tuple[Text, ...]
    offers: tuple[Text, ...] = ()


AnyRule = Annotated[
    FlagRule | CapRule | HoursRule | LabelRule | OptOutWayRule | InvitationRule, Field(discriminator="rule")
]


class _LawFile(ContentModel):
    rules: Annotated[tuple[AnyRule, ...], Field(min_length=1)]


# Without one of these for advertising no hotline starts, unless the file says that it was repealed.
NEEDED = ("opted_out", "do_not_call", "no_consent", "cap", "hours", "label", "opt_out_way")


def read_rules(path: Path, kinds: Sequence[str], documents: Mapping[str, object]) -> tuple[Rule, ...]:
    """The rules of a file. Raises ContentError: unknown kinds and documents, days without a rule that was in force
    before and is afterwards, a rule of advertising that is missing, or missing by SMS, or at first."""
    source = read_yaml(path)
    rules: tuple[Rule, ...] = source.validate(_LawFile).rules
    for index, rule in enumerate(rules):
        for kind in rule.kinds:
            if kind not in kinds:
                raise source.error(
                    ("rules", index, "kinds"), f'không có loại tin "{kind}"', f"chọn một trong: {', '.join(kinds)}"
                )
        if rule.document not in documents:
            problem = f'không có văn bản "{rule.document}"'
            raise source.error(("rules", index, "document"), problem, "thêm vào pack.yaml hoặc sửa lại mã văn bản")
    begins = min(rule.valid_from for rule in rules)
    for name in NEEDED:
        ours = [rule for rule in rules if rule.rule == name and "advertising" in rule.kinds and rule.is_of("sms")]
        if not ours:
            raise source.error(("rules",), f'thiếu rule "{name}" cho advertising', "thêm lại dòng này")
        if (first := min(rule.valid_from for rule in ours)) > begins:
            problem = f'rule "{name}" cho advertising chỉ có từ {first}, trước đó không có quy định nào'
            raise source.error(("rules",), problem, "giữ lại dòng cũ, với valid_until")
    _refuse_gaps(source, rules)
    return rules


def _refuse_gaps(source: YamlSource, rules: Sequence[Rule]) -> None:
    spans: dict[tuple[Any, ...], list[tuple[dt.date, int]]] = {}
    for index, rule in enumerate(rules):
        for kind in rule.kinds:
            spans.setdefault((rule.rule, kind, rule.channels), []).append((rule.valid_from, index))
    for found in spans.values():
        covered: dt.date | None = dt.date.min
        last = -1
        for valid_from, index in sorted(found):
            if last >= 0 and covered is not None and valid_from > covered + dt.timedelta(days=1):
                problem = f"từ {covered + dt.timedelta(days=1)} đến trước {valid_from} không có quy định nào"
                raise source.error(("rules", index, "valid_from"), problem, "nối liền hai dòng cùng rule")
            until = rules[index].valid_until
            if covered is not None and (until is None or until >= covered):
                covered, last = until, index
        if covered is not None and not rules[last].repealed:
            problem = f"sau {covered} không còn quy định nào"
            remedy = "thêm dòng tiếp theo, hoặc repealed: true nếu luật đã bỏ hẳn"
            raise source.error(("rules", last, "valid_until"), problem, remedy)
