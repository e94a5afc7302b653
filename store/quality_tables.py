"""The tables of teaching the bot: annotations and models."""

from __future__ import annotations

from store.tables import metadata

__all__ = ["metadata"]
