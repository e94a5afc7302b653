"""The copy of one's data: what it shows, to whom, and until when."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Connection, insert, select, update

from actions.personal_data import ActionConfirmErasure, ActionDataRequest
from programme import leads, responses
from programme.data_copy import copy_of
from programme.lead_states import LeadState
from programme.lead_steps import write_step
from scheduler.erasures import SHORTEST
from store.audit import Actor
from store.channel_tables import channel_link
from store.console_tables import audit_log
from store.contacts import Contacts
from store.privacy_tables import data_copy
from store.survey_tables import lead
from store.tables import consent, conversation
from tests.bot.acting import rows
from tests.bot.data_owner import Owner, token_of
from tests.bot.data_owner import browser as browser
from tests.bot.data_owner import owner as owner


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
