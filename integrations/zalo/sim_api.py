"""How openapi.zalo.me is called: the token, `data`, the rate, and errors as HTTP 200."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.simulator import NOTES
from integrations.zalo.sim_account import ZaloSwitches
from integrations.zalo.sim_oauth import Tokens

RATE_LIMITED = -32
Work = Callable[[web.Request], Awaitable[Mapping[str, Any]]]


class Refused(Exception):
    """The platform does not do it: `code` (negative) and `message`, as its answer carries them."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def invalid(field: str) -> Refused:
    """The error that names a wrong field."""
    return Refused(-201, f"{field} is invalid")


class Api:
    """Wraps what an endpoint does into what every endpoint does."""

    def __init__(self, tokens: Tokens, switches: ZaloSwitches, clock: SimulatedClock) -> None:
        self._tokens, self._switches, self._clock = tokens, switches, clock
        self._minute, self._calls = 0, 0

    def endpoint(self, work: Work, token_error: int | None = None) -> Callable[[web.Request], Awaitable[web.Response]]:
        """A handler. `work` returns `data` and raises Refused. `token_error`: instead of the usual codes."""

        async def handle(request: web.Request) -> web.Response:
            try:
                self._check_token(request, token_error)
                self._count()
                body: dict[str, Any] = {"error": 0, "message": "Success", "data": await work(request)}
            except Refused as refused:
                request[NOTES]["error"] = refused.code
                body = {"error": refused.code, "message": refused.message}
            return self.answer(body)

        return handle

    def answer(self, body: Mapping[str, Any]) -> web.Response:
        """With the headers that say how many calls are left in this minute."""
        left = max(0, self._switches.per_minute - self._calls)
        headers = {"X-RateLimit-Limit": str(self._switches.per_minute), "X-RateLimit-Remain": str(left)}
        return web.json_response(body, headers=headers)

    def _check_token(self, request: web.Request, token_error: int | None) -> None:
        problem = self._tokens.problem_of(request.headers.get("access_token"))
        if problem is not None:
            code, message = token_error or problem[0], problem[1]
            raise Refused(abs(code) if self._switches.token_errors_positive else code, message)

    def _count(self) -> None:
        minute = int(self._clock.now().timestamp() // 60)
        if minute != self._minute:
            self._minute, self._calls = minute, 0
        if self._calls >= self._switches.per_minute:
            raise Refused(RATE_LIMITED, "The limit of calls per minute of this application is reached")
        self._calls += 1


async def json_body(request: web.Request) -> dict[str, Any]:
    """The object that was posted; raises Refused for anything else, a wrong Content-Type included."""
    if request.content_type != "application/json":
        raise invalid("Content-Type")
    try:
        body = json.loads(await request.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise invalid("body")
    return body


def data_of(request: web.Request) -> dict[str, Any]:
    """The parameters of a GET: only `data`, holding JSON; raises Refused."""
    try:
        data = json.loads(request.query.get("data", ""))
    except ValueError:
        data = None
    if not isinstance(data, dict) or set(request.query) != {"data"}:
        raise invalid("data")
    return data
