"""The invented account of the tests: settings, signed events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from integrations.zalo import signature
from integrations.zalo.webhook import Webhook
from store.settings import Settings

APP_ID, OA_ID, USER = "1234567890123456789", "9998887776665554443", "2223334445556667778"
APP_SECRET, OA_SECRET, OLD_OA_SECRET = "demo-app-secret", "demo-oa-secret", "demo-oa-secret-of-last-year"
TIMESTAMP = "1795334400000"
SENT_AT = datetime.fromtimestamp(1795334400, UTC)
FIXTURES = Path(signature.__file__).parent / "fixtures"


def zalo_settings(**changes: Any) -> Settings:
    values = {
        "zalo_app_id": APP_ID,
        "zalo_app_secret": APP_SECRET,
        "zalo_oa_id": OA_ID,
        "zalo_oa_secret": OA_SECRET,
    }
    return Settings(_env_file=None, **{**values, **changes})


def fixture(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def changed(name: str, **changes: Any) -> bytes:
    """The fixture with other top-level fields; one that is None is left out."""
    data = {**json.loads(fixture(name)), **changes}
    return json.dumps({key: value for key, value in data.items() if value is not None}).encode()


def signed(body: bytes, secret: str = OA_SECRET, timestamp: str = TIMESTAMP) -> dict[str, str]:
    return {"x-zevent-signature": "mac=" + signature.sign(APP_ID, body, timestamp, secret)}


@cache
def _webhook(**changes: Any) -> Webhook:
    return Webhook.from_settings(zalo_settings(**changes))


def read(body: bytes, now: datetime = SENT_AT, headers: dict[str, str] | None = None, **settings: Any) -> Any:
    """What the webhook makes of a signed body."""
    (event,) = _webhook(**settings).read({**signed(body), **(headers or {})}, body, now)
    return event
