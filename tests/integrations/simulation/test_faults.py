"""Faults: what the other side sees, what the platform has done, and that chance can be repeated."""

from __future__ import annotations

import aiohttp
import pytest

from integrations.simulation.errors import ControlError
from integrations.simulation.faults import Faults

from .conftest import Call, Post

LETTER = {"to": "1", "text": "Chào bà"}


@pytest.mark.parametrize("kind", ["http_500", "http_502", "html", "error", "rate_limit"])
async def test_an_answer_in_place_of_the_work(post: Post, kind: str) -> None:
    post.faults.arm({"kind": kind, "count": 1, "code": 7})
    async with aiohttp.ClientSession() as session, session.post(post.url + "/send", json=LETTER) as answer:
        expected = {"http_500": 500, "http_502": 502}.get(kind, 200)
        assert answer.status == expected
        if kind in ("error", "rate_limit"):
            assert await answer.json() == {"kind": kind, "code": 7}
        else:
            assert answer.content_type == "text/html"
    assert post.journal.of("accepted") == []
    assert post.journal.of("request")[0]["fault"] == kind


@pytest.mark.parametrize(
    ("kind", "accepted"),
    [("reset_before", 0), ("reset_after", 1), ("timeout_before", 0), ("timeout_after", 1)],
)
async def test_no_answer_at_all(post: Post, call: Call, kind: str, accepted: int) -> None:
    post.faults.arm({"kind": kind, "count": 1, "seconds": 0.05})
    with pytest.raises(aiohttp.ClientError):
        await call("POST", "/send", json=LETTER)
    assert len(post.journal.of("accepted")) == accepted
    assert (await call("POST", "/send", json=LETTER))[0] == 200


async def test_a_slow_answer_is_a_proper_one(post: Post, call: Call) -> None:
    post.faults.arm({"kind": "slow", "count": 1, "seconds": 0.05})
    assert await call("POST", "/send", json=LETTER) == (200, {"ok": True})
    assert post.journal.of("request")[0]["ms"] >= 50


async def test_a_fault_meets_only_its_path_and_only_so_often(post: Post, call: Call) -> None:
    post.faults.arm({"kind": "error", "count": 2, "path": "/send"})
    assert (await call("GET", "/elsewhere"))[1] == {"lost": "/elsewhere"}
    answers = [(await call("POST", "/send", json=LETTER))[1] for _ in range(3)]
    assert ["ok" in answer for answer in answers] == [False, False, True]


def strikes(seed: int) -> list[bool]:
    faults = Faults(seed)
    faults.arm({"kind": "http_500", "share": 0.3})
    return [faults.strike("/send") is not None for _ in range(200)]


def test_the_same_seed_strikes_the_same_requests() -> None:
    assert strikes(7) == strikes(7) != strikes(8)
    assert 30 < sum(strikes(7)) < 90


def test_the_seed_can_be_given_with_the_fault() -> None:
    first, second = Faults(1), Faults(2)
    for faults in (first, second):
        faults.arm({"kind": "http_500", "share": 0.5, "seed": 3})
    assert [first.strike("/") is None for _ in range(50)] == [second.strike("/") is None for _ in range(50)]


@pytest.mark.parametrize(
    "wanted",
    [{}, {"kind": "earthquake"}, {"kind": "html", "share": 0}, {"kind": "html", "count": 0}, {"kind": "html", "x": 1}],
)
def test_a_fault_that_makes_no_sense_is_refused(wanted: dict[str, object]) -> None:
    with pytest.raises(ControlError):
        Faults().arm(wanted)
