"""A private IMAP server for the tests: Dovecot on the loopback with one mailbox in a folder of its own.

It comes from the program at hand, else from Debian's package. Nothing of a Dovecot that runs here already is touched.
"""

from __future__ import annotations

import getpass
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tools.services.machine import Machine, Unavailable, die_with_parent, first_open_way, free_port

PACKAGE = "dovecot-imapd"
PLACES = ("/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "/opt/homebrew/sbin/dovecot")
USER = "hotline"
START_SECONDS, STOP_SECONDS, COMMAND_SECONDS = 20, 10, 60
REMEDY = "install it (Debian: apt-get install dovecot-imapd)"
NOBODY = 65534

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
{users}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
mail_location = maildir:{folder}/home/Maildir
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


class Dovecot:
    """`user`, `password`, `port`: how to get in, once it was started."""

    user = USER

    def __init__(self, machine: Machine) -> None:
        self.machine, self.password, self.port = machine, secrets.token_hex(12), 0
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Its URL as IMAP_URL has it. Raises Missing."""
        return first_open_way("Dovecot", [self._private, self._packaged], REMEDY)

    def number_anew(self) -> None:
        """Give INBOX another UIDVALIDITY, as a restored backup has. Nobody may be signed in."""
        maildir = self._home() / "Maildir"
        numbers = maildir / "dovecot-uidlist"
        for index in maildir.glob("dovecot.index*"):
            index.unlink()
        text = numbers.read_text()
        numbers.write_text(re.sub(r" V(\d+)", lambda found: f" V{int(found[1]) + 1}", text, count=1))

    def stop(self) -> None:
        """Ends it, however far `start` came, and removes its folder."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(timeout=STOP_SECONDS)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    # --- the ways to a server ---

    def _private(self) -> str:
        found = [self.machine.find("dovecot"), *(place for place in PLACES if os.access(place, os.X_OK))]
        program = next((one for one in found if one), None)
        if program is None:
            raise Unavailable("no dovecot on the PATH")
        return self._run(program)

    def _packaged(self) -> str:
        somebody_was_there = _is_running()
        self.machine.install_package(PACKAGE)
        service = self.machine.find("service")
        if service and not somebody_was_there and _is_running():  # the package starts one of its own
            self.machine.output([service, "dovecot", "stop"], COMMAND_SECONDS)
        return self._private()

    def _run(self, program: str) -> str:
        self._folder = Path(tempfile.mkdtemp(prefix="hotline-dovecot-"))
        self.port = free_port()
        for name in ("run", "state", "home"):
            (self._folder / name).mkdir()
        self._folder.chmod(0o755)
        own = pwd.getpwuid(os.getuid())
        uid, gid = (NOBODY, NOBODY) if self.machine.is_root else (own.pw_uid, own.pw_gid)
        users = (
            ""
            if self.machine.is_root
            else f"default_internal_user = {getpass.getuser()}\ndefault_login_user = {getpass.getuser()}"
        )
        os.chown(self._home(), uid, gid)
        words = _CONFIGURATION.format(
            folder=self._folder, password=self.password, port=self.port, uid=uid, gid=gid, users=users
        )
        configuration = self._folder / "dovecot.conf"
        configuration.write_text(words)
        self._process = subprocess.Popen(
            [program, "-F", "-c", str(configuration)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            start_new_session=True,  # Ctrl-C is for the tests, which still need the server to tidy up
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        self._when_it_answers(self._process)
        return f"imap://{self.user}:{self.password}@127.0.0.1:{self.port}"

    def _home(self) -> Path:
        if self._folder is None:
            raise Unavailable("it was not started")
        return self._folder / "home"

    def _when_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                    if probe.recv(64).startswith(b"* OK"):
                        return
            except OSError:
                pass
            if process.poll() is not None or time.monotonic() > deadline:
                log = self._home().parent / "log"
                words = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
                raise Unavailable(f"the private Dovecot does not answer: {words[-1] if words else 'no message'}")
            time.sleep(0.05)


def _is_running() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", 143)) == 0
