"""What comes between a claim and its result, twice, too late or out of order: nobody is called a second time for it, and
no row is left where nobody looks.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from scheduler import bulk_marking
from scheduler.bulk_calls import Call
from scheduler.bulk_claims import claim
from scheduler.dispatcher import Dispatcher
from store.campaign_tables import recipient
from tests.scheduler.bulk import FakeGateway, Room, states


def claimed(room: Room, dispatcher: Dispatcher, run_id: int, people: int) -> list[Call]:
    """Their calls, which nobody makes. The pace of a run begins with its first look."""
    room.database.run_now(partial(claim, dispatcher.rooms, run_id, 0))
    room.clock.advance(timedelta(seconds=1))
    calls = room.database.run_now(partial(claim, dispatcher.rooms, run_id, people)).calls
    assert len(calls) == people
    return calls


def row_of(room: Room, run_id: int) -> Any:
    return room.database.read_now(lambda c: c.execute(select(recipient).filter_by(run_id=run_id)).one())


async def test_a_report_that_comes_while_rows_are_marked_is_not_written_over(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, gateway = room.plan(2), FakeGateway()
    values_of = bulk_marking.values_of

    def with_report(connection: Connection, *rest: Any) -> Any:
        own = update(recipient).where(recipient.c.contact_id == 1)
        connection.execute(own.values(status="delivered"))
        return values_of(connection, *rest)

    monkeypatch.setattr(bulk_marking, "values_of", with_report)
    await room.send(room.dispatcher(gateway))
    assert states(room.database, run_id) == {"delivered": 1, "accepted": 1}
    assert [message.phone for message in gateway.journal] == ["+84910000001"]
