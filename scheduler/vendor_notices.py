"""People of firms are told of deadlines, they and those who oversee them of reports (report_notices.py): in their own
chat, where they have one; else they see it on the page.

Idempotency: a notice is a row, one per person and matter, written with what causes it. It is marked after the call: a
process that dies in between repeats that one message a minute later. Messages name numbers, communes, periods and
times, never an owner. Only while the province works.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from integrations.errors import SendFailed
from programme.lead_owner import firm_short
from programme.lead_states import LeadState
from programme.lead_withdrawal import LEAD_GONE
from programme.packs import normalise_province_id
from scheduler.kinds import JobContext
from scheduler.officer_notices import FINAL, FOR_ALL
from scheduler.watch import NoticeSender
from store.console_tables import account
from store.database import insert_if_new
from store.logs import get_logger
from store.survey_tables import lead
from store.vendor_tables import vendor_notice

log = get_logger("scheduler.vendor_notices")

VENDOR, OVERSEERS = "vendor", ("supervisor", "administrator")
LEAD_DUE = "lead_due"
REPORT_DUE, REPORT_LATE, REPORT_DAY = "report_due", "report_late", "report_day"
MOST_LISTED = 10


def add_for_firm(connection: Connection, row: RowMapping, now: datetime) -> None:
    """The people of the lead's firm who look after its commune are to be told of its deadline."""
    people = select(account.c.id, account.c.communes).where(
        account.c.role == VENDOR, account.c.vendor == row["vendor"], account.c.disabled_at.is_(None)
    )
    told = [one.id for one in connection.execute(people) if one.communes is None or row["commune"] in one.communes]
    add(connection, told, LEAD_DUE, f"lead {row['id']} {row['version']}", now, row["id"])


def add(
    connection: Connection,
    accounts: Iterable[int],
    kind: str,
    about: str,
    now: datetime,
    lead_id: int | None = None,
) -> None:
    """These people are to be told. Again: nothing."""
    for account_id in accounts:
        row = {"account_id": account_id, "kind": kind, "about": about, "lead_id": lead_id}
        insert_if_new(connection, vendor_notice, {**row, "status": "waiting", "created_at": now})


async def tell(context: JobContext) -> None:
    """One message for each person. Raises SQLAlchemyError when the database is away."""
    await context.database.run(_void_ended)
    sender = context.watch.notices
    if sender is None or not context.working_time(context.watch.province).is_working(context.clock.now()):
        return
    rows = await context.database.read(_waiting)
    for _, own in groupby(rows, key=lambda row: row["account_id"]):
        if not await _tell(context, sender, list(own)):
            return


async def _tell(context: JobContext, sender: NoticeSender, rows: list[RowMapping]) -> bool:
    """Whether the next one can be told."""
    status = "told"
    try:
        await sender.tell(rows[0]["chat"], _words(context, rows))
    except SendFailed as failure:
        fate = failure.error.fate
        log.error("vendor_untold", account=rows[0]["account_id"], error=failure.error.code, notices=len(rows))
        if fate not in FINAL:
            return fate not in FOR_ALL
        status = "failed"
    ended = update(vendor_notice).where(
        vendor_notice.c.id.in_([row["id"] for row in rows]), vendor_notice.c.status == "waiting"
    )
    told_at = context.clock.now() if status == "told" else None
    await context.database.run(lambda c: c.execute(ended.values(status=status, told_at=told_at)))
    return True


_WAITING = vendor_notice.c.status == "waiting"


def _void_ended(connection: Connection) -> None:
    """What waits to be told of leads that are not offered any more, or to people without a chat, is over."""
    moved = select(lead.c.id).where(lead.c.id == vendor_notice.c.lead_id, lead.c.status != LeadState.OFFERED)
    gone = select(account.c.id).where(
        account.c.id == vendor_notice.c.account_id,
        account.c.disabled_at.is_not(None) | account.c.telegram_chat.is_(None),
    )
    is_over = (moved.exists() & (vendor_notice.c.kind != LEAD_GONE)) | gone.exists()
    over = update(vendor_notice).where(_WAITING, is_over)
    connection.execute(over.values(status="void"))


