"""What SMS gateways call: reports of messages, and what people write to a short code.

Nothing of it is signed well: the address is secret, a report can only say of a message under way what became of it,
and whoever is not believed learns nothing. No 5xx and no retry ladder hang on it: what was missed is asked for later.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import metrics
from bot.sms_words import hear, hear_and_answer
from bot.wakeups import SMS_ANSWERS
from bot.web.body import read_body
from bot.web.context import WebContext, web_context
from bot.web.problems import Problem
from integrations.errors import NotGenuine, NotReadable
from integrations.sms.esms.callback import read_callback
from integrations.sms.esms.inbound import answer, read_inbound
from integrations.sms.gateway import Opinion, Report
from integrations.sms.numbers import with_country
from integrations.sms.speedsms.callback import read_report
from programme.receipts import Outcome
from store.logs import get_logger

log = get_logger("bot.web.sms")

MAX_QUERY_BYTES, MAX_BODY_BYTES = 16 << 10, 64 << 10
# Calls that wait for the database; who comes beyond is sent away, and the message asked about later
MOST_WAITING = 2000
ESMS, SPEEDSMS = "esms", "speedsms"


class _Waiting:
    """Counts the calls under way in this process."""

    count = 0

    def __enter__(self) -> None:
        if self.count >= MOST_WAITING:
            raise Problem(503, "too_many_calls", "Đang có quá nhiều lời gọi.", retry_after=5)
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self.count -= 1


_waiting = _Waiting()


async def esms_report(request: Request) -> Response:
    """CallbackUrl of eSMS: 200 for whatever was read, also when it changed nothing."""
    context = _admitted(request, ESMS)
    with metrics.webhook_seconds(ESMS), _waiting:
        try:
            report = read_callback(request.query_params)
        except NotReadable as damage:
            return _unread(ESMS, str(damage))
        await _take(context, ESMS, report)
    return _done()


async def esms_inbound(request: Request) -> Response:
    """A message to eSMS's short code: the XML with what the person gets as an answer."""
    context = _admitted(request, ESMS)
    key = context.sms.mo_key
    if key is None:
        raise _refused(ESMS, "sms_no_mo_key")
    query = request.query_params
    with metrics.webhook_seconds(ESMS), _waiting:
        try:
            opinion = read_inbound(query, key)
        except NotGenuine as refusal:
            raise _refused(ESMS, str(refusal)) from None
        except NotReadable as damage:
            return _unread(ESMS, str(damage))
        words = await _hear(context, ESMS, opinion, query.get("keyword", ""))
    body = answer(query.get("smsid", ""), with_country(opinion.phone), words)
    return Response(body, media_type="text/xml; charset=utf-8")


async def speedsms(request: Request) -> Response:
    """SpeedSMS's one address. It carries no answer to a person: a refusal is confirmed by a message of its own."""
    context = _admitted(request, SPEEDSMS)
    with metrics.webhook_seconds(SPEEDSMS), _waiting:
        body = await read_body(request, MAX_BODY_BYTES)
        if body is None:
            raise Problem(413, "body_too_large", "Nội dung quá lớn.")
        try:
            said = read_report(body)
        except NotReadable as damage:
            return _unread(SPEEDSMS, str(damage))
        if isinstance(said, Opinion):
            await _hear_and_answer(context, SPEEDSMS, said)
        else:
            await _take(context, SPEEDSMS, said)
    return _done()


async def _take(context: WebContext, gateway: str, report: Report) -> None:
    outcome = await context.receipts.take(gateway, report)
    if outcome in (Outcome.UNKNOWN, Outcome.FOREIGN):
        log.warning("sms_report_of_no_message", gateway=gateway, outcome=outcome.value)


async def _hear(context: WebContext, gateway: str, opinion: Opinion, keyword: str) -> str:
    now, phrases = context.clock.now(), context.content.phrases
    heard = await context.database.run(
        lambda c: hear(c, context.keyring, phrases, gateway, opinion, keyword, now, context.clock.timezone)
    )
    return heard.words


async def _hear_and_answer(context: WebContext, gateway: str, opinion: Opinion) -> None:
    now, phrases = context.clock.now(), context.content.phrases
    is_waiting = await context.database.run(
        lambda c: hear_and_answer(c, context.keyring, phrases, gateway, opinion, now, context.clock.timezone)
    )
    if is_waiting:
        context.wakeups.notify(SMS_ANSWERS)


def _admitted(request: Request, gateway: str) -> WebContext:
    """Raises Problem 404 for everybody but the gateway; who asks for what is not there hears the same."""
    context = web_context(request)
    host = request.client.host if request.client else ""
    if not context.sms.knows(context.keyring, gateway, request.path_params["secret"]):
        raise _refused(gateway, "sms_secret")
    if not context.sms.admits(host):
        raise _refused(gateway, "sms_source")
    if len(request.scope["query_string"]) > MAX_QUERY_BYTES:
        raise Problem(414, "query_too_long", "Địa chỉ quá dài.")
    return context


def _refused(gateway: str, code: str) -> Problem:
    log.warning("webhook_refused", channel=gateway, code=code)
    metrics.webhook_refused(gateway, code)
    return Problem(404, "not_found", "Không có trang này.")


def _unread(gateway: str, code: str) -> Response:
    """Refused, it would only come again."""
    log.warning("sms_report_unreadable", gateway=gateway, code=code)
    metrics.webhook_refused(gateway, code)
    return _done()


def _done() -> Response:
    return Response("ok", media_type="text/plain")


routes = [
    Route("/webhooks/sms/esms/{secret}", esms_report, methods=["GET"]),
    Route("/webhooks/sms/esms/{secret}/inbound", esms_inbound, methods=["GET"]),
    Route("/webhooks/sms/speedsms/{secret}", speedsms, methods=["POST"]),
]
# A HEAD would be taken for the call itself
for _route in routes:
    _route.methods = (_route.methods or set()) - {"HEAD"}
