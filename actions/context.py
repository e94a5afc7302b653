"""What an action may see and do during one attempt at a turn.

Actions read, and append effects; nothing is written before the turn is known to have succeeded. An attempt that failed
is thrown away with its context, so its effects can never happen.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from actions.desk import Desk
from programme.awareness_question import Heard
from programme.content import Content
from programme.domain_names import DomainStatus
from programme.links import Link
from programme.ratings_said import Score
from programme.responses import Kept
from store.messages import Reply

Why = Literal[
    "asked_for_person", "complaint", "spoken_help", "not_understood", "distress", "anger", "scam", "money", "legal"
]


@dataclass(frozen=True)
class HandToPerson:
    """Give the conversation to the queue."""

    why: Why = "asked_for_person"


@dataclass(frozen=True)
class RememberPhone:
    """Keep the number at which the owner wants to be called, in E.164."""

    phone: str


@dataclass(frozen=True)
class Unclear:
    """The message was not answered: nothing was understood, or only guessed. It goes to the review list."""

    kind: Literal["not_understood", "half_sure"]


@dataclass(frozen=True)
class ForReview:
    """Understood, but not served: the entry must not be said today, or an answer to a flow could not be read."""

    kind: Literal["withheld", "unread"]


@dataclass(frozen=True)
class MarkedWrong:
    """The owner says that the answer `entry` missed the point; it goes to the review list. None: the last answer."""

    entry: str | None = None


@dataclass(frozen=True)
class NoPersonWanted:
    """The owner does not want to wait for a person any more; nobody has taken the conversation yet."""


@dataclass(frozen=True)
class LivesIn:
    """The owner's own province, in the words of the packs: from now on it is the conversation's."""

    province: str


@dataclass(frozen=True)
class OptOut:
    """No more messages that the owner did not ask for, on any channel."""


@dataclass(frozen=True)
class OpenDataRequest:
    """Open the owner's request to see or erase their data, with the law's days; a second one finds the first."""

    kind: Literal["access", "erasure"]
    acknowledge_by: date
    due_on: date
    # What it waits for (bot/data_requests.py), how it is known already that it is them, whether that was said
    stage: str = "officer"
    identity: str | None = None
    is_acknowledged: bool = False


@dataclass(frozen=True)
class TryProof:
    """The owner said what only they know, or something else. `by`: what was asked for."""

    by: str
    is_right: bool


@dataclass(frozen=True)
class LetOfficerCheck:
    """The owner cannot say it: an officer makes sure that it is them."""


@dataclass(frozen=True)
class GiveCopy:
    """The request to see the data is carried out: `token` is the secret of the address that was told."""

    token: str


@dataclass(frozen=True)
class ConfirmErasure:
    """The owner's last word: it is erased."""


@dataclass(frozen=True)
class MessagesAgain:
    """The owner ends their opt-out."""


@dataclass(frozen=True)
class TakeBackDataRequest:
    """The owner does not want their open request of this kind any more; without one, nothing changes."""

    kind: Literal["access", "erasure"]


@dataclass(frozen=True)
class WithdrawConsent:
    """End every consent in force, or those of one matter (programme/consents.py), and remove what was kept on their
    ground."""

    matter: str | None = None


@dataclass(frozen=True)
class RememberDomain:
    """Keep with the shop what the owner said about its domain name, and that they agreed to `consent_version`."""

    status: DomainStatus
    consent_version: int


@dataclass(frozen=True)
class SaveSurvey:
    """Keep the response as it is now; complete, it is scored."""

    kept: Kept


@dataclass(frozen=True)
class AbandonSurvey:
    """Drop an unfinished response: its owner begins anew."""

    kept: Kept


@dataclass(frozen=True)
class AgreeToCall:
    """The owner agreed, to the words of this version, that a firm gets name, number and result in order to call."""

    text_version: int


@dataclass(frozen=True)
class PassToVendor:
    """Make a lead for a firm (an id of the province's pack), on the ground of the consent in force. `accept_by`: until
    when the firm may take it up."""

    vendor: str
    province: str
    commune: str | None
    response_id: int | None = None
    accept_by: datetime | None = None


@dataclass(frozen=True)
class AboutOtherFirm:
    """What the owner answered when asked whether the firm of this lead may call, to the words of `text_version`."""

    lead_id: int
    agreed: bool
    text_version: int
    accept_by: datetime | None


@dataclass(frozen=True)
class OwnerWasCalled:
    """Whether the firm of this lead really called, as the owner says."""

    lead_id: int
    called: bool


@dataclass(frozen=True)
class JoinClass:
    """Take a place in a class."""

    class_id: int


@dataclass(frozen=True)
class WishForClass:
    """Note that the owner wants a class on this topic."""

    topic: str
    province: str
    commune: str | None


@dataclass(frozen=True)
class ShowLinkCode:
    """The reply shows this code; typed in another conversation it joins the two."""

    code: str


@dataclass(frozen=True)
class WrongLinkCode:
    """A code was typed that nobody was shown."""


@dataclass(frozen=True)
class JoinChannels:
    """Use the code. `told` is said in the conversation where it was shown."""

    link: Link
    told: Reply


@dataclass(frozen=True)
class RateService:
    """How satisfied the owner was with the person who answered last."""

    score: Score


@dataclass(frozen=True)
class AnswerAwareness:
    """Whether they have heard of the programme, as somebody says who was asked (programme/awareness.py)."""

    heard: Heard


@dataclass(frozen=True)
class NoteDifficulty:
    """Keep what the owner finds difficult, under this category (content/national/difficulties.yaml).

    `has_words`: the message tells it; a pressed button does not. `sorts`: it is what was told before and kept with the
    rest, which moves to this category.
    """

    category: str
    has_words: bool = True
    sorts: bool = False


@dataclass(frozen=True)
class PartChannels:
    """Give the conversations that were linked back to their own contacts."""


Effect = (
    HandToPerson
    | RememberPhone
    | Unclear
    | ForReview
    | MarkedWrong
    | OptOut
    | MessagesAgain
    | OpenDataRequest
    | TakeBackDataRequest
    | TryProof
    | LetOfficerCheck
    | GiveCopy
    | ConfirmErasure
    | WithdrawConsent
    | RememberDomain
    | NoPersonWanted
    | LivesIn
    | SaveSurvey
    | AbandonSurvey
    | AgreeToCall
    | PassToVendor
    | AboutOtherFirm
    | OwnerWasCalled
    | JoinClass
    | WishForClass
    | ShowLinkCode
    | WrongLinkCode
    | JoinChannels
    | PartChannels
    | NoteDifficulty
    | RateService
    | AnswerAwareness
)


@dataclass
class TurnContext:
    """One attempt at a turn. `text`: what the owner wrote ("" for a button), secrets blacked out.

    `language`: vi | en. `unclear_turns`: how many messages in a row were not understood before this one.
    `alternatives`: the intents that ranked next at the message before, the likeliest first (only when this message
    says that its answer was wrong). `desk`: what else may be looked up.
    """

    province: str
    today: date
    content: Content
    text: str
    language: str = "vi"
    unclear_turns: int = 0
    alternatives: tuple[str, ...] = ()
    effects: list[Effect] = field(default_factory=list)
    desk: Desk | None = None


_current: ContextVar[TurnContext] = ContextVar("turn_context")


def enter(context: TurnContext) -> None:
    """Make `context` the one that actions of this task see."""
    _current.set(context)


def current() -> TurnContext:
    """The context of the turn that is running."""
    return _current.get()
