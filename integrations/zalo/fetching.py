"""Fetching what owners sent from the addresses that Zalo names, never from our own network.

The address is looked at when the connection is made, so that neither a name that resolves to a private address nor a
redirect leads inside.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from integrations.errors import FetchFailed
from integrations.provider import Fetched
from integrations.zalo.transport import CONNECT_SECONDS, read_at_most
from store.text import clean

TOTAL_SECONDS = 60
SILENCE_SECONDS = 10
MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(OSError):
    """Not an address of the public internet."""


class Fetcher:
    """`allows_loopback`: Zalo itself is a stand-in on this machine, and so are its files."""

    def __init__(self, allows_loopback: bool = False) -> None:
        self._allows_loopback = allows_loopback
        self._client: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def fetch(self, source: str, limit_bytes: int) -> Fetched:
        """Raises FetchFailed."""
        try:
            return await self._follow(source, limit_bytes)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError):
            raise FetchFailed("zalo_file_address", final=True) from None
        except AddressRefused:
            raise FetchFailed("zalo_file_address", final=True) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            is_refused = isinstance(getattr(error, "os_error", None), AddressRefused)
            raise FetchFailed("zalo_file_address" if is_refused else "zalo_file_network", is_refused) from error

    async def _follow(self, source: str, limit_bytes: int) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            self._require_allowed(source)
            async with self._session().get(source, allow_redirects=False) as response:
                if response.status in _REDIRECTS and "Location" in response.headers:
                    source = urljoin(source, response.headers["Location"])
                    continue
                return await _read(response, limit_bytes)
        raise FetchFailed("zalo_file_redirects", final=True)

    def _require_allowed(self, source: str) -> None:
        parts = urlsplit(source)
        is_here = self._allows_loopback and parts.scheme == "http" and is_loopback(parts.hostname or "")
        if parts.scheme != "https" and not is_here:
            raise AddressRefused

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(socket_factory=self._socket),
                timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._client

    def _socket(self, target: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, place = target
        if not self._may_connect_to(str(place[0])):
            raise AddressRefused
        return socket.socket(family, kind, protocol)

    def _may_connect_to(self, host: str) -> bool:
        address = _innermost(ipaddress.ip_address(host.partition("%")[0]))
        if address.is_loopback:
            return self._allows_loopback
        return address.is_global and not address.is_multicast


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _innermost(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 one only wraps."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


async def _read(response: aiohttp.ClientResponse, limit_bytes: int) -> Fetched:
    if response.status != 200:
        raise FetchFailed(f"zalo_file_{response.status}", response.status < 500 and response.status not in (408, 429))
    if (response.content_length or 0) > limit_bytes:
        raise FetchFailed("zalo_file_too_large", final=True)
    content = await read_at_most(response, limit_bytes)
    if content is None:
        raise FetchFailed("zalo_file_too_large", final=True)
    return Fetched(content, _name(response))


def _name(response: aiohttp.ClientResponse) -> str | None:
    disposition = response.content_disposition
    name = disposition.filename if disposition else None
    return clean(re.split(r"[/\\]", name)[-1])[:200] or None if name else None
