"""What follows from a result, through the whole bot: a call, a class, the picture and the sheet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select, update

from bot.web.app import public_app
from hotline.conversing import Exchange, Terminal
from hotline.serve import LOOPBACK, bind, server_for
from programme import responses
from programme.person_lists import leads_list
from programme.responses import Kept, Origin
from programme.survey.definition import CONSENT, FORM, REFUSED, Answer
from programme.survey.response import Response, answered, next_item
from store.clock import ManualClock
from store.database import insert_returning_id
from store.survey_tables import class_place, lead, survey_response, training_class
from store.tables import consent, contact, conversation, inbound, outbound
from tests.conftest import NOW

pytestmark = pytest.mark.asyncio(loop_scope="session")
KNOWN: dict[str, Answer] = {FORM: "core", "P01": "Quán Ba Lan", "P02": "Lan", "P03": REFUSED, "P05": "05503"}


async def completed(terminal: Terminal, agreed: str = "yes_only", points: int = 1, **answers: Answer) -> str:
    """A conversation whose owner has completed the short form."""
    assert isinstance(terminal.hotline.clock, ManualClock)
    terminal.hotline.clock.set(NOW)
    conversation_id = await terminal.open()
    hotline = terminal.hotline

    def store(connection: Any) -> None:
        contact_id = connection.scalar(select(conversation.c.contact_id).filter_by(id=conversation_id))
        origin = Origin(contact_id, "webchat", "thai-nguyen", conversation_id)
        response = Response(hotline.content.surveys.latest, {CONSENT: agreed})
        while (item := next_item(response)) is not None:
            value = {**KNOWN, **answers}.get(item.id)
            if value is None:
                first = item.options[0].value if item.options else "rau_qua"
                value = points if item.section == "question" else first
            response = answered(response, item.id, [str(value)] if item.kind == "multi_choice" else value)
        responses.save(connection, hotline.keyring, Kept(response, origin), hotline.clock.now())

    await hotline.database.run(store)
    return conversation_id


async def press(terminal: Terminal, conversation_id: str, payload: str) -> Exchange:
    return await terminal.say(conversation_id, "", payload)


async def rows(terminal: Terminal, table: Any, conversation_id: str) -> list[Any]:
    """The contact's rows of `table`."""

    def look(connection: Any) -> list[Any]:
        contact_id = connection.scalar(select(conversation.c.contact_id).filter_by(id=conversation_id))
        return list(connection.execute(select(table).filter_by(contact_id=contact_id)).mappings())

    return await terminal.hotline.database.read(look)


def said(exchange: Exchange) -> str:
    return "\n".join(reply.text for reply in exchange.replies)


@asynccontextmanager
async def public(terminal: Terminal) -> AsyncIterator[aiohttp.ClientSession]:
    """The public port of the same bot."""
    listener = bind(LOOPBACK, 0)
    server = server_for(public_app(terminal.hotline.web))
    serving = asyncio.create_task(server.serve([listener]))
    async with aiohttp.ClientSession(f"http://{LOOPBACK}:{listener.getsockname()[1]}") as http:
        yield http
    server.should_exit = True
    await serving


async def add_class(terminal: Terminal, **changes: object) -> int:
    row = {
        "province": "thai-nguyen",
        "commune": "05503",
        "topic": "online_selling",
        "title": "Bán hàng trên Zalo",
        "place": "Nhà văn hóa xã Tân Cương",
        "starts_at": terminal.hotline.clock.now() + timedelta(days=7),
        "seats": 1,
    } | changes
    return await terminal.hotline.database.run(lambda c: insert_returning_id(c, training_class, row))


async def test_who_did_not_agree_to_be_called_is_asked_with_the_firm_s_name_before_anything_leaves(
    terminal: Terminal,
) -> None:
    talk = await completed(terminal)

    asked = await press(terminal, talk, "/meet_vendor")
    assert "chuyển tên, số điện thoại và kết quả khảo sát của cô/bác cho" in said(asked)
    assert [button.title for button in asked.replies[-1].buttons] == ["Đồng ý", "Không đồng ý"]
    assert await rows(terminal, lead, talk) == []

    refused = await terminal.say(talk, "không")
    assert "không chuyển cho ai" in said(refused)
    assert await rows(terminal, lead, talk) == []

    await press(terminal, talk, "/meet_vendor")
    agreed = await terminal.say(talk, "đồng ý")
    assert "VNPT" in said(agreed) and "nhắn thêm số điện thoại" in said(agreed)
    (made,) = await rows(terminal, lead, talk)
    assert (made["vendor"], made["status"], made["commune"]) == ("VNPT", "offered", "05503")
    given = {one["purpose"]: one["id"] for one in await rows(terminal, consent, talk)}
    assert made["consent_id"] == given["vendor_contact_asked"]


