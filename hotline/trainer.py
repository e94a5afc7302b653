"""Trains what officers have taught: takes the training that was asked for, has it compared with the model that answers,
and lets it answer when it is no worse.

Training and comparing are child processes in Rasa's environment, behind conversations in the processor's queue and gone
with this process. Whatever goes wrong, the live model is left alone. Effects are one transaction at the end, which only
the lease's holder can make; a training that begins again after a kill writes the same archive.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.model_switch import MODEL, TRAINING
from bot.wakeups import Wakeups
from hotline.models import ENDING, TAUGHT, archive_of, forget, is_there, lookup_table
from hotline.paths import MODELS, RASA_PYTHON, ROOT
from programme import teaching, trained_models, training_jobs
from programme.content import Content
from programme.model_gate import Judgement, judge
from programme.training_examples import Lesson, TrainingExamples
from programme.training_jobs import Training
from store.audit import Actor, record
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.logs import get_logger

log = get_logger("hotline.trainer")

LOOK_SECONDS = 2.0
RENEW_SECONDS = 8.0
CHILD_SECONDS = 15 * 60
NICE = 10
LOG = MODELS / "teaching.log"
WORK = MODELS / "teaching"
HELD_OUT = "nlu/eval/held_out.yml"


class Failed(Exception):
    """A child did not do its work; the text is for a technician."""


class LeaseLost(Exception):
    """Another process has taken the training."""


class Trainer:
    """One per process that has Rasa's environment. `release`: the name of its files' own model, which is trained."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        keyring: Keyring,
        wakeups: Wakeups,
        content: Content,
        release: str,
        examples: TrainingExamples,
    ) -> None:
        self.database, self.clock, self.keyring, self.wakeups = database, clock, keyring, wakeups
        self.content, self.release, self.examples = content, release, examples
        self.name = secrets.token_hex(16)

    async def run(self) -> None:
        """Train what is asked for, until cancelled."""
        while True:
            news = self.wakeups.listen(TRAINING)
            try:
                while await self.look():
                    pass
            except SQLAlchemyError:
                log.exception("trainer_cannot_look")
            await self.wakeups.wait(news, LOOK_SECONDS)

    async def look(self) -> bool:
        """Take and finish one training; whether there was one."""
        job = await self.database.run(lambda c: training_jobs.take(c, self.name, self.clock.now()))
        if job is None:
            return False
        log.info("training_begun", training=job.id, attempt=job.attempts)
        phase = ["training"]
        renewing = asyncio.create_task(self._renew(job.id, phase))
        working = asyncio.create_task(self._work(job, phase))
        try:
            await asyncio.wait([renewing, working], return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                log.warning("training_lost", training=job.id)
                return True
            await self._finish(job, working)
        finally:
            for task in (working, renewing):
                task.cancel()
            await asyncio.gather(working, renewing, return_exceptions=True)
            if not working.done() or working.cancelled():
                with contextlib.suppress(SQLAlchemyError):  # else its lease ends by itself
                    await asyncio.shield(self.database.run(lambda c: training_jobs.release(c, job.id, self.name)))
        return True

    async def _finish(self, job: Training, working: asyncio.Task[None]) -> None:
        error = working.exception()
        if error is None or isinstance(error, LeaseLost):
            return
        if isinstance(error, SQLAlchemyError):
            raise error  # its lease ends, and it is begun again
        # Whatever it is, it is the training's: owners go on being answered
        is_childs = isinstance(error, Failed)
        fault = str(error) if is_childs else f"{type(error).__name__}: {error}"
        log.error("training_failed", training=job.id, error=fault, exc_info=None if is_childs else error)

        def fail(connection: Connection) -> None:
            if training_jobs.end(connection, job.id, self.name, "failed", self.clock.now(), fault=fault):
                self._record(connection, job, "failed")

        await self.database.run(fail)

    async def _renew(self, id_: int, phase: list[str]) -> None:
        """Until the lease is lost."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with contextlib.suppress(SQLAlchemyError):
                if not await self.database.run(partial(self._still_mine, id_, phase[0])):
                    return

    def _still_mine(self, id_: int, phase: str, connection: Connection) -> bool:
        return training_jobs.renew(connection, id_, self.name, phase, self.clock.now())

    async def _work(self, job: Training, phase: list[str]) -> None:
        lessons = await self.database.read(teaching.lessons)
        archive = archive_of(taught_name(self.release, lessons))
        try:
            taught = await asyncio.to_thread(self._prepare, lessons)
            if not is_there(archive):
                await self._train(archive)
            phase[0] = "comparing"
            while not await self._compare_and_keep(job, archive, lessons, taught):
                log.info("training_compared_again", training=job.id)
        finally:
            shutil.rmtree(WORK, ignore_errors=True)

    def _prepare(self, lessons: Sequence[Lesson]) -> tuple[Lesson, ...]:
        shutil.rmtree(WORK, ignore_errors=True)
        taught = self.examples.write_with(lessons, WORK / "data")
        (WORK / "lookup.yml").write_text(lookup_table(self.content), encoding="utf-8")
        said = [{"id": one.id, "text": one.phrase, "intent": one.intent} for one in taught]
        (WORK / "taught.json").write_bytes(orjson.dumps(said))
        return taught

    async def _train(self, archive: Path) -> None:
        data = [str(WORK / "data"), "bot/flows", str(WORK / "lookup.yml")]
        await self._child("nlu.train", "--out", str(archive), "--domain", "bot/flows", "--data", *data)

    async def _compare_and_keep(
        self, job: Training, archive: Path, lessons: Sequence[Lesson], taught: Sequence[Lesson]
    ) -> bool:
        """False: another model answers meanwhile, so that it must be compared with that one."""
        live, passed = await self.database.read(lambda c: (trained_models.live(c), trained_models.passed(c)))
        if live is None or live.model.release != self.release:
            raise Failed("the live model belongs to another release")
        against = archive_of(live.model.name)
        if not is_there(against):
            raise Failed(f"the live model's archive {against.name} is gone")
        out = WORK / "compared.json"
        await self._child(
            "nlu.compare",
            *("--new", str(archive), "--live", str(against), "--held-out", HELD_OUT),
            *("--taught", str(WORK / "taught.json"), "--out", str(out)),
        )
        judgement = await asyncio.to_thread(lambda: judge(orjson.loads(out.read_bytes()), taught, passed))
        keep = partial(self._keep, job, archive, lessons, judgement, live.model.name)
        gone = await self.database.run(keep)
        if gone is not None:
            log.info("training_ended", training=job.id, passes=judgement.passes)
            self.wakeups.notify(MODEL)
            for name in gone:
                forget(archive_of(name))
        return gone is not None

    def _keep(
        self,
        job: Training,
        archive: Path,
        lessons: Sequence[Lesson],
        judgement: Judgement,
        compared_with: str,
        connection: Connection,
    ) -> tuple[str, ...] | None:
        """The result, all of it or nothing; whose archives may go, or None when it must be compared anew."""
        live, now = trained_models.live(connection), self.clock.now()
        if live is None or live.model.name != compared_with:
            return None
        verdict = {**judgement.as_json(), "against": compared_with}
        name, passes = archive.name.removesuffix(ENDING), judgement.passes
        figures = {"overall": verdict["overall"], "slices": verdict["slices"], "communes": verdict["communes"]}
        is_live_already = name == compared_with
        ids = [lesson.id for lesson in lessons]
        if is_live_already:
            model_id = live.model.id
        else:
            model_id = trained_models.add(connection, name, self.release, ids, passes, figures, now)
        state = "passed" if passes else "refused"
        if not training_jobs.end(connection, job.id, self.name, state, now, model_id=model_id, verdict=verdict):
            raise LeaseLost(job.id)
        if passes and not is_live_already:
            trained_models.activate(connection, model_id, "gate", job.officer_id, now)
        self._record(connection, job, state, model=name)
        return trained_models.forgettable(connection, self.release)

    def _record(self, connection: Connection, job: Training, state: str, **detail: Any) -> None:
        actor = Actor(job.officer or "hotline")
        record(connection, self.keyring, self.clock.now(), actor, f"training.{state}", f"training {job.id}", detail)

    async def _child(self, module: str, *arguments: str) -> None:
        """Run one of nlu's modules to its end. Raises Failed."""
        command = [str(RASA_PYTHON), "-W", "ignore", "-m", module, *arguments, "--nice", str(NICE), "--follow-stdin"]
        MODELS.mkdir(parents=True, exist_ok=True)
        with LOG.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
            )
        try:
            code = await asyncio.wait_for(process.wait(), CHILD_SECONDS)
        except TimeoutError:
            raise Failed(f"{module} took longer than {CHILD_SECONDS} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if code != 0:
            raise Failed(f"{module} ended with {code}; see {LOG.relative_to(ROOT)}")


def taught_name(release: str, lessons: Sequence[Lesson]) -> str:
    """The name of the model that is trained from a release's files and these lessons; the same ones, the same name."""
    said = orjson.dumps([[lesson.phrase, lesson.intent] for lesson in lessons])
    return f"{release}{TAUGHT}{hashlib.sha256(said).hexdigest()[:12]}"
