"""Addresses of people's mailboxes and of mail servers, read strictly: what is not plainly one is none."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

# An address as mail providers give them out: no quoted or commented parts, by which one address can be dressed up as
# another. RFC 5321 allows 64 + 1 + 255 characters.
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL})+")
LONGEST_LOCAL, LONGEST = 64, 254
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PORTS = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993}


def plain_address(text: str) -> str | None:
    """The address in lower case; None when `text` is not one plain address."""
    address = text.strip()
    local = address.partition("@")[0]
    if len(address) > LONGEST or len(local) > LONGEST_LOCAL or not _ADDRESS.fullmatch(address):
        return None
    return address.lower()


@dataclass(frozen=True)
class MailServer:
    """`implicit_tls`: TLS from the first byte; else it is asked for (STARTTLS) and needed, except on the loopback."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    implicit_tls: bool

    @property
    def needs_tls(self) -> bool:
        """Whether a password may only be said behind TLS."""
        return self.host not in LOOPBACK


def read_mail_server(url: str, protocol: str) -> MailServer:
    """`url`: smtp(s)://user:password@host:port or imap(s)://…; user and password percent-encoded where they must be.

    Raises ValueError with what is wrong in Vietnamese, never with the password.
    """
    shape = f"phải có dạng {protocol}s://tài-khoản:mật-khẩu@máy:cổng"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(shape) from None
    if parts.scheme not in (protocol, f"{protocol}s") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(shape)
    if not parts.username or not parts.password:
        raise ValueError(f"{shape}; còn thiếu tài khoản hoặc mật khẩu")
    return MailServer(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username),
        password=unquote(parts.password),
        implicit_tls=parts.scheme.endswith("s"),
    )
