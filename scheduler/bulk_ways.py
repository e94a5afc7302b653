"""The ways of a campaign to its recipients, in their order, and which of them is a row's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping

from programme.campaign_plan import TALKS
from programme.ledger import State
from scheduler import bulk_zalo
from scheduler.bulk_calls import Step
from scheduler.bulk_marking import Rooms
from store.phones import is_fixed_line

INTERRUPTED = "interrupted"
NO_NUMBER, NUMBER_CHANGED, FIXED_LINE = "no_number", "number_changed", "fixed_line"
NO_WAY, NO_GATEWAY, NO_TALK = "kind_not_carried", "no_gateway", "no_conversation"


@dataclass(frozen=True)
class Ways:
    """`steps`: those that somebody here carries. `planned`: the campaign's row."""

    steps: tuple[Step, ...]
    planned: RowMapping

    @classmethod
    def of(cls, rooms: Rooms, planned: RowMapping) -> Ways:
        return cls(tuple(_steps(rooms, planned)), planned)

    @property
    def gateways(self) -> list[str]:
        """In an order that everybody has who locks them."""
        return sorted({step.gateway for step in self.steps if step.gateway})

    @property
    def talks(self) -> str | None:
        """The channel of conversations among them."""
        return next((step.channel for step in self.steps if step.channel in TALKS), None)

    def after_talks(self) -> tuple[str, str] | None:
        """What comes after the conversations: channel and gateway."""
        place = next((at for at, step in enumerate(self.steps) if step.channel in TALKS), len(self.steps))
        return next(((step.channel, step.gateway) for step in self.steps[place + 1 :]), None)

    def variant(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """The text of a row."""
        variants = self.planned["variants"]
        return next((one for one in variants if str(one["id"]) == row["variant"]), variants[0])

    def first(self, row: Mapping[str, Any], talks: Mapping[int, RowMapping], down: set[str]) -> tuple[Step | None, str]:
        """The first step that can reach the row, from the one it has come to; or why there is none. `talks`: by
        contact (bulk_zalo.talks); `down`: gateways that are out of order."""
        begun = Step(row["channel"] or "", row["gateway"] or "")
        if row["status"] == State.SENDING:  # only the same gateway knows it again
            is_same = begun in self.steps and row["present_key"] == row["phone_key"] and row["phone"]
            return (begun if is_same else None), INTERRUPTED
        variant = self.variant(row)
        why, out_of_order = NO_WAY, None
        for step in self.steps[self.steps.index(begun) if begun in self.steps else 0 :]:
            if step.channel in TALKS:
                talk = talks.get(row["contact_id"])
                if talk is not None and bulk_zalo.is_at_rest(talk):
                    return step, ""
                why = NO_TALK if talk is None else bulk_zalo.HELD
            elif row["phone"] is None:
                why = bulk_zalo.HELD if why == bulk_zalo.HELD else NO_NUMBER
            elif row["present_key"] != row["phone_key"]:
                why = NUMBER_CHANGED
            elif is_fixed_line(row["phone"]):
                why = FIXED_LINE
            elif step.channel == "zbs" and not variant.get("zbs"):
                continue
            elif step.gateway in down:
                out_of_order = out_of_order or step
            else:
                return step, ""
        if out_of_order is not None:
            return out_of_order, ""
        return None, why


def _steps(rooms: Rooms, planned: RowMapping) -> Iterator[Step]:
    for channel in planned["channels"]:
        names = [""] if channel in TALKS else ["zbs"] if channel == "zbs" else planned["gateways"]
        for name in names:
            gateway = rooms.gateways.get(name)
            if not name or (gateway is not None and planned["kind"] in gateway.kinds):
                yield Step(channel, name)
