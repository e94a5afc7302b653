"""One item of a survey as a form: what it offers to choose, and what the form that was sent answers. Keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from actions.context import TurnContext
from actions.survey_assisted import Between, province_of, read_line
from actions.survey_hearing import Heard, may_be_pressed
from actions.survey_saying import answer_words, progress_words
from console.context import ConsoleContext
from console.roles import Role
from console.sessions import SignedIn
from programme.communes import Commune
from programme.survey.commands import Command
from programme.survey.definition import CONSENT, REFUSED, Answer, Item
from programme.survey.response import Response, facts, in_force, may_skip, options_of, shown_items
from store.text import clean

# More than any item takes: what is longer is cut, and refused by the item's own limit.
LONGEST_TYPED = 1000


@dataclass(frozen=True)
class Choice:
    value: str
    words: str
    is_chosen: bool = False


@dataclass(frozen=True)
class Group:
    """Choices under a name; `is_open`: one of them is chosen."""

    name: str
    choices: tuple[Choice, ...]
    is_open: bool = False


@dataclass(frozen=True)
class Question:
    """What a page shows of an item. `places`: communes as they may be written; `typed`: what stands in the text box."""

    item: Item
    progress: str
    text: str
    help: str
    choices: tuple[Choice, ...]
    groups: tuple[Group, ...]
    places: tuple[str, ...]
    typed: str
    is_several: bool
    is_answered: bool
    may_skip: bool


@dataclass(frozen=True)
class Said:
    """An answer that was given, as a line of a list."""

    item: Item
    name: str
    answer: str
    may_change: bool


@dataclass(frozen=True)
class Sent:
    """What a form brings. `revision`: of the response that its page showed."""

    item: str
    revision: int
    choices: tuple[str, ...] = ()
    typed: str = ""
    is_skip: bool = False


def turn_of(context: ConsoleContext, person: SignedIn, typed: str = "") -> TurnContext:
    """What the survey's own readers want to know."""
    return TurnContext(context.province, context.clock.today(), context.content, clean(typed), person.language)


def stays_in_their_commune(person: SignedIn, response: Response) -> bool:
    """Whether a response is, with this change, still one that `person` may fill in."""
    return person.role is not Role.COMMUNE or person.may_see(str(facts(response).get("commune", "")))


def may_change(person: SignedIn, item: Item) -> bool:
    """Whether an answer is offered for changing. The consent is withdrawn, not answered again; commune staff have one
    province, and where they have one commune, that."""
    if item.id == CONSENT:
        return False
    if person.role is not Role.COMMUNE:
        return True
    return item.key != "province" and (item.key != "commune" or len(person.communes or ()) > 1)


def question(
    turn: TurnContext,
    person: SignedIn,
    response: Response,
    item: Item,
    asked_back: Heard | None = None,
    typed: str = "",
) -> Question:
    """`asked_back`: what was typed was read as one of these."""
    known = in_force(response).get(item.id)
    choices, groups, places = _choices(turn, person, response, item)
    narrowed = _narrowed(asked_back)
    if narrowed:
        choices, groups = narrowed, ()
    chosen = {str(one) for one in (known if isinstance(known, list) else [known])}
    is_text = not choices and not groups
    return Question(
        item=item,
        progress=progress_words(turn, response, item),
        text=item.text[turn.language],
        help=item.help[turn.language] if item.help else "",
        choices=_mark(choices, chosen),
        groups=tuple(
            Group(group.name, _mark(group.choices, chosen), any(one.value in chosen for one in group.choices))
            for group in groups
        ),
        places=places,
        typed=typed or (answer_words(turn, item, known) if is_text and known not in (None, REFUSED) else ""),
        is_several=item.kind == "multi_choice" and not narrowed,
        is_answered=known is not None,
        may_skip=may_skip(item),
    )


def read_sent(turn: TurnContext, response: Response, item: Item, sent: Sent) -> Heard | Command:
    """What a form answers: what was chosen, else what was typed."""
    if sent.is_skip:
        return Command("skip")
    if sent.choices:
        answer = _pressed(turn, response, item, sent.choices)
        return Heard(answer) if answer is not None else Heard()
    return read_line(turn, response, item) if turn.text else Heard()


