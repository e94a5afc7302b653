"""Errors as application/problem+json (RFC 9457): Vietnamese for people, a stable `code` for programs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from store.logs import get_logger

log = get_logger("bot.web")

DATABASE_RETRY_SECONDS = 5
_TITLES = {
    400: "Yêu cầu chưa đúng",
    401: "Chưa được phép",
    403: "Không có quyền",
    404: "Không tìm thấy",
    405: "Cách gọi chưa đúng",
    408: "Gửi lên quá lâu",
    409: "Chưa làm được lúc này",
    410: "Đã hết hạn",
    413: "Nội dung quá lớn",
    415: "Loại tệp chưa nhận được",
    416: "Không có phần này",
    422: "Nội dung chưa hợp lệ",
    429: "Gửi hơi nhanh",
    500: "Hệ thống gặp lỗi",
    503: "Chưa sẵn sàng",
}


class Problem(Exception):
    """An answer that is not what was asked for. `detail` says what to do; `retry_after` in seconds."""

    def __init__(self, status: int, code: str, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.retry_after = status, code, detail, retry_after


def problem_response(
    status: int, code: str, detail: str, retry_after: int | None = None, **members: Any
) -> JSONResponse:
    """`members`: what else stands in the problem (RFC 9457, section 3.2)."""
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    body = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail, **members}
    headers = None if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def answer_with_problems(app: FastAPI) -> None:
    """Every error of `app` leaves it as a problem; nothing of our insides is shown."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, problem: Problem) -> JSONResponse:
        return problem_response(problem.status, problem.code, problem.detail, problem.retry_after)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).name.lower()
        return problem_response(error.status_code, code, _TITLES.get(error.status_code, code))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        places = ", ".join(".".join(str(part) for part in e["loc"]) for e in error.errors())
        return problem_response(422, "request_invalid", f"Tham số chưa đúng: {places}.")

    @app.exception_handler(OperationalError)
    @app.exception_handler(InterfaceError)
    async def _database_away(request: Request, error: DBAPIError) -> JSONResponse:
        # Away, locked or full: whoever sent something sends it again, and by then it can be kept
        log.error("database_away", path=request.url.path, error=type(error).__name__)
        answer = problem_response(503, "database_away", "Hệ thống đang bận, cô/bác gửi lại sau ít phút giúp em ạ.")
        answer.headers["Retry-After"] = str(DATABASE_RETRY_SECONDS)
        return answer

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("request_failed", path=request.url.path, error=type(error).__name__)
        return problem_response(500, "internal_error", "Hệ thống gặp lỗi, cô/bác thử lại sau ít phút ạ.")
