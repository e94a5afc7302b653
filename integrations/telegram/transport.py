"""How calls reach Telegram: python-telegram-bot's requests over aiohttp, every failure as one closed kind.

Its own transport gives the token away (httpx logs every address, and the token is part of it), logs answers it cannot
read, and does not say whether a failed request was sent; the last decides here between sending again and never again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 8.0
DOWNLOAD_SECONDS = 60.0
PARALLEL_CALLS = 64


class NotSent(TelegramError):
    """No connection came about: Telegram has certainly not seen the request."""

    def __init__(self) -> None:
        super().__init__("not sent")


class NoAnswer(TelegramError):
    """The request may have arrived, but no answer that can be read came back."""

    def __init__(self) -> None:
        super().__init__("no readable answer")


class Refused(TelegramError):
    """Telegram's own "no". `status`: the HTTP status; `description` in lower case; `retry_after` in seconds."""

    def __init__(self, status: int, description: str = "", retry_after: float | None = None) -> None:
        super().__init__(str(status))
        self.status, self.description, self.retry_after = status, description.lower(), retry_after


class TooBig(Exception):
    """A file has more bytes than it may have."""


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes


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

        Raises NotSent, NoAnswer, Refused.
        """
        total = read_timeout if isinstance(read_timeout, int | float) else TOTAL_SECONDS
        answer = await self._exchange(method, url, _form(request_data), total)
        said = self.parse_json_payload(answer.body)
        if "result" not in said or not 200 <= answer.status < 300:
            raise _refusal(answer.status, said)
        return answer.status, answer.body

    async def download(self, url: str, limit_bytes: int) -> bytes:
        """The bytes at an address of Telegram's. Raises NotSent, NoAnswer, Refused, TooBig."""
        try:
            async with self._open().get(url, allow_redirects=False, timeout=_timeout(DOWNLOAD_SECONDS)) as response:
                if response.status != 200:
                    raise Refused(response.status)
                content = bytearray()
                async for chunk in response.content.iter_chunked(1 << 16):
                    content += chunk
                    if len(content) > limit_bytes:
                        raise TooBig
                return bytes(content)
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError):
            raise NotSent from None
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise NoAnswer from None

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """An answer of the Bot API. Raises NoAnswer for anything else."""
        try:
            answer = orjson.loads(payload)
        except orjson.JSONDecodeError:
            raise NoAnswer from None
        if isinstance(answer, dict) and (answer.get("ok") is False or "result" in answer):
            return answer
        raise NoAnswer

    async def _exchange(self, method: str, url: str, data: aiohttp.FormData | None, total: float) -> _Answer:
        # "from None": the errors of aiohttp may name the address, which holds the token
        try:
            request = self._open().request(method, url, data=data, allow_redirects=False, timeout=_timeout(total))
            async with request as response:
                return _Answer(response.status, await response.read())
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError):
            raise NotSent from None
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise NoAnswer from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=PARALLEL_CALLS))
        return self._session


def _timeout(total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, connect=CONNECT_SECONDS)


def _form(data: RequestData | None) -> aiohttp.FormData | None:
    if data is None:
        return None
    form = aiohttp.FormData(data.json_parameters, quote_fields=False)  # Telegram shows a file's name as it came
    for field, (name, content, media_type) in (data.multipart_data or {}).items():
        form.add_field(field, content, filename=name, content_type=media_type)
    return form


def _refusal(status: int, said: dict[str, Any]) -> Refused:
    parameters = said.get("parameters")
    after = parameters.get("retry_after") if isinstance(parameters, dict) else None
    seconds = float(after) if isinstance(after, int | float) and after > 0 else None
    return Refused(status, str(said.get("description", "")), seconds)
