"""What an owner may ask about their own data: to see it, to have it erased, to hear nothing more. These are acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import OpenDataRequest, OptOut, TurnContext, current
from actions.replies import NOTHING, say

_KIND: Mapping[str, Literal["access", "erasure"]] = {"my_data": "access", "delete_data": "erasure"}


class ActionDataRequest(Action):
    """Opens the request with the law's deadlines and says by when it is acknowledged."""

    def name(self) -> str:
        return "action_data_request"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        intent = tracker.latest_message["intent"]["name"]
        law, kind = context.content.deadlines, _KIND[intent]
        request = OpenDataRequest(kind, law.acknowledge_by(context.today), law.due_on(kind, context.today))
        context.effects.append(request)
        _say(dispatcher, context, intent, {"date": f"{request.acknowledge_by:%d/%m/%Y}"})
        return []


class ActionOptOut(Action):
    """Stops everything the owner did not ask for, at once, and confirms it (Decree 91/2020/NĐ-CP, article 16)."""

    def name(self) -> str:
        return "action_opt_out"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        context.effects.append(OptOut())
        _say(dispatcher, context, "opt_out")
        return []


def _say(
    dispatcher: CollectingDispatcher, context: TurnContext, entry: str, variables: Mapping[str, str] = NOTHING
) -> None:
    say(
        dispatcher, context, context.content.answers.get(entry, context.province, context.today), variables, is_act=True
    )
