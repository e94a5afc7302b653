"""HTTP to SMS gateways: one session, explicit timeouts, and what an outcome says about whether a message was taken.

Nothing of an address, a body or an exception's words leaves it: keys travel in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload

from integrations.errors import Fate, ProviderError, SendFailed

CONNECT_SECONDS = 3
TOTAL_SECONDS = 10
# Shorter than servers keep idle connections: a message must not meet one that is just being closed
IDLE_SECONDS = 10
MAX_ANSWER_BYTES = 1 << 18
MAYBE = "Không rõ cổng SMS đã nhận tin này hay chưa; hotline không gửi lại khi chưa chắc."


_TIMEOUT = aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS)


class _Body(BytesPayload):
    """JSON that knows whether any of it may have reached the other side. A message is in the body: without it none was
    taken."""

    began = False

    def __init__(self, content: bytes) -> None:
        super().__init__(content, content_type="application/json")

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self.began = True
        await super().write_with_length(writer, content_length)


@dataclass(frozen=True)
class Answer:
    """`body`: the JSON object."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Outcomes:
    """What calls come to that have no answer in the gateway's own words."""

    not_sent: ProviderError
    no_answer: ProviderError
    not_json: ProviderError
    server_error: ProviderError
    too_fast: ProviderError

    @classmethod
    def of(cls, gateway: str, name: str) -> Outcomes:
        """`gateway`: how codes begin; `name`: for people."""
        return cls(
            ProviderError(f"{gateway}_not_sent", Fate.RETRY, f"Chưa kết nối được với {name}; hotline sẽ tự gửi lại."),
            ProviderError(f"{gateway}_no_answer", Fate.UNCERTAIN, MAYBE),
            ProviderError(f"{gateway}_not_json", Fate.UNCERTAIN, MAYBE),
            ProviderError(f"{gateway}_server_error", Fate.UNCERTAIN, MAYBE),
            ProviderError(f"{gateway}_429", Fate.BACK_OFF, f"Hotline gọi {name} quá nhanh; sẽ gửi tiếp sau."),
        )

    def all(self) -> list[ProviderError]:
        return [self.not_sent, self.no_answer, self.not_json, self.server_error, self.too_fast]


class Transport:
    """Made outside of an event loop; the session begins with the first call."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._client: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def call(
        self,
        method: str,
        url: str,
        *,
        json: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The JSON object that was answered with a status below 500. Raises SendFailed (RETRY, BACK_OFF, UNCERTAIN)."""
        body = None if json is None else _Body(orjson.dumps(json))
        try:
            async with self._session().request(
                method,
                url,
                params=query,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=_TIMEOUT,
            ) as response:
                return await self._answer(response)
        except (aiohttp.ClientError, OSError, TimeoutError):
            # Without its cause: an exception of the client quotes the address, and with it the keys
            may_be_there = body is None or body.began
            error = self._outcomes.no_answer if may_be_there else self._outcomes.not_sent
        raise SendFailed(error)

    async def _answer(self, response: aiohttp.ClientResponse) -> Answer:
        if response.status >= 500:
            raise SendFailed(self._outcomes.server_error)
        if response.status == 429:
            raise SendFailed(self._outcomes.too_fast, _seconds(response.headers))
        content = bytearray()
        async for chunk in response.content.iter_any():
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise SendFailed(self._outcomes.not_json)
        try:
            body = orjson.loads(content)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise SendFailed(self._outcomes.not_json)
        return Answer(response.status, body, response.headers)

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=IDLE_SECONDS, limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._client


def _seconds(headers: Mapping[str, str]) -> float:
    """Until the limit ends; a minute without a number that can be believed."""
    for name in ("Retry-After", "X-Rate-Limit-Reset"):
        said = headers.get(name, "")
        if said.isascii() and said.isdecimal() and 0 < int(said) <= 3600:
            return float(said)
    return 60.0
