"""Counts and amounts as people read them."""

from __future__ import annotations


def grouped(count: int, language: str = "vi") -> str:
    """ "15.000"; in English "15,000"."""
    return f"{count:,}" if language == "en" else f"{count:,}".replace(",", ".")
