"""Automatic reminders as content (reminders.yaml of a pack): what is said to which owners, when and on which channels,
and the days on which a document of the province wants a report. Whether one is on: reminders.py, notice_switches.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, StringConstraints

from programme import campaign_text
from programme.bulk_law import BulkLaw, MessageKind
from programme.campaign_plan import CHAT, Plan, Variant
from programme.campaign_schedule import ScheduleInvalid, read_schedule
from programme.campaign_starters import Starters
from programme.kpi import Both
from programme.message_templates import MOST_PARTS
from programme.packs import NATIONAL, Document, Packs, Slug, Text, unknown_document
from programme.phrases import Phrases
from programme.sms_parts import parts
from programme.yaml_source import ContentModel, YamlSource, read_yaml

FILE = "reminders.yaml"
_DAY = r"^(0[1-9]|1[0-2])-([0-2][0-9]|3[01])$"


class ChatButton(ContentModel):
    """`phrase`: of phrases.yaml, its title."""

    phrase: Slug
    payload: Annotated[str, StringConstraints(pattern=r"^/[a-z_]+$")]


class Reminder(ContentModel):
    """`who`: whom it is for, in plain words. `text`: of the SMS; `chat`: in a conversation. `days`, `time`, `to`: of a
    relative schedule (campaign_schedule.py). `default`: free = on from the beginning, in conversations alone.
    `starter`: of campaign_templates.yaml; a template that began as it and is registered at Zalo goes before SMS."""

    id: Annotated[Slug, Field(max_length=40)]
    name: Both
    who: Both
    to: Text
    days: tuple[StrictInt, ...]
    time: Text
    kind: MessageKind
    channels: Annotated[tuple[Literal["chat", "sms"], ...], Field(min_length=1)]
    default: Literal["none", "free"]
    text: Text
    chat: Both
    buttons: tuple[ChatButton, ...] = ()
    starter: Slug | None = None

    def plan(
        self,
        channels: tuple[str, ...],
        gateways: tuple[str, ...],
        phrases: Phrases,
        zbs: Mapping[str, Any] | None = None,
    ) -> Plan:
        """As a campaign by each one's own date. `gateways`: for SMS, in their order. `phrases`: of the buttons. `zbs`:
        the template at Zalo, as campaign_plan.Variant has it."""
        chat = {
            language: {
                "text": self.chat.said(language),
                "buttons": [
                    {"title": phrases.say(one.phrase, language), "payload": one.payload} for one in self.buttons
                ],
            }
            for language in ("vi", "en")
        }
        return Plan(
            name=self.name.vi,
            kind=str(self.kind),
            variants=(Variant("A", campaign_text.plain(self.text), chat=chat, zbs=zbs),),
            channels=channels,
            audience={"matter": self.to},
            schedule=self.schedule,
            gateways=gateways if "sms" in channels else (),
        )

    @property
    def variables(self) -> tuple[str, ...]:
        """Those that its texts may have."""
        return (*campaign_text.COMMON, *campaign_text.OF_MATTER[self.to])

    @property
    def free(self) -> tuple[str, ...]:
        """Its channels that cost nothing."""
        return tuple(one for one in self.channels if one == CHAT)

    @property
    def schedule(self) -> dict[str, Any]:
        return {"kind": "relative", "to": self.to, "days": list(self.days), "time": self.time}


class ReportDay(ContentModel):
    """A report that a document wants every year before a day ("12-30"). `remind_days`: told so many days ahead."""

    id: Slug
    name: Both
    before: Annotated[str, StringConstraints(pattern=_DAY)]
    remind_days: Annotated[tuple[Annotated[StrictInt, Field(gt=0, lt=180)], ...], Field(min_length=1)]
    document: Slug
    article: Text
    valid_to: dt.date | None = None

    def next(self, day: dt.date) -> dt.date:
        """The first such day from `day` on."""
        month, of_month = (int(one) for one in self.before.split("-"))
        this = dt.date(day.year, month, of_month)
        return this if this >= day else dt.date(day.year + 1, month, of_month)

    def due_step(self, day: dt.date) -> tuple[dt.date, int] | None:
        """The report's day, and which of `remind_days` has come; None: it is not time yet, or its document is over."""
        before = self.next(day)
        come = [step for step in self.remind_days if (before - day).days <= step]
        is_over = self.valid_to is not None and before > self.valid_to
        return None if is_over or not come else (before, min(come))


