"""What an officer is told off the page: short, in Vietnamese, without any owner's data."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping

from scheduler.kinds import JobContext

# Of one kind; what is more is counted. Three kinds of ten lines stay below the 4,000 characters of a message.
MOST_LISTED = 10
# Of new requests people want to know how many there are; which, they see in the queue.
NEW_LISTED = 3


def words(context: JobContext, rows: Sequence[RowMapping]) -> str:
    """One message about all of `rows` (see store.notice_queries.waiting_notices), the most urgent first."""
    late = [row for row in rows if row["kind"] == "late"]
    new = [row for row in rows if row["kind"] == "new"]
    near = [row for row in rows if row["kind"] not in ("late", "new")]
    parts = [
        _part(context, "🔴 Quá hạn trả lời", late, MOST_LISTED),
        _part(context, "🟠 Sắp đến hạn trả lời", near, MOST_LISTED),
        _part(context, "🔵 Yêu cầu mới đang chờ", new, NEW_LISTED),
    ]
    return "\n\n".join([f"Hotline {context.watch.place}".strip(), *filter(None, parts)])


def _part(context: JobContext, title: str, rows: Sequence[RowMapping], most: int) -> str:
    if not rows:
        return ""
    lines = [f"{title}: {len(rows)}", *(_line(context, row) for row in rows[:most])]
    if len(rows) > most:
        lines.append(f"… và {len(rows) - most} yêu cầu nữa{_link(context, ': ', '/console/queue')}")
    return "\n".join(lines)


def _line(context: JobContext, row: RowMapping) -> str:
    commune = context.content.communes.by_code(row["commune"]) if row["commune"] else None
    what = (
        f"số {row['number']}",
        context.content.topics.title(row["topic"]) if row["topic"] else "",
        commune.full_name if commune else "",
        f"hạn {row['due_at'].astimezone(context.clock.timezone):%H:%M ngày %d/%m}",
    )
    return (
        "• "
        + ", ".join(filter(None, what))
        + _link(context, "\n  ", f"/console/conversations/{row['conversation_id']}")
    )


def _link(context: JobContext, before: str, path: str) -> str:
    return "" if context.watch.address is None else f"{before}{context.watch.address.rstrip('/')}{path}"
