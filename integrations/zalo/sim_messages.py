"""Consultation messages: who may be written to and at what price, then the echo and the receipts."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from aiohttp import web

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.people import Bubble
from integrations.simulation.simulator import NOTES
from integrations.zalo.sim_account import OA_ID, Citizen, ZaloSwitches
from integrations.zalo.sim_api import Refused, invalid, json_body
from integrations.zalo.sim_events import new_message_id
from integrations.zalo.sim_shapes import Shapes, Shown
from integrations.zalo.sim_uploads import Uploads
from integrations.zalo.sim_world import World

FREE_WINDOW = timedelta(hours=48)
WHOLE_WINDOW = timedelta(days=7)
PRICE = 55  # đồng per message after the free window
# What Zalo shows for "no limit" is not known; the client must not do arithmetic with it
UNLIMITED_SHOWN = 999_999
OLD_MESSAGE_API = -240


class Window:
    """What a consultation message to somebody costs, if it may be sent at all."""

    def __init__(self, clock: SimulatedClock, switches: ZaloSwitches) -> None:
        self._clock, self._switches = clock, switches

    def charge(self, citizen: Citizen) -> dict[str, str]:
        """Takes one message off; gives the `quota` of the answer. Raises Refused."""
        opened = self._opened(citizen)
        if self._clock.now() - opened <= FREE_WINDOW:
            return self._free(citizen, opened)
        if self._switches.balance < PRICE:
            raise Refused(-321, "Zalo Cloud Account does not have enough money")
        self._switches.balance -= PRICE
        return _quota("purchase_quota", self._switches.balance // PRICE, UNLIMITED_SHOWN, opened + WHOLE_WINDOW)

    def free_left(self, citizen: Citizen) -> tuple[int, int]:
        """(remaining, total) free messages at this moment."""
        total = self._switches.free_messages or UNLIMITED_SHOWN
        opened = citizen.last_interaction
        if opened is None or self._clock.now() - opened > FREE_WINDOW:
            return 0, total
        return (max(0, total - citizen.free_used) if self._switches.free_messages else total), total

    def _opened(self, citizen: Citizen) -> datetime:
        if citizen.blocked:
            raise Refused(-244, "User restricts messages of this type from this OA")
        if citizen.last_interaction is None:
            raise Refused(-232, "User has not interacted with the OA")
        if self._switches.unfollowed_refused and not citizen.follows:
            raise Refused(-213, "User does not follow the OA")
        if self._clock.now() - citizen.last_interaction > WHOLE_WINDOW:
            raise Refused(-230, "User has not interacted with the OA in the past 7 days")
        return citizen.last_interaction

    def _free(self, citizen: Citizen, opened: datetime) -> dict[str, str]:
        left, total = self.free_left(citizen)
        if left == 0:
            raise Refused(-211, "Out of quota")
        citizen.free_used += 1
        return _quota("reply", self.free_left(citizen)[0], total, opened + FREE_WINDOW)


def _quota(kind: str, remain: int, total: int, until: datetime) -> dict[str, str]:
    return {
        "quota_type": kind,
        "remain": str(remain),
        "total": str(total),
        "expired_date": until.strftime("%d/%m/%Y"),
        "owner_type": "OA",
        "owner_id": OA_ID,
    }


class Messages:
    """`POST /v3.0/oa/message/cs`, and the addresses that are closed."""

    def __init__(self, world: World, window: Window, uploads: Uploads, seed: int) -> None:
        self._world, self._window, self._uploads = world, window, uploads
        self._shapes = Shapes(world.switches, uploads.is_there)
        self._random = random.Random(seed)  # noqa: S311 - to be repeatable, not secret

    def routes(self) -> list[web.RouteDef]:
        endpoint = self._world.api.endpoint
        return [
            web.post("/v3.0/oa/message/cs", endpoint(self.consult)),
            web.post("/v2.0/oa/message", endpoint(self.old_message)),
            web.post("/v3.0/oa/message/transaction", endpoint(self.switched_off)),
            web.post("/v3.0/oa/message/promotion", endpoint(self.switched_off)),
        ]

    async def consult(self, request: web.Request) -> Mapping[str, Any]:
        body = await json_body(request)
        for field in body.keys() - {"recipient", "message"}:
            raise invalid(field)
        recipient = body.get("recipient")
        if not isinstance(recipient, dict) or set(recipient) != {"user_id"}:
            raise invalid("recipient")
        citizen = self._world.citizen(recipient["user_id"])
        request[NOTES]["user"] = citizen.id
        shown = self._shapes.read(body.get("message"))
        quota = self._window.charge(citizen)
        message_id = new_message_id()
        self._world.journal.accept(citizen.id, message_id, shown.text, body)
        bubble = self._world.people.say(citizen, self._bubble(message_id, shown))
        self._report(citizen, bubble, shown)
        return {
            "message_id": message_id,
            "user_id": citizen.id,
            "sent_time": self._world.clock.milliseconds(),
            "quota": quota,
        }

    async def old_message(self, request: web.Request) -> Mapping[str, Any]:
        """Of the old message address only the reaction is still there."""
        body = await json_body(request)
        action = body.get("sender_action")
        if "message" in body or not isinstance(action, dict):
            raise Refused(OLD_MESSAGE_API, "The v2 message API has been shut down")
        citizen = self._world.citizen((body.get("recipient") or {}).get("user_id"))
        if not all(isinstance(action.get(field), str) for field in ("react_icon", "react_message_id")):
            raise invalid("sender_action")
        return {"message_id": action["react_message_id"], "user_id": citizen.id}

    async def switched_off(self, _: web.Request) -> Mapping[str, Any]:
        raise Refused(OLD_MESSAGE_API, "This message API has been shut down")

    def _bubble(self, message_id: str, shown: Shown) -> Bubble:
        media = None
        if shown.image_url:
            media = {"kind": "image", "url": shown.image_url, "name": ""}
        elif shown.asset and shown.event != "sticker":
            asset = self._uploads.asset(shown.asset)
            media = {"kind": "file" if asset.kind == "file" else "image", "url": asset.path, "name": asset.name}
        buttons = [[_button(button)] for button in shown.buttons]
        if shown.asks_info:
            buttons.append([{"title": "Gửi tên và số điện thoại", "action": "submit_info"}])
        return Bubble("account", shown.text, message_id, buttons, media)

    def _report(self, citizen: Citizen, bubble: Bubble, shown: Shown) -> None:
        """The echo and the receipts, in any order, as Zalo does not promise one."""
        events = self._world.events
        echo: dict[str, Any] = {"msg_id": bubble.id, **({"text": shown.text} if shown.text else {})}
        if bubble.media:
            payload = {"url": urljoin(self._world.base_url(), bubble.media["url"]), "name": bubble.media["name"]}
            echo["attachments"] = [{"type": bubble.media["kind"], "payload": payload}]
        reports: list[Callable[[], None]] = [lambda: events.from_account(citizen, f"oa_send_{shown.event}", echo)]
        if self._world.switches.receipts != "none":
            received = {"msg_id": bubble.id, "delivery_time": self._world.clock.milliseconds()}
            reports.append(lambda: events.from_account(citizen, "user_received_message", received))
            bubble.state = "received"
        if self._world.switches.receipts == "seen":
            reports.append(lambda: self._seen(citizen, bubble))
            bubble.state = "seen"
        self._random.shuffle(reports)
        for report in reports:
            report()
        self._world.people.changed(citizen)

    def _seen(self, citizen: Citizen, bubble: Bubble) -> None:
        ids: Any = [bubble.id] if self._world.switches.seen_field == "msg_ids" else bubble.id
        message = {self._world.switches.seen_field: ids}
        if self._world.switches.seen_by_sender:
            self._world.events.post(citizen.id, self._world.events.message(citizen, "user_seen_message", message))
        else:
            self._world.events.from_account(citizen, "user_seen_message", message)


def _button(button: Mapping[str, Any]) -> dict[str, str]:
    """As the page shows it."""
    payload, title = button["payload"], button["title"]
    if button["type"] == "oa.query.show":
        return {"title": title, "payload": payload}
    if button["type"] == "oa.query.hide":
        return {"title": title, "payload": payload, "hidden": "1"}
    if button["type"] == "oa.open.url":
        return {"title": title, "url": payload["url"]}
    return {"title": title, "phone": payload["phone_code"]}
