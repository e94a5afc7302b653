"""Uploads of the account: size and type as documented, kept for seven days of simulated time."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from aiohttp import web

from integrations.simulation.people import Upload
from integrations.zalo.sim_api import Refused, invalid
from integrations.zalo.sim_world import World

ASSET_LIFE = timedelta(days=7)
ABOVE_LIMIT = -210
MEGABYTE = 1 << 20
# Kind: bytes at most; how the content begins, by extension ("" = anything)
LIMITS = {"image": MEGABYTE, "gif": 5 * MEGABYTE, "file": 5 * MEGABYTE}
BEGINNINGS: dict[str, dict[str, bytes]] = {
    "image": {".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff", ".png": b"\x89PNG"},
    "gif": {".gif": b"GIF8"},
    "file": {".pdf": b"%PDF", ".doc": b"\xd0\xcf\x11\xe0", ".docx": b"PK", ".csv": b""},
}


@dataclass(frozen=True)
class Asset:
    kind: str
    name: str
    path: str
    expires_at: datetime


class Uploads:
    """Assets by attachment_id or token."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._assets: dict[str, Asset] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.post(f"/v2.0/oa/upload/{kind}", self._world.api.endpoint(self._taking(kind))) for kind in LIMITS]

    def is_there(self, kind: str, id: str) -> bool:
        """Whether a message may use it: known, of this kind, not expired."""
        asset = self._assets.get(id)
        return asset is not None and asset.kind == kind and self._world.clock.now() < asset.expires_at

    def asset(self, id: str) -> Asset:
        return self._assets[id]

    def _taking(self, kind: str) -> Any:
        async def take(request: web.Request) -> Mapping[str, Any]:
            if request.content_type != "multipart/form-data":
                raise invalid("Content-Type")
            part = (await request.post()).get("file")
            extension = PurePath(part.filename).suffix.lower() if isinstance(part, web.FileField) else ""
            if not isinstance(part, web.FileField) or not extension:
                return {}  # as observed: success without data when the part has no proper file name
            content = part.file.read()
            beginning = BEGINNINGS[kind].get(extension)
            if beginning is None or not content.startswith(beginning):
                raise invalid("file")
            if len(content) > LIMITS[kind]:
                raise Refused(ABOVE_LIMIT, "file is too large")
            id = secrets.token_urlsafe(24)
            path = self._world.media.show(Upload(part.filename, part.content_type, content))
            self._assets[id] = Asset(kind, part.filename, path, self._world.clock.now() + ASSET_LIFE)
            return {"token" if kind == "file" else "attachment_id": id}

        return take
