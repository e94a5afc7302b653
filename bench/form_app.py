"""Our app with the benchmark's form in place of the product's flows: every room as in hotline/serve.py.

python -m bench.form_app ARCHIVE        prints "serving http://127.0.0.1:PORT", ends on SIGTERM
"""

from __future__ import annotations

import asyncio
import dataclasses
import signal
import sys
from pathlib import Path

from bot.callbacks import internal_app
from bot.flow_domain import load_flows
from bot.turn import TurnRunner
from bot.web.app import public_app
from bot.worker import Worker
from hotline.app import Hotline, compose, read_content, read_settings
from hotline.rasa_process import RasaProcess
from hotline.serve import LOOPBACK, bind, server_for
from store.logs import configure_logs

BENCH = Path(__file__).parent
ACTIONS = "bench.form.actions"


def compose_with_form(internal_url: str) -> Hotline:
    """The product's rooms, with the flows below bench/. Raises Stop."""
    settings = read_settings()
    product = compose(settings, read_content(settings), "", internal_url)
    flows = load_flows(BENCH)
    runner = TurnRunner(
        product.database,
        product.dialogue,
        flows,
        product.content,
        product.clock,
        product.keyring,
        product.wakeups,
    )
    return dataclasses.replace(
        product,
        flows=flows,
        runner=runner,
        worker=Worker(product.database, runner, product.clock, product.wakeups),
        web=dataclasses.replace(product.web, flows=flows),
    )


async def serve(archive: Path) -> None:
    """Serve until SIGTERM or SIGINT. Raises Stop."""
    public, internal = bind(LOOPBACK, 0), bind(LOOPBACK, 0)
    hotline = compose_with_form(f"http://{LOOPBACK}:{internal.getsockname()[1]}")
    rasa = RasaProcess(archive, lambda url: setattr(hotline.dialogue, "rasa_url", url))
    servers = [
        (server_for(public_app(hotline.web)), public),
        (server_for(internal_app(hotline.register, hotline.flows.domain, ACTIONS)), internal),
    ]
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await rasa.start()
        serving = [asyncio.create_task(server.serve([listener])) for server, listener in servers]
        working = asyncio.create_task(hotline.worker.run())
        print(f"serving http://{LOOPBACK}:{public.getsockname()[1]}", flush=True)
        await stop.wait()
        for server, _ in servers:
            server.should_exit = True
        working.cancel()
        await asyncio.gather(*serving, working, return_exceptions=True)
    finally:
        await rasa.stop()
        await hotline.close()


if __name__ == "__main__":
    configure_logs()
    asyncio.run(serve(Path(sys.argv[1])))
