"""What every call passes before a route sees it: how often, which method, whose token, how much of what.

Plain ASGI, so that nothing of a stranger's body is read. Raises ApiProblem; app.py answers it.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.limits import network_of
from console import api_tokens
from console.api.context import ApiContext
from console.api.problems import ApiProblem, token_invalid, token_missing
from console.api_tokens import USED_STEP, ApiToken
from console.body_limit import bounded

DOCUMENT = "/openapi.json"
METHODS = ("GET", "POST", "PATCH")
WITH_BODY = ("POST", "PATCH")
MOST_BYTES = 16 << 10


class Methods:
    """HEAD is GET without its body, OPTIONS says what there is, 405 names what an address takes (RFC 9110), and what
    it does not take as a body is 415.

    There is no CORS: a token in a web page would be everybody's.
    """

    def __init__(self, app: ASGIApp, routes: list[BaseRoute]) -> None:
        self.app, self.routes = app, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, allowed = scope["method"], self._allowed(scope)
        if not allowed or method in allowed:
            if allowed and method in WITH_BODY:
                _check_kind(Headers(scope=scope).get("Content-Type", ""))
            await self.app(scope, receive, send)
            return
        names = ", ".join([*allowed, *(["HEAD"] if "GET" in allowed else []), "OPTIONS"])
        if method == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", names.encode())]})
            await send({"type": "http.response.body", "body": b""})
        elif method == "HEAD" and "GET" in allowed:
            await self.app({**scope, "method": "GET"}, receive, _without_body(send))
        else:
            words = f"Địa chỉ này chỉ nhận {names}."
            raise ApiProblem(405, "method_not_allowed", words, {"Allow": names})

    def _allowed(self, scope: Scope) -> list[str]:
        def takes(method: str) -> bool:
            return any(route.matches({**scope, "method": method})[0] is Match.FULL for route in self.routes)

        return [method for method in METHODS if takes(method)]


class Gate:
    """Lets through who has a token that opens something, with a body of bounded size."""

    def __init__(self, app: ASGIApp, context: ApiContext) -> None:
        self.app, self.context = app, context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context, headers = self.context, Headers(scope=scope)
        network = network_of(scope["client"][0] if scope.get("client") else "")
        context.limits.allow("network", network, context.clock)
        if scope["path"].removeprefix(scope.get("root_path", "")) != DOCUMENT:
            scope.setdefault("state", {})["api_token"] = await self._token(headers.get("Authorization", ""))
        too_large = ApiProblem(413, "body_too_large", f"Thân lời gọi lớn quá {MOST_BYTES >> 10} KB.")
        await self.app(scope, bounded(receive, MOST_BYTES, too_large), send)

    async def _token(self, authorization: str) -> ApiToken:
        """Whose call it is; that the token was used is noted."""
        context, now = self.context, self.context.clock.now()
        kind, _, text = authorization.partition(" ")
        if kind.lower() != "bearer":
            raise token_missing()
        found = await context.database.read(lambda c: api_tokens.find(c, context.keyring, text.strip()))
        if found is None or not found.opens(now):
            raise token_invalid()
        context.limits.allow("token", str(found.id), context.clock)
        if found.used_at is None or now - found.used_at >= USED_STEP:
            await context.database.run(lambda c: api_tokens.used(c, found.id, now))
        return found


def _check_kind(content_type: str) -> None:
    kind, _, parameters = content_type.lower().partition(";")
    if kind.strip() != "application/json" or parameters.strip() not in ("", "charset=utf-8", 'charset="utf-8"'):
        words = "Thân lời gọi phải là JSON UTF-8 với tiêu đề Content-Type: application/json."
        raise ApiProblem(415, "media_type_unsupported", words, {"Accept": "application/json"})


def _without_body(send: Send) -> Send:
    async def start_only(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return start_only
