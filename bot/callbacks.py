"""The internal port, never reachable from outside: where the Rasa service calls custom actions back, and whatever else
only machines of ours may ask (bot/metrics.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from actions.context import enter
from bot.dialogue import TurnRegister
from store.logs import get_logger

ACTIONS_PATH = "/actions"
log = get_logger("bot.callbacks")


def internal_app(register: TurnRegister, domain: dict[str, Any], others: Sequence[BaseRoute] = ()) -> Starlette:
    """An ASGI app with POST /actions and the `others`. `domain`: slots and forms of the flows, for rasa-sdk's forms."""
    executor = ActionExecutor()
    executor.register_package("actions")

    async def run_action(request: Request) -> Response:
        context = register.context(request.headers.get("X-Turn", ""))
        if context is None:
            return _json(410, {"code": "turn_over", "detail": "this turn is unknown or over"})
        call = orjson.loads(await request.body())
        enter(context)
        try:
            result = await executor.run({**call, "domain": domain})
        except ActionExecutionRejection as rejection:
            return _json(400, {"error": rejection.message, "action_name": rejection.action_name})
        except ActionNotFoundException as missing:
            return _json(404, {"code": "action_unknown", "detail": missing.message})
        except Exception:
            log.exception("action_failed", action=call.get("next_action"))
            return _json(500, {"code": "action_failed", "detail": str(call.get("next_action"))})
        return _json(200, result.model_dump() if result else {"events": [], "responses": []})

    return Starlette(routes=[Route(ACTIONS_PATH, run_action, methods=["POST"]), *others])


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