async def test_the_number_sent_afterwards_is_kept_for_the_call(terminal: Terminal) -> None:
    talk = await completed(terminal, agreed="yes_contact")
    assert "nhắn thêm số điện thoại" in said(await press(terminal, talk, "/meet_vendor"))

    await terminal.say(talk, "0912 345 678")

    def phone(connection: Any) -> str:
        owner = select(conversation.c.contact_id).filter_by(id=talk).scalar_subquery()
        return str(connection.scalar(select(contact.c.phone).where(contact.c.id == owner)))

    assert await terminal.hotline.database.read(phone) == "+84912345678"


async def test_the_bank_is_a_lead_of_its_own(terminal: Terminal) -> None:
    talk = await completed(terminal, agreed="yes_contact")

    await press(terminal, talk, "/meet_vendor")
    await press(terminal, talk, "/meet_bank")
    await press(terminal, talk, "/meet_bank")

    assert sorted(one["vendor"] for one in await rows(terminal, lead, talk)) == ["BIDV", "VNPT"]


async def test_a_withdrawn_consent_takes_leads_and_wishes_with_it(terminal: Terminal) -> None:
    talk = await completed(terminal, agreed="yes_contact")
    await press(terminal, talk, "/meet_vendor")
    await press(terminal, talk, '/wish_for_class{"a":"ai"}')

    await terminal.say(talk, "tôi rút lại đồng ý")

    assert await rows(terminal, lead, talk) == []
    assert await rows(terminal, class_place, talk) == []
    assert await rows(terminal, survey_response, talk) == []
    assert all(one["withdrawn_at"] is not None for one in await rows(terminal, consent, talk))


async def test_a_class_with_one_seat_is_shown_taken_and_then_full(terminal: Terminal) -> None:
    first, second = await completed(terminal), await completed(terminal)
    number = await add_class(terminal)

    shown = await press(terminal, first, '/see_classes{"a":"online_selling"}')
    assert "Bán hàng trên Zalo, 09:00 30/11/2026, tại Nhà văn hóa xã Tân Cương (còn 1 chỗ)" in said(shown)
    assert "Đăng ký lớp 30/11" in [button.title for button in shown.replies[-1].buttons]

    assert "giữ chỗ" in said(await press(terminal, first, f'/join_class{{"a":"{number}"}}'))
    (place,) = await rows(terminal, class_place, first)
    assert (place["class_id"], place["commune"]) == (number, "05503")
    assert "hết chỗ" in said(await press(terminal, second, f'/join_class{{"a":"{number}"}}'))
    assert await rows(terminal, class_place, second) == []


async def test_without_a_class_the_wish_is_noted_once(terminal: Terminal) -> None:
    talk = await completed(terminal)

    assert "chưa có lịch lớp" in said(await press(terminal, talk, '/see_classes{"a":"ai"}'))
    assert "ghi tên" in said(await press(terminal, talk, '/wish_for_class{"a":"ai"}'))
    await press(terminal, talk, '/wish_for_class{"a":"ai"}')

    (wish,) = await rows(terminal, class_place, talk)
    assert (wish["class_id"], wish["topic"], wish["commune"]) == (None, "ai", "05503")


@pytest.mark.parametrize("number", ["", "999999", "12345678901234567890", "x"])
async def test_a_class_that_is_not_there_is_said(terminal: Terminal, number: str) -> None:
    talk = await completed(terminal)

    assert "không còn trong lịch" in said(await press(terminal, talk, f'/join_class{{"a":"{number}"}}'))


