"""One webhook call: is it Zalo's, is it for our app, and what does it say. What each event means: events.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.errors import NotGenuine, NotReadable, NotSetUp
from integrations.json_body import read_object
from integrations.zalo.events import Envelope, read_event
from integrations.zalo.fields import Unfit, number_text
from integrations.zalo.signature import APP, HEADER, Secrets
from store.events import Event, Unread
from store.settings import Settings

ZNS_HEADER = "x-zevent-server"
# Zalo repeats what was not acknowledged, with its first timestamp, for up to 24 hours, and our clock may be wrong: age
# says nothing about who sent it. What is older than this is not acted on, but kept for a person.
MAX_AGE = timedelta(days=7)
# For a body that cannot be read: whether Zalo sent it can be told all the same.
_TIMESTAMP = re.compile(rb'"timestamp"\s*:\s*"?(\d{1,20})')


class Webhook:
    """Reads calls to the webhook address of one app and one OA."""

    def __init__(self, app_id: str, oa_id: str, secrets: Secrets) -> None:
        self.app_id, self.oa_id, self.secrets = app_id, oa_id, secrets

    @classmethod
    def from_settings(cls, settings: Settings) -> Webhook:
        if settings.zalo_app_id is None or settings.zalo_oa_id is None:
            raise ValueError("no Zalo account is configured")
        return cls(settings.zalo_app_id, settings.zalo_oa_id, Secrets.from_settings(settings))

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[Event]:
        """Header names in lower case. Raises NotSetUp, NotGenuine, NotReadable."""
        if not self.secrets.believed:
            # Zalo shows the OA secret only after the address has answered
            raise NotSetUp("zalo_bootstrap")
        header = headers.get(HEADER)
        if not header:
            raise NotGenuine("zalo_no_mac")
        data = read_object(body)
        if data is None:
            found = _TIMESTAMP.search(body)
            self.secrets.require(header, self.app_id, body, found[1].decode() if found else "")
            raise NotReadable("zalo_not_json")
        if number_text(data.get("app_id")) != self.app_id:
            raise NotGenuine("zalo_other_app")
        timestamp = number_text(data.get("timestamp")) or ""
        self.secrets.require(header, self.app_id, body, timestamp)
        return [self._event(data, body, timestamp, headers.get(ZNS_HEADER) is not None, now)]

    def _event(self, data: dict[str, Any], body: bytes, timestamp: str, is_zns: bool, now: datetime) -> Event:
        envelope = Envelope(data, body, self.oa_id, now, is_zns, shares_secret=APP in self.secrets.believed)
        try:
            sent_at = _moment(timestamp)
            if now - sent_at > MAX_AGE:
                raise Unfit("too_old")
            # A provider's clock ahead of ours must not date anything into the future
            return read_event(envelope, min(sent_at, now))
        except Unfit as unfit:
            return Unread(envelope.unique_id, envelope.name, envelope.source, str(unfit))


def _moment(timestamp: str) -> datetime:
    """Milliseconds since 1970."""
    try:
        return datetime.fromtimestamp(int(timestamp) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise Unfit("timestamp") from None
