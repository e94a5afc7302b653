"""A survey that begins on Zalo and goes on in the web chat, with the real engine and dialogue."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot import inbox
from hotline.conversing import Exchange, Terminal
from programme.survey.definition import CONSENT
from store.survey_tables import survey_response
from store.tables import conversation

SECOND = timedelta(seconds=1)
SESSION = pytest.mark.asyncio(loop_scope="session")


def said(exchange: Exchange) -> str:
    return "\n".join(reply.text for reply in exchange.replies)


async def opened(terminal: Terminal, channel: str) -> str:
    hotline, address = terminal.hotline, uuid.uuid4().hex
    return await hotline.database.run(
        lambda c: inbox.open_conversation(c, hotline.keyring, channel, address, "thai-nguyen", hotline.clock.now())
    )


async def tell(terminal: Terminal, talk: str, *texts: str) -> str:
    """What the bot answered to the last of `texts`."""
    answered = ""
    for text in texts:
        answered = said(await terminal.say(talk, text))
    return answered


async def code_of(terminal: Terminal, talk: str) -> str:
    found = re.search(r"LK\d{6}", await tell(terminal, talk, "liên kết kênh"))
    assert found is not None
    return found[0]


async def surveys_of(terminal: Terminal, talk: str) -> list[Any]:
    """Responses of the contact to whom the conversation belongs now."""
    own = select(conversation.c.contact_id).filter_by(id=talk).scalar_subquery()
    rows = select(survey_response).where(survey_response.c.contact_id == own).order_by(survey_response.c.id)
    return await terminal.hotline.database.read(lambda c: list(c.execute(rows).all()))


@SESSION
async def test_a_survey_begun_on_zalo_goes_on_in_the_web_chat(terminal: Terminal) -> None:
    zalo, chat = await opened(terminal, "zalo"), await opened(terminal, "webchat")
    assert "tên là gì" in await tell(terminal, zalo, "làm khảo sát", "2", "2", "Quán Ba Lan")

    offer = await terminal.say(chat, await code_of(terminal, zalo))
    assert "nối kênh này với Zalo" in said(offer) and "đang làm dở khảo sát" in said(offer)
    assert [button.title for button in offer.replies[-1].buttons] == ["Làm tiếp", "Để sau"]
    assert "tên là gì" in await tell(terminal, chat, "Làm tiếp")
    assert "số điện thoại" in await tell(terminal, chat, "Lan")
    assert "tỉnh nào" in await tell(terminal, zalo, "bỏ qua")

    (response,) = await surveys_of(terminal, chat)
    assert response.answers[CONSENT] == "yes_only"
    assert "Quán Ba Lan" in response.personal and "Lan" in response.personal


@SESSION
async def test_of_two_surveys_the_newer_one_goes_on_and_the_other_is_back_when_the_link_is_undone(
    terminal: Terminal,
) -> None:
    zalo, chat = await opened(terminal, "zalo"), await opened(terminal, "webchat")
    await tell(terminal, chat, "làm khảo sát", "2", "2", "Tạp hóa Hùng")
    terminal.hotline.clock.advance(SECOND)  # type: ignore[attr-defined]
    await tell(terminal, zalo, "làm khảo sát", "2", "2", "Quán Ba Lan", "Lan")

    joined = await tell(terminal, chat, await code_of(terminal, zalo))
    assert "hai phiếu khảo sát" in joined and "đang làm dở" in joined
    assert "tên là gì" not in joined  # the web chat's own open question is asked no more
    assert "số điện thoại" in await tell(terminal, chat, "làm tiếp")
    (response,) = await surveys_of(terminal, chat)
    assert "Quán Ba Lan" in response.personal

    parted = await tell(terminal, zalo, "hủy liên kết")
    assert "mỗi kênh lại riêng" in parted and "Zalo" in parted and "số điện thoại" not in parted
    (response,) = await surveys_of(terminal, chat)
    assert "Tạp hóa Hùng" in response.personal and response.status == "open"
    assert "đang làm dở" in await tell(terminal, chat, "làm khảo sát")
    assert "tên là gì" in await tell(terminal, chat, "có")
    assert "số điện thoại" in await tell(terminal, zalo, "làm khảo sát", "có")


@SESSION
async def test_where_the_code_was_shown_the_survey_of_the_contact_that_left_is_asked_no_more(
    terminal: Terminal,
) -> None:
    """The web chat's survey is the newer one, so the conversation that showed the code moves, in the middle of a
    question."""
    zalo, chat = await opened(terminal, "zalo"), await opened(terminal, "webchat")
    await tell(terminal, zalo, "làm khảo sát", "2", "2", "Quán Cũ")
    code = await code_of(terminal, zalo)
    terminal.hotline.clock.advance(SECOND)  # type: ignore[attr-defined]
    await tell(terminal, chat, "làm khảo sát", "2", "2", "Quán Mới", "Lan")
    assert "nối kênh này với Zalo" in await tell(terminal, chat, code)

    await tell(terminal, zalo, "0987 654 321")  # which would answer the other survey's question
    (response,) = await surveys_of(terminal, zalo)
    assert "Quán Mới" in response.personal and "987654321" not in response.personal
    assert "đang làm dở" in await tell(terminal, zalo, "làm khảo sát")
