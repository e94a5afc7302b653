"""One call to a gateway about one recipient: what is needed for it, and what its outcome means for the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.errors import Fate, SendFailed
from programme.ledger import State

# Whoever is killed leaves its calls; after so long another takes them up. Longer than a call and its result's writing.
LEASE = timedelta(seconds=40)
CALL_SECONDS = 20.0
# Between claim and call; longer, and the law is asked again.
FRESH = timedelta(seconds=5)
# Waits after 1, 2, … calls that were certainly not taken; after the last the next gateway's turn comes.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30))
# A call whose answer was lost is repeated so often where the gateway remembers.
MOST_REPEATED = 6
ASK_AGAIN = timedelta(seconds=5)
# Of the time that a gateway remembers so much is not used: clocks differ, and are set back by an hour.
REMEMBER_MARGIN = timedelta(hours=2)
BACK_OFF = timedelta(seconds=1)
STOPPED = timedelta(minutes=10)
FIRST_RECEIPT = timedelta(minutes=10)


@dataclass(frozen=True)
class Step:
    """One way to a recipient: a channel, and who carries it ("" on zalo)."""

    channel: str
    gateway: str


@dataclass(frozen=True)
class Call:
    """A row that is marked `sending` for us. `values`: what its text's variables become. `next`: where it may go when
    this step certainly does not take it."""

    recipient_id: int
    run_id: int
    token: str
    step: Step
    next: Step | None
    request_id: str
    phone: str
    kind: str
    variant: Mapping[str, Any]
    values: Mapping[str, str]
    attempts: int  # this one included
    is_first: bool  # never called before, about this message
    claimed_at: datetime
    deadline: datetime | None


@dataclass(frozen=True)
class Result:
    """What becomes of a row. `is_error`: for the pause rule; None: it says nothing of the gateway. `stop`: the
    gateway is left alone until then, `stopped_for`: and a person must act. `attempts`: those that count, if not all."""

    call: Call
    status: State
    reason: str | None = None
    next_at: datetime | None = None
    step: Step | None = None
    message_id: str | None = None
    price: int | None = None
    parts: int | None = None
    was_called: bool = True
    is_error: bool | None = None
    stop: datetime | None = None
    stopped_for: str | None = None
    attempts: int | None = None


def may_repeat(remembers: timedelta, tried_at: datetime | None, now: datetime) -> bool:
    """Whether a call with the same request_id cannot become a second message: the gateway still remembers it."""
    if tried_at is None or remembers <= timedelta(0):
        return False
    margin = min(REMEMBER_MARGIN, remembers / 2)
    return abs(now - tried_at) < remembers - margin


def failed(call: Call, failure: SendFailed, remembers: timedelta, now: datetime) -> Result:
    """What follows from a call that was not simply accepted."""
    code, fate = failure.error.code[:40], failure.error.fate
    told = min(
        timedelta(seconds=failure.after_seconds or 0), STOPPED
    )  # a longer stop would be taken for a clock's error
    if fate is Fate.UNCERTAIN:
        if remembers > timedelta(0) and call.attempts < MOST_REPEATED:
            # It stays `sending`, since it may be on its way; the recovery repeats it under the same request_id
            return Result(call, State.SENDING, code, now + max(told, ASK_AGAIN), call.step)
        return Result(call, State.UNCERTAIN, code, None, call.step, is_error=True)
    if not call.is_first and fate is Fate.RETRY and remembers > timedelta(0) and call.attempts < MOST_REPEATED:
        return Result(call, State.SENDING, code, now + max(told, ASK_AGAIN), call.step)
    if not call.is_first and fate is not Fate.CHANNEL_DOWN and fate is not Fate.BACK_OFF:
        # An earlier call about it had no answer: that this one was refused says nothing of that one
        return Result(call, State.UNCERTAIN, code, None, call.step, is_error=True)
    if fate is Fate.BACK_OFF:
        at = now + max(BACK_OFF, told)
        kept = State.WAITING if call.is_first else State.SENDING
        # Its own pace is no failure of the message, which must not run out of attempts by it
        return Result(call, kept, code, at, call.step, stop=at, attempts=max(1, call.attempts - 1))
    if fate is Fate.CHANNEL_DOWN:
        if not call.is_first:
            return Result(call, State.SENDING, code, now + STOPPED, call.step, stop=now + STOPPED, stopped_for=code)
        onward = call.next or call.step
        # With another gateway left it is no error of the run: hundreds may be under way when one goes out of order
        is_error = True if call.next is None else None
        until = now + STOPPED
        return Result(
            call, State.WAITING, code, None, onward, is_error=is_error, stop=until, stopped_for=code, attempts=1
        )
    if fate is Fate.RETRY and call.attempts <= len(WAITS):
        return Result(call, State.WAITING, code, now + max(told, WAITS[call.attempts - 1]), call.step, is_error=True)
    if call.next is not None:
        return Result(call, State.WAITING, code, None, call.next, is_error=True, attempts=1)
    return Result(call, State.FAILED, code, None, call.step, is_error=True)
