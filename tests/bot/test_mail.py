"""Requests by mail: what becomes of a mail that comes in, and what its sender gets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from bot import baton
from bot.attachments import of_thread
from bot.mail_poller import MOST_TRIES
from integrations.email.mailbox import ENDED, Mailbox, MailboxClosed
from store.alarm_queries import mailbox_trouble
from store.channel_tables import attachment
from store.console_tables import request
from store.tables import escalation, outbound
from tests.bot.conftest import Bot, turn_answer
from tests.bot.mailing import ADDRESS, ASKER, MailHouse, mail_house


@pytest.fixture
async def house(bot: Bot) -> AsyncIterator[MailHouse]:
    async with mail_house(bot) as made:
        yield made


async def test_a_first_mail_waits_in_the_queue_and_is_acknowledged_once(house: MailHouse) -> None:
    await house.write("Tôi muốn đăng ký tên miền cho cửa hàng ạ.\nCảm ơn.")
    (message,), (ticket,), (here,) = await house.messages(), await house.tickets(), await house.conversations()
    assert message.text == "Tôi muốn đăng ký tên miền cho cửa hàng ạ.\nCảm ơn." and message.status == "with_person"
    assert here.holder == "queue" and house.person.id not in here.address
    assert ticket.address == house.person.id
    (waits,) = await house.rows(escalation)
    (clock,) = await house.rows(request)
    assert waits.reason == "mail" and waits.channel == "email" and clock.due_at > house.bot.clock.now()
    (answer,) = house.accepted
    mail = house.brought[0]
    assert f"HS-2026-{ticket.id:06d}" in mail["Subject"] and f"HS-2026-{ticket.id:06d}" in answer["text"]
    assert mail["Auto-Submitted"] == "auto-replied" and mail["From"].addresses[0].addr_spec == ADDRESS
    assert mail["In-Reply-To"] == message_id_of(house, 0) and "cô/bác" in answer["text"]
    await house.write("Cho tôi bổ sung: cửa hàng ở phường Phan Đình Phùng ạ.")
    assert len(await house.conversations()) == 1 and len(house.accepted) == 1
    assert {"\\Seen"} == set().union(*(one.flags for one in house.server.imap.mails))


def message_id_of(house: MailHouse, number: int) -> str:
    return [bubble.id for bubble in house.person.bubbles if bubble.side == "person"][number]


async def test_an_officers_answer_goes_out_in_the_thread_and_the_reply_comes_back_into_it(house: MailHouse) -> None:
    await house.write("Giá phần mềm bán hàng thế nào ạ?")
    (here,) = await house.conversations()
    await house.say(here.id, "Dạ, cô/bác xem giúp em tài liệu này ạ.")
    mail = house.brought[0]
    assert mail["Auto-Submitted"] is None and mail.get_content().strip() == "Dạ, cô/bác xem giúp em tài liệu này ạ."
    assert message_id_of(house, 0) in mail["References"]
    await house.write(
        "Cảm ơn em.\n\nVào 09:00, Th 2, 23 thg 11, 2026 Hotline <x@y.vn> đã viết:\n> Dạ, cô/bác xem\n> tài liệu"
    )
    first, second = await house.messages()
    assert second.conversation_id == first.conversation_id and second.text == "Cảm ơn em."
    sent = await house.rows(outbound)
    assert {row.status for row in sent} == {"sent"} and mail["Message-ID"] in {row.provider_message_id for row in sent}


async def test_a_mail_to_a_closed_ticket_opens_it_again(house: MailHouse) -> None:
    await house.write("Tôi hỏi về hóa đơn điện tử ạ.")
    (waits,) = await house.rows(escalation)
    now = house.bot.clock.now()
    await house.bot.database.run(lambda c: baton.close(c, waits.id, now))
    assert (await house.conversations())[0].holder == "closed"
    await house.write("Tôi vẫn chưa làm được ạ.")
    (here,) = await house.conversations()
    assert here.holder == "queue" and len(await house.rows(escalation)) == 2
    assert len(house.accepted) == 1  # one acknowledgement, and no question how it was


async def test_only_the_tickets_own_address_may_enter_it(house: MailHouse) -> None:
    await house.write("Việc của tôi ạ.")
    (own,) = await house.tickets()
    number, known = f"HS-2026-{own.id:06d}", house.brought[0]["Message-ID"]
    house.put(f"Subject: Re: [{number}]\nIn-Reply-To: {known}\n\nCho tôi xem hồ sơ này", sender="ke.la@example.com")
    await house.look()
    mine, foreign = await house.messages()
    assert foreign.conversation_id != mine.conversation_id
    assert [fact.refers_to for fact in await house.facts()] == [None, own.id]
    # By the number alone, in a new mail, from the right address
    house.put(f"Subject: hỏi tiếp {number.lower()}\n\nTôi hỏi tiếp", house.person.id, "<9@example.vn>")
    await house.look()
    assert (await house.messages())[-1].conversation_id == mine.conversation_id


@pytest.mark.parametrize("anew", [False, True])
async def test_a_mail_is_taken_once_however_often_it_is_fetched(house: MailHouse, anew: bool) -> None:
    house.put("Subject: A\n\nMột")
    house.put("Subject: B\nDate: Mon, 23 Nov 2026 09:00:00 +0700\n\nKhông có mã thư", message_id=None)
    await house.look()
    house.put("Subject: A\n\nMột")  # delivered twice
    house.put("Subject: B\nDate: Mon, 23 Nov 2026 09:00:00 +0700\n\nKhông có mã thư", message_id=None)
    house.put("Subject: B\nDate: Mon, 23 Nov 2026 10:00:00 +0700\n\nKhông có mã thư", message_id=None)
    if anew:
        house.server.imap.number_anew()
        await house.poller._close()
    await house.look()
    assert sorted(message.text for message in await house.messages()) == [
        "A\n\nMột",
        "B\n\nKhông có mã thư",
        "B\n\nKhông có mã thư",
    ]


async def test_a_reader_that_dies_before_it_has_marked_its_mails_leaves_them_to_the_next(house: MailHouse) -> None:
    house.put("Subject: A\n\nMột")
    await house.poller.look()
    house.server.imap.mails[0].flags.clear()
    await house.bot.database.run(lambda c: house.poller._advance(1, 0, c))
    await house.look()
    assert len(await house.messages()) == 1 and house.server.imap.mails[0].flags == {"\\Seen"}


async def test_of_a_mailbox_that_was_there_before_only_what_nobody_has_read_is_taken(house: MailHouse) -> None:
    now = house.bot.clock.now()
    house.put("Subject: cũ\n\nđã đọc").flags.add("\\Seen")
    house.put("Subject: rất cũ\n\nchưa đọc", message_id="<2@x>").received_at = now - timedelta(days=60)
    house.put("Subject: mới\n\nchưa đọc", message_id="<3@x>")
    assert await house.look() == 1
    assert await house.look() == 0
    house.put("Subject: ai đó đã mở\n\nxem trước", message_id="<4@x>").flags.add("\\Seen")
    assert await house.look() == 1
    assert [message.text for message in await house.messages()] == ["mới\n\nchưa đọc", "ai đó đã mở\n\nxem trước"]


MACHINES = {
    "own": ("Subject: a\n\nx", ADDRESS, "mail_from_ourselves"),
    "vacation": ("Auto-Submitted: auto-replied\nSubject: a\n\nx", ASKER, "mail_automatic"),
    "generated": ("Auto-Submitted: auto-generated\nSubject: a\n\nx", ASKER, "mail_automatic"),
    "old vacation": ("Precedence: auto_reply\nSubject: a\n\nx", ASKER, "mail_automatic"),
    "empty path": ("Return-Path: <>\nSubject: a\n\nx", ASKER, "mail_automatic"),
    "daemon": ("Subject: a\n\nx", "MAILER-DAEMON@example.vn", "mail_bounce"),
    "list": ("List-Id: <a.example.vn>\nSubject: a\n\nx", ASKER, "mail_bulk"),
    "bulk": ("Precedence: bulk\nSubject: a\n\nx", ASKER, "mail_bulk"),
    "newsletter": ("List-Unsubscribe: <mailto:x@example.vn>\nSubject: a\n\nx", ASKER, "mail_bulk"),
}


async def test_machines_get_no_answer_and_no_ticket_but_are_recorded(house: MailHouse) -> None:
    for number, (mail, sender, _) in enumerate(MACHINES.values()):
        house.put(mail, sender, f"<{number}@example.vn>")
    await house.look()
    assert await house.messages() == [] and house.accepted == []
    assert [name for name, _ in await house.refused()] == [reason for *_, reason in MACHINES.values()]
    assert {error for _, error in await house.refused()} == {None}  # nobody need look at them


async def test_who_must_not_be_answered_is_kept_for_a_person(house: MailHouse) -> None:
    house.put("X-Auto-Response-Suppress: All\nSubject: a\n\nmột", message_id="<1@x>")
    house.put("Authentication-Results: mx.example.vn; dmarc=fail\nSubject: b\n\nhai", message_id="<2@x>")
    house.put("Subject: không có người gửi\n\nx", sender=None, message_id="<3@x>")
    house.put("Subject: hai người\n\nx", sender="a@b.vn <c@d.vn>, e@f.vn", message_id="<4@x>")
    await house.look()
    assert house.accepted == [] and len(await house.messages()) == 2
    assert [fact.authentication for fact in await house.facts()] == ["none", "fail"]
    assert await house.refused() == [("mail", "mail_no_sender")] * 2


async def test_a_sender_is_acknowledged_once_an_hour_and_fills_no_queue(house: MailHouse) -> None:
    for number in range(13):
        house.put(f"Subject: việc {number}\n\nx", house.person.id, f"<{number}@x>")
    await house.look()
    assert len(house.accepted) == 1
    assert len(await house.messages()) == 13 and len(await house.tickets()) == 10
    house.bot.clock.advance(timedelta(minutes=61))
    house.put("Subject: việc khác\n\nx", house.person.id, "<99@x>")
    await house.look()
    assert len(house.accepted) == 2


async def test_a_bounce_makes_our_mail_fail_and_a_delay_is_noted(house: MailHouse) -> None:
    await house.write("Tôi hỏi ạ.")
    (here,) = await house.conversations()
    await house.say(here.id, "Dạ em trả lời ạ.")
    delayed = house.brought[0]["Message-ID"]
    house.put(
        "Auto-Submitted: auto-replied\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: delayed\nStatus: 4.4.1\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {delayed}\n--b--\n",
        "postmaster@example.vn",
        "<delay@x>",
    )
    await house.look()
    *_, answer = await house.rows(outbound)
    assert (answer.status, answer.error) == ("sent", "email_delayed")
    await house.write("", action="bounce")
    first, answer = await house.rows(outbound)
    assert first.status == "sent" and (answer.status, answer.error) == ("failed", "email_bounced")
    assert (await house.conversations())[0].unreachable == "email_unknown_address"
    await house.write("Tôi mở lại hộp thư rồi ạ.")
    assert (await house.conversations())[0].unreachable is None
    # Whoever has never got a mail of ours cannot make one fail
    house.put(f"Subject: x\n\n<o{first.id}.{'0' * 24}@mophong.example.vn>", "mailer-daemon@example.vn", "<f@x>")
    await house.look()
    assert (await house.rows(outbound))[0].status == "sent"


async def test_secrets_are_taken_out_before_anything_is_stored(house: MailHouse) -> None:
    await house.write("Mật khẩu là hoa1975@ nhờ em xem giúp")
    (message,), (ticket,) = await house.messages(), await house.tickets()
    assert "hoa1975@" not in message.text and "hoa1975@" not in ticket.subject and message.masked == ["password"]
    assert (
        "hoa1975@" not in house.accepted[0]["text"] + house.accepted[0]["body"]
        and "mật khẩu" in house.accepted[0]["text"]
    )


async def test_what_is_attached_is_stored_encrypted_and_what_is_too_large_is_said(house: MailHouse) -> None:
    await house.write("", action="file")
    large = b"QUFB" * 1_900_000 + b"\r\n"
    parts = (
        b"Content-Type: multipart/mixed; boundary=b\r\nSubject: l\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nKem tep lon\r\n"
        b"--b\r\nContent-Type: video/mp4; name=phim.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    body = parts + large * 4 + b"--b--\r\n"
    house.put(body, message_id="<large@x>")
    await house.look()
    await house.fetcher.fetch_due()
    first, second = await house.messages()
    kept = await house.bot.database.read(
        lambda c: [of_thread(c, one.conversation_id, [one.seq])[one.seq][0] for one in (first, second)]
    )
    assert (kept[0].status, kept[0].media_type, kept[0].name) == ("stored", "application/pdf", "giay-dang-ky.pdf")
    assert (kept[1].status, kept[1].error) == ("failed", "too_large") and second.text == "l\n\nKem tep lon"


async def test_english_is_answered_in_english_and_who_returns_a_mail_to_the_bot_finds_it_waiting(
    house: MailHouse,
) -> None:
    await house.write("Could you please help me register a domain name for my shop?")
    assert "An officer will answer" in house.accepted[0]["text"]
    (waits,) = await house.rows(escalation)
    now = house.bot.clock.now()
    await house.bot.database.run(lambda c: baton.return_to_bot(c, waits.id, now))
    await house.look()
    (here,) = await house.conversations()
    assert here.holder == "queue" and len(house.accepted) == 1


async def test_what_it_is_about_is_asked_of_the_dialogue_whose_answer_is_not_said(house: MailHouse) -> None:
    await house.write("Làm sao đăng ký tên miền ạ?")
    assert house.bot.rasa.requests[0]["text"].startswith("Làm sao") and house.bot.rasa.requests[0]["state"] is None
    (message,) = await house.messages()
    assert message.reading["intent"] == "greet" and not [one for one in house.accepted if "echo" in one["text"]]
    said = await house.bot.database.read(lambda c: list(c.scalars(select(outbound.c.reply))))
    assert [reply["entry"] for reply in said] == ["mail_received"]


async def test_a_guessed_number_is_not_enough_where_somebody_else_has_written(house: MailHouse) -> None:
    await house.write("Việc của tôi ạ.")
    (own,) = await house.tickets()
    forged, known = "Authentication-Results: mx.example.vn; dmarc=fail\n", house.brought[0]["Message-ID"]
    house.put(f"{forged}Subject: [HS-2026-{own.id:06d}]\n\nGửi tiền vào đây", house.person.id, "<1@ke.la>")
    house.put(f"{forged}Subject: x\nIn-Reply-To: {known}\n\nChuyển tiếp qua hộp thư cũ", house.person.id, "<2@x>")
    await house.look()
    mine, guessed, answer = await house.messages()
    assert guessed.conversation_id != mine.conversation_id and answer.conversation_id == mine.conversation_id
    assert [fact.refers_to for fact in await house.facts()] == [None, own.id, None]


class Torn(bytes):
    """The server breaks off whenever it is asked for it."""

    def __getitem__(self, place: Any) -> Any:
        raise ConnectionResetError


async def test_a_mail_that_cannot_be_fetched_keeps_no_other_waiting(house: MailHouse) -> None:
    house.server.imap.append(Torn(b"From: a@b.vn\r\n\r\nx"))
    house.put("Subject: sau\n\nThư sau")
    since = house.bot.clock.now()
    for _ in range(MOST_TRIES):
        with pytest.raises(MailboxClosed) as closed:
            await house.look()
        await house.poller._close()
        await house.poller._note_trouble(closed.value.code)
        house.bot.clock.advance(timedelta(minutes=1))
    # That it can be opened again and again does not hide for how long nothing can be read
    assert await house.bot.database.read(mailbox_trouble) == (ENDED, since)
    assert await house.look() == 2 and await house.bot.database.read(mailbox_trouble) is None
    assert [message.text for message in await house.messages()] == ["sau\n\nThư sau"]
    assert await house.refused() == [("mail", "mail_not_fetched")]
    gone = await house.poller._call(house.poller._open.skeleton, 99)  # type: ignore[union-attr]
    assert gone is None  # deleted meanwhile, which is no mail without a sender


async def test_files_of_mails_with_one_message_id_are_not_mixed_up_when_they_are_numbered_anew(
    house: MailHouse,
) -> None:
    head = "Content-Type: multipart/mixed; boundary=b\nSubject: a\n\n--b\nContent-Type: text/plain; name=a.txt\n\n"
    message_id = '<một"(mã>'.replace("ộ", "o").replace("ã", "a")
    for name in ("hoa", "ke.la"):
        house.put(f"{head}của {name}\n--b--", f"{name}@example.vn", message_id)
    await house.poller.look()
    await house.poller._close()
    house.server.imap.uid_validity += 1
    await house.fetcher.fetch_due()
    found = await house.rows(attachment)
    texts = [house.bot.keyring.decrypt_bytes(one.content).decode().strip() for one in found]
    assert texts == ["của hoa", "của ke.la"]


async def test_a_wait_without_idle_ends_with_its_reader(house: MailHouse) -> None:
    house.server.imap.may_idle = False
    box = await asyncio.to_thread(Mailbox, house.provider.imap)
    waiting = asyncio.create_task(asyncio.to_thread(box.wait, 30))
    box.abort()
    async with asyncio.timeout(10):
        await waiting
    box.close()


async def test_the_commune_that_a_mail_names_is_its_tickets_and_stays_it(house: MailHouse) -> None:
    async def reads(asked: dict[str, Any]) -> web.Response:
        at = asked["text"].find("xã Tân Cương")
        there = [{"entity": "commune", "value": "Tân Cương", "start": at, "end": at + 12}] if at >= 0 else []
        body = json.loads(turn_answer("…", intent="ask_domain_register").body)  # type: ignore[arg-type]
        return web.json_response({**body, "entities": there})

    house.bot.rasa.answer = reads
    await house.write("Cửa hàng tôi ở xã Tân Cương, muốn đăng ký tên miền ạ.")
    (waits,) = await house.rows(escalation)
    assert (waits.commune, waits.topic) == ("05503", "domain")
    await house.write("Tôi cần gấp ạ.")
    assert (await house.conversations())[0].dialogue_state["slots"]["commune_code"] == "05503"
