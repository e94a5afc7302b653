"""The Rasa service: one private HTTP endpoint around trained models (docs/architecture.md, "A turn").

    POST /turn  {turn_id, actions_url, deadline_ms, conversation, message_id, text | payload, metadata, state, model}
      200  {replies, state, intent, confidence, intent_ranking, entities, timings, model}
      400  bad_request, actions_url_not_allowed      422  state_unreadable
      502  turn_failed: an action failed, timed out or answered nonsense; nothing was kept, run it again
    POST /model {model}  200 {model}: it is loaded and answers from now on      404 model_unknown: no such archive
    GET /healthz  {model, models, flows}

`model` names an archive of the models' folders (`nlu.loaded`). A turn that names one which is not loaded yet is
answered by the present one, while it is fetched: so any number of services follow what the app wants, without a word.

It keeps nothing between turns, so any number of identical services can answer. Never expose it: whoever reaches it
can make it call the addresses on its allow-list.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence
from urllib.parse import urlsplit

from nlu import rasa_runtime  # before any import of rasa
from nlu.rasa_runtime import ArchiveRejected

import aiohttp
import uvloop
from aiohttp import web

from nlu.loaded import LoadedModels, name_of
from nlu.state import StateUnreadable, snapshot
from nlu.turns import AppAction, StatelessProcessor, Turn, TurnFailed

logger = logging.getLogger("nlu.service")
MAX_BODY_BYTES = 1 << 20
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Refused(Exception):
    """A request that cannot be carried out; `code` is stable for programs."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


