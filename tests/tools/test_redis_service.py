"""The Redis that `make test` provides: where it looks first, what it says, and that it tidies up."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis as Client
from redis.exceptions import AuthenticationError

from tests.tools.test_test_services import BareMachine, bare, program
from tools.services.machine import Missing, Unavailable, free_port
from tools.services.redis import IMAGE, Redis
from tools.services.redis_server import PrivateRedis, accepting


def value_of(url: str, key: str) -> object:
    with Client.from_url(url) as client:
        return client.get(key)


def test_a_redis_that_is_named_is_used_as_it_is(tmp_path: Path, private_redis: PrivateRedis) -> None:
    service = Redis(bare(tmp_path, HOTLINE_TEST_REDIS_URL=private_redis.url))
    assert service.start() == private_redis.url
    service.stop()
    assert accepting(private_redis.url)  # what was there before goes on


def test_a_redis_that_is_named_is_complained_about_but_never_replaced(tmp_path: Path) -> None:
    url = f"redis://somebody:s3cret@127.0.0.1:{free_port()}/0"
    program(tmp_path, "apt-get", f"touch {tmp_path}/installed")
    with pytest.raises(Missing) as missing:
        Redis(bare(tmp_path, is_root=True, HOTLINE_TEST_REDIS_URL=url)).start()
    assert str(missing.value).startswith("HOTLINE_TEST_REDIS_URL names no server to use")
    assert "s3cret" not in str(missing.value)
    assert not (tmp_path / "installed").exists()


def test_without_any_way_to_redis_every_closed_way_and_the_remedy_are_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Missing) as missing:
        Redis(bare(tmp_path), port=free_port()).start()
    sentence = str(missing.value)
    assert "\n" not in sentence
    for part in ("on 127.0.0.1:", "no redis-server", "no apt-get", "no docker", "apt-get install redis-server"):
        assert part in sentence


def test_a_password_that_we_do_not_know_closes_the_loopback(tmp_path: Path, private_redis: PrivateRedis) -> None:
    with pytest.raises(Missing, match=r"none to use on 127\.0\.0\.1:\d+: Authentication required"):
        Redis(bare(tmp_path), port=private_redis.port).start()


def test_a_private_redis_lets_in_nobody_without_its_password_and_is_gone_afterwards(
    private_redis: PrivateRedis,
) -> None:
    with Client(port=private_redis.port) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    private_redis.stop()
    with pytest.raises(Unavailable):
        accepting(private_redis.url)


def test_killed_it_has_forgotten_all_and_answers_again_where_it_was(private_redis: PrivateRedis) -> None:
    with Client.from_url(private_redis.url) as client:
        client.set("a", "1")
    assert value_of(private_redis.url, "a") == b"1"
    private_redis.kill()
    with pytest.raises(Unavailable):
        accepting(private_redis.url)
    assert private_redis.start() == private_redis.url
    assert value_of(private_redis.url, "a") is None


def test_a_server_that_does_not_come_up_is_quoted(tmp_path: Path) -> None:
    broken = program(tmp_path, "redis-server", "echo 'Fatal: no memory' >&2; exit 1")
    with pytest.raises(Unavailable, match="Fatal: no memory"):
        PrivateRedis(bare(tmp_path), str(broken)).start()


@dataclass(frozen=True)
class Packaging(BareMachine):
    """Here Debian's package starts a server of its own on `port`, which lives as long as `started`."""

    port: int = 0
    started: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def install_package(self, package: str) -> None:
        self.started.enter_context(socket.create_server(("127.0.0.1", self.port)))


def test_the_server_that_comes_with_the_package_is_stopped_but_none_that_ran_before(
    tmp_path: Path, private_redis: PrivateRedis
) -> None:
    program(tmp_path, "service", f'echo "$@" >>{tmp_path}/stopped')
    environment, port = bare(tmp_path).environment, free_port()
    with contextlib.ExitStack() as started, pytest.raises(Missing):  # this package brings no program
        Redis(Packaging(environment, True, port, started), port).start()
    assert (tmp_path / "stopped").read_text() == "redis-server stop\n"
    with contextlib.ExitStack() as started, pytest.raises(Missing):
        Redis(Packaging(environment, True, free_port(), started), private_redis.port).start()
    assert (tmp_path / "stopped").read_text() == "redis-server stop\n"


def test_a_container_listens_on_the_loopback_alone_and_is_killed_by_its_name(tmp_path: Path) -> None:
    script = f'echo "$@" >>{tmp_path}/log; [ "$1" != run ] || {{ cat >{tmp_path}/configuration; exit 1; }}'
    program(tmp_path, "docker", script)
    service = Redis(bare(tmp_path), port=free_port())
    with pytest.raises(Missing, match="the private server ended"):
        service.start()
    server = service.started[0]
    server.kill()
    _, run, kill = (tmp_path / "log").read_text().splitlines()
    assert f"--publish 127.0.0.1:{server.port}:{server.port} {IMAGE} redis-server -" in run
    assert kill.split()[0] == "kill" and f"--name {kill.split()[1]} " in run
    # Anybody can read a command line
    password = server.url.split(":")[2].split("@")[0]
    assert password not in run and f"requirepass {password}\n" in (tmp_path / "configuration").read_text()
