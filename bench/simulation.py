"""A thousand owners take the survey at the web chat while the whole service is killed every few seconds.

    python -m bench.simulation --owners 1000 --at-once 50 --kill-every 5 --seed 148

The real product (`hotline up`) runs on a database of its own; killed, it starts again on the same database and port.
Owners repeat what was not accepted, under the same message id, and go on. What each of them must be asked next, and
what must be stored in the end, says `owners.py`. The status is 1 when one owner saw anything else. The same seed makes
the same owners; kills follow the wall clock.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import sqlite3
import sys
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from bench.catalogue import Sheet
from bench.chat import answering, client
from bench.machine import FOLDER, Running, Unavailable, hotline_environment
from bench.owners import Expected, Message, Owner, Step, World, faults, from_the_start
from bench.scale import Scale
from hotline.models import ensure_model
from hotline.paths import ROOT
from integrations.webchat.client import CHANNEL, address_of
from programme.content import load_content
from programme.survey.response import Response, in_force
from programme.survey.scoring import score
from store.crypto import Keyring
from tools.services.machine import free_port

SEED = 148
START_SECONDS = 60.0
REPLY_SECONDS = 180.0  # a turn that a killed worker had taken waits 10 s for its lease, more than once if killed again
POLL_SECONDS = 0.01
RETRY_SECONDS = (0.1, 1.0)  # from and to: each time twice as long
TRANSCRIPT_LINES = 14
SHOWN_ERRORS = 12
# What the product's log must not hold, whatever is killed.
BROKEN = ("turn_broke", "turns_failed", "turn_given_up", "state_unreadable", "request_failed")


@dataclass(frozen=True)
class Plan:
    """`kill_every`: seconds that the service lives on average; 0 kills nothing. `most_kills`: then it stays alive."""

    owners: int
    at_once: int
    kill_every: float
    seed: int
    most_kills: int | None = None
    only: int | None = None  # this owner alone, with its whole transcript


@dataclass
class Tally:
    """What happened. `turns`: messages that were answered; `seconds`: from the first owner to the last."""

    plan: Plan
    turns: int = 0
    duplicates: int = 0
    retries: int = 0
    kills: int = 0
    holding: int = 0
    finished: int = 0
    completed: int = 0
    refused: int = 0
    seconds: float = 0.0
    away: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def report(self) -> str:
        """The summary for people."""
        plan, pace = self.plan, self.turns / max(self.seconds, 0.001)
        pace_while_up = self.turns / max(self.seconds - self.away, 0.001)
        lines = [
            f"owners     {self.finished} of {plan.owners}, {plan.at_once} at once, seed {plan.seed}",
            f"messages   {self.turns} answered, {self.duplicates} delivered again, {self.retries} repeated by clients",
            f"kills      {self.kills} of the whole service; {self.holding} holding replies meanwhile",
            f"turns/s    {pace:.0f} over all, {pace_while_up:.0f} while it was up",
            f"completed  {self.completed}, consent refused {self.refused}",
            f"time       {self.seconds:.0f} s, {self.away:.0f} s of it without the service",
            f"errors     {len(self.errors)}",
            *(f"  {what}: {count}" for what, count in self.faults.most_common()),
            *self.errors[:SHOWN_ERRORS],
        ]
        return "\n".join(lines)


class Wrong(Exception):
    """The product did something that it must not; the text says what."""


class Service:
    """The product, started again whenever it is killed. All of it shares one process group, but for the Rasa service,
    which ends when its parent's pipe closes."""

    def __init__(self, name: str, database: Path) -> None:
        self.name, self.database, self.port = name, database, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._env = hotline_environment(f"sqlite:///{database}")
        self._running: Running | None = None
        self.broken: Counter[str] = Counter()

    @property
    def secret(self) -> str:
        return self._env["HOTLINE_SECRET_KEY"]

    async def start(self, session: aiohttp.ClientSession) -> None:
        """Start it and wait until it answers. Raises Unavailable."""
        command: list[str | Path] = [ROOT / ".venv" / "bin" / "hotline", "up", "--port", str(self.port)]
        self._running = Running(self.name, command, self._env)
        await self._running.line(re.escape(self.url), START_SECONDS)
        await answering(self.url, session, START_SECONDS)

    def kill(self) -> None:
        """SIGKILL."""
        if self._running is not None:
            self._running.kill()
            log = self._running.log.read_text(errors="replace")
            broken = {word: log.count(word) for word in BROKEN if word in log}
            if broken:  # the next start writes over the log
                self._running.log.replace(self._running.log.with_suffix(".broken.log"))
            self.broken.update(broken)
            self._running = None

    async def live(self, session: aiohttp.ClientSession, plan: Plan, tally: Tally) -> None:
        """Kill it and start it again, again and again. Ends only when it is cancelled. Raises Unavailable."""
        chance = random.Random(f"{plan.seed}:kills")
        while plan.kill_every and (plan.most_kills is None or tally.kills < plan.most_kills):
            await asyncio.sleep(chance.uniform(0.5, 1.5) * plan.kill_every)
            began = time.perf_counter()
            self.kill()
            tally.kills += 1
            await self.start(session)
            tally.away += time.perf_counter() - began
        await asyncio.Event().wait()


