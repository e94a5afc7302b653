"""A PostgreSQL server for the tests: the one named, a private one for this run, or the one on the loopback.

A private one comes from the programs at hand; where neither those nor a server are there, from Debian's package, else
from a container. It goes before the loopback's: it never waits for the disk, and each test has a database made and
dropped. What was there before is only ever connected to.
"""

from __future__ import annotations

import getpass
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg

from tools.services.machine import Machine, Missing, Unavailable, first_open_way
from tools.services.postgres_cluster import PrivateCluster

IMAGE = "postgres:17-bookworm"  # the same as in docker-compose.yml
OLDEST_VERSION = 13
CONNECT_SECONDS = 3
COMMAND_SECONDS = 60
START_SECONDS = 60
PULL_SECONDS = 10 * 60
DEBIANS_VERSIONS = Path("/usr/lib/postgresql")  # one folder per version, each with bin/


class Postgres:
    """Tells the suite where the server is, as the URL of a user who may create databases."""

    variable = "HOTLINE_TEST_DATABASE_URL"

    def __init__(self, machine: Machine, versions: Path = DEBIANS_VERSIONS) -> None:
        self.machine = machine
        self.versions = versions
        self.stops: list[Callable[[], object]] = []

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
        return first_open_way(
            "PostgreSQL",
            [self._private, self._on_the_loopback, self._packaged, self._contained],
            "install it (Debian: apt-get install postgresql) or set"
            f" {self.variable} to a server where you may create databases",
        )

    def stop(self) -> None:
        """Ends what was started for this run."""
        while self.stops:
            self.stops.pop()()

    # --- the ways to a server ---

    def _on_the_loopback(self) -> str:
        port = self.machine.environment.get("PGPORT", "5432")
        reasons = []
        for user in dict.fromkeys((self.machine.environment.get("PGUSER"), getpass.getuser(), "postgres")):
            if user:
                try:
                    return accepting(f"postgresql://{quote(user, safe='')}@127.0.0.1:{port}/postgres")
                except Unavailable as closed:
                    reasons.append(str(closed))
        raise Unavailable(f"none to use on 127.0.0.1:{port}: {reasons[-1]}")

    def _private(self) -> str:
        cluster = PrivateCluster(self.machine, self._programs())
        self.stops.append(cluster.stop)
        return _when_it_answers(cluster.start(), cluster.check_alive)

    def _packaged(self) -> str:
        before = self._running_clusters()
        self.machine.install_package("postgresql")
        for version, name in self._running_clusters() - before:  # the package starts one that nobody asked for
            self.machine.output(["pg_ctlcluster", version, name, "stop"], COMMAND_SECONDS)
        return self._private()

    def _contained(self) -> str:
        docker = self.machine.find("docker")
        if docker is None:
            raise Unavailable("there is no docker")
        self.machine.output([docker, "version", "--format", "{{.Server.Version}}"], COMMAND_SECONDS)
        password = secrets.token_hex(16)
        run = [
            docker,
            "run",
            "--rm",
            "--detach",
            "--publish",
            "127.0.0.1::5432",
            "--env",
            "POSTGRES_PASSWORD",
        ]
        run += ["--tmpfs", "/var/lib/postgresql/data", IMAGE]
        environment = {**self.machine.environment, "POSTGRES_PASSWORD": password}
        container = self.machine.output(run, PULL_SECONDS, environment=environment).strip()
        stop = [docker, "stop", "--time", "5", container]
        self.stops.append(lambda: self.machine.output(stop, COMMAND_SECONDS))
        address = self.machine.output([docker, "port", container, "5432/tcp"], COMMAND_SECONDS).split()[0]
        return _when_it_answers(f"postgresql://postgres:{password}@{address}/postgres", lambda: None)

    # --- what they need ---

    def _programs(self) -> Path:
        """The folder with initdb and postgres: the PATH's, else Debian's newest. Raises Unavailable."""
        on_path = self.machine.find("initdb")
        folders = [Path(on_path).resolve().parent] if on_path else []
        folders += sorted(self.versions.glob("*/bin"), key=lambda folder: _version(folder.parent.name), reverse=True)
        for folder in folders:
            if all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
                return folder
        raise Unavailable(f"no initdb on the PATH or under {self.versions}")

    def _running_clusters(self) -> set[tuple[str, str]]:
        """(version, name) of the clusters that Debian's packages run."""
        if self.machine.find("pg_lsclusters") is None:
            return set()
        lines = self.machine.output(["pg_lsclusters", "--no-header"], COMMAND_SECONDS).splitlines()
        return {(version, name) for version, name, _, status, *_ in map(str.split, lines) if "online" in status}


def accepting(url: str) -> str:
    """`url`, when its server lets us in, is new enough and lets us create databases. Raises Unavailable."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
            version = connection.info.server_version // 10000
            rights = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            may_create = connection.execute(rights).fetchone() == (True,)
    except psycopg.Error as error:
        raise Unavailable((str(error).strip() or type(error).__name__).splitlines()[0]) from error
    if version < OLDEST_VERSION:
        raise Unavailable(f"PostgreSQL {version} is older than {OLDEST_VERSION}")
    if not may_create:
        raise Unavailable("that user may not create databases")
    return url


def _when_it_answers(url: str, check_alive: Callable[[], None]) -> str:
    """Waits for a server we started. Raises Unavailable when it has ended or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return accepting(url)
        except Unavailable as closed:
            check_alive()
            if time.monotonic() > deadline:
                raise Unavailable(f"the server we started does not answer: {closed}") from closed
        time.sleep(0.05)


def _version(name: str) -> tuple[int, ...]:
    """(9, 6) for "9.6"; () for a name that is no version, which sorts lowest."""
    parts = name.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
