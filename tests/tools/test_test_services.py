"""What `make test` provides around the suites: where it looks first, what it says, and that it tidies up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools.services import postgres as postgres_module
from tools.services.browser import Browser
from tools.services.machine import Machine, Missing, Unavailable, first_open_way, free_port
from tools.services.postgres import Postgres
from tools.services.postgres_cluster import PrivateCluster
from tools.test_services import serve

ROOT = Path(__file__).resolve().parents[2]


class Recorded:
    """A service that writes down what happens to it."""

    def __init__(self, name: str, events: list[str], missing: str | None = None) -> None:
        self.variable, self.events, self.missing = f"TEST_{name}", events, missing

    def start(self) -> str:
        self.events.append(f"start {self.variable}")
        if self.missing:
            raise Missing(self.missing)
        return "where it is"

    def stop(self) -> None:
        self.events.append(f"stop {self.variable}")


def program(folder: Path, name: str, script: str = "exit 0") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


class BareMachine(Machine):
    """Programs are found in the PATH's first folder alone; scripts there still find a shell's tools."""

    def find(self, name: str) -> str | None:
        file = Path(self.environment["PATH"].split(":")[0]) / name
        return str(file) if file.exists() else None


def bare(path: Path, *, is_root: bool = False, **environment: str) -> BareMachine:
    """A computer that has only the programs in `path`, and no server where PostgreSQL usually listens."""
    own = {"PATH": f"{path}:/usr/bin:/bin", "PGPORT": str(free_port()), **environment}
    return BareMachine(own, is_root=is_root)


# --- running a command with services ---


def test_the_command_is_told_where_each_service_is_and_its_status_is_handed_on() -> None:
    events: list[str] = []
    check = "import os, sys; sys.exit(7 if os.environ['TEST_A'] == os.environ['TEST_B'] == 'where it is' else 1)"
    status = serve([Recorded("A", events), Recorded("B", events)], [sys.executable, "-c", check])
    assert status == 7
    assert events == ["start TEST_A", "start TEST_B", "stop TEST_B", "stop TEST_A"]


def test_a_missing_service_is_named_and_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events: list[str] = []
    services = [Recorded("A", events), Recorded("B", events, missing="B is missing: install B.")]
    status = serve(services, ["touch", str(tmp_path / "ran")])
    assert status == 2
    assert capsys.readouterr().err == "hotline: B is missing: install B.\n"
    assert not (tmp_path / "ran").exists()
    assert events[-1] == "stop TEST_A"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_when_interrupted_the_command_tidies_up_before_its_services_stop(number: signal.Signals) -> None:
    outer = """
import sys
from tools.test_services import serve
class Service:
    variable = "TEST_SERVICE"
    def start(self): return "there"
    def stop(self): print("service stopped", flush=True)
sys.exit(serve([Service()], [sys.executable, "-c", sys.argv[1]]))
"""
    inner = """
import signal
try:
    print("running", flush=True)
    signal.pause()
except KeyboardInterrupt:
    print("command tidied up", flush=True)
