"""The tables of requests about personal data."""

from __future__ import annotations

from store.tables import metadata

__all__ = ["metadata"]
