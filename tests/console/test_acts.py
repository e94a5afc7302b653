from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot import holding
from bot.baton import OFFICER_LEASE
from console.context import ConsoleContext
from console.roles import Role
from store.console_tables import audit_log, request
from store.tables import conversation, outbound
from tests.console.conftest import Browser, MakePerson, OpenBrowser
from tests.console.owners import Street


def _said(context: ConsoleContext, id_: str, sender: str = "officer") -> list[str]:
    rows = select(outbound.c.reply).filter_by(conversation_id=id_, sender=sender).order_by(outbound.c.seq)
    return [reply["text"] for reply in context.database.read_now(lambda c: c.scalars(rows).all())]


async def _act(browser: Browser, id_: str, act: str, **form: object) -> int:
    return (await browser.post(f"/console/conversations/{id_}/{act}", form)).status_code


async def test_a_day_with_one_owner(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("tôi muốn gặp cán bộ")
    browser = open_browser(make_person("Hà"))
    assert await _act(browser, id_, "take") == 303
    assert street.holder(id_) == "officer"
    assert await _act(browser, id_, "answer", text="Dạ, em chào cô ạ.", said="1") == 303
    assert _said(context, id_) == ["Dạ, em chào cô ạ."]
    assert street.row(id_)["waiting_since"] is None
    page = (await browser.get(f"/console/conversations/{id_}")).text
    assert "Dạ, em chào cô ạ." in page
    assert await _act(browser, id_, "close", topic="tax") == 303
    assert (street.holder(id_), street.row(id_)["topic"]) == ("closed", "tax")
    assert any("hài lòng" in text for text in _said(context, id_, "bot"))


async def test_only_the_holder_may_send(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo")
    holder, other = open_browser(make_person("Hà")), open_browser(make_person("Bình"))
    await _act(holder, id_, "take")
    refused = await other.post(f"/console/conversations/{id_}/answer", {"text": "chen ngang"})
    assert (refused.status_code, refused.headers["X-Problem"]) == (409, "not_holder")
    assert "Hà đang giữ" in refused.text
    assert _said(context, id_) == []
    for act in ("take", "release", "return", "snooze"):
        assert await _act(other, id_, act, until="1h") == 409, act
    assert await _act(other, id_, "close", topic="tax") == 409
    assert street.row(id_)["status"] == "taken"


async def test_what_somebody_answers_in_the_channels_own_app_may_be_gone_on_with_here(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo", channel="zalo")
    context.database.run_now(lambda c: holding.wrote_elsewhere(c, id_, "Zalo OA Manager", context.clock.now(), 24))
    browser, other = open_browser(make_person("Hà")), open_browser(make_person("Bình"))
    page = (await browser.get(f"/console/conversations/{id_}")).text
    assert "Zalo OA Manager đang giữ" in page and f"{id_}/take" in page
    assert await _act(browser, id_, "take") == 303
    assert await _act(other, id_, "take") == 409
    assert await _act(browser, id_, "answer", text="Dạ, em nghe ạ") == 303


async def test_whoever_answers_what_waits_takes_it(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo")
    assert await _act(open_browser(make_person()), id_, "answer", text="Dạ em nghe ạ.") == 303
    assert street.holder(id_) == "officer"
    outcome = context.database.read_now(lambda c: c.execute(select(request)).mappings().one())
    assert outcome["outcome"] == "answered"


async def test_an_answer_that_is_sent_twice_is_said_once(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo")
    browser = open_browser(make_person())
    for _ in range(2):
        assert await _act(browser, id_, "answer", text="Dạ.", said="the same page") == 303
    assert await _act(browser, id_, "answer", text="Dạ.", said="another answer") == 303
    assert _said(context, id_) == ["Dạ.", "Dạ."]


async def test_nothing_may_be_answered_while_the_bot_holds_the_conversation(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo", waits=False)
    browser = open_browser(make_person())
    assert await _act(browser, id_, "answer", text="Dạ.") == 409
    assert await _act(browser, id_, "take") == 303
    assert street.row(id_)["reason"] == "officer"
    assert await _act(browser, id_, "answer", text="Dạ.") == 303


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001, "Dạ, xã {commune} ạ"])
async def test_an_answer_that_cannot_be_sent_is_refused_with_a_reason(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext, text: str
) -> None:
    id_ = street.owner("alo")
    assert await _act(open_browser(make_person()), id_, "answer", text=text) == 422
    assert _said(context, id_) == []
    assert street.row(id_)["status"] == "open"


async def test_a_draft_survives_the_end_of_the_session(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    id_, person = street.owner("alo"), make_person()
    browser = open_browser(person)
    await _act(browser, id_, "take")
    assert await _act(browser, id_, "draft", text="Dạ, cô chờ em xem") == 204
    street.later(timedelta(hours=15))
    answer = await browser.post(
        f"/console/conversations/{id_}/answer", {"text": "Dạ, cô chờ em xem lại"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 401
    again = await open_browser(person).get(f"/console/conversations/{id_}")
    assert "Dạ, cô chờ em xem</textarea>" in again.text


async def test_typing_keeps_the_conversation_in_hand(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    id_ = street.owner("alo")
    browser = open_browser(make_person())
    await _act(browser, id_, "take")
    now = street.later(OFFICER_LEASE - timedelta(minutes=1))
    await _act(browser, id_, "draft", text="Dạ")
    assert street.row(id_)["lease_until"] == now + OFFICER_LEASE


async def test_others_see_who_looks_and_who_types(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    id_ = street.owner("alo")
    me, other = open_browser(make_person("Hà")), open_browser(make_person("Bình"))
    await other.get(f"/console/conversations/{id_}")
    assert "Bình cũng đang xem" in (await me.get(f"/console/conversations/{id_}")).text
    await _act(other, id_, "draft", text="Dạ")
    assert "Bình (đang soạn) cũng đang xem" in (await me.get(f"/console/conversations/{id_}")).text
    street.later(timedelta(minutes=1))
    assert "cũng đang xem" not in (await me.get(f"/console/conversations/{id_}")).text


async def test_a_note_reaches_whom_it_mentions_and_never_the_owner(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo")
    me, other = open_browser(make_person("Hà")), open_browser(make_person("Trần Bình"))
    assert await _act(me, id_, "note", text="@tran binh xem giúp vụ này") == 303
    assert "xem giúp vụ này" in (await other.get("/console/queue")).text
    assert "xem giúp vụ này" not in (await me.get("/console/queue")).text
    assert "xem giúp vụ này" in (await other.get(f"/console/conversations/{id_}")).text
    assert "xem giúp vụ này" not in (await other.get("/console/queue")).text  # read
    assert context.database.read_now(lambda c: c.execute(select(outbound)).all()) == []


async def test_a_conversation_is_passed_on_with_a_word(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    id_, colleague = street.owner("alo"), make_person("Bình")
    me, other = open_browser(make_person("Hà")), open_browser(colleague)
    await _act(me, id_, "take")
    assert await _act(me, id_, "transfer", officer=colleague.officer_id, text="Anh xem giúp") == 303
    assert street.row(id_)["officer_id"] == colleague.officer_id
    assert "Anh xem giúp" in (await other.get(f"/console/conversations/{id_}")).text
    assert await _act(me, id_, "answer", text="Dạ") == 409


@pytest.mark.parametrize("officer", ["", "x", "999999", "vendor"])
async def test_a_conversation_is_passed_only_to_people_of_the_desk(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, officer: str
) -> None:
    id_ = street.owner("alo")
    vendor = make_person("VNPT", Role.VENDOR)
    me = open_browser(make_person())
    await _act(me, id_, "take")
    to = str(vendor.officer_id) if officer == "vendor" else officer
    assert await _act(me, id_, "transfer", officer=to) == 422


async def test_a_supervisor_may_take_things_out_of_others_hands(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    id_, colleague = street.owner("alo"), make_person("Bình")
    await _act(open_browser(make_person("Hà")), id_, "take")
    boss = open_browser(make_person("Hằng", Role.SUPERVISOR))
    assert await _act(boss, id_, "transfer", officer=colleague.officer_id) == 303
    assert street.row(id_)["officer_id"] == colleague.officer_id
    assert await _act(boss, id_, "release") == 303
    assert street.holder(id_) == "queue"
    assert await _act(boss, id_, "answer", text="Dạ") == 303  # from the queue, as everybody


async def test_a_conversation_is_put_off_until_a_time_that_makes_sense(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    id_ = street.owner("alo")
    browser = open_browser(make_person())
    await _act(browser, id_, "take")
    assert await _act(browser, id_, "snooze", until="tomorrow") == 303
    assert "Hẹn" in (await browser.get("/console/queue?view=mine")).text
    assert await _act(browser, id_, "snooze", until="1h", at="2026-11-24T09:30") == 303
    assert street.row(id_)["snoozed_until"] == datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # Việt Nam is 7 hours ahead
    for until in ("", "yesterday", "2020-01-01T08:00", "2030-01-01T08:00"):
        assert await _act(browser, id_, "snooze", until=until) == 422, until


async def test_a_message_that_failed_is_sent_again_once(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo", channel="zalo")
    browser, other = open_browser(make_person("Hà")), open_browser(make_person("Bình"))
    await _act(browser, id_, "answer", text="Dạ em nghe ạ")
    number = context.database.run_now(
        lambda c: c.execute(outbound.update().values(status="failed", error="zalo_1").returning(outbound.c.id)).scalar()
    )
    page = (await browser.get(f"/console/conversations/{id_}")).text
    assert "KHÔNG gửi được" in page and f"resend/{number}" in page
    assert await _act(other, id_, f"resend/{number}") == 409
    assert await _act(browser, street.owner("b"), f"resend/{number}") == 409  # of another conversation
    assert await _act(browser, id_, f"resend/{number}") == 303
    assert await _act(browser, id_, f"resend/{number}") == 409
    assert len(_said(context, id_)) == 2


async def test_what_the_request_is_about_can_be_set_right(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo")
    browser = open_browser(make_person())
    assert await _act(browser, id_, "matter", commune="05443", topic="tax") == 303
    row = street.row(id_)
    assert (row["commune"], row["vendor"], row["topic"]) == ("05443", "VNPT", "tax")
    places = select(request.c.commune, request.c.vendor).filter_by(conversation_id=id_)
    assert context.database.read_now(lambda c: c.execute(places).all()) == [("05443", "VNPT")]
    assert await _act(browser, id_, "matter", commune="99999") == 422
    assert await _act(browser, id_, "close", topic="no such topic") == 422


@pytest.mark.parametrize("act", ["take", "answer", "note", "draft", "matter", "release", "return", "snooze"])
async def test_an_unknown_conversation_is_not_found_or_not_waiting(
    open_browser: OpenBrowser, make_person: MakePerson, act: str
) -> None:
    browser = open_browser(make_person())
    assert await _act(browser, "nobody", act, text="x", until="1h") in (404, 409)


async def test_everything_that_was_seen_and_done_is_recorded(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_, person = street.owner("chuyện riêng của tôi", name="Cô Lan"), make_person()
    browser = open_browser(person)
    await browser.get(f"/console/conversations/{id_}")
    await _act(browser, id_, "answer", text="lời riêng")
    rows = context.database.read_now(lambda c: c.execute(select(audit_log)).mappings().all())
    assert [(row["action"], row["object"], row["account_id"]) for row in rows] == [
        ("conversation.viewed", f"conversation {id_}", person.account_id),
        ("conversation.answered", f"conversation {id_}", person.account_id),
    ]
    assert "riêng" not in str(rows) and "Lan" not in str(rows)


async def test_the_window_of_zalo_is_shown_before_typing(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo", channel="zalo")
    browser = open_browser(make_person())

    async def window() -> str:
        return (await browser.get(f"/console/conversations/{id_}")).text

    assert "gửi miễn phí đến" in await window()
    quota = {"quota": {"quota_type": "reply", "remain": "3"}}
    context.database.run_now(lambda c: c.execute(conversation.update().values(provider_state=quota)))
    assert "còn 3 tin" in await window()
    street.later(timedelta(hours=3))
    browser = open_browser(make_person("Bình"))
    context.database.run_now(
        lambda c: c.execute(conversation.update().values(last_heard_at=context.clock.now() - timedelta(days=3)))
    )
    assert "TÍNH PHÍ" in await window()
    context.database.run_now(
        lambda c: c.execute(conversation.update().values(last_heard_at=context.clock.now() - timedelta(days=8)))
    )
    assert "đã quá 7 ngày" in await window()


async def test_what_is_taken_from_the_bot_is_known_by_its_commune(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo", waits=False)
    state = {"slots": {"commune_code": "05443"}}
    own = update(conversation).filter_by(id=id_).values(dialogue_state=state)
    context.database.run_now(lambda c: c.execute(own))
    assert await _act(open_browser(make_person()), id_, "take") == 303
    assert (street.row(id_)["commune"], street.row(id_)["vendor"]) == ("05443", "VNPT")


async def test_a_draft_is_kept_whoever_has_got_the_conversation_in_the_same_moment(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = street.owner("alo")
    mine, other = open_browser(make_person("Hà")), open_browser(make_person("Bình"))
    assert await _act(mine, id_, "take") == 303
    before = street.row(id_)
    assert await _act(mine, id_, "release") == 303
    assert await _act(other, id_, "take") == 303
    monkeypatch.setattr("bot.baton.unfinished", lambda connection, conversation_id: before)
    assert await _act(mine, id_, "draft", text="đang viết dở") == 204
    monkeypatch.undo()
    assert "đang viết dở" in (await mine.get(f"/console/conversations/{id_}")).text
