"""Telegram on the loopback: the Bot API for one bot, and the phones of the people who write to it.

`python -m integrations.telegram.simulator`, or in a test `async with TelegramSimulator().running() as url`; a client
is given `url` in place of https://api.telegram.org. The control API is the common one (integrations/simulation), the
actions of people are in sim_acts.py, the switches in sim_account.py.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.command import run
from integrations.simulation.faults import Fault, FaultKind
from integrations.simulation.simulator import NOTES, Simulator
from integrations.telegram.sim_account import BOT, BOT_TOKEN, BOT_USERNAME, WEBHOOK_SECRET, TelegramSwitches
from integrations.telegram.sim_acts import Acts
from integrations.telegram.sim_chats import Chat
from integrations.telegram.sim_hostile import Hostile
from integrations.telegram.sim_intake import Intake
from integrations.telegram.sim_limits import too_many
from integrations.telegram.sim_methods import Answer, Methods
from integrations.telegram.sim_parameters import Parameters, Refused, as_parameters, read_parameters
from integrations.telegram.sim_webhook import TERMS, Postman
from integrations.telegram.sim_world import World

FIRST_PERSON = 5_100_000_001
_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{35}")
# Of an injected error
_WORDS = {
    400: "Bad Request: chat not found",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
}

# What the page offers
ATTACHMENTS = (
    {"action": "image", "label": "Ảnh", "accept": "image/*"},
    {"action": "voice", "label": "Tin thoại", "accept": "audio/*"},
    {"action": "video", "label": "Video", "accept": "video/*"},
    {"action": "file", "label": "Tệp", "accept": "*/*"},
    {"action": "location", "label": "Vị trí"},
    {"action": "contact", "label": "Số điện thoại"},
    {"action": "sticker", "label": "Nhãn dán"},
)
RELATIONS = (
    {"action": "start", "label": "Bấm Bắt đầu"},
    {"action": "block", "label": "Chặn bot"},
    {"action": "unblock", "label": "Bỏ chặn bot"},
    {"action": "group", "label": "Lập nhóm có bot"},
    {"action": "migrate", "label": "Nâng nhóm thành siêu nhóm"},
    {"action": "delete_account", "label": "Xóa tài khoản"},
)
FAULTS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("Lỗi 500 (3 lần)", {"kind": "http_500", "count": 3}),
    ("Quá nhanh (429, 5 giây)", {"kind": "rate_limit", "count": 1, "seconds": 5, "path": "sendMessage"}),
    ("Bot bị chặn (403)", {"kind": "error", "count": 1, "code": 403, "path": "sendMessage"}),
    ("Nhận rồi mất trả lời", {"kind": "reset_after", "count": 1, "path": "sendMessage"}),
    ("Trang HTML (3 lần)", {"kind": "html", "count": 3}),
    ("Chậm 3 giây (10 lần)", {"kind": "slow", "count": 10, "seconds": 3}),
)


class TelegramSimulator(Simulator[Chat]):
    """`webhook`: as if setWebhook had been called with it and WEBHOOK_SECRET."""

    provider = "telegram"
    terms = TERMS

    def __init__(
        self,
        switches: TelegramSwitches | None = None,
        *,
        webhook: str | None = None,
        clock: SimulatedClock | None = None,
        seed: int = 0,
        retry_scale: float = 1.0,
    ) -> None:
        self.switches = switches or TelegramSwitches()
        super().__init__(self.switches, clock=clock, seed=seed, retry_scale=retry_scale)
        self.world = World(self.clock, self.journal, self.people, self.switches, self.media)
        self.methods = Methods(self.world)
        self.postman = self.deliverer = Postman(
            self.world.updates,
            self._execute,
            self.journal,
            self.clock,
            self.switches,
            url=webhook,
            secret=WEBHOOK_SECRET if webhook else "",
            retry_scale=retry_scale,
        )
        self.intake = Intake(self.world, self.postman)
        self.acts = Acts(self.world, self.postman.wake)
        self.hostile = Hostile(self.world, self.postman)
        self.actions = self.acts.table
        self._numbers = itertools.count(FIRST_PERSON)
        # One with a name to be mentioned by; everybody who comes later has none
        self.new_person("Nguyễn Thị Hoa").username = "hoa_tapdoa"

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.get("/file/bot{token}/{path:.+}", self._file),
            web.get("/bot{token}/{method}", self._call, allow_head=False),
            web.post("/bot{token}/{method}", self._call),
        ]

    def not_found(self, request: web.Request) -> web.Response:
        return _refusal(Refused(404, "Not Found"))

    def refusal(self, fault: Fault) -> web.Response:
        if fault.kind is FaultKind.RATE_LIMIT:
            return _refusal(too_many(max(1, math.ceil(fault.seconds))))
        code = fault.code or 400
        return _refusal(Refused(code, _WORDS.get(code, "Internal Server Error")))

    def new_person(self, name: str) -> Chat:
        return self.people.add(Chat(str(next(self._numbers)), name))

    def account(self) -> Mapping[str, Any]:
        return {
            "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "TELEGRAM_API_URL": self.url,
            "username": BOT_USERNAME,
        }

    def abilities(self) -> Mapping[str, Any]:
        commands = [
            {
                "action": "text",
                "label": f"/{command['command']} – {command['description']}",
                "fields": {"text": f"/{command['command']}"},
            }
            for command in self.world.commands_in(next(iter(self.people)))
        ]
        return {
            "skin": "telegram",
            "title": "Telegram (mô phỏng)",
            "account": BOT["first_name"],
            "ticks": {"sent": "✓"},
            "attachments": ATTACHMENTS,
            "relations": [*commands, *RELATIONS],
            "faults": [{"label": label, "fault": fault} for label, fault in FAULTS],
            "hostile": self.hostile.cases,
        }

    def raw_event(self, wanted: Mapping[str, Any]) -> None:
        self.hostile.event(wanted)

    async def _call(self, request: web.Request) -> web.Response:
        token, name = request.match_info["token"], request.match_info["method"].lower()
        try:
            _check_token(token)
            parameters = await read_parameters(request)
            request[NOTES]["user"] = parameters.text("chat_id")
            answer = await self._answer_to(name, parameters)
        except Refused as refused:
            request[NOTES]["error"] = refused.description
            return _refusal(refused)
        described = {"description": answer.description} if answer.description else {}
        return web.json_response({"ok": True, "result": answer.result, **described})

    async def _answer_to(self, name: str, parameters: Parameters) -> Answer:
        if name == "getupdates":
            return await self.intake.get_updates(parameters)
        method = self.methods.table.get(name) or self.intake.table.get(name)
        if method is None:
            raise Refused(404, "Not Found: method not found")
        return method(parameters)

    def _execute(self, name: str, values: Mapping[str, Any]) -> None:
        """A method in the answer of a webhook: whoever wrote it learns nothing of what became of it."""
        method = self.methods.table.get(name.lower())
        problem = "not for webhook answers"
        if method is not None and not name.lower().startswith("get"):
            try:
                method(as_parameters(values))
                problem = ""
            except Refused as refused:
                problem = refused.description
        self.journal.add("method_in_answer", method=name, **({"error": problem} if problem else {}))

    async def _file(self, request: web.Request) -> web.Response:
        try:
            _check_token(request.match_info["token"])
        except Refused as refused:
            return _refusal(refused)
        upload = self.world.files.open(request.match_info["path"], self.clock.now())
        if upload is None:
            return self.not_found(request)
        # The platform does not say what a file is
        return web.Response(body=upload.content, content_type="application/octet-stream")


def _check_token(token: str) -> None:
    if not _TOKEN.fullmatch(token):
        raise Refused(401, "Unauthorized: invalid token specified")
    if token != BOT_TOKEN:
        raise Refused(401, "Unauthorized")


def _refusal(refused: Refused) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": refused.code, "description": refused.description}
    headers = {}
    if refused.parameters:
        body["parameters"] = refused.parameters
    if "retry_after" in refused.parameters:
        headers["Retry-After"] = str(refused.parameters["retry_after"])
    return web.json_response(body, status=refused.code, headers=headers)


if __name__ == "__main__":
    run("Telegram", TelegramSimulator)
