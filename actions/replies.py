"""How an action speaks: pack answers and phrases become messages with sources, buttons and the offer of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from rasa_sdk.executor import CollectingDispatcher

from actions.context import ForReview, TurnContext
from programme.answers import Answer, Button, Withheld
from programme.packs import NATIONAL

REQUEST_PERSON, OPEN_MENU = "/request_person", "/open_menu"
ANSWER_WRONG, NONE_OF_THESE = "/answer_wrong", "/none_of_these"
NOTHING: Mapping[str, str] = MappingProxyType({})
Buttons = list[dict[str, str]]


def say(
    dispatcher: CollectingDispatcher,
    context: TurnContext,
    answer: Answer | Withheld | None,
    variables: Mapping[str, str] = NOTHING,
    buttons: Sequence[dict[str, str]] = (),
    before: str = "",
    is_act: bool = False,
) -> None:
    """Say a pack answer with its sources; where there is none that may be said today, say so and offer a person.

    The service promise ({hours}) is filled in here. `buttons`: choices that the answer asks for. `before`: words that
    introduce it. A sourced answer that asks nothing can be marked as wrong, unless it only confirms what was done
    (`is_act`).
    """
    if not isinstance(answer, Answer):
        context.effects.append(ForReview("withheld"))
        say_phrase(dispatcher, context, "answer_withheld", buttons, offers_person=True)
        return
    own = [{"title": _title(context, b), "payload": b.payload} for b in answer.buttons]
    shown = with_person(context, [*buttons, *own]) if answer.offer_person else [*buttons, *own]
    if not buttons and not is_act:
        shown.append(button(context, "wrong_button", f'{ANSWER_WRONG}{{"entry":"{answer.id}"}}'))
    if "hours" in answer.variables:
        variables = {**variables, "hours": str(context.content.packs.province(context.province).sla.hours)}
    words = answer.render(context.language, **variables)
    dispatcher.utter_message(
        text=f"{before} {words}" if before else words,
        buttons=shown,
        json_message={
            "offers_person": answer.offer_person,
            "sources": [{"document": s.document, "article": s.article, "url": s.url} for s in answer.sources],
            "entry": answer.id,
        },
    )


def say_phrase(
    dispatcher: CollectingDispatcher,
    context: TurnContext,
    phrase: str,
    buttons: Sequence[dict[str, str]] = (),
    offers_person: bool = False,
    **values: object,
) -> None:
    """Say a phrase of the hotline itself, which needs no source."""
    shown = with_person(context, list(buttons)) if offers_person else list(buttons)
    words = context.content.phrases.say(phrase, context.language, **values)
    dispatcher.utter_message(text=words, buttons=shown, json_message={"offers_person": offers_person, "entry": phrase})


def button(context: TurnContext, phrase: str, payload: str) -> dict[str, str]:
    """A button whose title is a phrase."""
    return {"title": context.content.phrases.say(phrase, context.language), "payload": payload}


def with_person(context: TurnContext, buttons: Buttons) -> Buttons:
    """The buttons with the way to a person among them, once."""
    if any(one["payload"] == REQUEST_PERSON for one in buttons):
        return buttons
    return [*buttons, button(context, "person_button", REQUEST_PERSON)]


def _title(context: TurnContext, button: Button) -> str:
    """A pack's button, in English by the title of the entry it leads to."""
    if context.language == "vi":
        return button.title
    intent = button.payload.removeprefix("/").partition("{")[0]
    target = context.content.answers.find(intent, context.province, context.today)
    words = target.title(context.language) if isinstance(target, Answer) else None
    return words or context.content.phrases.intent_title(intent, context.language) or button.title


def introduce(context: TurnContext, answer: Answer | Withheld | None, province: str) -> str:
    """What is said before the answer of a province that is not the conversation's own; "" for the nation's answers."""
    foreign = isinstance(answer, Answer) and answer.pack not in (NATIONAL, context.province)
    if not foreign:
        return ""
    name = context.content.packs.province(province).name
    return context.content.phrases.say("of_province", context.language, province=name)
