"""Telephone numbers at the edge: E.164 inside, what gateways want outside."""

from __future__ import annotations

import re

_VIETNAMESE = re.compile(r"(?:\+?84|0)?([1-9]\d{8})")


def national(phone: str) -> str:
    """+84901234567 → 0901234567."""
    return "0" + phone.removeprefix("+84") if phone.startswith("+84") else phone


def with_country(phone: str) -> str:
    """+84901234567 → 84901234567."""
    return phone.removeprefix("+")


def to_e164(said: str) -> str | None:
    """A mobile number as a gateway writes it, in E.164; None: it is none."""
    found = _VIETNAMESE.fullmatch(said.strip())
    return f"+84{found[1]}" if found else None
