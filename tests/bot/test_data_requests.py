"""To see one's data or have it erased: proof on the channel, the last word, the erasure; what goes wrong."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert

from actions.context import OptOut, WithdrawConsent
from actions.personal_data import (
    ActionConfirmErasure,
    ActionDataRequest,
    ActionKeepMyData,
    ActionLetOfficerCheck,
)
from bot import outbox
from bot.reading import read
from integrations.provider import Sent
from programme.content import Content
from programme.identity_proof import Asked, digits_said, may_be_proof
from scheduler.erasures import LONGEST, SHORTEST
from store.console_tables import audit_log
from store.forgotten import has_opted_out, keys_of
from store.messages import Reply
from store.privacy_tables import data_copy, purge
from store.tables import consent, contact, conversation, data_request, inbound
from tests.bot.acting import apply, rows
from tests.bot.conftest import Bot
from tests.bot.data_owner import SITE, Owner
from tests.bot.data_owner import owner as owner


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
