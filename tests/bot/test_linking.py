"""Channels joined by a code, through whole turns: one transaction, whoever holds the conversations meanwhile."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from sqlalchemy import Connection, insert, select, update

from actions.context import RememberPhone, TakeBackDataRequest, WithdrawConsent, enter
from actions.linking import ActionPartChannels, ActionShowLinkCode, ActionUseLinkCode
from bot import baton, effects, outbox
from bot.baton import Holder, Reason
from bot.flow_domain import Flows
from bot.reading import Payload, read, stands_alone
from programme import links
from store.channel_tables import channel_link, link_code
from store.contacts import Contacts
from store.tables import consent, conversation, data_request, inbound, outbound
from tests.bot.conftest import INTENTS, STATE, Bot, turn_answer

ACTIONS = {
    "link_channels": ActionShowLinkCode(),
    "use_link_code": ActionUseLinkCode(),
    "part_channels": ActionPartChannels(),
}
PHONE = "+84912345678"
IN_SURVEY = {**STATE, "loop": "survey_form", "slots": {"survey_step": "resume", "commune_code": "05503"}}
QUESTION = [{"title": "Có", "payload": '/answer_survey{"q":"Q01","a":"1"}'}]


@pytest.fixture
def linking(bot: Bot) -> Bot:
    """The bot, whose dialogue knows linking; `number …` remembers a telephone number."""
    bot.runner.answerer.flows = Flows(INTENTS | set(ACTIONS), {"slots": {}, "forms": {}})

    async def answer(request: dict[str, Any]) -> web.Response:
        context = bot.runner.answerer.dialogue.register.context(request["turn_id"])
        assert context is not None
        payload = request["payload"]
        if payload is None:
            context.effects.append(RememberPhone(PHONE))
            return turn_answer("đã ghi số")
        enter(context)
        dispatcher, said = CollectingDispatcher(), {"intent": {"name": payload["intent"]}, **payload}
        said["intent"] = {"name": payload["intent"]}
        tracker = Tracker("1", {}, said, [], False, None, {}, "")
        await ACTIONS[payload["intent"]].run(dispatcher, tracker, {})
        return turn_answer(*(message["text"] for message in dispatcher.messages), intent=payload["intent"])

    bot.rasa.answer = answer
    return bot


async def on(bot: Bot, talk: str, text: str) -> str:
    """Say `text` there; what was answered, in one text."""
    bot.conversation_id = talk
    return "\n".join(await bot.say(text))


async def shown(bot: Bot, talk: str) -> str:
    found = re.search(r"LK\d{6}", await on(bot, talk, "liên kết kênh"))
    assert found is not None
    return found[0]


async def joined(bot: Bot) -> tuple[str, str]:
    """A conversation on Zalo, and one in the web chat that has been linked to it."""
    zalo, chat = await bot.open("zalo"), await bot.open()
    assert "Em đã nối kênh này với Zalo" in await on(bot, chat, await shown(bot, zalo))
    return zalo, chat


async def row(bot: Bot, talk: str) -> Any:
    return await bot.database.read(lambda c: c.execute(select(conversation).filter_by(id=talk)).one())


async def rows(bot: Bot, table: Any) -> list[Any]:
    return await bot.database.read(lambda c: list(c.execute(select(table)).all()))


def test_a_code_and_the_wish_for_one_are_read_without_the_model() -> None:
    offered = [{"title": "Một", "payload": "/greet"}, {"title": "Hai", "payload": "/thank"}]
    assert read("mã là LK 482 913 ạ", None, offered) == Payload("use_link_code", (("code", "482913"),))
    assert read("tiếp tục trên Zalo", None, offered, is_asked=True) == Payload("link_channels")
    assert read("hủy liên kết", None, None) == Payload("part_channels")
    assert stands_alone("LK482913", None)


async def test_the_conversations_belong_to_one_contact_and_the_other_one_is_told(linking: Bot) -> None:
    zalo, chat = await joined(linking)

    assert (await row(linking, zalo)).contact_id == (await row(linking, chat)).contact_id
    told = (await linking.replies(of=zalo))[-1]
    assert "vừa được nối với khung chat" in told and "hủy liên kết" in told
    waiting = [one.status for one in await rows(linking, outbound) if one.conversation_id == zalo]
    assert waiting == ["waiting", "waiting"]  # Zalo is written to by the sender, this message as well


async def test_undone_from_either_side_each_has_its_own_contact_again(linking: Bot) -> None:
    zalo, chat = await joined(linking)
    (link,) = await rows(linking, channel_link)
    for talk in (zalo, chat):
        assert "vẫn được giữ ở Zalo" in await on(linking, talk, "hủy liên kết")
        assert (await row(linking, chat)).contact_id == link.from_contact_id
        assert (await row(linking, zalo)).contact_id == link.to_contact_id
        assert "chưa nối với kênh nào" in await on(linking, talk, "hủy liên kết")
        assert "Em đã nối" in await on(linking, chat, await shown(linking, zalo))


@pytest.mark.parametrize("dies_at", ["append", "say"])
async def test_a_turn_that_dies_before_its_end_has_linked_nothing_and_its_repetition_links_once(
    linking: Bot, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    zalo, chat = await linking.open("zalo"), await linking.open()
    code, before = await shown(linking, zalo), (await row(linking, chat)).contact_id

    def die(*_: object, **__: object) -> None:
        raise RuntimeError("the process dies")

    linking.conversation_id = chat
    await linking.receive(code)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, dies_at, die)
        (work,) = await linking.database.run(lambda c: linking.runner.claim(c, 10))
        outcome = await linking.runner.answerer.decide(work)
        with pytest.raises(RuntimeError):
            await linking.runner._finish(work, outcome)
    assert (await row(linking, chat)).contact_id == before
    assert len(await rows(linking, link_code)) == 1 and await rows(linking, channel_link) == []

    linking.clock.advance(timedelta(seconds=11))
    await linking.work()
    assert (await row(linking, chat)).contact_id == (await row(linking, zalo)).contact_id
    assert len(await rows(linking, channel_link)) == 1
    assert len(await linking.replies(of=chat)) == 1


async def test_what_comes_right_behind_the_code_is_kept_with_the_contact_that_stays(linking: Bot) -> None:
    zalo, chat = await linking.open("zalo"), await linking.open()
    code, left = await shown(linking, zalo), (await row(linking, chat)).contact_id
    linking.conversation_id = chat
    await linking.receive(code)
    await linking.receive("số của tôi là 0912345678")
    await linking.work()

    assert await phone(linking, (await row(linking, zalo)).contact_id) == PHONE
    assert await phone(linking, left) is None
    assert len(linking.rasa.requests) == 3  # one for each message: no turn had to be run again


async def test_a_turn_under_way_in_the_moved_conversation_writes_to_the_contact_that_stays(linking: Bot) -> None:
    chat, zalo = await linking.open(), await linking.open("zalo")
    code, left = await shown(linking, chat), (await row(linking, zalo)).contact_id
    linking.conversation_id = zalo
    await linking.receive("số của tôi là 0912345678")
    (slow,) = await linking.database.run(lambda c: linking.runner.claim(c, 10))
    outcome = await linking.runner.answerer.decide(slow)

    def link_meanwhile(connection: Connection) -> list[str] | None:
        found = links.find_link(connection, zalo, code.removeprefix("LK"), linking.clock.now())
        assert isinstance(found, links.Link)
        return links.link(connection, zalo, found, linking.clock.now())

    assert await linking.database.run(link_meanwhile) == [zalo]
    again = await linking.runner._finish(slow, outcome)
    assert await phone(linking, left) is None
    await linking.runner.run(again)
    assert await phone(linking, (await row(linking, chat)).contact_id) == PHONE
    assert await phone(linking, left) is None


async def phone(bot: Bot, contact_id: int) -> str | None:
    return await bot.database.read(lambda c: Contacts(c, bot.keyring).get(contact_id).phone)


async def test_an_open_question_of_the_survey_ends_where_the_conversation_moves_and_nowhere_else(linking: Bot) -> None:
    stays, moves, chat = await linking.open("zalo"), await linking.open("telegram"), await linking.open()
    in_survey = update(conversation).where(conversation.c.id.in_((stays, moves)))
    assert "Em đã nối" in await on(linking, chat, await shown(linking, moves))  # moves: the older one, it stays
    await linking.database.run(lambda c: c.execute(in_survey.values(dialogue_state=IN_SURVEY, offered=QUESTION)))
    code = await shown_in_survey(linking, moves)
    assert "Em đã nối" in await on(linking, stays, code)

    after = await row(linking, moves)
    assert (await row(linking, stays)).contact_id == after.contact_id == (await row(linking, chat)).contact_id
    assert after.dialogue_state["loop"] is None and after.dialogue_state["slots"] == {"commune_code": "05503"}
    assert after.offered == []


async def shown_in_survey(bot: Bot, talk: str) -> str:
    """A code for `talk`, without a turn that would change the state it is in."""
    code = links.new_code()
    assert await bot.database.run(lambda c: links.keep_code(c, talk, code, bot.clock.now()))
    return f"LK{code}"


async def test_where_the_contact_stays_an_open_question_stays_open(linking: Bot) -> None:
    zalo, chat = await linking.open("zalo"), await linking.open()
    here = update(conversation).filter_by(id=zalo).values(dialogue_state=IN_SURVEY, offered=QUESTION)
    await linking.database.run(lambda c: c.execute(here))
    await on(linking, chat, await shown_in_survey(linking, zalo))
    after = await row(linking, zalo)
    assert (after.dialogue_state, after.offered) == (IN_SURVEY, QUESTION)


async def test_a_code_is_not_used_while_a_person_holds_the_conversation_where_it_is_typed(linking: Bot) -> None:
    zalo, chat = await linking.open("zalo"), await linking.open()
    code = await shown(linking, zalo)
    await linking.database.run(lambda c: baton.escalate(c, chat, Reason.ASKED, linking.clock.now(), due_hours=24))
    assert await on(linking, chat, code) == ""
    assert await rows(linking, channel_link) == []
    await linking.database.run(lambda c: baton.withdraw(c, chat, linking.clock.now()))
    assert "Em đã nối" in await on(linking, chat, code)


async def test_what_a_person_holds_is_linked_all_the_same_but_the_bot_is_silent_there(linking: Bot) -> None:
    zalo, chat = await linking.open("zalo"), await linking.open()
    code = await shown(linking, zalo)
    number = await linking.database.run(
        lambda c: baton.escalate(c, zalo, Reason.ASKED, linking.clock.now(), due_hours=24)
    )
    before = await linking.replies(of=zalo)
    assert "Em đã nối" in await on(linking, chat, code)
    assert await linking.replies(of=zalo) == before
    after = await row(linking, zalo)
    assert (after.holder, after.contact_id) == (Holder.QUEUE, (await row(linking, chat)).contact_id)
    await linking.database.run(lambda c: baton.return_to_bot(c, number, linking.clock.now()))


async def test_two_owners_type_one_code_at_once_and_both_get_a_true_answer(linking: Bot) -> None:
    zalo, talks = await linking.open("zalo"), [await linking.open(), await linking.open("telegram")]
    code = await shown(linking, zalo)
    for talk in talks:
        await linking.receive(code, to=talk)
    works = await linking.database.run(lambda c: linking.runner.claim(c, 10))
    await asyncio.gather(*(linking.runner.run(work) for work in works))

    answers = [" ".join(await linking.replies(of=talk)) for talk in talks]
    assert sorted("Em đã nối" in answer for answer in answers) == [False, True]
    assert sorted("không đúng" in answer for answer in answers) == [False, True]
    assert len(await rows(linking, channel_link)) == 1


async def test_wrong_codes_count_against_the_codes_that_are_out_and_end_in_a_pause(linking: Bot) -> None:
    zalo, chat = await linking.open("zalo"), await linking.open()
    code = await shown(linking, zalo)
    wrong = "LK000000" if code != "LK000000" else "LK000001"
    for _ in range(links.TRIES):
        assert "không đúng" in await on(linking, chat, wrong)
    for typed in (wrong, code):
        assert "chờ 10 phút" in await on(linking, chat, typed)
    (kept,) = await rows(linking, link_code)
    assert kept.wrong_codes == links.TRIES
    linking.clock.advance(links.TRIES_WITHIN)
    assert "hết hạn" in await on(linking, chat, code)


async def test_a_withdrawn_consent_is_withdrawn_for_all_that_are_one_person(linking: Bot) -> None:
    zalo, chat = await linking.open("zalo"), await linking.open()
    given = [
        {"contact_id": (await row(linking, talk)).contact_id, "purpose": "survey", "text_version": 1, "channel": "zalo"}
        for talk in (zalo, chat)
    ]
    now = linking.clock.now()
    await linking.database.run(lambda c: c.execute(insert(consent), [{**one, "given_at": now} for one in given]))
    await on(linking, chat, await shown(linking, zalo))
    await effect(linking, chat, WithdrawConsent())
    assert [one.withdrawn_at for one in await rows(linking, consent)] == [now, now]


async def test_an_open_erasure_request_stays_and_can_be_taken_back_from_the_other_channel(linking: Bot) -> None:
    zalo, chat = await linking.open("zalo"), await linking.open()
    asked = {"contact_id": (await row(linking, chat)).contact_id, "conversation_id": chat, "kind": "erasure"}
    asked |= {"status": "open", "opened_at": linking.clock.now()}
    days = {"acknowledge_by": linking.clock.today(), "due_on": linking.clock.today()}
    await linking.database.run(lambda c: c.execute(insert(data_request).values(**asked, **days)))
    await on(linking, chat, await shown(linking, zalo))
    (request,) = await rows(linking, data_request)
    assert (request.status, request.contact_id) == ("open", asked["contact_id"])
    await effect(linking, zalo, TakeBackDataRequest("erasure"))
    (request,) = await rows(linking, data_request)
    assert request.status == "withdrawn"


async def effect(bot: Bot, talk: str, what: Any) -> None:
    def commit(connection: Connection) -> None:
        known = connection.execute(select(conversation).filter_by(id=talk)).mappings().one()
        newest = select(inbound).filter_by(conversation_id=talk).order_by(inbound.c.seq.desc()).limit(1)
        message = connection.execute(newest).mappings().one()
        turn = effects.Turn(known, message, message["text"], None, bot.clock.now())
        effects.apply(connection, bot.keyring, turn, [what])

    await bot.database.run(commit)
