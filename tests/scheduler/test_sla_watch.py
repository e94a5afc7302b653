"""No request waits unseen: steps of the deadline reach the right people, and only while the office is open."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from programme.content import Content
from scheduler.sla_watch import MOST_AT_ONCE, SLA_WATCH
from store import notice_queries
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database
from tests.scheduler.waiting import HOUR, MINUTE, Office
from tests.store.plans import tables_read_whole

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.fixture
def office(database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> Office:
    return Office(database, clock, content, keyring)  # it is Monday, 9 o'clock


async def test_officers_on_duty_hear_of_a_new_request_at_once_and_once(office: Office) -> None:
    office.person("lan")
    office.person("at home", on_duty=False)
    office.person("firm", role="vendor")
    office.ask(commune=None)
    await office.minute()
    await office.minute()
    assert [to for to, _ in office.chats.said] == ["lan"]
    (words,) = office.chats.heard("lan")
    assert "Yêu cầu mới đang chờ: 1" in words and "hạn 09:00 ngày 24/11" in words
    assert "https://hotline.example/console/conversations/c1" in words


async def test_many_new_requests_are_one_message(office: Office) -> None:
    office.person("lan")
    for _ in range(MOST_AT_ONCE + 40):
        office.ask()
    await office.minute()
    (words,) = office.chats.heard("lan")
    assert f"Yêu cầu mới đang chờ: {MOST_AT_ONCE + 40}" in words and "… và" in words
    assert len(words) < 1000
    assert {status for *_, status in office.notices()} == {"told"}


async def test_what_comes_at_night_is_told_in_the_morning(office: Office) -> None:
    lan = office.person("lan")
    office.clock.set(at("2026-11-20T17:30"))  # a Friday
    number = office.ask()
    for moment in ("2026-11-20T17:31", "2026-11-21T09:00", "2026-11-21T11:00", "2026-11-23T07:29"):
        office.clock.set(at(moment))
        await office.minute()
        assert office.notices() == [] and office.chats.said == []
    office.clock.set(at("2026-11-23T07:30"))
    await office.minute()
    # Meanwhile it was due: only the newest step is told
    assert office.notices() == [(lan, number, "late", "told")]
    assert office.request(number).warned == 3 and office.request(number).announced_at is not None


async def test_the_chain(office: Office) -> None:
    lan, chief, root = (
        office.person(n, role=r) for n, r in (("lan", "officer"), ("chief", "supervisor"), ("root", "administrator"))
    )
    office.clock.set(at("2026-11-23T13:30"))
    number = office.ask()
    await office.minute()
    told = [(lan, "new")]
    for moment, step, people in (
        ("2026-11-24T07:29", 0, ()),  # 18 h have passed almost
        ("2026-11-24T07:30", 1, ((lan, "warning_1"),)),
        ("2026-11-24T11:29", 1, ()),
        ("2026-11-24T11:30", 1, ()),  # 22 h: lunch
        ("2026-11-24T13:00", 2, ((lan, "warning_2"), (chief, "warning_2"))),
        ("2026-11-24T13:29", 2, ()),
        ("2026-11-24T13:30", 3, ((lan, "late"), (chief, "late"), (root, "late"))),
        ("2026-11-24T13:31", 3, ()),
    ):
        office.clock.set(at(moment))
        await office.minute()
        told += people
        assert office.request(number).warned == step, moment
        assert [(account, kind) for account, _, kind, _ in office.notices()] == told, moment
    assert {status for *_, status in office.notices()} == {"told"}


async def test_an_answered_request_warns_nobody(office: Office) -> None:
    office.person("lan")
    number = office.ask(opened_at=office.clock.now() - 30 * HOUR)
    office.end(number)
    await office.minute()
    assert office.notices() == [] and office.request(number).warned == 0


async def test_what_its_holder_has_before_their_eyes_is_not_announced(office: Office) -> None:
    lan = office.person("lan")
    office.person("minh")
    seen, closed = office.ask(holder=lan), office.ask(holder=lan)
    office.look_at(lan, seen, office.clock.now() - timedelta(seconds=20))
    office.look_at(lan, closed, office.clock.now() - 3 * MINUTE)
    await office.minute()
    assert office.notices() == [(lan, closed, "new", "told")]
    assert office.request(seen).announced_at is not None


async def test_only_officers_of_the_commune_are_told(office: Office) -> None:
    lan = office.person("lan", communes=["05443"])
    office.person("minh", communes=["05446"])
    number = office.ask(commune="05443")
    await office.minute()
    assert office.notices() == [(lan, number, "new", "told")]


async def test_who_has_no_chat_sees_it_on_the_page(office: Office) -> None:
    office.person("lan", telegram_chat=None)
    number = office.ask(opened_at=office.clock.now() - 19 * HOUR)
    await office.minute()
    assert office.notices() == [] and office.request(number).warned == 1


async def test_without_telegram_nothing_waits_to_be_told(office: Office) -> None:
    office.person("lan")
    office.without_telegram()
    number = office.ask()
    await office.minute()
    assert office.notices() == [] and office.request(number).announced_at is not None


async def test_a_promise_that_was_made_stays_when_the_hours_change(office: Office) -> None:
    """48 hours were promised: what counts is how many are left."""
    office.person("lan")
    now = office.clock.now()
    early = office.ask(opened_at=now - 40 * HOUR, due_at=now + 8 * HOUR)
    near = office.ask(opened_at=now - 42 * HOUR, due_at=now + 6 * HOUR)
    await office.minute()
    assert (office.request(early).warned, office.request(near).warned) == (0, 1)


async def test_a_name_of_the_province_with_an_underscore_is_the_same_province(office: Office) -> None:
    office.person("lan")
    office.ask(province="thai_nguyen")
    await office.minute()
    assert len(office.chats.said) == 1


async def test_being_cut_off_between_the_two_loses_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.person("lan")
    number = office.ask()

    def dies(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(notice_queries, "mark_step", dies)
        with pytest.raises(RuntimeError):
            await SLA_WATCH.run(office.context)
    assert office.notices() == [] and office.request(number).announced_at is None
    await office.minute()
    assert len(office.chats.said) == 1


async def test_the_owner_hears_once_that_it_takes_longer(office: Office) -> None:
    office.person("lan")
    number = office.ask(opened_at=office.clock.now() - 24 * HOUR)
    await office.minute()
    await office.minute()
    assert [row.reply["entry"] for row in office.said_to_owners()] == ["person_late"]
    assert office.request(number).owner_told_at == office.clock.now()


@pytest.mark.parametrize(
    ("moment", "told"), [("2026-11-22T08:00", True), ("2026-11-22T07:59", False), ("2026-11-22T20:00", False)]
)
async def test_owners_are_told_in_daytime_also_on_a_sunday(office: Office, moment: str, told: bool) -> None:
    office.clock.set(at(moment))
    office.ask(opened_at=office.clock.now() - 25 * HOUR)
    await office.minute()
    assert bool(office.said_to_owners()) is told


async def test_an_apology_does_not_come_out_of_the_blue(office: Office) -> None:
    office.ask(opened_at=office.clock.now() - 49 * HOUR)
    await office.minute()
    assert office.said_to_owners() == []


async def test_looking_reads_no_request_that_has_ended(office: Office) -> None:
    office.person("lan")
    office.ask()
    now = office.clock.now()

    def look(connection: object) -> None:
        notice_queries.unseen_requests(connection, ["thai-nguyen"], [now, now], 10)  # type: ignore[arg-type]
        notice_queries.untold_owners(connection, now - HOUR, now, 10)  # type: ignore[arg-type]
        notice_queries.waiting_notices(connection)  # type: ignore[arg-type]

    assert tables_read_whole(office.database, look) == set()
