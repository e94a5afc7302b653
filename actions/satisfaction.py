"""How satisfied the owner was with the person who answered: noted, and a person offered again where they were not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import RateService, current
from actions.replies import say_phrase
from programme.ratings_said import Score

_SCORES: Mapping[str, Score] = {"satisfied": "satisfied", "neutral": "neutral", "unsatisfied": "unsatisfied"}


class ActionRateService(Action):
    """Never hands over by itself: whoever is not satisfied may ask for a person."""

    def name(self) -> str:
        return "action_rate_service"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        entities = tracker.latest_message.get("entities") or ()
        said = next((_SCORES.get(str(e["value"])) for e in entities if e["entity"] == "score"), None)
        if said is not None:
            context.effects.append(RateService(said))
        if said == "unsatisfied":
            say_phrase(dispatcher, context, "rating_sorry", offers_person=True)
        else:
            say_phrase(dispatcher, context, "rating_thanks")
        return []
