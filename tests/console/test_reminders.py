"""The page of automatic reminders: what each says and costs, switched by an administrator who has seen it."""

from __future__ import annotations

import dataclasses
import re
from html import unescape

import pytest
from sqlalchemy import Connection, select

from console.context import ConsoleContext
from console.roles import Role
from programme import ledger
from programme.campaign_problems import CampaignProblem
from programme.notice_switches import Notice, is_on
from store.audit import verify
from store.campaign_tables import campaign, recipient
from store.console_tables import account, audit_log
from store.contacts import Contacts
from store.tables import contact
from tests.console.conftest import Browser, MakePerson, OpenBrowser

PAGE = "/console/reminders"


@pytest.fixture
def context(context: ConsoleContext) -> ConsoleContext:
    return dataclasses.replace(context, carries={"esms": frozenset({"customer_care"}), "zbs": frozenset()})


@pytest.fixture
def root(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Hà", Role.ADMINISTRATOR))


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def card(browser: Browser, name: str) -> str:
    """The HTML of one reminder's part of the page."""
    answer = await browser.get(PAGE)
    assert answer.status_code == 200, answer.text
    return re.split(r'<section class="card"|<h2>', answer.text.split(f'id="{name}"')[1])[0]


async def form(browser: Browser, name: str, ways: str) -> dict[str, object]:
    """The fields of the button that switches a reminder to `ways`."""
    for one in re.findall(r"<form.*?</form>", await card(browser, name), re.DOTALL):
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', one))
        if fields.get("ways") == ways:
            return dict(fields)
    raise AssertionError(f"{name} has no button for {ways}")


def row_of(context: ConsoleContext, name: str = "class_tomorrow") -> dict[str, object]:
    of = select(campaign).filter_by(reminder=name)
    return dict(context.database.read_now(lambda c: c.execute(of).mappings().one()))


async def test_a_reminder_is_switched_on_by_who_has_read_it_and_off_again(
    context: ConsoleContext, root: Browser
) -> None:
    before = words(await card(root, "class_tomorrow"))
    assert "Đang tắt" in before and "Ai đã đăng ký một lớp diễn ra ngày mai" in before
    assert "Nhac lop Ban hang qua mang: 08:00 ngay 01/12/2026" in before and "nhiều nhất 1 tin mỗi người" in before
    assert "1 ngày trước" in before and "lúc 09:00" in before and "Chưa ước được tiền" in before
    on = await form(root, "class_tomorrow", "all")
    assert (await root.post(f"{PAGE}/class_tomorrow", on)).headers["location"] == f"{PAGE}#class_tomorrow"
    row = row_of(context)
    assert (row["status"], row["channels"], row["gateways"]) == ("approved", ["chat", "sms"], ["esms"])
    assert (row["approved_by"], row["digest"]) == ("Hà", on["digest"])
    after = words(await card(root, "class_tomorrow"))
    assert "Đang bật, cả SMS" in after and "Hà bật" in after and "Lần gửi tới 09:00" in after
    assert (await root.post(f"{PAGE}/class_tomorrow", on)).status_code == 409  # of the page before
    assert (await root.post(f"{PAGE}/class_tomorrow", await form(root, "class_tomorrow", "off"))).status_code == 303
    assert "Hà tắt" in words(await card(root, "class_tomorrow"))
    done = select(audit_log.c.actor, audit_log.c.action).where(audit_log.c.action.like("reminder.%"))
    acts = context.database.read_now(lambda c: [tuple(row) for row in c.execute(done.order_by(audit_log.c.id))])
    assert acts == [("Hà", "reminder.on"), ("Hà", "reminder.off")]
    assert context.database.read_now(lambda c: verify(c, context.keyring)) is not None


async def test_without_a_gateway_only_conversations_can_be_switched_on(context: ConsoleContext, root: Browser) -> None:
    object.__setattr__(context, "carries", {})
    answer = await root.post(f"{PAGE}/class_tomorrow", await form(root, "class_tomorrow", "all"))
    assert answer.status_code == 422 and CampaignProblem("gateway_missing").words("vi") in unescape(answer.text)
    assert (await root.post(f"{PAGE}/class_tomorrow", await form(root, "class_tomorrow", "free"))).status_code == 303
    assert "Đang bật, chỉ trong hội thoại" in words(await card(root, "class_tomorrow"))


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("no_such", {"ways": "all"}, 404),
        ("class_tomorrow", {"ways": "loud"}, 409),
        ("class_tomorrow", {"ways": "all", "digest": "0" * 64}, 409),
        ("class_tomorrow", {"ways": "free", "version": "abc", "digest": ""}, 409),
        ("staff/no_such", {"on": "no"}, 404),
        ("staff/sla_warnings", {"on": "no", "version": "7"}, 409),
    ],
)
async def test_what_nobody_could_have_seen_switches_nothing(
    context: ConsoleContext, root: Browser, path: str, more: dict[str, object], status: int
) -> None:
    assert (await root.post(f"{PAGE}/{path}", more)).status_code == status
    assert context.database.read_now(lambda c: c.scalar(select(campaign.c.id))) is None
    assert context.database.read_now(lambda c: is_on(c, Notice.SLA_WARNINGS))


