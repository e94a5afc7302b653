"""eSMS's calls as documented: what is refused, in which order, and what the answers look like."""

from __future__ import annotations

import asyncio
import re
import time
import unicodedata
import zlib
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
from aiohttp import web

from integrations.simulation.simulator import NOTES
from integrations.sms.esms.sim_account import API_KEY, BRANDNAME, SECRET_KEY, TARIFF, TEMPLATES, carrier, number
from integrations.sms.esms.sim_taken import Message
from integrations.sms.esms.sim_world import World

ROOT = "/MainService.svc/json"
LONGEST_REQUEST_ID = 50
MOST_LISTED, LOCAL = 500, ZoneInfo("Asia/Ho_Chi_Minh")
FEWEST_IN_ADVERTISING, MOST_IN_ADVERTISING = 30, 5000
_TEXTS = ("ApiKey", "SecretKey", "Phone", "Content", "Brandname")
_OPTIONAL = ("SmsType", "IsUnicode", "Sandbox", "RequestId", "SendDate", "campaignid", "CallbackUrl")
_WORDS = {
    99: "Phone number is blocked",
    101: "Authorize Failed",
    103: "Balance is not enough",
    104: "Brand name code is not exist",
    105: "Id is not exist",
    107: "Each request has at least 30 numbers to be approved",
    108: "Phone number is invalid",
    118: "SmsType is not supported",
    120: "Too many phone numbers",
    124: "Request exist 1",
    140: "IP is not allowed",
    143: "Account is locked",
    146: "Sai template Brandname CSKH",
    160: "TPS limit exceeded",
    177: "Brandname is not registered with this telco",
    199: "Request is processing",
    201: "Content has banned keyword",
    300: "SmsType is required",
}
# Of the 7-bit alphabet; those of the second cost two
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_COSTLY = frozenset("^{}\\[~]|€\f")


class _Refused(Exception):
    """`code`: of the table; None: a body that eSMS cannot read."""

    def __init__(self, code: int | None, **more: Any) -> None:
        super().__init__(code)
        self.code, self.more = code, more


