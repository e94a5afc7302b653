"""The job "erasures": what dies half way is gone on with; a firm that was told of the owner hears that they are gone.

What an owner and an officer do before it: tests/bot/test_data_requests.py.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select, update

from bot import inbox
from bot.baton import officer_named
from programme import leads, responses
from scheduler import erasures, vendor_notices
from scheduler.erasures import SHORTEST, carry_out
from scheduler.kinds import JobContext
from store.console_tables import account
from store.contacts import Contacts
from store.database import insert_returning_id
from store.privacy_tables import purge
from store.survey_tables import lead
from store.tables import contact, conversation, data_request
from store.vendor_tables import vendor_notice


def confirmed(context: JobContext) -> int:
    """Somebody whose erasure is due, by contact."""

    def work(connection: Connection) -> int:
        now = context.clock.now()
        here = inbox.open_conversation(connection, context.keyring, "webchat", "a", "thai-nguyen", now, "Hồng Loan")
        of = connection.execute(select(conversation.c.contact_id).filter_by(id=here)).scalar_one()
        Contacts(connection, context.keyring).set_phone(of, "+84912345678")
        row = {"contact_id": of, "conversation_id": here, "kind": "erasure", "status": "open", "stage": "erasing"}
        days = {"acknowledge_by": now.date(), "due_on": now.date()}
        connection.execute(insert(data_request).values(**row, **days, opened_at=now, confirmed_at=now - SHORTEST))
        return int(of)

    return context.database.run_now(work)


async def test_a_process_that_dies_before_the_disk_is_clean_is_followed_by_another(
    context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed(context)

    async def dies(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(erasures, "purge_asked", dies)
        with pytest.raises(KeyboardInterrupt):
            await carry_out(context)
    names = select(contact.c.name)
    assert await context.database.read(lambda c: c.scalars(names).all()) == [None]
    assert await context.database.read(lambda c: c.scalars(select(purge.c.done_at)).all()) == [None]
    await carry_out(context)
    assert await context.database.read(lambda c: c.scalars(select(purge.c.done_at)).all()) == [context.clock.now()]


async def test_a_firm_that_was_told_name_and_number_hears_that_it_must_delete_them(context: JobContext) -> None:
    contact_id = confirmed(context)
    now = context.clock.now()

    def work(connection: Connection) -> None:
        for name, vendor in (("VNPT", "VNPT"), ("Viettel", "VIETTEL")):
            officer_id = officer_named(connection, name, now)
            row = {"officer_id": officer_id, "login": name.lower(), "role": "vendor", "vendor": vendor}
            insert_returning_id(connection, account, {**row, "created_at": now, "telegram_chat": "1"})
        responses.give_consent(connection, contact_id, responses.CONTACT_CONSENT, 1, "webchat", now)
        leads.pass_on(connection, contact_id, "VNPT", "thai-nguyen", None, None, now)
        connection.execute(update(lead).values(status="accepted"))

    await context.database.run(work)
    context.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    await carry_out(context)
    told = select(vendor_notice.c.kind, vendor_notice.c.status, account.c.login).join(account)
    found = await context.database.read(lambda c: [tuple(row) for row in c.execute(told)])
    assert found == [("lead_gone", "waiting", "vnpt")]
    await context.database.run(vendor_notices._void_ended)
    rows = await context.database.read(vendor_notices._waiting)
    assert "hãy xóa ngay" in vendor_notices._words(context, rows)
