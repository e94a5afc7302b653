"""The registry on its pages: found by number, tax code and name; the card; adding and correcting by hand."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from console.context import ConsoleContext
from console.roles import Role
from programme import leads, ledger, opt_outs, responses, shops
from programme.campaign_plan import Plan, Variant
from programme.erasure import erase
from programme.ledger_reasons import reason_words
from programme.shops import ShopFacts
from store.campaign_tables import campaign, recipient
from store.contacts import Contacts
from store.forgotten import phone_key
from store.registry_tables import do_not_call
from store.tables import contact, shop
from tests.console.conftest import Browser, MakePerson, OpenBrowser
from tests.console.owners import Street
from tests.console.signing_in import recorded

PAGE = "/console/shops"
NEW: dict[str, object] = {
    "owner": "Nguyễn Thị Lan", "phone": "0912 345 678", "shop": "Tạp hóa Lan", "tax_code": "0100109106",
    "commune": "05503", "trade": "",
}  # fmt: skip


@pytest.fixture
def officer(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Hà"))


def known(context: ConsoleContext) -> Any:
    rows = select(shop, contact.c.name.label("owner"), contact.c.phone).join(contact).order_by(shop.c.id)
    return context.database.read_now(lambda c: c.execute(rows).mappings().all())


async def test_a_shop_is_added_found_and_corrected(officer: Browser, context: ConsoleContext) -> None:
    answer = await officer.post(f"{PAGE}/new", NEW)
    assert answer.headers["location"] == f"{PAGE}/1"
    (row,) = known(context)
    assert (row["phone"], row["tax_code"], row["commune"], row["source"]) == (
        "+84912345678", "0100109106", "05503", "officer",
    )  # fmt: skip
    for sought in ("q=0912345678", "q=84912345678", "q=0100109106", "q=lan+nguyen", "commune=05503", ""):
        found = (await officer.get(f"{PAGE}?{sought}")).text
        assert "Tạp hóa Lan" in found and "… 678" in found
        assert found.count("0912345678") == sought.count("0912345678")
    for sought in ("q=0912345679", "q=lan+tran", "commune=05443", "q=%3F"):
        assert "Tạp hóa Lan" not in (await officer.get(f"{PAGE}?{sought}")).text
    form = (await officer.get(f"{PAGE}/1/edit")).text
    assert "+84912345678" not in form and 'value="Tạp hóa Lan"' in form
    changed = {**NEW, "phone": "", "tax_code": "", "commune": "05443", "seen": ""}
    assert (await officer.post(f"{PAGE}/1/edit", changed)).status_code == 409  # the row was changed when it was made
    seen = known(context)[0]["updated_at"].isoformat()
    assert (await officer.post(f"{PAGE}/1/edit", {**changed, "seen": seen})).status_code == 303
    (row,) = known(context)
    assert (row["phone"], row["tax_code"], row["tax_code_hash"], row["commune"]) == (
        "+84912345678",
        None,
        None,
        "05443",
    )
    assert [one[2] for one in recorded(context, "shop.created")] == ["shop 1"]
    assert [one[2] for one in recorded(context, "shop.changed")] == ["shop 1"]


@pytest.mark.parametrize(
    ("field", "typed"), [("phone", "0208 3851234"), ("phone", ""), ("tax_code", "0100109107"), ("commune", "99999")]
)
async def test_what_lists_refuse_is_refused_by_hand(
    officer: Browser, context: ConsoleContext, field: str, typed: str
) -> None:
    answer = await officer.post(f"{PAGE}/new", {**NEW, field: typed})
    assert answer.status_code == 422 and "Tạp hóa Lan" in answer.text
    assert known(context) == []


async def test_a_number_or_tax_code_that_is_there_leads_to_its_shop(officer: Browser, context: ConsoleContext) -> None:
    await officer.post(f"{PAGE}/new", NEW)
    for other in ({**NEW, "tax_code": ""}, {**NEW, "phone": "0987654321"}):
        answer = await officer.post(f"{PAGE}/new", other)
        assert answer.status_code == 422 and f'href="{PAGE}/1"' in answer.text
    assert len(known(context)) == 1


async def test_somebody_who_was_erased_is_not_added_again(officer: Browser, context: ConsoleContext) -> None:
    await officer.post(f"{PAGE}/new", NEW)
    context.database.run_now(lambda c: erase(c, context.keyring, 1, context.clock.now()))
    answer = await officer.post(f"{PAGE}/new", {**NEW, "tax_code": ""})
    assert answer.status_code == 422 and "yêu cầu xóa dữ liệu" in answer.text
    assert known(context) == []


async def test_the_card_tells_what_was_agreed_to_and_refused(officer: Browser, context: ConsoleContext) -> None:
    await officer.post(f"{PAGE}/new", NEW)
    now, keyring = context.clock.now(), context.keyring

    def more(connection: Any) -> None:
        responses.give_consent(connection, 1, responses.CONTACT_CONSENT, 1, "webchat", now)
        leads.pass_on(connection, 1, "VNPT", "thai-nguyen", "05503", None, now)
        opt_outs.stop(connection, keyring, now, "sms", phone="+84912345678")
        row = {"phone_key": phone_key(keyring, "+84912345678"), "source": "AIS", "listed_at": now}
        connection.execute(do_not_call.insert().values(row))

    context.database.run_now(more)
    card = (await officer.get(f"{PAGE}/1")).text
    for words in ("Số trong danh sách không quảng cáo", "Đã từ chối nhận tin", "nhắn SMS", "VNPT", "… 678"):
        assert words in card
    assert "0912345678" not in card and "+84912345678" not in card
    await officer.get(f"{PAGE}/1")
    assert [one[2] for one in recorded(context, "shop.viewed")] == ["shop 1"]
    assert (await officer.get(f"{PAGE}/2")).status_code == 404


async def test_the_card_tells_which_reminders_came_and_why_one_did_not(
    officer: Browser, context: ConsoleContext
) -> None:
    await officer.post(f"{PAGE}/new", NEW)
    plan = Plan(
        "Nhắc lớp học", "customer_care", (Variant("A", "Xin chao"),), ("sms",), {}, {"kind": "once", "at": None}
    )

    def sent(connection: Any) -> None:
        now = context.clock.now()
        row = {**plan.as_row(), "province": context.province, "status": "approved", "created_by": "Hà"}
        row |= {"edited_by": "Hà", "created_at": now, "updated_at": now}
        number = connection.execute(campaign.insert().returning(campaign.c.id), row).scalar_one()
        everybody = select(contact.c.id.label("contact_id"))
        ledger.freeze(connection, {**row, "id": number}, now, everybody, now)
        left_out = {"status": "skipped", "reason": "opted_out", "final_at": now}
        connection.execute(recipient.update().values(left_out))

    context.database.run_now(sent)
    card = (await officer.get(f"{PAGE}/1")).text
    assert "Nhắc lớp học" in card and reason_words("opted_out", "vi") in card


async def test_pages_follow_each_other(officer: Browser, context: ConsoleContext, monkeypatch: Any) -> None:
    monkeypatch.setattr("console.pages.registry.PAGE", 2)

    def many(connection: Any) -> None:
        for number in range(5):
            id_ = Contacts(connection, context.keyring).add(context.clock.now())
            said = ShopFacts(f"Quán {number}", None, "thai-nguyen")
            shops.learn(connection, context.keyring, id_, said, shops.OFFICER, context.clock.now())

    context.database.run_now(many)
    first = (await officer.get(PAGE)).text
    assert "Quán 4" in first and "Quán 3" in first and "Quán 2" not in first and "after=4" in first
    assert "Quán 2" in (await officer.get(f"{PAGE}?after=4")).text


@pytest.mark.parametrize("role", [Role.COMMUNE, Role.VENDOR])
async def test_the_registry_is_the_desk_s(open_browser: OpenBrowser, make_person: MakePerson, role: Role) -> None:
    browser = open_browser(make_person("Ai", role, vendor="VNPT" if role is Role.VENDOR else None))
    assert (await browser.get(PAGE)).status_code == 403


async def test_shops_learn_from_leads_and_from_what_officers_note(
    officer: Browser, context: ConsoleContext, street: Street
) -> None:
    talk = street.owner("giúp bác", name="Bác Tư")
    await officer.post(f"/console/conversations/{talk}/take")
    await officer.post(f"/console/conversations/{talk}/matter", {"commune": "05443", "topic": ""})
    (row,) = known(context)
    assert (row["commune"], row["province"], row["source"]) == ("05443", "thai-nguyen", "officer")
    whose = row["contact_id"]

    def asks(connection: Any) -> None:
        now = context.clock.now()
        responses.give_consent(connection, whose, responses.CONTACT_CONSENT, 1, "webchat", now)
        leads.pass_on(connection, whose, "VNPT", "thai-nguyen", "05503", None, now)

    context.database.run_now(asks)
    assert [(one["commune"], one["source"]) for one in known(context)] == [("05503", "lead")]
