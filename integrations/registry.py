"""The channels that push, and what whoever holds their providers to the contract must know of each.

A channel is its folder and its line in CHANNELS. In the folder: provider.py, errors.py, simulator.py, fixtures/*.json
with genuine calls, and specimen.py, which presents them to tests/integrations/contract.py and bench.fuzzing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from integrations.errors import ProviderError
from integrations.provider import Provider
from integrations.simulation.simulator import Simulator
from store.clock import Clock
from store.database import Database
from store.settings import Settings, load_settings

CHANNELS = ("zalo", "telegram")
# Those that are read instead of called: no webhook to forge, and tests of their own (tests/integrations/email).
READ = ("email",)

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Specimen:
    """A provider with the account of its simulator.

    `key`: the variable with the secret that calls are believed by. `first_act`: by what a citizen of the simulator lets
    us write to them. `envelope`: what every genuine body says of the account. `words(text, address, number, at)`: the
    body of a text, `number` being the message's own. `seal(body)`: the headers, in lower case, by which the platform
    vouches for a body. `forge(body)`: calls that must not be believed, by name. `renew(event, number)`: makes of a
    genuine event another one, of another person.
    """

    channel: str
    key: str
    errors: Collection[ProviderError]
    open: Callable[[Settings, Database, Clock], Provider]
    simulator: Callable[..., Simulator[Any]]
    first_act: str
    envelope: Mapping[str, Any]
    words: Callable[[str, str, int, datetime], bytes]
    seal: Callable[[bytes], dict[str, str]]
    forge: Callable[[bytes], Mapping[str, tuple[Headers, bytes]]]
    renew: Callable[[dict[str, Any], int], None]

    @property
    def fixtures(self) -> dict[str, bytes]:
        """Genuine bodies by name."""
        folder = Path(__file__).parent / self.channel / "fixtures"
        return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.json"))}


def specimen(channel: str) -> Specimen:
    """Loads the provider and its simulator; not for a running hotline, which loads only what has an account."""
    found: Specimen = import_module(f"integrations.{channel}.specimen").SPECIMEN
    return found


def settings_for(account: Mapping[str, Any], **others: Any) -> Settings:
    """The settings of a hotline with the account of a simulator (Simulator.account); no `.env` file is read."""
    aliases = {str(field.validation_alias): name for name, field in Settings.model_fields.items()}
    given = {aliases[name]: value for name, value in account.items() if name in aliases}
    return load_settings(_env_file=None, **{**given, **others})
