"""The drill: a backup while the hotline works, a loss, a restore; nobody who left comes back, nothing is sent again."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, func, insert, select, update

from bot import baton, dead_letters, holding, inbox, outbox
from bot.baton import Reason
from bot.files import Files
from bot.keeper import Keeper
from bot.pace import Pace
from bot.sender import Sender
from bot.wakeups import Wakeups
from console import accounts, api_tokens
from console.accounts import Rights
from console.api_tokens import ApiScope, Grant
from console.roles import Role
from integrations.simulation.people import Wish
from integrations.telegram.provider import TelegramProvider
from integrations.telegram.simulator import TelegramSimulator
from integrations.zalo.oauth import Pair
from integrations.zalo.tokens import replace_pair
from programme import consents
from programme.content import Content
from programme.erasure import erase
from scheduler.ticker import Ticker
from store import audit, forgotten
from store.channel_tables import zalo_token
from store.clock import ManualClock
from store.console_tables import account_session, request
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database, open_database
from store.forgotten import Kind
from store.forgotten_file import ForgottenFile
from store.messages import InboundMessage, Reply
from store.settings import Settings
from store.survey_tables import due_job, lead, survey_response
from store.tables import consent, conversation, escalation, inbound, opt_out, outbound
from tests.conftest import NOW, SECRET
from tests.hotline.commands import hotline
from tests.hotline.restoring_places import at, opt_out_of, still_open
from tests.hotline.restoring_places import elsewhere as elsewhere
from tests.hotline.restoring_places import var as var
from tests.programme.test_erasure import NAME, PHONE, Owners


async def test_a_drill(
    database: Database,
    database_url: str,
    keyring: Keyring,
    clock: ManualClock,
    content: Content,
    tmp_path: Path,
    var: Path,
    elsewhere: str,
) -> None:
    owners, telegram = Owners(database, keyring, clock), TelegramSimulator()
    telegram.clock.set(NOW)
    person = next(iter(telegram.people))
    telegram.actions["text"](person, Wish({"text": "xin chào"}))
    leaver, leavers_talk = owners.make("zalo", "leaver")
    owners.fill(leaver, leavers_talk, "zalo")
    quiet, quiets_talk = owners.make("zalo", "quiet", "Trần Thị Yên")
    owners.write(quiets_talk, "zalo", "em chào", "q-1")
    stays, stays_talk = owners.make("telegram", str(person.id), "Lê Văn Ở")
    owners.write(stays_talk, "telegram", "hỏi về tên miền", "s-1")

    def under_way(c: Connection) -> None:
        now = clock.now()
        for status in ("waiting", "sending", "held", "uncertain"):
            outbox.say(c, stays_talk, "telegram", [Reply(f"tin {status}")], now)
            newest = select(func.max(outbound.c.id)).scalar_subquery()
            c.execute(update(outbound).where(outbound.c.id == newest).values(status=status))
        replace_pair(c, Pair("access" * 5, "refresh" * 5), now)
        c.execute(insert(due_job).values(kind="campaigns", due_at=now))
        officer = baton.officer_named(c, "Hà", now)
        number = baton.escalate(c, quiets_talk, Reason.ASKED, now, 24)
        holding.take(c, number, officer, now)
        who = accounts.create(c, "ha", "Hà", Rights(Role.OFFICER), now, password_hash="hers")
        accounts.create(c, "nam", "Nam", Rights(Role.ADMINISTRATOR), now, password_hash="his")
        for partner in ("MISA", "VNPT"):
            api_tokens.make(c, keyring, Grant(partner, (ApiScope.CLASSES_READ,)), 9, now)
        seen = {"created_at": now, "seen_at": now, "expires_at": now + timedelta(hours=9)}
        c.execute(insert(account_session).values(account_id=who, token_hash=b"x", browser="", network="", **seen))
        agreed = {"purpose": "domain_reminder", "text_version": 1, "channel": "telegram", "given_at": now}
        c.execute(insert(consent).values(contact_id=stays, **agreed))
        offer = {"status": "offered", "created_at": now, "status_at": now, "accept_by": now + timedelta(hours=1)}
        c.execute(insert(lead).values(contact_id=stays, vendor="VNPT", province="thai-nguyen", **offer))
        audit.record(c, keyring, now, audit.Actor("Hà"), "conversation.viewed", "conversation 1", {"a": 1})
        opt_out_of(c, keyring, stays, now)  # known to the backup, and taken back after it

    database.run_now(under_way)
    file, here = tmp_path / "copy.backup", {"HOTLINE_DATABASE_URL": database_url, "HOTLINE_NOW": NOW.isoformat()}
    stop = threading.Event()
    busy = threading.Thread(target=_keep_writing, args=(owners, quiets_talk, stop))
    busy.start()
    made = hotline("backup", str(file), **here)
    stop.set()
    busy.join()
    assert made.returncode == 0 and file.stat().st_mode & 0o777 == 0o600, made.stderr
    assert NAME.encode() not in file.read_bytes() and "Đã sao lưu" in made.stdout.decode()
    assert "nguyên vẹn" in hotline("backup", "verify", str(file)).stdout.decode()

    clock.advance(timedelta(hours=3))

    def later(c: Connection) -> None:
        now = clock.now()
        erase(c, keyring, leaver, now)
        opt_out_of(c, keyring, quiet, now)
        consents.withdraw(c, keyring, stays, now, "domain")
        c.execute(opt_out.delete().where(opt_out.c.contact_id == stays))
        forgotten.record(c, now, Kind.OPT_IN, forgotten.keys_of(c, keyring, [stays]))
        accounts.disable(c, accounts.with_login(c, "ha").id, now)
        api_tokens.revoke(c, 1, now)

    database.run_now(later)
    notes = ForgottenFile(var / "forgotten.jsonl", keyring)
    assert notes.follow_now(database) == 7 and notes.follow_now(database) == 0

    there = {"HOTLINE_DATABASE_URL": elsewhere, "HOTLINE_NOW": at()}
    refused = hotline("restore", str(file), **there)
    assert refused.returncode == 1 and "--forgotten" in refused.stderr.decode()
    copy = tmp_path / "elsewhere.jsonl"
    copy.write_bytes(notes.path.read_bytes())
    done = hotline("restore", str(file), "--forgotten", str(copy), **there)
    assert done.returncode == 0, done.stderr
    assert "4 tin chưa rõ" in done.stdout.decode() and "nhật ký: nguyên vẹn" in done.stdout.decode()
    assert "2 lần khóa" in done.stdout.decode()
    assert "còn trống" in hotline("restore", str(file), "--forgotten", str(copy), **there).stderr.decode()
    verified = hotline("audit", "verify", **there)
    assert verified.returncode == 0, verified.stderr

    restored = open_database(elsewhere, Keyring(SECRET), clock)
    clock.set(NOW + timedelta(days=1))
    telegram.clock.set(clock.now())
    try:
        _nobody_came_back(restored, keyring, (leaver, quiet, stays))
        _all_is_at_rest(restored)
        async with telegram.running() as url:
            token = SecretStr(telegram.account()["TELEGRAM_BOT_TOKEN"])
            provider = TelegramProvider.from_settings(
                Settings(**{"telegram_bot_token": token, "telegram_api_url": url})
            )
            wakeups = Wakeups()
            sender = Sender(
                restored, clock, {"telegram": provider}, Pace(clock), Files(restored, content, clock), wakeups
            )
            ticker = Ticker(restored, clock, content, wakeups, keyring)
            for _ in range(8):
                await ticker.look()
                await Keeper(restored, clock, content.answers, wakeups).look()
                await sender.deliver_due()
                clock.advance(timedelta(hours=1, minutes=1))
                telegram.clock.set(clock.now())
            assert [bubble.text for bubble in person.bubbles if bubble.side == "account"] == []
            states = select(lead.c.status).where(lead.c.contact_id == stays)
            assert restored.read_now(lambda c: c.scalars(states).all()) == ["offered"]  # and no other firm is asked
            # a person has looked, and sends one of them
            letter = next(letter for letter in restored.read_now(dead_letters.waiting) if letter.words == "tin waiting")
            restored.run_now(lambda c: dead_letters.resend(c, letter.ref, clock.now()))
            await sender.deliver_due()
            assert [bubble.text for bubble in person.bubbles if bubble.side == "account"] == ["tin waiting"]
            await provider.close()
        # providers repeat what was not acknowledged: what the backup knows it knows
        again = InboundMessage("telegram", "", "s-1", clock.now(), "hỏi về tên miền")
        assert restored.run_now(lambda c: inbox.accept(c, stays_talk, again, clock.now())).duplicate
        # the notes of this database are whole again, for the next restore
        assert {note.uid for note in notes.read()} == restored.read_now(forgotten.uids)
    finally:
        restored.close()


def _keep_writing(owners: Owners, here: str, stop: threading.Event) -> None:
    for number in range(10_000):
        if stop.is_set():
            return
        owners.write(here, "zalo", f"tin {number}", f"busy-{number}")


def _nobody_came_back(restored: Database, keyring: Keyring, people: tuple[int, int, int]) -> None:
    leaver, quiet, stays = people

    def look(c: Connection) -> None:
        assert not Contacts(c, keyring).with_phone(PHONE) and not Contacts(c, keyring).with_name(NAME)
        assert Contacts(c, keyring).get(leaver).name is None
        assert c.scalar(select(func.count()).select_from(survey_response).filter_by(contact_id=leaver)) == 0
        words = select(inbound.c.text).join(conversation).where(conversation.c.contact_id == leaver)
        assert set(c.scalars(words)) == {""}
        assert list(c.scalars(select(opt_out.c.contact_id))) == [quiet]
        assert c.scalars(select(consent.c.withdrawn_at).filter_by(contact_id=stays)).one() is not None
        assert Contacts(c, keyring).with_name("Trần Yên") == [quiet]  # who did nothing is there
        assert still_open(c) == (["nam"], ["VNPT"])
        assert forgotten.has_opted_out(c, [forgotten.address_key(keyring, "zalo", "leaver")])

    restored.read_now(look)


def _all_is_at_rest(restored: Database) -> None:
    def look(c: Connection) -> None:
        unsent = select(outbound.c.status, outbound.c.error).where(outbound.c.error.is_not(None)).distinct()
        assert set(c.execute(unsent).all()) == {("uncertain", "restored"), ("settled", "erased")}
        pending = select(func.count()).select_from(inbound).where(inbound.c.status == "pending")
        assert c.scalar(pending) == 0
        holders = select(conversation.c.holder).where(~conversation.c.address.startswith("erased-"))
        assert set(c.scalars(holders)) == {"queue"}
        assert not c.scalar(select(func.count()).select_from(escalation).where(escalation.c.status == "taken"))
        assert set(c.execute(select(conversation.c.wake_at, conversation.c.send_at)).all()) == {(None, None)}
        assert c.scalar(select(func.count()).select_from(account_session)) == 0
        assert c.scalar(select(zalo_token.c.trouble)) == "refused"
        assert set(c.scalars(select(lead.c.accept_by))) == {None}
        assert not c.scalar(select(func.count()).select_from(due_job).where(due_job.c.done_at.is_(None)))
        running = select(request.c.owner_told_at).where(request.c.ended_at.is_(None))
        assert None not in c.scalars(running).all()

    restored.read_now(look)


# --- bad input


def test_what_cannot_be_done_says_what_to_do(
    database: Database, database_url: str, keyring: Keyring, tmp_path: Path, var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"HOTLINE_DATABASE_URL": database_url}
    database.run_now(lambda c: accounts.create(c, "ha", "Hà", Rights(Role.OFFICER), NOW, password_hash="x"))
    database.run_now(lambda c: api_tokens.make(c, keyring, Grant("MISA", (ApiScope.CLASSES_READ,)), 9, NOW))
    file, empty = tmp_path / "a.backup", {"HOTLINE_DATABASE_URL": f"sqlite:///{tmp_path / 'empty.db'}"}
    assert hotline("backup", str(file), **here).returncode == 0
    (var / "forgotten.jsonl").write_text("{}\n")  # of somewhere else
    foreign = hotline("backup", str(tmp_path / "foreign.backup"), **here)
    assert foreign.returncode == 1 and "dòng 1" in foreign.stderr.decode() and "Đã sao lưu" in foreign.stdout.decode()
    (var / "forgotten.jsonl").unlink()

    def said(*arguments: str, **environment: str) -> str:
        done = hotline(*arguments, **environment)
        assert done.returncode == 1, done.stdout
        return done.stderr.decode()

    assert "đã có" in said("backup", str(file), **here)
    assert "Không có thư mục" in said("backup", str(tmp_path / "no" / "a.backup"), **here)
    assert "còn trống" in said("backup", str(tmp_path / "b.backup"), **empty)
    other = {**here, "HOTLINE_SECRET_KEY": "y" * 40}
    assert "khóa của cơ sở dữ liệu" in said("backup", str(tmp_path / "b.backup"), **other)
    assert "HOTLINE_SECRET_KEY khác" in said("backup", "verify", str(file), **other)
    assert "Không có tệp" in said("backup", "verify", str(tmp_path / "none"), **here)
    (tmp_path / "text").write_text("xin chào")
    assert "không phải là bản sao lưu" in said("backup", "verify", str(tmp_path / "text"), **here)
    assert "Không có tệp" in said("restore", str(file), "--forgotten", str(tmp_path / "none"), **empty)
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text("{}\n")
    fresh = {"HOTLINE_DATABASE_URL": f"sqlite:///{tmp_path / 'fresh.db'}"}
    assert "Dòng 1" in said("restore", str(file), "--forgotten", str(wrong), **fresh)
    harmed = tmp_path / "harmed.backup"
    harmed.write_bytes(file.read_bytes()[:-1])
    assert "bị hỏng" in said("restore", str(harmed), "--without-forgotten", **fresh)
    assert "Chưa có khóa" in said("restore", str(file), "--without-forgotten", **fresh, HOTLINE_SECRET_KEY="")
    assert not list(var.glob("secret*"))  # none is made for it
    assert not list(tmp_path.glob("fresh.db*")) and not list(tmp_path.glob(".*.part"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as nearly_full:
        nearly_full.setattr("hotline.backup_file.os.fsync", full)
        assert "Hết chỗ" in said("backup", str(tmp_path / "c.backup"), **here)
    assert not list(tmp_path.glob("*c.backup*"))
    # nobody knows who was shut out since
    done = hotline("restore", str(file), "--without-forgotten", **fresh)
    assert done.returncode == 0 and "2 lần khóa" in done.stdout.decode()
    restored = Database(fresh["HOTLINE_DATABASE_URL"])
    assert restored.read_now(still_open) == ([], [])
    restored.close()