class Outbox:
    """Hands new replies to the owners who wait for them: one look at the database for all, read-only."""

    _ROWS = """SELECT outbound.id, outbound.in_reply_to, outbound.reply, inbound.provider_message_id
        FROM outbound LEFT JOIN inbound ON inbound.id = outbound.in_reply_to
        WHERE outbound.id > ? ORDER BY outbound.id"""

    def __init__(self, database: Path, tally: Tally) -> None:
        self.database, self.tally = database, tally
        self._last = 0
        self._waiting: dict[str, asyncio.Future[list[Mapping[str, Any]]]] = {}
        self._answered: set[str] = set()
        self._extra: dict[str, list[str]] = {}

    def expect(self, message_id: str) -> None:
        """Replies to this message will be asked for."""
        self._waiting[message_id] = asyncio.get_running_loop().create_future()

    async def replies(self, message_id: str) -> list[Mapping[str, Any]]:
        """All replies to a message; a turn writes them together. Raises Wrong when none comes."""
        try:
            return await asyncio.wait_for(self._waiting[message_id], REPLY_SECONDS)
        except TimeoutError:
            raise Wrong(f"no reply within {REPLY_SECONDS:.0f} s") from None
        finally:
            del self._waiting[message_id]

    def second_replies(self, address: str) -> list[str]:
        """What was said again to messages of this owner that had been answered."""
        return self._extra.pop(address, [])

    async def follow(self) -> None:
        """Ends only when it is cancelled."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            while True:
                with contextlib.suppress(sqlite3.OperationalError):  # while a killed writer's log is being recovered
                    self.look(connection.execute(self._ROWS, (self._last,)).fetchall())
                await asyncio.sleep(POLL_SECONDS)

    def look(self, rows: Sequence[tuple[int, int | None, str, str | None]]) -> None:
        """Deliver rows of `outbound`, in their order."""
        said: dict[str, list[Mapping[str, Any]]] = {}
        for id_, in_reply_to, reply, message_id in rows:
            self._last = id_
            if in_reply_to is None or message_id is None:
                self.tally.holding += 1  # said while the dialogue was away; it answers nothing
            else:
                said.setdefault(message_id, []).append(json.loads(reply))
        for message_id, replies in said.items():
            if message_id in self._answered:
                self._extra.setdefault(message_id.partition(":")[0], []).append(str(replies[0]["text"]))
                continue
            self._answered.add(message_id)
            if (waiting := self._waiting.get(message_id)) and not waiting.done():
                waiting.set_result(replies)


class Line:
    """The way to the web chat: repeats until it is accepted, as a page does."""

    def __init__(self, url: str, session: aiohttp.ClientSession, tally: Tally) -> None:
        self.url, self.session, self.tally = url, session, tally

    async def open(self) -> str:
        """The token of a new conversation."""
        return str((await self._post("/webchat/conversations", {}, ""))["token"])

    async def deliver(self, token: str, id_: str, message: Message) -> tuple[int, bool]:
        """The message's number, and whether it was known."""
        accepted = await self._post("/webchat/messages", {"id": id_, **message.body}, token)
        return int(accepted["seq"]), bool(accepted["duplicate"])

    async def _post(self, path: str, body: Mapping[str, str], token: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        pause, longest = RETRY_SECONDS
        while True:
            try:
                async with self.session.post(self.url + path, json=body, headers=headers) as response:
                    if response.status < 400:
                        answer: dict[str, Any] = await response.json()
                        return answer
                    if response.status < 500:
                        raise Wrong(f"{response.status} {await response.text()}")
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                pass
            self.tally.retries += 1
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)