"""
    command = [sys.executable, "-c", outer, inner]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "running\n"
        process.send_signal(number)
        rest, _ = process.communicate(timeout=30)
    assert rest.splitlines() == ["command tidied up", "service stopped"]
    assert process.returncode == 128 + number


# --- looking for a service ---


def test_the_first_open_way_is_taken_and_later_ones_are_not_tried() -> None:
    def closed() -> str:
        raise Unavailable("no a")

    def never() -> str:
        raise AssertionError

    assert first_open_way("A server", [closed, lambda: "b", never], "install one") == "b"
    with pytest.raises(Missing) as missing:
        first_open_way("A server", [closed, closed], "install one")
    assert str(missing.value) == "A server is missing (no a; no a): install one."


def test_a_server_that_is_named_is_used_or_complained_about_but_never_replaced(tmp_path: Path) -> None:
    url = f"postgresql://somebody:s3cret@127.0.0.1:{free_port()}/postgres"
    program(tmp_path, "apt-get", f"touch {tmp_path}/installed")
    postgres = Postgres(bare(tmp_path, is_root=True, HOTLINE_TEST_DATABASE_URL=url), versions=tmp_path)
    with pytest.raises(Missing) as missing:
        postgres.start()
    assert str(missing.value).startswith("HOTLINE_TEST_DATABASE_URL names no server to use")
    assert "s3cret" not in str(missing.value)
    assert not (tmp_path / "installed").exists()


def test_without_any_way_to_postgresql_every_closed_way_and_the_remedy_are_in_one_sentence(
    tmp_path: Path,
) -> None:
    with pytest.raises(Missing) as missing:
        Postgres(bare(tmp_path), versions=tmp_path).start()
    sentence = str(missing.value)
    assert "\n" not in sentence
    for part in ("on 127.0.0.1:", "no initdb", "no apt-get", "no docker", "apt-get install postgresql"):
        assert part in sentence


def test_only_root_installs_packages_and_asks_for_the_newest_list_first(tmp_path: Path) -> None:
    program(tmp_path, "apt-get", f'echo "$DEBIAN_FRONTEND $*" >>{tmp_path}/log')
    with pytest.raises(Unavailable, match="only root"):
        bare(tmp_path).install_package("chromium")
    bare(tmp_path, is_root=True).install_package("chromium")
    assert (tmp_path / "log").read_text().splitlines() == [
        "noninteractive update",
        "noninteractive install --yes --no-install-recommends chromium",
    ]


def test_the_cluster_that_comes_with_the_package_is_stopped_but_none_that_ran_before(tmp_path: Path) -> None:
    program(tmp_path, "apt-get", f"touch {tmp_path}/installed")
    program(
        tmp_path,
        "pg_lsclusters",
        f"echo '14 old 5433 online postgres /data /log'\n"
        f"echo '13 down 5434 down postgres /data /log'\n"
        f"[ -e {tmp_path}/installed ] && echo '15 main 5432 online postgres /data /log' || true",
    )
    program(tmp_path, "pg_ctlcluster", f'echo "$@" >>{tmp_path}/stopped')
    environment = bare(tmp_path, is_root=True)
    with pytest.raises(Missing):  # this package brings no server
        Postgres(environment, versions=tmp_path / "versions").start()
    assert (tmp_path / "stopped").read_text() == "15 main stop\n"


def test_the_newest_of_debians_servers_is_taken_unless_the_path_has_one(tmp_path: Path) -> None:
    for version in ("9.6", "15", "17"):
        program(tmp_path / "versions" / version / "bin", "initdb")
        program(tmp_path / "versions" / version / "bin", "postgres")
    program(tmp_path / "versions/18/bin", "initdb")  # only the client's half
    postgres = Postgres(bare(tmp_path / "path"), versions=tmp_path / "versions")
    assert postgres._programs() == tmp_path / "versions/17/bin"
    program(tmp_path / "path", "initdb")
    program(tmp_path / "path", "postgres")
    assert postgres._programs() == tmp_path / "path"


def test_a_private_server_goes_before_the_one_on_the_loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_module, "accepting", lambda url: url)
    program(tmp_path, "initdb", 'while [ $# -gt 0 ]; do [ "$1" = --pgdata ] && mkdir "$2"; shift; done')
    program(tmp_path, "postgres", "exec tail -f /dev/null")
    postgres = Postgres(bare(tmp_path), versions=tmp_path)
    assert postgres.start().startswith("postgresql://hotline:")
    postgres.stop()
    (tmp_path / "initdb").unlink()
    assert ":" + postgres.machine.environment["PGPORT"] in postgres.start()


def test_a_container_is_stopped_even_when_its_server_cannot_be_reached(tmp_path: Path) -> None:
    script = f'echo "$1" >>{tmp_path}/log; case $1 in run) echo abc ;; port) exit 1 ;; esac'
    program(tmp_path, "docker", script)
    postgres = Postgres(bare(tmp_path), versions=tmp_path)
    with pytest.raises(Missing, match="docker failed"):
        postgres.start()
    postgres.stop()
    assert (tmp_path / "log").read_text().split() == ["version", "run", "port", "stop"]


def test_a_browser_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path, "chromium-browser", "echo 'requires the snap' >&2; exit 1")
    chrome = program(tmp_path, "google-chrome", "echo Chrome 150")
    assert Browser(bare(tmp_path)).start() == str(chrome)


def test_a_browser_that_is_named_is_used_or_complained_about(tmp_path: Path) -> None:
    named = program(tmp_path, "my-browser")
    assert Browser(bare(tmp_path, HOTLINE_CHROMIUM=str(named))).start() == str(named)
    named.unlink()
    with pytest.raises(Missing, match="HOTLINE_CHROMIUM names no browser"):
        Browser(bare(tmp_path, HOTLINE_CHROMIUM=str(named))).start()


def test_a_program_that_hangs_is_given_up(tmp_path: Path) -> None:
    hangs = program(tmp_path, "hangs", "exec tail -f /dev/null")
    with pytest.raises(Unavailable, match="did not end within"):
        bare(tmp_path).output([str(hangs)], 0.2)


def test_a_private_server_ends_and_leaves_no_file_behind(tmp_path: Path) -> None:
    """With a stand-in for the server: `make test` itself is the trial of the real one."""
    program(tmp_path, "initdb", 'while [ $# -gt 0 ]; do [ "$1" = --pgdata ] && mkdir "$2"; shift; done')
    program(tmp_path, "postgres", "exec tail -f /dev/null")
    cluster = PrivateCluster(bare(tmp_path), tmp_path)
    url = cluster.start()
    assert url.startswith("postgresql://hotline:") and "@127.0.0.1:" in url
    assert cluster.process and cluster.folder
    assert cluster.folder.stat().st_mode & 0o077 == 0
    cluster.stop()
    assert cluster.process.returncode is not None
    assert not cluster.folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(cluster.process.pid, 0)
