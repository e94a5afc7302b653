"""What `make` finds and installs on a machine, played through on checkouts and PATHs of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELL_PROGRAMS = ["cat", "cksum", "cp", "cut", "dirname", "head", "sed", "seq", "sh", "sort", "tr", "uname"]
DEAD_SHIM = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"
UV = """#!/bin/sh
case $1 in
--version) echo "uv {version} (elsewhere)" ;;
sync)
    echo "$@" >>"{log}"
    while [ "$1" != --project ]; do shift; done
    mkdir -p "$2/.venv/bin" && ln -sf "{python}" "$2/.venv/bin/python" ;;
esac
"""


class Checkout:
    """A folder with our bootstrap script, and a PATH on which only what is put there exists."""

    def __init__(self, folder: Path) -> None:
        self.root, self.path, self.log = folder / "checkout", folder / "bin", folder / "uv.log"
        for directory in (self.root / "tools", self.root / "nlu", self.path):
            directory.mkdir(parents=True)
        shutil.copy(ROOT / "tools/bootstrap.sh", self.root / "tools")
        for project in (self.root, self.root / "nlu"):
            (project / "pyproject.toml").write_text("[project]\n")
            (project / "uv.lock").write_text("version = 1\n")
        for name in [*SHELL_PROGRAMS, "mkdir", "ln"]:
            (self.path / name).symlink_to(shutil.which(name) or name)

    def put(self, name: str, script: str) -> None:
        file = self.path / name
        file.write_text(script)
        file.chmod(0o755)

    def put_python(self, name: str = "python3") -> None:
        (self.path / name).symlink_to(sys.executable)

    def put_uv(self, version: str = "0.13.9") -> None:
        self.put("uv", UV.format(version=version, log=self.log, python=sys.executable))

    def bootstrap(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        home = str(self.root.parent / "home")
        return subprocess.run(
            [str(self.root / "tools/bootstrap.sh"), *arguments],
            env={"PATH": f"{self.path.parent / 'shims'}:{self.path}", "HOME": home},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def syncs(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_shim_that_does_not_run_is_passed_over(checkout: Checkout, tmp_path: Path) -> None:
    shims = tmp_path / "shims"
    shims.mkdir()
    for name in ("python", "python3", f"python3.{sys.version_info.minor}"):
        (shims / name).write_text(DEAD_SHIM)
        (shims / name).chmod(0o755)
    checkout.put_python()
    found = checkout.bootstrap("python", "app").stdout.strip()
    assert Path(found).resolve() == Path(sys.executable).resolve()


def test_the_version_counts_and_not_the_name(checkout: Checkout) -> None:
    checkout.put_python("python3.10")
    assert checkout.bootstrap("python", "nlu").stdout == ""


@pytest.mark.parametrize("versions", [".pyenv/versions", ".local/share/uv/python"])
def test_pythons_that_are_not_on_the_path_are_found(checkout: Checkout, tmp_path: Path, versions: str) -> None:
    programs = tmp_path / "home" / versions / "some version" / "bin"
    programs.mkdir(parents=True)
    (programs / f"python3.{sys.version_info.minor}").symlink_to(sys.executable)
    found = checkout.bootstrap("python", "app").stdout.strip()
    assert Path(found).resolve() == Path(sys.executable).resolve()


def test_a_machine_without_anything_is_told_what_to_install_in_one_sentence(checkout: Checkout) -> None:
    done = checkout.bootstrap("app")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "pip" in done.stderr and "apt-get install" in done.stderr


def test_a_missing_python_that_cannot_be_downloaded_is_named_with_its_version(checkout: Checkout) -> None:
    checkout.put_python()
    checkout.put("uv", "#!/bin/sh\n[ $1 = --version ] && echo uv 0.13.9\n")
    done = checkout.bootstrap("nlu")
    assert done.returncode == 1
    assert "Python 3.10 is missing" in done.stderr.splitlines()[-1]


def test_a_uv_that_is_too_old_is_not_used(checkout: Checkout) -> None:
    checkout.put_python()
    checkout.put_uv("0.9.30")
    # This fake pip says what it was asked for; the real one would fetch it.
    checkout.put(
        "python3.12",
        '#!/bin/sh\ncase "$*" in *sqlite3*) echo 12 "$0" ;; *install*) echo "$@" >&2; exit 1 ;; esac\n',
    )
    (checkout.path / "python3").unlink()
    done = checkout.bootstrap("app")
    assert done.returncode == 1
    assert "--target .uv uv==" in done.stderr
    assert checkout.syncs() == []


def test_an_installed_environment_is_left_alone_until_its_lock_file_changes(checkout: Checkout) -> None:
    checkout.put_python()
    checkout.put_uv()
    for _ in range(2):
        assert checkout.bootstrap("app").returncode == 0
    assert len(checkout.syncs()) == 1
    assert "--frozen" in checkout.syncs()[0]
    (checkout.root / "uv.lock").write_text("version = 2\n")
    checkout.bootstrap("app")
    assert len(checkout.syncs()) == 2


def test_running_neither_installs_nor_removes_the_development_tools(checkout: Checkout) -> None:
    checkout.put_python()
    checkout.put_uv()
    checkout.bootstrap("app")
    assert "--no-dev --inexact" in checkout.syncs()[0]
    checkout.bootstrap("app-dev")
    assert "--no-dev" not in checkout.syncs()[1]
    checkout.bootstrap("app", "app-dev")
    assert len(checkout.syncs()) == 2


def test_a_copied_checkout_is_installed_again_because_its_programs_point_to_the_old_place(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.put_python()
    checkout.put_uv()
    checkout.bootstrap("app")
    checkout.root = checkout.root.rename(tmp_path / "moved")
    checkout.bootstrap("app")
    assert len(checkout.syncs()) == 2


def test_an_environment_whose_python_is_gone_is_installed_again(checkout: Checkout) -> None:
    checkout.put_python()
    checkout.put_uv()
    checkout.bootstrap("app")
    (checkout.root / ".venv/bin/python").unlink()
    checkout.bootstrap("app")
    assert len(checkout.syncs()) == 2
