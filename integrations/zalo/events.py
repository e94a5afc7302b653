"""What each of Zalo's events means, in the house's own words. Nothing here raises anything but Unfit.

Shapes that the sources describe differently are read in every one of them: ids and numbers as strings or numbers,
places at two places, the OA on either side of a receipt.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.zalo.attachments import read_attachments, shared_link
from integrations.zalo.fields import Unfit, number_text, object_of, optional_text, text_of
from store.events import ContactShared, Echo, Event, NumberReached, Reachability, Receipt, Unread
from store.messages import InboundMessage, Kind
from store.text import clean

CHANNEL = "zalo"
MAX_NAME_CHARACTERS = 60
MAX_RECEIPTS = 1000
_ID = re.compile(r"[!-~]{1,64}")
# Sent by the OA to somebody who is no user of ours: a group, a visitor without an account; or no message at all.
_NO_ECHO = re.compile(r"oa_send_(group_.*|consent.*|.*_anonymous)")


@dataclass(frozen=True)
class Envelope:
    """A genuine event. `is_zns`: it reports on a message by phone number. `shares_secret`: other OAs of the app have
    their events signed with the same secret.
    """

    data: dict[str, Any]
    body: bytes
    oa_id: str
    now: datetime
    is_zns: bool = False
    shares_secret: bool = False

    @property
    def name(self) -> str:
        """The event's name, fit to be stored."""
        name = self.data.get("event_name")
        return clean(name)[:MAX_NAME_CHARACTERS] if isinstance(name, str) else ""

    @property
    def source(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def unique_id(self) -> str:
        """For what has no message id: a repetition has the same body."""
        return f"{self.name}:{hashlib.sha256(self.body).hexdigest()[:40]}"

    @property
    def message(self) -> dict[str, Any]:
        return object_of(self.data, "message")

    def party(self, key: str) -> str:
        """The id of the `sender`, `recipient` or `follower`, which some show as the bare id."""
        value = self.data.get(key)
        return read_id(value.get("id") if isinstance(value, dict) else value, key)


def read_id(value: Any, what: str) -> str:
    id_ = number_text(value)
    if id_ is None or not _ID.fullmatch(id_):
        raise Unfit(f"{what}.id")
    return id_


def read_event(envelope: Envelope, at: datetime) -> Event:
    """`at`: when it happened, as Zalo says. Raises Unfit with what is wrong."""
    name = envelope.name
    if not name:
        raise Unfit("event_name")
    if name in _READERS:
        return _READERS[name](envelope, at)
    if name.startswith("user_send_") and name.removeprefix("user_send_") in _MESSAGES:
        return _message(envelope, name.removeprefix("user_send_"))
    if name.startswith("oa_send_") and not _NO_ECHO.fullmatch(name):
        return _echo(envelope, at)
    return _kept(envelope)


def _kept(envelope: Envelope) -> Unread:
    return Unread(envelope.unique_id, envelope.name, envelope.source)


# What each kind of message carries beside its words; None: nothing that a person would have to see.
_MESSAGES: dict[str, Kind | None] = {
    "text": None,
    "link": None,
    "sticker": None,
    "gif": None,
    "image": Kind.IMAGE,
    "audio": Kind.VOICE,
    "video": Kind.VIDEO,
    "file": Kind.FILE,
    "location": Kind.LOCATION,
    "business_card": Kind.CONTACT_CARD,
}


def _message(envelope: Envelope, what: str) -> InboundMessage:
    """A pressed button comes as a text too: the inbox knows which buttons were offered."""
    message, kind = envelope.message, _MESSAGES[what]
    if envelope.shares_secret and envelope.party("recipient") != envelope.oa_id:
        raise Unfit("other_oa")
    text = text_of(message, "text") if what == "text" else optional_text(message, "text") or ""
    if what == "link" and not clean(text):
        text = shared_link(message)
    return InboundMessage(
        channel=CHANNEL,
        address=envelope.party("sender"),
        provider_message_id=_message_event_id(envelope, message),
        # When it reached us, which is what patience and turns are measured by: repeated for hours it is still new here
        received_at=envelope.now,
        text=clean(text),
        attachments=read_attachments(message, kind) if kind else (),
    )


def _message_event_id(envelope: Envelope, message: dict[str, Any]) -> str:
    if message.get("msg_id") is None:
        return envelope.unique_id
    return f"{envelope.name}:{read_id(message['msg_id'], 'message')}"


def _echo(envelope: Envelope, at: datetime) -> Echo:
    message = envelope.message
    msg_id = message.get("msg_id")
    return Echo(
        address=envelope.party("recipient"),
        provider_message_id=envelope.unique_id if msg_id is None else read_id(msg_id, "message"),
        text=clean(optional_text(message, "text") or ""),
        at=at,
    )


def _received(envelope: Envelope, at: datetime) -> Event:
    if envelope.is_zns:
        return _number_reached(envelope)
    return Receipt(envelope.party("recipient"), _receipt_ids(envelope), seen=False, at=at)


def _number_reached(envelope: Envelope) -> NumberReached:
    """The recipient is a phone number. Some show the ids without a `message` around them."""
    holder = envelope.message if "message" in envelope.data else envelope.data
    said = [(key, holder.get(key)) for key in ("msg_id", "tracking_id")]
    message_id, tracking_id = (None if value in (None, "") else read_id(value, key) for key, value in said)
    if message_id is None and tracking_id is None:
        raise Unfit("message.msg_id")
    return NumberReached(envelope.unique_id, envelope.name, message_id, tracking_id)


def _seen(envelope: Envelope, at: datetime) -> Receipt:
    user = envelope.party("recipient")
    if user == envelope.oa_id:
        user = envelope.party("sender")
    return Receipt(user, _receipt_ids(envelope), seen=True, at=at)


def _receipt_ids(envelope: Envelope) -> tuple[str, ...]:
    holder = envelope.message if "message" in envelope.data else envelope.data
    ids = holder.get("msg_ids")
    if not isinstance(ids, list):
        ids = [holder.get("msg_id") if ids is None else ids]
    if not 1 <= len(ids) <= MAX_RECEIPTS:
        raise Unfit("message.msg_ids")
    return tuple(dict.fromkeys(read_id(one, "message") for one in ids))


def _followed(envelope: Envelope, at: datetime) -> Reachability:
    """Following counts as an interaction. Who ends it may be written to as long as their window is open."""
    user = envelope.party("follower" if "follower" in envelope.data else "sender")
    follows = envelope.name == "follow"
    return Reachability(
        user, reachable=True if follows else None, at=at, event_id=envelope.unique_id, opens_window=follows
    )


def _submitted(envelope: Envelope, at: datetime) -> ContactShared:
    info = object_of(envelope.data, "info")
    name, phone = clean(optional_text(info, "name") or ""), clean(number_text(info.get("phone")) or "")
    if not name and not phone:
        raise Unfit("info")
    if len(name) > 200 or len(phone) > 30:
        raise Unfit("info.length")
    return ContactShared(envelope.party("sender"), envelope.unique_id, at, name or None, phone or None)


_READERS: dict[str, Callable[[Envelope, datetime], Event]] = {
    "follow": _followed,
    "unfollow": _followed,
    "user_submit_info": _submitted,
    "user_received_message": _received,
    "user_seen_message": _seen,
}
