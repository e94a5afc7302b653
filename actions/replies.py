"""How an action speaks: pack answers and phrases become messages with sources, buttons and the offer of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from actions.context import TurnContext
from programme.answers import Answer, Withheld

REQUEST_PERSON = "/request_person"
NOTHING: Mapping[str, str] = MappingProxyType({})


def say(
    dispatcher: CollectingDispatcher,
    context: TurnContext,
    answer: Answer | Withheld | None,
    variables: Mapping[str, str] = NOTHING,
    buttons: Sequence[dict[str, str]] = (),
) -> None:
    """Say a pack answer with its sources; where there is none that may be said today, say so and offer a person."""
    if not isinstance(answer, Answer):
        text = context.content.phrases.say("answer_withheld")
        _utter(dispatcher, context, text, list(buttons), offers_person=True)
        return
    shown = [*buttons, *({"title": b.title, "payload": b.payload} for b in answer.buttons)]
    sources = [{"document": s.document, "article": s.article, "url": s.url} for s in answer.sources]
    text = answer.render(**variables)
    _utter(dispatcher, context, text, shown, offers_person=answer.offer_person, sources=sources, entry=answer.id)


def _utter(
    dispatcher: CollectingDispatcher,
    context: TurnContext,
    text: str,
    buttons: list[dict[str, str]],
    **custom: Any,
) -> None:
    if custom["offers_person"] and all(button["payload"] != REQUEST_PERSON for button in buttons):
        title = context.content.phrases.say("person_button")
        buttons = [*buttons, {"title": title, "payload": REQUEST_PERSON}]
    dispatcher.utter_message(text=text, buttons=buttons, json_message=custom)
