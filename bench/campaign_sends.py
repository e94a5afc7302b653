"""Measures how fast a campaign leaves at a gateway that takes 200 ms for each call, whether a pace is kept, and how
long owners wait for an answer meanwhile; beside it a bare loop over the same client, without database, law or ledger.

    python -m bench.campaign_sends [--quick]
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from functools import partial

import aiohttp
from sqlalchemy import Connection, select

from bench import chat
from bench.catalogue import Sheet
from bench.chat import Chat
from bench.figures import Times
from bench.machine import FOLDER, Running, Unavailable, hotline_environment, new_file
from bench.part import run_alone
from bench.postgres import new_database
from bench.product import START_SECONDS, running_product
from bench.scale import Scale
from hotline.models import ensure_model
from hotline.paths import ROOT
from integrations.sms.esms.client import EsmsGateway
from integrations.sms.gateway import Bulk
from programme import campaign_trial
from programme.bulk_law import MessageKind
from programme.campaign_file import CampaignFile
from programme.campaign_people import made_up
from programme.content import load_content
from store.campaign_tables import campaign_run
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, open_database

SECRET = "benchmarks keep no personal data at all"
MORNING = "2026-11-23T09:00:00+07:00"
TEXT = "Chao {{ name }}, mai anh/chi co lop."
DELAY_MS = 200
AT_ONCE = 512  # calls under way, as in the dispatcher
UNBOUND, PACE = 5000, 100  # messages per second
QUIET_SECONDS = 10.0
MESSAGES_PER_SECOND, OWNERS = 5.0, 20
END_SECONDS = 300.0
QUESTION = "chị ơi đăng ký tên miền biz.vn miễn phí ở đâu ạ"


async def measure(sheet: Sheet, scale: Scale) -> None:
    """Raises Unavailable."""
    people = scale.campaign_recipients
    async with _gateway() as account:
        bare = await _bare(account, people)
    with new_database() as database:
        by_database = {"sends_postgresql": await _simulated(database, people, UNBOUND)}
    by_database["sends_sqlite"] = await _simulated(_new_sqlite(), people, UNBOUND)
    for id_, per_second in by_database.items():
        note = f"bare loop {bare:.0f}/s: {per_second / bare:.2f} of it"
        sheet.put(sheet[id_].counted(per_second, n=people, note=note))
    kept = await _simulated(_new_sqlite(), people, PACE)
    sheet.put(sheet["pace_kept"].counted(100 * kept / PACE, n=people, note=f"{people / kept:.1f} s"))
    async with _gateway() as account:
        await _beside_owners(sheet, account, people)


@contextlib.asynccontextmanager
async def _gateway() -> AsyncIterator[dict[str, str]]:
    """The stand-in for eSMS in a process of its own: the settings that lead to it. A new one for each measurement: the
    same words to the same number would be no second message there."""
    switches = {"delay_ms": DELAY_MS, "template_check": "false", "journal": "false"}
    options = [part for name, value in switches.items() for part in ("--switch", f"{name}={value}")]
    command = (sys.executable, "-m", "integrations.sms.esms.simulator", "--now", MORNING, *options)
    running = Running("sms-gateway", command, hotline_environment(""))
    try:
        url = (await running.line(r"http://127\.0\.0\.1:\d+", START_SECONDS))[0]
        async with aiohttp.ClientSession() as session, session.get(f"{url}/__sim/account") as answer:
            account = {name: str(value) for name, value in (await answer.json()).items()}
        yield {**account, "SMS_GATEWAY": "esms", "HOTLINE_NOW": MORNING}
    finally:
        await running.stop()


async def _bare(account: Mapping[str, str], people: int) -> float:
    """Messages per second of the client alone, as many at once as the dispatcher has under way."""
    settings = ("ESMS_API_URL", "ESMS_API_KEY", "ESMS_SECRET_KEY", "ESMS_BRANDNAME")
    gateway = EsmsGateway(*(account[name] for name in settings))
    everybody = enumerate(made_up(people))

    async def send() -> None:
        for number, person in everybody:
            await gateway.send(Bulk(person.phone or "", "Chao, mai anh/chi co lop.", "customer_care", f"bare-{number}"))

    began = time.perf_counter()
    try:
        await asyncio.gather(*(send() for _ in range(AT_ONCE)))
    finally:
        await gateway.close()
    return people / (time.perf_counter() - began)


def _new_sqlite() -> str:
    return f"sqlite:///{new_file('campaign-sends.db')}"


async def _simulated(database: str, people: int, pace: int) -> float:
    """`hotline campaign simulate` from its first message to its last: messages per second. Raises Unavailable."""
    file = FOLDER / "campaign.json"
    said = {"kind": "customer_care", "text": TEXT, "gateway": "esms", "pace_per_second": pace}
    file.write_text(json.dumps({**said, "audience": {"count": people}}))
    command = (ROOT / ".venv" / "bin" / "hotline", "campaign", "simulate", file, "--json")
    async with _gateway() as account:
        running = Running("campaign-simulate", command, {**hotline_environment(database), **account})
        try:
            status = await asyncio.to_thread(running.wait, END_SECONDS)
        finally:
            await running.stop()
    last = running.log.read_text(errors="replace").rstrip().rpartition("\n")[2]
    if status != 0:
        raise Unavailable(f"{running.name} ended with {status}: {last}")
    figures = json.loads(last)
    if figures["accepted"] + figures["delivered"] != people:
        raise Unavailable(f"the campaign came to something else: {figures}")
    return float(figures["per_second"])


async def _beside_owners(sheet: Sheet, account: Mapping[str, str], people: int) -> None:
    """`hotline up` sends a campaign while owners ask: how much longer than without they wait at most."""
    ensure_model(load_content(), lambda _: None)
    name = "campaign-beside"
    async with running_product(name, account) as (_, url), chat.client() as session:
        await chat.answering(url, session, START_SECONDS)
        owners = [await Chat.opened(url, session) for _ in range(OWNERS)]
        for owner in owners:
            await owner.say(QUESTION)
        before = await _asked(owners, asyncio.create_task(asyncio.sleep(QUIET_SECONDS)))
        keyring, clock = Keyring(SECRET), ManualClock(datetime.fromisoformat(MORNING))
        database = open_database(f"sqlite:///{FOLDER / name}.db", keyring, clock)
        try:
            await database.run(partial(_planned, keyring, people, clock.now()))
            run = await _begun(database)
            during = await _asked(owners, asyncio.create_task(_ended(database, run)))
        finally:
            database.close()
        for owner in owners:
            await owner.close()
    note = f"p95 {before.p95:.0f} ms before, {during.p95:.0f} ms during {people:,} messages"
    sheet.put(sheet["reply_delay"].counted(max(during.ms) - before.p50, n=during.n, note=note))


async def _asked(owners: list[Chat], until: asyncio.Task[None]) -> Times:
    """Questions at a steady pace, each by the next owner, until something else has ended. Raises NoReply."""
    asked: list[asyncio.Task[chat.Answer]] = []
    while not until.done():
        owner = owners[len(asked) % len(owners)]
        asked.append(asyncio.create_task(owner.say(QUESTION)))
        await asyncio.sleep(1 / MESSAGES_PER_SECOND)
    await until
    return Times(tuple(answer.ms for answer in await asyncio.gather(*asked)))


def _planned(keyring: Keyring, people: int, now: datetime, connection: Connection) -> None:
    file = CampaignFile(MessageKind.CUSTOMER_CARE, TEXT, "esms", UNBOUND, None, None, None, people, "bench")
    communes = load_content().communes
    campaign_trial.write(connection, keyring, communes, "thai-nguyen", file, TEXT, made_up(people), now)


async def _begun(database: Database) -> int:
    async with asyncio.timeout(END_SECONDS):
        while True:
            run = await database.read(lambda c: c.scalar(select(campaign_run.c.id)))
            if run is not None:
                return int(run)
            await asyncio.sleep(0.1)


async def _ended(database: Database, run: int) -> None:
    over = select(campaign_run.c.ended_at).filter_by(id=run)
    async with asyncio.timeout(END_SECONDS):
        while await database.read(lambda c: c.scalar(over)) is None:
            await asyncio.sleep(0.2)


if __name__ == "__main__":
    run_alone("campaign_sends", __doc__, measure)
