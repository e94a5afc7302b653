"""Sends what the ledger has waiting: claims in batches, calls gateways, writes what became of it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.wakeups import Wakeups
from integrations.sms.gateway import Gateway
from programme.content import Content
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database


class Dispatcher:
    """One per process. `gateways`: by name ("esms", "speedsms", "zbs"). `public_url`: of the links in messages."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        content: Content,
        keyring: Keyring,
        gateways: Mapping[str, Gateway],
        wakeups: Wakeups,
        *,
        public_url: str = "",
        callbacks: Mapping[str, str] | None = None,
    ) -> None:
        self.database, self.clock, self.content, self.keyring = database, clock, content, keyring
        self.gateways, self.wakeups = gateways, wakeups
        self.public_url, self.callbacks = public_url, callbacks or {}

    async def run(self) -> None:
        """Send until cancelled; the calls under way are finished first, and their results written."""

    async def send_due(self) -> None:
        """Send what may leave now, to its end: for tests and the command line."""
