"""Rasa as a pure function: every promise of the service, over HTTP, with a real model."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest
from aiohttp import web

from conftest import App, Caller, slow
from nlu.loaded import LoadedModels
from nlu.service import Service
from nlu.turns import StatelessProcessor


async def error_500(_: Dict[str, Any]) -> web.Response:
    return web.json_response({"error": "broken"}, status=500)


async def gone(_: Dict[str, Any]) -> web.Response:
    return web.json_response({"code": "turn_over"}, status=410)


async def html(_: Dict[str, Any]) -> web.Response:
    return web.Response(text="<html>proxy error</html>", content_type="text/html")


async def half(_: Dict[str, Any]) -> web.Response:
    return web.json_response({"events": []})


async def wrong_types(_: Dict[str, Any]) -> web.Response:
    return web.json_response({"events": ["slot"], "responses": []})


async def unknown_event(_: Dict[str, Any]) -> web.Response:
    return web.json_response({"events": [{"event": "no_such_event"}], "responses": []})


async def test_a_reply_comes_whole_with_its_buttons_and_custom_data(caller: Caller) -> None:
    _, body = await caller.post(text="xin chào em")
    assert body["replies"] == [
        {"text": "hello", "buttons": [{"title": "Ask", "payload": "/ask"}], "custom": {"offers_person": True}}
    ]
    assert body["intent"] == "greet"
    assert body["confidence"] > 0.4
    assert body["intent_ranking"][0]["name"] == "greet"


async def test_what_an_action_said_and_set_is_in_the_answer(caller: Caller, app: App) -> None:
    assert await caller.say("ai hỗ trợ xã Tân Cương") == ["ran action_note"]
    assert caller.state["slots"] == {"noted": "ai hỗ trợ xã Tân Cương"}
    ((turn_id, call),) = app.calls
    assert turn_id == "turn-1"
    assert call["tracker"]["latest_message"]["entities"][0]["value"] == "Tân Cương"


async def test_the_call_to_the_app_is_slim(caller: Caller, app: App) -> None:
    for _ in range(5):
        await caller.say("ai hỗ trợ xã Tân Cương")
    sizes = [len(json.dumps(call)) for _, call in app.calls]
    assert max(sizes) - min(sizes) < 100  # nothing grows with the conversation
    assert app.calls[-1][1]["domain"] == {}
    assert all(event["event"] != "user" for event in app.calls[-1][1]["tracker"]["events"])


@pytest.mark.parametrize("failure", [error_500, gone, html, half, wrong_types, unknown_event])
async def test_a_failed_action_fails_the_turn_and_a_retry_is_clean(caller: Caller, app: App, failure: Any) -> None:
    healthy, app.answer = app.answer, failure
    status, body = await caller.post(text="ai hỗ trợ xã tôi")
    assert (status, body["code"]) == (502, "turn_failed")
    assert "state" not in body
    app.answer = healthy
    assert await caller.say("ai hỗ trợ xã tôi") == ["ran action_note"]


async def test_a_slow_action_is_cut_off_at_the_deadline(caller: Caller, app: App) -> None:
    app.answer = slow
    status, body = await caller.post(text="ai hỗ trợ xã tôi", deadline_ms=200)
    assert (status, body["code"]) == (502, "turn_failed")


async def test_an_app_that_cannot_be_reached_fails_the_turn(caller: Caller) -> None:
    status, body = await caller.post(text="ai hỗ trợ xã tôi", actions_url="http://127.0.0.1:1/actions")
    assert (status, body["code"]) == (502, "turn_failed")


async def test_a_failed_action_inside_a_form_does_not_advance_the_form(caller: Caller, app: App) -> None:
    async def fail_at_submit(call: Dict[str, Any]) -> web.Response:
        return await error_500(call)

    await caller.say("làm khảo sát")
    await caller.say("rau quả")
    before, app.answer = caller.state, fail_at_submit
    status, _ = await caller.post(text="hai người")
    assert status == 502
    assert caller.state == before  # the state is the caller's; the service kept nothing


async def test_a_form_goes_on_from_the_state_alone(caller: Caller) -> None:
    assert await caller.say("làm khảo sát") == ["which goods"]
    assert (caller.state["loop"], caller.state["requested_slot"]) == ("probe_form", "goods")
    assert await caller.say("rau quả") == ["how many people"]
    assert await caller.say("hai người") == ["ran action_submit"]
    assert caller.state["loop"] is None
    assert caller.state["slots"]["goods"] == "rau quả"


async def test_an_initial_value_that_was_cleared_does_not_come_back(caller: Caller, app: App) -> None:
    async def clear(_: Dict[str, Any]) -> web.Response:
        events = [{"event": "slot", "name": "noted", "value": None}]
        return web.json_response({"events": events, "responses": []})

    app.answer = clear
    await caller.say("ai hỗ trợ xã tôi")
    assert caller.state["slots"] == {"noted": None}
    await caller.say("cảm ơn em")
    assert caller.state["slots"] == {"noted": None}


async def test_the_state_does_not_grow_and_depends_on_nothing_else(caller: Caller) -> None:
    for _ in range(30):
        await caller.say("cảm ơn em")
    assert len(json.dumps(caller.state)) < 400


@pytest.mark.parametrize(
    "damaged",
    [
        [],
        "text",
        {},
        {"version": 2, "flows": "x", "slots": {}, "loop": None, "requested_slot": None},
        {"version": 1, "flows": "x", "slots": [], "loop": None, "requested_slot": None},
        {"version": 1, "flows": "x", "slots": {}, "loop": 5, "requested_slot": None},
        {"version": 1, "slots": {}, "loop": None, "requested_slot": None},
    ],
)
async def test_a_damaged_state_is_refused_and_never_a_new_conversation(caller: Caller, damaged: Any) -> None:
    status, body = await caller.post(text="xin chào", state=damaged)
    assert (status, body["code"]) == (422, "state_unreadable")


async def test_what_the_flows_no_longer_know_is_dropped_from_an_old_state(caller: Caller) -> None:
    old = {
        "version": 1,
        "flows": "old",
        "slots": {"gone": 1, "goods": "gạo"},
        "loop": "old_form",
        "requested_slot": "q",
    }
    status, body = await caller.post(text="xin chào", state=old)
    assert status == 200
    assert (body["state"]["slots"], body["state"]["loop"]) == ({"goods": "gạo"}, None)


async def test_a_question_that_the_flows_no_longer_know_is_asked_again_from_its_loop(caller: Caller) -> None:
    old = {"version": 1, "flows": "old", "slots": {}, "loop": "probe_form", "requested_slot": "gone"}
    status, body = await caller.post(payload={"intent": "start_form"}, state=old)
    assert status == 200
    assert body["state"]["requested_slot"] == "goods"


@pytest.mark.parametrize("text", ["/restart", "/session_start", "/{", "/greet", '/ask{"commune":"x"}', "//", "/back"])
async def test_a_leading_slash_typed_by_a_person_is_text(caller: Caller, text: str) -> None:
    await caller.say("ai hỗ trợ xã Tân Cương")
    before = caller.state["slots"]
    status, body = await caller.post(text=text)
    assert status == 200
    assert body["intent"] not in ("restart", "session_start", "back")
    assert body["confidence"] < 1.0
    assert body["state"]["slots"]["noted"] in (before["noted"], text)


async def test_entity_offsets_are_those_of_the_text_with_its_slash(caller: Caller) -> None:
    _, body = await caller.post(text="/ ai hỗ trợ xã Tân Cương")
    (entity,) = body["entities"]
    assert "/ ai hỗ trợ xã Tân Cương"[entity["start"] : entity["end"]] == "xã Tân Cương"


async def test_a_payload_skips_understanding(caller: Caller, processor: StatelessProcessor, monkeypatch: Any) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the NLU graph ran")

    monkeypatch.setattr(StatelessProcessor, "_parse_message_with_graph", never)
    status, body = await caller.post(payload={"intent": "ask", "entities": [{"entity": "commune", "value": "05503"}]})
    assert (status, body["intent"], body["confidence"]) == (200, "ask", 1.0)
    assert body["entities"] == [{"entity": "commune", "value": "05503"}]


async def test_nothing_of_one_turn_is_seen_by_another(caller: Caller) -> None:
    import asyncio

    async def conversation(n: int) -> Any:
        text = f"ai hỗ trợ xã Tân Cương {n}"
        status, body = await caller.post(text=text, turn_id=f"t{n}", conversation=f"c{n}")
        return status, body["state"]["slots"]["noted"] == text

    assert set(await asyncio.gather(*(conversation(n) for n in range(20)))) == {(200, True)}


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"text": None},
        {"text": 5},
        {"turn_id": ""},
        {"conversation": None},
        {"deadline_ms": 0},
        {"payload": {"intent": "no_such_intent"}},
        {"payload": {"intent": "greet", "entities": "x"}},
        {"payload": "greet"},
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(caller: Caller, changes: Dict[str, Any]) -> None:
    status, body = await caller.post(**{"text": "chào", **changes})
    assert (status, body["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    "url", ["http://example.com/actions", "ftp://127.0.0.1/", "http://127.0.0.1.example.com/", "x"]
)
async def test_actions_are_called_only_where_that_is_allowed(caller: Caller, url: str) -> None:
    status, body = await caller.post(text="chào", actions_url=url)
    assert (status, body["code"]) == (400, "actions_url_not_allowed")


def test_an_allowed_origin_is_compared_whole(processor: StatelessProcessor) -> None:
    service = Service(LoadedModels(processor, "probe"), ["http://app:8001/"])
    service._check_actions_url("http://app:8001/actions")
    for url in ("http://app:80011/actions", "https://app:8001/actions", "http://app:8001@evil/actions"):
        with pytest.raises(Exception, match="allow-list"):
            service._check_actions_url(url)


async def test_health_names_model_and_flows(caller: Caller) -> None:
    body = await (await caller.client.get("/healthz")).json()
    assert (body["model"], body["models"]) == ("probe", ["probe"])
    assert body["flows"]
