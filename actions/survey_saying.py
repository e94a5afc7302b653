"""How the survey asks: an item becomes a message with its place, its numbered options and their buttons."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk.executor import CollectingDispatcher

from actions.context import TurnContext
from actions.replies import Buttons, button, with_person
from programme.survey.definition import CONSENT, REFUSED, Answer, Item, Option
from programme.survey.response import Response, may_skip, numbered, options_of
from store.contacts import local_phone

ANSWER_INTENT, SKIP_INTENT = "answer_survey", "skip_survey"
ENTRY = "survey_question"
# Zalo and Telegram cut longer ones.
LONGEST_TITLE = 32
# Behind this a button names a group of trades instead of a trade.
GROUP = "group_"


def say_item(
    dispatcher: CollectingDispatcher,
    context: TurnContext,
    response: Response,
    item: Item,
    lead: str = "",
    offers_person: bool = False,
) -> None:
    """Ask `item`. `lead`: what is said first, in the same message."""
    shown = _buttons(context, response, item)
    if offers_person:
        shown = with_person(context, shown)
    words = "\n\n".join(
        part for part in (lead, question_words(context, response, item, is_repeated=bool(lead))) if part
    )
    dispatcher.utter_message(text=words, buttons=shown, json_message={"offers_person": offers_person, "entry": ENTRY})


def question_words(context: TurnContext, response: Response, item: Item, is_repeated: bool = False) -> str:
    """The question with its place in the form, its numbered options and what was answered before.

    `is_repeated`: without what introduces the whole survey.
    """
    language = context.language
    lines = [
        f"{progress}. {item.text[language]}"
        if (progress := progress_words(context, response, item))
        else _opening(context, response, item, is_repeated)
    ]
    shown = _options(response, item)
    lines += [f"{place}. {option.words[language]}" for place, option in enumerate(shown, 1) if item.kind != "scale"]
    if item.kind == "multi_choice":
        lines.append(context.content.phrases.say("survey_several_hint", language))
    known = response.answers.get(item.id)
    if known is not None and response.cursor == item.id:
        said = answer_words(context, item, known)
        lines.append(context.content.phrases.say("survey_answer_before", language, answer=said))
    return "\n".join(lines)


def answer_words(context: TurnContext, item: Item, answer: Answer) -> str:
    """An answer as a person would read it."""
    if answer == REFUSED:
        return context.content.phrases.say("survey_not_said", context.language)
    if isinstance(answer, list):
        return ", ".join(answer_words(context, item, one) for one in answer)
    option = item.option(answer)
    if option is not None:
        return option.button[context.language]
    if item.kind == "commune_lookup":
        commune = context.content.communes.by_code(str(answer))
        return commune.full_name if commune else str(answer)
    if item.kind == "choice_list" and str(answer) in context.content.trades.trades:
        return context.content.trades.trades[str(answer)].button[context.language]
    if item.kind == "phone_vn":
        return local_phone(str(answer))
    return str(answer)


def answer_button(item: Item, title: str, value: int | str) -> dict[str, str]:
    """A button that answers `item`; it names the item, so that an old one is never taken for the present question."""
    return {"title": title, "payload": f'/{ANSWER_INTENT}{{"q":"{item.id}","a":"{value}"}}'}


def option_buttons(context: TurnContext, item: Item, options: Sequence[Option]) -> Buttons:
    """One button per option; its number where the language has no words that fit on a button."""
    titles = [option.button[context.language] for option in options]
    fitting = [t if len(t) <= LONGEST_TITLE else str(place) for place, t in enumerate(titles, 1)]
    return [answer_button(item, title, option.value) for title, option in zip(fitting, options, strict=True)]


def trade_group_buttons(context: TurnContext, item: Item) -> Buttons:
    """The groups under which trades are looked for when words did not find one."""
    groups = context.content.trades.report_groups
    return [answer_button(item, group.words[context.language], f"{GROUP}{group.id}") for group in groups]


def _opening(context: TurnContext, response: Response, item: Item, is_repeated: bool) -> str:
    intro = response.survey.ui["intro"][context.language] if item.id == CONSENT and not is_repeated else ""
    return "\n\n".join(part for part in (intro, item.text[context.language]) if part)


def progress_words(context: TurnContext, response: Response, item: Item) -> str:
    """ "Câu 6/24"; "" for what stands outside the form."""
    name = {"question": "progress", "profile": "progress_profile", "closing": "progress_closing"}.get(item.section, "")
    words = response.survey.ui.get(name)
    if words is None:
        return ""
    place, count = numbered(response, item)
    return words[context.language].format(i=place, n=count)


def _options(response: Response, item: Item) -> list[Option]:
    values = options_of(response, item)
    return [option for option in item.options if option.value in values]


def _buttons(context: TurnContext, response: Response, item: Item) -> Buttons:
    shown = option_buttons(context, item, _options(response, item))
    if item.section in ("profile", "closing") and may_skip(item):
        shown.append(button(context, "survey_skip_button", f"/{SKIP_INTENT}"))
    return shown


def result_address(context: TurnContext, code: str | None, ending: str) -> str:
    """Where the picture (png) or the sheet (pdf) of a result is, on this server."""
    language = "" if context.language == "vi" else f"?lang={context.language}"
    return f"/survey/{code}.{ending}{language}"
