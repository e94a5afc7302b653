"""An entry of eSMS's list of what was sent (GetSmsSentData_V2): which of our messages it is, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.sms.amounts import amount
from integrations.sms.esms.callback import MAX_ID
from integrations.sms.gateway import Report

# Its page names no zone; that of its other times
_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_REJECTED, _FINISHED = 4, 5
_FAILED, _ARRIVED = 0, 1


def local_time(at: datetime) -> str:
    """As From and To are written."""
    return f"{at.astimezone(_ZONE):%Y-%m-%d %H:%M:%S}"


def read_listed(entry: Any) -> tuple[str, Report | None]:
    """Our request_id, and the report; None for an entry that is no message of ours or cannot be read."""
    if not isinstance(entry, dict):
        return "", None
    id_, message_id = entry.get("Campaign"), entry.get("ReferenceId")
    if not isinstance(id_, str) or not 0 < len(id_) <= MAX_ID:
        return "", None
    known = message_id if isinstance(message_id, str) and 0 < len(message_id) <= MAX_ID else None
    status, price = amount(entry.get("SendStatus")), amount(entry.get("SellPrice"))
    if status == _REJECTED:
        return id_, Report("failed", known, id_, "esms_rejected", price)
    if status != _FINISHED:
        return id_, Report("accepted", known, id_, price=price) if status is not None else None
    said = entry.get("SendResult")
    result = int(said) if isinstance(said, bool) else amount(said)
    if result == _ARRIVED:
        return id_, Report("delivered", known, id_, price=price)
    if result == _FAILED:
        return id_, Report("failed", known, id_, "esms_undelivered", price)
    return id_, Report("accepted", known, id_, price=price)  # 2: eSMS does not know yet
