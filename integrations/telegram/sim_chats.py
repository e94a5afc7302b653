"""Chats as Telegram sees them: who is in them, whether the bot may write there, and every message in its own shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.simulation.people import Person
from integrations.telegram.sim_parameters import Refused, bad_request


@dataclass
class Chat(Person):
    """A private chat, whose id is its person's, or a group, whose id is negative. `blocked`: the person has blocked the
    bot, or a group has thrown it out. `started`: the bot may write (Start was pressed, the bot was added).
    `successor`: the supergroup that a group has become. `founder`: the private chat of who writes in a group.
    """

    kind: str = "private"
    username: str | None = None
    started: bool = False
    deactivated: bool = False
    successor: int | None = None
    founder: Chat | None = None
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    last_message_id: int = 0

    def status(self) -> str:
        if self.deactivated:
            return "Tài khoản đã xóa"
        if not self.started:
            return "Chưa bấm Bắt đầu"
        return super().status()

    @property
    def number(self) -> int:
        return int(self.id)

    @property
    def is_group(self) -> bool:
        return self.kind != "private"

    def as_chat(self) -> dict[str, Any]:
        """A Chat object."""
        if self.is_group:
            return {"id": self.number, "type": self.kind, "title": self.name}
        return {"id": self.number, "type": "private", **self._names()}

    def as_user(self) -> dict[str, Any]:
        """A User object; only of a private chat."""
        return {"id": self.number, "is_bot": False, **self._names(), "language_code": "vi"}

    def writer(self) -> dict[str, Any]:
        """Whoever writes here, as a User object."""
        return (self.founder or self).as_user()

    def _names(self) -> dict[str, str]:
        first, _, last = self.name.partition(" ")
        names = {"first_name": first, "last_name": last, "username": self.username or ""}
        return {name: value for name, value in names.items() if value}

    def new_message(self, sender: dict[str, Any], now: datetime, **content: Any) -> dict[str, Any]:
        """The next Message object of this chat. Numbers count per chat: the same one exists in another chat too."""
        self.last_message_id += 1
        message = {
            "message_id": self.last_message_id,
            "from": sender,
            "chat": self.as_chat(),
            "date": int(now.timestamp()),
            **{name: value for name, value in content.items() if value},
        }
        self.messages[self.last_message_id] = message
        return message

    def check_reachable(self) -> None:
        """Raises Refused when the bot cannot write here."""
        if self.successor is not None:
            raise Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.successor,
            )
        if self.deactivated:
            raise Refused(403, "Forbidden: user is deactivated")
        if self.blocked:
            place = f"kicked from the {self.kind} chat" if self.is_group else "blocked by the user"
            raise Refused(403, f"Forbidden: bot was {place}")
        if not self.started:
            if self.is_group:
                raise Refused(403, f"Forbidden: bot is not a member of the {self.kind} chat")
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")

    def message_of_bot(self, message_id: int, bot_id: int) -> dict[str, Any]:
        """One of the bot's own messages, to be edited. Raises Refused."""
        message = self.messages.get(message_id)
        if message is None:
            raise bad_request("message to edit not found")
        if message["from"]["id"] != bot_id:
            raise bad_request("message can't be edited")
        return message
