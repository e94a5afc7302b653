"""eSMS as a Gateway: its calls (developers.esms.vn) in our words. What comes in: callback.py, inbound.py."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from integrations.errors import Fate, NotReadable, SendFailed
from integrations.sms.esms import errors
from integrations.sms.esms.callback import report_of
from integrations.sms.esms.listed import local_time, read_listed
from integrations.sms.gateway import Bulk, Report, Taken
from integrations.sms.numbers import national
from integrations.sms.transport import Answer, Transport
from store.logs import get_logger
from store.settings import Settings

logger = get_logger("integrations.sms.esms")

ROOT = "/MainService.svc/json"
SEND = f"{ROOT}/SendMultipleMessage_V4_post_json/"  # the trailing slash is part of it
STATUS, BALANCE = f"{ROOT}/GetSendStatus", f"{ROOT}/GetBalance_json"
LIST = f"{ROOT}/GetSmsSentData_V2"
PAGE_SIZE, MOST_PAGES = 500, 60
CUSTOMER_CARE = "2"
KINDS = frozenset({"state_notice", "customer_care", "staff"})


class EsmsGateway:
    """Customer care only: advertising has another call that people approve, and is not sent by this one.

    Of the 24 hours for which a RequestId is recognised one is left out, for clocks that differ.
    """

    remembers = timedelta(hours=23)
    per_second = 0.0

    def __init__(
        self,
        url: str,
        api_key: str,
        secret_key: str,
        brandname: str,
        *,
        name: str = "esms",
        kinds: Collection[str] = KINDS,
    ) -> None:
        self.name, self.kinds, self.brandname = name, frozenset(kinds), brandname
        self._url, self._keys = url, {"ApiKey": api_key, "SecretKey": secret_key}
        self._transport = Transport(errors.OUTCOMES)

    @classmethod
    def from_settings(cls, settings: Settings, name: str = "esms", kinds: Collection[str] = KINDS) -> EsmsGateway:
        """Raises ValueError without an account."""
        key, secret, brandname = settings.esms_api_key, settings.esms_secret_key, settings.esms_brandname
        if key is None or secret is None or brandname is None:
            raise ValueError("no eSMS account is configured")
        return cls(
            settings.esms_api_url, key.get_secret_value(), secret.get_secret_value(), brandname, name=name, kinds=kinds
        )

    async def send(self, message: Bulk) -> Taken:
        """Gateway.send. A repeated RequestId (124) is a message that was taken before, whose id is not said again."""
        body = {
            **self._keys,
            "Phone": national(message.phone),
            "Content": message.text,
            "Brandname": self.brandname,
            "SmsType": CUSTOMER_CARE,
            "IsUnicode": "1" if message.unicode else "0",
            "Sandbox": "0",
            "RequestId": message.request_id,
            "campaignid": message.request_id,  # by which the list of what was sent names it
            **({"CallbackUrl": message.callback} if message.callback else {}),
        }
        answer = await self._transport.call("POST", self._url + SEND, json=body)
        code = _code(answer, "CodeResult")
        if code == errors.REPEATED:
            return Taken(None)
        if code != errors.ACCEPTED:
            raise self._refusal(code)
        id_ = answer.body.get("SMSID")
        return Taken(str(id_)[:80] if id_ else None)

    async def ask(self, message_id: str) -> Report | None:
        """Gateway.ask: eSMS answers for 7 days, and not in the first seconds."""
        query = {"RefId": message_id, **self._keys}
        answer = await self._harmless("GET", self._url + STATUS, query=query)
        code = _code(answer, "CodeResponse")
        if code == errors.NOT_FOUND:
            return None
        if code != errors.ACCEPTED:
            raise self._refusal(code)
        try:
            return report_of(answer.body, message_id, None)
        except NotReadable:
            raise SendFailed(replace(errors.OUTCOMES.not_json, fate=Fate.RETRY)) from None

    async def listed(self, since: datetime, until: datetime) -> dict[str, Report]:
        """Listing.listed, page by page (developers.esms.vn, ham-kiem-tra-trang-thai-tin-nhan-theo-khoang-thoi-gian): an
        entry gives back the campaignid of its call, and there is no other way to a message without its SMSID."""
        span = {"From": local_time(since), "To": local_time(until), "SmsType": CUSTOMER_CARE}
        found: dict[str, Report] = {}
        for page in range(1, MOST_PAGES + 1):
            asked = {**self._keys, **span, "Page": page, "PageSize": PAGE_SIZE}
            answer = await self._harmless("POST", self._url + LIST, json=asked)
            code = _code(answer, "CodeResult")
            if code != errors.ACCEPTED:
                raise self._refusal(code)
            entries = answer.body.get("SentData")
            if not isinstance(entries, list):
                raise SendFailed(replace(errors.OUTCOMES.not_json, fate=Fate.RETRY))
            found |= {id_: report for id_, report in map(read_listed, entries) if id_ and report}
            if len(entries) < PAGE_SIZE:
                return found
        raise SendFailed(errors.TOO_MANY)

    async def balance(self) -> int:
        """What is left, in đồng. Raises SendFailed."""
        answer = await self._harmless("POST", self._url + BALANCE, json=self._keys)
        code = _code(answer, "CodeResponse")
        if code != errors.ACCEPTED:
            raise self._refusal(code)
        try:
            return int(float(answer.body["Balance"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            raise SendFailed(replace(errors.OUTCOMES.not_json, fate=Fate.RETRY)) from None

    async def close(self) -> None:
        await self._transport.close()

    async def _harmless(self, method: str, url: str, **options: Any) -> Answer:
        """A call that only reads: without an answer it is simply tried again."""
        try:
            return await self._transport.call(method, url, **options)
        except SendFailed as failed:
            if failed.error.fate is not Fate.UNCERTAIN:
                raise
            raise SendFailed(replace(failed.error, fate=Fate.RETRY)) from None

    def _refusal(self, code: int) -> SendFailed:
        logger.warning("esms_refused", code=code)
        return SendFailed(errors.error(code), errors.BACK_OFF_SECONDS if code == 160 else None)


def _code(answer: Answer, name: str) -> int:
    """The answer's code. Raises SendFailed when there is none."""
    said = answer.body.get(name, answer.body.get("CodeResult"))
    if isinstance(said, int | str) and not isinstance(said, bool) and str(said).isascii() and str(said).isdecimal():
        return int(said)
    # "Invalid request" is eSMS's own word for a body it cannot read; anything else says nothing about the message
    raise SendFailed(errors.MALFORMED if "error" in answer.body else errors.OUTCOMES.not_json)
