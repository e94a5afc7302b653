"""Reminders that wait in the outbox of a conversation and may not leave any more, or not at this hour.

The outbox sends by its own pace: what was put there in the evening may still be there at night. Who refuses meanwhile
is seen to by programme/opt_outs.py at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from programme.bulk_law import Verdict
from programme.ledger import State
from store.campaign_tables import recipient
from store.tables import outbound

UNSENT = ("waiting", "held")


def unsent(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of `rows` whose message nobody has begun to send."""
    ids = {row["outbound_id"] for row in rows}
    of = select(outbound.c.id).where(outbound.c.id.in_(ids), outbound.c.status.in_(UNSENT))
    waiting = set(connection.scalars(of))
    return [row for row in rows if row["outbound_id"] in waiting]


def recall(
    connection: Connection, rows: Sequence[Mapping[str, Any]], verdicts: Mapping[int, Verdict], now: datetime
) -> set[int]:
    """Take back the messages of `rows` to which the law objects by now; the ids of these rows, which wait for their
    hour or are skipped."""
    recalled = set()
    for row in rows:
        verdict = verdicts[row["id"]]
        if verdict.decision == "send":
            continue
        waiting = update(outbound).where(outbound.c.id == row["outbound_id"], outbound.c.status.in_(UNSENT))
        if not connection.execute(waiting.values(status="settled", decide_at=None)).rowcount:
            continue  # begun in this very moment
        is_late = verdict.decision == "later"
        values: dict[str, Any] = {
            "status": State.WAITING if is_late else State.SKIPPED,
            "reason": verdict.rule,
            "outbound_id": None,
        }
        values |= {"next_at": verdict.until, "final_at": None if is_late else now}
        connection.execute(update(recipient).where(recipient.c.id == row["id"]).values(values))
        recalled.add(row["id"])
    return recalled
