"""One private Redis on the loopback that keeps nothing on disk; a test may kill it and start it again where it was.

It is told how to run the server; which way to one is open is decided elsewhere (tools/services/redis.py).
"""

from __future__ import annotations

import contextlib
import secrets
import signal
import subprocess
import tempfile
import time
from typing import IO

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tools.services.machine import Machine, Unavailable, die_with_parent, free_port

OLDEST_VERSION = 6
CONNECT_SECONDS = 3
START_SECONDS = 30
PULL_SECONDS = 10 * 60
STOP_SECONDS = 10
COMMAND_SECONDS = 60


class PrivateRedis:
    """Lets in nobody without its random password."""

    def __init__(self, machine: Machine, program: str, image: str | None = None) -> None:
        """`program`: a redis-server; or docker, to run `image`."""
        self.machine, self.program, self.image = machine, program, image
        self.port, self._password = free_port(), secrets.token_hex(16)
        self.url = f"redis://:{self._password}@127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None
        self._container = ""

    def start(self) -> str:
        """Its URL, the same each time, once it answers. Raises Unavailable."""
        with tempfile.TemporaryFile() as configuration, tempfile.TemporaryFile() as log:
            configuration.write(self._configuration().encode())
            configuration.seek(0)
            self._process = subprocess.Popen(
                self._command(),
                stdin=configuration,  # since anybody can read a command line
                stdout=log,
                stderr=log,
                env=self.machine.environment,
                cwd=tempfile.gettempdir(),
                start_new_session=True,  # Ctrl-C is for the tests, which still need the server to tidy up
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
            return self._when_it_answers(self._process, log)

    def kill(self) -> None:
        """Ends it at once, as a power cut would; what it knew is gone. It may be started again."""
        if self._process is None:
            return
        if self.image:
            with contextlib.suppress(Unavailable):  # it may have ended by itself
                self.machine.output([self.program, "kill", self._container], COMMAND_SECONDS)
        self._process.kill()
        self._process.wait(timeout=STOP_SECONDS)
        self._process = None

    def stop(self) -> None:
        """Ends it, however far `start` came."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def _command(self) -> list[str]:
        if self.image is None:
            return [self.program, "-"]
        self._container = f"hotline-redis-{secrets.token_hex(8)}"
        run = [self.program, "run", "--rm", "--interactive", "--name", self._container]
        return [*run, "--publish", f"127.0.0.1:{self.port}:{self.port}", self.image, "redis-server", "-"]

    def _configuration(self) -> str:
        address = "0.0.0.0" if self.image else "127.0.0.1"  # noqa: S104 (of the container, published on the loopback)
        lines = (f"port {self.port}", f"bind {address}", f"requirepass {self._password}", 'save ""', "appendonly no")
        return "\n".join(lines) + "\n"

    def _when_it_answers(self, process: subprocess.Popen[bytes], log: IO[bytes]) -> str:
        deadline = time.monotonic() + (PULL_SECONDS if self.image else START_SECONDS)
        while True:
            try:
                return accepting(self.url)
            except Unavailable as closed:
                if process.poll() is not None:
                    log.seek(0)
                    words = log.read().decode(errors="replace").strip() or "no message"
                    raise Unavailable(f"the private server ended: {words.splitlines()[-1]}") from closed
                if time.monotonic() > deadline:
                    raise Unavailable(f"the server we started does not answer: {closed}") from closed
            time.sleep(0.02)


def accepting(url: str) -> str:
    """`url`, when its server lets us in and is new enough. Raises Unavailable."""
    try:
        client = redis.Redis.from_url(
            url,
            protocol=2,  # whose complaints are the plainer ones
            retry=Retry(NoBackoff(), 0),
            socket_timeout=CONNECT_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
        )
        with contextlib.closing(client):
            version = str(client.info("server")["redis_version"])
    except (redis.RedisError, OSError, ValueError) as error:
        raise Unavailable((str(error).strip() or type(error).__name__).splitlines()[0]) from error
    if int(version.split(".")[0]) < OLDEST_VERSION:
        raise Unavailable(f"Redis {version} is older than {OLDEST_VERSION}")
    return url
