"""The trainer: what comes of a training whatever happens to it, and that the live model is left alone.

Rasa's own work is done by prepared results here; tests/hotline/test_teaching_for_real.py trains.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from bot.baton import officer_named
from bot.wakeups import Wakeups
from hotline import models, trainer
from hotline.models import archive_of, is_there
from hotline.trainer import Failed, Trainer
from programme import teaching, trained_models, training_jobs
from programme.content import Content
from programme.model_gate import MOST_REVERSED
from programme.taught_phrases import key_of
from programme.teaching import Opinion, Verdict
from programme.training_examples import TrainingExamples
from programme.training_jobs import LEASE
from store.clock import ManualClock
from store.console_tables import audit_log
from store.crypto import Keyring
from store.database import Database

RELEASE = "0123456789abcdef"
PHRASE = "thuế khoán bỏ hay chưa"


def write(archive: Path) -> None:
    archive.write_bytes(b"a model")
    archive.with_name(archive.name + ".sha256").write_text("0")


class Bench(Trainer):
    """A trainer whose children are functions. `reads`: how the new model reads everything; `children`: what ran."""

    reads, before = "ask_tax_threshold", None
    live_reads: tuple[str, float] | None = None  # how the live model reads what was taught
    children: list[str]

    async def _child(self, module: str, *arguments: str) -> None:
        self.children.append(module)
        await asyncio.sleep(0)
        if self.before is not None:
            await self.before(module)
        given = dict(zip(arguments[::2], arguments[1::2], strict=False))
        if module == "nlu.train":
            write(Path(given["--out"]))
            return
        taught = orjson.loads(Path(given["--taught"]).read_bytes())
        live, new = self._read("ask_tax_threshold"), self._read(self.reads)
        rows = [{"text": f"câu {n}", "style": "typo", "intent": "ask_tax_threshold"} for n in range(9)]
        result = {
            "threshold": 0.7,
            "utterances": [{**row, "live": live, "new": new} for row in rows],
            "taught": [
                {
                    **one,
                    "live": self._read(*(self.live_reads or (one["intent"], 0.3))),
                    "new": self._read(one["intent"]),
                }
                for one in taught
            ],
        }
        Path(given["--out"]).write_bytes(orjson.dumps(result))

    @staticmethod
    def _read(intent: str, sure: float = 0.9) -> dict[str, Any]:
        return {"intent": intent, "confidence": sure, "communes": []}


@pytest.fixture
def bench(
    database: Database,
    clock: ManualClock,
    keyring: Keyring,
    content: Content,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    monkeypatch.setattr(models, "MODELS", tmp_path)
    monkeypatch.setattr(trainer, "MODELS", tmp_path)
    monkeypatch.setattr(trainer, "WORK", tmp_path / "teaching")
    write(archive_of(RELEASE))
    made = Bench(database, clock, keyring, Wakeups(), content, RELEASE, TrainingExamples())
    made.children = []

    def begin(c: Any) -> None:
        now = clock.now()
        trained_models.settle(c, RELEASE, lambda _: True, now)
        said = Opinion(key_of(PHRASE), PHRASE, key_of(PHRASE), Verdict.INTENT, "ask_tax_threshold")
        officer = officer_named(c, "Hà", now)
        teaching.say(c, said, officer, now)
        training_jobs.ask(c, "asked", officer, now)

    database.run_now(begin)
    return made


def state(bench: Bench) -> tuple[str, str]:
    """Of the newest training, and the live model."""
    return bench.database.read_now(
        lambda c: (training_jobs.newest(c)[0].state, trained_models.live(c).model.name)  # type: ignore[union-attr]
    )


async def test_a_model_that_is_no_worse_takes_over_and_its_maker_is_recorded(bench: Bench) -> None:
    assert await bench.look() and not await bench.look()
    done, live = state(bench)
    assert done == "passed" and live.startswith(f"{RELEASE}-") and is_there(archive_of(live))
    found = bench.database.read_now(trained_models.live)
    assert found is not None and (found.officer, found.why, len(found.model.lessons)) == ("Hà", "gate", 1)
    rows = bench.database.read_now(lambda c: c.execute(select(audit_log.c.actor, audit_log.c.action)).all())
    assert [tuple(row) for row in rows] == [("Hà", "training.passed")]
    assert not (archive_of(RELEASE).parent / "teaching").exists()


async def test_a_worse_model_is_refused_removed_and_explained(bench: Bench) -> None:
    bench.reads = "ask_class"
    await bench.look()
    assert state(bench) == ("refused", RELEASE)
    (job,) = bench.database.read_now(training_jobs.newest)
    assert job.verdict is not None and len(job.verdict["flips"]) == 9 and job.verdict["against"] == RELEASE
    assert [path.name for path in archive_of(RELEASE).parent.glob("*.gz")] == [f"{RELEASE}.tar.gz"]


@pytest.mark.parametrize(
    ("broken", "error", "fault"),
    [
        ("nlu.train", Failed("nlu.train ended with -9"), "nlu.train ended with -9"),
        ("nlu.compare", Failed("nlu.compare ended with -9"), "nlu.compare ended with -9"),
        ("nlu.compare", TypeError("a fault of our own"), "TypeError: a fault of our own"),
    ],
)
async def test_whatever_fails_leaves_the_live_model_alone_and_the_process_alive(
    bench: Bench, broken: str, error: Exception, fault: str
) -> None:
    async def fail(module: str) -> None:
        if module == broken:
            raise error

    bench.before = fail  # type: ignore[assignment]
    await bench.look()
    assert state(bench) == ("failed", RELEASE)
    (job,) = bench.database.read_now(training_jobs.newest)
    assert job.fault == fault
    assert bench.database.run_now(lambda c: training_jobs.ask(c, "asked", None, bench.clock.now()))  # again


async def test_what_passed_in_portions_passes_together_when_a_new_release_is_taught_it_again(bench: Bench) -> None:
    bench.live_reads = ("ask_class", 0.9)
    now = bench.clock.now()

    def teach(c: Any) -> None:
        for n in range(MOST_REVERSED):
            said = Opinion(key_of(f"câu {n}"), f"câu {n}", key_of(f"câu {n}"), Verdict.INTENT, "ask_tax_threshold")
            teaching.say(c, said, officer_named(c, "Hà", now), now)

    bench.database.run_now(teach)
    await bench.look()
    assert state(bench) == ("refused", RELEASE)  # a heap

    def taught_before(c: Any) -> None:
        ids = [lesson.id for lesson in teaching.lessons(c)]
        for name, portion in (("old-1", ids[:3]), ("old-2", ids[:3] + ids[3:])):
            trained_models.add(c, name, "old", portion, True, {}, now)
        training_jobs.ask(c, "release", None, now)

    bench.database.run_now(taught_before)
    await bench.look()
    assert state(bench)[0] == "passed"


async def test_who_goes_back_while_it_trains_has_the_new_model_compared_with_what_answers_then(bench: Bench) -> None:
    other = f"{RELEASE}-other"
    write(archive_of(other))
    went = False

    async def go_elsewhere(module: str) -> None:
        nonlocal went
        if module == "nlu.compare" and not went:
            went = True
            now = bench.clock.now()

            def work(c: Any) -> None:
                model = trained_models.add(c, other, RELEASE, [], True, {}, now)
                trained_models.activate(c, model, "chosen", None, now)

            await bench.database.run(work)

    bench.before = go_elsewhere  # type: ignore[assignment]
    await bench.look()
    assert bench.children == ["nlu.train", "nlu.compare", "nlu.compare"]
    (job,) = bench.database.read_now(training_jobs.newest)
    assert job.state == "passed" and job.verdict is not None and job.verdict["against"] == other


async def test_a_trainer_that_lost_its_lease_has_no_effect(bench: Bench) -> None:
    async def lose(module: str) -> None:
        if module == "nlu.compare":
            bench.clock.advance(2 * LEASE)  # type: ignore[attr-defined]
            await bench.database.run(lambda c: training_jobs.take(c, "another", bench.clock.now()))

    bench.before = lose  # type: ignore[assignment]
    await bench.look()
    assert state(bench) == ("running", RELEASE)


async def test_a_stop_in_the_middle_gives_it_back_and_the_next_process_goes_on_with_the_archive(bench: Bench) -> None:
    began = asyncio.Event()

    async def hang(module: str) -> None:
        if module == "nlu.compare":
            began.set()
            await asyncio.Event().wait()

    bench.before = hang  # type: ignore[assignment]
    looking = asyncio.create_task(bench.look())
    await began.wait()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert state(bench) == ("waiting", RELEASE)
    bench.before, bench.children = None, []
    await bench.look()
    assert bench.children == ["nlu.compare"] and state(bench)[0] == "passed"


async def test_training_the_same_again_changes_nothing(bench: Bench) -> None:
    await bench.look()
    live = state(bench)[1]
    bench.database.run_now(lambda c: training_jobs.ask(c, "asked", None, bench.clock.now()))
    await bench.look()
    assert state(bench) == ("passed", live) and is_there(archive_of(live))
    assert len(bench.database.read_now(trained_models.history)) == 2


def test_models_of_releases_that_are_gone_go_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MODELS", tmp_path)
    for n, name in enumerate(("a", "a-1", "b", "b-1", "b-2", "c", "d")):
        write(archive_of(name))
        os.utime(archive_of(name), (n, n))
    models._forget_old_models()
    left = {path.name.removesuffix(".tar.gz") for path in tmp_path.glob("*.gz")}
    assert left == {"b", "b-1", "b-2", "c", "d"}
