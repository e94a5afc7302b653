"""People write on Zalo and Telegram while one process after the other is killed; then everything is counted.

    python -m bench.outages.run --kills 100 --rate 50 --seed 148 [--apps 2 --database postgresql://…]

The seed gives the same people, messages, victims and pauses; which instruction a kill hits is the machine's business.
The status is 1 when a message was lost, repeated or answered out of order.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import uvloop
from sqlalchemy import select

from bench.machine import FOLDER
from bench.outages.processes import House, Killable, Platform
from bench.outages.reconciliation import Admitted, Person, Verdict, reconcile
from integrations.fitting import LIMITS, shown_text
from store.database import Database
from store.messages import Reply
from store.tables import conversation, inbound, outbound

# Telegram lets through 30 messages a second, also when a backlog has to be worked off.
PEOPLE = {"zalo": 60, "telegram": 20}
PAUSE = (0.2, 1.5)  # seconds between a start and the next kill
# Some answers of the platforms come late, so that kills fall between their yes and our commit.
SLOW = {"kind": "slow", "share": 0.05, "seconds": 0.4}
# After the last kill: a lease, the wait for an echo, the platforms' repetitions.
QUIET_SECONDS = 300.0
LOOK_SECONDS = 1.0
SHOWN_FAULTS = 12


@dataclass(frozen=True)
class Plan:
    """`rate`: messages a second over both channels."""

    kills: int
    rate: float
    seed: int
    apps: int
    database_url: str
    name: str = "outages"


@dataclass
class Result:
    """`kills` by process. `seconds`: of load."""

    plan: Plan
    verdict: Verdict
    kills: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def report(self) -> str:
        """For people."""
        v = self.verdict
        killed = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        engine = self.plan.database_url.partition(":")[0]
        lines = [
            f"seed       {self.plan.seed}, {self.plan.apps} app process(es), {engine}",
            f"kills      {sum(self.kills.values())} ({killed}) in {self.seconds:.0f} s",
            f"messages   {v.messages} sent ({v.messages / max(self.seconds, 1):.0f}/s): {v.answered} answered,"
            f" {v.uncertain} uncertain, {v.with_person} with a person",
            f"lost {len(v.lost)}, out of order {len(v.disordered)}, repeated {len(v.repeated)},"
            f" invented {len(v.invented)}",
            *v.faults[:SHOWN_FAULTS],
        ]
        return "\n".join(lines)


class Traffic:
    """People who write, each as on a phone: through the simulator, without waiting for answers."""

    def __init__(self, house: House, session: aiohttp.ClientSession, plan: Plan) -> None:
        self.house, self.session, self.plan = house, session, plan
        self.people: list[tuple[Platform, str]] = []
        self.sent: dict[tuple[str, str], list[str]] = {}
        self._chance = random.Random(f"{plan.seed}:traffic")

    async def invite(self) -> None:
        """Everybody has begun a conversation, as Telegram demands."""
        for platform in self.house.platforms.values():
            for number in range(PEOPLE[platform.name]):
                person = await self._ask(platform, "POST", "/__sim/people", {"name": f"Người {number}"})
                self.people.append((platform, str(person["id"])))
                self.sent[platform.name, str(person["id"])] = []

    async def write(self) -> None:
        """At the plan's rate, until cancelled."""
        next_at, number = time.perf_counter(), 0
        async with asyncio.TaskGroup() as sending:
            while True:
                number += 1
                platform, person = self._chance.choice(self.people)
                text = f"câu hỏi của cửa hàng kể từ dòng {number}"
                self.sent[platform.name, person].append(text)
                sending.create_task(self._ask(platform, "POST", f"/__sim/people/{person}/text", {"text": text}))
                next_at += 1 / self.plan.rate
                await asyncio.sleep(max(0.0, next_at - time.perf_counter()))

    async def _ask(self, platform: Platform, method: str, path: str, body: Any) -> Any:
        return await self.house.ask(self.session, platform, method, path, body)


