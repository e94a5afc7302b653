"""What SMS gateways call: their reports move the ledger once, a refusal is heard and confirmed once, others get 404."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import httpx
import pytest
import structlog
from sqlalchemy import func, select

from bot.web import sms
from bot.web.app import public_app
from bot.web.sms_door import SmsDoor, address, secret_of
from integrations.sms.esms.inbound import sign
from programme import opt_outs
from store import forgotten
from store.campaign_tables import receipt, recipient
from store.crypto import Keyring
from store.sms_tables import sms_answer
from tests.bot.conftest import Bot
from tests.bot.test_number_reached import sent, state
from tests.integrations.sms.esms_stand_in import fixture

KEY, PHONE = "key1", "+84901888484"


@dataclass
class Door:
    bot: Bot
    http: httpx.AsyncClient
    path: str

    async def report(self, **changes: str) -> httpx.Response:
        """A report that the message r-1 has arrived, with some fields changed."""
        query = dict(parse_qsl(fixture("callback_delivered.txt"), keep_blank_values=True)) | changes
        return await self.http.get(self.path, params=query)

    async def write(self, content: str, smsid: str = "smsid1", **changes: str) -> httpx.Response:
        """A message to the short code."""
        query = dict(parse_qsl(fixture("inbound.txt"))) | {"content": content, "smsid": smsid}
        query["sign"] = sign(KEY, query["cpid"], smsid, content, query["receiverTime"])
        return await self.http.get(f"{self.path}/inbound", params=query | changes)

    async def receipts(self) -> list[tuple[str, bool]]:
        rows = select(receipt.c.state, receipt.c.obeyed).order_by(receipt.c.id)
        return [tuple(row) for row in await self.bot.database.read(lambda c: c.execute(rows).all())]

    async def is_stopped(self) -> bool:
        key = forgotten.phone_key(self.bot.keyring, PHONE)
        return await self.bot.database.read(lambda c: opt_outs.is_stopped(c, [], [key]))


def opened(bot: Bot, **changes: Any) -> Door:
    door = SmsDoor(**({"gateways": {"esms", "speedsms"}, "mo_key": KEY} | changes))
    transport = httpx.ASGITransport(public_app(replace(bot.web, sms=door)), client=("203.0.113.7", 1))
    base = "http://hotline"
    return Door(bot, httpx.AsyncClient(transport=transport, base_url=base), address(base, bot.keyring, "esms"))


@pytest.fixture
async def door(bot: Bot) -> AsyncIterator[Door]:
    made = opened(bot)
    yield made
    await made.http.aclose()


def words(answer: httpx.Response) -> str:
    root = ElementTree.fromstring(answer.text)
    assert [part.tag for part in root] == ["Message", "Smsid", "Receiver"]
    assert root.findtext("Receiver") == "84901888484"
    return root.findtext("Message") or ""


async def sent_by_esms(bot: Bot, **row: Any) -> None:
    await sent(bot, **{"channel": "sms", "gateway": "esms", **row})


async def test_a_report_ends_a_message_whose_answer_was_lost_and_counts_once(door: Door) -> None:
    await sent_by_esms(door.bot)
    for _ in range(3):
        assert (await door.report()).status_code == 200
    assert await state(door.bot) == ("delivered", "d533156")
    assert await door.receipts() == [("delivered", True)]
    price = await door.bot.database.read(lambda c: c.scalar(select(recipient.c.price)))
    assert price == 850


async def test_what_comes_after_the_end_is_kept_and_changes_nothing(door: Door) -> None:
    await sent_by_esms(door.bot)
    await door.report()
    assert (await door.report(SendStatus="7", SendSuccess="0")).status_code == 200
    assert (await door.report(SendFailed="1", SendSuccess="0")).status_code == 200
    assert (await state(door.bot))[0] == "delivered"
    assert await door.receipts() == [("delivered", True), ("accepted", False), ("failed", False)]


async def test_a_message_that_did_not_arrive_says_why(door: Door) -> None:
    await sent_by_esms(door.bot, status="accepted", gateway_message_id="d533156")
    await door.report(SendFailed="1", SendSuccess="0", RequestId="")
    reason = await door.bot.database.read(lambda c: c.scalar(select(recipient.c.reason)))
    assert ((await state(door.bot))[0], reason) == ("failed", "esms_undelivered")


@pytest.mark.parametrize(
    "changes", [{"request_id": "r-2"}, {"gateway": "speedsms"}, {"status": "skipped", "attempts": 0}]
)
async def test_a_report_of_no_message_of_esms_under_way_changes_nothing(door: Door, changes: dict[str, Any]) -> None:
    await sent_by_esms(door.bot, **changes)
    assert (await door.report()).status_code == 200
    assert (await state(door.bot))[0] == changes.get("status", "uncertain")
    assert not any(obeyed for _, obeyed in await door.receipts())


@pytest.mark.parametrize("changes", [{"SMSID": "", "RequestId": ""}, {"SendStatus": "6"}, {"RequestId": "a" * 500}])
async def test_what_cannot_be_read_is_answered_and_forgotten(door: Door, changes: dict[str, str]) -> None:
    await sent_by_esms(door.bot)
    assert (await door.report(**changes)).status_code == 200
    assert await door.receipts() == []


async def test_whoever_does_not_know_the_address_hears_that_there_is_none(door: Door) -> None:
    await sent_by_esms(door.bot)
    right = secret_of(door.bot.keyring, "esms")
    other = secret_of(Keyring("another secret that is long enough to be one"), "esms")
    strangers = [other, right[:-1], right.upper(), right + "0", secret_of(door.bot.keyring, "speedsms"), "é", "x"]
    with structlog.testing.capture_logs() as logs:
        for secret in strangers:
            for path in (f"/webhooks/sms/esms/{secret}", f"/webhooks/sms/esms/{secret}/inbound"):
                answer = await door.http.get(path, params=dict(parse_qsl(fixture("callback_delivered.txt"))))
                assert answer.status_code == 404
        assert (await door.http.get("/webhooks/sms/esms/")).status_code == 404
        assert (await door.http.head(door.path)).status_code in (404, 405)
        assert (await door.http.post(door.path)).status_code == 405
    assert await door.receipts() == []
    assert right not in repr(logs) and "0901888484" not in repr(logs)


async def test_a_gateway_that_is_not_open_is_not_there(bot: Bot) -> None:
    assert (await opened(bot, gateways=set()).report()).status_code == 404
    assert (await opened(bot, mo_key=None).write("TC")).status_code == 404


async def test_calls_from_elsewhere_than_the_named_networks_are_refused(bot: Bot) -> None:
    await sent_by_esms(bot)
    assert (await opened(bot, sources=(ip_network("198.51.100.0/24"),)).report()).status_code == 404
    assert (await state(bot))[0] == "uncertain"
    assert (
        await opened(
            bot,
            sources=(ip_network("198.51.100.0/24"), ip_network("203.0.113.7")),
        ).report()
    ).is_success
    assert (await state(bot))[0] == "delivered"


@pytest.mark.parametrize(
    ("host", "is_admitted"),
    [("::ffff:203.0.113.7", True), ("2001:db8::1", False), ("", False), ("unix", False), ("203.0.113.8", False)],
)
def test_addresses_are_compared_as_addresses(host: str, is_admitted: bool) -> None:
    assert SmsDoor(sources=(ip_network("203.0.113.7"),)).admits(host) is is_admitted


async def test_a_flood_waits_no_longer_than_the_bound(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms, "MOST_WAITING", 0)
    assert (await door.report()).status_code == 503
    assert (await door.http.get(door.path, params={"x": "a" * 20_000})).status_code == 414


@pytest.mark.parametrize("said", ["TC", "stop", "Từ chối", "CDS TC", "toi khong muon nhan tin nua", "huy dang ky"])
async def test_a_refusal_by_sms_is_in_force_and_confirmed_once(door: Door, said: str) -> None:
    first = await door.write(said)
    assert first.headers["content-type"].startswith("text/xml")
    assert "luc 09:00 23/11/2026" in words(first)
    assert len(words(first)) <= 160 and words(first).isascii()
    assert await door.is_stopped()
    assert (await door.write(said)).text == first.text  # called again: the answer was lost
    assert words(await door.write(said, smsid="smsid2")) == ""  # said again: it is known


async def test_messages_may_be_wanted_again(door: Door) -> None:
    await door.write("TC")
    assert "nhan lai" in words(await door.write("Nhận lại tin nhắn", smsid="smsid2"))
    assert not await door.is_stopped()


async def test_other_words_change_nothing_and_hear_what_may_be_said(door: Door) -> None:
    assert "TC" in words(await door.write("Cho hỏi lớp học ở đâu"))
    assert not await door.is_stopped()


@pytest.mark.parametrize("changes", [{"sign": "x"}, {"receiverTime": "20260101080001"}, {"cpid": "other"}])
async def test_a_forged_message_is_not_heard(door: Door, changes: dict[str, str]) -> None:
    assert (await door.write("TC", **changes)).status_code == 404
    assert not await door.is_stopped()


async def test_speedsms_reports_and_brings_refusals_too(door: Door) -> None:
    await sent(door.bot, channel="sms", gateway="speedsms", status="accepted", gateway_message_id="123456")
    path = address("http://hotline", door.bot.keyring, "speedsms")
    for body in ({"type": "report", "tranId": "123456", "phone": "84901888484", "status": 0}, {"type": "x"}):
        assert (await door.http.post(path, json=body)).status_code == 200
    assert (await state(door.bot))[0] == "delivered"
    said = {"type": "sms", "tranId": "9", "phone": PHONE[1:], "content": "TC"}
    assert (await door.http.post(path, json=said)).status_code == 200
    assert await door.is_stopped()
    said |= {"tranId": "10", "content": "lop hoc o dau"}
    assert (await door.http.post(path, json=said)).status_code == 200
    waiting = select(sms_answer.c.gateway, sms_answer.c.phone, sms_answer.c.text)
    ((gateway, phone, words),) = await door.bot.database.read(lambda c: c.execute(waiting).all())
    assert (gateway, phone) == ("speedsms", PHONE) and "luc 09:00 23/11/2026" in words
    assert (await door.http.post(path, content=b"a" * 70_000)).status_code == 413
    assert (await door.http.post(path[:-1], json=said)).status_code == 404
    count = await door.bot.database.read(lambda c: c.scalar(select(func.count()).select_from(receipt)))
    assert count == 1
