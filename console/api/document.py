"""The OpenAPI document: the routes as FastAPI describes them, with all errors that a call can have and who may call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from console.api.context import ApiContext
from console.api.gate import WITH_BODY
from console.api.problems import MEDIA_TYPE, ProblemBody
from console.api_tokens import ApiScope

BASE, VERSION = "/api/v1", "1.0.0"
SECURITY = "token"
_DESCRIPTION = """\
For partners of the hotline: the leads of a firm, the numbers of the survey, training classes. How to begin, with
examples: docs/api.md. Times are RFC 3339 in UTC, answers UTF-8 JSON; errors are problems (RFC 9457) with a stable
`code` and a `detail` in Vietnamese.

Within /api/v1 nothing is removed or renamed and no rule becomes stricter; fields, codes, states and addresses may be
added, and programs must ignore those they do not know.
"""
# By status: what it means, and the codes that it comes with.
_PROBLEMS: Mapping[int, tuple[str, str]] = {
    400: ("The call does not have the documented form", "request_invalid"),
    401: ("No token, or one that opens nothing (any more)", "token_missing token_invalid"),
    403: ("The token lacks the scope", "insufficient_scope"),
    404: ("There is no such thing, or not for this token", "not_found lead_unknown class_unknown"),
    405: ("The address does not take this method", "method_not_allowed"),
    409: (
        "Not as things stand: read again, then decide",
        "call_running lead_changed lead_step_not_allowed lead_deadline_passed"
        " class_changed class_known class_over class_seats_taken",
    ),
    410: ("The owner has withdrawn the consent: delete what you keep of them", "lead_withdrawn"),
    413: ("The body is too large", "body_too_large"),
    415: ("The body is not application/json", "media_type_unsupported"),
    422: (
        "The form is right, but what it says cannot be done",
        "key_used_otherwise cursor_unknown reason_missing reason_unknown text_missing commune_needed commune_not_here"
        " commune_unknown period_not_here class_time class_past class_too_far class_commune class_missing"
        " class_not_your_commune",
    ),
    429: ("Too many calls; `Retry-After` says when to go on", "too_many_calls"),
    500: ("Our fault; nothing was changed", "internal_error"),
    503: ("The hotline cannot reach its database; send the call again", "database_away"),
}
# Codes that only some addresses have, by how they begin.
_ONLY = {
    "lead_": "/leads",
    "reason_": "/leads",
    "text_": "/leads",
    "class_": "/classes",
    "commune_": "/surveys",
    "period_": "/surveys",
}
_ALWAYS = (400, 401, 404, 405, 429, 500, 503)
_HEADERS = {
    401: ("WWW-Authenticate", "Which token is needed (RFC 6750)."),
    403: ("WWW-Authenticate", "Which scope is needed (RFC 6750)."),
    405: ("Allow", "What the address takes."),
    429: ("Retry-After", "Seconds."),
    503: ("Retry-After", "Seconds."),
}
_REPLAYED = {
    "description": '"true": the change was made by an earlier call with this key.',
    "schema": {"type": "string", "enum": ["true"]},
}


def describe(routers: Sequence[APIRouter], context: ApiContext) -> dict[str, Any]:
    """The document of the API that these routers make."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    document = get_openapi(
        title="Hotline API", version=VERSION, description=_DESCRIPTION, routes=routes, servers=[{"url": BASE}]
    )
    components = document["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= {**problem.pop("$defs"), "Problem": problem}
    reason = components["schemas"]["LeadStep"]["properties"]["reason"]
    reason["anyOf"][0]["enum"] = list(context.content.refusal_reasons.all)
    reason["description"] += " " + "; ".join(
        f"{id_}: {one.en}" for id_, one in context.content.refusal_reasons.all.items()
    )
    scopes = ", ".join(ApiScope)
    said = f"A token that an administrator of the hotline made; scopes: {scopes}."
    components["securitySchemes"] = {SECURITY: {"type": "http", "scheme": "bearer", "description": said}}
    for route in routes:
        for method in route.methods or ():
            operation = document["paths"][route.path][method.lower()]
            operation["operationId"] = route.name
            _complete(operation, method, route.path, _scope(route))
    return document


def _scope(route: APIRoute) -> ApiScope | None:
    """What the door of a route asks for. Raises AssertionError for a route without one."""
    doors = [one.call for one in route.dependant.dependencies if hasattr(one.call, "scope")]
    assert len(doors) == 1, f"{route.path} has no door"  # noqa: S101 - only our own routes come here
    scope: ApiScope | None = getattr(doors[0], "scope")  # noqa: B009
    return scope


def _complete(operation: dict[str, Any], method: str, path: str, scope: ApiScope | None) -> None:
    """Add who may call, and every error."""
    operation["summary"], _, more = operation.get("description", "").partition("\n\n")
    operation["description"] = more or operation["summary"]
    operation["security"] = [{SECURITY: [scope.value] if scope else []}]
    answers = {status: answer for status, answer in operation["responses"].items() if status != "422"}
    if method in WITH_BODY:
        for answer in answers.values():
            answer["headers"] = {"Idempotency-Replayed": _REPLAYED}
    for status in sorted({*_ALWAYS, *_more(method, path, scope)}):
        answers[str(status)] = _problem(status, path)
    operation["responses"] = answers


def _more(method: str, path: str, scope: ApiScope | None) -> Iterator[int]:
    if scope is not None:
        yield from (403, 422)
    if method in WITH_BODY:
        yield from (409, 413, 415)
    if path == "/leads/{lead_id}":
        yield 410


def _problem(status: int, path: str) -> dict[str, Any]:
    words, codes = _PROBLEMS[status]
    here = [code for code in codes.split() if path.startswith(_ONLY.get(code.partition("_")[0] + "_", "/"))]
    answer: dict[str, Any] = {
        "description": f"{words}. `code`: {', '.join(here)}.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in _HEADERS:
        name, meaning = _HEADERS[status]
        answer["headers"] = {name: {"description": meaning, "required": True, "schema": {"type": "string"}}}
    return answer