async def test_picture_and_sheet_are_at_their_secret_address_until_the_consent_ends(terminal: Terminal) -> None:
    talk = await completed(terminal, points=3)
    shown = await press(terminal, talk, "/show_survey_result")
    sheet = await press(terminal, talk, "/show_survey_sheet")
    image, file = shown.replies[0].image, sheet.replies[0].file
    assert image is not None and file is not None
    async with public(terminal) as http:
        async with http.get(image) as picture:
            assert (picture.status, picture.content_type) == (200, "image/png")
            assert (await picture.read()).startswith(b"\x89PNG")
            assert "private" in picture.headers["cache-control"]
        async with http.get(file.url) as paper:
            assert (paper.status, paper.content_type) == (200, "application/pdf")
            assert (await paper.read()).startswith(b"%PDF")
        for unknown in ("/survey/AAAAAAAAAAAAAAAAAAAAAA.png", "/survey/x.pdf"):
            async with http.get(unknown) as answer:
                assert (answer.status, (await answer.json())["code"]) == (404, "survey_unknown")

        await terminal.say(talk, "tôi rút lại đồng ý")
        for gone in (image, file.url):
            async with http.get(gone) as answer:
                assert answer.status == 404


async def test_a_withdrawn_consent_blacks_out_what_was_told_and_leaves_the_rest_of_the_talk(terminal: Terminal) -> None:
    talk = await terminal.open()
    told = ("Tạp hóa Hồng Loan", "Nguyễn Thị Lan", "0912 345 678")
    for words in ("ai hỗ trợ xã tân cương", "làm khảo sát", "1", "2", *told, "quay lại"):
        await terminal.say(talk, words)

    await terminal.say(talk, "tôi rút lại đồng ý")

    def everything(connection: Any) -> str:
        heard = connection.execute(select(inbound.c.text, inbound.c.reading).filter_by(conversation_id=talk)).all()
        replies = connection.scalars(select(outbound.c.reply).filter_by(conversation_id=talk)).all()
        return "\n".join(map(str, (*heard, *replies)))

    kept = await terminal.hotline.database.read(everything)
    for words in (*told, "345 678", "345678"):
        assert words not in kept
    assert "ai hỗ trợ xã tân cương" in kept and "VNPT" in kept


async def test_an_old_button_that_opens_a_result_again_does_not_stand_in_the_way_of_starting_anew(
    terminal: Terminal,
) -> None:
    talk = await completed(terminal, agreed="yes_contact")
    await press(terminal, talk, "/meet_vendor")
    await press(terminal, talk, '/answer_survey{"q":"FORM","a":"full"}')
    await press(terminal, talk, "/restart_survey")

    assert "bản nào" in said(await press(terminal, talk, '/answer_survey{"q":"CONSENT","a":"yes_contact"}'))
    assert [one["vendor"] for one in await rows(terminal, lead, talk)] == ["VNPT"]


async def test_who_takes_the_call_back_and_wants_it_after_all_is_listed_again(terminal: Terminal) -> None:
    talk = await completed(terminal, agreed="yes_contact")
    await press(terminal, talk, "/meet_vendor")
    await press(terminal, talk, '/answer_survey{"q":"CONSENT","a":"yes_only"}')
    assert await rows(terminal, lead, talk) == []

    await press(terminal, talk, "/meet_vendor")
    await terminal.say(talk, "đồng ý")
    (wanted,) = await rows(terminal, lead, talk)
    taken_up = update(lead).filter_by(id=wanted["id"]).values(status="accepted")  # from then on it names the owner
    await terminal.hotline.database.run(lambda c: c.execute(taken_up))

    listed = await terminal.hotline.database.read(
        lambda c: leads_list(c, terminal.hotline.content, "thai-nguyen", None, terminal.hotline.clock.timezone)
    )
    assert [row[2:6] for row in listed if row[4] == "Quán Ba Lan"][-1] == ("Lan", "", "Quán Ba Lan", "xã Tân Cương")
    assert len(await rows(terminal, lead, talk)) == 1


async def test_a_question_of_another_flow_is_answered_before_the_survey_goes_on(terminal: Terminal) -> None:
    talk = await completed(terminal)
    await terminal.say(talk, "sửa câu 2")

    asked = await press(terminal, talk, "/meet_vendor")
    assert "đồng ý không" in said(asked) and "Câu 2/12" not in said(asked)
    agreed = await terminal.say(talk, "đồng ý")
    assert "VNPT" in said(agreed) and "Câu 2/12" in said(agreed)
    assert len(await rows(terminal, lead, talk)) == 1


async def test_without_a_result_its_buttons_offer_the_survey(terminal: Terminal) -> None:
    talk = await terminal.open()

    for payload in ("/show_survey_result", "/show_survey_sheet"):
        shown = await press(terminal, talk, payload)
        assert "chưa có kết quả khảo sát" in said(shown)
        assert [button.title for button in shown.replies[-1].buttons] == ["Làm khảo sát"]
