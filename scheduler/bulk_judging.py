"""The law's verdict about rows that are about to leave, and what their own matter says against it by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping

from programme import bulk_gate, campaign_matters
from programme.bulk_gate import Asked
from programme.bulk_law import MessageKind, Verdict
from programme.campaign_schedule import Place
from scheduler.bulk_calls import Step
from scheduler.bulk_marking import Rooms
from scheduler.bulk_ways import Ways

LOOK_AGAIN = timedelta(minutes=1)


def judge(
    rooms: Rooms,
    connection: Connection,
    chosen: Sequence[tuple[Mapping[str, Any], Step]],
    ways: Ways,
    run: RowMapping,
    now: datetime,
) -> dict[int, Verdict]:
    """By recipient's id, in the transaction that marks them."""
    asked = [
        Asked(
            row["id"],
            row["contact_id"],
            row["phone_key"],
            MessageKind(row["kind"]),
            step.channel,
            None if step.channel == "zbs" else ways.variant(row)["text"],  # Zalo has that text
        )
        for row, step in chosen
    ]
    law, zone = rooms.content.bulk_law, rooms.clock.timezone
    verdicts = bulk_gate.judge(connection, law, asked, now, zone) if asked else {}
    rows = [row for row, _ in chosen if verdicts[row["id"]].decision == "send"]
    place = Place(zone, rooms.content.deadlines)
    for id_, objection in campaign_matters.objections(connection, rows, ways.planned, run, place).items():
        later = Verdict("later", objection.reason, now + LOOK_AGAIN)
        verdicts[id_] = later if objection.waits else Verdict("never", objection.reason)
    return verdicts
