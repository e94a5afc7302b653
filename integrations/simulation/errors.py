"""The one error of the control API."""

from __future__ import annotations


class ControlError(Exception):
    """What was asked cannot be done; the text says why, in Vietnamese (HTTP 400 `{"error": text}`)."""
