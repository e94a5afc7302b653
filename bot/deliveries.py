"""What becomes of a delivery in the database: taken, accepted, failed, given back; each within a transaction.

The idempotency story is told in `bot.sender`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, select, update

from bot import metrics
from bot.outbox import WENT_OUT
from bot.retry import ECHO_WAIT, RetryDecision
from integrations.provider import Provider, Sent
from store.clock import Clock
from store.logs import get_logger
from store.privacy_tables import ERASED
from store.queries import claim_deliveries, undelivered
from store.tables import conversation, outbound

log = get_logger("bot.deliveries")

# A conversation is left to its sender so long: longer than a delivery. It is what the conversations of a killed sender
# wait before their open call is declared uncertain.
LEASE = timedelta(seconds=25)
NO_PROVIDER_WAIT = timedelta(minutes=1)
INTERRUPTED, UNREACHABLE = "interrupted", "unreachable"

# What sending needs of a conversation; its dialogue, which may be long, stays where it is.
_LOCK = (
    select(*(conversation.c[name] for name in ("id", "channel", "address", "unreachable", "last_heard_at", "send_at")))
    .where(conversation.c.id == bindparam("conversation"))
    .with_for_update()
)
_OPEN = outbound.c.status.in_(("sending", "uncertain"))
_STAY_DUE = (
    update(conversation)
    .where(conversation.c.id == bindparam("conversation"))
    .values(send_at=func.coalesce(conversation.c.send_at, bindparam("at")))
)
_SEND_AT = update(conversation).where(conversation.c.id == bindparam("conversation")).values(send_at=bindparam("at"))
_OURS = update(outbound).where(outbound.c.id == bindparam("message"), outbound.c.attempt == bindparam("token"), _OPEN)
_ACCEPTED = _OURS.values(WENT_OUT)
_MARK = (
    update(outbound)
    .where(outbound.c.id == bindparam("message"))
    .values(status="sending", attempt=bindparam("token"), attempts=outbound.c.attempts + 1, decide_at=None)
)


@dataclass(frozen=True)
class Call:
    """A message marked `sending` for us. `until`: our lease of its conversation."""

    conversation: RowMapping
    message: RowMapping
    token: str
    until: datetime

    @property
    def channel(self) -> str:
        return str(self.conversation["channel"])

    @property
    def own(self) -> dict[str, Any]:
        """The parameters of _OURS."""
        return {"message": self.message["id"], "token": self.token}


class Deliveries:
    """For one process. `providers`: by channel. `is_ending`: nothing more is taken."""

    def __init__(self, clock: Clock, providers: Mapping[str, Provider]) -> None:
        self.clock, self.providers, self.is_ending = clock, providers, False

    def claim(self, connection: Connection, limit: int) -> list[Call]:
        now = self.clock.now()
        taken = claim_deliveries(connection, now, now + LEASE, limit)
        return [call for id_ in taken if (call := self.next(connection, self._lock(connection, id_))) is not None]

    def next(self, connection: Connection, row: RowMapping) -> Call | None:
        """The conversation's next message, marked as ours; None when there is nothing to send now.

        Only whoever has taken the conversation calls this: a row that is `sending` here was left by somebody dead.
        """
        now, conversation_id = self.clock.now(), row["id"]
        provider = self.providers.get(row["channel"])
        if provider is None:
            return self._rest(connection, conversation_id, now + NO_PROVIDER_WAIT)
        if self.is_ending:
            return self._rest(connection, conversation_id, now)
        for message in undelivered(connection, conversation_id):
            status, decide_at = message["status"], message["decide_at"]
            if status == "sending":
                decide_at = now + ECHO_WAIT if provider.echoes else None
                self._change(connection, message, status="uncertain", error=INTERRUPTED, decide_at=decide_at)
                log.warning("message_uncertain", message=message["id"], code=INTERRUPTED)
                metrics.message_delivered(row["channel"], "uncertain")
                status = "uncertain"
            if decide_at is not None and decide_at > now:
                return self._rest(connection, conversation_id, decide_at)
            if status == "uncertain":
                self._change(connection, message, decide_at=None)
                continue
            if status == "held" and decide_at is None:
                return self._rest(connection, conversation_id, None)
            if row["unreachable"]:
                self._change(connection, message, status="failed", error=UNREACHABLE)
                metrics.message_delivered(row["channel"], "failed")
                continue
            call = Call(row, message, secrets.token_hex(16), now + LEASE)
            connection.execute(_MARK, {"message": message["id"], "token": call.token})
            self._rest(connection, conversation_id, call.until)
            return call
        return self._rest(connection, conversation_id, None)

    def accepted(self, connection: Connection, call: Call, sent: Sent) -> Call | None:
        """The provider has taken it. What comes next."""
        known = self._lock(connection, call.conversation["id"])
        # Nothing is written where an echo or a receipt was faster
        result = {"provider_id": sent.provider_message_id, "at": self.clock.now()}
        if connection.execute(_ACCEPTED, call.own | result).rowcount:
            metrics.message_delivered(call.channel, "sent")
        if sent.state:
            # What was erased meanwhile (programme/erasure.py) learns nothing of its owner any more
            is_somebodys = func.coalesce(conversation.c.unreachable, "") != ERASED
            state = update(conversation).where(conversation.c.id == known["id"], is_somebodys)
            connection.execute(state.values(provider_state=sent.state))
        return self._go_on(connection, call, known)

    def failed(self, connection: Connection, call: Call, decision: RetryDecision) -> Call | None:
        """The provider has not taken it, or nobody knows. What comes next."""
        known, now = self._lock(connection, call.conversation["id"]), self.clock.now()
        if known["last_heard_at"] != call.conversation["last_heard_at"] and decision.is_about_owner:
            decision = RetryDecision("waiting", decision.code, now)  # they have written since: it is so no more
        # Uncertain until the echo's time is over, held until the owner is invited once more
        decide_at = decision.again_at if decision.status in ("uncertain", "held") else None
        if not self._is_ours(connection, call, status=decision.status, error=decision.code, decide_at=decide_at):
            return self._go_on(connection, call, known)
        if decision.unreachable:
            own = update(conversation).where(conversation.c.id == known["id"])
            connection.execute(own.values(unreachable=decision.code[:40]))
            known = self._lock(connection, known["id"])
        if decision.status != "waiting":
            return self._go_on(connection, call, known)
        self._wait(connection, call, known, decision.again_at or now)
        return None

    def give_back(self, connection: Connection, call: Call, at: datetime) -> None:
        """It was not called: certainly not taken, and no attempt."""
        known = self._lock(connection, call.conversation["id"])
        if self._is_ours(connection, call, status="waiting", attempt=None, attempts=call.message["attempts"]):
            self._wait(connection, call, known, at)

    def _go_on(self, connection: Connection, call: Call, known: RowMapping) -> Call | None:
        """What comes next, unless somebody else has taken the conversation when our lease was over."""
        if known["send_at"] == call.until:
            return self.next(connection, known)
        self._wait(connection, call, known, self.clock.now())
        return None

    def _wait(self, connection: Connection, call: Call, known: RowMapping, at: datetime) -> None:
        """Look again at `at`; who has taken the conversation meanwhile may do so when they like."""
        if known["send_at"] == call.until:
            self._rest(connection, known["id"], at)
        else:
            connection.execute(_STAY_DUE, {"conversation": known["id"], "at": at})

    @staticmethod
    def _lock(connection: Connection, conversation_id: str) -> RowMapping:
        return connection.execute(_LOCK, {"conversation": conversation_id}).mappings().one()

    @staticmethod
    def _rest(connection: Connection, conversation_id: str, at: datetime | None) -> None:
        connection.execute(_SEND_AT, {"conversation": conversation_id, "at": at})

    @staticmethod
    def _change(connection: Connection, message: RowMapping, **values: Any) -> None:
        connection.execute(update(outbound).where(outbound.c.id == message["id"]).values(values))

    @staticmethod
    def _is_ours(connection: Connection, call: Call, **values: Any) -> bool:
        """Write a call's result, unless an echo or a receipt has brought it already, or a later attempt took over."""
        return connection.execute(_OURS.values(values), call.own).rowcount == 1
