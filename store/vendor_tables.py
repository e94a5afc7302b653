"""The tables of what firms do with their leads and report."""

from __future__ import annotations

from store.tables import metadata

__all__ = ["metadata"]
