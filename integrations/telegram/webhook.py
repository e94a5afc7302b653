"""What Telegram reports, by webhook or polled: one Update becomes one event of ours. Pure, and never an exception for
an update that is genuine.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from telegram import CallbackQuery, ChatMemberUpdated, Message, Update, User

from integrations.errors import NotGenuine, NotReadable
from integrations.json_body import read_object
from integrations.telegram.attachments import attachments_of
from integrations.telegram.commands import read_command
from integrations.telegram.fields import Malformed, number, words
from store.events import Event, Reachability, Unread
from store.messages import InboundMessage
from store.text import clean

CHANNEL = "telegram"
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name
MAX_CALLBACK_BYTES = 64

# The kinds we ask for, and the parts of them that are read. The rest is not even parsed: a part that we do not need,
# and that the library does not know in its present shape, must not cost an owner's words.
_CONTENT = frozenset(
    "text caption photo voice audio video video_note animation document location contact sticker dice".split()
)
_ENVELOPE = frozenset("message_id date chat from".split())
_PARTS = {
    "message": _ENVELOPE | _CONTENT,
    "callback_query": frozenset("id from message chat_instance data".split()),
    "my_chat_member": frozenset("chat from date old_chat_member new_chat_member".split()),
}
ALLOWED_UPDATES = tuple(_PARTS)
# Sent by people, without words and without anything that a person would have to see. What is neither here nor in
# _CONTENT is Telegram's own notice (pinned, timer changed …).
_WORDLESS = frozenset("poll story game checklist paid_media".split())
_REACHABLE = {"member": True, "kicked": False}
# What the library raises for shapes that it does not expect.
_SHAPE_ERRORS = (TypeError, AttributeError, LookupError, ValueError, ArithmeticError, OSError, RecursionError)


def verify(headers: Mapping[str, str], secret: str | None) -> None:
    """Raises NotGenuine unless the call carries our secret; without a secret (polling) no call does."""
    given = headers.get(SECRET_HEADER)
    if secret is None or given is None:
        raise NotGenuine("telegram_secret_missing")
    if not hmac.compare_digest(given.encode(), secret.encode()):
        raise NotGenuine("telegram_secret_wrong")


def read_body(body: bytes, now: datetime) -> Event:
    """The event in a genuine call. Raises NotReadable."""
    update = read_object(body)
    if update is None:
        raise NotReadable("telegram_not_json")
    return read_update(update, now, body.decode("utf-8", "replace"))


def read_update(update: dict[str, Any], now: datetime, source: str | None = None) -> Event:
    """One Update as the event it is. Its id is only a unique key: Telegram may count from a lower number again.

    `source`: as it came, where it is still there.
    """
    kind = next((key for key in (*_PARTS, *update) if key in update and key != "update_id"), "")
    try:
        event_id = f"update:{number(update.get('update_id'))}"
    except Malformed as error:
        body = source or _written(update)
        return _unread("body:" + hashlib.sha256(body.encode()).hexdigest(), kind, body, str(error))
    try:
        event = _read(update, kind, event_id, now) if kind in _PARTS else None
    except Malformed as error:
        return _unread(event_id, kind, source or _written(update), str(error))
    except _SHAPE_ERRORS as error:
        return _unread(event_id, kind, source or _written(update), type(error).__name__)
    return event or _unread(event_id, kind, source or _written(update))


def _read(update: dict[str, Any], kind: str, event_id: str, now: datetime) -> Event | None:
    """The event, or None when nothing has to be done about it."""
    # The library knows the shapes and costs about 0.1 ms an update (twice that untrimmed), bearable at 500 a second. It
    # does not check values, so whatever is kept goes through `fields`.
    parsed = Update.de_json({"update_id": update["update_id"], kind: _needed(update[kind], kind)})
    if parsed.message is not None:
        return _message(parsed.message, update["message"], event_id, now)
    if isinstance(parsed.callback_query, CallbackQuery):
        return _press(parsed.callback_query, event_id, now)
    if parsed.my_chat_member is not None:
        return _membership(parsed.my_chat_member, event_id, now)
    raise Malformed(f"{kind} is empty")


def _needed(part: Any, kind: str) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise Malformed(f"{kind} is no object")
    needed = {key: value for key, value in part.items() if key in _PARTS[kind]}
    if isinstance(needed.get("message"), dict):  # the one whose button was pressed
        needed["message"] = {key: value for key, value in needed["message"].items() if key in _ENVELOPE}
    return needed


def _message(message: Message, raw: dict[str, Any], event_id: str, now: datetime) -> InboundMessage | None:
    address = _private_address(message.chat)
    if address is None or not (_CONTENT | _WORDLESS) & raw.keys():
        return None
    text, payload = read_command(words(_text_of(message)))
    return InboundMessage(
        CHANNEL,
        address,
        event_id,
        now,
        text=text,
        payload=payload,
        sender_name=_name(message.from_user),
        attachments=attachments_of(message),
    )


def _text_of(message: Message) -> Any:
    """What was written; of a sticker or a die the emoji that it stands for."""
    if message.text is not None or message.caption is not None:
        return message.text if message.text is not None else message.caption
    drawn = message.sticker or message.dice
    return drawn.emoji or "" if drawn else ""


def _press(query: CallbackQuery, event_id: str, now: datetime) -> InboundMessage | None:
    """A pressed button; None without a message or data: then it is an inline message's or a game's, never ours."""
    address = _private_address(query.message.chat) if query.message else None
    if address is None or query.data is None:
        return None
    data, query_id = query.data, query.id
    if not isinstance(data, str) or not data or data != clean(data) or len(data.encode()) > MAX_CALLBACK_BYTES:
        raise Malformed("callback data")
    if not isinstance(query_id, str) or not query_id or query_id != clean(query_id):
        raise Malformed("callback id")
    name = _name(query.from_user)
    return InboundMessage(CHANNEL, address, event_id, now, payload=data, sender_name=name, acknowledge=query_id)


def _membership(change: ChatMemberUpdated, event_id: str, now: datetime) -> Reachability | None:
    """The owner has blocked the bot, or lets it write again."""
    address, reachable = _private_address(change.chat), _REACHABLE.get(change.new_chat_member.status)
    if address is None or reachable is None:
        return None
    return Reachability(address, reachable, now, event_id, name=_name(change.from_user))


def _private_address(chat: Any) -> str | None:
    """The address behind a private chat; None for groups and channels, where we talk to nobody."""
    return str(number(chat.id)) if chat.type == "private" else None


def _name(user: User | None) -> str | None:
    if user is None:
        return None
    return clean(f"{words(user.first_name)} {words(user.last_name or '')}")[:128] or None


def _unread(event_id: str, kind: str, body: str, reason: str = "") -> Unread:
    known_shape = re.fullmatch(r"[a-z_]{1,60}", kind)
    return Unread(event_id, kind if known_shape else "unknown", body, reason)


def _written(update: dict[str, Any]) -> str:
    """An update that was polled, as JSON. orjson reads more than it writes: nesting, halves of surrogate pairs."""
    try:
        return orjson.dumps(update).decode()
    except TypeError:
        pass
    try:
        return json.dumps(update)
    except RecursionError:
        return ""
