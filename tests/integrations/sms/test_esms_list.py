"""eSMS's list of what it took: by it a message is found whose answer was lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.errors import Fate, SendFailed
from integrations.sms.esms import client
from integrations.sms.esms.listed import local_time, read_listed
from integrations.sms.gateway import Listing, Report
from tests.integrations.sms.esms_stand_in import answering, client_of, esms, message

HOUR = timedelta(hours=1)
ENTRY = {"Campaign": "r-1", "ReferenceId": "m-1", "SendStatus": 5, "SendResult": 1, "SellPrice": 850.0}


def span() -> tuple[datetime, datetime]:
    now = datetime.now(UTC)  # the simulator's clock is the machine's
    return now - HOUR, now + HOUR


async def test_a_message_whose_answer_was_lost_is_in_the_list_and_others_are_not() -> None:
    async with esms(report_ms=0) as (simulator, gateway):
        assert isinstance(gateway, Listing)
        simulator.faults.arm({"kind": "reset_after", "count": 1, "path": "/SendMultipleMessage"})
        with pytest.raises(SendFailed):
            await gateway.send(message("r-1"))
        await gateway.send(message("r-2", phone="+84900000002"))
        simulator.clock.advance(timedelta(seconds=5))
        listed = await gateway.listed(*span())
        assert set(listed) == {"r-1", "r-2"}
        ids = {one.request_id: one.id for one in simulator.taken.messages.values()}
        assert listed["r-1"] == Report("delivered", ids["r-1"], "r-1", price=850)
        since, until = span()
        assert await gateway.listed(since - 3 * HOUR, until - 2 * HOUR) == {}


async def test_the_list_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", 2)
    async with esms() as (_, gateway):
        for number in range(5):
            await gateway.send(message(f"r-{number}", phone=f"+8490000010{number}"))
        assert set(await gateway.listed(*span())) == {f"r-{number}" for number in range(5)}
        monkeypatch.setattr(client, "MOST_PAGES", 2)
        with pytest.raises(SendFailed, match="esms_list_too_long"):
            await gateway.listed(*span())


async def test_wrong_keys_and_answers_that_are_no_list_are_told() -> None:
    async with esms() as (simulator, _), client_of(simulator.url, ESMS_API_KEY="x") as stranger:
        with pytest.raises(SendFailed, match="esms_101"):
            await stranger.listed(*span())
    for body in ({"CodeResult": "100"}, {"CodeResult": "100", "SentData": {}}, {"x": 1}):
        async with answering(json.dumps(body)) as gateway:
            with pytest.raises(SendFailed) as raised:
                await gateway.listed(*span())
            assert raised.value.error.fate in (Fate.RETRY, Fate.UNCERTAIN)
    body = {"CodeResult": "100", "SentData": [None, 7, {}, {**ENTRY, "SendStatus": "x"}, ENTRY]}
    async with answering(json.dumps(body)) as gateway:
        assert await gateway.listed(*span()) == {"r-1": Report("delivered", "m-1", "r-1", price=850)}


@pytest.mark.parametrize(
    ("changes", "report"),
    [
        ({"SendResult": "1", "SendStatus": "5"}, Report("delivered", "m-1", "r-1", price=850)),
        ({"SendResult": True}, Report("delivered", "m-1", "r-1", price=850)),
        ({"SendResult": 0}, Report("failed", "m-1", "r-1", "esms_undelivered", 850)),
        ({"SendResult": 2}, Report("accepted", "m-1", "r-1", price=850)),
        ({"SendResult": None}, Report("accepted", "m-1", "r-1", price=850)),
        ({"SendStatus": 4}, Report("failed", "m-1", "r-1", "esms_rejected", 850)),
        ({"SendStatus": 7}, Report("accepted", "m-1", "r-1", price=850)),
        ({"ReferenceId": 5, "SellPrice": "x"}, Report("delivered", None, "r-1")),
        ({"SendStatus": None}, None),
    ],
)
def test_what_an_entry_says(changes: dict[str, Any], report: Report | None) -> None:
    assert read_listed({**ENTRY, **changes}) == ("r-1", report)


@pytest.mark.parametrize("campaign", ["", None, 7, "a" * 81])
def test_an_entry_that_is_no_message_of_ours(campaign: object) -> None:
    assert read_listed({**ENTRY, "Campaign": campaign}) == ("", None)


def test_times_are_written_as_they_are_in_vietnam() -> None:
    assert local_time(datetime(2026, 11, 23, 20, 30, tzinfo=UTC)) == "2026-11-24 03:30:00"
