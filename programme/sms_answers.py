"""Confirmations of a refusal, or of its end, where the gateway's call brings no answer back: an SMS of its own, once.

The row is written in the transaction of the word itself, so no refusal stays unconfirmed and none is confirmed twice:
`uid` names the word. Decree 91/2020/NĐ-CP, article 16, wants the confirmation at once: hours and caps are not for it.
It is marked as `sending` before the call; whoever dies meanwhile, or hears no answer, leaves it `uncertain` for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, func, select, update

from store import forgotten
from store.crypto import Keyring
from store.database import insert_if_new
from store.sms_tables import UNCONFIRMED, sms_answer

# A number gets no more than so many a day: whoever knows the secret address must not write to people at our cost
MOST_A_DAY = 4
LEASE = timedelta(minutes=2)
# A confirmation that is so late confirms nothing any more
KEPT_TRYING = timedelta(hours=24)
_DAY = timedelta(days=1)
_SETTLED: Mapping[str, None] = MappingProxyType(dict.fromkeys(("phone", "next_at")))


@dataclass(frozen=True)
class SmsAnswer:
    """One to be sent now, marked as `sending` for us. `phone` in E.164."""

    id: int
    uid: str
    gateway: str
    phone: str
    text: str
    attempts: int  # this one included
    created_at: datetime


def put(connection: Connection, keyring: Keyring, gateway: str, phone: str, text: str, uid: str, now: datetime) -> bool:
    """Have `text` sent to `phone` by `gateway`; whether it is new. In the transaction of the word `uid`."""
    key = forgotten.phone_key(keyring, phone)
    lately = select(func.count()).where(sms_answer.c.phone_key == key, sms_answer.c.created_at > now - _DAY)
    if (connection.scalar(lately) or 0) >= MOST_A_DAY:
        return False
    row = {"uid": uid, "gateway": gateway, "phone": phone, "phone_key": key, "text": text}
    return insert_if_new(connection, sms_answer, {**row, "next_at": now, "created_at": now}) is not None


def take(connection: Connection, gateways: tuple[str, ...], now: datetime) -> SmsAnswer | None:
    """The next one that is due, marked as ours; None: there is none. Commit before it is sent."""
    lost = update(sms_answer).where(sms_answer.c.status == "sending", sms_answer.c.next_at <= now)
    interrupted = {**_SETTLED, "status": "uncertain", "reason": "interrupted", "settled_at": now}
    connection.execute(lost.values(interrupted))
    is_due = sms_answer.c.settled_at.is_(None), sms_answer.c.status == "waiting", sms_answer.c.next_at <= now
    of = select(sms_answer).where(*is_due, sms_answer.c.gateway.in_(gateways))
    first = of.order_by(sms_answer.c.next_at, sms_answer.c.id).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(first).mappings().first()
    if row is None:
        return None
    marked = {"status": "sending", "next_at": now + LEASE, "attempts": row["attempts"] + 1}
    connection.execute(update(sms_answer).where(sms_answer.c.id == row["id"]).values(marked))
    kept = (row["id"], row["uid"], row["gateway"], row["phone"], row["text"], row["attempts"] + 1, row["created_at"])
    return SmsAnswer(*kept)


def settle(connection: Connection, one: SmsAnswer, status: str, reason: str | None, now: datetime) -> None:
    """It is over: sent, uncertain or failed. The number goes."""
    _close(connection, one, {**_SETTLED, "status": status, "reason": reason, "settled_at": now})


def put_off(connection: Connection, one: SmsAnswer, reason: str, at: datetime, now: datetime) -> None:
    """It was certainly not taken: again at `at`, unless that is too late to confirm anything."""
    if at - one.created_at > KEPT_TRYING:
        settle(connection, one, "failed", reason, now)
    else:
        _close(connection, one, {"status": "waiting", "reason": reason, "next_at": at})


def unconfirmed(connection: Connection, since: datetime) -> int:
    """How many that ended after `since` did not go out, or may not have."""
    ended = select(func.count()).select_from(sms_answer).where(UNCONFIRMED, sms_answer.c.settled_at > since)
    return connection.scalar(ended) or 0


def _close(connection: Connection, one: SmsAnswer, values: Mapping[str, Any]) -> None:
    mine = sms_answer.c.id == one.id, sms_answer.c.status == "sending", sms_answer.c.attempts == one.attempts
    connection.execute(update(sms_answer).where(*mine).values(values))
