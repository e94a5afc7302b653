"""What every test may ask for: an own migrated database on both engines, a clock it owns, keys, the real content."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import structlog
from hypothesis import settings
from redis import Redis

from hotline.models import ensure_model
from programme.content import Content, load_content
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, open_database
from store.migrate import migrate
from tools.services.machine import Machine
from tools.services.redis import Redis as RedisService
from tools.services.redis_server import PrivateRedis

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 9 o'clock in the morning in Việt Nam
SECRET = "a secret of the tests, long enough to be one"
# How long one example takes says more about what else the machine does than about us.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")
# As structlog logs unless it is told otherwise; but drawn as it would be, a traceback takes a tenth of a second.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(SECRET)


@pytest.fixture(scope="session")
def content() -> Content:
    return load_content()


@pytest.fixture(scope="session")
def model(content: Content, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained model of the present inputs; trained now, by one of the workers, if there is none yet."""
    with (tmp_path_factory.getbasetemp().parent / "training.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return ensure_model(content)


@pytest.fixture(scope="session")
def postgresql_server() -> str:
    """The URL of a server where databases may be made; `make test` provides it."""
    url = os.environ.get("HOTLINE_TEST_DATABASE_URL")
    if not url:
        pytest.fail("HOTLINE_TEST_DATABASE_URL is not set: run the suite with make test")
    return url


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[str]:
    """The name of a migrated database that tests clone: cheaper than migrating anew each time."""
    with _new_database(postgresql_server) as name:
        database = Database(_with_name(postgresql_server, name))
        migrate(database)
        database.close()
        yield name


@pytest.fixture(scope="session")
def postgresql_clones(postgresql_server: str, postgresql_template: str) -> Iterator[Clones]:
    clones = Clones(postgresql_server, postgresql_template)
    yield clones
    clones.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    with database.engine.connect() as connection:  # everything into the file itself
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    database.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An own, migrated database; the test runs once on each engine."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "test.db")
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    clones: Clones = request.getfixturevalue("postgresql_clones")
    name = clones.take()
    yield _with_name(clones.server, name)
    clones.give_back(name)


@pytest.fixture
def database(database_url: str, keyring: Keyring, clock: ManualClock) -> Iterator[Database]:
    opened = open_database(database_url, keyring, clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def redis_server() -> str:
    """The URL of a Redis that others may be using too; `make test` provides it."""
    url = os.environ.get("HOTLINE_TEST_REDIS_URL")
    if not url:
        pytest.fail("HOTLINE_TEST_REDIS_URL is not set: run the suite with make test")
    return url


@pytest.fixture
def redis_url(redis_server: str) -> Iterator[str]:
    """The same server under an own prefix (see store/redis_link.py); what was left there is removed afterwards."""
    prefix = f"hotline-test-{uuid.uuid4().hex}"
    yield redis_server + ("&" if "?" in redis_server else "?") + f"prefix={prefix}"
    with contextlib.closing(Redis.from_url(redis_server)) as client:
        for key in client.scan_iter(f"{prefix}:*", count=1000):
            client.delete(key)


@pytest.fixture
def private_redis() -> Iterator[PrivateRedis]:
    """A running Redis for this test alone, which may kill it and start it again."""
    service = RedisService(Machine())
    try:
        yield service.start_private()
    finally:
        service.stop()


class Clones:
    """Databases cloned from a template, the next one always while a test still works with the last."""

    def __init__(self, server: str, template: str) -> None:
        self.server, self.template = server, template
        self._thread = ThreadPoolExecutor(1)
        self._next = self._begin()

    def _begin(self) -> Future[_new_database]:
        return self._thread.submit(lambda: _new_database(self.server, self.template).make())

    def take(self) -> str:
        """The name of one that nobody else has."""
        ready, self._next = self._next, self._begin()
        return ready.result().name

    def give_back(self, name: str) -> None:
        """Drop it, when there is time."""
        self._thread.submit(_new_database.drop, self.server, name)

    def close(self) -> None:
        """Drop what nobody took."""
        self.give_back(self._next.result().name)
        self._thread.shutdown()


class _new_database:
    """A PostgreSQL database that is dropped afterwards."""

    def __init__(self, server: str, template: str | None = None) -> None:
        self.server, self.template = server, template
        self.name = f"hotline_test_{uuid.uuid4().hex}"

    def make(self) -> _new_database:
        with psycopg.connect(self.server, autocommit=True) as connection:
            suffix = f' TEMPLATE "{self.template}"{_strategy(connection)}' if self.template else ""
            connection.execute(f'CREATE DATABASE "{self.name}"{suffix}')
        return self

    @staticmethod
    def drop(server: str, name: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def __enter__(self) -> str:
        return self.make().name

    def __exit__(self, *_: object) -> None:
        self.drop(self.server, self.name)


def _strategy(connection: psycopg.Connection) -> str:
    """Copying files takes a quarter of the work, unless each copy has to reach the disk."""
    if connection.info.server_version < 150000 or connection.execute("SHOW fsync").fetchone() != ("off",):
        return ""
    return " STRATEGY file_copy"


def _with_name(server: str, name: str) -> str:
    base, _, query = server.partition("?")
    scheme, _, rest = base.partition("://")
    return f"{scheme}://{rest.split('/')[0]}/{name}" + (f"?{query}" if query else "")
