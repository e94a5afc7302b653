"""`hotline up` as a person runs it: real processes, real ports, and every way they can end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hotline.paths import ROOT
from programme.content import Content
from tests.conftest import SECRET

START_SECONDS = 60
QUESTION, ANSWER = "xã Tân Cương bên nào hỗ trợ", "VNPT HKD"
HOTLINE = [str(Path(sys.executable).with_name("hotline"))]


class Running:
    """A started `hotline up`; `wait` until it answers."""

    def __init__(self, folder: Path, wait: bool = True) -> None:
        self.environment = {
            **os.environ,
            "HOTLINE_DATABASE_URL": f"sqlite:///{folder}/up.db",
            "HOTLINE_SECRET_KEY": SECRET,
        }
        self.process = subprocess.Popen(
            [*HOTLINE, "up", "--port", "0"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if not wait:
            return
        try:
            self._begin()
        except BaseException:
            self.process.kill()
            raise

    def _begin(self) -> None:
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
            if found:
                break
        else:
            pytest.fail(f"hotline up ended: {said}")
        self.url = f"http://127.0.0.1:{found[1]}"
        self.token = self.post("/webchat/conversations", {})["token"]

    def rasa(self) -> list[int]:
        """The process ids of the Rasa services that this process started."""
        found = subprocess.run(
            ["ps", "-o", "pid=,stat=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        return [
            int(line.split()[0]) for line in found.splitlines() if "nlu.service" in line and "Z" not in line.split()[1]
        ]

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {getattr(self, 'token', '')}"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=5) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def ask(self, text: str, seconds: float = 20) -> list[str]:
        """What the bot said after `text`, up to the ANSWER."""
        seq = self.post("/webchat/messages", {"id": uuid.uuid4().hex, "text": text})["seq"]
        return self.said_after(seq, seconds)

    def said_after(self, seq: int, seconds: float = 20) -> list[str]:
        """What the bot said after message `seq`, up to the ANSWER, read from one event stream."""
        headers = {"Cookie": f"hotline_webchat={self.token}"}
        request = urllib.request.Request(f"{self.url}/webchat/events?after={seq}", headers=headers)
        said: list[str] = []
        until = time.monotonic() + seconds
        with urllib.request.urlopen(request, timeout=seconds) as response:
            while time.monotonic() < until:  # the stream's heartbeats end a silent wait too
                line = response.readline()
                if line.startswith(b"data: "):
                    event = json.loads(line[6:])
                    if event.get("direction") == "out":
                        said.append(event["text"])
                        if ANSWER in said[-1]:
                            return said
        pytest.fail(f"no answer within {seconds} s, only {said}")

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)


@pytest.fixture
def running(tmp_path: Path, model: Path) -> Iterator[Running]:
    started = Running(tmp_path)
    yield started
    if started.process.poll() is None:
        started.stop(signal.SIGTERM)
    if started.process.stdout:
        started.process.stdout.close()


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _gone(pids: list[int], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while any(_alive(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_it_answers_and_ctrl_c_stops_every_process(running: Running) -> None:
    assert ANSWER in running.ask(QUESTION)[-1]
    children = running.rasa()
    assert len(children) == 1
    assert running.stop(signal.SIGINT) == 0
    assert _gone(children)


def test_a_killed_rasa_service_is_started_again_and_the_message_is_answered(running: Running, content: Content) -> None:
    (first,) = running.rasa()
    os.kill(first, signal.SIGKILL)
    said = running.ask(QUESTION, seconds=40)
    assert ANSWER in said[-1]
    assert said.count(content.phrases.say("please_wait")) <= 1
    assert sum(ANSWER in text for text in said) == 1
    assert running.rasa() not in ([], [first])


def test_while_it_starts_it_can_be_stopped_as_well(tmp_path: Path, model: Path) -> None:
    starting = Running(tmp_path, wait=False)
    until = time.monotonic() + START_SECONDS
    while not (children := starting.rasa()):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert starting.stop(signal.SIGTERM) == 0
    assert starting.process.stdout is not None
    with starting.process.stdout as printed:
        assert "Khung chat" not in printed.read()
    assert _gone(children)


def test_a_killed_hotline_leaves_no_process_behind(running: Running) -> None:
    children = running.rasa()
    running.stop(signal.SIGKILL)
    assert _gone(children)


def test_what_was_accepted_before_a_kill_is_answered_after_the_restart(running: Running, tmp_path: Path) -> None:
    os.kill(running.rasa()[0], signal.SIGSTOP)  # nothing can be answered now
    seq = running.post("/webchat/messages", {"id": "message-before-kill", "text": QUESTION})["seq"]
    os.kill(running.rasa()[0], signal.SIGCONT)
    running.stop(signal.SIGKILL)
    again = Running(tmp_path)
    try:
        again.token = running.token
        assert sum(ANSWER in text for text in again.said_after(seq, seconds=30)) == 1
    finally:
        again.stop(signal.SIGTERM)
        if again.process.stdout:
            again.process.stdout.close()


def test_a_taken_port_is_named_with_the_way_out(running: Running) -> None:
    port = running.url.rpartition(":")[2]
    done = subprocess.run(
        [*HOTLINE, "up", "--port", port], cwd=ROOT, env=running.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert port in done.stderr
    assert "make run PORT=" in done.stderr
    assert "Traceback" not in done.stderr


def test_with_another_key_the_start_is_refused(running: Running) -> None:
    environment = {**running.environment, "HOTLINE_SECRET_KEY": "another secret, long enough to be accepted"}
    done = subprocess.run([*HOTLINE, "migrate"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "HOTLINE_SECRET_KEY" in done.stderr
