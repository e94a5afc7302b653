"""What every provider must offer (tests/integrations/contract.py holds each to it).

A channel that pushes is a Provider; the web chat, whose page fetches its messages itself, is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from store.events import Event
from store.messages import Reply


@dataclass(frozen=True)
class Limits:
    """Of one message. `text` and `caption` in UTF-16 units if `utf16`, else in characters. `buttons`: more become a
    numbered list in the text. `button_title` in characters.
    """

    text: int
    buttons: int
    button_title: int
    utf16: bool = False


@dataclass(frozen=True)
class Rate:
    """How fast the provider may be called: `per_second` on average over all conversations with bursts of `burst`; per
    conversation one message in `chat_seconds` after `chat_burst` at once. 0 = no limit.
    """

    per_second: float
    burst: int
    chat_seconds: float = 0
    chat_burst: int = 1


@dataclass(frozen=True)
class OutgoingFile:
    """A picture or document of ours, to be uploaded."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Outgoing:
    """One provider call. `reply` fits the provider's limits (integrations/fitting.py).

    `file`: the bytes of its image or file. `last_heard_at`: the owner's last interaction, None if never. `row`: of the
    outbox; a repetition by a person has the row that it repeats. `automatic`: no person has written it.
    """

    address: str
    reply: Reply
    now: datetime
    file: OutgoingFile | None = None
    last_heard_at: datetime | None = None
    row: int = 0
    automatic: bool = False


@dataclass(frozen=True)
class Sent:
    """Accepted. `state`: what the provider said about the owner (quota), kept with the conversation."""

    provider_message_id: str | None
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fetched:
    """An attachment's bytes as they are; what it really is, is found out by the caller (store/media.py)."""

    content: bytes
    name: str | None = None


class Provider(Protocol):
    """One channel's outside. Every method may be called concurrently; none holds a transaction.

    How messages come in is another matter: a platform calls us (CalledProvider), or somebody asks for them.
    """

    channel: str
    limits: Limits
    rate: Rate
    # Whether the provider reports back what was sent (Echo): then an uncertain message may be decided by waiting.
    echoes: bool

    async def send(self, message: Outgoing) -> Sent:
        """One call. Raises SendFailed."""

    async def fetch(self, source: str, limit_bytes: int) -> Fetched:
        """The bytes behind Attachment.source. Raises FetchFailed."""

    async def invite(self, address: str) -> None:
        """The window for messages is closed: ask the owner to write, by whatever the provider allows then; nothing
        where it knows no windows or no way was set up. Raises SendFailed.
        """

    async def acknowledge(self, token: str) -> None:
        """Tell the provider that a button press arrived. Best effort: never raises."""

    async def close(self) -> None:
        """End connections."""


class CalledProvider(Provider, Protocol):
    """A provider whose platform brings what happens by calling a webhook."""

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Event]:
        """Verify and parse one webhook call; header names in lower case. Raises NotGenuine; NotReadable only of what is
        genuine.

        Pure and fast (no I/O). A genuine event that cannot be parsed is an `Unread` with a reason, never an exception.
        """
