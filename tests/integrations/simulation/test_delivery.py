"""Webhook calls: in order per person, side by side for several, within a deadline, repeated until taken or given up."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from integrations.simulation.people import Wish

from .conftest import PAUSES, Post
from .hotline import Hotline


def write(post: Post, *texts: str, to: str = "1") -> None:
    for text in texts:
        post.write(post.people.find(to), Wish({"text": text}))


async def test_a_persons_events_arrive_in_order_even_when_one_must_be_repeated(post: Post, hotline: Hotline) -> None:
    hotline.statuses = [200, 503]
    write(post, "một", "hai", "ba")
    await post.deliverer.settle()
    assert hotline.bodies == ["một", "hai", "hai", "ba"]
    assert [headers["x-attempt"] for _, headers in hotline.calls] == ["0", "0", "1", "0"]
    assert [(e["attempt"], e["status"]) for e in post.journal.of("delivery")] == [
        (0, 200),
        (0, 503),
        (1, 200),
        (0, 200),
    ]


async def test_one_persons_trouble_does_not_hold_up_another(post: Post, hotline: Hotline) -> None:
    other = post.new_person("Ông Hùng")
    hotline.delays = [0.15]
    write(post, "chậm")
    await asyncio.sleep(0.02)
    write(post, "nhanh", to=other.id)
    await post.deliverer.settle()
    assert [entry["user"] for entry in post.journal.of("delivery")] == [other.id, "1"]


async def test_an_answer_after_the_deadline_counts_as_none(post: Post, hotline: Hotline) -> None:
    hotline.delays = [1.0]
    write(post, "một")
    await post.deliverer.settle()
    first, second = post.journal.of("delivery")
    assert (first["status"], first["problem"]) == (0, "timeout")
    assert second["status"] == 200


async def test_after_the_last_pause_the_call_is_given_up_and_the_next_begins(post: Post, hotline: Hotline) -> None:
    hotline.statuses = [500, 500, 500]
    write(post, "một", "hai")
    await post.deliverer.settle()
    assert hotline.bodies == ["một"] * 3 + ["hai"]
    assert [entry["delivery"] for entry in post.journal.of("given_up")] == [1]
    assert post.deliverer.as_json() | {"url": ""} == {
        "url": "",
        "enabled": True,
        "delivered": 1,
        "failures": 3,
        "given_up": 1,
        "pending": 0,
    }


async def test_the_pauses_pass_by_the_simulated_clock(hotline: Hotline) -> None:
    post = Post(webhook=hotline.url, retry_scale=1000)
    hotline.statuses = [500]
    async with post.running():
        write(post, "một")
        await post.journal.wait_for(lambda entry: entry["kind"] == "delivery")
        assert post.deliverer.pending == 1
        await asyncio.sleep(0)
        post.clock.advance(timedelta(seconds=PAUSES[0] * 1000))
        await post.deliverer.settle()
    assert hotline.bodies == ["một", "một"]


async def test_events_are_doubled_and_shuffled_when_switched(post: Post, hotline: Hotline) -> None:
    post.common_switches.change({"in_order": False, "duplicate_events": True})
    texts = [str(number) for number in range(30)]
    write(post, *texts)
    await post.deliverer.settle()
    assert sorted(hotline.bodies) == sorted(texts * 2)
    assert hotline.bodies != [text for text in texts for _ in range(2)]


async def test_without_an_address_events_are_given_up_and_say_so(post: Post, hotline: Hotline) -> None:
    post.deliverer.url = None
    write(post, "một")
    await post.deliverer.settle()
    assert hotline.calls == []
    assert len(post.journal.of("given_up")) == 1


async def test_two_hundred_events_take_at_most_a_second_of_one_core(post: Post, hotline: Hotline) -> None:
    people = [post.new_person(str(number)).id for number in range(50)]
    started = time.process_time()
    for number in range(400):
        write(post, str(number), to=people[number % 50])
    await post.deliverer.settle(60)
    assert len(hotline.calls) == 400
    assert time.process_time() - started < 2.0