class Visit:
    """One owner at the web chat, from the first word to the last."""

    def __init__(self, owner: Owner, line: Line, outbox: Outbox, tally: Tally) -> None:
        self.owner, self.line, self.outbox, self.tally = owner, line, outbox, tally
        self.token = ""
        self.transcript: deque[str] = deque(maxlen=TRANSCRIPT_LINES if tally.plan.only is None else None)
        self._sent: list[tuple[str, Message, int]] = []

    @property
    def address(self) -> str:
        return address_of(self.token)

    @property
    def messages(self) -> int:
        return len(self._sent)

    async def run(self) -> None:
        """Raises Wrong at the first thing that is."""
        self.token = await self.line.open()
        while (step := self.owner.next_step()) is not None:
            if step.again is not None:
                await self._again(*self._sent[step.again])
            await self._step(step)
            if second := self.outbox.second_replies(self.address[:32]):
                raise Wrong(f"answered twice: {second}")

    async def _step(self, step: Step) -> None:
        """Deliver all messages, then look at what follows from each in the order of their delivery."""
        ids = []
        for message in step.messages:
            id_ = f"owner-{self.owner.number:05d}-{len(self._sent):04d}"
            ids.append(f"{self.address[:32]}:{id_}")
            self.outbox.expect(ids[-1])
            seq = await self._deliver(id_, message, step.copies)
            if self._sent and seq <= self._sent[-1][2]:
                raise Wrong(f"number {seq} after number {self._sent[-1][2]}")
            self._sent.append((id_, message, seq))
            self.transcript.append(f"{seq} > {message.text or message.payload} ({step.copies})")
        for id_, message in zip(ids, step.messages, strict=True):
            expected = self.owner.reference.take(message.meaning)
            self._compare(expected, await self.outbox.replies(id_))
            self.tally.turns += 1

    async def _deliver(self, id_: str, message: Message, copies: str) -> int:
        if copies == "two at once":
            both = await asyncio.gather(*(self.line.deliver(self.token, id_, message) for _ in range(2)))
            self.tally.duplicates += 1
            if both[0][0] != both[1][0]:
                raise Wrong(f"one message has the numbers {both[0][0]} and {both[1][0]}")
            return both[0][0]
        seq, _ = await self.line.deliver(self.token, id_, message)
        if copies == "two":
            await self._again(id_, message, seq)
        return seq

    async def _again(self, id_: str, message: Message, seq: int) -> None:
        self.tally.duplicates += 1
        found, is_known = await self.line.deliver(self.token, id_, message)
        if not is_known or found != seq:
            raise Wrong(f"a message delivered again got number {found}, not {seq}")

    def _compare(self, expected: Expected, replies: Sequence[Mapping[str, Any]]) -> None:
        self.transcript += [f"  < {one['text'][:160]!r} [{one.get('entry')}]" for one in replies]
        if found := faults(self.owner.world.questions, expected, replies):
            raise Wrong("; ".join(found))


# --- what is stored in the end