class Killer:
    """Kills what its seed names, starts it again, and goes on."""

    def __init__(self, house: House, session: aiohttp.ClientSession, plan: Plan) -> None:
        self.house, self.session, self.plan = house, session, plan
        self.kills: Counter[str] = Counter()

    async def run(self) -> None:
        """All the plan's kills; everything lives at the end. Raises Unavailable."""
        chance = random.Random(f"{self.plan.seed}:kills")
        for _ in range(self.plan.kills):
            await asyncio.sleep(chance.uniform(*PAUSE))
            victims = [*(f"app{n + 1}" for n in range(len(self.house.apps)))] * 3 + ["dialogue"]
            victims += ["redis"] if self.house.redis else []
            await self._kill(chance.choice(victims))

    async def _kill(self, victim: str) -> None:
        self.kills[victim] += 1
        if victim == "redis":
            assert self.house.redis is not None
            self.house.redis.kill()
            await asyncio.sleep(0.3)
            await asyncio.to_thread(self.house.redis.start)
            return
        process = self._process(victim)
        process.kill()
        others = [app for app in self.house.apps if app is not process]
        if victim.startswith("app") and others:
            await self.house.send_webhooks_to(self.session, others[0])
        await process.start(self.session)

    def _process(self, victim: str) -> Killable:
        if victim == "dialogue":
            assert self.house.dialogue is not None
            return self.house.dialogue
        return self.house.apps[int(victim.removeprefix("app")) - 1]


async def run(plan: Plan) -> Result:
    """Everything, from the first start to the verdict. Raises Unavailable."""
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(connector=connector) as session:
        house = House(plan.name, plan.database_url, plan.apps)
        async with house.running(session):
            traffic, killer = Traffic(house, session, plan), Killer(house, session, plan)
            await traffic.invite()
            for platform in house.platforms.values():
                await house.ask(session, platform, "POST", "/__sim/faults", {**SLOW, "seed": str(plan.seed)})
            began = time.perf_counter()
            writing = asyncio.create_task(traffic.write())
            try:
                await killer.run()
            finally:
                writing.cancel()
                await asyncio.wait([writing])
            seconds = time.perf_counter() - began
            await _quiet(house, session, plan)
            people = [await _seen(house, session, traffic, platform, id_) for platform, id_ in traffic.people]
        database = Database(plan.database_url)
        verdict = reconcile(people, database.read_now(admitted_by))
        database.close()
    return Result(plan, verdict, killer.kills, seconds)


async def _quiet(house: House, session: aiohttp.ClientSession, plan: Plan) -> None:
    """Wait until nothing is under way any more, here or at the platforms."""
    database, until, calm = Database(plan.database_url), time.perf_counter() + QUIET_SECONDS, 0
    while time.perf_counter() < until and calm < 3:
        await asyncio.sleep(LOOK_SECONDS)
        is_calm = await database.read(_is_calm) and not await _webhooks_wait(house, session)
        calm = calm + 1 if is_calm else 0
    database.close()


async def _webhooks_wait(house: House, session: aiohttp.ClientSession) -> bool:
    state = await house.ask(session, house.platforms["zalo"], "GET", "/__sim/state")
    return bool(state["webhook"]["pending"])


def _is_calm(connection: Any) -> bool:
    pending = select(inbound.c.id).where(inbound.c.status == "pending").limit(1)
    waiting = select(outbound.c.id).where(
        outbound.c.status.in_(("waiting", "sending")) | outbound.c.decide_at.is_not(None)
    )
    return connection.scalar(pending) is None and connection.scalar(waiting.limit(1)) is None


async def _seen(house: House, session: aiohttp.ClientSession, traffic: Traffic, platform: Platform, id_: str) -> Person:
    """One phone as the platform has it."""
    person = await house.ask(session, platform, "GET", f"/__sim/people/{id_}")
    chat = person["chat"]
    sent = tuple(line["text"] for line in chat if line["side"] == "person")
    arrived = tuple(line["text"] for line in chat if line["side"] == "account")
    return Person(platform.name, id_, sent, arrived)


def admitted_by(connection: Any) -> Admitted:
    admitted = Admitted()
    uncertain = (
        select(conversation.c.address, conversation.c.channel, outbound.c.reply)
        .join(conversation, conversation.c.id == outbound.c.conversation_id)
        .where(outbound.c.status == "uncertain")
    )
    for address, channel, reply in connection.execute(uncertain):
        admitted.uncertain[address, shown_text(Reply.from_json(reply), LIMITS[channel])] += 1
    waiting = select(conversation.c.address, inbound.c.text).join(conversation).where(inbound.c.status == "with_person")
    for address, text in connection.execute(waiting):
        admitted.with_person[address, text] += 1
    return admitted


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.outages.run", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seed", type=int, default=148)
    parser.add_argument("--apps", type=int, default=1)
    parser.add_argument("--database", default=f"sqlite:///{FOLDER}/outages.db", help="an empty database of its own")
    options = parser.parse_args(arguments)
    plan = Plan(options.kills, options.rate, options.seed, options.apps, options.database)
    result = uvloop.run(run(plan))
    print(result.report())
    return 1 if result.verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
