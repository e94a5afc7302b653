"""Measures what teaching the bot costs and may not do: from the click until a taught phrase is answered rightly,
whether a harmful set is stopped, and how soon the last model answers again, with messages running.

    python -m bench.teaching
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
from sqlalchemy import Connection, update

from bench import chat
from bench.catalogue import Sheet
from bench.chat import Chat, NoReply
from bench.console import SECRET, sign_in
from bench.machine import FOLDER, Running
from bench.part import run_alone
from bench.product import START_SECONDS, running_product, sentences
from bench.product_turns import look_into
from bench.scale import Scale
from console.roles import Role
from console.sessions import COOKIE
from hotline.models import ensure_model
from programme import teaching, trained_models, training_jobs
from programme.answers import Answer
from programme.content import load_content
from programme.taught_phrases import key_of
from programme.teaching import Opinion, Verdict
from programme.training_examples import TrainingExamples
from programme.training_jobs import Training
from store.clock import Clock
from store.console_tables import account
from store.crypto import Keyring
from store.database import Database, open_database

NAME = "teaching"
# In nobody's words so far: the model does not know what it asks. In each run another, so that its model is a new one.
PHRASE = f"cái loa nó réo răng chẳng nghe chi hết hè {uuid.uuid4().hex[:6]}"
MEANING = "ask_tech_support"
# Surely read as the first by the model that came with the release, as the second by the taught one: by the answer to it
# one sees which model has answered.
MARKER, BEFORE, AFTER = "Em nói rõ chính sách tặng tên miền cho hộ buôn bán", "ask_domain_about", "ask_domain_free_now"
FREQUENT = ("ask_tax_threshold", "ask_vendor", "ask_domain_about", "ask_class", "request_person")
WRONG = "ask_ai_use"
OF_EACH = 12
TRAINING_SECONDS = 600.0
LOOK_SECONDS, WEIGH_SECONDS = 0.1, 0.5
MESSAGES_PER_SECOND = 5.0
TRAFFIC_BEFORE, TRAFFIC_AFTER = 3.0, 6.0  # seconds
SEED = 148


@dataclass
class Desk:
    """A supervisor's browser and the hotline's database."""

    url: str
    session: aiohttp.ClientSession
    database: Database
    officer: int
    cookie: str
    csrf: str

    async def post(self, path: str, **fields: str) -> int:
        headers = {"Cookie": f"{COOKIE}={self.cookie}", "X-CSRF-Token": self.csrf}
        address = f"{self.url}/console/{path}"
        async with self.session.post(address, data=fields, headers=headers, allow_redirects=False) as response:
            return response.status

    async def teach(self, phrase: str, intent: str) -> None:
        """Say what a phrase means, whether it is on the list or not."""
        said = Opinion(key_of(phrase), phrase, key_of(phrase), Verdict.INTENT, intent)
        await self.database.run(lambda c: teaching.say(c, said, self.officer, Clock().now()))

    async def trained(self) -> Training:
        """Click on training and wait until it is over. Raises TimeoutError."""
        await self.post("models/train")
        async with asyncio.timeout(TRAINING_SECONDS):
            while True:
                newest = (await self.database.read(training_jobs.newest))[0]
                if newest.is_over:
                    return newest
                await asyncio.sleep(LOOK_SECONDS)

    async def live(self) -> str:
        found = await self.database.read(trained_models.live)
        return found.model.name if found else ""


async def measure(sheet: Sheet, scale: Scale) -> None:
    """Start the product, measure it, stop it. Raises Unavailable."""
    async with running_product(NAME) as (running, url), chat.client() as session:
        await chat.answering(url, session, START_SECONDS)
        clock, keyring = Clock(), Keyring(SECRET)
        database = open_database(f"sqlite:///{FOLDER / NAME}.db", keyring, clock)
        try:
            officer, cookie, csrf = await database.run(lambda c: _supervisor(c, keyring, clock))
            desk = Desk(url, session, database, officer, cookie, csrf)
            await _live(desk, running, sheet)
            await _back(desk, sheet)
            if scale.decides:  # a smoke run trains once
                await _harm(desk, sheet)
        finally:
            database.close()


def _supervisor(connection: Connection, keyring: Keyring, clock: Clock) -> tuple[int, str, str]:
    officer, cookie, csrf = sign_in(connection, keyring, 1, clock.now())
    connection.execute(update(account).filter_by(officer_id=officer).values(role=Role.SUPERVISOR))
    return officer, cookie, csrf


async def _live(desk: Desk, running: Running, sheet: Sheet) -> None:
    """From the click on training until the phrase has its answer; then the memory with both models loaded."""
    owner = await Chat.opened(desk.url, desk.session)
    await owner.say("xin chào")
    answer = _answer(MEANING)
    before = (await owner.say(PHRASE)).text
    if before.startswith(answer):
        raise AssertionError(f"the model knows already what {PHRASE!r} means: it measures nothing")
    status = await desk.post(f"teaching/{key_of(PHRASE)}/annotate", phrase=PHRASE, meaning=f"intent:{MEANING}")
    if status != 303:
        raise AssertionError(f"the phrase is not on the list: {status}")
    await desk.teach(MARKER, AFTER)
    clicked, weights = time.perf_counter(), [running.resident_mb()]
    weighing = asyncio.create_task(_weigh(running, weights))
    job = await desk.trained()
    over = time.perf_counter()
    if job.state != "passed":
        raise AssertionError(f"the training ended {job.state}: {job.fault or job.verdict}")
    while not (await owner.say(PHRASE)).text.startswith(answer):
        await asyncio.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - clicked
    weighing.cancel()
    note = f"training and comparing {over - clicked:.0f} s; meanwhile up to {max(weights):.0f} MB of all processes"
    sheet.put(sheet["teaching_live"].counted(seconds, n=1, note=note))
    sheet.put(sheet["teaching_memory"].counted(running.resident_mb()))
    await owner.close()


async def _weigh(running: Running, weights: list[float]) -> None:
    while True:
        weights.append(running.resident_mb())
        await asyncio.sleep(WEIGH_SECONDS)


async def _back(desk: Desk, sheet: Sheet) -> None:
    """From the click until the former model has answered, while others write; what was not answered."""
    watcher = await Chat.opened(desk.url, desk.session)
    await watcher.say("xin chào")
    before, after = _answer(BEFORE), _answer(AFTER)
    if not (await watcher.say(MARKER)).text.startswith(after):
        raise AssertionError("the taught model does not answer as it was taught")
    traffic = asyncio.create_task(_traffic(desk, sentences(60)))
    await asyncio.sleep(TRAFFIC_BEFORE)
    live = await desk.live()
    clicked = time.perf_counter()
    going = asyncio.create_task(desk.post("models/back", live=live))
    while not (await watcher.say(MARKER)).text.startswith(before):
        pass
    seconds = time.perf_counter() - clicked
    if await going != 303:
        raise AssertionError(f"going back was refused: {going.result()}")
    sent, unanswered = await traffic
    await watcher.close()
    kept = look_into(FOLDER / f"{NAME}.db")
    note = f"{sent} messages of others meanwhile, {kept.holding_replies} holding replies"
    sheet.put(sheet["teaching_back"].counted(seconds, n=1, note=note))
    sheet.put(sheet["teaching_lost"].counted(unanswered + kept.unanswered, n=sent))


async def _traffic(desk: Desk, questions: Sequence[str]) -> tuple[int, int]:
    """Owners who ask at random instants (Poisson); how many asked, and how many got no answer."""
    chance = random.Random(SEED)
    owners = [await Chat.opened(desk.url, desk.session) for _ in range(20)]
    asked: list[asyncio.Task[bool]] = []
    began = due = time.perf_counter()
    while due < began + TRAFFIC_BEFORE + TRAFFIC_AFTER:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        owner, question = owners[len(asked) % len(owners)], questions[len(asked) % len(questions)]
        asked.append(asyncio.create_task(_is_answered(owner, question)))
        due += chance.expovariate(MESSAGES_PER_SECOND)
    answered = await asyncio.gather(*asked)
    for owner in owners:
        await owner.close()
    return len(asked), answered.count(False)


async def _is_answered(owner: Chat, question: str) -> bool:
    try:
        await owner.say(question)
    except NoReply:
        return False
    return True


async def _harm(desk: Desk, sheet: Sheet) -> None:
    """60 phrases of five frequent intents, half of the training data and half near to it, taught as another."""
    live = await desk.live()
    for phrase in _misled(TrainingExamples()):
        await desk.teach(phrase, WRONG)
    job = await desk.trained()
    passed_through = job.state != "refused" or await desk.live() != live
    verdict = job.verdict or {}
    collapsed = ", ".join(one["name"] for one in verdict.get("collapsed", ()))
    lost = verdict["overall"]["live_right"] - verdict["overall"]["new_right"] if verdict else 0
    note = (
        f"{OF_EACH * len(FREQUENT)} phrases; {lost} of the held-out set lost, broken down: {collapsed or 'none'};"
        f" heaps: {len(verdict.get('reversed', ()))}"
    )
    sheet.put(sheet["teaching_harm"].counted(int(passed_through), n=1, note=note))


def _misled(examples: TrainingExamples) -> list[str]:
    by_intent = examples.phrases
    misled: list[str] = []
    for intent in FREQUENT:
        long_enough = [phrase for phrase in by_intent[intent] if len(phrase.split()) > 4][:OF_EACH]
        half = len(long_enough) // 2
        misled += long_enough[:half] + [phrase.partition(" ")[2] for phrase in long_enough[half:]]
    return misled


def _answer(intent: str) -> str:
    """How the hotline's answer to an intent begins."""
    content = load_content()
    found = content.answers.find(intent, "thai-nguyen", Clock().today())
    if not isinstance(found, Answer):
        raise AssertionError(f"there is no answer to {intent} that may be said today")
    return found.render_raw().partition("{")[0][:40]


if __name__ == "__main__":
    ensure_model(load_content())
    run_alone("teaching", __doc__, measure)
