"""Each condition of the alarms: what opens it, what leaves it alone, what ends it."""

from __future__ import annotations

import itertools
import shutil
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from programme.content import Content
from programme.working_time import WorkingTime
from scheduler.conditions import CONDITIONS, GIBIBYTE
from scheduler.moments import Moment
from scheduler.watch import Watch
from store.campaign_tables import campaign, campaign_run, gateway_state
from store.channel_tables import attachment, channel_event, zalo_token
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database, insert_returning_id
from store.mail_tables import mailbox
from store.messages import Reply
from store.privacy_tables import purge
from store.sms_tables import sms_answer
from store.tables import conversation, data_request, inbound, outbound
from tests.store.plans import tables_read_whole

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BY_NAME = {condition.name: condition for condition in CONDITIONS}
Usage = namedtuple("Usage", "total used free")


class World:
    """A database to fill, and what a condition says of it."""

    def __init__(self, database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> None:
        self.database, self.clock, self.content, self.keyring = database, clock, content, keyring
        disks = (Path("/"),)
        self.watch = Watch(channels=("zalo", "telegram"), quiet_hours=4, volumes=disks, province="thai-nguyen")
        self._numbers = itertools.count(1)
        self._conversations: dict[str, str] = {}

    def says(self, name: str, is_open: bool = False) -> str | None:
        return self.database.read_now(lambda c: BY_NAME[name].check(self.moment(c, is_open)))

    def moment(self, connection: Connection, is_open: bool = False) -> Moment:
        hours = self.content.packs.province("thai-nguyen").working_hours
        working_time = WorkingTime(hours, self.content.deadlines, self.clock.timezone)
        return Moment(connection, self.clock.now(), self.clock.timezone, working_time, self.watch, is_open)

    def conversation(self, channel: str) -> str:
        """The one conversation of a channel."""
        if channel not in self._conversations:
            row = {"id": f"{channel}-1", "channel": channel, "address": "1", "province": "thai-nguyen"}
            row |= {"holder": "bot", "version": 0, "last_seq": 0, "created_at": self.clock.now()}

            def add(connection: Connection) -> None:
                contact = Contacts(connection, self.keyring).add(self.clock.now(), None)
                connection.execute(insert(conversation).values(row | {"contact_id": contact}))

            self.database.run_now(add)
            self._conversations[channel] = f"{channel}-1"
        return self._conversations[channel]

    def hear(self, channel: str = "zalo", status: str = "answered", ago: timedelta = timedelta(0)) -> int:
        number = next(self._numbers)
        row = {"conversation_id": self.conversation(channel), "seq": number, "channel": channel, "kind": "message"}
        row |= {"provider_message_id": str(number), "text": "x", "status": status, "attempts": 0}
        row["received_at"] = self.clock.now() - ago
        return self.database.run_now(lambda c: insert_returning_id(c, inbound, row))

    def say(self, status: str, error: str | None = None, ago: timedelta = timedelta(0), **more: Any) -> None:
        channel = more.pop("channel", "zalo")
        row = {"conversation_id": self.conversation(channel), "seq": next(self._numbers), "sender": "bot"}
        row |= {"reply": Reply("x").as_json(), "status": status, "error": error} | more
        row["created_at"] = self.clock.now() - ago
        self.database.run_now(lambda c: c.execute(insert(outbound).values(row)))

    def report(self, status: str = "done", channel: str = "zalo", ago: timedelta = timedelta(0)) -> None:
        """An event that is no message."""
        row = {"channel": channel, "event_id": str(next(self._numbers)), "name": "x", "status": status}
        row["received_at"] = self.clock.now() - ago
        self.database.run_now(lambda c: c.execute(insert(channel_event).values(row)))

    def attach(self, status: str, ago: timedelta = timedelta(0)) -> None:
        row = {"inbound_id": self.hear(ago=ago), "position": 0, "kind": "image", "status": status}
        self.database.run_now(lambda c: c.execute(insert(attachment).values(row)))

    def hold_pair(self, age: timedelta = HOUR, left: timedelta = 20 * HOUR, trouble: str | None = None) -> None:
        now = self.clock.now()
        row = {"id": 1, "access": "a", "refresh": "r", "issued_at": now - age, "expires_at": now + left}
        self.database.run_now(lambda c: c.execute(insert(zalo_token).values(row | {"trouble": trouble})))

    def disk(self, monkeypatch: pytest.MonkeyPatch, free: float, total: float) -> None:
        usage = Usage(int(total * GIBIBYTE), int((total - free) * GIBIBYTE), int(free * GIBIBYTE))
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    def close_mailbox(self, code: str, ago: timedelta) -> None:
        now = self.clock.now()
        row = {"name": "x", "last_uid": 0, "began_at": now, "trouble": code, "trouble_since": now - ago}
        self.database.run_now(lambda c: c.execute(insert(mailbox).values(row)))

    def ask_for_data(self, acknowledge_in: int, due_in: int, status: str = "open") -> None:
        today, now = self.clock.today(), self.clock.now()

        def work(connection: Connection) -> None:
            row = {
                "contact_id": Contacts(connection, self.keyring).add(now),
                "kind": "access",
                "status": status,
                "opened_at": now,
                "acknowledge_by": today + timedelta(days=acknowledge_in),
                "due_on": today + timedelta(days=due_in),
            }
            connection.execute(insert(data_request).values(row))

        self.database.run_now(work)

    def stop(self, gateway: str, code: str | None, ago: timedelta = timedelta(0)) -> None:
        """The dispatcher leaves a gateway alone for ten minutes."""
        until = self.clock.now() - ago + 10 * MINUTE
        row = {"gateway": gateway, "filled_at": self.clock.now(), "stopped_until": until, "stopped_for": code}
        self.database.run_now(lambda c: c.execute(insert(gateway_state).values(row)))

    def leave(self, gateway: str, balance: int, needed: int | None, ago: timedelta = timedelta(0)) -> None:
        row = {"gateway": gateway, "filled_at": self.clock.now(), "balance": balance, "needed": needed}
        row["balance_at"] = self.clock.now() - ago
        self.database.run_now(lambda c: c.execute(insert(gateway_state).values(row)))

    def answer_by_sms(self, status: str, ago: timedelta = timedelta(0)) -> None:
        at = self.clock.now() - ago
        row = {"uid": f"{next(self._numbers)}", "gateway": "speedsms", "text": "x", "status": status}
        row |= {"created_at": at, "settled_at": at}
        self.database.run_now(lambda c: c.execute(insert(sms_answer).values(row)))

    def planned(self, **values: Any) -> dict[str, Any]:
        """A paused campaign."""
        now = self.clock.now()
        plan: dict[str, Any] = {"province": "thai-nguyen", "name": "x", "kind": "staff", "status": "paused"}
        plan |= {name: [] for name in ("variants", "channels", "gateways", "stops")}
        plan |= {name: {} for name in ("audience", "schedule", "window", "pause_rule")}
        plan |= {"pace_per_minute": 1, "created_by": "a", "edited_by": "a", "created_at": now, "updated_at": now}
        return plan | values

    def stop_a_reminder(self, reason: str | None, reminder: str | None = "class_tomorrow") -> None:
        row = self.planned(reminder=reminder, pause_reason=reason)
        self.database.run_now(lambda c: c.execute(insert(campaign).values(row)))

    def pause_a_run(self, reason: str, ended: bool = False) -> None:
        now, plan = self.clock.now(), self.planned()
        run = {"due_at": now, "prepared": 0, "frozen_at": now, "status": "paused"}
        run |= {"pause_reason": reason, "ended_at": now if ended else None}

        def work(connection: Connection) -> None:
            id_ = insert_returning_id(connection, campaign, plan)
            connection.execute(insert(campaign_run).values(run | {"campaign_id": id_}))

        self.database.run_now(work)

    def purge(self, ago: timedelta, is_done: bool = False) -> None:
        now = self.clock.now()
        row = {"why": "erasure", "asked_at": now - ago, "done_at": now if is_done else None}
        self.database.run_now(lambda c: c.execute(insert(purge).values(row)))


@pytest.fixture
def world(
    database: Database, clock: ManualClock, content: Content, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> World:
    made = World(database, clock, content, keyring)
    made.disk(monkeypatch, free=50, total=100)
    return made


# What opens each alarm, and words that its detail must have. The clock stands at 9 o'clock on a Monday morning.
OPENING: dict[str, tuple[Callable[[World], None], str]] = {
    "quiet_zalo": (lambda w: w.hear(ago=3 * DAY + HOUR), "Zalo không đưa gì về trong 4 giờ làm việc"),
    "quiet_telegram": (lambda w: w.hear("telegram", ago=3 * DAY + HOUR), "Telegram"),
    "channel_down_zalo": (lambda w: w.say("waiting", "zalo_-204", ago=5 * HOUR), "OA đã bị khóa"),
    "channel_down_telegram": (lambda w: w.say("waiting", "telegram_token", channel="telegram"), "TELEGRAM_BOT_TOKEN"),
    "refused_zalo": (lambda w: w.say("failed", "zalo_-248"), "vi phạm tiêu chuẩn"),
    "refused_telegram": (lambda w: w.say("waiting", "telegram_conflict", channel="telegram"), "chương trình khác"),
    "mailbox_closed": (lambda w: w.close_mailbox("imap_login", ago=MINUTE), "không nhận tài khoản hoặc mật khẩu"),
    "channel_down_email": (lambda w: w.say("waiting", "email_login", channel="email"), "không nhận tài khoản"),
    "refused_email": (lambda w: w.say("waiting", "email_policy", channel="email"), "SPF, DKIM, DMARC"),
    "zalo_token_trouble": (lambda w: w.hold_pair(trouble="refused"), "từ chối"),
    "zalo_refresh_ageing": (lambda w: w.hold_pair(age=76 * DAY), "76 ngày"),
    "zalo_refresh_ending": (lambda w: w.hold_pair(age=86 * DAY), "86 ngày"),
    "zalo_access_ending": (lambda w: w.hold_pair(left=HOUR), "hết hạn lúc 10:00 ngày 23/11"),
    "inbox_old": (lambda w: w.hear(status="pending", ago=3 * MINUTE), "1 tin của chủ cửa hàng"),
    "outbox_old": (lambda w: w.say("waiting", ago=6 * MINUTE), "đã chờ 6 phút"),
    "undelivered": (lambda w: w.say("uncertain", "timed_out"), "1 tin không rõ đã đến chưa, 0 tin gửi không được"),
    "dead_letters": (lambda w: w.report("dead", ago=9 * DAY), "1 sự kiện"),
    "flood": (lambda w: w.hear(status="flood"), "1 tin bị gác lại"),
    "attachments_failed": (lambda w: w.attach("failed"), "1 tệp"),
    "balance": (lambda w: w.say("held", "zalo_-321"), "hết tiền"),
    "data_requests_due": (lambda w: w.ask_for_data(acknowledge_in=0, due_in=20), "1 yêu cầu đến hạn báo đã nhận"),
    "purge_waits": (lambda w: w.purge(ago=7 * HOUR), "1 lần xóa"),
    "reminders_stopped": (lambda w: w.stop_a_reminder("text_changed"), "1 lời nhắc tự động đã dừng"),
    "gateway_keys": (lambda w: w.stop("esms", "esms_101"), "eSMS: eSMS đang không cho gửi tin: ApiKey hoặc SecretKey"),
    "gateway_balance": (lambda w: w.stop("speedsms", "speedsms_300"), "không đủ tiền. (speedsms_300)"),
    "gateway_low": (lambda w: w.leave("esms", 300_000, 1_000_000), "eSMS còn 300.000 đồng, các đợt nhắc cần"),
    "refusal_unconfirmed": (lambda w: w.answer_by_sms("uncertain"), "1 lời từ chối"),
    "gateway_stopped": (lambda w: w.stop("zbs", "zalo_zbs_-120"), "ZBS (Zalo): Zalo đang không cho hotline gửi tin"),
}
DISK_ALONE = {"disk"}  # needs the disk, not the database: below


def all_is_well(world: World) -> None:
    """Much has happened, and nothing of it is anybody's trouble."""
    world.hear(ago=HOUR)
    world.hear("telegram", ago=HOUR)
    world.hear(status="pending", ago=MINUTE)
    world.hear(status="flood", ago=2 * HOUR)
    world.say("seen", ago=DAY)
    world.say("waiting", "zalo_-200", ago=4 * MINUTE)
    world.say("failed", "zalo_-204", ago=2 * HOUR)  # told an hour long
    world.say("uncertain", "zalo_no_answer", decide_at=world.clock.now() + MINUTE)  # its echo may still come
    world.report("settled")
    world.attach("stored")
    world.attach("failed", ago=2 * HOUR)
    world.hold_pair()
    world.close_mailbox("imap_not_reached", ago=5 * MINUTE)  # for a moment
    world.ask_for_data(2, 10)
    world.ask_for_data(0, 0, "done")
    world.purge(ago=HOUR)
    world.purge(ago=7 * HOUR, is_done=True)
    world.stop_a_reminder(None)  # switched off by a person
    world.stop_a_reminder("text", reminder=None)
    world.stop("esms", None)  # too fast for a moment
    world.stop("speedsms", "speedsms_300", ago=2 * HOUR)  # its runs went on elsewhere
    world.pause_a_run("too_many_errors")
    world.leave("zbs", 0, 5, ago=2 * HOUR)  # long ago: nobody needs it any more
    world.answer_by_sms("sent")
    world.answer_by_sms("failed", ago=2 * HOUR)


def test_every_condition_has_a_situation() -> None:
    assert set(OPENING) | DISK_ALONE == set(BY_NAME)
    assert len(BY_NAME) == len(CONDITIONS)
    assert all(len(condition.name) <= 60 for condition in CONDITIONS)


def test_nothing_is_said_of_a_new_hotline(world: World) -> None:
    assert {name for name in BY_NAME if world.says(name)} == set()


def test_nothing_is_said_while_all_is_well(world: World) -> None:
    all_is_well(world)
    assert {name: said for name in BY_NAME if (said := world.says(name))} == {}


@pytest.mark.parametrize(
    ("balance", "needed", "is_open", "is_low"),
    [
        (1_000_000, 1_000_001, False, True),
        (1_000_000, 1_000_000, False, False),
        (1_000_000, 1_000_000, True, True),  # over only at a tenth more
        (1_100_000, 1_000_000, True, False),
        (199_999, None, False, True),  # nobody knows the price: what should be there in any case
        (200_000, None, False, False),
        (0, 0, False, True),
    ],
)
def test_money_is_missed_before_the_gateway_refuses(
    world: World, balance: int, needed: int | None, is_open: bool, is_low: bool
) -> None:
    world.watch = replace(world.watch, least_balance=200_000)
    world.leave("esms", balance, needed)
    assert (world.says("gateway_low", is_open) is not None) is is_low


@pytest.mark.parametrize("name", OPENING)
def test_what_opens_an_alarm(world: World, name: str) -> None:
    begin, words = OPENING[name]
    begin(world)
    said = world.says(name)
    assert said is not None and words in said
    assert len(said) <= 500
    # Ageing is both; otherwise one trouble is one alarm
    also = {"zalo_refresh_ageing"} if name == "zalo_refresh_ending" else set()
    also |= {"outbox_old"} if name == "channel_down_zalo" else {"undelivered"} if name == "refused_zalo" else set()
    assert {other for other in BY_NAME if world.says(other)} == {name} | also


@pytest.mark.parametrize(
    ("name", "ends", "stays"),
    [("inbox_old", 20, 60), ("outbox_old", 50, 120)],
)
def test_what_has_opened_is_over_only_at_a_milder_measure(world: World, name: str, ends: int, stays: int) -> None:
    def wait(seconds: int) -> None:
        ago = timedelta(seconds=seconds)
        world.hear(status="pending", ago=ago) if name == "inbox_old" else world.say("sending", ago=ago)

    wait(ends)
    assert world.says(name, is_open=True) is None
    wait(stays)
    assert world.says(name) is None and world.says(name, is_open=True) is not None


@pytest.mark.parametrize(
    ("free", "total", "is_open", "said"),
    [
        (50, 100, False, False),
        (4.9, 100, False, True),
        (5.5, 100, False, False),
        (5.5, 100, True, True),
        (6.1, 100, True, False),
        (0.9, 10, False, True),
        (1.1, 10, False, False),
        (1.1, 10, True, True),
    ],
)
def test_a_disk_that_fills(
    world: World, monkeypatch: pytest.MonkeyPatch, free: float, total: float, is_open: bool, said: bool
) -> None:
    world.disk(monkeypatch, free, total)
    assert (world.says("disk", is_open) is not None) == said


def test_a_channel_is_not_quiet_while_its_events_come(world: World) -> None:
    world.hear(ago=3 * DAY + HOUR)
    world.report(ago=HOUR)
    assert world.says("quiet_zalo") is None


def test_a_channel_without_account_may_be_quiet(world: World) -> None:
    world.watch = Watch(channels=("telegram",))
    world.hear(ago=30 * DAY)
    assert world.says("quiet_zalo") is None


def test_a_night_and_a_weekend_are_no_silence(world: World) -> None:
    world.hear(ago=2 * DAY + 17 * HOUR)  # on Friday at 16 o'clock; now it is Monday, 9 o'clock
    assert world.says("quiet_zalo") is None


def test_what_waits_behind_a_held_message_waits_for_the_owner(world: World) -> None:
    world.say("held", "zalo_-230", ago=DAY)
    world.say("waiting", ago=HOUR)
    assert world.says("outbox_old") is None


def test_bulk_may_wait_for_its_turn(world: World) -> None:
    world.say("waiting", ago=HOUR, bulk=True)
    assert world.says("outbox_old") is None


def test_requests_about_personal_data_are_told_before_the_law_s_days(world: World) -> None:
    world.ask_for_data(0, 20)
    world.ask_for_data(5, 3)
    world.ask_for_data(5, -1)
    said = world.says("data_requests_due")
    assert said == "1 yêu cầu đến hạn báo đã nhận; 1 yêu cầu còn không quá 3 ngày; 1 yêu cầu quá hạn của luật."


@pytest.mark.parametrize(("ended", "is_told"), [(False, True), (True, False)])
def test_a_gateway_is_told_of_as_long_as_a_run_waits_for_it(world: World, ended: bool, is_told: bool) -> None:
    world.stop("esms", "esms_103", ago=5 * DAY)
    world.pause_a_run("esms_103", ended)
    assert (world.says("gateway_balance") is not None) == is_told


def test_looking_reads_no_table_whole(world: World) -> None:
    all_is_well(world)
    read = tables_read_whole(world.database, lambda c: [condition.check(world.moment(c)) for condition in CONDITIONS])
    # One row; and from the newest message back to a channel's last one, which SQLite calls a scan too
    of_a_row = {"zalo_token", "mailbox", "gateway_state"}
    assert read <= (of_a_row | {"inbound"} if world.database.is_sqlite else of_a_row)
