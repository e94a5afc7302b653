"""The providers' webhooks: verified on the raw bytes, durable before the 200, no 5xx for whatever they send."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import metrics
from bot.web.context import web_context
from bot.web.problems import Problem
from integrations.errors import NotGenuine, NotReadable, NotSetUp
from integrations.provider import CalledProvider
from store.events import Event, Unread
from store.logs import get_logger

log = get_logger("bot.web.webhooks")

MAX_BODY_BYTES = 1 << 20


async def take_webhook(request: Request) -> Response:
    """One call of a provider.

    200: all of it is on disk. 401: not the provider's, 413: too large, 400: cut off; nothing is kept.
    """
    channel, context = request.path_params["channel"], web_context(request)
    provider = context.providers.get(channel)
    if provider is None:
        raise Problem(404, "channel_off", "Kênh này chưa được bật.")
    with metrics.webhook_seconds(channel):
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
        try:
            body = await _body(request)
            events = _events(provider, headers, body, context.clock.now())
        except NotSetUp as unset:
            # Zalo shows the secret only after its first call was answered with 200; nothing of such a call is kept
            log.warning("webhook_not_set_up", channel=channel, code=str(unset))
            return JSONResponse({"status": "ignored"})
        except NotGenuine as refusal:
            raise _refused(channel, 401, str(refusal), "Không đúng chữ ký của nhà cung cấp.") from None
        except Problem as problem:
            raise _refused(channel, problem.status, problem.code, problem.detail) from None
        await context.intake.take(channel, events)
    return JSONResponse({"status": "ok"})


def _events(provider: CalledProvider, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Event]:
    """What the call says. Refused, a genuine one would come again for hours and hold up, or turn off, all the others:
    one that nobody can read waits for a person instead.
    """
    try:
        return provider.read_webhook(headers, body, now)
    except NotReadable as damage:
        key = f"body:{hashlib.sha256(body).hexdigest()}"
        return [Unread(key, "unreadable", body.decode("utf-8", "replace"), str(damage))]


def _refused(channel: str, status: int, code: str, detail: str) -> Problem:
    log.warning("webhook_refused", channel=channel, code=code)
    metrics.webhook_refused(channel, code)
    return Problem(status, code, detail)


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise Problem(413, "body_too_large", "Nội dung quá lớn.")
    except ClientDisconnect:
        raise Problem(400, "cut_off", "Nội dung gửi lên bị ngắt giữa chừng.") from None
    return bytes(body)


# A plain route: the framework's reading of parameters would cost as much as the signature's check.
route = Route("/webhooks/{channel}", take_webhook, methods=["POST"])
