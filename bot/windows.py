"""What the owner's channel allows now: whether a message is free, charged, or would be held until the owner writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping

from integrations.zalo.windows import Standing, window


@dataclass(frozen=True)
class Sending:
    """`standing`: open (the channel knows no window) | free | charged | closed. `until`: when that ends, if it does.

    `left`: how many free messages the provider said are left in this window; None: it did not say.
    """

    standing: str
    until: datetime | None = None
    left: int | None = None


def sending(conversation: RowMapping, now: datetime) -> Sending:
    """For a conversation's row: `channel`, `last_heard_at`, `provider_state`."""
    if conversation["channel"] != "zalo":
        return Sending("open")
    now_open = window(conversation["last_heard_at"], now)
    quota = (conversation["provider_state"] or {}).get("quota", {})
    remain = quota.get("remain", "") if quota.get("quota_type") == "reply" else ""
    if now_open.standing is Standing.FREE and remain.isdecimal():
        left = int(remain)
        return Sending("charged" if left == 0 else "free", now_open.until, left)
    return Sending(now_open.standing.value, now_open.until)
