"""Files that the platform keeps for its users, at addresses that expire by the simulated clock."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from aiohttp import web

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.people import Upload


@dataclass(frozen=True)
class Kept:
    upload: Upload
    expires_at: datetime | None


class MediaShelf:
    """Addresses are `/media/<unguessable>/<name>` of the simulator; with `/__sim` before them for the page, whose
    requests are neither journalled nor struck by faults.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._kept: dict[str, Kept] = {}

    def put(self, upload: Upload, life: timedelta | None = None) -> str:
        """The path under which the file can be had for `life` of simulated time (None = for ever)."""
        key = secrets.token_urlsafe(16)
        self._kept[key] = Kept(upload, None if life is None else self._clock.now() + life)
        return f"/media/{key}/{quote(upload.name, safe='')}"

    def show(self, upload: Upload) -> str:
        """The path for the page, for ever."""
        return f"/__sim{self.put(upload)}"

    def get(self, key: str) -> Upload | None:
        """None when there is no such file any more."""
        kept = self._kept.get(key)
        if kept is None or (kept.expires_at is not None and kept.expires_at <= self._clock.now()):
            return None
        return kept.upload

    async def answer(self, request: web.Request) -> web.Response:
        """Handler of GET /media/{key}/{name}."""
        upload = self.get(request.match_info["key"])
        if upload is None:
            return web.Response(status=404, text="Not Found")
        # Whatever a test uploaded is shown on our own page too: it must never run there
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
        return web.Response(body=upload.content, content_type=upload.media_type, headers=headers)
