"""The tables of the API's partners."""

from __future__ import annotations

from store.tables import metadata

__all__ = ["metadata"]