async def test_its_last_sending_is_shown_with_its_ledger_and_the_auditor_gets_it(
    context: ConsoleContext, root: Browser
) -> None:
    await root.post(f"{PAGE}/class_tomorrow", await form(root, "class_tomorrow", "all"))

    def run(connection: Connection) -> None:
        now = context.clock.now()
        contacts = Contacts(connection, context.keyring)
        contacts.set_phone(contacts.add(now, "Lan"), "+84912345678")
        row = connection.execute(select(campaign)).mappings().one()
        ledger.freeze(connection, row, now, select(contact.c.id), now)
        connection.execute(
            recipient.update().values(status="skipped", reason="matter_over", about="class 1 2026-11-24")
        )

    context.database.run_now(run)
    shown = await card(root, "class_tomorrow")
    assert "Đã chốt 1 người" in words(shown) and f"{context.words.say('campaigns.state_row_skipped', 'vi')} 1" in words(
        shown
    )
    id_ = row_of(context)["id"]
    assert f"/console/campaigns/{id_}/ledger/1" in shown
    assert "lớp đổi ngày" in words((await root.get(f"/console/campaigns/{id_}/ledger/1")).text)
    assert "class 1 2026-11-24" in (await root.get(f"/console/campaigns/{id_}/ledger.csv")).text


async def test_as_a_campaign_it_is_read_and_not_changed(context: ConsoleContext, root: Browser) -> None:
    await root.post(f"{PAGE}/class_tomorrow", await form(root, "class_tomorrow", "free"))
    row = row_of(context)
    listed = (await root.get("/console/campaigns")).text
    assert "Nhắc lớp ngày mai" in words(listed) and f'href="{PAGE}#class_tomorrow"' in listed
    page = (await root.get(f"/console/campaigns/{row['id']}")).text
    to = context.words.say("campaigns.to_class", "vi")
    assert f'href="{PAGE}#class_tomorrow"' in page and f"ai đến mốc của mình: {to}" in words(page)
    assert f"/console/campaigns/{row['id']}/pause" not in page and "/copy" not in page
    for step in ("pause", "cancel", "submit", "copy", "test"):
        form_ = {"version": str(row["version"]), "reason": "x", "phone": "0912345678"}
        assert (await root.post(f"/console/campaigns/{row['id']}/{step}", form_)).status_code == 409, step
    assert row_of(context)["status"] == "approved"
    assert len(context.database.read_now(lambda c: c.scalars(select(campaign.c.id)).all())) == 1


async def test_notices_to_staff_are_switched_too(context: ConsoleContext, root: Browser) -> None:
    for on, said in (("no", "Hà tắt"), ("yes", "Hà bật")):
        version = re.search(r'name="version" value="(\d+)"', await card(root, "sla_warnings"))
        assert version is not None
        answer = await root.post(f"{PAGE}/staff/sla_warnings", {"on": on, "version": version[1]})
        assert answer.headers["location"] == f"{PAGE}#sla_warnings"
        assert said in words(await card(root, "sla_warnings"))
        assert context.database.read_now(lambda c: is_on(c, Notice.SLA_WARNINGS)) is (on == "yes")
    assert "Văn bản của tỉnh không ghi ngày báo cáo nào" in words(await card(root, "report_days"))


async def test_the_page_is_there_in_english(root: Browser, context: ConsoleContext) -> None:
    context.database.run_now(lambda c: c.execute(account.update().values(language="en")))
    shown = words(await card(root, "survey_unfinished"))
    assert "Whoever left a survey unfinished" in shown and "Shall we continue?" in shown