class Api:
    """The paths below MainService.svc."""

    def __init__(self, world: World) -> None:
        self._world, self._switches, self._taken = world, world.switches, world.taken
        self._busy: set[str] = set()
        self._recent: deque[float] = deque()
        self.patterns = [pattern(one) for one in TEMPLATES]

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.post(f"{ROOT}/SendMultipleMessage_V4_post_json/", self._send),
            web.post(f"{ROOT}/SendMultipleSMSBrandname_json/", self._advertise),
            web.get(f"{ROOT}/GetSendStatus", self._status, allow_head=False),
            web.post(f"{ROOT}/GetBalance_json", self._balance),
            web.post(f"{ROOT}/GetSmsSentData_V2", self._listed),
        ]

    async def _send(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = {}
        try:
            body = await _object(request)
            message = self._judge(body)
        except _Refused as refused:
            await self._wait()
            return self._refusal(request, refused)
        request_id = message.request_id
        if body.get("Sandbox") != "1":
            self._accept(message, body)
        self._busy.add(request_id)
        try:
            await self._wait()
        finally:
            self._busy.discard(request_id)
        return _json({"CodeResult": "100", "CountRegenerate": 0, "SMSID": message.id})

    async def _wait(self) -> None:
        if self._switches.delay_ms:
            await asyncio.sleep(self._switches.delay_ms / 1000)

    def _judge(self, body: Mapping[str, Any]) -> Message:
        switches, now = self._switches, self._world.clock.now()
        texts = [body.get(name) for name in _TEXTS] + [body[name] for name in _OPTIONAL if name in body]
        if not all(isinstance(one, str) for one in texts):
            raise _Refused(None)
        self._authorize(body)
        if switches.per_second:
            self._count()
        kind, request_id = body.get("SmsType", ""), body.get("RequestId", "")
        if not kind:
            raise _Refused(300)
        if kind != "2":
            raise _Refused(118)
        if len(request_id) > LONGEST_REQUEST_ID or not body["Content"]:
            raise _Refused(None)
        phone = number(body["Phone"], switches)
        if phone is None:
            raise _Refused(108)
        if self._taken.remembers(request_id, now):
            busy = request_id in self._busy and switches.repeat_while_busy == 199
            raise _Refused(199) if busy else _Refused(124, SendStatus="5")
        text = self._check_text(body, phone)
        parts = count_parts(body["Content"], body.get("IsUnicode") == "1")
        if self._world.spent + parts * TARIFF > switches.balance:
            raise _Refused(103)
        fate = self._fate(phone, text, request_id or text)
        callback = body.get("CallbackUrl", "")
        id_ = uuid4().hex + "156"
        price, campaign = parts * TARIFF, body.get("campaignid", "")
        return Message(id_, request_id, phone, text, now.timestamp(), fate, parts, price, callback, campaign)

    def _authorize(self, said: Mapping[str, Any]) -> None:
        if said.get("ApiKey") != API_KEY or said.get("SecretKey") != SECRET_KEY:
            raise _Refused(101)
        if not self._switches.ip_allowed:
            raise _Refused(140)
        if self._switches.locked:
            raise _Refused(143)

    def _count(self) -> None:
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= self._switches.per_second:
            raise _Refused(160)
        self._recent.append(now)

    def _check_text(self, body: Mapping[str, str], phone: str) -> str:
        """The text as it arrives."""
        switches, text = self._switches, body["Content"]
        person = self._world.people.get(phone)
        if person is not None and person.blocked:
            raise _Refused(99)
        if body["Brandname"] != BRANDNAME:
            raise _Refused(104)
        if switches.unregistered == carrier(phone)[0]:
            raise _Refused(177)
        if switches.banned_word and switches.banned_word.casefold() in text.casefold():
            raise _Refused(201)
        if switches.template_check and not any(one.fullmatch(text) for one in self.patterns):
            raise _Refused(146, SMSID=uuid4().hex)
        if body.get("IsUnicode") == "1" or is_plain(text):
            return text
        if switches.accented_plain == "refuse":
            raise _Refused(146, SMSID=uuid4().hex)
        return "".join(one if is_plain(one) else "?" for one in unicodedata.normalize("NFC", text))

    def _fate(self, phone: str, text: str, message: str) -> str:
        switches, person = self._switches, self._world.people.get(phone)
        if self._taken.is_repeated(phone, text, self._world.clock.now()) or (person is not None and person.is_off):
            return "failed"
        if _chance(phone) < switches.undelivered_percent:
            return "failed"
        return "silent" if _chance(f"silent {message}") < switches.silent_percent else "delivered"

    def _accept(self, message: Message, body: Mapping[str, Any]) -> None:
        self._taken.add(message)
        self._world.spent += message.price
        self._world.show(message, body)
        self._world.reports.begin(message)

    async def _advertise(self, request: web.Request) -> web.Response:
        """Distinct numbers, all of one text; a person at eSMS approves it first."""
        try:
            body = await _object(request)
            phones = body.get("Phones")
            if not isinstance(phones, list) or not all(isinstance(one, str) for one in phones):
                raise _Refused(None)
            self._authorize(body)
            if body.get("SmsType") != "1":
                raise _Refused(118 if body.get("SmsType") else 300)
            if len(set(phones)) < FEWEST_IN_ADVERTISING:
                raise _Refused(107)
            if len(set(phones)) > MOST_IN_ADVERTISING:
                raise _Refused(120)
        except _Refused as refused:
            return self._refusal(request, refused)
        now, id_ = self._world.clock.now().timestamp(), uuid4().hex
        for place, phone in enumerate(dict.fromkeys(phones)):
            one = Message(f"{id_}{place}", "", phone, str(body.get("Content", "")), now, "approval", 1, 0, "")
            self._taken.add(one)
        return _json({"CodeResult": "100", "CountRegenerate": 0, "SMSID": f"{id_}0"})

    async def _status(self, request: web.Request) -> web.Response:
        said, id_ = request.query, request.query.get("RefId", "")
        try:
            self._authorize(said)
        except _Refused as refused:
            return _json({"CodeResponse": str(refused.code), "SMSID": id_})
        found = self._world.reports.status(id_)
        if found is None:
            return _json({"CodeResponse": "105", "SMSID": id_, "ErrorMessage": _WORDS[105]})
        return _json({"CodeResponse": "100", **found})

    async def _listed(self, request: web.Request) -> web.Response:
        """What was taken in a span of local time, page by page, the oldest first."""
        try:
            body = await _object(request)
            self._authorize(body)
            since, until = (_moment(body.get(name)) for name in ("From", "To"))
            page, size = body.get("Page"), body.get("PageSize")
            if not (isinstance(page, int) and isinstance(size, int) and page >= 1 and 1 <= size <= MOST_LISTED):
                raise _Refused(None)
        except _Refused as refused:
            return self._refusal(request, refused)
        found = [one for one in self._taken.messages.values() if since <= one.at <= until]
        shown = [self._world.reports.listed(one) for one in found[(page - 1) * size : page * size]]
        return _json({"CodeResult": "100", "CountTotal": len(found), "SentData": shown})

    async def _balance(self, request: web.Request) -> web.Response:
        try:
            self._authorize(await _object(request))
        except _Refused as refused:
            return self._refusal(request, refused) if refused.code is None else _json({"CodeResponse": "101"})
        return _json({"Balance": self._switches.balance - self._world.spent, "CodeResponse": "100", "UserID": 9999})

    def _refusal(self, request: web.Request, refused: _Refused) -> web.Response:
        request[NOTES]["error"] = refused.code or "Invalid request"
        return refusal(refused.code, self._switches.errors_status, **refused.more)


def refusal(code: int | None, status: int = 200, **more: Any) -> web.Response:
    """How eSMS says no to a message; None: it cannot read the body."""
    if code is None:
        return _json({"error": "Invalid request"}, status)
    words = _WORDS.get(code, "Simulated error")
    return _json({"CodeResult": str(code), "CountRegenerate": 0, "ErrorMessage": words, **more}, status)


def pattern(template: str) -> re.Pattern[str]:
    """A registered text as what it accepts."""
    parts = re.split(r"\{[^}]*\}", template)
    return re.compile(".{1,200}".join(map(re.escape, parts)), re.DOTALL)


def is_plain(text: str) -> bool:
    """Whether the 7-bit alphabet has all of it."""
    return all(one in _GSM or one in _COSTLY for one in text)


def count_parts(text: str, unicode: bool) -> int:
    """160 and 153 characters in a part, 70 and 67 with signs of another alphabet."""
    length = len(text.encode("utf-16-le")) // 2 if unicode else sum(2 if one in _COSTLY else 1 for one in text)
    alone, each = (70, 67) if unicode else (160, 153)
    return 1 if length <= alone else -(-length // each)


def _chance(text: str) -> int:
    """0 to 99, always the same for the same text."""
    return zlib.crc32(text.encode()) % 100


def _moment(said: Any) -> float:
    try:
        return datetime.strptime(said, "%Y-%m-%d %H:%M:%S").replace(tzinfo=LOCAL).timestamp()
    except (TypeError, ValueError):
        raise _Refused(None) from None


async def _object(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise _Refused(None)
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise _Refused(None)
    return body


def _json(body: Mapping[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json", charset="utf-8")
