"""Counts and prices as gateways write them: numbers, or numbers in quotes."""

from __future__ import annotations

from typing import Any

LARGEST = 2**31  # what the ledger can keep


def amount(said: Any) -> int | None:
    """A count, or a price in đồng; None: it cannot be one."""
    if isinstance(said, bool) or not isinstance(said, int | float | str) or len(str(said)) > 20:
        return None
    try:
        number = int(float(said))
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < LARGEST else None
