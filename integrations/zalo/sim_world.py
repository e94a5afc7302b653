"""What the parts of the Zalo simulator share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.journal import Journal
from integrations.simulation.media import MediaShelf
from integrations.simulation.people import People
from integrations.zalo.sim_account import Citizen, ZaloSwitches
from integrations.zalo.sim_api import Api, invalid
from integrations.zalo.sim_events import Events


@dataclass(frozen=True)
class World:
    """`base_url()`: where the simulator is at present."""

    people: People[Citizen]
    journal: Journal
    clock: SimulatedClock
    switches: ZaloSwitches
    media: MediaShelf
    api: Api
    events: Events
    base_url: Callable[[], str]

    def citizen(self, user_id: Any) -> Citizen:
        """By the id in a request; raises Refused."""
        citizen = self.people.get(user_id) if isinstance(user_id, str) else None
        if citizen is None:
            raise invalid("user_id")
        return citizen
