"""A campaign whose process is killed, at a gateway that loses answers and reports twice: everybody is told once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from hotline.paths import ROOT
from integrations.sms.esms.sim_account import EsmsSwitches
from integrations.sms.esms.simulator import EsmsSimulator
from tests.conftest import SECRET

PEOPLE = 240
KILLED_AT = (60, 130)  # messages that the gateway has taken by then
MORNING = "2026-11-23T09:00:00+07:00"
SEND = "SendMultipleMessage"


def campaign(folder: Path) -> Path:
    path = folder / "campaign.json"
    said = {"kind": "customer_care", "text": "Chào {{ name }}, mai anh/chị có lớp.", "gateway": "esms"}
    path.write_text(json.dumps({**said, "pace_per_second": 60, "audience": {"count": PEOPLE}}))
    return path


async def start(file: Path, database_url: str, gateway: EsmsSimulator) -> Process:
    account = {name: str(value) for name, value in gateway.account().items()}
    own = {"HOTLINE_DATABASE_URL": database_url, "HOTLINE_SECRET_KEY": SECRET, "HOTLINE_NOW": MORNING}
    command = (sys.executable, "-m", "hotline.cli", "campaign", "simulate", str(file), "--json")
    return await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, **account, **own}, stdout=PIPE, stderr=PIPE, start_new_session=True
    )


async def test_killed_twice_a_campaign_tells_everybody_once(tmp_path: Path, database_url: str) -> None:
    gateway = EsmsSimulator(EsmsSwitches(template_check=False, delay_ms=100, report_ms=300))
    gateway.switches.duplicate_events = True
    file = campaign(tmp_path)
    async with gateway.running():
        # Taken, and the answer does not come
        gateway.faults.arm({"kind": "timeout_after", "count": 2, "path": SEND})
        gateway.faults.arm({"kind": "reset_after", "count": 5, "path": SEND})
        for taken in KILLED_AT:
            process = await start(file, database_url, gateway)
            while len(gateway.taken.messages) < taken:
                assert process.returncode is None, (await process.communicate())[1].decode()
                await asyncio.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        assert len(gateway.taken.messages) < PEOPLE
        gateway.faults.arm({"kind": "timeout_after", "count": 1, "path": SEND})
        process = await start(file, database_url, gateway)
        out, errors = await process.communicate()
        repeated = gateway.callbacks.delivered
    assert process.returncode == 0, errors.decode()
    said = json.loads(out)
    assert set(gateway.taken.by_phone.values()) == set(gateway.taken.by_request.values()) == {1}
    assert len(gateway.taken.by_phone) == len(gateway.taken.by_request) == PEOPLE
    assert said["prepared"] == PEOPLE == said["accepted"] + said["delivered"]
    assert (said["failed"], said["skipped"], said["uncertain"]) == ({}, {}, 0)
    # Who was taken while hotline was dead may have reported to nobody; all others did, twice each
    assert said["delivered"] > PEOPLE / 2 and repeated > said["delivered"]
