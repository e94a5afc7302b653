"""What every simulator is: a server on the loopback that answers as its platform does, with everything in memory.

A provider's simulator inherits, adds its platform's routes and the actions of its citizens, and says what its errors
look like. The control API and the page come with it (control.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, ClassVar, Generic

from aiohttp import web

from integrations.simulation import control
from integrations.simulation.clock import SimulatedClock
from integrations.simulation.delivery import Deliverer, Terms
from integrations.simulation.errors import ControlError
from integrations.simulation.faults import Fault, FaultKind, Faults
from integrations.simulation.journal import REQUEST, Journal, Pulse
from integrations.simulation.media import MediaShelf
from integrations.simulation.people import P, People, Wish
from integrations.simulation.switches import Switches

LARGEST_REQUEST_BYTES = 64 << 20
# What is still being answered when a simulator ends is broken off
SHUTDOWN_SECONDS = 0.1
NOT_PLATFORM = ("/__sim/", "/page/")
# The key under which a platform handler notes what the journal's entry of its request should also say
NOTES = web.RequestKey("notes", dict[str, Any])

Action = Callable[[P, Wish], Mapping[str, Any]]


class Simulator(ABC, Generic[P]):
    """In-process: `async with Simulator(...).running() as url`. As a process of its own: command.py.

    `terms`: how the platform calls webhooks. `actions`: what a citizen can do, by name; each returns JSON for whoever
    asked, and raises ControlError. `seed`: of everything that is left to chance. `retry_scale`: shortens the pauses
    between webhook attempts. `people`, `journal`, `faults`, `clock`, `switches` and `deliverer` may be used directly.
    """

    provider: ClassVar[str]
    terms: Terms
    actions: Mapping[str, Action[P]]

    def __init__(
        self,
        switches: Switches,
        *,
        webhook: str | None = None,
        clock: SimulatedClock | None = None,
        seed: int = 0,
        retry_scale: float = 1.0,
    ) -> None:
        self.clock = clock or SimulatedClock()
        self.pulse = Pulse()
        self.journal = Journal(self.clock, self.pulse)
        self.faults = Faults(seed)
        self.people: People[P] = People(self.clock, self.pulse)
        self.media = MediaShelf(self.clock)
        self.common_switches = switches
        self.deliverer = Deliverer(
            self.journal, self.clock, switches, self.terms, url=webhook, retry_scale=retry_scale, seed=seed
        )
        self.url = ""  # http://127.0.0.1:port while running

    @abstractmethod
    def routes(self) -> Iterable[web.RouteDef]:
        """The platform's own paths."""

    @abstractmethod
    def not_found(self, request: web.Request) -> web.Response:
        """The platform's answer to a path it does not know."""

    @abstractmethod
    def refusal(self, fault: Fault) -> web.Response:
        """The platform's answer for the faults ERROR and RATE_LIMIT."""

    @abstractmethod
    def new_person(self, name: str) -> P:
        """Add a citizen who has never written."""

    @abstractmethod
    def abilities(self) -> Mapping[str, Any]:
        """What the page offers, all words in Vietnamese: `skin` (a class of page/skins.css), `title`, `account` (whom
        the citizens write to), `ticks` ({"sent", "received", "seen"}: words; a state that is left out is not shown),
        `attachments` ([{"action", "label", "accept"}]: sent as a form with a `file`, or as {} for a sample; without
        `accept` only the sample), `relations` ([{"action", "label", "fields"}]: actions with fixed fields or none),
        `writers` ([{"action", "label"}]: actions with a `text`, by somebody else than the citizen), `faults`
        ([{"label", "fault"}]), `hostile` ([name]: what `raw_event` makes of {"case": name, "user": id}).
        """

    def account(self) -> Mapping[str, Any]:
        """Identifiers and secrets by which a hotline can be configured for this simulator."""
        return {}

    def raw_event(self, wanted: Mapping[str, Any]) -> None:
        """Send any webhook call, however wrong. Raises ControlError."""
        raise ControlError("Trình mô phỏng này không gửi được sự kiện thô.")

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        """Serve on the loopback, 0 = a free port; gives the base URL. What it remembers outlives the block."""
        app = web.Application(middlewares=[self._witness], client_max_size=LARGEST_REQUEST_BYTES)
        app.add_routes(control.routes(self))
        app.add_routes([web.get("/media/{key}/{name}", self.media.answer)])
        app.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS, handle_signals=False)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            await self.deliverer.open()
            yield self.url
        finally:
            await self.deliverer.close()
            await runner.cleanup()

    @web.middleware
    async def _witness(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        """Faults and the journal, around everything that belongs to the platform."""
        if request.path == "/" or request.path.startswith(NOT_PLATFORM):
            return await control.guarded(request, handler)
        request[NOTES] = {}
        fault, started = self.faults.strike(request.path), time.monotonic()
        answer: web.StreamResponse | None = None
        try:
            answer = await self._answer(request, handler, fault)
            return answer
        finally:
            self.journal.add(
                REQUEST,
                method=request.method,
                path=request.path,
                status=answer.status if answer is not None else 0,
                ms=round((time.monotonic() - started) * 1000, 1),
                **({"fault": fault.kind.value} if fault else {}),
                **request[NOTES],
            )

    async def _answer(
        self, request: web.Request, handler: Callable[[web.Request], Any], fault: Fault | None
    ) -> web.StreamResponse:
        if fault is not None and not fault.kind.acts:
            return await self._struck(request, fault)
        try:
            answer: web.StreamResponse = await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            answer = self.not_found(request)
        if fault is None:
            return answer
        if fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
            return answer
        return await self._struck(request, fault)

    async def _struck(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        kind = fault.kind
        if kind in (FaultKind.ERROR, FaultKind.RATE_LIMIT):
            return self.refusal(fault)
        if kind in (FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER):
            await asyncio.sleep(fault.seconds)
        if kind in (FaultKind.HTTP_500, FaultKind.HTTP_502, FaultKind.HTML):
            status = {FaultKind.HTTP_500: 500, FaultKind.HTTP_502: 502}.get(kind, 200)
            page = "<html><head><title>Error</title></head><body><h1>Bad Gateway</h1></body></html>"
            return web.Response(status=status, text=page, content_type="text/html")
        _reset(request)
        return web.Response(status=500)  # nobody hears it any more


def _reset(request: web.Request) -> None:
    """End the connection so that the other side gets a reset, not an orderly end."""
    transport = request.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
