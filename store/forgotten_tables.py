"""The table of what must be forgotten again after a restore."""

from __future__ import annotations

from store.tables import metadata

__all__ = ["metadata"]
