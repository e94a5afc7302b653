"""Measures backup, restore and the change of the key with a year of messages, on both databases.

    python -m bench.backup [--quick]

Backup and restore are the commands themselves, each a process of its own whose largest resident set is read. A backup
of PostgreSQL is restored into SQLite, and one of that into PostgreSQL again; then everything must be there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from bench.catalogue import Sheet
from bench.console_data import Size, Year, fill
from bench.machine import Unavailable
from bench.part import run_alone
from bench.postgres import new_database
from bench.scale import Scale
from programme.content import load_content
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database, check_key, open_database
from store.migrate import migrate
from store.rotation import rotate
from store.tables import EncryptedText, inbound, outbound

SECRET = "benchmarks keep no personal data at all"
LOOK_SECONDS = 0.05
NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)


async def measure(sheet: Sheet, scale: Scale) -> None:
    """On databases of its own. Raises Unavailable."""
    await asyncio.to_thread(_measure, sheet, scale)


def _measure(sheet: Sheet, scale: Scale) -> None:
    with tempfile.TemporaryDirectory() as folder, new_database() as first, new_database() as second:
        size = Size(scale.backup_owners, scale.backup_messages, min(1_000, scale.backup_messages // 10))
        _fill(first, size)
        sqlite = f"sqlite:///{Path(folder) / 'restored.db'}"
        environment = {"HOTLINE_FORGOTTEN_FILE": str(Path(folder) / "forgotten.jsonl")}
        most = 0.0
        for name, url, target in (("postgresql", first, sqlite), ("sqlite", sqlite, second)):
            file = Path(folder) / f"{name}.backup"
            seconds, memory = _run({**environment, "HOTLINE_DATABASE_URL": url}, "backup", str(file))
            note = f"{file.stat().st_size / 1e6:.0f} MB"
            sheet.put(sheet[f"backup_{name}"].counted(seconds, note=note))
            most = max(most, memory)
            other = "sqlite" if name == "postgresql" else "postgresql"
            there = {**environment, "HOTLINE_DATABASE_URL": target}
            seconds, memory = _run(there, "restore", str(file), "--without-forgotten")
            sheet.put(sheet[f"restore_{other}"].counted(seconds))
            most = max(most, memory)
        sheet.put(sheet["backup_memory"].counted(most))
        if _messages(second) != size.messages:
            raise AssertionError("not every message came back")
        sheet.put(sheet["key_rotation"].counted(_rotated(first)))


def _fill(url: str, size: Size) -> None:
    newest = Database(url)
    migrate(newest)
    newest.close()
    keyring = Keyring(SECRET)
    open_database(url, keyring, Clock()).close()
    fill(url, Year(size, load_content(), keyring, NOW))


def _run(environment: Mapping[str, str], *arguments: str) -> tuple[float, float]:
    """Seconds and megabytes of a command. Raises Unavailable with what it said."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        command = [sys.executable, "-m", "hotline.cli", *arguments]
        started = subprocess.Popen(
            command, env={**os.environ, "HOTLINE_SECRET_KEY": SECRET, **environment}, stdout=said, stderr=said
        )
        most = 0.0
        while started.poll() is None:
            most = max(most, _most_resident_mb(started.pid))
            time.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - began
        if started.returncode:
            said.seek(0)
            raise Unavailable(f"hotline {arguments[0]}: {said.read().decode()[-500:]}")
    return seconds, most


def _most_resident_mb(pid: int) -> float:
    """So far. What the system counts for a child at its end is at least what its parent had when it was made."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _messages(url: str) -> int:
    database = Database(url)
    try:
        return database.read_now(
            lambda c: sum(c.scalar(select(func.count()).select_from(of)) or 0 for of in (inbound, outbound))
        )
    finally:
        database.close()


def _rotated(url: str) -> float:
    """Seconds of the whole transaction."""
    database, old, clock = Database(url), Keyring(SECRET), Clock()
    EncryptedText.use(old)
    database.run_now(lambda c: check_key(c, old, clock))
    began = time.perf_counter()
    database.run_now(lambda c: rotate(c, old, Keyring(SECRET[::-1]), clock.now()))
    seconds = time.perf_counter() - began
    database.close()
    return seconds


if __name__ == "__main__":
    run_alone("backup", __doc__, measure)
