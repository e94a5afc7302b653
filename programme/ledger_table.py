"""The ledger as people read it: rows in the order of their numbers, part by part, and the auditor's table, in which
every skip names its reason, the rule of the law and the article. Telephone numbers are masked, names are not in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from programme.content import Content
from programme.ledger import State
from programme.packs import Document
from programme.safe_cells import Cell
from store.campaign_tables import campaign_run, link_click, recipient
from store.tables import contact

HEADER = (
    "Số thứ tự sổ cái",
    "Lần gửi",
    "Bước",
    "Số điện thoại (che)",
    "Việc liên quan",
    "Nội dung",
    "Loại tin",
    "Kênh",
    "Cổng gửi",
    "Trạng thái",
    "Mã lý do",
    "Lý do",
    "Quy tắc",
    "Văn bản",
    "Điều",
    "Gửi lần đầu lúc",
    "Cổng gửi nhận lúc",
    "Kết thúc lúc",
    "Số lần gọi",
    "Số tin SMS",
    "Đồng",
    "Lượt mở liên kết",
)
BATCH = 2_000
STATES: Mapping[str, str] = {
    State.WAITING: "chờ gửi",
    State.SENDING: "đang gửi",
    State.ACCEPTED: "đã gửi, chưa có báo tới máy",
    State.DELIVERED: "đã tới máy",
    State.FAILED: "lỗi",
    State.SKIPPED: "không gửi",
    State.UNCERTAIN: "chưa rõ",
}
_CLICKS = select(func.count()).where(link_click.c.recipient_id == recipient.c.id).scalar_subquery()
_ROWS: Select[Any] = (
    select(recipient, contact.c.phone, campaign_run.c.due_at, campaign_run.c.step, _CLICKS.label("clicks"))
    .join(contact, contact.c.id == recipient.c.contact_id)
    .join(campaign_run, campaign_run.c.id == recipient.c.run_id)
)


def part(
    connection: Connection, run_id: int, after: int, size: int, status: str | None = None, reason: str | None = None
) -> Sequence[Row[Any]]:
    """The next rows of a run behind the row `after`, up to `size`."""
    rows = _ROWS.where(recipient.c.run_id == run_id, recipient.c.id > after).order_by(recipient.c.id).limit(size)
    if status:
        rows = rows.where(recipient.c.status == status)
    if reason:
        rows = rows.where(recipient.c.reason == reason)
    return connection.execute(rows).all()


def part_of_campaign(connection: Connection, campaign_id: int, after: int, size: int = BATCH) -> Sequence[Row[Any]]:
    """The same over all runs of a campaign, without tests."""
    runs = select(campaign_run.c.id).where(campaign_run.c.campaign_id == campaign_id, campaign_run.c.is_test.is_(False))
    rows = _ROWS.where(recipient.c.run_id.in_(runs), recipient.c.id > after).order_by(recipient.c.id).limit(size)
    return connection.execute(rows).all()


def all_rows(connection: Connection, campaign_id: int, audit: AuditTable) -> Iterator[tuple[Cell, ...]]:
    """The auditor's lines of a whole campaign, read part by part."""
    after = 0
    while found := part_of_campaign(connection, campaign_id, after):
        yield from (audit.line(row) for row in found)
        after = found[-1].id


def masked(phone: str | None) -> str:
    """Its last three digits."""
    return f"… {phone[-3:]}" if phone else ""


@dataclass(frozen=True)
class AuditTable:
    """Makes the auditor's lines, in Vietnamese as files are. `words`: what a reason's code means."""

    content: Content
    province: str
    timezone: dt.tzinfo
    words: Callable[[str], str]

    def line(self, row: Row[Any]) -> tuple[Cell, ...]:
        """One row of the ledger, in the order of HEADER."""
        reason = row.reason or ""
        rule, document, article = self._law(row) if reason else ("", "", "")
        return (
            row.id,
            self._time(row.due_at),
            row.step + 1,
            masked(row.phone),
            row.about,
            row.variant,
            row.kind,
            row.channel,
            row.gateway,
            STATES[row.status],
            reason,
            self.words(reason) if reason else "",
            rule,
            document,
            article,
            self._time(row.tried_at),
            self._time(row.accepted_at),
            self._time(row.final_at),
            row.attempts,
            row.parts,
            row.price,
            row.clicks,
        )

    @cached_property
    def _documents(self) -> Mapping[str, Document]:
        return self.content.packs.documents(self.province)

    def _law(self, row: Row[Any]) -> tuple[str, str, str]:
        """The rule that objected on the day on which it did."""
        at = row.final_at or row.tried_at or row.due_at
        day = at.astimezone(self.timezone).date()
        for rule in self.content.bulk_law.in_force(row.kind, row.channel or "sms", day):
            if rule.rule == row.reason:
                document = self._documents.get(rule.document)
                return rule.rule, document.short if document else rule.document, rule.article
        return "", "", ""

    def _time(self, at: dt.datetime | None) -> str:
        return "" if at is None else f"{at.astimezone(self.timezone):%Y-%m-%d %H:%M:%S}"
