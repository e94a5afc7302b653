"""Zalo for whoever holds providers to their contract: see integrations/registry.py."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations.errors import ProviderError
from integrations.registry import Headers, Specimen
from integrations.zalo import errors
from integrations.zalo.provider import ZaloProvider
from integrations.zalo.sim_account import APP_ID, APP_SECRET, OA_ID, OA_SECRET
from integrations.zalo.simulator import ZaloSimulator

HEADER = "x-zevent-signature"
TIMESTAMP = "1795334400000"  # of the fixtures
_TIMESTAMP = re.compile(rb'"timestamp"\s*:\s*"?(\d+)')


def words(text: str, address: str, number: int, at: datetime) -> bytes:
    event = {
        "app_id": APP_ID,
        "event_name": "user_send_text",
        "timestamp": str(int(at.timestamp() * 1000)),
        "sender": {"id": address},
        "recipient": {"id": OA_ID},
        "message": {"msg_id": f"m{number}", "text": text},
    }
    return json.dumps(event).encode()


def seal(body: bytes, secret: str = OA_SECRET, app_id: str = APP_ID) -> dict[str, str]:
    """hex(SHA-256(app id + body + timestamp + secret))."""
    parts = (app_id.encode(), body, _timestamp(body), secret.encode())
    return {HEADER: "mac=" + hashlib.sha256(b"".join(parts)).hexdigest()}


def forge(body: bytes) -> Mapping[str, tuple[Headers, bytes]]:
    genuine, other = seal(body)[HEADER], body.replace(APP_ID.encode(), b"1111111111111111111")
    return {
        "missing": ({}, body),
        "empty": ({HEADER: ""}, body),
        "wrong": ({HEADER: "mac=" + genuine[:3:-1]}, body),
        "cut": ({HEADER: genuine[:-1]}, body),
        "other_secret": (seal(body, APP_SECRET), body),
        "other_app": (seal(other, app_id="1111111111111111111"), other),
        "other_body": (seal(body + b" "), body),
    }


def renew(event: dict[str, Any], number: int) -> None:
    """Messages have an id; of the rest a repetition has the same body, so the time of the person tells them apart."""
    person = str(3_000_000_000_000_000_000 + number % 5000)
    for party in ("sender", "recipient", "follower"):
        if isinstance(event.get(party), dict) and event[party].get("id") not in (None, OA_ID):
            event[party]["id"] = person
    event["user_id_by_app"] = str(number)
    if isinstance(event.get("message"), dict) and "msg_id" in event["message"]:
        event["message"]["msg_id"] = f"m{number}"


def _timestamp(body: bytes) -> bytes:
    """The platform knows what it wrote, also when the body was damaged on its way or is in another encoding."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        found = _TIMESTAMP.search(body)
        return found[1] if found else b""
    return str(event.get("timestamp", "")).encode() if isinstance(event, dict) else b""


def _errors() -> list[ProviderError]:
    tables = (errors.OPENAPI, errors.BUSINESS, errors.TEMPLATE, errors.OAUTH)
    answered = [table.error(code) for table in tables for code in (*table.entries, -999_999)]
    return [*answered, *(one for one in vars(errors).values() if isinstance(one, ProviderError))]


SPECIMEN = Specimen(
    channel="zalo",
    key="ZALO_OA_SECRET",
    errors=_errors(),
    open=ZaloProvider.from_settings,
    simulator=ZaloSimulator,
    first_act="text",
    envelope={"app_id": APP_ID, "timestamp": TIMESTAMP},
    words=words,
    seal=seal,
    forge=forge,
    renew=renew,
)
