"""The tables of the mail channel."""

from __future__ import annotations

from store.tables import metadata

__all__ = ["metadata"]
