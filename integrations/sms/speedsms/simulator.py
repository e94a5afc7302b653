"""SpeedSMS on the loopback: the three calls that the hotline makes, as strict as the page describes them.

    python -m integrations.sms.speedsms.simulator --port 8098 --webhook http://127.0.0.1:8000/webhooks/sms/speedsms/…

There is no sandbox and no name for a call: whoever sends twice has sent twice. People: `reply` with a `text` writes
back; `block` makes messages to them fail on their way, until `unblock`.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.command import run
from integrations.simulation.delivery import Delivery, Terms
from integrations.simulation.errors import ControlError
from integrations.simulation.faults import Fault, FaultKind
from integrations.simulation.people import Bubble, Person, Wish
from integrations.simulation.simulator import NOTES, Simulator
from integrations.simulation.switches import Switches, switch

ACCESS_TOKEN = "simulated-speedsms-token"  # noqa: S105 - opens only this simulator
SENDER = "HOTLINE"
MOST_NUMBERS = 100
LONGEST_TEXT = 612
PER_PART = 160
_FIELDS = {"to": list, "content": str, "sms_type": int, "sender": str}
_PHONE = re.compile(r"84[35789]\d{8}")
_CODES = {"007": "IP locked", "300": "Your account balance not enough to send sms"}
FAULTS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("Nhận rồi mất trả lời (1 lần)", {"kind": "reset_after", "count": 1, "path": "/sms/send"}),
    ("Quá 60 lần một phút (429)", {"kind": "rate_limit", "count": 1, "seconds": 20}),
    ("Lỗi 500 (3 lần)", {"kind": "http_500", "count": 3}),
    ("Trang HTML (1 lần)", {"kind": "html", "count": 1}),
    ("IP bị khóa (1 lần)", {"kind": "error", "count": 1, "code": 7}),
)


@dataclass
class Subscriber(Person):
    """`id`: the number, as 84…"""


@dataclass
class SpeedSmsSwitches(Switches):
    """What may differ from account to account, and what the sources dispute."""

    balance: int = switch(1_000_000, "Tiền trong tài khoản (đồng)")
    price: int = switch(250, "Giá một tin (đồng)")
    per_minute: int = switch(60, "Số lần gọi API mỗi phút")
    bare_account: bool = switch(False, "user/info không bọc trong data")
    ids_are_text: bool = switch(True, "tranId trong báo cáo là chữ")
    incoming: str = switch("sms", "Tên loại của tin nhắn đến", ("sms", "incoming"))
    reports: bool = switch(True, "Gọi địa chỉ báo cáo")


class SpeedSmsSimulator(Simulator[Subscriber]):
    """See Simulator. `statuses`: what became of a message, by its tranId; a test may set one."""

    provider = "speedsms"
    terms = Terms(deadline_seconds=5, pause=lambda failures: 60.0 if failures < 3 else None)

    def __init__(
        self,
        switches: SpeedSmsSwitches | None = None,
        *,
        webhook: str | None = None,
        clock: SimulatedClock | None = None,
        seed: int = 0,
        retry_scale: float = 1.0,
    ) -> None:
        self.switches = switches or SpeedSmsSwitches()
        super().__init__(self.switches, webhook=webhook, clock=clock, seed=seed, retry_scale=retry_scale)
        self.statuses: dict[str, list[dict[str, Any]]] = {}
        self.actions = {"reply": self._reply, "block": self._block, "unblock": self._unblock}
        self._ids, self._minute, self._calls = itertools.count(7_000_001), 0, 0
        for phone, name in (("84900000001", "Nguyễn Thị Lan"), ("84900000002", "Trần Văn Hùng")):
            self.people.add(Subscriber(phone, name))

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.post("/index.php/sms/send", self._send),
            web.get("/index.php/sms/status/{id}", self._status, allow_head=False),
            web.get("/index.php/user/info", self._info, allow_head=False),
        ]

    def not_found(self, request: web.Request) -> web.Response:
        return _door(404, "Not Found", "Page not found.")

    def refusal(self, fault: Fault) -> web.Response:
        if fault.kind is FaultKind.RATE_LIMIT:
            return _too_many(max(1, math.ceil(fault.seconds)))
        return _error(f"{fault.code:03}", _CODES.get(f"{fault.code:03}", "Internal error, please try again"))

    def new_person(self, name: str) -> Subscriber:
        number = 84_910_000_000 + sum(1 for _ in self.people)
        return self.people.add(Subscriber(str(number), name))

    def account(self) -> Mapping[str, Any]:
        return {"SPEEDSMS_ACCESS_TOKEN": ACCESS_TOKEN, "SPEEDSMS_SENDER": SENDER, "SPEEDSMS_API_URL": self.url}

    def abilities(self) -> Mapping[str, Any]:
        return {
            "skin": "telegram",
            "title": "SpeedSMS (mô phỏng)",
            "account": SENDER,
            "ticks": {"sent": "Đã gửi", "received": "Đã nhận"},
            "attachments": [],
            "relations": [
                {"action": "block", "label": "Tắt máy"},
                {"action": "unblock", "label": "Mở máy"},
                {"action": "reply", "label": "Nhắn TC", "fields": {"text": "TC"}},
            ],
            "faults": [{"label": label, "fault": fault} for label, fault in FAULTS],
            "hostile": [],
        }

    def raw_event(self, wanted: Mapping[str, Any]) -> None:
        """`{"body": object | text}`: one call with it."""
        body = wanted.get("body")
        if not isinstance(body, str | dict):
            raise ControlError("Cần body (đối tượng hoặc chữ).")
        self._call("raw", body if isinstance(body, str) else json.dumps(body), once=True)

    async def _send(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        body = await _json(request)
        if (
            body is None
            or set(body) != set(_FIELDS)
            or any(type(body[key]) is not kind for key, kind in _FIELDS.items())
        ):
            return _error("101", "Invalid or missing parameters")
        to, content = [str(one) for one in body["to"]], body["content"]
        if body["sms_type"] != 3 or body["sender"] != SENDER or not content or not 0 < len(to) <= MOST_NUMBERS:
            return _error("101", "Invalid or missing parameters")
        if not content.isascii():
            return _error("110", "Not support sms content encoding")
        if len(content) > LONGEST_TEXT:
            return _error("113", "Sms content too long")
        good = [phone for phone in to if _PHONE.fullmatch(phone)]
        bad = [phone for phone in to if phone not in good]
        if not good:
            return _error("105", "Phone number invalid", invalidPhone=bad)
        parts = len(good) * math.ceil(len(content) / PER_PART)
        if parts * self.switches.price > self.switches.balance:
            return _error("300", _CODES["300"])
        self.switches.balance -= parts * self.switches.price
        id_ = str(next(self._ids))
        for phone in good:
            self._deliver(phone, content, id_, body)
        data = {"tranId": int(id_), "totalSMS": parts, "totalPrice": parts * self.switches.price, "invalidPhone": bad}
        return _good(data)

    def _deliver(self, phone: str, content: str, id_: str, body: Any) -> None:
        person = self.people.get(phone) or self.people.add(Subscriber(phone, phone))
        status = 64 if person.blocked else 0
        self.statuses.setdefault(id_, []).append({"phone": phone, "status": status})
        self.journal.accept(phone, id_, content, body)
        self.people.say(person, Bubble("account", content, id_, state="sent" if status else "received"))
        if self.switches.reports:
            shown = id_ if self.switches.ids_are_text else int(id_)
            self._call(phone, json.dumps({"type": "report", "tranId": shown, "phone": phone, "status": status}))

    async def _status(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        found = self.statuses.get(request.match_info["id"])
        return _error("101", "Invalid or missing parameters") if found is None else _good(found)

    async def _info(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        balance = self.switches.balance
        if self.switches.bare_account:
            return web.json_response({"email": "a@b.vn", "balance": float(balance), "currency": "VND"})
        return _good({"email": "a@b.vn", "balance": str(balance), "currency": "VND"})

    def _refused(self, request: web.Request) -> web.Response | None:
        """The door: who calls, and how often in this minute."""
        expected = "Basic " + base64.b64encode(f"{ACCESS_TOKEN}:x".encode()).decode()
        if request.headers.get("Authorization") != expected:
            return _door(401, "Unauthorized", "Your request was made with invalid credentials.")
        now = int(self.clock.now().timestamp())
        if now // 60 != self._minute:
            self._minute, self._calls = now // 60, 0
        self._calls += 1
        request[NOTES]["call"] = self._calls
        return _too_many(60 - now % 60) if self._calls > self.switches.per_minute else None

    def _reply(self, person: Subscriber, wish: Wish) -> Mapping[str, Any]:
        text = wish.text("text")
        self.people.say(person, Bubble("person", text))
        said = {"type": self.switches.incoming, "tranId": str(next(self._ids)), "phone": person.id, "content": text}
        self._call(person.id, json.dumps(said, ensure_ascii=False))
        return {}

    def _block(self, person: Subscriber, _: Wish) -> Mapping[str, Any]:
        person.blocked = True
        self.people.changed(person)
        return {}

    def _unblock(self, person: Subscriber, _: Wish) -> Mapping[str, Any]:
        person.blocked = False
        self.people.changed(person)
        return {}

    def _call(self, key: str, body: str, once: bool = False) -> None:
        self.deliverer.post(Delivery(key, "report", body.encode(), lambda _: {}, once=once))


async def _json(request: web.Request) -> dict[str, Any] | None:
    if request.content_type != "application/json":
        return None
    try:
        body = json.loads(await request.read())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _good(data: Any) -> web.Response:
    return web.json_response({"status": "success", "code": "00", "data": data})


def _error(code: str, message: str, **more: Any) -> web.Response:
    return web.json_response({"status": "error", "code": code, "message": message, **more})


def _door(status: int, name: str, message: str) -> web.Response:
    return web.json_response({"name": name, "message": message, "code": 0, "status": status}, status=status)


def _too_many(seconds: int) -> web.Response:
    body = {"name": "Too Many Requests", "message": "Rate limit exceeded.", "code": 0, "status": 429}
    return web.json_response(body, status=429, headers={"X-Rate-Limit-Reset": str(seconds)})


if __name__ == "__main__":
    run("SpeedSMS", SpeedSmsSimulator)
