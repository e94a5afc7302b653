"""A call to the partners' API that is sent again: made once, answered alike."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from console import api_tokens
from console.api.context import ApiContext
from scheduler.retention import _forget_what_ends_itself
from store import api_answers
from store.api_answers import KEPT
from store.api_tables import api_answer
from store.clock import ManualClock
from store.survey_tables import training_class
from store.vendor_tables import lead_step
from tests.conftest import NOW
from tests.console.partners import CLASS, code, count, partner, token_of, wants


async def test_the_same_call_again_changes_nothing_more(api: ApiContext, clock: ManualClock) -> None:
    async with partner(api, token_of(api)) as one, partner(api, token_of(api)) as two:
        first = await one.send("POST", "/classes", CLASS, "key")
        assert first.status_code == 201 and "Idempotency-Replayed" not in first.headers
        again = await one.send("POST", "/classes", CLASS, "key")
        assert (again.status_code, again.content) == (201, first.content)
        assert (
            again.headers["Idempotency-Replayed"] == "true" and again.headers["Location"] == first.headers["Location"]
        )
        assert code(await one.send("POST", "/classes", {**CLASS, "seats": 31}, "key"), 422) == "key_used_otherwise"
        assert code(await one.send("PATCH", "/classes/1", {"version": "0" * 16}, "key"), 422) == "key_used_otherwise"
        # another partner's key is another key; the class is there already
        assert (await two.send("POST", "/classes", CLASS, "key")).status_code == 200
        stored = api.database.read_now(
            lambda c: c.connection.cursor().execute("SELECT body FROM api_answer").fetchall()
        )
        assert b"Nh\xc3\xa0" not in repr(stored).encode() and CLASS["place"] not in repr(stored)
        clock.advance(KEPT)
        assert (
            await one.send("POST", "/classes", {**CLASS, "seats": 32, "title": "Lớp khác"}, "key")
        ).status_code == 201
        api.database.run_now(lambda c: _forget_what_ends_itself(clock.now(), timedelta(days=30), c))
    assert count(api, api_answer) == 1 and count(api, training_class) == 2


async def test_a_refused_call_leaves_its_key_free(api: ApiContext) -> None:
    async with partner(api, token_of(api)) as one:
        assert code(await one.send("POST", "/classes", {**CLASS, "commune": "00000"}, "key"), 422) == "class_commune"
        assert count(api, api_answer) == 0
        assert (await one.send("POST", "/classes", CLASS, "key")).status_code == 201


async def test_the_same_call_at_the_same_moment_is_made_once(api: ApiContext) -> None:
    token = token_of(api)
    # a second process, which knows nothing of what the first works on
    second = ApiContext(api.database, api.clock, api.keyring, api.content, api.province, limits=api.limits)
    async with partner(api, token) as one, partner(second, token) as two:
        sent = [where.send("POST", "/classes", CLASS, "key") for where in (one, one, two, two)]
        answers = await asyncio.gather(*sent)
        for answer in answers:
            if answer.status_code != 201:
                assert code(answer, 409) == "call_running" and answer.headers["Retry-After"] == "1"
        made = [answer for answer in answers if answer.status_code == 201]
        assert len([answer for answer in made if "Idempotency-Replayed" not in answer.headers]) == 1
        assert len({answer.content for answer in made}) == 1 and len(made) < 4
        assert (await two.send("POST", "/classes", CLASS, "key")).headers["Idempotency-Replayed"] == "true"
    assert count(api, training_class) == count(api, api_answer) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_another_process_at_work_is_noticed_until_it_dies(api: ApiContext) -> None:
    async with partner(api, token_of(api)) as one:
        with api.database.engine.connect() as dying:
            dying.begin()
            api_answers.hold(dying, 1, "key")
            assert code(await one.send("POST", "/classes", CLASS, "key"), 409) == "call_running"
            assert (await one.send("POST", "/classes", {**CLASS, "title": "Lớp khác"}, "other")).status_code == 201
            dying.invalidate()  # as when the process is killed
        assert (await one.send("POST", "/classes", CLASS, "key")).status_code == 201


async def test_change_and_kept_answer_are_one(api: ApiContext, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object, **__: object) -> None:
        raise RuntimeError

    async with partner(api, token_of(api)) as one:
        with monkeypatch.context() as patch:
            patch.setattr("console.api.call.record", dies)
            assert code(await one.send("POST", "/classes", CLASS, "key"), 500) == "internal_error"
        assert count(api, training_class) == count(api, api_answer) == 0
        assert (await one.send("POST", "/classes", CLASS, "key")).status_code == 201


async def test_a_token_revoked_meanwhile_changes_nothing(api: ApiContext, monkeypatch: pytest.MonkeyPatch) -> None:
    _, own = wants(api)

    async def revoked_just_now(_: object) -> bytes:
        await api.database.run(lambda c: api_tokens.revoke(c, 1, NOW))
        return b"hash"

    async with partner(api, token_of(api)) as vnpt:
        monkeypatch.setattr("console.api.call.Call._hash", revoked_just_now)
        assert code(await vnpt.step(own, "accepted"), 401) == "token_invalid"
    assert count(api, lead_step) == 1
