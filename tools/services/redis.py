"""A Redis for the tests: the one named, the one on the loopback, or a private one for this run.

A private one comes from the programs at hand, else from Debian's package, else from a container. What was there before
is only ever connected to: each test keeps to an own prefix there.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from tools.services.machine import Machine, Missing, Unavailable, first_open_way
from tools.services.redis_server import COMMAND_SECONDS, PrivateRedis, accepting

IMAGE = "redis:7.4-bookworm"  # the same as in docker-compose.yml
PROGRAMS = ("redis-server", "valkey-server")
PACKAGE = "redis-server"
USUAL_PORT = 6379
REMEDY = "install it (Debian: apt-get install redis-server) or set HOTLINE_TEST_REDIS_URL to a server of yours"


class Redis:
    """Tells the suite where the server is, as its URL."""

    variable = "HOTLINE_TEST_REDIS_URL"

    def __init__(self, machine: Machine, port: int = USUAL_PORT) -> None:
        """`port`: where one may be on the loopback."""
        self.machine, self.port = machine, port
        self.started: list[PrivateRedis] = []

    def start(self) -> str:
        """URL of a server that accepts us. Raises Missing."""
        named = self.machine.environment.get(self.variable)
        if named:
            try:
                return accepting(named)
            except Unavailable as closed:
                raise Missing(
                    f"{self.variable} names no server to use ({closed}): correct it or leave it out."
                ) from closed
        return first_open_way("Redis", [self._on_the_loopback, *self._private_ways()], REMEDY)

    def start_private(self) -> PrivateRedis:
        """One of our own, whichever else there is: a test may kill it and start it again. Raises Missing."""
        first_open_way("A private Redis", self._private_ways(), REMEDY)
        return self.started[-1]

    def stop(self) -> None:
        """Ends what was started for this run."""
        while self.started:
            self.started.pop().stop()

    # --- the ways to a server ---

    def _private_ways(self) -> list[Callable[[], str]]:
        return [self._private, self._packaged, self._contained]

    def _on_the_loopback(self) -> str:
        try:
            return accepting(f"redis://127.0.0.1:{self.port}/0")
        except Unavailable as closed:
            raise Unavailable(f"none to use on 127.0.0.1:{self.port}: {closed}") from closed

    def _private(self) -> str:
        program = next(filter(None, map(self.machine.find, PROGRAMS)), None)
        if program is None:
            raise Unavailable("no redis-server on the PATH")
        return self._run(PrivateRedis(self.machine, program))

    def _packaged(self) -> str:
        somebody_was_there = self._is_listened_to()
        self.machine.install_package(PACKAGE)
        service = self.machine.find("service")
        if service and not somebody_was_there and self._is_listened_to():  # the package starts one of its own
            self.machine.output([service, PACKAGE, "stop"], COMMAND_SECONDS)
        return self._private()

    def _contained(self) -> str:
        docker = self.machine.find("docker")
        if docker is None:
            raise Unavailable("there is no docker")
        self.machine.output([docker, "version", "--format", "{{.Server.Version}}"], COMMAND_SECONDS)
        return self._run(PrivateRedis(self.machine, docker, IMAGE))

    def _run(self, server: PrivateRedis) -> str:
        self.started.append(server)
        return server.start()

    def _is_listened_to(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
