"""A thousand owners take the survey at the web chat while the whole service is killed every few seconds.

    python -m bench.simulation --owners 1000 --at-once 50 --kill-every 5 --seed 148

The real product (`hotline up`) runs on a database of its own; killed, it starts again on the same database and port.
Owners repeat what was not accepted, under the same message id, and go on. What each of them must be asked next, and
what must be stored in the end, says `bench/owners`. The status is 1 when one owner saw anything else. The same seed
makes the same owners; kills follow the wall clock.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import uvloop

from bench.catalogue import Sheet
from bench.chat import client
from bench.machine import Unavailable, new_file
from bench.owners.owner import Owner, World
from bench.owners.service import Service
from bench.owners.stored import out_of_order, read_stored, wrong_in
from bench.owners.tally import SEED, Plan, Tally, Wrong
from bench.owners.visit import Line, Outbox, Visit
from bench.scale import Scale
from hotline.models import ensure_model
from programme.content import load_content
from store.crypto import Keyring


@contextlib.asynccontextmanager
async def _background(*tasks: asyncio.Task[Any]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def simulate(plan: Plan, world: World, name: str = "simulation") -> Tally:
    """Run the owners to their end and look at what is stored. Raises Unavailable when the service does not start."""
    database = new_file(f"{name}.db")
    tally, service = Tally(plan), Service(name, database)
    outbox = Outbox(database, tally)
    try:
        async with client() as session:
            await service.start(session)
            line = Line(service.url, session, tally)
            killing, following = (
                asyncio.create_task(service.live(session, plan, tally)),
                asyncio.create_task(outbox.follow()),
            )
            began = time.perf_counter()
            async with _background(killing, following):
                owners = asyncio.create_task(_all_owners(plan, world, line, outbox, tally))
                async with _background(owners):
                    ended, _ = await asyncio.wait([owners, killing, following], return_when=asyncio.FIRST_COMPLETED)
                    for task in ended:
                        task.result()
                visits = owners.result()
            tally.seconds = time.perf_counter() - began
    finally:
        service.kill()
    _look_into(database, Keyring(service.secret), visits, tally)
    for what, count in service.broken.items():
        tally.errors.append(f"✗ the service's log says {what} {count} times: see var/bench/{name}.broken.log")
    return tally


async def _all_owners(plan: Plan, world: World, line: Line, outbox: Outbox, tally: Tally) -> list[Visit]:
    visits: list[Visit] = []
    numbers = iter(range(plan.owners) if plan.only is None else (plan.only,))

    async def one_after_the_other() -> None:
        for number in numbers:
            visit = Visit(Owner(world, plan.seed, number), line, outbox, tally)
            try:
                await visit.run()
            except Wrong as wrong:
                _note(tally, visit, str(wrong))
            else:
                visits.append(visit)
            tally.finished += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(min(plan.at_once, plan.owners))))
    return visits


def _note(tally: Tally, visit: Visit, what: str) -> None:
    tally.faults[what.partition(":")[0][:60]] += 1
    where = f"seed {tally.plan.seed}, owner {visit.owner.number}"
    tally.errors.append("\n".join((f"✗ {where}: {what}", *(f"    {line}" for line in visit.transcript))))


def _look_into(database: Path, keyring: Keyring, visits: Sequence[Visit], tally: Tally) -> None:
    # The service is gone: the log that it left is read with the database, and recovered if need be
    with contextlib.closing(sqlite3.connect(database)) as connection:
        for visit in visits:
            stored = read_stored(connection, keyring, visit.address)
            for what in wrong_in(stored, visit.owner, visit.messages):
                _note(tally, visit, what)
            tally.completed += stored.response is not None and stored.response["status"] == "done"
            tally.refused += visit.owner.reference.has_refused
        if late := out_of_order(connection):
            tally.errors.append(f"{late} messages were answered out of their order")


async def measure(sheet: Sheet, scale: Scale) -> None:
    """The benchmark's part: how many owners saw or left behind anything that is wrong."""
    tally = await simulate(Plan(scale.simulated_owners, at_once=50, kill_every=5, seed=SEED), World(load_content()))
    note = f"{tally.turns} messages, {tally.duplicates} sent twice, {tally.kills} kills, {tally.seconds:.0f} s"
    sheet.put(sheet["simulated_owners"].counted(len(tally.errors), n=scale.simulated_owners, note=note))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.simulation", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--owners", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument(
        "--kill-every", type=float, default=5, help="seconds between start and SIGKILL, on average; 0: never"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one owner of the run, with its whole transcript")
    options = parser.parse_args(arguments)
    content = load_content()
    ensure_model(content)
    plan = Plan(options.owners, options.at_once, options.kill_every, options.seed, only=options.only)
    try:
        tally = uvloop.run(simulate(plan, World(content), "simulation-alone"))  # beside a benchmark that runs
    except Unavailable as missing:
        print(missing, file=sys.stderr)
        return 1
    print(tally.report())
    return 1 if tally.errors else 0


if __name__ == "__main__":
    sys.exit(main())
