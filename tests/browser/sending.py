"""What `hotline up` runs beside the console, for a test in a browser: the job that makes runs, the dispatcher, eSMS's
stand-in, and the door at which it reports. On a loop and with database connections of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import uvicorn
from starlette.applications import Starlette

from bot.receipt_batches import ReceiptBatches
from bot.wakeups import Wakeups
from bot.web import sms
from bot.web.sms_door import SmsDoor, address
from integrations.sms.esms.client import EsmsGateway
from integrations.sms.esms.sim_account import API_KEY, BRANDNAME, SECRET_KEY, EsmsSwitches
from integrations.sms.esms.simulator import EsmsSimulator
from scheduler.campaigns import make_runs
from scheduler.dispatcher import Dispatcher
from scheduler.kinds import JobContext
from store.database import open_database

from .console_site import Site

ESMS = "esms"
EVERY = 0.2  # seconds between two looks of the job


@contextlib.contextmanager
def sending(site: Site) -> Iterator[EsmsSimulator]:
    """Campaigns are sent as long as this lasts; what the gateway took is the simulator's to say."""
    gateway = EsmsSimulator(EsmsSwitches(template_check=False, report_ms=200))
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    faults: list[BaseException] = []

    def work() -> None:
        try:
            loop.run_until_complete(_send(site, gateway, stop))
        except BaseException as fault:  # noqa: BLE001 - raised where the test is
            faults.append(fault)
        finally:
            loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join(10)
    assert faults == []


async def _send(site: Site, gateway: EsmsSimulator, stop: asyncio.Event) -> None:
    context = site.context
    wakeups, database = Wakeups(), open_database(context.database.url, context.keyring, context.clock)
    listener = socket.create_server(("127.0.0.1", 0))
    here = f"http://127.0.0.1:{listener.getsockname()[1]}"
    door = Starlette(routes=sms.routes)
    receipts = ReceiptBatches(database, context.clock)
    door.state.context = SimpleNamespace(sms=SmsDoor(frozenset({ESMS})), keyring=context.keyring, receipts=receipts)
    server = uvicorn.Server(uvicorn.Config(door, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve([listener]))
    async with gateway.running() as url:
        client = EsmsGateway(url, API_KEY, SECRET_KEY, BRANDNAME)
        dispatcher = Dispatcher(
            database,
            context.clock,
            context.content,
            context.keyring,
            {ESMS: client},
            wakeups,
            public_url=here,
            callbacks={ESMS: address(here, context.keyring, ESMS)},
        )
        job = JobContext(database, context.clock, context.content, wakeups, context.keyring)
        while not stop.is_set():
            await make_runs(job)
            await dispatcher.send_due()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY)
        await client.close()
    server.should_exit = True
    await serving
    database.close()
