"""A stand-in for eSMS: customer care by brandname, states, reports, the short code; as strict as it is documented.

    python -m integrations.sms.esms.simulator --port 8097 --webhook http://127.0.0.1:8000/webhooks/sms/esms/SECRET

`--webhook`: for what citizens write to the short code; reports go to the address in each message. `--journal`: what was
taken is known after a restart. Its own additions to the control API: GET `/__sim/accepted` (`?phone=` in E.164): how
often a message was taken per number and per RequestId; POST `/__sim/templates` `{"text": "…{variable}…"}`.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import orjson
from aiohttp import web

from integrations.simulation import command
from integrations.simulation.clock import SimulatedClock
from integrations.simulation.errors import ControlError
from integrations.simulation.faults import Fault, FaultKind
from integrations.simulation.simulator import Simulator
from integrations.sms.esms.sim_account import (
    API_KEY,
    BRANDNAME,
    FIRST_PEOPLE,
    MO_KEY,
    SECRET_KEY,
    EsmsSwitches,
    Phone,
)
from integrations.sms.esms.sim_api import Api, pattern, refusal
from integrations.sms.esms.sim_callbacks import TERMS, Callbacks
from integrations.sms.esms.sim_citizens import Citizens, Hostile
from integrations.sms.esms.sim_reports import Reports
from integrations.sms.esms.sim_taken import Taken
from integrations.sms.esms.sim_world import EsmsJournal, World

_SEND = "SendMultipleMessage"
FAULTS = (
    ("Nhận tin rồi không trả lời (1 lần)", {"kind": "timeout_after", "count": 1, "path": _SEND}),
    ("Nhận tin rồi ngắt kết nối (1 lần)", {"kind": "reset_after", "count": 1, "path": _SEND}),
    ("Không nhận và ngắt kết nối (1 lần)", {"kind": "reset_before", "count": 1, "path": _SEND}),
    ("Lỗi 500 (3 lần)", {"kind": "http_500", "count": 3, "path": _SEND}),
    ("Trang HTML thay vì JSON (1 lần)", {"kind": "html", "count": 1, "path": _SEND}),
    ("Quá nhanh, mã 160 (3 lần)", {"kind": "rate_limit", "count": 3, "path": _SEND}),
    ("Hết tiền, mã 103 (1 lần)", {"kind": "error", "code": 103, "count": 1, "path": _SEND}),
    ("Sai khóa, mã 101 (1 lần)", {"kind": "error", "code": 101, "count": 1, "path": _SEND}),
)


class EsmsSimulator(Simulator[Phone]):
    """See Simulator for the options. `webhook`: the secret address, without `/inbound`."""

    provider = "esms"
    terms = TERMS

    def __init__(
        self,
        switches: EsmsSwitches | None = None,
        *,
        webhook: str | None = None,
        clock: SimulatedClock | None = None,
        seed: int = 0,
        retry_scale: float = 1.0,
    ) -> None:
        self.switches = switches or EsmsSwitches()
        super().__init__(self.switches, clock=clock, seed=seed, retry_scale=retry_scale)
        self.taken = Taken()
        self.journal = EsmsJournal(self.clock, self.pulse, self.taken)
        self.journal.is_kept = lambda: self.switches.journal
        self.callbacks = self.deliverer = Callbacks(
            self.journal, self.clock, self.switches, url=webhook, retry_scale=retry_scale
        )
        self.reports = Reports(self.taken, self.clock, self.switches, self.callbacks)
        world = World(self.clock, self.journal, self.people, self.switches, self.taken, self.callbacks, self.reports)
        self.api, self.hostile = Api(world), Hostile(world)
        self.actions = Citizens(world).actions
        self._random = random.Random(seed)  # noqa: S311 - to be repeatable, not secret
        for number, name in FIRST_PEOPLE:
            self.people.add(Phone(number, name))

    def accepted(self, phone: str) -> int:
        """How many messages to this number, in E.164, were taken."""
        return self.taken.by_phone[phone]

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        async with super().running(port) as url:
            self.reports.begin_unreported()
            yield url
        self.taken.close()

    def routes(self) -> Iterable[web.RouteDef]:
        yield from self.api.routes()
        yield web.get("/__sim/accepted", self._accepted)
        yield web.post("/__sim/templates", self._templates)

    def not_found(self, request: web.Request) -> web.Response:
        return web.Response(status=404, text="<html><body>Endpoint not found.</body></html>", content_type="text/html")

    def refusal(self, fault: Fault) -> web.Response:
        return refusal(160 if fault.kind is FaultKind.RATE_LIMIT else fault.code or None)

    def new_person(self, name: str) -> Phone:
        return self.people.add(Phone(f"+849{self._random.randrange(10**7, 10**8)}", name))

    def account(self) -> Mapping[str, Any]:
        return {
            "ESMS_API_URL": self.url,
            "ESMS_API_KEY": API_KEY,
            "ESMS_SECRET_KEY": SECRET_KEY,
            "ESMS_BRANDNAME": BRANDNAME,
            "ESMS_MO_KEY": MO_KEY,
        }

    def raw_event(self, wanted: Mapping[str, Any]) -> None:
        self.hostile.event(wanted)

    def abilities(self) -> Mapping[str, Any]:
        return {
            "skin": "sms",
            "title": "SMS (mô phỏng eSMS)",
            "account": BRANDNAME,
            "ticks": {},
            "attachments": [],
            "relations": [
                {"action": "switch_off", "label": "Tắt máy"},
                {"action": "switch_on", "label": "Bật máy"},
                {"action": "block", "label": "Chặn số này ở eSMS"},
                {"action": "unblock", "label": "Bỏ chặn số này ở eSMS"},
            ],
            "faults": [{"label": label, "fault": fault} for label, fault in FAULTS],
            "hostile": self.hostile.cases,
        }

    async def _accepted(self, request: web.Request) -> web.Response:
        shown = self.taken.as_json(request.query.get("phone"))
        return web.Response(body=orjson.dumps(shown), content_type="application/json")

    async def _templates(self, request: web.Request) -> web.Response:
        text = (await request.json()).get("text")
        if not isinstance(text, str) or not text:
            raise ControlError("Mẫu cần có text.")
        self.api.patterns.append(pattern(text))
        return web.json_response({"templates": len(self.api.patterns)})


if __name__ == "__main__":
    command.run("eSMS", EsmsSimulator)
