"""What this computer offers to a service: programs, Debian's packages, ports. It knows no service itself."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

APT_SECONDS = 15 * 60
PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None)


class Missing(Exception):
    """A service cannot be had. The text is one sentence: what is missing, and what helps."""


class Unavailable(Exception):
    """One way to a service is closed here. The text says why, in a few words."""


def first_open_way(what: str, ways: Sequence[Callable[[], str]], remedy: str) -> str:
    """The result of the first way that is not Unavailable. Raises Missing, naming why each one was closed."""
    reasons = []
    for way in ways:
        try:
            return way()
        except Unavailable as closed:
            reasons.append(str(closed))
    raise Missing(f"{what} is missing ({'; '.join(reasons)}): {remedy}.")


def die_with_parent(number: int) -> Callable[[], None]:
    """For preexec_fn: the child gets signal `number` when this process ends, even by SIGKILL. Linux only."""

    def ask_kernel() -> None:
        if sys.platform == "linux":
            _libc.prctl(PR_SET_PDEATHSIG, number)

    return ask_kernel


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Machine:
    """Programs are looked up on `environment`'s PATH; `is_root` decides whether packages may be installed."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    is_root: bool = field(default_factory=lambda: os.geteuid() == 0)

    def find(self, program: str) -> str | None:
        """Where `program` is on the PATH."""
        return shutil.which(program, path=self.environment.get("PATH", os.defpath))

    def output(
        self,
        command: Sequence[str],
        seconds: float,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        owner: pwd.struct_passwd | None = None,
    ) -> str:
        """What `command` prints, run in `folder` as `owner` (root may choose; None: as we are).

        Raises Unavailable with its complaint when it fails, does not run, or takes longer than `seconds`.
        """
        name = Path(command[0]).name
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                env=environment or self.environment,
                cwd=folder,
                user=owner.pw_uid if owner else None,
                group=owner.pw_gid if owner else None,
                extra_groups=[] if owner else None,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{name} did not end within {seconds:.0f} s") from error
        except OSError as error:
            raise Unavailable(f"{name} does not run: {error.strerror}") from error
        if done.returncode:
            lines = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
            complaint = next((line for line in lines if "rror" in line or line.startswith("E:")), lines[-1])
            raise Unavailable(f"{name} failed: {complaint.strip()}")
        return done.stdout

    def install_package(self, package: str) -> None:
        """Installs one of Debian's packages. Raises Unavailable when that is not ours to do, or fails."""
        apt = self.find("apt-get")
        if apt is None:
            raise Unavailable("there is no apt-get")
        if not self.is_root:
            raise Unavailable("only root can install packages")
        print(f"hotline: installing Debian's package {package}", file=sys.stderr)
        quiet = {**self.environment, "DEBIAN_FRONTEND": "noninteractive"}
        self.output([apt, "update"], APT_SECONDS, environment=quiet)
        install = [apt, "install", "--yes", "--no-install-recommends", package]
        self.output(install, APT_SECONDS, environment=quiet)
