"""The console as one ASGI app under /console: its routes, its errors as pages, its content security policy.

A page is a module of `console/pages` with a `router`, listed in ROUTERS. A route takes
`Annotated[SignedIn, Depends(allow(Role…))]`, reads or writes in one transaction of `context.database`, and answers with
`templating.page(request, person, "name.html", …)`; a form posts (with the field `csrf`: templates/parts/forms.html),
acts, and is redirected with `forms.see_other`, or answers with a fragment when htmx asks for one. Words are in
`console/words/*.yaml`; whatever was seen, changed or exported is recorded with `store.audit.record` in the same
transaction, as its last statement.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, StatementError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Mount

from bot.web.app import SecurityHeaders
from bot.web.problems import Problem
from console.access import SAFE_METHODS, SignInFirst
from console.body_limit import BodyLimit
from console.context import ConsoleContext
from console.pages import ROUTERS
from console.templating import assets, page
from store.logs import get_logger

log = get_logger("console")

# Only our own scripts and styles, nothing inline. What owners sent is shown in pictures and players of this server.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " media-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_UNCHANGING = {"Cache-Control": "public, max-age=31536000, immutable"}


def console_mount(context: ConsoleContext) -> Mount:
    """Everything under /console, for the public port."""
    return Mount("/console", console_app(context))


def console_app(context: ConsoleContext) -> FastAPI:
    """The console by itself; its addresses begin with /console all the same."""
    app = FastAPI(title="Hotline console", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = context
    _answer_with_pages(app)
    app.add_api_route("/assets/{name}", _asset, include_in_schema=False)
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)

    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders, headers={"Content-Security-Policy": POLICY})
    return app


async def _asset(name: str) -> Response:
    if name not in assets():
        raise Problem(404, "not_found", "Không có tệp này.")
    return FileResponse(assets()[name], headers=_UNCHANGING)


def _answer_with_pages(app: FastAPI) -> None:
    @app.exception_handler(SignInFirst)
    async def _sign_in(request: Request, first: SignInFirst) -> Response:
        # htmx would follow a redirect and put the login page inside the present one: the page says so itself
        if "HX-Request" in request.headers or request.headers.get("Accept") == "text/event-stream":
            return _problem(request, 401, "signed_out", "")
        return RedirectResponse(first.go_to, 303)

    @app.exception_handler(Problem)
    async def _known(request: Request, problem: Problem) -> Response:
        return _problem(request, problem.status, problem.code, problem.detail, problem.retry_after)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return _problem(request, error.status_code, "not_found" if error.status_code == 404 else "http_error", "")

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        places = ", ".join(str(fault["loc"][-1]) for fault in error.errors())
        return _problem(request, 422, "request_invalid", places)

    @app.exception_handler(StatementError)
    @app.exception_handler(OverflowError)
    async def _statement(request: Request, error: Exception) -> Response:
        # NUL in a text, a number or a time beyond what columns hold: only who changes an address by hand sends that
        if not isinstance(error, DataError | OverflowError) and not isinstance(_cause(error), OverflowError):
            return await _unexpected(request, error)
        log.info("value_refused", path=_route(request), error=type(error).__name__)
        return _problem(request, 422, "request_invalid", "")

    @app.exception_handler(OperationalError)
    @app.exception_handler(InterfaceError)
    async def _database_away(request: Request, error: DBAPIError) -> Response:
        log.error("database_away", path=_route(request), error=type(error).__name__)
        return _problem(request, 503, "database_away", "", retry_after=5)

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        log.error("request_failed", path=_route(request), error=type(error).__name__)
        return _problem(request, 500, "internal_error", "")


def _cause(error: Exception) -> BaseException | None:
    """What the database's driver, or the reading of a value, said."""
    return error.orig if isinstance(error, StatementError) else None


def _route(request: Request) -> str:
    """Which page it was, without what stands in its address: an invitation's is a secret."""
    return str(getattr(request.scope.get("route"), "path", "?"))


def _page_of(request: Request) -> str | None:
    """The page whose form was sent, so that whoever is told to look again gets there."""
    if request.method in SAFE_METHODS:
        return None
    path = request.url.path.rpartition("/")[0]
    pages = (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute))
    known = any("GET" in (one.methods or ()) and one.path_regex.match(path.removeprefix("/console")) for one in pages)
    return path if known else None


def _problem(request: Request, status: int, code: str, detail: str, retry_after: int | None = None) -> Response:
    """A page that says what went wrong and what to do; for htmx only its words."""
    template = "problem_words.html" if "HX-Request" in request.headers else "problem.html"
    person = getattr(request.state, "person", None)
    answer = page(request, person, template, status, code=code, detail=detail, again=_page_of(request))
    answer.headers["X-Problem"] = code
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer
