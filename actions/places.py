"""The places a message names, as the gazetteer marked them."""

from __future__ import annotations

from rasa_sdk.interfaces import Tracker

from programme.communes import Mention

COMMUNE = "commune"


def mentions_in(tracker: Tracker) -> list[Mention]:
    """Communes and districts written in the message; a button's value is no mention."""
    entities = tracker.latest_message.get("entities") or ()
    return [Mention(e["value"], e["start"], e["end"]) for e in entities if e["entity"] == COMMUNE and "start" in e]
