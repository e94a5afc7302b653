"""What a campaign is planned to be: a value, written into the row `campaign` and read from it, the same both ways.

Variants as JSON: {"id": "A", "share": 50, "step": 0, "template": 12 | null, "text": "…", "unicode": false,
"brandname": null, "zbs": {"template": "…", "variables": {…}} | null, "target": "…" | null, "chat": {"vi": {"text": "…",
"buttons": [{"title": "…", "payload": "…"}]}, …} | null}. `text` is what goes out when the variables are filled; `step`:
which step of a series it belongs to, otherwise 0; `chat`: what is said in a conversation instead, by language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

CHANNELS = ("zalo", "zbs", "sms")
# Of automatic reminders: the conversation that the owner has, on whatever channel of the bot's
CHAT = "chat"
# Through the outbox of a conversation
TALKS = ("zalo", CHAT)
# Conditions under which a recipient gets no more of a series
STOPS = ("surveyed", "clicked", "answered", "opted_out")
PAUSE_RULE: Mapping[str, int] = {"percent": 10, "of_last": 500}


@dataclass(frozen=True)
class Variant:
    """One text. `share`: per cent of the recipients of its step. `target`: where {{ link }} leads."""

    id: str
    text: str
    share: int = 100
    step: int = 0
    template: int | None = None
    unicode: bool = False
    brandname: str | None = None
    zbs: Mapping[str, Any] | None = None
    target: str | None = None
    chat: Mapping[str, Mapping[str, Any]] | None = None

    def as_json(self) -> dict[str, Any]:
        """As the row keeps it."""
        return {
            "id": self.id,
            "share": self.share,
            "step": self.step,
            "template": self.template,
            "text": self.text,
            "unicode": self.unicode,
            "brandname": self.brandname,
            "zbs": None if self.zbs is None else dict(self.zbs),
            "target": self.target,
            "chat": None if self.chat is None else dict(self.chat),
        }


@dataclass(frozen=True)
class Plan:
    """`audience`: an expression of segments.py, {"contacts": [ids]}, or {"matter": "class"}: whoever the day of a
    relative schedule is of. `schedule`, `window`: campaign_schedule.py.

    `late_minutes`: how late a run may still begin; None: until its window closes that day. `deadline`: nothing of any
    run leaves after it.
    """

    name: str
    kind: str
    variants: tuple[Variant, ...]
    channels: tuple[str, ...]
    audience: Mapping[str, Any]
    schedule: Mapping[str, Any]
    gateways: tuple[str, ...] = ()
    pace_per_minute: int = 600
    window: Mapping[str, Any] = field(default_factory=dict)
    late_minutes: int | None = None
    deadline: datetime | None = None
    stops: tuple[str, ...] = ()
    pause_rule: Mapping[str, int] = field(default_factory=lambda: dict(PAUSE_RULE))

    @property
    def is_once(self) -> bool:
        """Whether it has one run, whose recipients are approved one by one."""
        return self.schedule.get("kind") == "once"

    def as_row(self) -> dict[str, Any]:
        """The columns of `campaign` that say what is planned."""
        return {
            "name": self.name,
            "kind": self.kind,
            "variants": [one.as_json() for one in self.variants],
            "channels": list(self.channels),
            "gateways": list(self.gateways),
            "pace_per_minute": self.pace_per_minute,
            "audience": dict(self.audience),
            "schedule": dict(self.schedule),
            "window": dict(self.window),
            "late_minutes": self.late_minutes,
            "deadline": self.deadline,
            "stops": list(self.stops),
            "pause_rule": dict(self.pause_rule),
        }

    def named(self, name: str) -> Plan:
        """The same under another name."""
        return replace(self, name=name)


def plan_of(row: RowMapping | Mapping[str, Any]) -> Plan:
    """What the row of a campaign says is planned."""
    return Plan(
        name=row["name"],
        kind=row["kind"],
        variants=tuple(Variant(**one) for one in row["variants"]),
        channels=tuple(row["channels"]),
        gateways=tuple(row["gateways"]),
        pace_per_minute=row["pace_per_minute"],
        audience=row["audience"],
        schedule=row["schedule"],
        window=row["window"],
        late_minutes=row["late_minutes"],
        deadline=row["deadline"],
        stops=tuple(row["stops"]),
        pause_rule=row["pause_rule"],
    )