class Service:
    """Answers turns. `allowed_origins`: where actions may be called besides the loopback."""

    def __init__(self, models: LoadedModels, allowed_origins: Sequence[str] = ()) -> None:
        self.models = models
        self.allowed_origins = frozenset(origin.rstrip("/") for origin in allowed_origins)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_post("/turn", self.turn)
        app.router.add_post("/model", self.model)
        app.router.add_get("/healthz", self.healthz)
        app.cleanup_ctx.append(_action_client)
        return app

    async def healthz(self, _: web.Request) -> web.Response:
        name, processor = self.models.processor(None)
        return web.json_response({"model": name, "models": self.models.names, "flows": processor.flows})

    async def model(self, request: web.Request) -> web.Response:
        try:
            body = await _json_body(request)
            if not isinstance(body, dict) or not isinstance(body.get("model"), str):
                raise Refused(400, "bad_request", "model must be a name")
            await self.models.fetch(body["model"])
        except ArchiveRejected as error:
            return web.json_response({"code": "model_unknown", "detail": str(error)}, status=404)
        except Refused as refusal:
            return web.json_response({"code": refusal.code, "detail": refusal.detail}, status=refusal.status)
        return web.json_response({"model": self.models.present})

    async def turn(self, request: web.Request) -> web.Response:
        started = time.perf_counter()
        try:
            body = await _json_body(request)
            name, processor = self.models.processor(_model_wanted(body))
            turn, deadline = self._read(body, processor)
            replies = await self._run(processor, turn, deadline)
        except Refused as refusal:
            return web.json_response({"code": refusal.code, "detail": refusal.detail}, status=refusal.status)
        turn.timings["total_ms"] = (time.perf_counter() - started) * 1000
        parsed = turn.parsed
        return web.json_response(
            {
                "replies": replies,
                "state": snapshot(turn.tracker, processor.domain),
                "intent": parsed["intent"].get("name"),
                "confidence": parsed["intent"].get("confidence"),
                "intent_ranking": parsed.get("intent_ranking", []),
                "entities": parsed.get("entities", []),
                "timings": turn.timings,
                "model": name,
            },
            dumps=_dumps,
        )

    async def _run(self, processor: StatelessProcessor, turn: Turn, deadline: float) -> List[Dict[str, Any]]:
        try:
            return await asyncio.wait_for(processor.run_turn(turn), deadline)
        except StateUnreadable as error:
            raise Refused(422, "state_unreadable", str(error)) from error
        except asyncio.TimeoutError as error:
            raise Refused(502, "turn_failed", f"no result within {deadline:.1f} s") from error
        except TurnFailed as error:
            raise Refused(502, "turn_failed", str(error)) from error
        except Exception as error:  # whatever breaks inside Rasa: no result, no state, the app tries again
            logger.exception("turn failed inside Rasa")
            raise Refused(502, "turn_failed", type(error).__name__) from error

    def _read(self, body: Dict[str, Any], processor: StatelessProcessor) -> "tuple[Turn, float]":
        for name in ("turn_id", "actions_url", "conversation"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise Refused(400, "bad_request", f"{name} must be a non-empty string")
        self._check_actions_url(body["actions_url"])
        text, payload = body.get("text"), body.get("payload")
        if payload is not None:
            payload = _read_payload(payload, processor.domain.intents)
        elif not isinstance(text, str) or not text.strip():
            raise Refused(400, "bad_request", "text or payload is needed")
        deadline_ms = body.get("deadline_ms", 2000)
        if not isinstance(deadline_ms, (int, float)) or not 0 < deadline_ms <= 60_000:
            raise Refused(400, "bad_request", "deadline_ms must be between 0 and 60000")
        slots = body.get("slots") or {}
        if not isinstance(slots, dict):
            raise Refused(400, "bad_request", "slots must be an object")
        turn = Turn(
            turn_id=body["turn_id"],
            actions_url=body["actions_url"],
            conversation=body["conversation"],
            message_id=body.get("message_id"),
            text=text or "",
            payload=payload,
            metadata=body.get("metadata"),
            state=body.get("state"),
            slots=slots,
        )
        return turn, deadline_ms / 1000

    def _check_actions_url(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and (
            parts.hostname in LOOPBACK or f"{parts.scheme}://{parts.netloc}" in self.allowed_origins
        ):
            return
        raise Refused(400, "actions_url_not_allowed", "actions_url is neither on the loopback nor on the allow-list")


def _model_wanted(body: Any) -> Optional[str]:
    if not isinstance(body, dict):
        raise Refused(400, "bad_request", "the body must be an object")
    name = body.get("model")
    if not isinstance(name, (str, type(None))):
        raise Refused(400, "bad_request", "model must be a name")
    return name


def _read_payload(payload: Any, intents: Sequence[str]) -> Dict[str, Any]:
    if not isinstance(payload, dict) or payload.get("intent") not in intents:
        raise Refused(400, "bad_request", "payload.intent is not an intent of the flows")
    entities = payload.get("entities") or []
    if not isinstance(entities, list) or not all(
        isinstance(entity, dict) and isinstance(entity.get("entity"), str) and "value" in entity for entity in entities
    ):
        raise Refused(400, "bad_request", "payload.entities must be a list of {entity, value}")
    return {"intent": payload["intent"], "entities": entities}


async def _json_body(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError as error:
        raise Refused(400, "bad_request", "the body is not JSON") from error


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


async def _action_client(_: web.Application) -> Any:
    # One pool of kept-alive connections; the turn's deadline bounds every call
    AppAction.client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
    yield
    await AppAction.client.close()


async def _serve(service: Service, host: str, port: int, follow_stdin: bool) -> None:
    runner = web.AppRunner(service.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    taken = runner.addresses[0][1]  # the port itself, where 0 asked for a free one
    print(json.dumps({"event": "ready", "host": host, "port": taken}), flush=True)
    try:
        if follow_stdin:
            stdin = asyncio.StreamReader()
            await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
            await stdin.read()
        else:
            await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m nlu.service", description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=Path, help="the model archive written by nlu.train")
    parser.add_argument(
        "--models",
        action="append",
        default=[],
        type=Path,
        metavar="FOLDER",
        help="where other models are",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5005)
    parser.add_argument(
        "--actions-allow",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="scheme://host:port where custom actions may be called, besides the loopback",
    )
    parser.add_argument("--follow-stdin", action="store_true", help="end when standard input ends: die with the parent")
    arguments = parser.parse_args(argv)
    rasa_runtime.quiet()
    rasa_runtime.check_archive(arguments.model)
    archive = arguments.model.resolve()  # an image names it by a link
    folders = [archive.parent, *arguments.models]
    models = LoadedModels(StatelessProcessor(str(archive)), name_of(archive), folders)
    service = Service(models, arguments.actions_allow)
    gc.freeze()  # the model stays: looking through it for garbage would stop every turn
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.install()
        asyncio.run(_serve(service, arguments.host, arguments.port, arguments.follow_stdin))


if __name__ == "__main__":
    main()
