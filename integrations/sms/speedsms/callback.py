"""What SpeedSMS tells at the one address it calls: what became of a message, or what a person wrote back.

Nothing is signed: what a report may change is decided elsewhere. Statuses: 0 arrived, 1 to 63 not yet (it is tried
again), from 64 on never.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from integrations.errors import NotReadable
from integrations.json_body import read_object
from integrations.sms.gateway import Opinion, Report
from integrations.sms.numbers import to_e164

MAX_TEXT = 1000
_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")
_FINAL_FROM, _MOST = 64, 9999
# The sources do not agree on how a message from a person is named
_INCOMING = frozenset({"sms", "incoming"})


def read_report(body: bytes) -> Report | Opinion:
    """One call. Raises NotReadable."""
    said = read_object(body)
    if said is None:
        raise NotReadable("speedsms_not_json")
    kind = said.get("type")
    if kind == "report":
        id_ = message_id(said.get("tranId"))
        if id_ is None:
            raise NotReadable("speedsms_no_id")
        return report_of(said.get("status"), id_)
    if isinstance(kind, str) and kind in _INCOMING:
        return _opinion(said)
    raise NotReadable("speedsms_type")


def report_of(status: Any, id_: str) -> Report:
    """`status`: a number or its digits. Raises NotReadable."""
    number = int(status) if isinstance(status, str) and status.isascii() and status.isdecimal() else status
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _MOST:
        raise NotReadable("speedsms_status")
    if number >= _FINAL_FROM:
        return Report("failed", id_, reason="speedsms_undelivered")
    return Report("accepted" if number else "delivered", id_)


def message_id(value: Any) -> str | None:
    """A tranId, shown as a number here and as text there; None: it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _opinion(said: Mapping[str, Any]) -> Opinion:
    sender, text = said.get("phone"), said.get("content")
    phone = to_e164(str(sender)) if isinstance(sender, str | int) else None
    if phone is None:
        raise NotReadable("speedsms_sender")
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise NotReadable("speedsms_inbound")
    # Without a number of its own it cannot be told from a repetition: who says STOP once more is heard once more
    known = message_id(said.get("tranId")) or secrets.token_hex(16)
    return Opinion(phone, text, f"speedsms-{known}")
