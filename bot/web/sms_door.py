"""Where SMS gateways call us, and whom we believe: an address that only they and we know, and perhaps theirs.

The secret in the address follows HOTLINE_SECRET_KEY: after a change of the key the gateways must be told the new one.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Collection
from dataclasses import dataclass

from store.crypto import Keyring
from store.settings import Settings

SECRET_CHARACTERS = 40
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def secret_of(keyring: Keyring, gateway: str) -> str:
    return keyring.hash(gateway, "sms_webhook").hex()[:SECRET_CHARACTERS]


def address(base: str, keyring: Keyring, gateway: str) -> str:
    """Where `gateway` reports. `base`: scheme and host of the public port."""
    return f"{base.rstrip('/')}/webhooks/sms/{gateway}/{secret_of(keyring, gateway)}"


@dataclass(frozen=True)
class SmsDoor:
    """`gateways`: those that may call. `mo_key`: of eSMS's short code; None: nothing comes in there. `sources`: from
    where calls may come; empty: from anywhere."""

    gateways: Collection[str] = ()
    mo_key: str | None = None
    sources: tuple[_Network, ...] = ()

    @classmethod
    def from_settings(cls, settings: Settings, gateways: Collection[str]) -> SmsDoor:
        key, sources = settings.esms_mo_key, settings.sms_webhook_sources.split()
        return cls(
            frozenset(gateways),
            key.get_secret_value() if key is not None else None,
            tuple(ipaddress.ip_network(one) for one in sources),
        )

    def knows(self, keyring: Keyring, gateway: str, secret: str) -> bool:
        """Whether `secret` is that of a gateway that is open; it takes equally long for every wrong one."""
        is_right = hmac.compare_digest(secret.encode(), secret_of(keyring, gateway).encode())
        return is_right and gateway in self.gateways

    def admits(self, host: str) -> bool:
        """Whether a call may come from the address `host`."""
        if not self.sources:
            return True
        try:
            caller: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(host)
        except ValueError:
            return False
        if isinstance(caller, ipaddress.IPv6Address) and caller.ipv4_mapped is not None:
            caller = caller.ipv4_mapped
        return any(caller in one for one in self.sources)
