"""Zalo for the benchmark: signed webhook calls, ready to be sent, and a platform that only takes messages.

What a message may look like is checked as strictly as by the simulator, by its own rules; pages, journals and faults,
which would cost time, it has none. All numbers of Zalo's own (windows, quota) are open.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import count
from typing import Any

import orjson
from aiohttp import web

from bench.wire import post
from integrations.zalo.sim_account import APP_ID, APP_SECRET, OA_ID, OA_SECRET, ZaloSwitches
from integrations.zalo.sim_api import Refused, invalid
from integrations.zalo.sim_events import signature
from integrations.zalo.sim_shapes import Shapes, Shown

PATH = "/webhooks/zalo"
ACCESS, REFRESH = "benchmark-access-token", "benchmark-refresh-token"
NO_SUCH_TOKEN = -216
# More than is ever sent: the pace that Zalo sells is not what is measured
NO_LIMIT = "1000000"


def person(number: int) -> str:
    """A user id as Zalo gives them: 19 digits."""
    return f"3{number:018}"


def written(user: str, message_id: str, text: str) -> dict[str, Any]:
    """The event of somebody who wrote; a pressed button writes its payload."""
    return _event("user_send_text", user, OA_ID, {"msg_id": message_id, "text": text})


def echoed(user: str, message_id: str, text: str) -> dict[str, Any]:
    """The report that our message was sent."""
    return _event("oa_send_text", OA_ID, user, {"msg_id": message_id, "text": text})


def received(user: str, message_id: str) -> dict[str, Any]:
    """The report that our message has arrived."""
    return _event("user_received_message", OA_ID, user, {"msg_id": message_id})


def seen(user: str, message_id: str) -> dict[str, Any]:
    """The report that our message was read."""
    return _event("user_seen_message", OA_ID, user, {"msg_ids": [message_id]})


def call(event: Mapping[str, Any], at: float) -> bytes:
    """The webhook call of an event of the moment `at` (seconds since 1970), signed."""
    timestamp = str(int(at * 1000))
    body = orjson.dumps({**event, "timestamp": timestamp})
    return post(PATH, body, {"X-ZEvent-Signature": f"mac={signature(APP_ID, body, timestamp, OA_SECRET)}"})


def _event(name: str, sender: str, recipient: str, message: dict[str, Any]) -> dict[str, Any]:
    people = {"sender": {"id": sender}, "recipient": {"id": recipient}}
    by_app = f"5{(recipient if sender == OA_ID else sender)[1:]}"
    return {"app_id": APP_ID, "user_id_by_app": by_app, "event_name": name, **people, "message": message}


# Who took what: the person, the message's id, what the person sees, and when (time.perf_counter)
Taken = Callable[[str, str, Shown, float], None]


class Platform:
    """`POST /v3.0/oa/message/cs`, and nothing else; every message that is taken is told to `on_taken` at once."""

    def __init__(self, on_taken: Taken) -> None:
        self.on_taken, self.taken, self.refused = on_taken, 0, 0
        self._shapes = Shapes(ZaloSwitches(), lambda kind, id: False)
        self._ids = count(time.time_ns())

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[dict[str, str]]:
        """The settings with which the product is its customer."""
        app = web.Application()
        app.router.add_post("/v3.0/oa/message/cs", self._consult)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield _account(f"http://127.0.0.1:{runner.addresses[0][1]}")
        finally:
            await runner.cleanup()

    async def _consult(self, request: web.Request) -> web.Response:
        at = time.perf_counter()
        try:
            user, shown = self._read(request, await request.read())
        except Refused as refused:
            self.refused += 1
            return web.json_response({"error": refused.code, "message": refused.message})
        self.taken += 1
        message_id = f"{next(self._ids):x}"
        self.on_taken(user, message_id, shown, at)
        data = {"message_id": message_id, "user_id": user, "sent_time": str(int(time.time() * 1000))}
        return web.json_response({"error": 0, "message": "Success", "data": data})

    def _read(self, request: web.Request, content: bytes) -> tuple[str, Shown]:
        if request.headers.get("access_token") != ACCESS:
            raise Refused(NO_SUCH_TOKEN, "Access token is invalid")
        if request.content_type != "application/json":
            raise invalid("Content-Type")
        body = orjson.loads(content)
        if set(body) != {"recipient", "message"} or set(body["recipient"]) != {"user_id"}:
            raise invalid("recipient")
        return str(body["recipient"]["user_id"]), self._shapes.read(body["message"])


def _account(url: str) -> dict[str, str]:
    return {
        "ZALO_APP_ID": APP_ID,
        "ZALO_APP_SECRET": APP_SECRET,
        "ZALO_OA_ID": OA_ID,
        "ZALO_OA_SECRET": OA_SECRET,
        "ZALO_ACCESS_TOKEN": ACCESS,
        "ZALO_REFRESH_TOKEN": REFRESH,
        "ZALO_OAUTH_URL": url,
        "ZALO_OPENAPI_URL": url,
        "ZALO_BUSINESS_URL": url,
        "ZALO_PER_MINUTE": NO_LIMIT,
        # So that no simulator runs beside what is measured; nobody calls this address
        "HOTLINE_PUBLIC_URL": "https://hotline.example",
    }
