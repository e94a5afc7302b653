"""One private PostgreSQL cluster in a temporary folder: made, started, and gone without a trace.

It is told where the server's programs are; whether a private server is needed at all is decided elsewhere
(tools/services/postgres.py).
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tools.services.machine import Machine, Unavailable, die_with_parent, free_port

INITDB_SECONDS = 120
STOP_SECONDS = 10
# Fast shutdown (whoever is connected is cut off), immediate shutdown, force.
SHUTDOWNS = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)


class PrivateCluster:
    """Listens on a free loopback port only, and lets in nobody without its random password."""

    def __init__(self, machine: Machine, binaries: Path) -> None:
        """`binaries`: the folder with initdb and postgres."""
        self.machine = machine
        self.binaries = binaries
        self.process: subprocess.Popen[bytes] | None = None
        self.folder: Path | None = None
        self.log = Path(os.devnull)

    def start(self) -> str:
        """Returns the URL of its superuser; it may not answer yet. Raises Unavailable."""
        owner = _server_owner() if self.machine.is_root else None
        self.folder = Path(tempfile.mkdtemp(prefix="hotline-postgres-"))
        self.log = self.folder / "log"
        data, password_file, password = (
            str(self.folder / "data"),
            self.folder / "password",
            secrets.token_hex(16),
        )
        password_file.write_text(password)
        if owner:
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            os.chown(password_file, owner.pw_uid, owner.pw_gid)
        initdb = [
            str(self.binaries / "initdb"),
            "--pgdata",
            data,
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        initdb += ["--username=hotline", "--auth=scram-sha-256", "--pwfile", str(password_file)]
        self.machine.output(initdb, INITDB_SECONDS, folder=self.folder, owner=owner)
        port = free_port()
        # No Unix socket, whose path would have to be short. Nothing here must outlive the computer.
        settings = ["unix_socket_directories=", "max_connections=200"]
        settings += ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]
        server = [str(self.binaries / "postgres"), "-D", data, "-h", "127.0.0.1", "-p", str(port)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*server, *(word for setting in settings for word in ("-c", setting))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.machine.environment,
                cwd=self.folder,
                user=owner.pw_uid if owner else None,
                group=owner.pw_gid if owner else None,
                extra_groups=[] if owner else None,
                start_new_session=True,  # Ctrl-C is for the tests, which still need the server to tidy up
                preexec_fn=die_with_parent(signal.SIGINT),
            )
        return f"postgresql://hotline:{password}@127.0.0.1:{port}/postgres"

    def check_alive(self) -> None:
        """Raises Unavailable with the server's last words when it has ended by itself."""
        if self.process and self.process.poll() is not None:
            words = self.log.read_text(errors="replace").strip() or "no message"
            raise Unavailable(f"the private server ended: {words.splitlines()[-1]}")

    def stop(self) -> None:
        """Ends the server and removes its files, however far `start` came."""
        if self.process:
            for number in SHUTDOWNS:
                self.process.send_signal(number)
                try:
                    self.process.wait(timeout=STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
                break
        if self.folder:
            shutil.rmtree(self.folder)


def _server_owner() -> pwd.struct_passwd:
    """The user whom root lets run the server: initdb and postgres refuse to be root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Unavailable("root may not run a private server, and there is neither a user postgres nor nobody")
