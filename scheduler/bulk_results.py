"""Results of calls, written many in one transaction; what they mean for the run (pause rule) and the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Update, bindparam, case, func, or_, select, update

from programme import ledger
from programme.ledger import State
from scheduler.bulk_calls import FIRST_RECEIPT, Result
from store.campaign_tables import campaign, campaign_run, gateway_state, recipient
from store.many_rows import Given, UpdateEach, among

PERCENT, OF_LAST = 10, 500
TOO_MANY_ERRORS = "too_many_errors"

# Not IN: on SQLite it cannot be executed for many rows at once
_OPEN = or_(recipient.c.status == State.SENDING.value, recipient.c.status == State.UNCERTAIN.value)
_NOW = bindparam("now", type_=recipient.c.accepted_at.type)


def _ours(given: Given) -> Update:
    return update(recipient).where(recipient.c.id == given["of"], recipient.c.attempt == given["token"])


def _taken(given: Given) -> Update:
    """A receipt may have been faster: then its state stays, and only the names are filled in."""
    return _ours(given).values(
        status=case((_OPEN, State.ACCEPTED.value), else_=recipient.c.status),
        reason=case((_OPEN, None), else_=recipient.c.reason),
        next_at=case((_OPEN, bindparam("ask_at", type_=recipient.c.next_at.type)), else_=recipient.c.next_at),
        gateway_message_id=func.coalesce(recipient.c.gateway_message_id, given["message_id"]),
        price=func.coalesce(recipient.c.price, given["cost"]),
        parts=given["size"],
        accepted_at=func.coalesce(recipient.c.accepted_at, _NOW),
    )


def _said(given: Given) -> Update:
    values = {"status": "state", "reason": "why", "next_at": "again_at", "channel": "on", "gateway": "by"}
    changes = {column: given[name] for column, name in values.items()}
    return _ours(given).values(**changes, attempts=given["tries"], final_at=given["end"])


def _goes_on(given: Given) -> Update:
    """Given up as uncertain meanwhile, it is not taken up again: the run may have ended, and nobody would look."""
    return _said(given).where(recipient.c.status == State.SENDING.value)


def _not_called(given: Given) -> Update:
    return _ours(given).where(recipient.c.attempts <= 1).values(tried_at=None, attempts=0, request_id=None)


_CALL = {"of": recipient.c.id.type, "token": recipient.c.attempt.type}
_TAKEN = UpdateEach(
    {
        **_CALL,
        "message_id": recipient.c.gateway_message_id.type,
        "cost": recipient.c.price.type,
        "size": recipient.c.parts.type,
    },
    _taken,
)
_SAID = {
    **_CALL,
    "state": recipient.c.status.type,
    "why": recipient.c.reason.type,
    "again_at": recipient.c.next_at.type,
    "on": recipient.c.channel.type,
    "by": recipient.c.gateway.type,
    "tries": recipient.c.attempts.type,
    "end": recipient.c.final_at.type,
}
_SETTLED = UpdateEach(_SAID, lambda given: _said(given).where(_OPEN))
_GOES_ON = UpdateEach(_SAID, _goes_on)
_NOT_CALLED = UpdateEach(_CALL, _not_called)
_ON = frozenset({State.WAITING, State.SENDING})


def write(results: Sequence[Result], now: datetime, connection: Connection) -> list[tuple[int, str]]:
    """Write what became of the calls; which runs were paused, and why. May be run again."""
    paused = _judge(connection, results)
    # In the order in which everybody takes them
    ids = among(connection, recipient.c.id, {one.call.recipient_id for one in results})
    connection.execute(select(recipient.c.id).where(ids).order_by(recipient.c.id).with_for_update()).all()
    taken = [_taken_values(one) for one in results if one.status is State.ACCEPTED]
    _TAKEN.execute(connection, taken, now=now, ask_at=now + FIRST_RECEIPT)
    other = [one for one in results if one.status is not State.ACCEPTED]
    _GOES_ON.execute(connection, [_other_values(one, now) for one in other if one.status in _ON])
    _SETTLED.execute(connection, [_other_values(one, now) for one in other if one.status not in _ON])
    uncalled = [one for one in other if not one.was_called and one.call.is_first]
    _NOT_CALLED.execute(connection, [{"of": one.call.recipient_id, "token": one.call.token} for one in uncalled])
    _stop(connection, results)
    return paused


def _taken_values(one: Result) -> dict[str, object]:
    return {
        "of": one.call.recipient_id,
        "token": one.call.token,
        "message_id": one.message_id,
        "cost": one.price,
        "size": one.parts,
    }


def _other_values(one: Result, now: datetime) -> dict[str, object]:
    step = one.step or one.call.step
    return {
        "of": one.call.recipient_id,
        "token": one.call.token,
        "state": one.status.value,
        "why": one.reason,
        "again_at": now + FIRST_RECEIPT if one.status is State.UNCERTAIN else one.next_at,
        "on": step.channel,
        "by": step.gateway,
        "tries": one.call.attempts if one.attempts is None else one.attempts,
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
        is_last = one.stopped_for is not None and one.call.next is None
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
