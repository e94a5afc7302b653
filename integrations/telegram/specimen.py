"""Telegram for whoever holds providers to their contract: see integrations/registry.py."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations.registry import Headers, Specimen
from integrations.telegram.errors import ERRORS
from integrations.telegram.provider import TelegramProvider
from integrations.telegram.sim_account import WEBHOOK_SECRET
from integrations.telegram.simulator import TelegramSimulator

HEADER = "x-telegram-bot-api-secret-token"


def words(text: str, address: str, number: int, at: datetime) -> bytes:
    person = {"id": int(address), "first_name": "Hoa"}
    message = {
        "message_id": number,
        "date": int(at.timestamp()),
        "from": {**person, "is_bot": False},
        "chat": {**person, "type": "private"},
        "text": text,
    }
    return json.dumps({"update_id": number, "message": message}).encode()


def seal(body: bytes) -> dict[str, str]:
    """The same for every body."""
    return {HEADER: WEBHOOK_SECRET}


def forge(body: bytes) -> Mapping[str, tuple[Headers, bytes]]:
    headers: dict[str, Headers] = {
        "missing": {},
        "empty": {HEADER: ""},
        "wrong": {HEADER: WEBHOOK_SECRET[::-1]},
        "cut": {HEADER: WEBHOOK_SECRET[:-1]},
        "longer": {HEADER: WEBHOOK_SECRET + "0"},
        "upper": {HEADER: WEBHOOK_SECRET.upper()},
    }
    return {name: (given, body) for name, given in headers.items()}


def renew(event: dict[str, Any], number: int) -> None:
    if isinstance(event.get("update_id"), int):
        event["update_id"] = number
    for part in event.values():
        for chat in _chats(part):
            if chat.get("type") == "private":
                chat["id"] = 6_000_000_000 + number % 5000


def _chats(part: Any) -> list[dict[str, Any]]:
    """The chats that an update's part names."""
    if not isinstance(part, dict):
        return []
    named = (part.get("chat"), *([part["message"].get("chat")] if isinstance(part.get("message"), dict) else []))
    return [chat for chat in named if isinstance(chat, dict)]


def _open(settings: Any, _database: Any, _clock: Any) -> TelegramProvider:
    return TelegramProvider.from_settings(settings)


SPECIMEN = Specimen(
    channel="telegram",
    key="TELEGRAM_WEBHOOK_SECRET",
    errors=ERRORS.values(),
    open=_open,
    simulator=TelegramSimulator,
    first_act="start",
    envelope={},
    words=words,
    seal=seal,
    forge=forge,
    renew=renew,
)
