"""What providers report is kept before they are answered, each event once, whatever order it comes in."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import Connection, select

from bot import inbox, outbox
from bot.baton import OFFICER_LEASE
from bot.group_commit import MOST_TOGETHER, GroupCommit
from store.channel_tables import attachment, channel_event
from store.contacts import Contacts
from store.events import ContactShared, Echo, Reachability, Unread
from store.messages import Attachment, Button, InboundMessage, Kind, Reply
from store.tables import contact, conversation, escalation, inbound, outbound
from tests.bot.conftest import MOST_IN_A_MINUTE, STATE, Bot, StandInProvider


def message(bot: Bot, text: str, address: str = "user-1", id_: str | None = None, **more: Any) -> InboundMessage:
    return InboundMessage("zalo", address, id_ or f"user_send_text:{text}", bot.clock.now(), text, **more)


async def rows(bot: Bot, table: Any, **filters: Any) -> list[Any]:
    return await bot.database.read(lambda c: list(c.execute(select(table).filter_by(**filters)).all()))


async def take(bot: Bot, *events: Any, channel: str = "zalo") -> None:
    await bot.web.intake.take(channel, events)


async def settle(bot: Bot) -> None:
    """Everything that the events set going, to its end."""
    await bot.work()
    await bot.deliver()
    await bot.web.intake.finish()


async def only_conversation(bot: Bot, channel: str = "zalo") -> Any:
    (row,) = await rows(bot, conversation, channel=channel)
    return row


async def test_a_message_makes_its_conversation_and_is_answered_there(bot: Bot) -> None:
    await take(bot, message(bot, "xin chào", sender_name="Nguyễn Thị Hồng"))
    await settle(bot)
    zalo = bot.web.providers["zalo"]
    assert isinstance(zalo, StandInProvider)
    assert [(sent.address, sent.reply.text) for sent in zalo.sent] == [("user-1", "echo xin chào")]
    found = await bot.database.read(lambda c: Contacts(c, bot.keyring).with_name("hong nguyen"))
    assert found == [(await only_conversation(bot)).contact_id]


async def test_a_repetition_however_late_changes_nothing(bot: Bot) -> None:
    once = message(bot, "xin chào")
    await take(bot, once, once)
    await settle(bot)
    bot.clock.advance(timedelta(hours=24))
    await asyncio.gather(*(take(bot, once) for _ in range(5)))
    await settle(bot)
    assert len(await rows(bot, inbound, text="xin chào")) == 1
    assert len(await bot.sent()) == 1


async def test_messages_of_one_person_keep_their_order_beside_those_of_others(bot: Bot) -> None:
    one = [message(bot, f"tin {n}", "one") for n in range(MOST_IN_A_MINUTE)]
    other = [message(bot, f"thư {n}", "other") for n in range(MOST_IN_A_MINUTE)]
    await take(bot, *(event for pair in zip(one, other, strict=True) for event in pair))
    for address, events in (("one", one), ("other", other)):
        (here,) = await rows(bot, conversation, address=address)
        kept = sorted(await rows(bot, inbound, conversation_id=here.id), key=lambda row: row.seq)
        assert [row.text for row in kept] == [event.text for event in events]


async def test_messages_that_come_at_one_instant_are_answered_in_their_order(bot: Bot) -> None:
    for number in range(MOST_IN_A_MINUTE):
        await take(bot, message(bot, f"tin {number}"), message(bot, f"thư {number}", "user-2"))
    await asyncio.gather(*(take(bot, message(bot, f"tin {n}", "user-3")) for n in range(MOST_IN_A_MINUTE)))
    await settle(bot)
    for address in ("user-1", "user-2", "user-3"):
        (here,) = await rows(bot, conversation, address=address)
        written = sorted(await rows(bot, inbound, conversation_id=here.id), key=lambda row: row.seq)
        assert await bot.replies(of=here.id) == [f"echo {row.text}" for row in written]


async def test_one_failing_event_does_not_cost_the_others(bot: Bot) -> None:
    commit = GroupCommit(bot.database)

    def fails(_: Connection) -> None:
        raise ZeroDivisionError

    here = bot.conversation_id
    works = [commit.run("a", lambda c: bot_message(c, bot, here, n)) for n in range(2)]  # noqa: B023 - awaited below
    results = await asyncio.gather(*works, commit.run("a", fails), return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["str", "str", "ZeroDivisionError"]
    assert len(await rows(bot, outbound, conversation_id=here)) == 2


def bot_message(connection: Connection, bot: Bot, here: str, number: int) -> str:
    outbox.say(connection, here, "webchat", [Reply(f"tin {number}")], bot.clock.now())
    return "said"


async def test_a_hundred_events_at_once_are_few_transactions(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    transactions = []
    run = bot.database.run

    async def counted(work: Any, urgent: bool) -> Any:
        transactions.append(work)
        return await run(work, urgent)

    monkeypatch.setattr(bot.database, "run", counted)
    commit = GroupCommit(bot.database)
    await asyncio.gather(*(commit.run(str(n), lambda c: None) for n in range(2 * MOST_TOGETHER)))
    assert len(transactions) <= 4


# --- buttons


async def test_a_text_that_a_recent_button_carries_is_a_press_and_any_other_is_words(bot: Bot) -> None:
    await take(bot, message(bot, "xin chào"))
    await settle(bot)
    here = (await only_conversation(bot)).id
    reply = Reply("Chào cô/bác", (Button("Chào", "/greet"),))
    await bot.database.run(lambda c: outbox.say(c, here, "zalo", [reply], bot.clock.now()))
    await take(bot, message(bot, "/greet"), message(bot, "/restart"))
    kept = sorted(await rows(bot, inbound, conversation_id=here), key=lambda row: row.seq)
    assert [(row.text, row.payload) for row in kept[1:]] == [("Chào", "/greet"), ("/restart", None)]


async def test_a_number_names_one_of_a_list_that_is_longer_than_a_message(bot: Bot) -> None:
    buttons = [{"title": f"Xã {number} {'ở vùng cao ' * 9}".strip(), "payload": "/greet"} for number in range(30)]

    async def offer(_: Any) -> Any:
        body = {"replies": [{"text": "Cô/bác ở xã nào?", "buttons": buttons}], "state": STATE, "intent": "greet"}
        return web.json_response({**body, "confidence": 1, "intent_ranking": [], "entities": [], "timings": {}})

    bot.rasa.answer = offer
    await take(bot, message(bot, "xin chào"))
    await settle(bot)
    assert len(await bot.sent()) > 1
    await take(bot, message(bot, "7"))
    await settle(bot)
    assert bot.rasa.requests[-1]["payload"]["intent"] == "greet"


@pytest.mark.parametrize("payload", ["/event_person_finished", "no payload", '/greet{"a":1}'])
async def test_what_no_button_of_ours_sends_is_no_payload(bot: Bot, payload: str) -> None:
    await take(bot, message(bot, "", id_="callback", payload=payload))
    (row,) = await rows(bot, inbound, channel="zalo")
    assert (row.payload, row.text) == (None, "")


async def test_a_press_is_acknowledged_once_it_is_kept(bot: Bot) -> None:
    telegram = bot.web.providers["telegram"]
    assert isinstance(telegram, StandInProvider)
    pressed = InboundMessage("telegram", "7", "update:1", bot.clock.now(), payload="/greet", acknowledge="query")
    await take(bot, pressed, channel="telegram")
    await settle(bot)
    assert telegram.acknowledged == ["query"]


# --- what is not words


@pytest.mark.parametrize("kind", list(Kind))
async def test_what_the_bot_cannot_see_is_received_and_shown_to_a_person(bot: Bot, kind: Kind) -> None:
    sent = Attachment(kind, source="https://zalo.example/1")
    await take(bot, message(bot, "xem giúp em", attachments=(sent,)))
    await settle(bot)
    here = await only_conversation(bot)
    assert here.holder == "queue" and bot.rasa.requests == []
    assert [row.reason for row in await rows(bot, escalation, conversation_id=here.id)] == ["attachment"]
    assert len(await rows(bot, attachment, kind=kind)) == 1
    (answer,) = await bot.replies(of=here.id)
    assert bot.web.content.phrases.say(f"attached_{kind}", "vi") in answer and "không hiểu" not in answer


async def test_a_phone_number_given_through_the_form_counts_as_if_it_were_typed(bot: Bot) -> None:
    shared = ContactShared("user-1", "user_submit_info:1", bot.clock.now(), "Trần Văn Tú", "84912345678")
    await take(bot, shared, shared)
    await settle(bot)
    (row,) = await rows(bot, inbound, channel="zalo")
    here = await only_conversation(bot)
    person = await bot.database.read(lambda c: Contacts(c, bot.keyring).get(here.contact_id))
    assert (row.text, person.name, row.status) == ("+84912345678", "Trần Văn Tú", "answered")


async def test_events_nothing_is_done_about_are_kept_and_damaged_ones_wait_for_a_person(bot: Bot) -> None:
    await take(bot, Unread("tag:1", "add_user_to_tag", "{}"), Unread("bad:1", "user_send_text", "{", "no_sender"))
    await take(bot, Unread("tag:1", "add_user_to_tag", "{}"))
    kept = await rows(bot, channel_event)
    assert sorted((row.name, row.status, row.error) for row in kept) == [
        ("add_user_to_tag", "done", None),
        ("user_send_text", "dead", "no_sender"),
    ]


async def test_what_cannot_be_kept_as_what_it_is_is_a_dead_letter_and_holds_up_nobody(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = inbox.accept

    def breaks(connection: Any, here: str, event: InboundMessage, *more: Any) -> Any:
        if event.text == "hỏng":
            raise ValueError(event.text)
        return accept(connection, here, event, *more)

    monkeypatch.setattr(inbox, "accept", breaks)
    await take(bot, message(bot, "trước"), message(bot, "hỏng", "user-2"), message(bot, "sau"))
    bot.clock.advance(timedelta(minutes=1))
    await take(bot, message(bot, "hỏng", "user-2"))
    assert sorted(row.text for row in await rows(bot, inbound, channel="zalo")) == ["sau", "trước"]
    assert [(row.name, row.error) for row in await rows(bot, channel_event)] == [("InboundMessage", "ValueError")]


async def test_ids_longer_than_their_column_stay_unique(bot: Bot) -> None:
    long = "m" * 5000
    first, second = message(bot, "một", id_=long + "1"), message(bot, "hai", id_=long + "2")
    await take(bot, first, second, first, Unread(long, long, "{}", long))
    assert len(await rows(bot, inbound, channel="zalo")) == 2
    assert len(await rows(bot, channel_event)) == 1


# --- coming, going, writing elsewhere


async def test_who_follows_is_greeted_once(bot: Bot) -> None:
    follow = Reachability("user-1", True, bot.clock.now(), "follow:1", opens_window=True)
    await take(bot, follow, follow)
    await settle(bot)
    await take(bot, Reachability("user-1", True, bot.clock.now(), "follow:2", opens_window=True))
    await settle(bot)
    here = await only_conversation(bot)
    assert await bot.replies(of=here.id) == ["echo payload greet"]
    assert here.last_heard_at == bot.clock.now()


async def test_who_blocks_is_not_written_to_and_who_comes_back_is(bot: Bot) -> None:
    await take(bot, message(bot, "xin chào"))
    await settle(bot)
    await take(bot, Reachability("user-1", False, bot.clock.now(), "unfollow:1"))
    here = await only_conversation(bot)
    await bot.database.run(lambda c: outbox.say(c, here.id, "zalo", [Reply("nhắc")], bot.clock.now()))
    await settle(bot)
    assert [row.status for row in await bot.sent()] == ["sent", "failed"]
    await take(bot, message(bot, "em đây"))
    await settle(bot)
    assert [row.status for row in await bot.sent()] == ["sent", "failed", "sent"]


async def test_who_only_stops_following_can_still_be_answered(bot: Bot) -> None:
    await take(bot, message(bot, "xin chào"))
    await take(bot, Reachability("user-1", None, bot.clock.now(), "unfollow:1"))
    await settle(bot)
    assert [row.status for row in await bot.sent()] == ["sent"]


async def test_news_of_leaving_that_comes_after_the_owner_wrote_again_is_old(bot: Bot) -> None:
    before = bot.clock.now()
    bot.clock.advance(timedelta(minutes=1))
    await take(bot, message(bot, "em đây"))
    heard = (await only_conversation(bot)).last_heard_at
    await take(bot, Reachability("user-1", True, before, "follow:1", opens_window=True))
    await take(bot, Reachability("user-1", False, before, "unfollow:1"))
    here = await only_conversation(bot)
    assert (here.unreachable, here.last_heard_at) == (None, heard)


async def test_a_person_who_answers_in_the_providers_app_takes_the_conversation(bot: Bot) -> None:
    await take(bot, message(bot, "xin chào"))
    await settle(bot)
    echo = Echo("user-1", "oa-7", "Chị Hà đây ạ", bot.clock.now())
    await take(bot, echo, echo)
    await take(bot, message(bot, "dạ em cảm ơn chị"))
    await settle(bot)
    here = await only_conversation(bot)
    assert here.holder == "officer"
    assert await bot.replies(of=here.id) == ["echo xin chào", "Chị Hà đây ạ"]
    (person,) = await rows(bot, outbound, sender="officer")
    assert (person.status, person.provider_message_id) == ("sent", "oa-7")
    assert [row.status for row in await rows(bot, inbound, text="dạ em cảm ơn chị")] == ["with_person"]
    (waiting,) = await rows(bot, escalation)
    assert (waiting.status, waiting.reason) == ("taken", "wrote_elsewhere")
    assert waiting.lease_until == bot.clock.now() + OFFICER_LEASE and waiting.answered_at is not None


async def test_our_own_echo_never_takes_the_conversation_whatever_comes_first(bot: Bot) -> None:
    zalo = bot.web.providers["zalo"]
    assert isinstance(zalo, StandInProvider)

    async def echo_first(sent: Any) -> str:
        await take(bot, Echo("user-1", "z-9", sent.reply.text, bot.clock.now()))
        return "z-9"

    zalo.outcome = echo_first
    await take(bot, message(bot, "xin chào"))
    await settle(bot)
    await take(bot, Echo("user-1", "z-9", "echo xin chào", bot.clock.now()))
    here = await only_conversation(bot)
    assert here.holder == "bot" and len(await bot.sent()) == 1


# --- too many


async def test_who_writes_too_fast_is_told_once_and_a_person_sees_the_rest(bot: Bot) -> None:
    for number in range(MOST_IN_A_MINUTE + 3):
        await take(bot, message(bot, f"tin {number}"))
    await settle(bot)
    here = await only_conversation(bot)
    said = await bot.replies(of=here.id)
    assert said.count(bot.web.content.phrases.say("flood", "vi")) == 1
    assert len(said) == MOST_IN_A_MINUTE + 1
    assert len(await rows(bot, inbound, status="flood")) == 3
    bot.clock.advance(timedelta(minutes=1))
    await take(bot, message(bot, "em xin lỗi"))
    await settle(bot)
    assert (await bot.replies(of=here.id))[-1] == "echo em xin lỗi"


@pytest.mark.parametrize("claim", ["STOP", "tôi rút lại đồng ý", "xóa hết dữ liệu của tôi đi"])
async def test_what_the_law_grants_is_heard_among_a_hundred_messages(bot: Bot, claim: str) -> None:
    for number in range(MOST_IN_A_MINUTE + 1):
        await take(bot, message(bot, f"tin {number}"))
    for number in range(2 * inbox.MOST_CLAIMS):
        await take(bot, message(bot, claim, id_=f"claim-{number}"), message(bot, f"thêm {number}"))
    await settle(bot)
    claims = sorted((row.seq, row.status) for row in await rows(bot, inbound) if row.text == claim)
    heard = ["answered"] * inbox.MOST_CLAIMS + ["flood"] * inbox.MOST_CLAIMS
    assert [status for _, status in claims] == heard  # again and again is not for ever
    assert {row.status for row in await rows(bot, inbound) if row.text.startswith("thêm")} == {"flood"}
    said = await bot.replies(of=(await only_conversation(bot)).id)
    assert said.count(bot.web.content.phrases.say("flood", "vi")) == 1


async def test_who_was_opened_by_another_process_an_instant_ago_has_one_contact(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await bot.open("zalo")
    address, before = (await only_conversation(bot)).address, len(await rows(bot, contact))
    monkeypatch.setattr(inbox, "find_conversation", lambda *_: None)

    def opened(connection: Connection) -> str:
        args = (connection, bot.keyring, "zalo", address, "thai-nguyen", bot.clock.now(), "Trần Văn Tú")
        return inbox.open_conversation(*args)

    assert await bot.database.run(opened) == here
    assert len(await rows(bot, contact)) == before


async def test_several_messages_of_a_new_person_make_one_contact(bot: Bot) -> None:
    before = len(await rows(bot, contact))
    await take(bot, message(bot, "một"), message(bot, "hai"))
    assert len(await rows(bot, contact)) == before + 1
