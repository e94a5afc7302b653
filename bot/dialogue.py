"""The client of the Rasa service, and the register of turns that are under way.

Rasa calls custom actions back in this process, with the turn's random id: the id is the capability. A call-back for a
turn that is unknown or over is answered 410 (bot/callbacks.py), so a late attempt cannot write into its successor.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from actions.context import TurnContext
from bot.reading import Payload
from store.messages import Button, File, Reading, Reply, Source

# The service answers at its deadline by itself; this much longer we wait for the answer to travel.
TRAVEL_SECONDS = 0.3
# A model is loaded in less than a second; on a machine that trains besides, in several.
FETCH_SECONDS = 20.0


class DialogueUnavailable(Exception):
    """No result: the service is down, slow, or an action failed. Nothing happened; the turn may run again."""


class StateUnreadable(Exception):
    """The conversation's dialogue state cannot be read by the flows: a person must take over."""


@dataclass(frozen=True)
class TurnResult:
    """What one turn of dialogue came to: replies in order, the state for the next turn, what was understood."""

    replies: tuple[Reply, ...]
    state: dict[str, Any]
    reading: Reading


class TurnRegister:
    """The turns under way in this process, by their id."""

    def __init__(self) -> None:
        self._running: dict[str, TurnContext] = {}

    @contextmanager
    def running(self, context: TurnContext) -> Iterator[str]:
        turn_id = secrets.token_urlsafe(16)
        self._running[turn_id] = context
        try:
            yield turn_id
        finally:
            del self._running[turn_id]

    def context(self, turn_id: str) -> TurnContext | None:
        return self._running.get(turn_id)


class Dialogue:
    """Runs turns. `actions_url`: where this very process answers call-backs."""

    def __init__(self, rasa_url: str, actions_url: str, register: TurnRegister) -> None:
        self.rasa_url, self.actions_url, self.register = rasa_url.rstrip("/"), actions_url, register
        self.model: str | None = None  # the one that shall answer; None: which the service was started with
        self._client: aiohttp.ClientSession | None = None
        self._is_out = False  # the last call that ended found nobody, or nobody in time
        self._answers = 0
        self._somebody_looks = False

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def is_ready(self) -> bool:
        """Whether the service answers at all."""
        try:
            async with self._session().get(f"{self.rasa_url}/healthz", timeout=aiohttp.ClientTimeout(1)) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def fetch_model(self, name: str) -> bool:
        """Have the service load a model; False when there is no such archive where it looks.

        Raises DialogueUnavailable.
        """
        status, body = await self._post_once("/model", {"model": name}, FETCH_SECONDS)
        if status not in (200, 404):
            raise DialogueUnavailable(f"{status} {body.get('code')}: {body.get('detail')}")
        return status == 200

    async def turn(
        self,
        context: TurnContext,
        conversation_id: str,
        message_id: str,
        payload: Payload | None,
        state: dict[str, Any] | None,
        deadline_seconds: float,
    ) -> TurnResult:
        """One attempt. The caller applies `context.effects` only with the result.

        Raises DialogueUnavailable, StateUnreadable.
        """
        if self._is_out and self._somebody_looks:
            # One turn finds out when the service is back; the others must not fill all workers with waiting
            raise DialogueUnavailable("the service is out")
        with self.register.running(context) as turn_id:
            request = {
                "turn_id": turn_id,
                "actions_url": self.actions_url,
                "deadline_ms": int(deadline_seconds * 1000),
                "conversation": conversation_id,
                "message_id": message_id,
                "state": state,
                "text": context.text or None,
                "payload": payload.as_json() if payload else None,
                "slots": {"language": context.language},
                "model": self.model,
            }
            status, body = await self._post(request, deadline_seconds + TRAVEL_SECONDS)
        if status == 422:
            raise StateUnreadable(body.get("detail"))
        if status != 200:
            raise DialogueUnavailable(f"{status} {body.get('code')}: {body.get('detail')}")
        try:
            return _result(body)
        except (KeyError, TypeError, AttributeError) as error:
            raise DialogueUnavailable(f"the service's answer is not a turn result: {error!r}") from error

    async def _post(self, request: dict[str, Any], seconds: float) -> tuple[int, dict[str, Any]]:
        self._somebody_looks = True
        answered_before = self._answers
        try:
            answer = await self._post_once("/turn", request, seconds)
        except DialogueUnavailable:
            # Who has answered others meanwhile is busy, not out: holding them back as well would make it worse
            self._is_out = self._answers == answered_before
            raise
        finally:
            self._somebody_looks = False
        self._is_out = False
        self._answers += 1
        return answer

    async def _post_once(self, path: str, request: dict[str, Any], seconds: float) -> tuple[int, dict[str, Any]]:
        timeout = aiohttp.ClientTimeout(seconds)
        try:
            async with self._session().post(
                f"{self.rasa_url}{path}",
                data=orjson.dumps(request),
                headers={"Content-Type": "application/json"},
                timeout=timeout,
            ) as response:
                body = orjson.loads(await response.read())
                return response.status, body if isinstance(body, dict) else {}
        except TimeoutError as error:
            raise DialogueUnavailable(f"no answer within {seconds:.1f} s") from error
        except (aiohttp.ClientError, OSError, orjson.JSONDecodeError) as error:
            raise DialogueUnavailable(type(error).__name__) from error

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession()
        return self._client


def _result(body: dict[str, Any]) -> TurnResult:
    reading = Reading(
        intent=body["intent"],
        confidence=body["confidence"],
        ranking=body["intent_ranking"],
        entities=body["entities"],
        timings=body["timings"],
    )
    return TurnResult(tuple(_reply(reply) for reply in body["replies"]), body["state"], reading)


def _reply(said: dict[str, Any]) -> Reply:
    """A reply as Rasa collected it; what Rasa has no word for travels in `custom`."""
    custom = said.get("custom", {})
    return Reply(
        text=said.get("text", ""),
        buttons=tuple(Button(button["title"], button["payload"]) for button in said.get("buttons", ())),
        sources=tuple(Source(**source) for source in custom.get("sources", ())),
        image=said.get("image"),
        file=File(**custom["file"]) if custom.get("file") else None,
        offers_person=bool(custom.get("offers_person")),
        entry=custom.get("entry"),
    )
