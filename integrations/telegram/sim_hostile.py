"""Webhook calls and updates that Telegram would not make, or makes seldom."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from integrations.simulation.errors import ControlError
from integrations.telegram.sim_chats import Chat
from integrations.telegram.sim_updates import Update
from integrations.telegram.sim_webhook import SECRET_HEADER, Postman
from integrations.telegram.sim_world import World

HUGE_CHARACTERS = 1_200_000
STRANGE_TEXT = "\u202e\u0645\u0631\u062d\u0628\u0627\u202c 👨\u200d👩\u200d👧 Tiê\u0301ng Viê\u0323t \u0000\u200b"
_CHAT = re.compile(r'"chat": \{"id": (-?\d+)')


class Hostile:
    """Ready-made cases by name, and `event` for anything at all."""

    def __init__(self, world: World, postman: Postman) -> None:
        self._world, self._postman = world, postman
        self._cases: dict[str, Callable[[Chat], None]] = {
            "wrong_secret": lambda chat: self._forge(self._message(chat), "sai-bi-mat"),
            "no_secret": lambda chat: self._forge(self._message(chat), None),
            "no_json": lambda _: self._forge("update_id=1", postman.secret),
            "huge": lambda chat: self._forge(self._message(chat, "a" * HUGE_CHARACTERS), postman.secret),
            "duplicate": self._duplicate,
            "unknown_kind": lambda chat: self._put({"user_waved": {"chat": chat.as_chat()}}),
            "unknown_content": lambda chat: self._put({"message": self._new(chat, wave=1)}),
            "strange_text": lambda chat: self._put({"message": self._new(chat, text=STRANGE_TEXT)}),
            "restart_ids": lambda _: self._restart_at(1000),
        }

    @property
    def cases(self) -> list[str]:
        return list(self._cases)

    def event(self, wanted: Mapping[str, Any]) -> None:
        """One of: `{"case": name, "user": chat id}`; `{"update": {…}}`, put into the queue as it is, with its own
        `update_id` or the next; `{"repeat": id}`, an update once more; `{"restart_at": id}`, ids count from there;
        `{"body": text, "secret": text or null}`, a webhook call that is not Telegram's. Raises ControlError.
        """
        match wanted:
            case {"case": str(name), "user": str(user)} if name in self._cases:
                self._cases[name](self._world.people.find(user))
            case {"update": dict(update)}:
                self._put(update)
            case {"repeat": int(update_id)} if (known := self._world.updates.known(update_id)) is not None:
                self._world.updates.put(known, self._now)
            case {"restart_at": int(update_id)}:
                self._restart_at(update_id)
            case {"body": str(body)}:
                self._forge(body, wanted.get("secret"))
            case _:
                raise ControlError(f"Cần update, repeat, restart_at, body, hoặc case: {', '.join(self._cases)}.")
        self._postman.wake()

    @property
    def _now(self) -> datetime:
        return self._world.clock.now()

    def _put(self, update: Mapping[str, Any]) -> None:
        """Whether the bot has asked for it or not."""
        updates = self._world.updates
        content = {name: value for name, value in update.items() if name != "update_id"}
        chat = _CHAT.search(json.dumps(content))
        lane = int(chat.group(1)) if chat else 0
        if isinstance(update.get("update_id"), int):
            updates.put(Update(update["update_id"], lane, content), self._now)
        else:
            updates.add(content, lane, self._now)

    def _duplicate(self, chat: Chat) -> None:
        known = self._world.updates.known(self._world.updates.next_id - 1)
        if known is None:
            raise ControlError("Chưa có cập nhật nào để gửi lại.")
        self._world.updates.put(known, self._now)

    def _restart_at(self, update_id: int) -> None:
        self._world.updates.next_id = update_id

    def _message(self, chat: Chat, text: str = "Chào") -> str:
        """An update under an id of its own that is not in the queue."""
        update_id = self._world.updates.next_id + 1_000_000
        return json.dumps({"update_id": update_id, "message": self._new(chat, text=text)})

    def _new(self, chat: Chat, **content: Any) -> dict[str, Any]:
        return chat.new_message(chat.writer(), self._now, **content)

    def _forge(self, body: str, secret: object) -> None:
        self._postman.forge(body.encode(), {SECRET_HEADER: secret} if isinstance(secret, str) and secret else {})