def _waiting(connection: Connection) -> list[RowMapping]:
    columns: tuple[Any, ...] = (vendor_notice.c.id, vendor_notice.c.account_id, vendor_notice.c.kind)
    rows = (
        select(*columns, vendor_notice.c.about, account.c.telegram_chat.label("chat"))
        .add_columns(lead.c.id.label("lead_id"), lead.c.province, lead.c.commune, lead.c.accept_by)
        .join(account, account.c.id == vendor_notice.c.account_id)
        .outerjoin(lead, lead.c.id == vendor_notice.c.lead_id)
        .where(_WAITING, account.c.disabled_at.is_(None), account.c.telegram_chat.is_not(None))
        .order_by(vendor_notice.c.account_id, vendor_notice.c.id)
    )
    return list(connection.execute(rows).mappings())


def _words(context: JobContext, rows: Sequence[RowMapping]) -> str:
    due = [_lead_line(context, row) for row in rows if row["kind"] == LEAD_DUE]
    near = [_report_line(context, row) for row in rows if row["kind"] == REPORT_DUE]
    late = [_report_line(context, row) for row in rows if row["kind"] == REPORT_LATE]
    days = list(filter(None, (_day_line(context, row) for row in rows if row["kind"] == REPORT_DAY)))
    ended = [_lead_line(context, row) for row in rows if row["kind"] == LEAD_GONE]
    parts = [
        f"Hotline {context.watch.place}".strip(),
        _part("⚪ Khách đã rút đồng ý, hãy xóa ngay mọi thông tin đã lấy của khách", ended),
        _part("🟠 Khách sắp hết hạn nhận", due),
        _part("🟠 Báo cáo kỳ đến hạn nộp", near),
        _part("🔴 Doanh nghiệp chưa nộp báo cáo kỳ", late),
        _part("🟠 Báo cáo theo văn bản sắp đến hạn", days),
    ]
    return "\n\n".join(filter(None, parts))


def _part(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    more = [f"… và {len(lines) - MOST_LISTED} mục nữa"] if len(lines) > MOST_LISTED else []
    return "\n".join([f"{title}: {len(lines)}", *lines[:MOST_LISTED], *more])


def _lead_line(context: JobContext, row: RowMapping) -> str:
    commune = context.content.communes.by_code(row["commune"]) if row["commune"] else None
    when = f"hạn {row['accept_by'].astimezone(context.clock.timezone):%H:%M ngày %d/%m}" if row["accept_by"] else ""
    what = ", ".join(filter(None, (f"khách số {row['lead_id']}", commune.full_name if commune else "", when)))
    return f"• {what}{_link(context, '/console/leads/' + str(row['lead_id']))}"


def _report_line(context: JobContext, row: RowMapping) -> str:
    _, firm, period, *due = row["about"].split()
    name = firm_short(context.content, context.watch.province, firm)
    until = f", hạn {date.fromisoformat(due[0]):%d/%m/%Y}" if due else ""
    return f"• {name}, kỳ {period}{until}{_link(context, '/console/vendor-reports?period=' + period)}"


def _day_line(context: JobContext, row: RowMapping) -> str | None:
    """None: the pack does not have it any more."""
    _, id_, before, _ = row["about"].split()
    pack = context.content.reminders.get(normalise_province_id(context.watch.province))
    report = next((one for one in pack.reports if one.id == id_), None) if pack is not None else None
    if pack is None or report is None:
        return None
    document = pack.documents[report.document]
    return f"• {report.name.vi}, trước ngày {date.fromisoformat(before):%d/%m/%Y} ({document.short}, {report.article})"


def _link(context: JobContext, path: str) -> str:
    return "" if context.watch.address is None else f"\n  {context.watch.address.rstrip('/')}{path}"
