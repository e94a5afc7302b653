"""The SMS gateway's simulator as a child process, which dies with this one.

What it accepted it keeps in a file beside a database that outlives it: a simulator that forgot its RequestIds would
take a repeated call for a new message, as no gateway does within 24 hours.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Collection
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import make_url

from hotline.errors import Stop
from hotline.paths import ROOT, VAR
from integrations.sms.esms.client import EsmsGateway
from store.clock import Clock

START_SECONDS, STOP_SECONDS = 30, 5
MODULE = "integrations.sms.esms.simulator"


def journal_path(database_url: str) -> Path:
    """Where the simulator of this database keeps what it accepted."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return Path(f"{url.database}.sms-simulator.jsonl")
    return VAR / f"sms-simulator-{sha256(database_url.encode()).hexdigest()[:16]}.jsonl"


class GatewayProcess:
    """`database_url`: whose campaigns it serves. `clock`: the simulator's begins where this one is."""

    def __init__(self, database_url: str, clock: Clock) -> None:
        self.journal, self._clock = journal_path(database_url), clock
        self.url, self._account = "", dict[str, Any]()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[GatewayProcess]:
        """Raises Stop when it does not start."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", MODULE, "--follow-stdin", "--now", self._clock.now().isoformat(), "--journal", str(self.journal)),
            *("--switch", "template_check=false", "--switch", "journal=false"),  # texts are registered nowhere here
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is ours to hear: calls under way still need an answer
        )
        assert process.stdout is not None and process.stdin is not None  # noqa: S101 - both are pipes
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
            self.url = line.decode().strip()
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/__sim/account") as answer:
                self._account = await answer.json()
            yield self
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            raise Stop("Trình mô phỏng cổng SMS không khởi động được; xem các dòng báo lỗi ở trên.") from error
        finally:
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()

    def gateway(self, name: str, kinds: Collection[str]) -> EsmsGateway:
        """The eSMS client for it, under a name of its own."""
        account = self._account
        key, secret, brandname = account["ESMS_API_KEY"], account["ESMS_SECRET_KEY"], account["ESMS_BRANDNAME"]
        return EsmsGateway(self.url, key, secret, brandname, name=name, kinds=kinds)
