"""The webhook's sender: envelopes, the signature over the raw body, the ladder of repeated calls."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any, Literal

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.delivery import Deliverer, Delivery, Terms
from integrations.zalo.sim_account import APP_ID, APP_SECRET, OA_ID, OA_SECRET, Citizen, ZaloSwitches

DEADLINE_SECONDS = 2.0
SHORT_LADDER = (30, 300, 900, 1800, 3600)
LONG_LADDER = (30, 300, 1800, 3600, 6 * 3600, 12 * 3600, 24 * 3600)
# Too many calls at once would be a flood, not a platform
PARALLEL_CALLS = 100

Signed = Literal["right", "wrong", "missing", "app_secret", "oa_secret"]


def new_message_id() -> str:
    """Never given before, not even by a simulator that ran earlier: a hotline remembers them."""
    return secrets.token_hex(10)


def terms(switches: ZaloSwitches) -> Terms:
    """How Zalo calls a webhook: 200 within 2 s, otherwise again after each rung of the ladder.

    `tireless` is for tests that kill the hotline oftener than Zalo would put up with.
    """

    def pause(failures: int) -> float | None:
        if switches.tireless:
            return SHORT_LADDER[0]
        ladder = LONG_LADDER if switches.long_ladder else SHORT_LADDER
        return ladder[failures - 1] if failures <= len(ladder) else None

    return Terms(DEADLINE_SECONDS, pause, good=(200,), parallel=PARALLEL_CALLS)


def signature(app_id: str, body: bytes, timestamp: str, secret: str) -> str:
    """Hex SHA-256 of the four, one after the other."""
    return hashlib.sha256(app_id.encode() + body + timestamp.encode() + secret.encode()).hexdigest()


class Events:
    """Makes events and hands them to the deliverer, in each person's order."""

    def __init__(self, deliverer: Deliverer, clock: SimulatedClock, switches: ZaloSwitches) -> None:
        self._deliverer, self._clock, self._switches = deliverer, clock, switches

    def from_person(self, citizen: Citizen, name: str, message: Mapping[str, Any]) -> None:
        """`message` without its msg_id gets one."""
        self.post(citizen.id, self.message(citizen, name, {"msg_id": new_message_id(), **message}))

    def from_account(
        self, citizen: Citizen, name: str, message: Mapping[str, Any], sender: Mapping[str, str] | None = None
    ) -> None:
        """An echo or a receipt: the account is the sender."""
        event = self.message(citizen, name, message)
        event |= {"sender": {"id": OA_ID, **(sender or {})}, "recipient": {"id": citizen.id}}
        self.post(citizen.id, event)

    def message(self, citizen: Citizen, name: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """The envelope of a message event."""
        return {
            "app_id": APP_ID,
            "user_id_by_app": citizen.id_by_app,
            "event_name": name,
            "sender": {"id": citizen.id},
            "recipient": {"id": OA_ID},
            "message": dict(message),
            "timestamp": self._clock.milliseconds(),
        }

    def flat(self, citizen: Citizen, name: str, **more: Any) -> None:
        """The envelope of follow and unfollow, without sender and message."""
        event = {
            "app_id": APP_ID,
            "oa_id": OA_ID,
            "follower": {"id": citizen.id},
            "user_id_by_app": citizen.id_by_app,
            "event_name": name,
            **more,
            "timestamp": self._clock.milliseconds(),
        }
        self.post(citizen.id, event)

    def post(self, key: str, event: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        """Any event, as the platform would send it."""
        self.send(key, self.encode(event), headers=headers)

    def encode(self, event: Mapping[str, Any]) -> bytes:
        if self._switches.escaped_json:
            return json.dumps(event).encode()
        return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()

    def send(
        self,
        key: str,
        body: bytes,
        signed: Signed = "right",
        headers: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> None:
        """A call with any body, however signed."""
        try:
            event = json.loads(body)
        except ValueError:
            event = None
        fields = event if isinstance(event, dict) else {}
        mac = self._mac(body, fields, signed)

        def heads(attempt: int) -> dict[str, str]:
            return {"num_retry": str(attempt), **mac, **(headers or {})}

        self._deliverer.post(Delivery(key, str(fields.get("event_name", "")), body, heads, once))

    def _mac(self, body: bytes, fields: Mapping[str, Any], signed: Signed) -> dict[str, str]:
        if signed == "missing":
            return {}
        by = self._switches.signing_secret if signed in ("right", "wrong") else signed.removesuffix("_secret")
        secret = OA_SECRET if by == "oa" else APP_SECRET
        mac = signature(str(fields.get("app_id", "")), body, str(fields.get("timestamp", "")), secret)
        if signed == "wrong":
            mac = mac[::-1]
        return {"X-ZEvent-Signature": f"mac={mac}" if self._switches.mac_prefix else mac}
