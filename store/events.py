"""What a provider reports besides messages: echoes, receipts, who can be reached. Channel-neutral and immutable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.messages import InboundMessage


@dataclass(frozen=True)
class Echo:
    """The provider says what our side has sent: through us, or by a person in the provider's own app.

    `text`: as the owner sees it, clean; "" for a picture or a file.
    """

    address: str
    provider_message_id: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Receipt:
    """Messages of ours have arrived, or were read. Receipts come in any order and more than once."""

    address: str
    provider_message_ids: tuple[str, ...]
    seen: bool
    at: datetime


@dataclass(frozen=True)
class Reachability:
    """The owner has begun or ended to accept our messages. `reachable` None: they have left, and whether they can be
    reached the next message shows. `opens_window`: Zalo counts it as an interaction.
    """

    address: str
    reachable: bool | None
    at: datetime
    event_id: str
    opens_window: bool = False
    name: str | None = None


@dataclass(frozen=True)
class ContactShared:
    """The owner gave name and number through the provider's form. `phone` as the provider wrote it."""

    address: str
    event_id: str
    at: datetime
    name: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class NumberReached:
    """A template that went to a telephone number has arrived there. It belongs to no conversation, and the number is
    not kept: the message is found by the provider's `message_id` or by our `tracking_id`; one of them is there.
    """

    event_id: str
    name: str
    message_id: str | None
    tracking_id: str | None


@dataclass(frozen=True)
class Unread:
    """A genuine event that nothing is done about, kept as it came. `reason`: "" when its kind is known to need nothing
    or simply unknown; otherwise what is wrong with it, and then a person must look (a dead letter).
    """

    event_id: str
    name: str
    body: str
    reason: str = ""


Report = Echo | Receipt | Reachability | ContactShared | NumberReached | Unread
Event = InboundMessage | Report
