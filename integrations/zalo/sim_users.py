"""Users, the account and the quota."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from integrations.zalo.sim_account import OA_ID, OA_NAME
from integrations.zalo.sim_api import Refused, data_of, invalid, json_body
from integrations.zalo.sim_messages import Window
from integrations.zalo.sim_world import World

MOST_USERS = 50
LAST_OFFSET = 9951


class Users:
    def __init__(self, world: World, window: Window) -> None:
        self._world, self._window = world, window

    def routes(self) -> list[web.RouteDef]:
        endpoint = self._world.api.endpoint
        return [
            web.get("/v3.0/oa/user/detail", endpoint(self.detail)),
            web.get("/v3.0/oa/user/getlist", endpoint(self.list)),
            web.get("/v2.0/oa/getoa", endpoint(self.account)),
            web.post("/v3.0/oa/quota/message", endpoint(self.quota)),
        ]

    async def detail(self, request: web.Request) -> Mapping[str, Any]:
        citizen = self._world.citizen(data_of(request).get("user_id"))
        last = citizen.last_interaction
        day = last.astimezone(self._world.clock.timezone).strftime("%d/%m/%Y") if last else ""
        return {
            "user_id": citizen.id,
            "user_id_by_app": citizen.id_by_app,
            "user_external_id": "",
            "display_name": citizen.name,
            "user_alias": citizen.name,
            "is_sensitive": False,
            "user_last_interaction_date": day,
            "user_is_follower": citizen.follows,
            "avatar": "",
            "avatars": {"120": "", "240": ""},
            "dynamic_param": "",
            "tags_and_notes_info": {"notes": [], "tag_names": []},
            "shared_info": {},
        }

    async def list(self, request: web.Request) -> Mapping[str, Any]:
        data = data_of(request)
        offset, count = data.get("offset"), data.get("count")
        if type(offset) is not int or type(count) is not int or offset < 0 or count < 1:
            raise invalid("offset")
        if count > MOST_USERS or offset > LAST_OFFSET:
            raise Refused(-210, "count or offset is above the limit")
        ids = [{"user_id": citizen.id} for citizen in self._world.people if citizen.last_interaction or citizen.follows]
        return {"total": len(ids), "count": count, "offset": offset, "users": ids[offset : offset + count]}

    async def account(self, request: web.Request) -> Mapping[str, Any]:
        if request.query:
            raise invalid("data")
        return {"oa_id": OA_ID, "name": OA_NAME, "description": "", "avatar": "", "is_verified": True}

    async def quota(self, request: web.Request) -> Mapping[str, Any]:
        citizen = self._world.citizen((await json_body(request)).get("user_id"))
        last = citizen.last_interaction
        remain, total = self._window.free_left(citizen)
        return {
            "last_interaction": str(int(last.timestamp() * 1000)) if last else "0",
            "cs_reply": {"remain": remain, "total": total},
        }
