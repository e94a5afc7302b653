"""One call to Zalo's API: the access token, renewed once when Zalo wants it; the pace; errors in our words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from integrations.errors import Fate, SendFailed
from integrations.zalo import errors
from integrations.zalo.errors import Numbering
from integrations.zalo.tokens import Tokens
from integrations.zalo.transport import Answer, Request, Transport, error_code
from store.clock import Clock
from store.logs import get_logger

# What Zalo's texts about errors may name; the rest of such a text could quote a person and is not logged.
_FIELDS = re.compile(
    r"\b(recipient|user_id|message|text|attachment|attachment_id|payload|template_type|template_id|template_data"
    r"|elements|buttons|title|subtitle|image_url|media_type|token|type|phone|file|tracking_id)\b"
)

logger = get_logger("integrations.zalo")


class Client:
    """Calls with one OA's tokens. Pauses by itself until the next minute when Zalo says that this one is used up."""

    def __init__(self, transport: Transport, tokens: Tokens, clock: Clock) -> None:
        self._transport, self._tokens, self._clock = transport, tokens, clock
        self._paused_until: datetime | None = None

    async def call(self, request: Request, numbering: Numbering = errors.OPENAPI) -> Any:
        """The answer's `data`. Raises SendFailed; its error tells whether the call may have been taken."""
        token = await self._tokens.access()
        answer, code = await self._attempt(request, token)
        if numbering.is_about_token(code):
            # Not taken, so once more cannot be twice
            token = await self._tokens.renewed(token)
            answer, code = await self._attempt(request, token)
        if code == 0:
            return answer.body.get("data")
        logger.warning("zalo_call_refused", code=code, fields=_FIELDS.findall(str(answer.body.get("message"))))
        raise SendFailed(numbering.error(code), errors.seconds_to_wait(code, self._clock.now()))

    async def harmless(self, request: Request, numbering: Numbering = errors.OPENAPI) -> Any:
        """`call` for what may be done twice (reading, uploading): without an answer it is simply tried again."""
        try:
            return await self.call(request, numbering)
        except SendFailed as failed:
            if failed.error.fate is not Fate.UNCERTAIN:
                raise
            raise SendFailed(replace(failed.error, fate=Fate.RETRY, detail=errors.NOT_SENT.detail)) from failed

    async def _attempt(self, request: Request, token: str) -> tuple[Answer, int]:
        now = self._clock.now()
        if self._paused_until is not None and timedelta(0) < self._paused_until - now <= timedelta(minutes=2):
            raise SendFailed(errors.TOO_FAST, (self._paused_until - now).total_seconds())
        answer = await self._transport.call(request, {"access_token": token})
        code = error_code(answer.body)
        if code is None:
            raise SendFailed(errors.NOT_JSON)
        if code == errors.RATE_LIMITED or answer.headers.get("x-ratelimit-remain") == "0":
            self._paused_until = now + timedelta(seconds=errors.seconds_to_next_minute(now))
        return answer, code
