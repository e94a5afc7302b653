"""Requests about data as officers take them, step by step, and what is proved anew."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection

from actions.personal_data import ActionConfirmErasure, ActionDataRequest
from bot import data_requests
from bot.baton import officer_named
from programme import links
from scheduler.erasures import LONGEST
from store.tables import data_request, inbound, outbound
from tests.bot.acting import rows
from tests.bot.data_owner import SITE, Owner, token_of
from tests.bot.data_owner import browser as browser
from tests.bot.data_owner import owner as owner


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
