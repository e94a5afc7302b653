"""SpeedSMS as a Gateway: its calls (speedsms.vn/sms-api) in our words. What comes in: callback.py."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

from integrations.errors import Fate, NotReadable, SendFailed
from integrations.sms.amounts import amount
from integrations.sms.gateway import Bulk, Report, Taken
from integrations.sms.numbers import to_e164, with_country
from integrations.sms.speedsms import errors
from integrations.sms.speedsms.callback import message_id, report_of
from integrations.sms.transport import Answer, Transport
from store.logs import get_logger
from store.settings import Settings

logger = get_logger("integrations.sms.speedsms")

ROOT = "/index.php"
SEND, STATUS, ACCOUNT = f"{ROOT}/sms/send", f"{ROOT}/sms/status", f"{ROOT}/user/info"
OWN_BRANDNAME = 3
KINDS = frozenset({"state_notice", "customer_care", "staff"})
_LOCKED_OUT = frozenset({401, 403})


class SpeedSmsGateway:
    """Customer care by the own brandname only. A repeated call would be a second message: there is no name by which
    SpeedSMS knows one again. 60 calls a minute are borne.
    """

    name = "speedsms"
    kinds = KINDS
    remembers = timedelta(0)
    per_second = 1.0

    def __init__(self, url: str, access_token: str, sender: str) -> None:
        self.sender, self._url = sender, url
        secret = base64.b64encode(f"{access_token}:x".encode()).decode()
        self._headers = {"Authorization": f"Basic {secret}"}
        self._transport = Transport(errors.OUTCOMES)

    @classmethod
    def from_settings(cls, settings: Settings) -> SpeedSmsGateway:
        """Raises ValueError without an account."""
        token, sender = settings.speedsms_access_token, settings.speedsms_sender
        if token is None or sender is None:
            raise ValueError("no SpeedSMS account is configured")
        return cls(settings.speedsms_api_url, token.get_secret_value(), sender)

    async def send(self, message: Bulk) -> Taken:
        """Gateway.send. SpeedSMS may call it a success and name our one number among those that it left out."""
        body = {
            "to": [with_country(message.phone)],
            "content": message.text,
            "sms_type": OWN_BRANDNAME,
            "sender": self.sender,
        }
        answer = await self._transport.call("POST", self._url + SEND, json=body, headers=self._headers)
        data = _data(answer)
        if not isinstance(data, dict):
            raise SendFailed(errors.OUTCOMES.not_json)
        if message.phone in _invalid(data):
            raise _refusal(errors.PHONE)
        return Taken(message_id(data.get("tranId")), amount(data.get("totalPrice")))

    async def ask(self, message_id: str) -> Report | None:
        """Gateway.ask: a list with one entry per number, of which we have one; empty while nothing is known."""
        try:
            data = _data(await self._harmless(f"{self._url}{STATUS}/{message_id}"))
        except SendFailed as failed:
            if failed.error.code == errors.error(errors.PARAMETER).code:
                return None  # no message of that number
            raise
        entries = data if isinstance(data, list) else [data]
        entry = entries[0] if entries else None
        if not isinstance(entry, dict) or (isinstance(entry.get("status"), int) and entry["status"] < 0):
            return None
        try:
            return report_of(entry.get("status"), message_id)
        except NotReadable:
            raise SendFailed(replace(errors.OUTCOMES.not_json, fate=Fate.RETRY)) from None

    async def balance(self) -> int:
        """What is left, in đồng. Raises SendFailed."""
        answer = await self._harmless(self._url + ACCOUNT)
        # Its own page wraps the account, the samples show it bare
        account = answer.body if "balance" in answer.body else _data(answer)
        left = amount(account.get("balance")) if isinstance(account, dict) else None
        if left is None:
            _data(answer)
            raise SendFailed(replace(errors.OUTCOMES.not_json, fate=Fate.RETRY))
        return left

    async def close(self) -> None:
        await self._transport.close()

    async def _harmless(self, url: str) -> Answer:
        """A call that only reads: without an answer it is simply tried again."""
        try:
            answer = await self._transport.call("GET", url, headers=self._headers)
        except SendFailed as failed:
            if failed.error.fate is not Fate.UNCERTAIN:
                raise
            raise SendFailed(replace(failed.error, fate=Fate.RETRY)) from None
        _check_door(answer)
        return answer


def _data(answer: Answer) -> Any:
    """What a success is about. Raises SendFailed for everything else."""
    _check_door(answer)
    code, status = _code(answer.body.get("code")), answer.body.get("status")
    if status == "success" and code == 0:
        return answer.body.get("data")
    if status == "error" and code:
        raise _refusal(code)
    # Called a success and an error at once, or neither: it says nothing about the message
    raise SendFailed(errors.OUTCOMES.not_json)


def _check_door(answer: Answer) -> None:
    """The platform in front of the API answers with its HTTP status, and then the API was not reached."""
    if answer.body.get("status") in ("success", "error") or answer.status < 400:
        return
    if answer.status in _LOCKED_OUT:
        raise SendFailed(errors.LOCKED_OUT)
    raise SendFailed(errors.MALFORMED)


def _refusal(code: int) -> SendFailed:
    logger.warning("speedsms_refused", code=code)
    return SendFailed(errors.error(code))


def _code(said: Any) -> int | None:
    """ "00", "007", 105; None: it is no code."""
    if isinstance(said, int) and not isinstance(said, bool):
        return said if 0 <= said < 10**6 else None
    return int(said) if isinstance(said, str) and said.isascii() and said.isdecimal() and len(said) < 7 else None


def _invalid(data: dict[str, Any]) -> set[str | None]:
    """The numbers that were left out, in E.164."""
    said = data.get("invalidPhone")
    return {to_e164(str(one)) for one in said} if isinstance(said, list) else set()
