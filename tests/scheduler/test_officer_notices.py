"""Officers are told in their own chat: one message each, again until it was said, never of what is over."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from integrations.errors import Fate
from programme.content import Content
from scheduler.officer_notices import OFFICER_NOTICES
from scheduler.sla_watch import SLA_WATCH
from store import notice_queries
from store.clock import ManualClock
from store.console_tables import account
from store.crypto import Keyring
from store.database import Database
from tests.scheduler.waiting import HOUR, MINUTE, Office


@pytest.fixture
def office(database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> Office:
    return Office(database, clock, content, keyring)


def statuses(office: Office) -> list[str]:
    return [status for *_, status in office.notices()]


async def test_one_message_has_the_most_urgent_first(office: Office) -> None:
    office.person("lan")
    now = office.clock.now()
    for ago in (0, 19, 25):
        office.ask(opened_at=now - ago * HOUR, commune="05443")
    await office.minute()
    (words,) = office.chats.heard("lan")
    assert words.startswith("Hotline Thái Nguyên\n\n🔴 Quá hạn trả lời: 1\n• số 3, ")
    assert words.index("🔴") < words.index("🟠 Sắp đến hạn trả lời: 1") < words.index("🔵")
    assert "hạn 14:00 ngày 23/11" in words


async def test_without_an_address_there_is_no_link(office: Office) -> None:
    office.person("lan")
    object.__setattr__(office.context.watch, "address", None)
    office.ask()
    await office.minute()
    assert "http" not in office.chats.heard("lan")[0] and "/console" not in office.chats.heard("lan")[0]


async def test_a_long_list_is_shortened_to_one_message(office: Office) -> None:
    office.person("lan")
    for ago in (0, 19, 25):
        for _ in range(60):
            office.ask(opened_at=office.clock.now() - ago * HOUR, commune="05443")
    await office.minute()
    (words,) = office.chats.heard("lan")
    assert len(words) <= 4000
    assert "… và 50 yêu cầu nữa: https://hotline.example/console/queue" in words
    assert set(statuses(office)) == {"told"}


@pytest.mark.parametrize("fate", [Fate.RETRY, Fate.UNCERTAIN, Fate.BACK_OFF, Fate.CHANNEL_DOWN])
async def test_what_could_not_be_said_is_said_later(office: Office, fate: Fate) -> None:
    office.person("lan")
    office.ask()
    office.chats.refuses["lan"] = fate
    await office.minute()
    assert statuses(office) == ["waiting"]
    office.chats.refuses.clear()
    office.clock.advance(MINUTE)
    await office.minute()
    assert statuses(office) == ["told"] and len(office.chats.heard("lan")) == 1


@pytest.mark.parametrize("fate", [Fate.UNREACHABLE, Fate.REFUSED])
async def test_a_chat_that_takes_nothing_is_not_tried_again_and_hides_nobody_elses(office: Office, fate: Fate) -> None:
    office.person("lan")
    office.person("minh")
    office.ask()
    office.chats.refuses["lan"] = fate
    await office.minute()
    assert statuses(office) == ["failed", "told"] and len(office.chats.heard("minh")) == 1


async def test_a_channel_that_is_down_is_not_asked_for_everybody(office: Office) -> None:
    office.person("lan")
    office.person("minh")
    office.ask()
    office.chats.refuses["lan"] = Fate.CHANNEL_DOWN
    await office.minute()
    assert statuses(office) == ["waiting", "waiting"]


async def test_what_was_answered_before_it_could_be_told_is_void(office: Office) -> None:
    office.person("lan")
    number = office.ask()
    await SLA_WATCH.run(office.context)
    office.end(number)
    await OFFICER_NOTICES.run(office.context)
    assert statuses(office) == ["void"] and office.chats.said == []


async def test_who_has_left_is_not_told(office: Office) -> None:
    lan = office.person("lan")
    office.ask()
    await SLA_WATCH.run(office.context)
    left = update(account).filter_by(id=lan).values(disabled_at=office.clock.now())
    office.database.run_now(lambda c: c.execute(left))
    await OFFICER_NOTICES.run(office.context)
    assert statuses(office) == ["void"] and office.chats.said == []


async def test_what_could_not_be_told_before_the_next_step_is_overtaken(office: Office) -> None:
    office.person("lan")
    office.ask(opened_at=office.clock.now() - 17 * HOUR - 59 * MINUTE)
    office.chats.refuses["lan"] = Fate.RETRY
    await office.minute()
    office.chats.refuses.clear()
    office.clock.advance(MINUTE)
    await office.minute()
    assert [(kind, status) for _, _, kind, status in office.notices()] == [("new", "void"), ("warning_1", "told")]
    assert len(office.chats.said) == 1


async def test_nobody_is_disturbed_at_night_by_what_was_not_told_in_the_day(office: Office) -> None:
    office.person("lan")
    office.ask()
    office.chats.refuses["lan"] = Fate.RETRY
    await office.minute()
    office.chats.refuses.clear()
    office.clock.advance(12 * HOUR)
    await office.minute()
    assert office.chats.said == [] and statuses(office) == ["waiting"]


async def test_dying_before_the_mark_says_it_twice_and_loses_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.person("lan")
    office.ask()

    def dies(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(notice_queries, "end_notices", dies)
        with pytest.raises(RuntimeError):
            await office.minute()
    await office.minute()
    assert len(office.chats.heard("lan")) == 2 and statuses(office) == ["told"]
