"""ZBS template messages by phone and by user id."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from aiohttp import web

from integrations.simulation.people import Bubble
from integrations.simulation.simulator import NOTES
from integrations.zalo.sim_account import APP_ID, OA_ID, Citizen
from integrations.zalo.sim_api import Refused, json_body
from integrations.zalo.sim_events import new_message_id
from integrations.zalo.sim_world import World

TRACKING_ID = re.compile(r"[A-Za-z0-9_-]{1,48}")
PHONE = re.compile(r"84\d{9,10}")
LOOSE_PHONE = re.compile(r"(?:\+?84|0)?(\d{9,10})")
TRANSACTION = 1
BAD_TOKEN = -124  # of the business address
NIGHT_FROM, NIGHT_UNTIL = 22, 6
BY_PHONE = frozenset({"phone", "hash_phone", "template_id", "template_data", "tracking_id", "sending_mode"})
BY_USER = frozenset({"user_id", "template_id", "template_data"})


@dataclass
class Template:
    """`params`: name → characters at most; a name that ends in `_date` takes DD/MM/YYYY. `tag`: 1 transaction, 2
    customer care, 3 promotion. `daily`: messages a day, 0 = no own limit. `price` in đồng.
    """

    id: str
    params: Mapping[str, int]
    approved: bool = True
    by_user: bool = True
    tag: int = 2
    price: int = 200
    daily: int = 0
    sent: dict[date, int] = field(default_factory=dict)


def first_templates() -> dict[str, Template]:
    """An invitation to read an answer, one of a transaction, one that waits for approval, one for phones only."""
    params = {"ten": 30, "ma_yeu_cau": 30}
    return {
        template.id: template
        for template in (
            Template("400001", params),
            Template("400002", {**params, "hen_date": 10}, tag=TRANSACTION),
            Template("400003", params, approved=False),
            Template("400004", params, by_user=False, daily=2),
        )
    }


class Templates:
    """The addresses. `templates` may be added to; `statuses`: of what went to a number, 0 at Zalo, 1 on the phone."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.templates = first_templates()
        self.statuses: dict[str, int] = {}
        self._sent: dict[date, int] = {}

    def routes(self) -> list[web.RouteDef]:
        endpoint = self._world.api.endpoint
        return [
            web.post("/message/template", endpoint(self.by_phone, BAD_TOKEN)),
            web.post("/message/template/hashphone", endpoint(self.by_phone, BAD_TOKEN)),
            web.get("/message/status", endpoint(self.status, BAD_TOKEN), allow_head=False),
            web.post("/v3.0/oa/message/template", endpoint(self.by_user)),
        ]

    async def by_phone(self, request: web.Request) -> Mapping[str, Any]:
        body = await self._body(request, BY_PHONE)
        tracking_id = self._tracking_id(body, self._world.switches.tracking_id_required)
        if body.get("sending_mode", "1") not in ("1", "3"):
            raise Refused(-132, "Parameter sending_mode is invalid")
        template = self._template(body)
        citizen = self._by_number(body, hashed=request.path.endswith("hashphone"))
        message_id, left = self._send(request, citizen, template, body)
        self.statuses[message_id] = 1
        self._report(citizen, message_id, tracking_id)
        return {
            "msg_id": message_id,
            "sent_time": self._world.clock.milliseconds(),
            "sending_mode": body.get("sending_mode", "1"),
            "quota": {"dailyQuota": str(self._world.switches.template_quota), "remainingQuota": str(left)},
        }

    async def status(self, request: web.Request) -> Mapping[str, Any]:
        message_id = request.query.get("message_id")
        if not message_id or set(request.query) != {"message_id"}:
            raise Refused(-107, "Message id is invalid")
        return {"status": self.statuses.get(message_id, -1), "message": ""}

    async def by_user(self, request: web.Request) -> Mapping[str, Any]:
        allowed = BY_USER | ({"tracking_id"} if self._world.switches.tracking_id_by_user else set())
        body = await self._body(request, allowed)
        self._tracking_id(body, required=False)
        citizen = self._world.citizen(body.get("user_id"))
        template = self._template(body)
        if not template.by_user:
            raise Refused(-249, "Template cannot be sent by user id")
        message_id, left = self._send(request, citizen, template, body)
        total = str(self._world.switches.template_quota)
        quota = {"quota_type": "purchase_quota", "remain": str(left), "total": total, "owner_type": "OA"}
        sent_time = self._world.clock.milliseconds()
        return {"message_id": message_id, "user_id": citizen.id, "sent_time": sent_time, "quota": quota}

    async def _body(self, request: web.Request, allowed: frozenset[str]) -> dict[str, Any]:
        body = await json_body(request)
        for name in body.keys() - allowed:
            raise Refused(-132, f"Parameter {name} is invalid")
        return body

    def _tracking_id(self, body: Mapping[str, Any], required: bool) -> str:
        if "tracking_id" not in body and not required:
            return ""
        value = body.get("tracking_id")
        if not (isinstance(value, str) and TRACKING_ID.fullmatch(value)):
            raise Refused(-132, "Parameter tracking_id is invalid")
        return value

    def _template(self, body: Mapping[str, Any]) -> Template:
        template = self.templates.get(str(body.get("template_id")))
        if template is None:
            raise Refused(-109, "Template id is invalid")
        if not template.approved:
            raise Refused(-131, "Template is not approved")
        _check_data(template, body.get("template_data"))
        return template

    def _by_number(self, body: Mapping[str, Any], hashed: bool) -> Citizen:
        if hashed:
            wanted = body.get("hash_phone")
            found = (c for c in self._world.people if hashlib.sha256(c.phone.encode()).hexdigest() == wanted)
        else:
            number = self._number(body.get("phone"))
            found = (c for c in self._world.people if c.phone == number)
        citizen = next(found, None)
        if citizen is None:
            raise Refused(-118, "Zalo account does not exist")
        return citizen

    def _number(self, phone: Any) -> str:
        number = phone if isinstance(phone, str) else ""
        if self._world.switches.loose_phones and (loose := LOOSE_PHONE.fullmatch(number)):
            number = f"84{loose[1]}"
        if not PHONE.fullmatch(number):
            raise Refused(-108, "Phone number is invalid")
        return number

    def _send(
        self, request: web.Request, citizen: Citizen, template: Template, body: Mapping[str, Any]
    ) -> tuple[str, int]:
        """(message id, how many the account may still send today)."""
        request[NOTES]["user"] = citizen.id
        now = self._world.clock.now().astimezone(self._world.clock.timezone)
        today, switches = now.date(), self._world.switches
        if template.tag != TRANSACTION and not NIGHT_UNTIL <= now.hour < NIGHT_FROM:
            raise Refused(-133, "Templates of this kind are not sent at night")
        if citizen.refuses:
            raise Refused(citizen.refuses, "User cannot receive this message")
        if citizen.blocked:
            raise Refused(-141, "User refuses messages from this OA")
        if self._sent.get(today, 0) >= switches.template_quota:
            raise Refused(-144, "The daily quota of the OA is exceeded")
        if template.daily and template.sent.get(today, 0) >= template.daily:
            raise Refused(-147, "The daily quota of the template is exceeded")
        if switches.balance < template.price:
            raise Refused(-115, "The account does not have enough money")
        switches.balance -= template.price
        self._sent[today] = self._sent.get(today, 0) + 1
        template.sent[today] = template.sent.get(today, 0) + 1
        message_id = new_message_id()
        words = ", ".join(f"{name}: {value}" for name, value in body["template_data"].items())
        text = f"[Mẫu {template.id}] {words}"
        self._world.journal.accept(citizen.id, message_id, text, dict(body))
        self._world.people.say(citizen, Bubble("account", text, message_id, state="received"))
        return message_id, switches.template_quota - self._sent[today]

    def _report(self, citizen: Citizen, message_id: str, tracking_id: str) -> None:
        message = {"msg_id": message_id, "delivery_time": self._world.clock.milliseconds(), "tracking_id": tracking_id}
        event = {
            "app_id": APP_ID,
            "event_name": "user_received_message",
            "sender": {"id": OA_ID},
            "recipient": {"id": citizen.phone},
            "message": message,
            "timestamp": self._world.clock.milliseconds(),
        }
        self._world.events.post(citizen.id, event, {"X-ZEvent-Server": "ZNS"})


def _check_data(template: Template, data: Any) -> None:
    """Exactly the template's parameters, each within its length and format; raises Refused."""
    if not isinstance(data, dict) or not data:
        raise Refused(-111, "template_data is empty")
    for name, longest in template.params.items():
        if name not in data:
            raise Refused(-1122, f"Parameter {name} is missing")
        value = data[name]
        if not isinstance(value, str):
            raise Refused(-112, f"Parameter {name} has a wrong type")
        if len(unicodedata.normalize("NFC", value)) > longest:
            raise Refused(-1121, f"Parameter {name} is too long")
        if not value.strip() or (name.endswith("_date") and not re.fullmatch(r"\d{2}/\d{2}/\d{4}", value)):
            raise Refused(-1124, f"Parameter {name} has a wrong format")
    for name in data.keys() - template.params.keys():
        raise Refused(-132, f"Parameter {name} is invalid")
