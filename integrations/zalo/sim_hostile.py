"""Webhook calls that a platform would not make, or makes seldom."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, get_args

from integrations.simulation.errors import ControlError
from integrations.zalo.sim_account import Citizen
from integrations.zalo.sim_events import Signed, new_message_id
from integrations.zalo.sim_world import World

HUGE_CHARACTERS = 1_200_000


class Hostile:
    """`raw` for anything at all; the named cases for what tests need most."""

    def __init__(self, world: World) -> None:
        self._people, self._events = world.people, world.events
        self._cases: dict[str, Callable[[Citizen], None]] = {
            "wrong_mac": lambda citizen: self._send(citizen, signed="wrong"),
            "no_signature": lambda citizen: self._send(citizen, signed="missing"),
            "other_secret": lambda citizen: self._send(citizen, signed="app_secret"),
            "other_app": lambda citizen: self._send(citizen, app_id="1111111111111111111"),
            "huge": lambda citizen: self._send(citizen, text="a" * HUGE_CHARACTERS),
            "unknown_event": lambda citizen: self._send(citizen, once=False, event_name="user_waved"),
            "duplicate": self._duplicate,
            "same_message_id": self._same_message_id,
            "long_ids": self._long_ids,
            "nfd": lambda citizen: self._send(
                citizen, once=False, text=unicodedata.normalize("NFD", "Tên miền là gì?")
            ),
        }

    @property
    def cases(self) -> list[str]:
        """The names of the ready-made ones."""
        return list(self._cases)

    def event(self, wanted: Mapping[str, Any]) -> None:
        """`{"case": name, "user": id}`, or `{"body": object | text, "signed": "right" | "wrong" | "missing" |
        "app_secret" | "oa_secret", "user": id, "times": n}`. Raises ControlError.
        """
        user = str(wanted.get("user", "")) or next(iter(self._people)).id
        if "case" in wanted:
            case = self._cases.get(str(wanted["case"]))
            if case is None:
                raise ControlError(f"Các trường hợp có sẵn: {', '.join(self._cases)}.")
            case(self._people.find(user))
            return
        body, signed, times = wanted.get("body"), wanted.get("signed", "right"), wanted.get("times", 1)
        if not isinstance(body, str | dict) or signed not in get_args(Signed) or type(times) is not int:
            raise ControlError("Cần body (đối tượng hoặc chữ), signed và times đúng dạng.")
        raw = body.encode() if isinstance(body, str) else self._events.encode(body)
        for _ in range(times):
            self._events.send(user, raw, signed, once=True)

    def _send(self, citizen: Citizen, signed: Signed = "right", once: bool = True, **changes: str) -> None:
        """A text event with some fields changed: `text` in the message, all others on top."""
        text = changes.pop("text", "Xin chào")
        event = self._events.message(citizen, "user_send_text", {"msg_id": new_message_id(), "text": text})
        self._events.send(citizen.id, self._events.encode({**event, **changes}), signed, once=once)

    def _duplicate(self, citizen: Citizen) -> None:
        event = self._events.message(citizen, "user_send_text", {"msg_id": new_message_id(), "text": "Xin chào"})
        for _ in range(2):
            self._events.post(citizen.id, event)

    def _same_message_id(self, citizen: Citizen) -> None:
        """Two events about one message: both count."""
        message = {"msg_id": new_message_id(), "text": "Xin chào"}
        for name in ("user_send_text", "user_reacted_message"):
            event = self._events.message(citizen, name, message)
            if name == "user_reacted_message":
                event["message"] = {"msg_id": message["msg_id"], "react_icon": "/-strong"}
            self._events.post(citizen.id, event)

    def _long_ids(self, citizen: Citizen) -> None:
        """Ids beyond 2^53, as numbers instead of texts."""
        event = self._events.message(citizen, "user_send_text", {"msg_id": new_message_id(), "text": "Xin chào"})
        for side in ("sender", "recipient"):
            event[side] = {"id": int(event[side]["id"])}
        self._events.send(citizen.id, json.dumps(event).encode(), once=True)