def said_so_far(turn: TurnContext, person: SignedIn, response: Response) -> tuple[Said, ...]:
    """Every answer that counts, in the order of the questions."""
    force = in_force(response)
    return tuple(
        Said(item, name_of(turn, response, item), answer_words(turn, item, force[item.id]), may_change(person, item))
        for item in shown_items(response)
        if item.id in force and item.id != CONSENT
    )


def name_of(turn: TurnContext, response: Response, item: Item) -> str:
    """What an item is called in a list: its label, else its place and its words."""
    if item.label is not None:
        return item.label[turn.language].capitalize()
    place = progress_words(turn, response, item) if item.section == "question" else ""
    return f"{place}. {item.text[turn.language]}" if place else item.text[turn.language]


def noted(turn: TurnContext, response: Response, item_id: str) -> str:
    """What has just been noted, with what is to be said about it; "" when nothing was."""
    item = response.survey.by_id.get(item_id)
    answer = in_force(response).get(item_id)
    if item is None or answer is None:
        return ""
    words = answer_words(turn, item, answer)
    trade = turn.content.trades.trades.get(str(answer)) if item.kind == "choice_list" else None
    return f"{words}. {trade.say[turn.language]}" if trade and trade.say else words


def _choices(
    turn: TurnContext, person: SignedIn, response: Response, item: Item
) -> tuple[tuple[Choice, ...], tuple[Group, ...], tuple[str, ...]]:
    language, content = turn.language, turn.content
    if item.options:
        values = options_of(response, item)
        shown = [option for option in item.options if option.value in values]
        return tuple(Choice(str(option.value), option.words[language]) for option in shown), (), ()
    if item.kind == "choice_list":
        groups = (
            Group(
                group.words[language],
                tuple(Choice(one.id, one.button[language]) for one in content.trades.of_report_group(group.id)),
            )
            for group in content.trades.report_groups
        )
        return (), tuple(groups), ()
    province = province_of(turn, response)
    if item.kind == "commune_lookup" and province is not None:
        if person.role is Role.COMMUNE:
            own = [one for code in person.communes or () if (one := content.communes.by_code(code)) is not None]
            return _named(own), (), ()
        return (), (), tuple(commune.full_name for commune in content.communes.communes(province))
    return (), (), ()


def asked_back_words(context: ConsoleContext, person: SignedIn, asked_back: Heard) -> str:
    """What is said with a question that is asked again."""
    say, language = context.words.say, person.language
    if isinstance(asked_back, Between) and (asked_back.communes or language != "vi"):
        return say("surveys.which_place" if asked_back.communes else "surveys.no_such_place", language)
    return asked_back.note or say("surveys.not_read", language)


def _narrowed(asked_back: Heard | None) -> tuple[Choice, ...]:
    if isinstance(asked_back, Between):
        return _named(asked_back.communes)
    if asked_back is None or not asked_back.buttons:
        return ()
    return tuple(Choice(one["payload"].rpartition('"a":"')[2].rstrip('"}'), one["title"]) for one in asked_back.buttons)


def _named(communes: Sequence[Commune]) -> tuple[Choice, ...]:
    return tuple(Choice(commune.code, commune.full_name) for commune in communes)


def _mark(choices: Sequence[Choice], chosen: set[str]) -> tuple[Choice, ...]:
    return tuple(replace(choice, is_chosen=choice.value in chosen) for choice in choices)


def _pressed(turn: TurnContext, response: Response, item: Item, values: Sequence[str]) -> Answer | None:
    """The answer that these values of a form are; None for values that the page did not offer."""
    if item.options:
        offered = {str(value): value for value in options_of(response, item)}
        if any(value not in offered for value in values):
            return None
        if item.kind == "multi_choice":
            return [str(offered[value]) for value in dict.fromkeys(values)]
        return offered[values[0]] if len(values) == 1 else None
    return values[0] if len(values) == 1 and may_be_pressed(turn, response, item, values[0]) else None
