"""The Rasa service as a child process: started, watched, restarted when it dies, and gone when we are.

The child follows its standard input: when this process ends, however it ends, the pipe closes and the child stops.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from hotline.errors import Stop
from hotline.models import require_rasa_environment
from hotline.paths import RASA_PYTHON, ROOT
from store.logs import get_logger

log = get_logger("hotline.rasa")

START_SECONDS = 60
STOP_SECONDS = 5
# A service that dies this often this soon will not get better by being started again.
MAX_QUICK_DEATHS = 5
QUICK_DEATH_SECONDS = 30


class RasaProcess:
    """`model`: the archive to start with, asked for at every start, since another one may answer by then, and this one
    be gone. `on_ready` is told the service's URL at every start, because each start takes a free port.
    """

    def __init__(self, model: Callable[[], Path], on_ready: Callable[[str], None]) -> None:
        self.model, self.on_ready = model, on_ready
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the service and wait until it answers. Raises Stop."""
        require_rasa_environment()
        command = (
            str(RASA_PYTHON),
            "-m",
            "nlu.service",
            "--model",
            str(self.model()),
            "--port",
            "0",
            "--follow-stdin",
        )
        self._process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is ours to hear: turns under way still need the service
        )
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), START_SECONDS)
            self.on_ready(f"http://127.0.0.1:{json.loads(line)['port']}")
        except (TimeoutError, ValueError, KeyError) as error:
            await self.stop()
            raise Stop("Dịch vụ Rasa không khởi động được; xem các dòng báo lỗi ở trên.") from error

    async def watch(self) -> None:
        """Restart the service whenever it dies. Raises Stop when it keeps dying."""
        quick_deaths = 0
        while self._process is not None:
            started = asyncio.get_running_loop().time()
            code = await self._process.wait()
            lived = asyncio.get_running_loop().time() - started
            quick_deaths = quick_deaths + 1 if lived < QUICK_DEATH_SECONDS else 1
            log.error("rasa_died", exit_code=code, lived_seconds=round(lived))
            if quick_deaths >= MAX_QUICK_DEATHS:
                raise Stop(f"Dịch vụ Rasa dừng {quick_deaths} lần liên tiếp (mã {code}); hotline dừng theo.")
            await asyncio.sleep(0.2 * 2 ** (quick_deaths - 1))
            await self.start()

    async def stop(self) -> None:
        """End the service; kill it if it does not follow."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
