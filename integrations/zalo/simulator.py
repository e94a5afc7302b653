"""A stand-in for Zalo, its OAuth, OpenAPI and business hosts in one: as strict as the platform is documented to be.

    python -m integrations.zalo.simulator --port 8099 --webhook http://127.0.0.1:8000/webhooks/zalo

Its own additions to the control API: POST `/__sim/tokens` `{"do": "revoke" | "code", "code_challenge": …}` and POST
`/__sim/templates` (fields of sim_templates.Template).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from integrations.simulation import command
from integrations.simulation.clock import SimulatedClock
from integrations.simulation.delivery import Delivery
from integrations.simulation.errors import ControlError
from integrations.simulation.faults import Fault, FaultKind
from integrations.simulation.simulator import Simulator
from integrations.zalo.sim_account import (
    APP_ID,
    APP_SECRET,
    FIRST_PEOPLE,
    OA_ID,
    OA_NAME,
    OA_SECRET,
    Citizen,
    ZaloSwitches,
)
from integrations.zalo.sim_api import RATE_LIMITED, Api
from integrations.zalo.sim_citizens import Citizens
from integrations.zalo.sim_events import Events, terms
from integrations.zalo.sim_hostile import Hostile
from integrations.zalo.sim_messages import Messages, Window
from integrations.zalo.sim_oauth import OAuth, Tokens
from integrations.zalo.sim_templates import Template, Templates
from integrations.zalo.sim_uploads import Uploads
from integrations.zalo.sim_users import Users
from integrations.zalo.sim_world import World

FAULTS = (
    ("Lỗi 500 (3 lần)", {"kind": "http_500", "count": 3}),
    ("Trang HTML thay vì JSON (1 lần)", {"kind": "html", "count": 1}),
    ("Nhận tin rồi nhưng không trả lời (1 lần)", {"kind": "reset_after", "count": 1, "path": "/message/"}),
    ("Không nhận và không trả lời (1 lần)", {"kind": "reset_before", "count": 1, "path": "/message/"}),
    ("Quá số lần gọi, −32 (3 lần)", {"kind": "rate_limit", "count": 3, "path": "/message/"}),
    ("Mất câu trả lời khi làm mới token", {"kind": "reset_after", "count": 1, "path": "/access_token"}),
    ("Chậm 3 giây (10 lần)", {"kind": "slow", "count": 10, "seconds": 3}),
)


class ZaloSimulator(Simulator[Citizen]):
    """See Simulator for the options; `switches`: the disputed facts, also by control API."""

    provider = "zalo"

    def __init__(
        self,
        switches: ZaloSwitches | None = None,
        *,
        webhook: str | None = None,
        clock: SimulatedClock | None = None,
        seed: int = 0,
        retry_scale: float = 1.0,
    ) -> None:
        self.switches = switches or ZaloSwitches()
        self.terms = terms(self.switches)
        super().__init__(self.switches, webhook=webhook, clock=clock, seed=seed, retry_scale=retry_scale)
        self.tokens = Tokens(self.clock, self.switches)
        self.oauth = OAuth(self.tokens, self.clock, self.switches)
        self.api = Api(self.tokens, self.switches, self.clock)
        events = Events(self.deliverer, self.clock, self.switches)
        world = World(
            self.people, self.journal, self.clock, self.switches, self.media, self.api, events, lambda: self.url
        )
        window, self.uploads = Window(self.clock, self.switches), Uploads(world)
        self.messages = Messages(world, window, self.uploads, seed)
        self.users, self.templates = Users(world, window), Templates(world)
        self.hostile = Hostile(world)
        self.actions = Citizens(world).actions()
        self.deliverer.on_given_up = self._turn_webhook_off
        for id, name, phone in FIRST_PEOPLE:
            self.people.add(Citizen(id, name, phone=phone))

    def routes(self) -> Iterable[web.RouteDef]:
        for part in (self.oauth, self.messages, self.uploads, self.users, self.templates):
            yield from part.routes()
        yield web.post("/__sim/tokens", self._tokens)
        yield web.post("/__sim/templates", self._templates)

    def not_found(self, request: web.Request) -> web.Response:
        return web.json_response({"error": 404, "message": "Not Found"}, status=404)

    def refusal(self, fault: Fault) -> web.Response:
        code = RATE_LIMITED if fault.kind is FaultKind.RATE_LIMIT else fault.code
        return self.api.answer({"error": code, "message": "Simulated error"})

    def new_person(self, name: str) -> Citizen:
        digits = random.SystemRandom().randrange(10**17, 10**18)
        return self.people.add(Citizen(f"3{digits}", name, phone=f"84{digits % 10**9:09}"))

    def account(self) -> Mapping[str, Any]:
        return {
            "ZALO_APP_ID": APP_ID,
            "ZALO_APP_SECRET": APP_SECRET,
            "ZALO_OA_ID": OA_ID,
            "ZALO_OA_SECRET": OA_SECRET,
            "ZALO_ACCESS_TOKEN": self.tokens.access,
            "ZALO_REFRESH_TOKEN": self.tokens.refresh,
            "ZALO_OAUTH_URL": self.url,
            "ZALO_OPENAPI_URL": self.url,
            "ZALO_BUSINESS_URL": self.url,
            "templates": list(self.templates.templates),
        }

    def raw_event(self, wanted: Mapping[str, Any]) -> None:
        self.hostile.event(wanted)

    def abilities(self) -> Mapping[str, Any]:
        return {
            "skin": "zalo",
            "title": "Zalo (mô phỏng)",
            "account": OA_NAME,
            "ticks": {"sent": "Đã gửi", "received": "Đã nhận", "seen": "Đã xem"},
            "attachments": [
                {"action": "image", "label": "Ảnh", "accept": "image/*"},
                {"action": "voice", "label": "Tin thoại", "accept": "audio/*"},
                {"action": "file", "label": "Tệp", "accept": "*/*"},
                {"action": "location", "label": "Vị trí"},
                {"action": "sticker", "label": "Nhãn dán"},
                {"action": "link", "label": "Đường dẫn"},
                {"action": "card", "label": "Danh thiếp"},
            ],
            "relations": [
                {"action": "follow", "label": "Quan tâm"},
                {"action": "unfollow", "label": "Bỏ quan tâm"},
                {"action": "block", "label": "Chặn"},
                {"action": "unblock", "label": "Bỏ chặn"},
                {"action": "submit_info", "label": "Gửi thông tin liên hệ"},
            ],
            "writers": [{"action": "agent", "label": "Cán bộ viết trong OA Manager"}],
            "faults": [{"label": label, "fault": fault} for label, fault in FAULTS],
            "hostile": self.hostile.cases,
        }

    def _turn_webhook_off(self, delivery: Delivery) -> None:
        """After the whole ladder Zalo stops calling until somebody turns the webhook on again in the console."""
        if self.deliverer.url is not None and self.deliverer.enabled:
            self.deliverer.enabled = False

    async def _tokens(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        if wanted.get("do") == "code":
            return web.json_response({"code": self.oauth.new_code(str(wanted.get("code_challenge", "")))})
        if wanted.get("do") != "revoke":
            raise ControlError("do là revoke hoặc code.")
        self.tokens.revoke()
        return web.json_response(self.account())

    async def _templates(self, request: web.Request) -> web.Response:
        try:
            template = Template(**await request.json())
        except (TypeError, ValueError):
            raise ControlError("Mẫu chưa đúng dạng.") from None
        self.templates.templates[template.id] = template
        return web.json_response({"templates": list(self.templates.templates)})


if __name__ == "__main__":
    command.run("Zalo", ZaloSimulator)
