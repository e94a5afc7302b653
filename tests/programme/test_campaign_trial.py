"""A campaign from a file is written once, becomes due, and is frozen by the same job as every other."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, func, select, update

from bot.wakeups import Wakeups
from programme import campaign_trial, ledger
from programme.campaign_file import CampaignFile, read_campaign_file
from programme.campaign_people import Addressee, made_up, read_people
from programme.content import Content
from programme.ledger import State
from scheduler.campaigns import make_runs
from scheduler.kinds import JobContext
from store.campaign_tables import campaign, campaign_run, recipient
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database
from store.tables import consent, contact, opt_out

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
ROWS = "phone,name,commune,consent,opted_out\n" + "\n".join(
    ["0912345678,An,Đồng Hỷ,1,0", "0912345679,Bình,,0,1", "0912 345 678,An,,1,0", "12,Cúc,,1,0", ",Dung,,1,0"]
)


@pytest.fixture
def context(database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> JobContext:
    return JobContext(database, clock, content, Wakeups(), keyring)


def a_file(folder: Path, **fields: Any) -> CampaignFile:
    said = {"kind": "customer_care", "text": "Chào {{ name }}", "gateway": "simulator", "audience": {"count": 5}}
    path = folder / "campaign.json"
    path.write_text(json.dumps({**said, **fields}))
    return read_campaign_file(path, {"simulator": ("customer_care", "advertising")}, HERE)


def write(context: JobContext, file: CampaignFile, people: list[Addressee]) -> int:
    def work(connection: Connection) -> int:
        return campaign_trial.write(
            connection,
            context.keyring,
            context.content.communes,
            "thai-nguyen",
            file,
            file.text,
            people,
            context.clock.now(),
        )

    return context.database.run_now(work)


async def made(context: JobContext, id_: int) -> int:
    await make_runs(context)
    run = context.database.read_now(lambda c: campaign_trial.run_of(c, id_))
    assert run is not None
    return int(run["id"])


async def test_its_people_are_contacts_with_what_the_file_says_of_them(context: JobContext, tmp_path: Path) -> None:
    people = read_people(ROWS.encode())
    run = await made(context, write(context, a_file(tmp_path), people))
    with context.database.engine.connect() as connection:
        rows = connection.execute(select(contact.c.name, contact.c.phone).order_by(contact.c.id)).all()
        assert [tuple(row) for row in rows][:3] == [("An", "+84912345678"), ("Bình", "+84912345679"), ("An", None)]
        assert connection.scalar(select(func.count()).select_from(consent)) == 4
        assert connection.scalar(select(func.count()).select_from(opt_out)) == 1
        assert ledger.counts(connection, run).prepared == 5


async def test_it_is_found_again_by_its_file_and_by_no_other(context: JobContext, tmp_path: Path) -> None:
    file = a_file(tmp_path)
    id_ = write(context, file, list(made_up(5)))
    assert context.database.read_now(lambda c: campaign_trial.find(c, file.digest)) == id_
    other = a_file(tmp_path, text="Chào")
    assert context.database.read_now(lambda c: campaign_trial.find(c, other.digest)) is None


async def test_it_is_due_at_its_start_and_not_before(context: JobContext, clock: ManualClock, tmp_path: Path) -> None:
    start = clock.now() + timedelta(seconds=90)
    id_ = write(context, a_file(tmp_path, start=start.isoformat()), list(made_up(5)))
    await make_runs(context)
    assert context.database.read_now(lambda c: campaign_trial.run_of(c, id_)) is None
    clock.advance(timedelta(seconds=90))
    run = await made(context, id_)
    assert await made(context, id_) == run, "it is frozen once"
    assert context.database.read_now(lambda c: ledger.counts(c, run)).prepared == 5


async def test_after_its_deadline_everybody_is_too_late(
    context: JobContext, clock: ManualClock, tmp_path: Path
) -> None:
    file = a_file(tmp_path, deadline=(clock.now() - timedelta(hours=1)).isoformat())
    people = list(made_up(5))
    run = await made(context, write(context, file, people))
    said = context.database.read_now(lambda c: campaign_trial.outcome(c, run, 2.0, 0, people))
    assert said["skipped"] == {"too_late": 5} and said["prepared"] == 5


async def test_a_start_long_ago_is_not_too_late_before_the_deadline(
    context: JobContext, clock: ManualClock, tmp_path: Path
) -> None:
    start, deadline = clock.now() - timedelta(days=3), clock.now() + timedelta(hours=1)
    file = a_file(tmp_path, start=start.isoformat(), deadline=deadline.isoformat())
    run = await made(context, write(context, file, list(made_up(5))))
    assert context.database.read_now(lambda c: ledger.counts(c, run)).by_state[State.WAITING] == 5


async def test_the_outcome_has_the_contracts_keys_and_adds_up(context: JobContext, tmp_path: Path) -> None:
    people = read_people(ROWS.encode())
    run = await made(context, write(context, a_file(tmp_path), people))
    without = recipient.c.phone_key.is_(None)

    def happen(connection: Connection) -> None:
        skipped = {"status": State.SKIPPED, "reason": campaign_trial.NO_NUMBER}
        connection.execute(update(recipient).where(without).values(skipped))
        for state, reason, name in ((State.DELIVERED, None, "An"), (State.FAILED, "esms_99", "Bình")):
            ids = [row.id for row in connection.execute(select(contact.c.id, contact.c.name)) if row.name == name]
            one = update(recipient).where(recipient.c.contact_id.in_(ids), ~without)
            connection.execute(one.values(status=state, reason=reason))

    context.database.run_now(happen)
    assert context.database.read_now(lambda c: campaign_trial.outcome(c, run, 2.0, 0, people)) == {
        "prepared": 5,
        "accepted": 0,
        "delivered": 1,
        "failed": {"esms_99": 1},
        "skipped": {"duplicate": 1, "phone_invalid": 1, "phone_missing": 1},
        "uncertain": 0,
        "seconds": 2.0,
        "per_second": 1.0,
    }


async def test_a_database_where_another_campaign_runs_is_no_place_to_try(context: JobContext, tmp_path: Path) -> None:
    id_ = write(context, a_file(tmp_path), list(made_up(5)))
    await made(context, id_)
    assert not context.database.read_now(lambda c: campaign_trial.others_open(c, ["simulator"]))
    assert context.database.read_now(lambda c: campaign_trial.others_open(c, ["esms"]))
    context.database.run_now(lambda c: c.execute(update(campaign_run).values(status="ended")))
    assert not context.database.read_now(lambda c: campaign_trial.others_open(c, ["esms"]))


async def test_what_is_written_with_accents_goes_out_with_them(context: JobContext, tmp_path: Path) -> None:
    write(context, a_file(tmp_path), [])
    write(context, a_file(tmp_path, text="Chào mừng {{ name }}"), [])
    kept = context.database.read_now(lambda c: list(c.scalars(select(campaign.c.variants).order_by(campaign.c.id))))
    assert [variants[0]["unicode"] for variants in kept] == [False, True]


async def test_after_a_kill_nothing_waits_for_a_time_of_the_clock_of_before(
    context: JobContext, clock: ManualClock, tmp_path: Path
) -> None:
    run = await made(context, write(context, a_file(tmp_path), list(made_up(2))))
    ahead = clock.now() + timedelta(hours=1)

    def left(connection: Connection) -> None:
        first = select(func.min(recipient.c.id)).scalar_subquery()
        connection.execute(update(recipient).values(next_at=ahead))
        connection.execute(update(recipient).where(recipient.c.id == first).values(status=State.SENDING))

    context.database.run_now(left)
    context.database.run_now(lambda c: campaign_trial.take_over(c, run, "simulator", clock.now()))
    rows = context.database.read_now(lambda c: c.execute(select(recipient.c.status, recipient.c.next_at)).all())
    assert {row.status: row.next_at for row in rows} == {State.SENDING: clock.now(), State.WAITING: None}
