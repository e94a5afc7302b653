"""Processes the benchmark starts, and what they weigh: started, watched, measured and ended by their own pid."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from hotline.paths import ROOT, VAR
from tools.services.machine import die_with_parent

FOLDER = VAR / "bench"
STOP_SECONDS = 10
LOOK_SECONDS = 0.02
SETTINGS = ("HOTLINE_", "ZALO_", "TELEGRAM_", "SMTP_", "IMAP_", "SMS_", "ESMS_", "SPEEDSMS_")
Command = Sequence[str | Path]


class Unavailable(Exception):
    """Something to measure is not there or does not start: its figures cannot be measured."""


def environment(**own: str) -> dict[str, str]:
    """This process's environment without anybody's Hotline settings, plus `own`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    return {**kept, "PYTHONUNBUFFERED": "1", "RASA_TELEMETRY_ENABLED": "false", **own}


def hotline_environment(database_url: str) -> dict[str, str]:
    """Settings of our own app for the benchmark. Set even where empty, so that a `.env` file decides nothing."""
    return environment(
        HOTLINE_DATABASE_URL=database_url,
        HOTLINE_SECRET_KEY="benchmarks keep no personal data at all",
        HOTLINE_FORGOTTEN_FILE=str(FOLDER / "forgotten.jsonl"),
        HOTLINE_RASA_URL="",
        HOTLINE_INTERNAL_URL="",
        HOTLINE_PUBLIC_URL="",
        HOTLINE_REDIS_URL="",
        HOTLINE_PROVINCE="thai-nguyen",
        HOTLINE_TIMEZONE="Asia/Ho_Chi_Minh",
        HOTLINE_NOW="",
        HOTLINE_MESSAGES_PER_MINUTE="100000",  # who measures writes faster than anybody
        ZALO_APP_ID="",
        TELEGRAM_BOT_TOKEN="",
    )


def new_file(name: str) -> Path:
    """A path in FOLDER where nothing is, not even what a database keeps beside its file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob(f"{name}*"):
        old.unlink()
    return FOLDER / name


class Running:
    """One started process with its children. What it prints goes to var/bench/<name>.log."""

    def __init__(self, name: str, command: Command, env: Mapping[str, str]) -> None:
        if not Path(command[0]).exists():
            raise Unavailable(f"{name}: there is no {Path(command[0]).relative_to(ROOT)}")
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.name, self.log = name, FOLDER / f"{name}.log"
        self.started = time.perf_counter()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # its own process group
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    def seconds_since_start(self) -> float:
        return time.perf_counter() - self.started

    def wait(self, seconds: float) -> int | None:
        """Its exit status; None when it has not ended within `seconds`."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End what is left of its own process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    async def line(self, pattern: str, seconds: float) -> re.Match[str]:
        """Wait until it has printed `pattern`. Raises Unavailable when it ends or takes longer."""
        while True:
            match = re.search(pattern, self.log.read_text(errors="replace"))
            if match:
                return match
            self.check()
            if self.seconds_since_start() > seconds:
                break
            await asyncio.sleep(LOOK_SECONDS)
        raise Unavailable(f"{self.name} did not start within {seconds:.0f} s; see {self.log.relative_to(ROOT)}")

    def check(self) -> None:
        """Raises Unavailable when the process has ended."""
        if self._process.poll() is not None:
            raise Unavailable(f"{self.name} ended with {self._process.returncode}; see {self.log.relative_to(ROOT)}")

    def resident_mb(self) -> float:
        """Resident memory of the process and all its children, in MiB; pages they share count several times."""
        return sum(_resident_kb(pid) for pid in _family(self._process.pid)) / 1024

    async def stop(self) -> None:
        """Ask it to end and kill it when it does not; what is left of its own process group goes with it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        deadline = time.perf_counter() + STOP_SECONDS
        while self._process.poll() is None and time.perf_counter() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
        self.kill()


def run(name: str, command: Command, env: Mapping[str, str], seconds: float) -> float:
    """Run a command to its end; returns its duration in seconds. Raises Unavailable when it fails or takes longer."""
    running = Running(name, command, env)
    try:
        status = running.wait(seconds)
    finally:
        running.kill()
    if status != 0:
        raise Unavailable(f"{name} ended with {status}; see {running.log.relative_to(ROOT)}")
    return running.seconds_since_start()


def _family(pid: int) -> list[int]:
    """`pid` and all processes below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, IndexError):
                # the name in brackets may hold spaces; the parent is the second field after it
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    family = [pid]
    for member in family:
        family += children.get(member, [])
    return family


def _resident_kb(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
