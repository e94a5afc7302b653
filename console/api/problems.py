"""The API's errors: application/problem+json (RFC 9457), Vietnamese for people, a stable `code` for programs.

400 means that a call does not have the documented form: sending it again never helps. 422 means that the form is right
and what it says cannot be done; 409 that it could not be done as things stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.web.problems import Problem, answer_with_problems, problem_response
from console.api_tokens import ApiScope
from programme.lead_problems import LeadProblem

MEDIA_TYPE = "application/problem+json"
REALM = 'Bearer realm="hotline"'
MOST_FAULTS = 10


class Fault(BaseModel):
    """One thing that is wrong with a call."""

    model_config = ConfigDict(extra="forbid")
    pointer: str = Field(
        description="Where: body, query, path or header, and the names below it.", examples=["body.seats"]
    )
    detail: str = Field(description="What is wrong, in Vietnamese.")


class ProblemBody(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="forbid", title="Problem")
    type: str = Field(description='Always "about:blank": `code` says what it is.')
    title: str
    status: int
    code: str = Field(description="Stable: programs decide by it.", pattern="^[a-z_]+$", examples=["request_invalid"])
    detail: str = Field(description="What to do, in Vietnamese, for people.")
    errors: list[Fault] | None = Field(None, description="With 400: what does not have the documented form.")


class ApiProblem(Problem):
    """A problem that brings headers along."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, code, detail)
        self.headers = dict(headers or {})


def token_missing() -> ApiProblem:
    words = "Lời gọi cần tiêu đề Authorization: Bearer hl_… với mã truy cập do quản trị viên hotline cấp."
    return ApiProblem(401, "token_missing", words, {"WWW-Authenticate": REALM})


def token_invalid() -> ApiProblem:
    """One for all: whether a token never was, is over or was revoked is not for strangers."""
    words = (
        "Mã truy cập không dùng được: sai, đã hết hạn hoặc đã bị thu hồi. Anh/chị xin mã mới từ quản trị viên hotline."
    )
    return ApiProblem(401, "token_invalid", words, {"WWW-Authenticate": f'{REALM}, error="invalid_token"'})


def scope_missing(scope: ApiScope) -> ApiProblem:
    words = f"Mã truy cập này không có quyền {scope}. Anh/chị xin quản trị viên hotline cấp mã có quyền ấy."
    challenge = f'{REALM}, error="insufficient_scope", scope="{scope}"'
    return ApiProblem(403, "insufficient_scope", words, {"WWW-Authenticate": challenge})


def answer_with_api_problems(app: FastAPI) -> None:
    """Every error of `app` leaves it as a problem."""
    answer_with_problems(app)

    @app.exception_handler(ApiProblem)
    async def _api(_: Request, problem: ApiProblem) -> Response:
        answer = problem_response(problem.status, problem.code, problem.detail)
        answer.headers.update(problem.headers)
        return answer

    @app.exception_handler(LeadProblem)
    async def _lead(_: Request, problem: LeadProblem) -> Response:
        return problem_response(problem.status, problem.code, problem.words())

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        return invalid([_fault(one) for one in error.errors()[:MOST_FAULTS]])

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return problem_response(404, "not_found", "Không có địa chỉ này; xem /api/v1/openapi.json.")
        if isinstance(error.__cause__, ApiProblem):  # the gate's, while the body was read
            return await _api(request, error.__cause__)
        return invalid([Fault(pointer="body", detail="không đọc được JSON (UTF-8)")])


def invalid(faults: Sequence[Fault]) -> Response:
    """400 with everything that is wrong."""
    said = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults)
    words = f"Lời gọi chưa đúng dạng trong /api/v1/openapi.json: {said}."
    return problem_response(400, "request_invalid", words, errors=[fault.model_dump() for fault in faults])


# Pydantic's kinds of errors, in Vietnamese; what was sent is never repeated.
_SAID: Mapping[str, str] = {
    "missing": "bị thiếu",
    "extra_forbidden": "không có trường này",
    "json_invalid": "không phải JSON",
    "string_type": "phải là chuỗi",
    "string_too_long": "dài quá",
    "string_too_short": "ngắn quá",
    "string_pattern_mismatch": "có ký tự hoặc dạng không được nhận",
    "string_unicode": "không phải UTF-8",
    "int_type": "phải là số nguyên",
    "int_parsing": "phải là số nguyên",
    "greater_than_equal": "nhỏ quá",
    "less_than_equal": "lớn quá",
    "enum": "không thuộc danh sách được nhận",
    "literal_error": "không thuộc danh sách được nhận",
    "bool_parsing": "phải là true hoặc false",
    "model_attributes_type": "phải là một đối tượng JSON",
}


def _fault(error: Mapping[str, Any]) -> Fault:
    place = ".".join(str(part)[:40] for part in error["loc"])
    words = _SAID.get(error["type"], "không đúng dạng")
    if error["type"] == "value_error":  # our own, in Vietnamese
        words = str(error["ctx"]["error"])
    return Fault(pointer=_printable(place), detail=words)


def _printable(text: str) -> str:
    """The names of unknown fields are the caller's: half a surrogate pair would not leave as UTF-8."""
    return text.encode(errors="replace").decode()
