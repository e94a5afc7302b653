"""What every gateway of bulk messages must offer. tests/integrations/sms holds each to it.

A gateway takes one message for one telephone number and reports later what became of it. It is not a channel: nobody
converses over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Bulk:
    """One message. `phone` in E.164; `kind`: programme.bulk_law.MessageKind's value. `text` as it goes out, signs that
    need UCS-2 and all when `unicode`. `request_id`: up to 50 of [a-z0-9-], the same for every call about this message.
    `callback`: where the gateway reports, if it takes an address. `template`, `values`: of a registered template, for
    gateways that send those instead of a text.
    """

    phone: str
    text: str
    kind: str
    request_id: str
    unicode: bool = False
    callback: str | None = None
    template: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """The gateway has the message. `message_id`: None when it did not say (a repeated request). `price` in đồng."""

    message_id: str | None
    price: int | None = None


@dataclass(frozen=True)
class Report:
    """What a gateway says of a message. `state`: accepted | delivered | failed. `reason`: a stable code, of failed.

    `message_id` and `request_id`: by which of ours it is found; at least one is there.
    """

    state: str
    message_id: str | None = None
    request_id: str | None = None
    reason: str = ""
    price: int | None = None


@dataclass(frozen=True)
class Opinion:
    """What a person wrote back to a short code. `phone` in E.164, `id_`: the gateway's, each is heard once."""

    phone: str
    text: str
    id_: str


class Gateway(Protocol):
    """Methods may be called concurrently. `kinds`: of messages that it carries. `remembers`: how long the same
    `request_id` is recognised, so that a call whose answer was lost may be repeated; zero: never repeat one.
    `per_second`: how many calls it bears; 0: no limit of its own.
    """

    name: str
    kinds: frozenset[str]
    remembers: timedelta
    per_second: float

    async def send(self, message: Bulk) -> Taken:
        """One call. Raises SendFailed: its fate says whether it may have been taken (integrations/errors.py)."""

    async def ask(self, message_id: str) -> Report | None:
        """What became of a message; None: the gateway does not know (yet). Raises SendFailed."""

    async def close(self) -> None:
        """End connections."""


@runtime_checkable
class HasBalance(Protocol):
    """A gateway with an account of money."""

    async def balance(self) -> int:
        """What is left, in đồng. Reads only. Raises SendFailed."""


@runtime_checkable
class Listing(Protocol):
    """A gateway that can be asked for what it took, so that a message is found whose answer was lost."""

    async def listed(self, since: datetime, until: datetime) -> Mapping[str, Report]:
        """What was taken between the two and what became of it, by our `request_id`. Reads only. Raises SendFailed,
        also for more than can be looked through."""
