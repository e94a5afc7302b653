"""The methods by which a bot gets its updates: getUpdates, or a webhook; never both."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from integrations.telegram.sim_limits import too_many
from integrations.telegram.sim_methods import Answer, Method
from integrations.telegram.sim_parameters import Parameters, Refused, bad_request
from integrations.telegram.sim_webhook import DEFAULT_CONNECTIONS, Postman
from integrations.telegram.sim_world import World

LONGEST_POLL_SECONDS = 50
PORTS = (80, 88, 443, 8443)
_SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")
_ONE_CHANGE_IN = timedelta(seconds=1)


class Intake:
    """`table`: by name in lower case."""

    def __init__(self, world: World, postman: Postman) -> None:
        self.world, self.postman = world, postman
        self.table: dict[str, Method] = {
            "setwebhook": self.set_webhook,
            "deletewebhook": self.delete_webhook,
            "getwebhookinfo": self.get_webhook_info,
        }
        self._poll: asyncio.Future[str] | None = None
        self._changed_at = world.clock.now() - _ONE_CHANGE_IN

    async def get_updates(self, parameters: Parameters) -> Answer:
        """Waits up to `timeout` seconds of real time for the first update; a newer call or a webhook ends it (409)."""
        if self.postman.url is not None:
            raise _conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        updates, clock = self.world.updates, self.world.clock
        self._read_allowed(parameters)
        if self.world.switches.one_poller:
            self._end_poll("terminated by other getUpdates request; make sure that only one bot instance is running")
        offset, limit = parameters.whole("offset", 0, -(2**31), 2**31), parameters.whole("limit", 100, 1, 100)
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._poll = ended
        try:
            async with asyncio.timeout(parameters.whole("timeout", 0, 0, LONGEST_POLL_SECONDS)):
                while not (found := updates.get(offset, limit, clock.now())):
                    updates.came.clear()
                    await _either(ended, updates.came)
        except TimeoutError:
            found = []
        finally:
            if self._poll is ended:
                self._poll = None
        return Answer(found)

    def set_webhook(self, parameters: Parameters) -> Answer:
        url = parameters.text("url")
        if not url:
            return self.delete_webhook(parameters)
        self._check_address(url)
        secret = parameters.text("secret_token")
        if not _SECRET.fullmatch(secret):
            problem = "is too long" if len(secret) > 256 else "contains unallowed characters"
            raise bad_request(f"secret token {problem}")
        connections = parameters.whole("max_connections", DEFAULT_CONNECTIONS, 1, 100)
        self._read_allowed(parameters)
        self._drop_if_asked(parameters)
        if (url, secret, connections) == (self.postman.url, self.postman.secret, self.postman.max_connections):
            return Answer(True, "Webhook is already set")
        self._change()
        self._end_poll("terminated by setWebhook request")
        self.postman.set(url, secret, connections)
        return Answer(True, "Webhook was set")

    def delete_webhook(self, parameters: Parameters) -> Answer:
        self._drop_if_asked(parameters)
        if self.postman.url is None:
            return Answer(True, "Webhook is already deleted")
        self._change()
        self.postman.set(None)
        return Answer(True, "Webhook was deleted")

    def get_webhook_info(self, _: Parameters) -> Answer:
        postman, updates = self.postman, self.world.updates
        info = {
            "url": postman.url or "",
            "has_custom_certificate": False,
            "pending_update_count": updates.count(self.world.clock.now()),
        }
        if postman.url:
            info |= {"max_connections": postman.max_connections, "ip_address": "127.0.0.1"}
        if postman.last_error:
            at, message = postman.last_error
            info |= {"last_error_date": int(at.timestamp()), "last_error_message": message}
        if updates.allowed:
            info["allowed_updates"] = list(updates.allowed)
        return Answer(info)

    def _read_allowed(self, parameters: Parameters) -> None:
        """Kept until it is given again; an empty list means the usual kinds."""
        allowed = parameters.structure("allowed_updates", "can't parse allowed_updates JSON object")
        if allowed is None:
            return
        if not isinstance(allowed, list):
            raise bad_request("allowed_updates must be an Array of String")
        self.world.updates.allowed = tuple(kind for kind in allowed if isinstance(kind, str))

    def _drop_if_asked(self, parameters: Parameters) -> None:
        if parameters.flag("drop_pending_updates"):
            self.world.updates.clear()

    def _check_address(self, url: str) -> None:
        parts = _split(url)
        if parts is None or not parts.hostname:
            raise bad_request("bad webhook: invalid URL specified")
        if not self.world.switches.https_only and _is_loopback(parts.hostname) and parts.scheme in ("http", "https"):
            return
        if parts.scheme != "https":
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if (parts.port or 443) not in PORTS:
            raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")

    def _change(self) -> None:
        now = self.world.clock.now()
        if abs(now - self._changed_at) < _ONE_CHANGE_IN:
            raise too_many(1)
        self._changed_at = now

    def _end_poll(self, reason: str) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(reason)


async def _either(ended: asyncio.Future[str], came: asyncio.Event) -> None:
    """Wait for news. Raises Refused (409) when the poll was ended instead."""
    news: asyncio.Future[Any] = asyncio.ensure_future(came.wait())
    waited: set[asyncio.Future[Any]] = {ended, news}
    try:
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    finally:
        news.cancel()
    if ended.done():
        raise _conflict(ended.result())


def _conflict(reason: str) -> Refused:
    return Refused(409, f"Conflict: {reason}")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
