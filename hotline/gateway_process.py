"""The SMS gateway's simulator as a child process, which dies with this one; and who may simulate on a database.

What it accepted it keeps in a file beside a database that outlives it: a simulator that forgot its RequestIds would
take a repeated call for a new message, as no gateway does within 24 hours.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sys
import time
from collections.abc import AsyncIterator, Collection, Iterator
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


class Alone:
    """A file that one simulation on a database holds, its simulator with it: whoever gets it knows that the one before
    is dead and calls nobody any more. In it is the port where reports arrive, so that those of before find it again.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @property
    def port(self) -> int:
        """Of the simulation before; 0: there was none."""
        said = os.pread(self.descriptor, 8, 0)
        return int(said) if said.isdigit() else 0

    def keep_port(self, port: int) -> None:
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, str(port).encode(), 0)


@contextlib.contextmanager
def alone(database_url: str) -> Iterator[Alone]:
    """Raises Stop while another simulation, or its simulator, still runs on this database."""
    path = journal_path(database_url).with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + STOP_SECONDS  # the simulator of somebody just killed ends a moment later
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Stop(
                        "database_in_use: đang có một lần chạy thử khác trên cơ sở dữ liệu này. Hãy chờ nó xong."
                    ) from None
                time.sleep(0.05)
        yield Alone(descriptor)
    finally:
        os.close(descriptor)


class GatewayProcess:
    """`database_url`: whose campaigns it serves. `clock`: the simulator's begins where this one is."""

    def __init__(self, database_url: str, clock: Clock, holder: Alone) -> None:
        self.journal, self._clock, self._holder = journal_path(database_url), clock, holder
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
            pass_fds=(self._holder.descriptor,),
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
