"""What the parts of the simulated eSMS share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.journal import Journal, Pulse
from integrations.simulation.people import Bubble, People
from integrations.sms.esms.sim_account import EsmsSwitches, Phone
from integrations.sms.esms.sim_callbacks import Callbacks
from integrations.sms.esms.sim_reports import Reports
from integrations.sms.esms.sim_taken import Message, Taken

# So many telephones are on the page; messages to others are counted only
MOST_SHOWN = 200
_KEYS = ("ApiKey", "SecretKey")


class EsmsJournal(Journal):
    """What `taken` holds is what a file keeps of it."""

    def __init__(self, clock: SimulatedClock, pulse: Pulse, taken: Taken) -> None:
        super().__init__(clock, pulse)
        self._taken = taken

    def keep_in(self, path: Path) -> None:
        self._taken.keep_in(path)


@dataclass
class World:
    """`spent`: đồng."""

    clock: SimulatedClock
    journal: Journal
    people: People[Phone]
    switches: EsmsSwitches
    taken: Taken
    callbacks: Callbacks
    reports: Reports
    spent: int = 0

    def show(self, message: Message, body: Mapping[str, Any]) -> None:
        """In the journal and on the page, where these are wanted."""
        if not self.switches.journal:
            return
        said = {name: value for name, value in body.items() if name not in _KEYS}
        self.journal.accept(message.phone, message.id, message.text, said)
        person = self.people.get(message.phone)
        if person is None and len(self.people.as_json()) < MOST_SHOWN:
            person = self.people.add(Phone(message.phone, message.phone))
        if person is not None and message.fate != "failed":
            self.people.say(person, Bubble("account", message.text, id=message.id))
