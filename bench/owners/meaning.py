"""What an owner means by a message, and how the message travels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from programme.survey.definition import Answer


@dataclass(frozen=True)
class Press:
    """A button that answers an item, the present one or an older one; `raw` as the button carries it."""

    item: str
    raw: str


@dataclass(frozen=True)
class Tells:
    """Words that answer the present question."""

    answer: Answer


@dataclass(frozen=True)
class Unsure:
    """A number that may be the place of one option or the amount of another: the bot asks which."""

    values: tuple[int | str, ...]


@dataclass(frozen=True)
class Says:
    """Anything else. `target`: of an edit, a question's number or an item's id."""

    what: Literal[
        "start", "resume", "restart", "pause", "explain", "back", "skip", "edit", "aside", "nonsense", "unfit", "result"
    ]
    target: str = ""


Meaning = Press | Tells | Unsure | Says


@dataclass(frozen=True)
class Message:
    """One message to the web chat: `text`, or the `payload` of a pressed button."""

    meaning: Meaning
    text: str | None = None
    payload: str | None = None

    @property
    def body(self) -> dict[str, str]:
        return {"text": self.text} if self.text is not None else {"payload": self.payload or ""}


@dataclass(frozen=True)
class Step:
    """What an owner does before waiting for replies: one message, or two in the order in which they arrive.

    `copies`: how often each is delivered. `again`: the place of an older message of this owner that arrives once more.
    """

    messages: tuple[Message, ...]
    copies: Literal["one", "two", "two at once"] = "one"
    again: int | None = None


def button_payload(item: str, value: object) -> str:
    return f'/answer_survey{{"q":"{item}","a":"{value}"}}'
