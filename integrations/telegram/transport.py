"""How calls reach Telegram: python-telegram-bot's requests over aiohttp, every failure as one closed kind.

Its own transport gives the token away (httpx logs every address, and the token is part of it), logs answers it cannot
read, and does not say whether a failed request was sent; the last decides here between sending again and never again.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

import aiohttp
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData

from integrations.errors import FetchFailed, ProviderError, SendFailed
from integrations.json_body import read_object
from integrations.telegram.errors import NO_ANSWER, NOT_SENT, refusal

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 8.0
DOWNLOAD_SECONDS = 60.0
PARALLEL_CALLS = 64

T = TypeVar("T")

_BROKEN = (aiohttp.ClientError, OSError, TimeoutError)
_NOT_CONNECTED = (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError)


class CallFailed(TelegramError):
    """A call without a result. `reason`: what follows from it. Nothing of the call or the answer is kept."""

    def __init__(self, reason: SendFailed) -> None:
        super().__init__(reason.error.code)
        self.reason = reason


class Transport(BaseRequest):
    """Safe for concurrent calls. Connects at the first call, within the running event loop."""

    __slots__ = ("_session",)

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return TOTAL_SECONDS

    async def initialize(self) -> None:
        """Nothing: the session is opened when it is needed."""

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One call; of the timeouts only `read_timeout` is heeded, as the limit of the whole call.

        Raises CallFailed.
        """
        total = read_timeout if isinstance(read_timeout, int | float) else TOTAL_SECONDS
        status, body = await self._exchange(method, url, _form(request_data), total)
        answer = self.parse_json_payload(body)
        if "result" not in answer or not 200 <= status < 300:
            raise CallFailed(_refusal(status, answer))
        return status, body

    async def download(self, url: str, limit_bytes: int) -> bytes:
        """The bytes at an address of Telegram's. Raises FetchFailed.

        Only a file's size is final: a path lasts an hour, and asking for the file again gives another.
        """
        try:
            async with self._open().get(url, allow_redirects=False, timeout=_timeout(DOWNLOAD_SECONDS)) as response:
                if response.status != 200:
                    raise FetchFailed(f"telegram_file_{response.status}", final=False)
                content = bytearray()
                async for chunk in response.content.iter_chunked(1 << 16):
                    content += chunk
                    if len(content) > limit_bytes:
                        raise FetchFailed("telegram_file_too_big", final=True)
                return bytes(content)
        except _BROKEN as error:
            raise FetchFailed(_cause(error).code, final=False) from None

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """An answer of the Bot API. Raises CallFailed for anything else."""
        answer = read_object(payload)
        if answer is not None and (answer.get("ok") is False or "result" in answer):
            return answer
        raise CallFailed(SendFailed(NO_ANSWER))

    async def _exchange(self, method: str, url: str, data: aiohttp.FormData | None, total: float) -> tuple[int, bytes]:
        # "from None": the errors of aiohttp may name the address, which holds the token
        try:
            request = self._open().request(method, url, data=data, allow_redirects=False, timeout=_timeout(total))
            async with request as response:
                return response.status, await response.read()
        except _BROKEN as error:
            raise CallFailed(SendFailed(_cause(error))) from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=PARALLEL_CALLS))
        return self._session


def _cause(error: Exception) -> ProviderError:
    """Without a connection Telegram has certainly not seen the request."""
    return NOT_SENT if isinstance(error, _NOT_CONNECTED) else NO_ANSWER


def _timeout(total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, connect=CONNECT_SECONDS)


def _form(data: RequestData | None) -> aiohttp.FormData | None:
    if data is None:
        return None
    form = aiohttp.FormData(data.json_parameters, quote_fields=False)  # Telegram shows a file's name as it came
    for field, (name, content, media_type) in (data.multipart_data or {}).items():
        form.add_field(field, content, filename=name, content_type=media_type)
    return form


def _refusal(status: int, answer: dict[str, Any]) -> SendFailed:
    parameters = answer.get("parameters")
    after = parameters.get("retry_after") if isinstance(parameters, dict) else None
    seconds = float(after) if isinstance(after, int | float) and after > 0 else None
    return refusal(status, str(answer.get("description", "")), seconds)


async def outcome(call: Awaitable[T]) -> T:
    """The result of a call to the Bot API. Raises SendFailed."""
    try:
        return await call
    except CallFailed as failed:
        raise failed.reason from None
    except (TelegramError, TypeError, AttributeError, LookupError, ValueError, ArithmeticError, OSError):
        # Accepted, but the result is not what was promised. "from None": the library's errors may hold the token
        raise SendFailed(NO_ANSWER) from None