@dataclass(frozen=True)
class Stored:
    """What the database holds of one owner. `response`: the row that counts, `number`: how many rows there are."""

    number: int
    response: Mapping[str, Any] | None
    leads: frozenset[str]
    holder: str
    messages: Counter[str]  # by their status


def read_stored(connection: sqlite3.Connection, keyring: Keyring, address: str) -> Stored:
    """Everything of the owner with this address. The answers come back as one mapping."""
    connection.row_factory = sqlite3.Row
    talk = connection.execute(
        "SELECT * FROM conversation WHERE channel = ? AND address = ?", (CHANNEL, address)
    ).fetchone()
    contact = (talk["contact_id"],)
    rows = connection.execute("SELECT * FROM survey_response WHERE contact_id = ?", contact).fetchall()
    response = None
    for row in rows:
        if row["status"] != "earlier":
            personal = json.loads(keyring.decrypt(row["personal"])) if row["personal"] else {}
            answers = {**json.loads(row["answers"]), **personal}
            response = {**dict(row), "answers": answers, "pillar_tenths": json.loads(row["pillar_tenths"] or "null")}
    vendors = connection.execute("SELECT vendor FROM lead WHERE status = 'new' AND contact_id = ?", contact)
    statuses = connection.execute("SELECT status FROM inbound WHERE conversation_id = ?", (talk["id"],))
    return Stored(
        len(rows),
        response,
        frozenset(row["vendor"] for row in vendors),
        str(talk["holder"]),
        Counter(row["status"] for row in statuses),
    )


def wrong_in(stored: Stored, owner: Owner, messages: int) -> list[str]:
    """What is stored otherwise than the engine has it."""
    reference = owner.reference
    found = []
    if stored.holder != "bot":
        found.append(f"the conversation is with {stored.holder}")
    if stored.messages != Counter({"answered": messages}):
        found.append(f"{messages} messages were sent, stored are {dict(stored.messages)}")
    if stored.leads != reference.called:
        found.append(f"leads {sorted(stored.leads)}, agreed to {sorted(reference.called)}")
    rows = len(reference.earlier) + (reference.is_begun or reference.before is not None)
    if stored.number != rows:
        found.append(f"{stored.number} responses are stored instead of {rows}")
    if reference.is_begun:
        found += _wrong_in_response(stored.response, reference.response) if stored.response else ["no response counts"]
    return found


def _wrong_in_response(row: Mapping[str, Any], response: Response) -> list[str]:
    found = []
    if row["status"] != "done":
        found.append(f"the response is {row['status']}")
    if row["answers"] != response.answers:
        found.append(f"stored {row['answers']} instead of {dict(response.answers)}")
    fresh = from_the_start(response)
    if in_force(Response(response.survey, row["answers"])) != in_force(fresh):
        found.append("other answers are in force than when given in the form's order")
    result = score(fresh)
    wanted = {
        "result": result.status,
        "total_tenths": None if result.total is None else int(result.total * 10),
        "level": result.level,
        "pillar_tenths": {
            id_: None if exact is None else int((result.pillar(id_) or 0) * 10) for id_, exact in result.pillars.items()
        },
        "form": in_force(fresh)["FORM"],
    }
    stored = {name: row[name] for name in wanted}
    return [*found, f"scored {stored} instead of {wanted}"] if stored != wanted else found


def out_of_order(connection: sqlite3.Connection) -> int:
    """How many messages were answered before one that had come earlier in the same conversation."""
    late = """SELECT count(*) FROM (
        SELECT inbound.seq AS seq, max(inbound.seq) OVER (
            PARTITION BY outbound.conversation_id ORDER BY outbound.seq ROWS UNBOUNDED PRECEDING) AS newest
        FROM outbound JOIN inbound ON inbound.id = outbound.in_reply_to) WHERE seq < newest"""
    return int(connection.execute(late).fetchone()[0])


# --- the whole


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
    FOLDER.mkdir(parents=True, exist_ok=True)
    database = FOLDER / f"{name}.db"
    for old in FOLDER.glob(f"{database.name}*"):
        old.unlink()
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
