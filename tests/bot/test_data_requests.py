"""To see one's data or have it erased: proof on the channel, the last word, the copy, the erasure; what goes wrong."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from sqlalchemy import Connection, insert, select, update

from actions.context import OptOut, TurnContext, WithdrawConsent, enter
from actions.desk import Desk
from actions.personal_data import (
    ActionConfirmErasure,
    ActionDataRequest,
    ActionKeepMyData,
    ActionLetOfficerCheck,
    ActionProveIdentity,
)
from bot import data_requests, outbox
from bot.baton import officer_named
from bot.reading import read
from bot.wakeups import Wakeups
from bot.web.app import public_app
from integrations.provider import Sent
from programme import leads, links, responses
from programme.content import Content
from programme.data_copy import copy_of
from programme.identity_proof import Asked, digits_said, may_be_proof
from programme.lead_states import LeadState
from programme.lead_steps import write_step
from programme.responses import Origin
from scheduler.erasures import LONGEST, SHORTEST, carry_out
from scheduler.kinds import JobContext
from store.audit import Actor
from store.channel_tables import channel_link
from store.console_tables import audit_log
from store.contacts import Contacts
from store.forgotten import has_opted_out, keys_of
from store.messages import Reply
from store.privacy_tables import data_copy, purge
from store.survey_tables import lead
from store.tables import consent, contact, conversation, data_request, inbound, outbound
from tests.bot.acting import apply, rows
from tests.bot.conftest import Bot

SITE = "https://hotline.example"


class Owner:
    """Somebody who writes to the bot; `act` is a turn whose intent was read as that of the action."""

    def __init__(self, bot: Bot, content: Content) -> None:
        self.bot, self.content = bot, content

    async def act(self, action: Action, text: str, intent: str = "", **entities: str) -> list[dict[str, Any]]:
        known = await self.bot.row()
        origin = Origin(known.contact_id, known.channel, known.province, known.id)
        clock = self.bot.clock
        desk = Desk(self.bot.database.read, self.content.surveys, origin, clock.now(), clock.timezone, SITE)
        context = TurnContext(known.province, clock.today(), self.content, text, desk=desk)
        enter(context)
        dispatcher = CollectingDispatcher()
        said = [{"entity": name, "value": value} for name, value in entities.items()]
        tracker = Tracker("1", {}, {"intent": {"name": intent}, "entities": said}, [], False, None, {}, "")
        await action.run(dispatcher, tracker, {})
        await apply(self.bot, *context.effects)
        return list(dispatcher.messages)

    async def access(self) -> list[str]:
        return [one["custom"]["entry"] for one in await self.act(ActionDataRequest(), "dữ liệu của tôi", "my_data")]

    async def erasure(self) -> list[str]:
        return [one["custom"]["entry"] for one in await self.act(ActionDataRequest(), "xóa dữ liệu", "delete_data")]

    async def prove(self, text: str, by: str = "phone_digits") -> list[dict[str, Any]]:
        return await self.act(ActionProveIdentity(), text, "prove_identity", by=by)

    async def has_phone(self, phone: str = "+84912345678") -> None:
        known = await self.bot.row()
        await self.bot.database.run(lambda c: Contacts(c, self.bot.keyring).set_phone(known.contact_id, phone))

    async def requests(self) -> list[tuple[str, str, str, str | None]]:
        found = sorted(await rows(self.bot, data_request), key=lambda row: row.id)
        return [(row.kind, row.status, row.stage, row.identity) for row in found]

    async def job(self) -> None:
        bot = self.bot
        await carry_out(JobContext(bot.database, bot.clock, self.content, Wakeups(), bot.keyring))


@pytest.fixture
async def owner(bot: Bot, content: Content) -> Owner:
    await bot.say("xin chào")
    return Owner(bot, content)


@pytest.fixture
async def browser(bot: Bot) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(public_app(bot.web)), base_url=SITE) as client:
        yield client


def token_of(messages: list[dict[str, Any]]) -> str:
    (found,) = [match[1] for one in messages if (match := re.search(r"/my-data#(\S+)", one["text"]))]
    return found


async def test_where_no_more_is_kept_than_the_conversation_it_is_proof_enough(owner: Owner) -> None:
    said = await owner.act(ActionDataRequest(), "dữ liệu của tôi", "my_data")
    assert [one["custom"]["entry"] for one in said] == ["my_data", "data_copy"]
    assert f"{SITE}/my-data#" in said[-1]["text"]
    assert await owner.requests() == [("access", "done", "officer", "conversation")]


async def test_what_only_the_owner_knows_is_asked_and_three_wrong_answers_leave_it_to_an_officer(owner: Owner) -> None:
    await owner.has_phone()
    assert await owner.access() == ["my_data", "proof_phone_digits"]
    assert await owner.access() == ["my_data", "proof_phone_digits"]
    for entry in ("proof_wrong", "proof_wrong", "proof_officer"):
        said = await owner.prove("1111")
        assert [one["custom"]["entry"] for one in said] == [entry]
    assert await owner.requests() == [("access", "open", "officer", None)]
    # neither the right answer nor a new request opens it again
    await owner.prove("5678")
    await owner.act(ActionDataRequest(), "không cần xem dữ liệu nữa", "my_data")
    assert await owner.access() == ["my_data", "proof_officer"]
    assert not await rows(owner.bot, data_copy)
    owner.bot.clock.advance(timedelta(days=2))
    await owner.act(ActionDataRequest(), "không cần xem dữ liệu nữa", "my_data")
    assert await owner.access() == ["my_data", "proof_phone_digits"]


async def test_the_right_answer_carries_on_what_waited_for_it(owner: Owner) -> None:
    await owner.has_phone()
    await owner.access()
    await owner.erasure()
    said = await owner.prove("4 số cuối là 5678 ạ")
    assert [one["custom"]["entry"] for one in said] == ["data_copy", "erasure_confirm"]
    assert [one["payload"] for one in said[-1]["buttons"]] == ["/confirm_erasure", "/keep_my_data"]
    assert await owner.requests() == [
        ("access", "done", "officer", "phone_digits"),
        ("erasure", "open", "confirm", "phone_digits"),
    ]
    await owner.act(ActionKeepMyData(), "")
    assert (await owner.requests())[1][1] == "withdrawn"


async def test_who_does_not_know_it_leaves_it_to_an_officer(owner: Owner) -> None:
    await owner.has_phone()
    await owner.access()
    await owner.act(ActionLetOfficerCheck(), "")
    assert await owner.requests() == [("access", "open", "officer", None)]
    assert (await rows(owner.bot, data_request))[0].acknowledged_at == owner.bot.clock.now()


async def test_an_erasure_is_done_after_the_last_word_and_only_then(owner: Owner) -> None:
    await owner.has_phone()
    await owner.act(ActionConfirmErasure(), "")
    assert await owner.requests() == []
    await owner.erasure()
    await owner.act(ActionConfirmErasure(), "")
    assert await owner.requests() == [("erasure", "open", "proof", None)]
    await owner.prove("5678")
    await owner.act(ActionConfirmErasure(), "")
    await owner.job()  # too soon: it may still be taken back
    assert await owner.requests() == [("erasure", "open", "erasing", "phone_digits")]
    owner.bot.clock.advance(SHORTEST)
    await owner.job()
    assert [row[1] for row in await owner.requests()] == ["done"]
    (person,) = await rows(owner.bot, contact)
    assert (person.name, person.phone) == (None, None)
    assert [row.text for row in await rows(owner.bot, inbound)] == [""]
    assert [row.done_at for row in await rows(owner.bot, purge)] == [owner.bot.clock.now()]
    recorded = [row for row in await rows(owner.bot, audit_log) if row.action == "data.erased"]
    assert [row.object for row in recorded] == ["data_request 1"]
    await owner.job()
    assert len(await rows(owner.bot, purge)) == 1


async def test_an_erasure_taken_back_in_time_is_not_done(owner: Owner) -> None:
    await owner.erasure()
    await owner.act(ActionConfirmErasure(), "")
    await owner.act(ActionDataRequest(), "thôi không xóa nữa", "delete_data")
    owner.bot.clock.advance(LONGEST)
    await owner.job()
    assert [row[1] for row in await owner.requests()] == ["withdrawn"]
    assert [row.text for row in await rows(owner.bot, inbound)] == ["xin chào"]


async def test_it_waits_until_its_owner_was_told_but_not_for_ever(bot: Bot, content: Content) -> None:
    bot.conversation_id = await bot.open("zalo")
    await bot.receive("xin chào")
    owner = Owner(bot, content)
    await owner.erasure()
    await owner.act(ActionConfirmErasure(), "")
    await bot.database.run(
        lambda c: outbox.say(c, bot.conversation_id, "zalo", [Reply("Dạ em bắt đầu xóa")], bot.clock.now())
    )
    bot.clock.advance(SHORTEST)
    await owner.job()
    assert [row[1] for row in await owner.requests()] == ["open"]
    bot.clock.advance(LONGEST)
    await owner.job()
    assert [row[1] for row in await owner.requests()] == ["done"]
    assert [(row.status, row.error) for row in await bot.sent()] == [("settled", "erased")]


async def test_nothing_of_a_campaign_goes_out_any_more_and_its_numbers_add_up(bot: Bot, content: Content) -> None:
    bot.conversation_id = await bot.open("zalo")
    owner = Owner(bot, content)
    await bot.receive("xin chào")
    for number in range(3):
        await bot.database.run(
            lambda c, n=number: outbox.say(
                c, bot.conversation_id, "zalo", [Reply(f"Nhắc {n}")], bot.clock.now(), bulk=True
            )
        )
    call = (await bot.database.run(lambda c: bot.sender._deliveries.claim(c, 5)))[0]  # the first is being sent
    await owner.erasure()
    await owner.act(ActionConfirmErasure(), "")
    bot.clock.advance(LONGEST)
    await owner.job()
    await bot.database.run(lambda c: bot.sender._deliveries.accepted(c, call, Sent("late", {"quota": 1})))
    await bot.deliver()
    sent = await bot.sent()
    assert [(row.status, row.error, row.provider_message_id) for row in sent] == [("settled", "erased", None)] * 3
    talk = await bot.row()
    assert (talk.send_at, talk.provider_state) == (None, None)
    known = await bot.row()
    keys = await bot.database.read(lambda c: keys_of(c, bot.keyring, [known.contact_id]))
    assert not await bot.database.read(lambda c: has_opted_out(c, keys))  # the row says nothing of anybody any more


async def test_while_a_person_has_the_conversation_the_request_is_the_officers(owner: Owner) -> None:
    await owner.bot.database.run(lambda c: c.execute(conversation.update().values(holder="officer")))  # type: ignore[arg-type]
    assert await owner.bot.say("xóa dữ liệu của tôi") == []
    assert await owner.requests() == [("erasure", "open", "officer", None)]
    (row,) = await rows(owner.bot, data_request)
    assert row.acknowledged_at is None  # an officer says it: the bot is silent


async def test_the_copy_shows_all_linked_channels_until_it_ends(owner: Owner, browser: httpx.AsyncClient) -> None:
    bot = owner.bot
    other = await bot.open("telegram")

    def link(c: Connection) -> None:
        theirs = c.execute(select(conversation.c.contact_id).filter_by(id=other)).scalar_one()
        mine = c.execute(select(conversation.c.contact_id).filter_by(id=bot.conversation_id)).scalar_one()
        Contacts(c, bot.keyring).set_name(theirs, "Hồng Loan")
        c.execute(update(conversation).filter_by(id=other).values(contact_id=mine))
        row = {"conversation_id": other, "from_contact_id": theirs, "to_contact_id": mine}
        c.execute(insert(channel_link).values(**row, linked_at=bot.clock.now()))
        agreed = {"purpose": "domain_reminder", "text_version": 1, "channel": "telegram", "given_at": bot.clock.now()}
        c.execute(insert(consent).values(contact_id=theirs, **agreed))

    await bot.database.run(link)
    await owner.has_phone()
    await owner.access()
    token = token_of(await owner.prove("5678"))
    assert token not in str(await rows(bot, data_copy))
    # a preview GETs the page: it opens nothing and says nothing
    door = await browser.get("/my-data")
    assert (door.status_code, "Loan" in door.text) == (200, False)
    page = await browser.post("/my-data", json={"token": token})
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "noindex" in page.headers["X-Robots-Tag"]
    for words in ("Hồng Loan", "xin chào", "+84912345678", "Lưu và nhắc hạn tên miền", "muốn xóa lúc nào thì nhắn"):
        assert words in page.text, words
    copy = (await browser.post("/my-data.json", json={"token": token})).json()
    assert [row["name"] for row in copy["tables"]["contact"]["rows"]] == [None, "Hồng Loan"]
    assert copy["consent_words"][0]["version"] == 1
    assert {row.action for row in await rows(bot, audit_log)} == {"data.copy_opened"}
    for _ in range(8):
        await browser.post("/my-data", json={"token": token})
    refused = await browser.post("/my-data", json={"token": token})
    assert (refused.status_code, refused.json()["code"]) == (410, "copy_gone")


@pytest.mark.parametrize("end", ["expired", "erased"])
async def test_a_copy_that_has_ended_opens_no_more(owner: Owner, browser: httpx.AsyncClient, end: str) -> None:
    token = token_of(await owner.act(ActionDataRequest(), "dữ liệu của tôi", "my_data"))
    if end == "expired":
        owner.bot.clock.advance(timedelta(hours=24))
    else:
        await owner.erasure()
        await owner.act(ActionConfirmErasure(), "")
        owner.bot.clock.advance(SHORTEST)
        await owner.job()
    for body in ({"token": token}, {"token": "x"}, {}, [1]):
        assert (await browser.post("/my-data", json=body)).status_code == 410
    assert (await browser.get("/privacy")).status_code == 200


def test_a_proof_is_read_where_it_was_asked_for_and_nothing_else_is_taken_for_one() -> None:
    asked = [{"title": "Để cán bộ xác nhận", "payload": '/let_officer_check{"by":"phone_digits"}'}]
    taken = {text: read(text, None, asked) for text in ("5678", "0912 345 678", "số cuối 5678 ạ", "thôi không xóa nữa")}
    assert [payload and payload.intent for payload in taken.values()] == ["prove_identity"] * 3 + [None]
    assert read("5678", None, []) is not None  # a number alone, as before
    assert read("5678", None, []).intent != "prove_identity"  # type: ignore[union-attr]
    named = [{"title": "Để cán bộ xác nhận", "payload": '/let_officer_check{"by":"shop_name"}'}]
    read_as = read("Tạp hóa Hồng Loan", None, named)
    assert read_as is not None
    assert read_as.as_json()["entities"] == [{"entity": "by", "value": "shop_name"}]
    assert read("thuế năm nay bao nhiêu?", None, named) is None


def test_the_end_of_a_number_is_read_in_every_spelling() -> None:
    said = {
        "5678": "5678",
        "0912 345 678": "5678",
        "+84912345678": "5678",
        "cuối là 5678 nhé": "5678",
        "12 34 567": None,
    }
    assert {text: digits_said(text) for text in said} == said
    assert not may_be_proof(Asked.PHONE, "bao giờ xong?")


async def test_one_consent_is_withdrawn_alone(owner: Owner) -> None:
    known = await owner.bot.row()
    now = owner.bot.clock.now()
    for purpose in ("domain_reminder", "vendor_contact_asked", "survey"):
        row = {"contact_id": known.contact_id, "purpose": purpose, "text_version": 1, "channel": "zalo"}
        await owner.bot.database.run(lambda c, r=row: c.execute(insert(consent).values(**r, given_at=now)))
    await apply(owner.bot, WithdrawConsent("domain"))
    in_force = [row.purpose for row in await rows(owner.bot, consent) if row.withdrawn_at is None]
    assert in_force == ["vendor_contact_asked", "survey"]
    await apply(owner.bot, WithdrawConsent("survey"), OptOut())
    assert [row.purpose for row in await rows(owner.bot, consent) if row.withdrawn_at is None] == []


class AtDesk:
    """An officer at work on requests."""

    def __init__(self, owner: Owner) -> None:
        self.owner, self.bot = owner, owner.bot

    async def do(self, step: str, *what: Any) -> Any:
        def work(c: Connection) -> Any:
            now = self.bot.clock.now()
            content = self.owner.content
            officer_id = officer_named(c, "Hà", now)
            desk = data_requests.Desk(
                c, self.bot.keyring, content.phrases, content.deadlines, officer_id, now, self.bot.clock.today(), SITE
            )
            return getattr(desk, step)(*what)

        return await self.bot.database.run(work)

    async def told(self) -> list[str]:
        said = sorted(await rows(self.bot, outbound), key=lambda row: row.id)
        return [row.reply["entry"] for row in said if str(row.reply["entry"] or "").startswith(("data_", "erasure_"))]


async def test_an_officer_takes_a_request_step_by_step_and_the_owner_hears_each(owner: Owner) -> None:
    desk = AtDesk(owner)
    known = await owner.bot.row()
    number = await desk.do("open_by_hand", known.contact_id, known.id, "access", "letter")
    assert await desk.do("open_by_hand", known.contact_id, known.id, "access", "phone") is None
    await desk.do("acknowledge", number)
    await desk.do("acknowledge", number)
    with pytest.raises(data_requests.StepNotPossible, match="identity_missing"):
        await desk.do("carry_out", number)
    await desk.do("proved", number, "called_back")
    await desk.do("others_must_act", number)
    await desk.do("extend", number, "cần đối chiếu sổ giấy")
    with pytest.raises(data_requests.StepNotPossible, match="extended_already"):
        await desk.do("extend", number, "lần nữa")
    (row,) = await rows(owner.bot, data_request)
    assert row.due_on == owner.bot.clock.today() + timedelta(days=15 + 10)
    assert row.words == "cần đối chiếu sổ giấy"
    await desk.do("carry_out", number)
    assert await desk.told() == [
        *("data_request_received", "data_request_proved", "data_request_processor", "data_request_extended"),
        "data_copy",
    ]
    with pytest.raises(data_requests.StepNotPossible, match="finished_already"):
        await desk.do("refuse", number, "repeated", "đã xong")
    assert await owner.requests() == [("access", "done", "officer", "called_back")]


async def test_a_refusal_names_its_ground_and_reason_and_a_correction_is_a_kind_of_its_own(owner: Owner) -> None:
    desk = AtDesk(owner)
    known = await owner.bot.row()
    number = await desk.do("open_by_hand", known.contact_id, known.id, "correction", "in_person")
    with pytest.raises(data_requests.StepNotPossible, match="reason_missing"):
        await desk.do("refuse", number, "repeated", "  ")
    await desk.do("refuse", number, "not_the_person", "Không liên hệ được số đã để lại.")
    (row,) = await rows(owner.bot, data_request)
    assert (row.status, row.refusal, row.due_on) == ("refused", "not_the_person", date(2026, 12, 3))
    assert await desk.told() == ["data_request_refused"]


async def test_what_was_proved_before_two_channels_were_joined_is_proved_anew(
    owner: Owner, browser: httpx.AsyncClient
) -> None:
    bot = owner.bot
    token = token_of(await owner.act(ActionDataRequest(), "dữ liệu của tôi", "my_data"))
    await owner.erasure()
    await owner.act(ActionConfirmErasure(), "")
    other = await bot.open("telegram")

    def join(c: Connection) -> None:
        assert links.keep_code(c, other, "123456", bot.clock.now())
        found = links.find_link(c, bot.conversation_id, "123456", bot.clock.now())
        assert isinstance(found, links.Link)
        assert links.link(c, bot.conversation_id, found, bot.clock.now())

    await bot.database.run(join)
    assert (await browser.post("/my-data", json={"token": token})).status_code == 410
    bot.clock.advance(LONGEST)
    await owner.job()
    assert (await owner.requests())[1] == ("erasure", "open", "officer", None)
    assert [row.text for row in await rows(bot, inbound)] == ["xin chào"]


async def test_a_copy_names_as_receivers_only_the_firms_that_were_told_who_it_is(owner: Owner) -> None:
    bot, now = owner.bot, owner.bot.clock.now()
    contact_id = (await bot.row()).contact_id

    def offer(c: Connection) -> None:
        responses.give_consent(c, contact_id, responses.CONTACT_CONSENT, 1, "webchat", now)
        for vendor in ("VNPT", "VIETTEL"):
            leads.pass_on(c, contact_id, vendor, "thai-nguyen", None, None, now)
        row = c.execute(select(lead).filter_by(vendor="VNPT")).mappings().one()
        write_step(c, row, LeadState.ACCEPTED, Actor("Minh"), now + timedelta(hours=1))
        row = c.execute(select(lead).filter_by(vendor="VNPT")).mappings().one()
        write_step(c, row, LeadState.REFUSED, Actor("Minh"), now + timedelta(hours=2))

    await bot.database.run(offer)
    copy = await bot.database.read(lambda c: copy_of(c, owner.content, contact_id, now, bot.clock.timezone))
    assert [(at, status) for _, at, status in copy.receivers] == [(now + timedelta(hours=1), "refused")]
