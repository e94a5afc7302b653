"""What a turn leaves behind beside its reply: notices, masks, opt-outs, requests, domains, reviews."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from aiohttp import web
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker

from actions.context import (
    Effect,
    ForReview,
    MarkedWrong,
    MessagesAgain,
    OpenDataRequest,
    OptOut,
    RememberDomain,
    TakeBackDataRequest,
    TurnContext,
    Unclear,
    enter,
)
from actions.desk import Desk
from actions.person import ActionRequestPerson
from actions.personal_data import ActionDataRequest, ActionOptOut, ActionWithdrawConsent
from bot import reviews
from bot.answering import _kept_meanwhile
from programme.content import Content
from programme.domain_names import DomainStatus
from programme.identity_proof import Asked, Standing
from programme.responses import Origin
from store.tables import consent, conversation, data_request, inbound, opt_out, review, shop_domain
from tests.bot.acting import apply, rows
from tests.bot.conftest import Bot, turn_answer


async def test_the_notice_is_shown_once_with_its_version(bot: Bot, content: Content) -> None:
    bot.runner.answerer.content = content
    first = await bot.say("xin chào")
    assert first == [content.phrases.say("notice"), "echo xin chào"]
    assert (await bot.row()).notice_version == content.phrases.notice_version
    assert await bot.say("xin chào") == ["echo xin chào"]


async def test_a_new_wording_of_the_notice_is_shown_again(bot: Bot, content: Content) -> None:
    bot.runner.answerer.content = content
    await bot.say("xin chào")
    newer = replace(content.phrases, notice_version=content.phrases.notice_version + 1)
    bot.runner.answerer.content = replace(content, phrases=newer)
    assert len(await bot.say("xin chào")) == 2


async def test_telegram_is_said_to_be_abroad(bot: Bot, content: Content) -> None:
    bot.runner.answerer.content = content
    bot.conversation_id = await bot.open("telegram")
    notice, _ = await bot.say("xin chào")
    assert content.phrases.say("notice_abroad") in notice


async def test_a_secret_is_never_stored_nor_sent_on_and_its_owner_is_warned(bot: Bot) -> None:
    warning, answer = await bot.say("mã otp của bác là 482913")
    assert "mã OTP" in warning
    assert "482913" not in answer
    (message,) = await rows(bot, inbound)
    assert "482913" not in message.text
    assert message.masked == ["otp"]
    assert "482913" not in str(bot.rasa.requests)


async def test_english_is_answered_in_english_from_then_on(bot: Bot) -> None:
    await bot.say("how much tax do I have to pay")
    await bot.say("ok")
    assert [request["slots"]["language"] for request in bot.rasa.requests] == ["en", "en"]
    await bot.say("thôi nói tiếng Việt đi")
    assert bot.rasa.requests[-1]["slots"]["language"] == "vi"


async def test_stop_counts_even_while_a_person_has_the_conversation(bot: Bot) -> None:
    await bot.database.run(
        lambda c: c.execute(conversation.update().values(holder="queue"))  # type: ignore[arg-type]
    )
    assert await bot.say("STOP") == []
    assert len(await rows(bot, opt_out)) == 1


async def test_acts_are_done_once_however_often_they_are_asked(bot: Bot) -> None:
    await bot.say("xin chào")
    request = OpenDataRequest("erasure", date(2026, 11, 26), date(2026, 12, 14))
    for _ in range(2):
        await apply(bot, OptOut(), request)
    assert len(await rows(bot, opt_out)) == 1
    (opened,) = await rows(bot, data_request)
    assert (opened.kind, opened.acknowledge_by, opened.due_on) == ("erasure", date(2026, 11, 26), date(2026, 12, 14))


async def test_a_domain_is_kept_with_the_consent_and_the_newest_word_counts(bot: Bot) -> None:
    await bot.say("xin chào")
    await apply(bot, RememberDomain(DomainStatus("biz.vn", "applied"), 1))
    await apply(bot, RememberDomain(DomainStatus("biz.vn", "active", expires_on=date(2027, 8, 15)), 1))
    (kept,) = await rows(bot, shop_domain)
    assert (kept.status, kept.expires_on) == ("active", date(2027, 8, 15))
    assert kept.consent_id


async def test_what_was_not_understood_is_kept_for_review_without_the_person(bot: Bot) -> None:
    await bot.say("gọi 0912 345 678 hoặc a.b@c.vn nhé")
    await apply(bot, Unclear("not_understood"))
    (one,) = await rows(bot, review)
    assert (one.kind, one.text) == ("not_understood", "gọi [số] hoặc [e-mail] nhé")
    assert one.ranking == [{"name": "a", "confidence": 0.3}]


async def test_a_wrong_answer_is_kept_with_the_question_it_answered(bot: Bot) -> None:
    await bot.say("thuế bao nhiêu")
    await bot.say("", "/answer_wrong")
    await apply(bot, MarkedWrong())
    (one,) = await rows(bot, review)
    assert (one.kind, one.text) == ("marked_wrong", "thuế bao nhiêu")


async def test_the_answer_whose_button_was_pressed_is_the_one_that_is_marked(bot: Bot) -> None:
    async def named(request: dict[str, Any]) -> web.Response:
        return turn_answer("Dạ.", entry=request["text"])

    bot.rasa.answer = named
    for question in ("first", "second"):
        await bot.say(question)
    await bot.say("", '/answer_wrong{"entry":"first"}')
    await apply(bot, MarkedWrong("first"))
    (one,) = await rows(bot, review)
    assert (one.kind, one.text, one.entry) == ("marked_wrong", "first", "first")


async def test_what_is_withheld_or_unread_is_reviewed_without_counting_as_unclear(bot: Bot) -> None:
    await bot.say("giấy tờ gì")
    await apply(bot, ForReview("withheld"))
    (one,) = await rows(bot, review)
    assert (one.kind, one.text) == ("withheld", "giấy tờ gì")
    assert (await bot.row()).unclear_turns == 0


@pytest.mark.parametrize("text", ["", "   "])
def test_masking_nothing_is_nothing(text: str) -> None:
    assert reviews.masked_personal(text) == text


@pytest.mark.parametrize(
    ("text", "kind"), [("xóa dữ liệu", "erasure"), ("dữ liệu của tôi", "access"), ("đừng xóa dữ liệu", None)]
)
async def test_a_request_counts_even_while_a_person_has_the_conversation(bot: Bot, text: str, kind: str | None) -> None:
    await bot.database.run(
        lambda c: c.execute(conversation.update().values(holder="officer"))  # type: ignore[arg-type]
    )
    assert await bot.say(text) == []
    assert [row.kind for row in await rows(bot, data_request)] == ([kind] if kind else [])


async def test_a_number_of_somebody_else_is_not_kept_meanwhile(bot: Bot, content: Content) -> None:
    kept = _kept_meanwhile("số 0912345678 gọi lừa tôi", content, date(2026, 11, 24))
    assert kept == ()


async def test_consent_is_withdrawn_with_what_was_kept_on_its_ground(bot: Bot) -> None:
    await bot.say("xin chào")
    await apply(bot, RememberDomain(DomainStatus("biz.vn", "applied"), 1))
    await bot.database.run(
        lambda c: c.execute(conversation.update().values(holder="queue"))  # type: ignore[arg-type]
    )
    assert await bot.say("rút lại đồng ý") == []
    assert await rows(bot, shop_domain) == []
    (kept,) = await rows(bot, consent)
    assert kept.withdrawn_at == bot.clock.now()
    await apply(bot, RememberDomain(DomainStatus("biz.vn", "applied"), 1))
    assert [row.withdrawn_at for row in await rows(bot, consent)] == [kept.withdrawn_at, None]


async def test_a_request_taken_back_is_no_longer_open_and_may_be_made_again(bot: Bot) -> None:
    await bot.say("xin chào")
    request = OpenDataRequest("erasure", date(2026, 11, 26), date(2026, 12, 14))
    await apply(bot, request, TakeBackDataRequest("access"))
    await apply(bot, TakeBackDataRequest("erasure"), TakeBackDataRequest("erasure"))
    await apply(bot, request)
    assert sorted(row.status for row in await rows(bot, data_request)) == ["open", "withdrawn"]


async def test_who_wants_messages_again_gets_them(bot: Bot) -> None:
    await bot.say("xin chào")
    await apply(bot, OptOut(), MessagesAgain(), MessagesAgain())
    assert await rows(bot, opt_out) == []


async def nothing_asked_for(_: object) -> Standing:
    """What the desk reads of somebody whom an officer must look at."""
    return Standing(Asked.OFFICER, {})


async def run_action(
    content: Content, action: Action, intent: str, text: str, language: str = "vi"
) -> tuple[list[str], list[Effect]]:
    """Which entries the action says, and what it wants done."""
    origin = Origin(1, "zalo", "thai-nguyen", "here")
    desk = Desk(nothing_asked_for, content.surveys, origin, datetime(2026, 11, 24, tzinfo=UTC), UTC)
    context = TurnContext("thai-nguyen", date(2026, 11, 24), content, text, language, desk=desk)
    enter(context)
    dispatcher = CollectingDispatcher()
    tracker = Tracker("1", {}, {"intent": {"name": intent}, "entities": []}, [], False, None, {}, "")
    await action.run(dispatcher, tracker, {})
    return [said["custom"]["entry"] for said in dispatcher.messages], context.effects


@pytest.mark.parametrize(
    ("action", "intent", "text", "entries", "done"),
    [
        (
            ActionDataRequest(),
            "delete_data",
            "xóa dữ liệu của tôi",
            ["delete_data", "proof_officer"],
            ["OpenDataRequest"],
        ),
        (ActionDataRequest(), "delete_data", "đừng xóa dữ liệu của tôi", ["erasure_refused"], ["TakeBackDataRequest"]),
        (ActionDataRequest(), "delete_data", "thôi không xóa nữa", ["erasure_refused"], ["TakeBackDataRequest"]),
        (ActionDataRequest(), "delete_data", "xóa dữ liệu có mất gì không", ["erasure_asked_about"], []),
        (ActionDataRequest(), "my_data", "không cần xem dữ liệu nữa", ["access_refused"], ["TakeBackDataRequest"]),
        (ActionDataRequest(), "my_data", "xem dữ liệu có mất phí không", ["access_asked_about"], []),
        (ActionOptOut(), "opt_out", "stop", ["opt_out"], ["OptOut"]),
        (ActionOptOut(), "opt_out", "nhận lại tin nhắn nhắc hạn", ["messages_again"], ["MessagesAgain"]),
        (ActionOptOut(), "opt_out", "đừng dừng gửi tin cho tôi", ["opt_out_unchanged"], []),
        (ActionWithdrawConsent(), "withdraw_consent", "rút lại đồng ý", ["consent_withdrawn"], ["WithdrawConsent"]),
        (
            ActionWithdrawConsent(),
            "withdraw_consent",
            "rút lại đồng ý và xóa dữ liệu",
            ["consent_withdrawn", "delete_data", "proof_officer"],
            ["WithdrawConsent", "OpenDataRequest"],
        ),
        (ActionRequestPerson(), "request_person", "gặp cán bộ", ["request_person"], ["HandToPerson"]),
        (ActionRequestPerson(), "request_person", "không muốn gặp cán bộ, trả lời luôn đi", ["person_refused"], []),
        (ActionRequestPerson(), "complain", "tôi không khiếu nại", ["person_refused"], []),
        (ActionRequestPerson(), "request_person", "tôi muốn chết", ["distress"], ["HandToPerson"]),
        (
            ActionRequestPerson(),
            "request_person",
            "bị lừa mất tiền rồi, gọi lại cho chị 0912345678",
            ["ask_scam_lost_money", "request_person"],
            ["RememberPhone", "HandToPerson"],
        ),
        (
            ActionRequestPerson(),
            "request_person",
            "có số 0912345678 gọi lừa đảo, cho gặp cán bộ",
            ["ask_scam_check", "request_person"],
            ["HandToPerson"],
        ),
    ],
)
async def test_an_act_is_done_only_where_the_words_want_it(
    content: Content, action: Action, intent: str, text: str, entries: list[str], done: list[str]
) -> None:
    for language in ("vi", "en"):
        said, wanted = await run_action(content, action, intent, text, language)
        assert said == entries
        assert [type(effect).__name__ for effect in wanted] == done


async def test_who_has_left_a_number_is_not_asked_for_it(content: Content) -> None:
    enter(TurnContext("thai-nguyen", date(2026, 11, 24), content, "gọi lại cho chị 0912345678"))
    dispatcher = CollectingDispatcher()
    tracker = Tracker("1", {}, {"intent": {"name": "request_person"}}, [], False, None, {}, "")
    await ActionRequestPerson().run(dispatcher, tracker, {})
    (said,) = dispatcher.messages
    assert "đã ghi số điện thoại" in said["text"]
    assert "24 giờ" in said["text"]
    assert said["custom"]["sources"]
