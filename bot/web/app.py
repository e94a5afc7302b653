"""The public ASGI app: routes, problems, and the headers that keep a page from being misused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web import attachments, awareness, health, my_data, short_links, sms, survey, uploads, webchat, webhooks
from bot.web.context import WebContext
from bot.web.policy import page_policy
from bot.web.problems import answer_with_problems

HEADERS = {
    "Content-Security-Policy": page_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Adds `headers` to every response that does not say otherwise itself (bot/web/policy.py).

    Plain ASGI, because Starlette's wrapper would buffer event streams.
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str] = HEADERS) -> None:
        self.app, self.headers = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def public_app(context: WebContext, others: Sequence[BaseRoute] = ()) -> FastAPI:
    """Everything that the outside may reach. `others`: routes of single providers."""
    app = FastAPI(title="Hotline", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = context
    answer_with_problems(app)
    app.include_router(health.router)
    app.include_router(uploads.router)
    app.include_router(webchat.router)
    app.include_router(attachments.router)
    app.include_router(survey.router)
    app.include_router(my_data.router)
    app.include_router(short_links.router)
    app.include_router(awareness.router)
    # First: hundreds of calls a second look for no other
    app.router.routes[:0] = [webhooks.route, *sms.routes, *others]
    app.add_middleware(SecurityHeaders)
    return app
