"""Structured logs: one JSON object a line on standard error, without secrets or personal data.

Events and ids are logged, never what people write. The redaction below is the second line of defence, not the first.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from structlog.typing import EventDict, WrappedLogger

SECRET_KEYS = re.compile(r"token|secret|password|authorization|cookie|api_?key|signature", re.IGNORECASE)
PERSONAL_KEYS = frozenset({"text", "name", "phone", "address", "sender_name", "payload", "email", "tax_code"})
# The database's parameters are hidden (store/database.py), the system's errors name files and addresses of ours.
WORDS_ARE_OURS = (OSError, SQLAlchemyError)
REDACTED = "[đã che]"
# Vietnamese phone numbers, with the separators people type; e-mail addresses; passwords inside URLs
_PATTERNS = (
    (re.compile(r"(?<!\w)(?:\+?84|0)(?:[ .\-]?\d){8,10}(?!\w)"), REDACTED),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), REDACTED),
    (re.compile(r"hl_[0-9a-f]{16,}"), REDACTED),  # tokens of the API (console/api_tokens.py)
    # Keys of SMS gateways: in addresses, in bodies, in a header; and the secret part of the addresses that they call
    (
        re.compile(r"""\b((?:api|secret)_?key|access_?token|pwd|password)(["']?\s*[=:]\s*["']?)[^\s&"',}]+""", re.I),
        rf"\1\2{REDACTED}",
    ),
    (re.compile(r"\b(Basic|Bearer) [\w+/=.~-]{6,}"), rf"\1 {REDACTED}"),
    (re.compile(r"(/webhooks/sms/\w+/)[^/\s?\"']+"), rf"\1{REDACTED}"),
    (re.compile(r"(://[^:/\s]+:)[^@\s]+@"), rf"\1{REDACTED}@"),
)


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A structlog processor: masks values by key, and what looks personal in any text, however deep."""
    return {key: _masked(key, value) for key, value in event.items()}


def _masked(key: str, value: Any) -> Any:
    if SECRET_KEYS.search(key) or key in PERSONAL_KEYS:
        return REDACTED
    if isinstance(value, str):
        for pattern, replacement in _PATTERNS:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, dict):
        return {k: _masked(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(key, item) for item in value]
    return value


def _format_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A structlog processor: where it happened and what kind of error it was. Its words only where they cannot be
    somebody's: other exceptions quote the value that they choked on.
    """
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        said = f": {error}" if isinstance(error, WORDS_ARE_OURS) else ""
        frames = "".join(traceback.format_tb(error.__traceback__))
        event["exception"] = f"{frames}{type(error).__name__}{said}"
    return event


def configure_logs(level: int = logging.INFO) -> None:
    """Send our own logs and those of libraries through the same renderer and redaction."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _format_exception,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("hotline").setLevel(level)


def get_logger(room: str) -> structlog.stdlib.BoundLogger:
    """A logger named hotline.<room>."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(f"hotline.{room}")
    return logger
