"""The web pages that may embed the chat: origins as browsers compare them, scheme and host only."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_LOCAL = ("localhost", "127.0.0.1")


def read_origins(text: str) -> tuple[str, ...]:
    """Origins separated by spaces, each "https://host" or "https://host:port"; http only on this machine, for trying.

    They become part of a security header as they are. Raises ValueError (Vietnamese) naming the first that is wrong.
    """
    return tuple(dict.fromkeys(_origin(word) for word in text.split()))


def _origin(word: str) -> str:
    refused = ValueError(f"{word}: cần có dạng https://tên-miền, không có đường dẫn và dấu *")
    try:
        parts = urlsplit(word.lower())
        port = parts.port
    except ValueError:
        raise refused from None
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOCAL):
        raise refused
    origin = f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")
    if not _HOST.fullmatch(host) or word.lower().rstrip("/") != origin:
        raise refused
    return origin
