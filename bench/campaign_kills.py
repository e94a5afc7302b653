"""Kills whoever sends a campaign, again and again, at a gateway that loses answers and reports twice; then counts.

    python -m bench.campaign_kills [--kills 100] [--recipients 15000] [--seed 8] [--quick] [sqlite|postgresql|both]

Half of the kills hit `hotline campaign simulate`, scheduler and worker in one process, whose clock begins anew with
each start. The other half hit `hotline serve`: on SQLite one process; on PostgreSQL two, of which the one that leads,
the other, or both die. Each kill is SIGKILL after a number of messages that the seed draws; which instruction it hits
is the machine's business. The gateway lives on: what it wrote down is the witness.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy import Connection, select

from bench.campaign_senders import MORNING, SERVE, SIMULATE, TEXT, Drill, Gateway, Senders
from bench.campaign_witness import Row, Verdict, judge
from bench.catalogue import Sheet
from bench.figures import table
from bench.machine import Unavailable, new_file
from bench.postgres import new_database
from bench.scale import FULL, QUICK, Scale
from programme import campaign_trial
from programme.bulk_law import MessageKind
from programme.campaign_file import CampaignFile
from programme.campaign_people import made_up
from programme.content import load_content
from store.campaign_tables import campaign_run, recipient
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, open_database
from store.migrate import migrate
from store.tables import contact

SECRET = "benchmarks keep no personal data at all"
ENGINES = ("sqlite", "postgresql")
SEED = 8
LOOK_SECONDS, SOON_SECONDS, REPORTS_SECONDS = 0.01, 0.2, 2.0
END_SECONDS = 600.0  # a lease, the repetitions of what was lost, and all that is left


@dataclass
class Result:
    """`kills` by victim."""

    drill: Drill
    verdict: Verdict
    kills: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def words(self) -> str:
        """For people."""
        killed = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        drill = f"{self.drill.way}: {self.kills.total()} kills ({killed}) in {self.seconds:.0f} s"
        return f"{drill}; {self.verdict.words()}"


async def run(drill: Drill) -> Result:
    """From the first start to the verdict. Raises Unavailable."""
    chance = random.Random(f"{drill.seed}:victims")
    with _database(drill) as database:
        async with Gateway(f"kills-gateway-{drill.way}").running(drill.seed) as gateway:
            if drill.way == SERVE:
                await database.run(partial(_planned, drill))
            senders, began, kills = Senders(drill, gateway), time.perf_counter(), Counter[str]()
            try:
                for target in drill.targets:
                    await senders.start_all()
                    # It has sent something since its start, and dies somewhere in what follows from that
                    if not await _taken(senders, gateway, max(target, gateway.count() + 1)):
                        break
                    await asyncio.sleep(chance.uniform(0, SOON_SECONDS))
                    names = list(senders.ports)
                    victims = chance.choice([[one] for one in names] + [names] * (len(names) > 1))
                    senders.kill(victims)
                    kills[" and ".join(victims)] += 1
                await senders.start_all()
                await _ended(database, senders)
                seconds = time.perf_counter() - began
            finally:
                senders.end()
            gateway.count()
            prepared, rows = await database.read(_ledger)
            people = [one.phone for one in made_up(drill.recipients) if one.phone is not None]
            return Result(drill, judge(people, prepared, rows, gateway.taken), kills, seconds)


async def _taken(senders: Senders, gateway: Gateway, target: int) -> bool:
    """Wait until the gateway has taken so many; False: the campaign ended before. Raises Unavailable."""
    until = time.perf_counter() + END_SECONDS
    while gateway.count() < target:
        if senders.has_ended:
            return False
        senders.check()
        if time.perf_counter() > until:
            raise Unavailable(f"{gateway.taken.total()} of {target} messages within {END_SECONDS:.0f} s")
        await asyncio.sleep(LOOK_SECONDS)
    return True


async def _ended(database: Database, senders: Senders) -> None:
    """Wait until the run is over and its last reports have come. Raises Unavailable."""
    over, until = select(campaign_run.c.ended_at, campaign_run.c.status), time.perf_counter() + END_SECONDS
    while True:
        row = await database.read(lambda c: c.execute(over).first())
        if senders.has_ended:
            return
        if senders.drill.way == SERVE and row is not None and row.ended_at is not None:
            await asyncio.sleep(REPORTS_SECONDS)
            return
        senders.check()
        if time.perf_counter() > until or (row is not None and row.status == "paused"):
            raise Unavailable(f"the campaign did not end: {row}")
        await asyncio.sleep(0.2)


@contextlib.contextmanager
def _database(drill: Drill) -> Iterator[Database]:
    empty = Database(drill.database_url)
    migrate(empty)
    empty.close()
    database = open_database(drill.database_url, Keyring(SECRET), ManualClock(MORNING))
    try:
        yield database
    finally:
        database.close()


def _planned(drill: Drill, connection: Connection) -> None:
    pace = drill.pace_per_second
    file = CampaignFile(MessageKind.CUSTOMER_CARE, TEXT, "esms", pace, None, None, None, drill.recipients, "kills")
    people, communes = made_up(drill.recipients), load_content().communes
    campaign_trial.write(connection, Keyring(SECRET), communes, "thai-nguyen", file, TEXT, people, MORNING)


def _ledger(connection: Connection) -> tuple[int, list[Row]]:
    """What the run was prepared for, and its rows."""
    of = select(contact.c.phone, recipient.c.status).join(contact, contact.c.id == recipient.c.contact_id)
    rows = [Row(phone, status) for phone, status in connection.execute(of)]
    return int(connection.execute(select(campaign_run.c.prepared)).scalar_one()), rows


async def drills(engine: str, kills: int, recipients: int, seed: int = SEED) -> list[Result]:
    """Both ways of sending on one engine, half of the kills each. Raises Unavailable."""
    results = []
    for way, share in ((SIMULATE, (kills + 1) // 2), (SERVE, kills // 2)):
        with contextlib.ExitStack() as stack:
            if engine == "sqlite":
                url = f"sqlite:///{new_file(f'campaign-kills-{way}.db')}"
            else:
                url = stack.enter_context(new_database())
            results.append(await run(Drill(way, engine, url, share, recipients, seed)))
    return results


async def measure(sheet: Sheet, scale: Scale, engines: Sequence[str] = ENGINES, seed: int = SEED) -> None:
    """Raises Unavailable."""
    for engine in engines:
        results = await drills(engine, scale.campaign_kills, scale.campaign_recipients, seed)
        faults = sum(len(one.verdict.faults) for one in results)
        note = "; ".join(one.words() for one in results)
        people = scale.campaign_recipients * len(results)
        sheet.put(sheet[f"campaign_kills_{engine}"].counted(faults, n=people, note=note))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.campaign_kills", description=__doc__.splitlines()[0])
    parser.add_argument("engine", nargs="?", default="both", choices=[*ENGINES, "both"])
    parser.add_argument("--kills", type=int, help="on each engine")
    parser.add_argument("--recipients", type=int, help="of each campaign")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quick", action="store_true", help="see that it works; decides nothing")
    options = parser.parse_args()
    scale = QUICK if options.quick else FULL
    changes = {"campaign_kills": options.kills, "campaign_recipients": options.recipients}
    scale = replace(scale, **{name: value for name, value in changes.items() if value is not None})
    sheet = Sheet(scale.decides)
    engines = ENGINES if options.engine == "both" else (options.engine,)
    asyncio.run(measure(sheet, scale, engines, options.seed))
    print(table([figure for figure in sheet.figures if figure.value is not None]))


if __name__ == "__main__":
    main()
