"""The API as one ASGI app under /api/v1, apart from the console: no session, no cookie, no page opens it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from bot.web.app import SecurityHeaders
from console.api import classes, communes, leads, surveys
from console.api.context import ApiContext
from console.api.document import BASE, describe
from console.api.gate import DOCUMENT, Gate, Methods
from console.api.problems import answer_with_api_problems

ROUTERS: tuple[APIRouter, ...] = (communes.router, leads.router, surveys.router, classes.router)


def api_mount(context: ApiContext) -> Mount:
    """Everything under /api/v1, for the public port."""
    return Mount(BASE, api_app(context))


def api_app(context: ApiContext) -> FastAPI:
    """The API by itself; its addresses begin with /api/v1 all the same."""
    app = FastAPI(title="Hotline API", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.context = context
    answer_with_api_problems(app)
    for router in ROUTERS:
        app.include_router(router)
    document = describe(ROUTERS, context)

    async def openapi(_: Request) -> Response:
        return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})

    app.router.routes.append(Route(DOCUMENT, openapi))
    app.add_middleware(Methods, routes=app.router.routes)
    app.add_middleware(Gate, context=context)
    # What the gate refuses is answered like what a route refuses
    handlers: dict[Any, Any] = {kind: one for kind, one in app.exception_handlers.items() if kind is not Exception}
    app.add_middleware(ExceptionMiddleware, handlers=handlers)
    app.add_middleware(SecurityHeaders, headers={"Cache-Control": "no-store"})
    return app
