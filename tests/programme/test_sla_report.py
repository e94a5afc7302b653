"""The report on the promised time: what counts, what does not, and when the target is met."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from programme.content import Content
from programme.packs import UnknownProvince
from programme.sla_report import BadPeriod, Figures, SlaReport, Spread, shown_share, sla_report
from programme.sla_table import header, notes, rows
from store.clock import ManualClock
from store.console_tables import request
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database, insert_returning_id
from store.messages import Reply
from store.sla_queries import Dimension
from store.tables import conversation, escalation, inbound, officer, outbound
from tests.store.plans import tables_read_whole

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MONDAY = datetime(2026, 11, 16, 9, tzinfo=VIETNAM)
WEEK = (date(2026, 11, 16), date(2026, 11, 22))


class Desk:
    """Requests of a week, and the report on them. The clock stands on the Monday after, at 9 o'clock."""

    def __init__(self, database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> None:
        self.database, self.clock, self.content, self.keyring = database, clock, content, keyring

    def officer(self, name: str) -> int:
        row = {"name": name, "created_at": MONDAY}
        return self.database.run_now(lambda c: insert_returning_id(c, officer, row))

    def ask(self, outcome: str | None, after: timedelta | None, opened: datetime = MONDAY, **values: Any) -> int:
        """A request that ended `after` it was opened; the escalation's number. `case`: values of the escalation."""
        case = {"reason": "asked_for_person", "status": "open"} | values.pop("case", {})
        place = {"province": "thai-nguyen", "channel": "zalo"}
        place |= {key: values.pop(key) for key in ("province", "channel", "commune", "vendor") if key in values}
        due = {"opened_at": opened, "due_at": opened + 24 * HOUR}
        ended = {"outcome": outcome, "ended_at": None if after is None else opened + after}

        def add(connection: Any) -> int:
            number = self._conversation(connection, place)
            matter = insert_returning_id(connection, escalation, {"conversation_id": number, **place, **due, **case})
            row = {"conversation_id": number, "escalation_id": matter, "is_first": True, **place, **due, **ended}
            connection.execute(insert(request).values(row | values))
            return matter

        return self.database.run_now(add)

    def bot_says(self, entry: str, times: int = 1, sender: str = "bot", at: datetime = MONDAY, **place: str) -> None:
        """The bot answers one question, in so many messages."""

        def add(connection: Any) -> None:
            here = self._conversation(connection, {"province": "thai-nguyen", "channel": "zalo"} | place)
            asked = {"conversation_id": here, "seq": 1, "channel": "zalo", "provider_message_id": here, "text": "x"}
            asked |= {"kind": "message", "status": "answered", "attempts": 1, "received_at": at}
            question = insert_returning_id(connection, inbound, asked)
            for number in range(times):
                said = {"conversation_id": here, "seq": 2 + number, "in_reply_to": question, "sender": sender}
                said |= {"reply": Reply("x", entry=entry).as_json(), "created_at": at}
                connection.execute(insert(outbound).values(said))

        self.database.run_now(add)

    def _conversation(self, connection: Any, place: dict[str, Any]) -> str:
        contact = Contacts(connection, self.keyring).add(MONDAY, None)
        row = {"id": f"c{contact}", "channel": place["channel"], "address": str(contact), "province": place["province"]}
        row |= {"holder": "queue", "version": 0, "last_seq": 0, "contact_id": contact, "created_at": MONDAY}
        connection.execute(insert(conversation).values(row))
        return f"c{contact}"

    def report(self, by: Dimension = Dimension.CHANNEL, province: str = "thai-nguyen", **more: Any) -> SlaReport:
        days = more.pop("days", WEEK)
        now = self.clock.now()
        return self.database.read_now(lambda c: sla_report(c, self.content, province, days, by, now, VIETNAM, **more))

    def shares(self, by: Dimension) -> dict[Any, tuple[int, int]]:
        """In time and counted, by name."""
        return {line.name: (line.figures.in_time, line.figures.counted) for line in self.report(by).lines}


@pytest.fixture
def desk(database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> Desk:
    return Desk(database, clock, content, keyring)


def test_what_counts_and_what_does_not(desk: Desk) -> None:
    desk.ask("answered", 24 * HOUR)  # to the second
    desk.ask("answered", 24 * HOUR + timedelta(seconds=1))
    desk.ask("unanswered", HOUR)  # finished without an answer, however early
    desk.ask(None, None)  # waits since Monday
    desk.ask("withdrawn", 23 * HOUR)
    desk.ask("withdrawn", 25 * HOUR)  # its owner gave up
    desk.ask(None, None, opened=MONDAY + timedelta(days=6))  # on Sunday at 9: due now
    desk.ask(None, None, opened=MONDAY + timedelta(days=6, seconds=1))
    total = desk.report().total
    assert (total.in_time, total.late, total.not_answered, total.running, total.withdrawn) == (1, 1, 4, 1, 1)
    assert (total.requests, total.counted, total.share) == (8, 6, Fraction(1, 6))


@pytest.mark.parametrize(("in_time", "counted", "met"), [(95, 100, False), (951, 1000, True), (0, 1, False)])
def test_the_share_must_be_greater_than_the_target(content: Content, in_time: int, counted: int, met: bool) -> None:
    sla = content.packs.province("thai-nguyen").sla
    assert Figures(in_time=in_time, late=counted - in_time).meets(sla) is met


def test_where_nothing_counts_there_is_no_verdict(content: Content) -> None:
    idle = Figures(running=3, withdrawn=2)
    assert idle.share is None and idle.meets(content.packs.province("thai-nguyen").sla) is None
    assert shown_share(None) == ""


@pytest.mark.parametrize(
    ("share", "shown"), [(Fraction(94999, 100000), "94,99"), (Fraction(1), "100,00"), (Fraction(1, 30), "3,33")]
)
def test_a_share_is_never_rounded_up(share: Fraction, shown: str) -> None:
    assert shown_share(share) == shown


def test_a_day_is_a_day_of_the_province(desk: Desk) -> None:
    for opened in ("2026-11-15T23:59:59", "2026-11-16T00:00:00", "2026-11-22T23:59:59", "2026-11-23T00:00:00"):
        desk.ask("answered", HOUR, opened=datetime.fromisoformat(opened).replace(tzinfo=VIETNAM))
    report = desk.report(Dimension.DAY)
    assert [(line.key, line.figures.requests) for line in report.lines] == [
        (date(2026, 11, 16), 1),
        *((date(2026, 11, day), 0) for day in range(17, 22)),
        (date(2026, 11, 22), 1),
    ]
    assert report.total.requests == 2


def test_days_that_have_not_come_have_no_line(desk: Desk) -> None:
    report = desk.report(Dimension.DAY, days=(date(2026, 11, 22), date(2026, 11, 30)))
    assert [line.key.day for line in report.lines] == [22, 23]


def test_every_dimension(desk: Desk) -> None:
    lan = desk.officer("Cô Lan")
    desk.ask("answered", HOUR, channel="zalo", commune="05443", vendor="VNPT", officer_id=lan)
    desk.ask("answered", 30 * HOUR, channel="telegram", officer_id=lan)
    desk.ask(None, None, channel="zalo", commune="05443")
    name = desk.content.communes.by_code("05443")
    assert name is not None
    assert desk.shares(Dimension.CHANNEL) == {"Zalo": (1, 2), "Telegram": (0, 1)}
    assert desk.shares(Dimension.COMMUNE) == {name.full_name: (1, 2), None: (0, 1)}
    assert desk.shares(Dimension.VENDOR) == {"VNPT": (1, 1), None: (0, 2)}
    assert desk.shares(Dimension.OFFICER) == {"Cô Lan": (1, 2), None: (0, 1)}
    assert desk.shares(Dimension.DAY)["16/11/2026"] == (1, 3)


def test_only_the_provinces_own_however_it_is_written(desk: Desk) -> None:
    desk.ask("answered", HOUR, province="thai_nguyen")
    desk.ask("answered", HOUR, province="thanh-hoa")
    assert desk.report(province="thai-nguyen").total.requests == 1


def test_how_long_the_first_answer_took(desk: Desk) -> None:
    minutes = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560]
    for waited in minutes:
        desk.ask("answered", waited * MINUTE + timedelta(seconds=59))
    desk.ask("answered", 9 * MINUTE, is_first=False)  # a later question of the same matter
    desk.ask("unanswered", MINUTE)
    assert desk.report().total.first_answer == Spread(10, 80, 1280)


def test_how_long_a_matter_took_is_kept_apart(desk: Desk) -> None:
    for status in ("returned", "closed", "withdrawn"):
        desk.ask("answered", HOUR, case={"status": status, "closed_at": MONDAY + 50 * HOUR})
    desk.ask("answered", HOUR, case={"status": "taken"})
    total = desk.report().total
    assert total.resolution == Spread(2, 3000, 3000) and total.share == 1


def test_how_satisfied_owners_were(desk: Desk) -> None:
    for csat in ("satisfied", "satisfied", "neutral", "unsatisfied", None):
        desk.ask("answered", HOUR, case={"csat_asked_at": MONDAY, "csat": csat})
    desk.ask("answered", HOUR)
    said = desk.report().total.satisfaction
    assert (said.asked, said.satisfied, said.neutral, said.unsatisfied) == (5, 2, 1, 1)


def test_working_time_stands_beside_and_changes_nothing(desk: Desk) -> None:
    friday = datetime(2026, 11, 20, 16, tzinfo=VIETNAM)
    desk.ask("answered", timedelta(days=2, hours=16), opened=friday)  # on Monday at 8
    plain, report = desk.report().total, desk.report(with_working=True).total
    assert plain.working is None and report.working == Spread(1, 90, 90)
    assert (report.late, report.share) == (plain.late, plain.share) == (1, 0)


def test_answers_of_the_bot_are_counted_apart_and_once_a_question(desk: Desk) -> None:
    entry = next(iter(desk.content.answers)).id
    desk.bot_says(entry, times=2)
    desk.bot_says(entry, channel="telegram")
    desk.bot_says("welcome")  # no entry of the packs
    desk.bot_says(entry, sender="officer")
    desk.bot_says(entry, province="thanh-hoa")
    desk.bot_says(entry, at=MONDAY - timedelta(days=1))
    desk.bot_says(entry, at=MONDAY + timedelta(days=7))
    report = desk.report(Dimension.CHANNEL)
    assert report.total.bot_answers == 2 and report.total.requests == 0 and report.total.share is None
    assert {line.name: line.figures.bot_answers for line in report.lines} == {"Zalo": 1, "Telegram": 1}
    assert desk.report(Dimension.DAY).lines[0].figures.bot_answers == 2
    assert desk.report(Dimension.OFFICER).total.bot_answers == 2


def test_it_is_the_same_as_counting_by_hand(desk: Desk) -> None:
    chance, waited, outcomes = random.Random(6), [], Counter[str]()
    for _ in range(60):
        minutes, said = chance.randrange(1, 3000), chance.choice(["answered", "answered", "withdrawn", "unanswered"])
        desk.ask(said, minutes * MINUTE, channel=chance.choice(["zalo", "telegram"]))
        in_time = minutes <= 24 * 60
        outcomes[f"{said} {in_time}"] += 1
        waited += [minutes] if said == "answered" else []
    total = desk.report().total
    assert total.in_time == outcomes["answered True"] and total.late == outcomes["answered False"]
    assert total.withdrawn == outcomes["withdrawn True"]
    assert total.not_answered == outcomes.total() - total.in_time - total.late - total.withdrawn
    assert total.first_answer.median == statistics.median_low(waited)
    assert sum(line.figures.requests for line in desk.report().lines) == total.requests == 60


def test_a_period_that_is_none_is_refused(desk: Desk) -> None:
    for days in ((WEEK[1], WEEK[0]), (date(2025, 1, 1), date(2026, 11, 1))):
        with pytest.raises(BadPeriod):
            desk.report(days=days)
    with pytest.raises(UnknownProvince):
        desk.report(province="nowhere")


def test_the_table_says_what_it_means(desk: Desk) -> None:
    desk.ask("answered", HOUR)
    report = desk.report(Dimension.VENDOR, with_working=True)
    first, second = rows(report)
    assert len(header(report)) == len(first) == len(second)
    assert first[:10] == ("Toàn tỉnh", 1, 1, 0, 0, 0, 0, "100,00", "Đạt", 60)
    assert second[0] == "Chưa rõ doanh nghiệp" and "trên 95 %" in header(report)[8]
    assert "16/11/2026" in notes(report)[0]


def test_what_lies_outside_the_period_is_not_read(desk: Desk) -> None:
    desk.ask("answered", HOUR)
    desk.bot_says(next(iter(desk.content.answers)).id)
    for by in Dimension:
        args = (desk.content, "thai-nguyen", WEEK, by, desk.clock.now(), VIETNAM, True)
        read = tables_read_whole(desk.database, lambda c, args=args: sla_report(c, *args))
        assert read <= {"officer"}, by  # their names
