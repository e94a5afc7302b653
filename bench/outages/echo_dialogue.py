"""A dialogue service that says back what it was asked: what is tried here is the way of a message, not its meaning.

python -m bench.outages.echo_dialogue --port N
"""

from __future__ import annotations

import argparse
from typing import Any

from aiohttp import web

PREFIX = "Dạ về "


def echo(text: str) -> str:
    """What is answered to `text`."""
    return f"{PREFIX}{text} ạ."


async def turn(request: web.Request) -> web.Response:
    body: dict[str, Any] = await request.json()
    turns = ((body.get("state") or {}).get("slots") or {}).get("turns") or 0
    state = {"version": 1, "flows": "echo", "slots": {"turns": turns + 1}, "loop": None, "requested_slot": None}
    said = body["text"] if body["payload"] is None else body["payload"]["intent"]
    reply = {"text": echo(said), "custom": {"entry": None}}
    answer = {"replies": [reply], "state": state, "intent": "greet", "confidence": 1.0}
    return web.json_response({**answer, "intent_ranking": [], "entities": [], "timings": {}})


async def healthy(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    app = web.Application()
    app.add_routes([web.post("/turn", turn), web.get("/healthz", healthy)])
    web.run_app(app, host="127.0.0.1", port=parser.parse_args().port, print=None, access_log=None)


if __name__ == "__main__":
    main()
