"""The words every room shares about messages: what came in, what goes out. Channel-neutral and immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

# The longest message of any channel (Telegram). Longer texts are kept whole but not understood; a person reads them.
MAX_UNDERSTOOD_CHARACTERS = 4096


class Kind(StrEnum):
    """What is attached to a message. Stickers are no attachment: they say nothing that a person would have to see."""

    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    FILE = "file"
    LOCATION = "location"
    CONTACT_CARD = "contact_card"


@dataclass(frozen=True)
class Attachment:
    """Something beside the words. `source`: what the provider's `fetch` needs (an address, a file id); "" when there is
    nothing to fetch. `place`: latitude and longitude in degrees. `size` in bytes and `seconds` as the provider says.
    """

    kind: Kind
    source: str = ""
    name: str | None = None
    media_type: str | None = None
    size: int | None = None
    seconds: int | None = None
    place: tuple[float, float] | None = None


@dataclass(frozen=True)
class InboundMessage:
    """One message as a provider delivered it. `text` is clean (store.text.clean); `payload` is a pressed button's.

    (channel, provider_message_id) identifies it for good: the same pair again is the same message.
    `acknowledge`: what the provider wants to hear at once that the press arrived (Telegram's callback query).
    """

    channel: str
    address: str
    provider_message_id: str
    received_at: datetime
    text: str = ""
    payload: str | None = None
    sender_name: str | None = None
    attachments: tuple[Attachment, ...] = ()
    acknowledge: str | None = None


@dataclass(frozen=True)
class Button:
    """`payload` is Rasa's: /intent or /intent{"entity":"value"}; at most 64 bytes (Telegram's limit)."""

    title: str
    payload: str


@dataclass(frozen=True)
class Source:
    """Where an answer stands: the document as a person quotes it, the article, a public address if there is one."""

    document: str
    article: str
    url: str | None = None


@dataclass(frozen=True)
class File:
    """Something to keep: its address on this server and what it is called."""

    url: str
    title: str


@dataclass(frozen=True)
class Reply:
    """One message to an owner, before any channel's limits. `offers_person`: it proposes or announces an officer.

    `image` and `file` are addresses of this server, without its name. `repeats`: the row of the outbox that a person
    sends once more with this one, which may have arrived.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    sources: tuple[Source, ...] = ()
    image: str | None = None
    file: File | None = None
    offers_person: bool = False
    entry: str | None = None  # id of the content pack entry that was said
    repeats: int | None = None

    def as_json(self) -> dict[str, Any]:
        buttons, sources = [vars(button) for button in self.buttons], [vars(source) for source in self.sources]
        file = vars(self.file) if self.file else None
        data = {**vars(self), "buttons": buttons, "sources": sources, "file": file}
        if self.repeats is None:
            del data["repeats"]  # nearly always
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Reply:
        return cls(
            text=data["text"],
            buttons=tuple(Button(**button) for button in data.get("buttons", ())),
            sources=tuple(Source(**source) for source in data.get("sources", ())),
            image=data.get("image"),
            file=File(**data["file"]) if data.get("file") else None,
            offers_person=bool(data.get("offers_person", False)),
            entry=data.get("entry"),
            repeats=data.get("repeats"),
        )


@dataclass(frozen=True)
class Reading:
    """What the dialogue service understood of an inbound message; kept with it for review."""

    intent: str | None
    confidence: float | None
    ranking: list[dict[str, Any]] = field(default_factory=list)
    entities: list[dict[str, Any]] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))
