"""What a mail is about, by what the dialogue makes of its beginning. Nothing of what it would answer is used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actions.context import TurnContext
from actions.places import COMMUNE
from actions.vendor import COMMUNE_CODE
from bot.dialogue import Dialogue, DialogueUnavailable, StateUnreadable, TurnResult
from programme.communes import Kind, Mention
from store.messages import Reading

# So many characters of a mail, its subject first, tell what it is about.
LONGEST_GIST = 400


async def gist(
    dialogue: Dialogue, context: TurnContext, here: str, turn: str, before: dict[str, Any] | None, seconds: float
) -> TurnResult | None:
    """None when the dialogue cannot say, which keeps no mail waiting.

    Its state names the commune of the mail, whatever the mail asks; else the one that stands in `before`, the state of
    the mails before it.
    """
    try:
        result = await dialogue.turn(context, here, turn, None, None, seconds)
    except (DialogueUnavailable, StateUnreadable):
        return None
    slots = result.state.get("slots", {})
    known = (before or {}).get("slots", {}).get(COMMUNE_CODE)
    code = _commune(context, result.reading) or slots.get(COMMUNE_CODE) or known
    return replace(result, state={**result.state, "slots": {**slots, COMMUNE_CODE: code}}) if code else result


def _commune(context: TurnContext, reading: Reading) -> str | None:
    """The code of the one commune of the province that the text surely means."""
    places = [one for one in reading.entities if one["entity"] == COMMUNE and "start" in one]
    mentions = [Mention(one["value"], one["start"], one["end"]) for one in places]
    meant = context.content.communes.resolve_all(mentions, context.text, context.province)
    is_settled = meant.kind in (Kind.CURRENT, Kind.OLD_UNIT) and meant.commune is not None
    return meant.commune.code if is_settled and meant.commune else None
