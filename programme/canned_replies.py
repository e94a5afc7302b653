"""Replies that officers keep ready, with places for what is known of the owner: `{name}`, `{commune}` …"""

from __future__ import annotations

import re

_PLACE = re.compile(r"\{(\w+)\}")


def unfilled(text: str) -> tuple[str, ...]:
    """The places of a text that nothing was put into: an owner must never read "{commune}"."""
    return tuple(dict.fromkeys(match[0] for match in _PLACE.finditer(text)))
