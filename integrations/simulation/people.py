"""The simulated citizens and what stands in their chats, as the page shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, Literal, TypeVar

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.errors import ControlError
from integrations.simulation.journal import Pulse


@dataclass
class Bubble:
    """One message in a chat. `side`: the citizen's own, the account's, or a note in between.

    `id`: the platform's message id. `buttons`: rows of {"title", and "payload" (pressing it is the action `press` with
    `payload`, `title`, `hidden` and `message_id`), "action" (the action to do instead), "url" or "phone"}. `media`:
    {"kind": "image" | "voice" | "video" | "file" | "location" | "sticker" | "link" | "card", "url", "name"}. `state`:
    "sent", "received" or "seen".
    """

    side: Literal["person", "account", "note"]
    text: str = ""
    id: str = ""
    buttons: list[list[dict[str, str]]] = field(default_factory=list)
    media: dict[str, str] | None = None
    state: str = "sent"
    number: int = 0
    at: str = ""


@dataclass
class Person:
    """A citizen with a phone. `id`: as the platform calls them. `blocked`: the account cannot reach them."""

    id: str
    name: str
    blocked: bool = False
    bubbles: list[Bubble] = field(default_factory=list)
    changes: int = 0

    def status(self) -> str:
        """What the page says below the name (Vietnamese)."""
        return "Đã chặn" if self.blocked else ""


P = TypeVar("P", bound=Person)


@dataclass(frozen=True)
class Upload:
    """A file that the citizen chose."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Wish:
    """What the control API is asked to do as a citizen: the fields of the call and perhaps a file."""

    fields: Mapping[str, Any]
    upload: Upload | None = None

    def text(self, name: str, default: str | None = None) -> str:
        """A field that must be a text. Raises ControlError."""
        value = self.fields.get(name, default)
        if not isinstance(value, str):
            raise ControlError(f"Thiếu {name}, hoặc {name} không phải là chữ.")
        return value

    def number(self, name: str, default: float) -> float:
        """A field that must be a number. Raises ControlError."""
        try:
            return float(self.fields.get(name, default))
        except (TypeError, ValueError):
            raise ControlError(f"{name} phải là số.") from None


class People(Generic[P]):
    """In the order in which they came."""

    def __init__(self, clock: SimulatedClock, pulse: Pulse) -> None:
        self._clock, self._pulse = clock, pulse
        self._people: dict[str, P] = {}

    def __iter__(self) -> Iterator[P]:
        return iter(self._people.values())

    def get(self, id: str) -> P | None:
        return self._people.get(id)

    def find(self, id: str) -> P:
        """Raises ControlError."""
        person = self.get(id)
        if person is None:
            raise ControlError("Không có người này.")
        return person

    def add(self, person: P) -> P:
        self._people[person.id] = person
        self._pulse.beat()
        return person

    def say(self, person: P, bubble: Bubble) -> Bubble:
        """Put a message at the end of the person's chat."""
        bubble.number, bubble.at = len(person.bubbles) + 1, self._clock.now().isoformat()
        person.bubbles.append(bubble)
        self.changed(person)
        return bubble

    def changed(self, person: P) -> None:
        """Something about the person, or in their chat, is not as it was."""
        person.changes += 1
        self._pulse.beat()

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "id": person.id,
                "name": person.name,
                "status": person.status(),
                "changes": person.changes,
                "messages": len(person.bubbles),
            }
            for person in self
        ]

    def chat_json(self, person: P) -> list[dict[str, Any]]:
        return [asdict(bubble) for bubble in person.bubbles]
