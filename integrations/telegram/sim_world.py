"""Everything the simulated Telegram knows about one bot: its chats, files, button presses, commands and updates."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.journal import Journal
from integrations.simulation.media import MediaShelf
from integrations.simulation.people import Bubble, People
from integrations.telegram.sim_account import BOT, TelegramSwitches
from integrations.telegram.sim_chats import Chat
from integrations.telegram.sim_files import Files, Stored
from integrations.telegram.sim_keyboard import is_inline
from integrations.telegram.sim_limits import Pace, SendLimits
from integrations.telegram.sim_parameters import Parameters, bad_request
from integrations.telegram.sim_updates import Update, Updates


def first_update_id() -> int:
    """Far from those of a simulator that ran earlier: a hotline remembers them."""
    return 100_000_000 + secrets.randbelow(800_000_000)


@dataclass
class Press:
    """A button that was pressed: the callback query until it is answered."""

    chat: Chat
    at: datetime
    answered: bool = False


@dataclass
class World:
    """Changed by the bot's calls (sim_methods.py) and by what people do (sim_acts.py)."""

    clock: SimulatedClock
    journal: Journal
    people: People[Chat]
    switches: TelegramSwitches
    media: MediaShelf
    files: Files = field(default_factory=Files)
    updates: Updates = field(default_factory=lambda: Updates(first_update_id()))
    presses: dict[str, Press] = field(default_factory=dict)
    # By scope and language, both "" for the default
    commands: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    limits: SendLimits = field(
        default_factory=lambda: SendLimits(overall=Pace(1 / 30, 30), chat=Pace(1, 3), group=Pace(3, 20))
    )
    _presses: itertools.count[int] = field(default_factory=lambda: itertools.count(4_400_000_000_000_000_001))

    def chat(self, parameters: Parameters) -> Chat:
        """The chat a call is about, if the bot can write there. Raises Refused."""
        wanted = parameters.text("chat_id")
        if not wanted:
            raise bad_request("chat_id is empty")
        chat = self.people.get(wanted)
        if chat is None:
            raise bad_request("chat not found")
        chat.check_reachable()
        return chat

    def post(
        self, chat: Chat, content: Mapping[str, Any], markup: dict[str, Any] | None, sent: Parameters, media: Any = None
    ) -> dict[str, Any]:
        """Take a message of the bot: the Message object. `media`: how the page shows it. Raises Refused (429)."""
        now = self.clock.now()
        if self.switches.limits:
            self.limits.extend = self.switches.retries_extend_limit
            self.limits.take(chat.number, chat.is_group, now)
        shown = {"reply_markup": markup} if is_inline(markup) else {}
        message = chat.new_message(dict(BOT), now, **content, **shown)
        text = message.get("text") or message.get("caption") or ""
        self.people.say(chat, Bubble("account", text, str(message["message_id"]), buttons_of(markup), media))
        self.journal.accept(chat.id, str(message["message_id"]), text, dict(sent.values))
        return message

    def tell(self, chat: Chat, kind: str, body: Mapping[str, Any]) -> Update | None:
        """An update for the bot; None when it does not want this kind."""
        if not self.updates.is_wanted(kind):
            return None
        # Each update a lane of its own is how order gets lost
        lane = chat.number if self.switches.in_order else self.updates.next_id
        # What is told stays as it was, whatever is edited later
        update = self.updates.add({kind: deepcopy(dict(body))}, lane, self.clock.now())
        if self.switches.duplicate_events:
            self.updates.put(update, self.clock.now())
        return update

    def rewrite(self, chat: Chat, message: dict[str, Any], content: Mapping[str, Any]) -> None:
        """An edited message of either side, shown as it is now."""
        message |= {"edit_date": int(self.clock.now().timestamp()), **content}
        for bubble in chat.bubbles:
            if bubble.id == str(message["message_id"]):
                bubble.text = message.get("text") or message.get("caption") or ""
                bubble.buttons = buttons_of(message.get("reply_markup"))
        self.people.changed(chat)

    def shown(self, kind: str, stored: Stored) -> dict[str, str]:
        """A file as the page shows it."""
        return {"kind": kind, "url": self.media.show(stored.upload), "name": stored.upload.name}

    def press(self, chat: Chat) -> str:
        """Begin a callback query: its id."""
        query_id = str(next(self._presses))
        self.presses[query_id] = Press(chat, self.clock.now())
        return query_id

    def commands_in(self, chat: Chat) -> list[dict[str, str]]:
        """What the menu of a chat offers: Vietnamese before the default, the chat's kind before all."""
        kind = "all_group_chats" if chat.is_group else "all_private_chats"
        for scope in (kind, ""):
            for language in ("vi", ""):
                if self.commands.get((scope, language)):
                    return self.commands[scope, language]
        return []


def buttons_of(markup: dict[str, Any] | None) -> list[list[dict[str, str]]]:
    """A keyboard as the page draws it."""
    if markup is None:
        return []
    if "keyboard" in markup:
        return [[{"title": button["text"], "payload": button["text"]} for button in row] for row in markup["keyboard"]]
    return [[_drawn(button) for button in row] for row in markup.get("inline_keyboard", ())]


def _drawn(button: dict[str, str]) -> dict[str, str]:
    if "url" in button:
        return {"title": button["text"], "url": button["url"]}
    return {"title": button["text"], "payload": button["callback_data"]}
