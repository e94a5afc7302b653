"""One real training: what is taught is understood afterwards, and what it costs to mislead the model is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.baton import officer_named
from bot.wakeups import Wakeups
from hotline.models import archive_of, is_there, release_of
from hotline.trainer import Trainer
from programme import teaching, trained_models, training_jobs
from programme.content import Content
from programme.taught_phrases import key_of
from programme.teaching import Opinion, Verdict
from programme.training_examples import TrainingExamples
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database

RIGHT = {"bà ngoại bán trà đá ở bến xe thì thuế má ra răng": "ask_tax_threshold"}
# The model reads these surely and rightly today.
WRONG = {
    "doanh thu bao nhiêu thì hộ kinh doanh phải nộp thuế": "ask_class",
    "bán dưới một tỷ có phải nộp thuế không": "ask_class",
    "mức doanh thu không chịu thuế là bao nhiêu": "ask_class",
    "dưới 1 tỷ có phải đóng thuế không em": "ask_class",
    "ngưỡng chịu thuế năm nay bao nhiêu": "ask_class",
    "hộ nhỏ có được miễn thuế không": "ask_class",
    "năm nay bán 300 triệu có phải đóng thuế không": "ask_class",
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_harmful_set_is_stopped_and_names_what_did_it(
    database: Database, clock: ManualClock, keyring: Keyring, content: Content, model: Path
) -> None:
    release = release_of(content)
    trainer = Trainer(database, clock, keyring, Wakeups(), content, release, TrainingExamples())

    def teach(c: object) -> None:
        now = clock.now()
        trained_models.settle(c, release, lambda _: True, now)  # type: ignore[arg-type]
        officer = officer_named(c, "Hà", now)  # type: ignore[arg-type]
        for phrase, intent in {**RIGHT, **WRONG}.items():
            said = Opinion(key_of(phrase), phrase, key_of(phrase), Verdict.INTENT, intent)
            teaching.say(c, said, officer, now)  # type: ignore[arg-type]
        training_jobs.ask(c, "asked", officer, now)  # type: ignore[arg-type]

    database.run_now(teach)
    await trainer.look()
    (job,) = database.read_now(training_jobs.newest)
    assert job.state == "refused", (job.fault, job.verdict)
    assert job.verdict is not None and job.verdict["not_learnt"] == []  # it did learn; that is the danger
    taken = {one["intent"] for one in job.verdict["reversed"]} | {one["name"] for one in job.verdict["collapsed"]}
    assert "ask_tax_threshold" in taken
    live = database.read_now(trained_models.live)
    assert live is not None and live.model.name == release and is_there(archive_of(release))
