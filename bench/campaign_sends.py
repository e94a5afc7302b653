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
from bench.product import START_SECONDS, running_product, sentences
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


async def measure(sheet: Sheet, scale: Scale) -> None:
    """Raises Unavailable."""
    people = scale.campaign_recipients
    async with _gateway() as (url, account):
        bare = await _bare(url, account, people)
        with new_database() as database:
            fast = await _simulated(database, account, people, UNBOUND)
        for id_, per_second in (
            ("sends_sqlite", await _simulated(_new_sqlite(), account, people, UNBOUND)),
            ("sends_postgresql", fast),
        ):
            note = f"bare loop {bare:.0f}/s: {per_second / bare:.2f} of it"
            sheet.put(sheet[id_].counted(per_second, n=people, note=note))
        kept = await _simulated(_new_sqlite(), account, people, PACE)
        sheet.put(sheet["pace_kept"].counted(100 * kept / PACE, n=people, note=f"{people / kept:.1f} s"))
        await _beside_owners(sheet, account, people)


@contextlib.asynccontextmanager
async def _gateway() -> AsyncIterator[tuple[str, dict[str, str]]]:
    """The stand-in for eSMS in a process of its own: its address, and the settings that lead to it."""
    switches = {"delay_ms": DELAY_MS, "template_check": "false", "journal": "false"}
    options = [part for name, value in switches.items() for part in ("--switch", f"{name}={value}")]
    command = (sys.executable, "-m", "integrations.sms.esms.simulator", "--now", MORNING, *options)
    running = Running("sms-gateway", command, hotline_environment(""))
    try:
        url = (await running.line(r"http://127\.0\.0\.1:\d+", START_SECONDS))[0]
        async with aiohttp.ClientSession() as session, session.get(f"{url}/__sim/account") as answer:
            account = {name: str(value) for name, value in (await answer.json()).items()}
        yield url, {**account, "SMS_GATEWAY": "esms", "HOTLINE_NOW": MORNING}
    finally:
        await running.stop()


async def _bare(url: str, account: Mapping[str, str], people: int) -> float:
    """Messages per second of the client alone, as many at once as the dispatcher has under way."""
    gateway = EsmsGateway(url, account["ESMS_API_KEY"], account["ESMS_SECRET_KEY"], account["ESMS_BRANDNAME"])
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


async def _simulated(database: str, account: Mapping[str, str], people: int, pace: int) -> float:
    """`hotline campaign simulate` from its first message to its last: messages per second. Raises Unavailable."""
    file = FOLDER / "campaign.json"
    said = {"kind": "customer_care", "text": TEXT, "gateway": "esms", "pace_per_second": pace}
    file.write_text(json.dumps({**said, "audience": {"count": people}}))
    command = (ROOT / ".venv" / "bin" / "hotline", "campaign", "simulate", file, "--json")
    running = Running("campaign-simulate", command, {**hotline_environment(database), **account})
    try:
        ended = await running.line(r'\{"prepared".*\}', END_SECONDS)
    finally:
        await running.stop()
    figures = json.loads(ended[0])
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
            await owner.say(sentences(1)[0])
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
    """Questions at a steady pace, each by the next owner, until something else has ended; NoReply ends it."""
    questions, asked = sentences(100), list[asyncio.Task[chat.Answer]]()
    while not until.done():
        number = len(asked)
        owner, question = owners[number % len(owners)], questions[number % len(questions)]
        asked.append(asyncio.create_task(owner.say(question)))
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
