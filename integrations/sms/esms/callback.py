"""eSMS's report of a message, by callback or when asked. It is not signed: what it may change is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.errors import NotReadable
from integrations.sms.amounts import amount
from integrations.sms.gateway import Report

MAX_ID = 80
_WAITING = frozenset({1, 2, 7})
_REJECTED, _FINISHED = 4, 5


def read_callback(query: Mapping[str, str]) -> Report:
    """The query of a call to CallbackUrl. Raises NotReadable."""
    message_id, request_id = query.get("SMSID") or None, query.get("RequestId") or None
    if message_id is None and request_id is None:
        raise NotReadable("esms_no_id")
    if any(one is not None and len(one) > MAX_ID for one in (message_id, request_id)):
        raise NotReadable("esms_long_id")
    return report_of(query, message_id, request_id)


def report_of(said: Mapping[str, Any], message_id: str | None, request_id: str | None) -> Report:
    """`said`: SendStatus and counters, numbers or their digits. Counters may count parts: none is taken for 1."""
    status, failed = amount(said.get("SendStatus")), amount(said.get("SendFailed"))
    price = amount(said.get("TotalPrice"))
    if status in _WAITING:
        return Report("accepted", message_id, request_id, price=price)
    if status == _REJECTED:
        return Report("failed", message_id, request_id, "esms_rejected", price)
    if status != _FINISHED:
        raise NotReadable("esms_status")
    if failed:
        return Report("failed", message_id, request_id, "esms_undelivered", price)
    if not amount(said.get("SendSuccess")):
        raise NotReadable("esms_counts")
    return Report("delivered", message_id, request_id, price=price)