class _File(ContentModel):
    reminders: tuple[Reminder, ...] = ()
    reports: tuple[ReportDay, ...] = ()


@dataclass(frozen=True)
class ReminderPack:
    """Of one province: `reminders` by id, the nation's with the province's own in their place. `documents`: by id."""

    reminders: Mapping[str, Reminder]
    reports: tuple[ReportDay, ...]
    documents: Mapping[str, Document]


@dataclass(frozen=True)
class _Known:
    """What a file may refer to."""

    packs: Packs
    law: BulkLaw
    phrases: Phrases
    starters: frozenset[str]


def load_reminders(
    root: Path, packs: Packs, law: BulkLaw, phrases: Phrases, starters: Starters
) -> Mapping[str, ReminderPack]:
    """By province. Raises ContentError with file and line: also for a text that is against the law of its kind."""
    ids = frozenset(one.id for of_province in starters.of.values() for one in of_province)
    known = _Known(packs, law, phrases, ids)
    national = _load(root / NATIONAL, known)
    return MappingProxyType({id_: _of_province(root / id_, national, known) for id_ in packs.provinces})


def _of_province(folder: Path, national: _File, known: _Known) -> ReminderPack:
    own = _load(folder, known) if (folder / FILE).exists() else _File()
    reminders = {one.id: one for one in (*national.reminders, *own.reminders)}
    reports = (*national.reports, *own.reports)
    return ReminderPack(MappingProxyType(reminders), reports, known.packs.documents(folder.name))


def _load(folder: Path, known: _Known) -> _File:
    source = read_yaml(folder / FILE)
    file = source.validate(_File)
    _refuse_repeated(source, "reminders", [one.id for one in file.reminders])
    _refuse_repeated(source, "reports", [one.id for one in file.reports])
    for row, one in enumerate(file.reminders):
        _check(source, ("reminders", row), one, known)
    documents = known.packs.documents(folder.name)
    for row, report in enumerate(file.reports):
        if report.document not in documents:
            raise unknown_document(source, ("reports", row, "document"), report.document)
        try:
            report.next(dt.date(2025, 1, 1))
        except ValueError:
            raise source.error(("reports", row, "before"), "không có ngày ấy trong năm", "viết như 12-30") from None
    return file


def _refuse_repeated(source: YamlSource, where: str, ids: list[str]) -> None:
    for row, id_ in enumerate(ids):
        if id_ in ids[:row]:
            raise source.error((where, row, "id"), f'mã "{id_}" đã dùng', "đặt mã khác")


def _check(source: YamlSource, at: tuple[str, int], one: Reminder, known: _Known) -> None:
    try:
        read_schedule(one.schedule)
    except ScheduleInvalid as invalid:
        raise source.error((*at, "days"), f"lịch chưa đúng: {invalid.what.rstrip('.')}", "sửa to, days, time") from None
    if one.default == "free" and not one.free:
        raise source.error((*at, "default"), "kênh mất tiền không bật sẵn được", "ghi default: none, hoặc thêm chat")
    if one.starter is not None and one.starter not in known.starters:
        raise source.error((*at, "starter"), f'không có mẫu "{one.starter}"', "dùng một id của campaign_templates.yaml")
    for index, button in enumerate(one.buttons):
        if button.phrase not in known.phrases.texts:
            raise source.error(
                (*at, "buttons", index), f'không có câu "{button.phrase}"', "dùng một câu của phrases.yaml"
            )
    for field, wrong in _wrong(one, known.law):
        raise source.error((*at, field), wrong.rstrip("."), "sửa lại nội dung tin")


def _wrong(one: Reminder, law: BulkLaw) -> Iterator[tuple[str, str]]:
    for field, text in (("text", one.text), ("chat", one.chat.vi), ("chat", one.chat.en)):
        yield from ((field, problem.words) for problem in campaign_text.check(text, one.variables))
        if field == "text" or one.kind is MessageKind.ADVERTISING:
            yield from ((field, problem.words) for problem in law.check_text(one.kind, text, dt.date.max))
    longest = campaign_text.worst_case(campaign_text.plain(one.text), accents=False)
    if parts(longest, unicode=False).parts > MOST_PARTS:
        yield "text", f"tin dài quá {MOST_PARTS} SMS"
