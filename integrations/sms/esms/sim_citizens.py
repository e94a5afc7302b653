"""What people do with their telephones: write to the short code, switch off; and calls that eSMS would not make."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from integrations.simulation.errors import ControlError
from integrations.simulation.people import Bubble, Wish
from integrations.sms.esms.inbound import sign
from integrations.sms.esms.sim_account import CPID, MO_KEY, SHORT_CODE, Phone
from integrations.sms.esms.sim_callbacks import Call
from integrations.sms.esms.sim_reports import FINISHED, SENT
from integrations.sms.esms.sim_taken import Message
from integrations.sms.esms.sim_world import World
from integrations.sms.numbers import with_country

KEYWORD = "CDS"


class Citizens:
    """`actions`: by name, as Simulator.actions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.actions: dict[str, Callable[[Phone, Wish], Mapping[str, Any]]] = {
            "text": self._text,
            "switch_off": lambda phone, _: self._set(phone, is_off=True),
            "switch_on": lambda phone, _: self._set(phone, is_off=False),
            "block": lambda phone, _: self._set(phone, blocked=True),
            "unblock": lambda phone, _: self._set(phone, blocked=False),
        }

    def _set(self, phone: Phone, **states: bool) -> dict[str, Any]:
        for name, value in states.items():
            setattr(phone, name, value)
        self._world.people.changed(phone)
        return {}

    def _text(self, phone: Phone, wish: Wish) -> dict[str, Any]:
        """`text` to the short code; `smsid`: the same one again, `sign`: another signature than the right one."""
        text, smsid = wish.text("text").strip(), wish.text("smsid", uuid4().hex)
        if not text:
            raise ControlError("Tin nhắn trống.")
        if self._world.callbacks.url is None:
            raise ControlError("Chưa có địa chỉ của hotline để chuyển tin nhắn đến đầu số.")
        at = self._world.clock.now().astimezone(self._world.clock.timezone).strftime("%Y%m%d%H%M%S")
        query = {
            "sender": with_country(phone.id),
            "content": text,
            "serviceNumber": SHORT_CODE,
            "keyword": KEYWORD,
            "cpid": CPID,
            "smsid": smsid,
            "receiverTime": at,
            "sign": wish.text("sign", sign(MO_KEY, CPID, smsid, text, at)),
        }
        self._world.people.say(phone, Bubble("person", text, id=smsid))
        answered = self._reader(phone, smsid)
        url = f"{self._world.callbacks.url}/inbound"
        self._world.callbacks.later(0, Call(url, query, "inbound", phone.id, answered))
        return {"smsid": smsid}

    def _reader(self, phone: Phone, smsid: str) -> Callable[[int, bytes], None]:
        def answered(status: int, body: bytes) -> None:
            words, problem = _reply(status, body, smsid, with_country(phone.id))
            self._world.journal.add("reply", user=phone.id, smsid=smsid, text=words, problem=problem)
            if words:
                self._world.people.say(phone, Bubble("account", words))
            elif problem:
                self._world.people.say(phone, Bubble("note", f"Không có trả lời ({problem})"))

        return answered


def _reply(status: int, body: bytes, smsid: str, phone: str) -> tuple[str, str]:
    """The words that the citizen gets, and what was wrong with the answer."""
    if status != 200:
        return "", f"HTTP {status}"
    try:
        root = ElementTree.fromstring(body.decode())  # noqa: S314 - of the hotline beside it, which is being tried out
    except (ElementTree.ParseError, UnicodeDecodeError):
        return "", "not XML"
    said = {part.tag: part.text or "" for part in root}
    if root.tag != "ClientResponse" or set(said) != {"Message", "Smsid", "Receiver"}:
        return "", "not a ClientResponse"
    if (said["Smsid"], said["Receiver"]) != (smsid, phone):
        return "", "of another message"
    return said["Message"], ""


class Hostile:
    """Calls of somebody who knows the secret address, and eSMS's own oddities, about the last message to a number."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cases: dict[str, Callable[[Message], dict[str, str]]] = {
            "unknown_id": lambda one: self._query(one, FINISHED) | {"SMSID": uuid4().hex, "RequestId": ""},
            "forged_failure": lambda one: self._query(one, FINISHED) | {"SendFailed": "1", "SendSuccess": "0"},
            "duplicate": lambda one: self._query(one, FINISHED),
            "sent_after_end": lambda one: self._query(one, SENT),
            "no_request_id": lambda one: self._query(one, FINISHED) | {"RequestId": ""},
            "no_ids": lambda one: self._query(one, FINISHED) | {"SMSID": "", "RequestId": ""},
            "unknown_status": lambda one: self._query(one, FINISHED) | {"SendStatus": "6"},
            "words_for_numbers": lambda one: self._query(one, FINISHED) | {"SendStatus": "5; DROP", "TotalSent": "x"},
            "long": lambda one: self._query(one, FINISHED) | {"RequestId": "a" * 5000},
        }

    @property
    def cases(self) -> list[str]:
        return list(self._cases)

    def event(self, wanted: Mapping[str, Any]) -> None:
        """`{"case": name, "user": number}` or `{"query": {…}, "user": number}`. Raises ControlError."""
        user, query = str(wanted.get("user", "")), wanted.get("query")
        found = [one for one in self._world.taken.messages.values() if one.callback and user in ("", one.phone)]
        if not found:
            raise ControlError("Máy này chưa nhận tin nào có địa chỉ báo kết quả.")
        case = self._cases.get(str(wanted.get("case")))
        if isinstance(query, dict):
            said = {str(name): str(value) for name, value in query.items()}
        elif case is not None:
            said = case(found[-1])
        else:
            raise ControlError(f"Các trường hợp có sẵn: {', '.join(self._cases)}.")
        self._world.callbacks.later(0, Call(found[-1].callback, said, "hostile", found[-1].phone))

    def _query(self, message: Message, state: int) -> dict[str, str]:
        return self._world.reports.query(message, state)
