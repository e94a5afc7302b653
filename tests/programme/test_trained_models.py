"""Which model answers, and one training at a time: rows that outlive every process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bot.baton import officer_named
from programme import teaching, trained_models, training_jobs
from programme.taught_phrases import key_of
from programme.teaching import Opinion, Verdict
from programme.trained_models import NotSwitchable
from programme.training_jobs import LEASE, MOST_ATTEMPTS
from store.clock import ManualClock
from store.database import Database


@pytest.fixture
def now(database: Database, clock: ManualClock) -> Callable[[Callable[..., object]], object]:
    """Runs a function of (connection, now)."""
    return lambda work: database.run_now(lambda c: work(c, clock.now()))


def settle(release: str, has: bool = True) -> Callable[..., str]:
    return lambda c, at: trained_models.settle(c, release, lambda _: has, at)


def live(c: Connection, _: object = None) -> str:
    found = trained_models.live(c)
    return found.model.name if found else ""


def teach(c: Connection, at: object) -> int:
    officer = officer_named(c, "Hà", at)  # type: ignore[arg-type]
    words = "thuế khoán bỏ chưa"
    said = Opinion(key_of(words), words, key_of(words), Verdict.INTENT, "ask_tax")
    return teaching.say(c, said, officer, at)  # type: ignore[arg-type]


def add(c: Connection, at: object, name: str, release: str = "r1", is_ready: bool = True) -> int:
    return trained_models.add(c, name, release, [1], is_ready, {"overall": {}}, at)  # type: ignore[arg-type]


def test_the_first_start_lets_the_releases_own_model_answer_and_starting_again_changes_nothing(now: object) -> None:
    assert [now(settle("r1")), now(settle("r1")), now(live)] == ["r1", "r1", "r1"]
    assert len(now(lambda c, _: trained_models.history(c))) == 1
    assert now(lambda c, _: training_jobs.newest(c)) == ()


def test_after_an_upgrade_the_new_releases_own_model_answers_and_what_was_taught_is_trained_into_it(
    now: object,
) -> None:
    now(settle("r1")), now(teach)
    now(lambda c, at: trained_models.activate(c, add(c, at, "r1-a"), "gate", None, at))
    assert now(settle("r1")) == "r1-a"  # a restart
    assert now(settle("r2")) == "r2"
    (job,) = now(lambda c, _: training_jobs.newest(c))
    assert (job.state, job.why, job.officer) == ("waiting", "release", None)
    assert now(settle("r2")) == "r2" and len(now(lambda c, _: training_jobs.newest(c))) == 1
    with pytest.raises(NotSwitchable, match="other_release"):
        now(lambda c, _: trained_models.switchable(c, "r1-a", "r2"))


def test_a_live_model_whose_archive_is_gone_is_trained_anew(now: object) -> None:
    now(settle("r1")), now(teach)
    now(lambda c, at: trained_models.activate(c, add(c, at, "r1-a"), "gate", None, at))
    assert now(settle("r1", has=False)) == "r1"
    assert [job.why for job in now(lambda c, _: training_jobs.newest(c))] == ["release"]


def test_going_back_finds_what_answered_before_and_refused_or_foreign_models_never_answer(now: object) -> None:
    now(settle("r1"))
    assert now(lambda c, _: trained_models.before(c, "r1")) is None
    for name in ("r1-a", "r1-b"):
        now(lambda c, at, n=name: trained_models.activate(c, add(c, at, n), "gate", None, at))
    assert now(lambda c, _: trained_models.before(c, "r1").name) == "r1-a"
    assert now(lambda c, _: trained_models.before(c, "r2")) is None
    now(lambda c, at: trained_models.add(c, "r1-c", "r1", [1, 2], False, {}, at))
    for name, code in (("r1-c", "model_refused"), ("r1-x", "model_unknown")):
        with pytest.raises(NotSwitchable, match=code):
            now(lambda c, _, n=name: trained_models.switchable(c, n, "r1"))
    assert now(lambda c, _: trained_models.passed(c)) == {1}
    assert now(lambda c, _: trained_models.forgettable(c, "r1")) == ("r1-c",)
    for n in range(trained_models.KEPT):
        now(lambda c, at, n=n: trained_models.activate(c, add(c, at, f"r1-{n}"), "gate", None, at))
    assert now(lambda c, _: trained_models.forgettable(c, "r1")) == ("r1-a", "r1-b", "r1-c")


def test_one_training_at_a_time_is_taken_by_one_and_survives_its_process(now: object, clock: ManualClock) -> None:
    ask = lambda: now(lambda c, at: training_jobs.ask(c, "asked", None, at))  # noqa: E731
    take = lambda who: now(lambda c, at: training_jobs.take(c, who, at))  # noqa: E731
    assert (ask(), ask()) == (True, False)
    job = take("one")
    assert job.state == "running" and take("two") is None
    clock.advance(LEASE / 2)
    assert now(lambda c, at: training_jobs.renew(c, job.id, "one", "comparing", at))
    clock.advance(LEASE / 2 + timedelta(seconds=1))
    assert take("two") is None  # renewed
    clock.advance(LEASE)
    assert take("two").attempts == 2
    assert not now(lambda c, at: training_jobs.renew(c, job.id, "one", "comparing", at))
    assert not now(lambda c, at: training_jobs.end(c, job.id, "one", "passed", at))  # it was too late
    assert now(lambda c, at: training_jobs.end(c, job.id, "two", "refused", at, verdict={"passes": False}))
    assert [one.state for one in now(lambda c, _: training_jobs.newest(c))] == ["refused"]
    assert ask()


def test_a_training_that_kills_its_process_every_time_fails_in_the_end(now: object, clock: ManualClock) -> None:
    now(lambda c, at: training_jobs.ask(c, "asked", None, at))
    for n in range(MOST_ATTEMPTS):
        assert now(lambda c, at, n=n: training_jobs.take(c, f"p{n}", at)) is not None
        clock.advance(LEASE + timedelta(seconds=1))
    assert now(lambda c, at: training_jobs.take(c, "last", at)) is None
    (job,) = now(lambda c, _: training_jobs.newest(c))
    assert (job.state, job.fault) == ("failed", f"died {MOST_ATTEMPTS} times")


def test_a_training_that_is_given_back_at_a_stop_is_begun_at_once_by_the_next(now: object) -> None:
    now(lambda c, at: training_jobs.ask(c, "asked", None, at))
    job = now(lambda c, at: training_jobs.take(c, "one", at))
    now(lambda c, _: training_jobs.release(c, job.id, "one"))
    assert now(lambda c, at: training_jobs.take(c, "two", at)).attempts == 1
