"""Results of calls, written many in one transaction; what they mean for the run (pause rule) and the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, or_, select, update

from programme import ledger
from programme.ledger import State
from scheduler.bulk_calls import FIRST_RECEIPT, Result
from store.campaign_tables import campaign, campaign_run, gateway_state, recipient

PERCENT, OF_LAST = 10, 500
TOO_MANY_ERRORS = "too_many_errors"

# Not IN: it cannot be executed for many rows at once
_OPEN = or_(recipient.c.status == State.SENDING.value, recipient.c.status == State.UNCERTAIN.value)
_OURS = update(recipient).where(recipient.c.id == bindparam("of"), recipient.c.attempt == bindparam("token"))
# A receipt may have been faster: then its state stays, and only the names are filled in
_TAKEN = _OURS.values(
    status=case((_OPEN, State.ACCEPTED.value), else_=recipient.c.status),
    reason=case((_OPEN, None), else_=recipient.c.reason),
    next_at=case((_OPEN, bindparam("ask_at", type_=recipient.c.next_at.type)), else_=recipient.c.next_at),
    gateway_message_id=func.coalesce(recipient.c.gateway_message_id, bindparam("message_id")),
    price=func.coalesce(recipient.c.price, bindparam("cost")),
    parts=bindparam("size"),
    accepted_at=func.coalesce(recipient.c.accepted_at, bindparam("at", type_=recipient.c.accepted_at.type)),
)
_OTHER = _OURS.where(_OPEN).values(
    status=bindparam("state"),
    reason=bindparam("why"),
    next_at=bindparam("again_at", type_=recipient.c.next_at.type),
    channel=bindparam("on"),
    gateway=bindparam("by"),
    final_at=bindparam("end", type_=recipient.c.final_at.type),
)
_NOT_CALLED = (
    update(recipient)
    .where(recipient.c.id == bindparam("of"), recipient.c.attempts <= 1)
    .values(tried_at=None, attempts=0, request_id=None)
)


def write(results: Sequence[Result], now: datetime, connection: Connection) -> list[tuple[int, str]]:
    """Write what became of the calls; which runs were paused, and why. May be run again."""
    paused = _judge(connection, results)
    ordered = sorted(results, key=lambda one: one.call.recipient_id)
    taken = [
        {
            "of": one.call.recipient_id,
            "token": one.call.token,
            "message_id": one.message_id,
            "cost": one.price,
            "size": one.parts,
            "at": now,
            "ask_at": now + FIRST_RECEIPT,
        }
        for one in ordered
        if one.status is State.ACCEPTED
    ]
    if taken:
        connection.execute(_TAKEN, taken)
    other = [one for one in ordered if one.status is not State.ACCEPTED]
    if other:
        connection.execute(_OTHER, [_values(one, now) for one in other])
    uncalled = [{"of": one.call.recipient_id} for one in other if not one.was_called and one.call.is_first]
    if uncalled:
        connection.execute(_NOT_CALLED, uncalled)
    _stop(connection, results)
    return paused


def _values(one: Result, now: datetime) -> dict[str, object]:
    step = one.step or one.call.step
    return {
        "of": one.call.recipient_id,
        "token": one.call.token,
        "state": one.status.value,
        "why": one.reason,
        "again_at": now + FIRST_RECEIPT if one.status is State.UNCERTAIN else one.next_at,
        "on": step.channel,
        "by": step.gateway,
        "end": now if one.status in ledger.FINAL else None,
    }


def _judge(connection: Connection, results: Sequence[Result]) -> list[tuple[int, str]]:
    paused = []
    for run_id in sorted({one.call.run_id for one in results}):
        signs = "".join(
            "1" if one.is_error else "0"
            for one in results
            if one.call.run_id == run_id and (one.is_error is not None or one.status is State.ACCEPTED)
        )
        if not signs:
            continue
        of = (
            select(campaign_run.c.recent, campaign.c.pause_rule)
            .join(campaign, campaign.c.id == campaign_run.c.campaign_id)
            .where(campaign_run.c.id == run_id)
            .with_for_update(of=campaign_run)
        )
        recent, rule = connection.execute(of).one()
        of_last = int(rule.get("of_last", OF_LAST))
        recent = (recent + signs)[-of_last:]
        own = update(campaign_run).where(campaign_run.c.id == run_id)
        connection.execute(own.values(recent=recent))
        many = recent.count("1") * 100 >= int(rule.get("percent", PERCENT)) * of_last
        if many and ledger.pause(connection, run_id, TOO_MANY_ERRORS):
            paused.append((run_id, TOO_MANY_ERRORS))
    for one in results:
        is_last = one.stopped_for is not None and (one.step is None or one.step == one.call.step)
        if is_last and ledger.pause(connection, one.call.run_id, one.stopped_for or ""):
            paused.append((one.call.run_id, one.stopped_for or ""))
    return paused


def _stop(connection: Connection, results: Sequence[Result]) -> None:
    until: dict[str, tuple[datetime, str | None]] = {}
    for one in results:
        if one.stop is not None:
            at, why = until.get(one.call.step.gateway, (one.stop, None))
            until[one.call.step.gateway] = max(at, one.stop), why or one.stopped_for
    for name in sorted(until):
        own = update(gateway_state).where(gateway_state.c.gateway == name)
        connection.execute(own.values(stopped_until=until[name][0], stopped_for=until[name][1]))
