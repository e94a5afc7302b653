"""The table of difficulties."""

from __future__ import annotations

from store.tables import metadata

__all__ = ["metadata"]
