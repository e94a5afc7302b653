"""What it takes to hold a provider to its contract: its simulator, ears for what must not be said, walls around both.

The contract itself are the sentences of test_contract.py.
"""

from __future__ import annotations

import shutil
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from structlog.testing import capture_logs

from integrations.errors import Fate, FetchFailed, NotGenuine, NotReadable, SendFailed
from integrations.provider import Outgoing, OutgoingFile, Provider, Sent
from integrations.registry import CHANNELS, Specimen, settings_for, specimen
from integrations.simulation.journal import ACCEPTED
from integrations.simulation.people import Wish
from integrations.simulation.simulator import Simulator
from store.database import Database
from store.events import Event
from store.messages import Reply
from store.migrate import migrate

NOWHERE = "http://127.0.0.1:1"
# Of the time limits, so that a test need not wait for them
SHORTER = 40
LONGER_THAN_EVERY_LIMIT = 5.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass
class Walls:
    """`escapes`: whoever was asked for, or called, outside of this machine. `sockets`: of the connections made."""

    escapes: list[str] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)

    @property
    def open_connections(self) -> int:
        return sum(one.fileno() != -1 for one in self.sockets)


@pytest.fixture(autouse=True)
def walls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Walls]:
    """No call leaves the machine, however it is made; one that tries fails its test."""
    made, connect, look_up = Walls(), socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            if address[0] not in LOOPBACK:
                made.escapes.append(f"connect {address[0]}")
                raise ConnectionRefusedError("outside")
            made.sockets.append(self)
        connect(self, address)

    def guarded_look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        if host not in LOOPBACK:
            made.escapes.append(f"look up {host}")
            raise socket.gaierror("outside")
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield made
    assert made.escapes == []


@dataclass
class Party:
    """A provider and its simulator, in which somebody with `address` may be written to."""

    specimen: Specimen
    simulator: Simulator[Any]
    provider: Provider
    database: Database
    address: str
    secrets: set[str]
    heard: list[str] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.simulator.clock.now()

    async def send(self, reply: Reply, file: OutgoingFile | None = None, address: str | None = None) -> Sent:
        """At a pace that every limit of the platform allows."""
        self.simulator.clock.advance(timedelta(seconds=2))
        self.remember_secrets()
        message = Outgoing(self.address if address is None else address, reply, self.now, file, self.now)
        return await self.provider.send(message)

    async def failure(self, call: Awaitable[Any]) -> SendFailed | FetchFailed | None:
        """How a call failed, None if it did not. Anything else that it raises fails the test."""
        try:
            await call
        except (SendFailed, FetchFailed) as failed:
            self.hear(failed)
            return failed
        return None

    async def fate(self, call: Awaitable[Any]) -> Fate | None:
        failed = await self.failure(call)
        return failed.error.fate if isinstance(failed, SendFailed) else None

    def read(self, body: bytes, headers: Any = None) -> list[Event]:
        """The events of a call, sealed unless it has other headers. Raises NotGenuine, NotReadable."""
        sealed = self.specimen.seal(body) if headers is None else headers
        try:
            return list(self.provider.read_webhook(sealed, body, self.now))
        except (NotGenuine, NotReadable) as refused:
            self.hear(refused)
            raise

    def words(self, text: str = "Xin chào", number: int = 1, address: str = "5012345678") -> bytes:
        return self.specimen.words(text, address, number, self.now)

    @property
    def accepted(self) -> list[Any]:
        """The messages that the platform took, oldest first."""
        return self.simulator.journal.of(ACCEPTED)

    def hear(self, error: BaseException) -> None:
        """What a log would show of an exception."""
        self.heard += [repr(error), *traceback.format_exception(error)]

    def remember_secrets(self) -> None:
        account = self.simulator.account()
        self.secrets |= {value for name, value in account.items() if "SECRET" in name or "TOKEN" in name}


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contract") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


@pytest.fixture
def database_url(migrated: Path, tmp_path: Path) -> str:
    """One engine is enough here: the providers have their own tests of what they keep."""
    return f"sqlite:///{shutil.copy(migrated, tmp_path / 'contract.db')}"


@pytest.fixture(params=CHANNELS)
async def party(
    request: pytest.FixtureRequest, database: Database, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Party]:
    """For each channel that is registered. Afterwards: nothing that was said, at whatever level, held a secret."""
    one = specimen(request.param)
    simulator = one.simulator()
    caplog.set_level("DEBUG")
    with capture_logs(processors=[structlog.processors.format_exc_info]) as logs:
        async with simulator.running():
            provider = one.open(settings_for(simulator.account()), database, simulator.clock)
            person = next(iter(simulator.people))
            simulator.actions[one.first_act](person, Wish({"text": "Xin chào"}))
            made = Party(one, simulator, provider, database, person.id, set())
            made.remember_secrets()
            yield made
            await provider.close()
            made.remember_secrets()
    said = [*made.heard, repr(provider), *map(repr, logs)]
    records = [record for phase in ("setup", "call") for record in caplog.get_records(phase)]
    said += [repr(vars(record)) + record.getMessage() for record in records]
    assert made.secrets and not [line for line in said for secret in made.secrets if secret in line]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every time limit is over soon."""
    timeout = aiohttp.ClientTimeout

    def shorter(**limits: float) -> aiohttp.ClientTimeout:
        return timeout(**{name: seconds / SHORTER for name, seconds in limits.items()})

    monkeypatch.setattr(aiohttp, "ClientTimeout", shorter)


def unreachable(party: Party) -> Provider:
    """The provider of a platform that is not there."""
    account = {
        name: NOWHERE if value == party.simulator.url else value for name, value in party.simulator.account().items()
    }
    return party.specimen.open(settings_for(account), party.database, party.simulator.clock)
