"""Runs the app's process: both ports, worker, keeper, ticker and, if wanted, the Rasa service as a child."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from bot import language
from bot.callbacks import internal_app
from bot.metrics import metrics_route
from bot.web.app import public_app
from console import accounts
from hotline.app import Hotline, compose
from hotline.errors import Stop
from hotline.first_administrator import front_line, make_first_administrator
from hotline.models import archive_of, is_there
from hotline.rasa_process import RasaProcess
from hotline.simulators import Simulators, adopt_simulated_tokens, simulated
from programme import trained_models
from programme.content import Content
from store.logs import get_logger
from store.settings import Settings

log = get_logger("hotline.serve")

LOOPBACK = "127.0.0.1"
# Event streams never end by themselves; a stop does not wait for them.
GOODBYE_SECONDS = 2
BACKLOG = 2048
SWITCH_SECONDS = 0.0005


@dataclass(frozen=True)
class Ports:
    """Port 0 takes a free one."""

    host: str = LOOPBACK
    port: int = 8000
    internal_host: str = LOOPBACK
    internal_port: int = 0


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: two servers share this process, and we decide when both stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Stop when the port is taken or not ours to take."""
    # named as TCP, so that asyncio switches Nagle's algorithm off: it would add 40 ms to every call-back
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Stop(
            f"Không mở được cổng {port} trên {host} ({error.strerror}). Chạy lại với cổng khác,"
            " ví dụ: make run PORT=8010 (hoặc hotline up --port 8010)."
        ) from None
    listener.set_inheritable(False)
    listener.listen(BACKLOG)  # from now on callers wait instead of being refused
    return listener


def server_for(app: ASGIApp) -> Server:
    """A quiet uvicorn server; our own logs say what needs saying."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=GOODBYE_SECONDS
    )
    return Server(config)


async def serve(
    settings: Settings,
    content: Content,
    ports: Ports,
    model: Path | None,
    first_start: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM. `model`: run the Rasa service as a child; None: settings.rasa_url is running.

    `first_start`: a database without accounts gets a first administrator, whose one-time password is printed.
    Raises Stop with the reason when a part fails for good.
    """
    # The event loop and the database's thread share one interpreter: usually either waits 5 ms for the other each time
    sys.setswitchinterval(SWITCH_SECONDS)
    public, internal = bind(ports.host, ports.port), bind(ports.internal_host, ports.internal_port)
    internal_url = settings.internal_url or f"http://{LOOPBACK}:{internal.getsockname()[1]}"
    public_port = public.getsockname()[1]
    async with simulated(settings, f"http://{LOOPBACK}:{public_port}") as (settings, simulators):
        here = f"http://{LOOPBACK}:{public_port}"
        hotline = compose(settings, content, settings.rasa_url or "", internal_url, address=here)
        await adopt_simulated_tokens(hotline.channels, simulators)
        await _serve(hotline, content, public, internal, model, simulators, first_start)


async def _serve(
    hotline: Hotline,
    content: Content,
    public: socket.socket,
    internal: socket.socket,
    model: Path | None,
    simulators: Simulators,
    first_start: bool,
) -> None:
    stop = _stop_on_signals()
    hotline.dialogue.model = live = await _live_model(hotline, has_models=model is not None)
    rasa = _rasa(hotline, live) if model else None
    try:
        starting = [asyncio.to_thread(_prepare, content)]
        if rasa is not None:
            starting.append(rasa.start())
        if not await _unless(stop, asyncio.gather(*starting)):
            return
        # What is there now stays: looking through it for garbage stops everybody, 34 ms for the content alone
        gc.freeze()
        print(f"Khung chat:  http://{LOOPBACK}:{public.getsockname()[1]}/   (Ctrl-C để dừng)", flush=True)
        print(await asyncio.to_thread(_console_line, hotline, public.getsockname()[1], first_start), flush=True)
        for name, address in simulators.addresses.items():
            print(f"{name}:  {address}/", flush=True)
        metrics = metrics_route(hotline.database, hotline.clock)
        callbacks = internal_app(hotline.register, hotline.flows.domain, [metrics])
        await _run_until(stop, hotline, public, (callbacks, internal), rasa)
    finally:
        if rasa is not None:
            await rasa.stop()
        await hotline.close()


def _rasa(hotline: Hotline, live: str) -> RasaProcess:
    """The service as a child. One that has to be started again is started with what answers by then."""
    return RasaProcess(
        lambda: archive_of(hotline.dialogue.model or live), lambda url: setattr(hotline.dialogue, "rasa_url", url)
    )


async def _live_model(hotline: Hotline, has_models: bool) -> str:
    """The name of the model that answers: what officers have taught last, unless the release has changed since."""

    def has_archive(name: str) -> bool:
        return not has_models or is_there(archive_of(name))  # a service elsewhere has its own folder

    release, now = hotline.switch.release, hotline.clock.now()
    return await hotline.database.run(lambda connection: trained_models.settle(connection, release, has_archive, now))


def _console_line(hotline: Hotline, port: int, first_start: bool) -> str:
    database = hotline.database
    password = make_first_administrator(database, hotline.keyring, hotline.clock) if first_start else None
    return front_line(port, password, database.read_now(accounts.are_there_any))


def _prepare(content: Content) -> None:
    """What else the first message would wait for, and those behind it."""
    content.search.prepare()
    language.prepare()


async def _unless(stop: asyncio.Event, starting: asyncio.Future[Any]) -> bool:
    """Whether `starting` was done before somebody wanted to stop; else it is cancelled."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait([starting])
        return False
    starting.result()
    return True


async def _run_until(
    stop: asyncio.Event,
    hotline: Hotline,
    public: socket.socket,
    internal: tuple[ASGIApp, socket.socket],
    rasa: RasaProcess | None,
) -> None:
    outside, inside = server_for(public_app(hotline.web, hotline.public_routes())), server_for(internal[0])
    calls = asyncio.create_task(outside.serve([public]))
    callbacks = asyncio.create_task(inside.serve([internal[1]]))
    others = [asyncio.create_task(part) for part in hotline.parts()]
    if rasa is not None:
        others.append(asyncio.create_task(rasa.watch()))
    stopping = asyncio.create_task(stop.wait())
    ended, _ = await asyncio.wait([stopping, calls, callbacks, *others], return_when=asyncio.FIRST_COMPLETED)
    # Nothing new comes in, then the turns under way finish, which need their call-backs, then those end too
    outside.should_exit = True
    await asyncio.wait([calls])
    for other in others:
        other.cancel()
    await asyncio.wait(others)
    await hotline.finish()
    inside.should_exit = True
    results = await asyncio.gather(calls, *others, callbacks, return_exceptions=True)
    stopping.cancel()
    if stopping not in ended:
        reason = next((r for r in results if isinstance(r, Exception)), None)
        raise reason if isinstance(reason, Stop) else Stop(f"Một phần của hotline dừng bất ngờ: {reason!r}")


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
