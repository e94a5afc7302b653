"""HTTP to Zalo: one session, explicit timeouts, and what an outcome says about whether a message was taken.

Zalo's calls have no idempotency key. What certainly never left may be tried again; once the request has begun, anything
but a well-formed JSON answer leaves it uncertain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson

from integrations.errors import SendFailed
from integrations.provider import OutgoingFile
from integrations.zalo import errors

CONNECT_SECONDS = 3
TOTAL_SECONDS = 8
# Shorter than servers keep idle connections: a message must not meet one that is just being closed
IDLE_SECONDS = 10
MAX_ANSWER_BYTES = 1 << 20


@dataclass(frozen=True)
class Request:
    """One call. At most one of `json`, `form`, `file`; `data`: the parameters of a GET, as Zalo wants them."""

    method: str
    url: str
    json: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    file: OutgoingFile | None = None
    seconds: float = TOTAL_SECONDS


@dataclass(frozen=True)
class Answer:
    body: dict[str, Any]
    headers: Mapping[str, str]


class Transport:
    """Made outside of an event loop; the session begins with the first call."""

    def __init__(self) -> None:
        self._client: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def call(self, request: Request, headers: Mapping[str, str]) -> Answer:
        """The JSON object that Zalo answered, whatever it says. Raises SendFailed (RETRY, BACK_OFF, UNCERTAIN)."""
        progress = SimpleNamespace(began=False)
        try:
            return await self._call(request, headers, progress)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise SendFailed(errors.NO_ANSWER if progress.began else errors.NOT_SENT) from error

    async def _call(self, request: Request, headers: Mapping[str, str], progress: SimpleNamespace) -> Answer:
        content, content_headers = _content(request)
        async with self._session().request(
            request.method,
            request.url,
            params={"data": orjson.dumps(request.data).decode()} if request.data is not None else None,
            data=content,
            headers={**headers, **content_headers},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=request.seconds, connect=CONNECT_SECONDS),
            trace_request_ctx=progress,
        ) as response:
            if response.status >= 500:
                raise SendFailed(errors.SERVER_ERROR)
            if response.status == 429:
                raise SendFailed(errors.TOO_FAST, after_seconds=60)
            return Answer(_parsed(await read_at_most(response, MAX_ANSWER_BYTES) or b""), response.headers)

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_request_began)
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=IDLE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[trace],
            )
        return self._client


async def _request_began(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
    context.trace_request_ctx.began = True


async def read_at_most(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes | None:
    """The body; None when it is longer than the limit, however short it claims to be."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > limit_bytes:
            return None
    return bytes(content)


def _content(request: Request) -> tuple[Any, dict[str, str]]:
    if request.json is not None:
        return orjson.dumps(request.json), {"Content-Type": "application/json"}
    if request.form is not None:
        return dict(request.form), {}
    if request.file is not None:
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("file", request.file.content, filename=request.file.name, content_type=request.file.media_type)
        return form, {}
    return None, {}


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise SendFailed(errors.NOT_JSON) from None
    if not isinstance(body, dict):
        raise SendFailed(errors.NOT_JSON)
    return body


def error_code(body: Mapping[str, Any]) -> int | None:
    """The answer's error, 0 for success; None when it has none that can be read."""
    code = body.get("error")
    if isinstance(code, str):
        try:
            return int(code)
        except ValueError:
            return None
    return code if isinstance(code, int) and not isinstance(code, bool) else None
