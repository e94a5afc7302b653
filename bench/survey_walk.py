"""Owners who take the product's survey again and again: what they press and type, and what they must be answered.

Both come from the survey's engine and content: a new version of the survey needs no change here, and a reply that is
not the one the engine wants next is an error, not a sample.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from rasa_sdk.executor import CollectingDispatcher

from actions.context import TurnContext
from actions.survey_saying import answer_button, say_item
from bench.chat import Answer
from programme.content import Content
from programme.responses import Kept, Origin
from programme.survey.definition import CONSENT, FORM, FULL, Item
from programme.survey.definition import Answer as Given
from programme.survey.response import CONSENT_REFUSED, Response, answered, next_item, options_of
from programme.survey_result import result_of, shop_name
from store.clock import Clock
from store.contacts import find_phone

PROVINCE = "thai-nguyen"
BEGIN = "/restart_survey"
COMMUNE, TRADE = "xã Tân Cương", "bán rau"
# What is typed; every other item has buttons, and the middle one of them is pressed unless CHOSEN names another.
TYPED = {
    "shop_name": "Tạp hóa Hồng Loan",
    "owner_name": "Nguyễn Thị Loan",
    "phone": "0912 345 678",
    "commune": COMMUNE,
    "market_or_address": "Chợ Đồng Quang",
    "trade_group": TRADE,
    "comment": "Mong có lớp học buổi tối",
}
CHOSEN = {CONSENT: "yes_only", FORM: FULL, "province": "thai_nguyen"}


class Talk(Protocol):
    """A conversation with either server."""

    async def say(self, text: str, *expected: str) -> Answer: ...
    async def press(self, payload: str, *expected: str) -> Answer: ...
    async def close(self) -> None: ...


Open = Callable[[], Awaitable[Talk]]


@dataclass(frozen=True)
class Step:
    """One message and how the replies to it begin. `item`: what it answers; None begins the survey."""

    message: str
    expected: tuple[str, ...]
    item: Item | None = None

    @property
    def is_typed(self) -> bool:
        return not self.message.startswith("/")

    @property
    def answers_question(self) -> bool:
        """Whether a button answers one of the scored questions."""
        return self.item is not None and self.item.section == "question"


class Script:
    """The full survey in its order until the result; then the consent is withdrawn, so that all is asked again.

    Without that, what a shop told last time would not be asked a second time.
    """

    def __init__(self, content: Content) -> None:
        self._context = TurnContext(PROVINCE, Clock().today(), content, "")
        self._content, self._survey = content, content.surveys.latest
        self.steps = [*self._round(), self._withdrawal()]

    def step(self, turns: int) -> Step:
        """What comes after `turns` turns."""
        return self.steps[turns % len(self.steps)]

    @property
    def second_question(self) -> Step:
        """The step that answers the second scored question."""
        return [step for step in self.steps if step.answers_question][1]

    def _round(self) -> list[Step]:
        response = Response(self._survey, {})
        steps = [Step(BEGIN, (self._question(response, ""),))]
        while (item := next_item(response)) is not None:
            message, answer, lead = self._answer(response, item)
            response = answered(response, item.id, answer)
            replies = (self._question(response, lead),) if next_item(response) else self._result(response)
            steps.append(Step(message, replies, item))
        return steps

    def _withdrawal(self) -> Step:
        consent = self._survey.by_id[CONSENT]
        return Step(_payload(consent, CONSENT_REFUSED), (self._survey.consent_refused["vi"],), consent)

    def _answer(self, response: Response, item: Item) -> tuple[str, Given, str]:
        """What the owner sends, what it means, and what is said about it before the next question."""
        content = self._content
        if item.key in TYPED:
            typed = TYPED[item.key]
            if item.kind == "commune_lookup":
                (commune,) = (one for one in content.communes.communes(PROVINCE) if one.full_name == typed)
                return typed, commune.code, self._say("survey_commune_noted", commune=commune.full_name)
            if item.kind == "choice_list":
                (trade,) = content.trades.find(typed)
                return typed, trade.id, trade.say["vi"] if trade.say else ""
            return typed, (find_phone(typed) or typed) if item.kind == "phone_vn" else typed, ""
        values = options_of(response, item)
        chosen = CHOSEN.get(item.key) or CHOSEN.get(item.id) or values[len(values) // 2]
        lead = self._say("survey_commands") if item.id == FORM else ""
        return _payload(item, chosen), [str(chosen)] if item.kind == "multi_choice" else chosen, lead

    def _question(self, response: Response, lead: str) -> str:
        item = next_item(response)
        assert item is not None
        said = CollectingDispatcher()
        say_item(said, self._context, response, item, lead)
        return str(said.messages[0]["text"])

    def _result(self, response: Response) -> tuple[str, str]:
        """The beginnings of the two messages at the end: whose result it is, and the first advice."""
        result = result_of(self._content, Kept(response, Origin(0, "", PROVINCE)), ())
        assert result.commune is not None and result.rules
        shop = f"{shop_name(response)}, {result.commune.full_name}"
        return self._say("survey_result_of", shop=shop), self._say("survey_do_first")

    def _say(self, phrase: str, **values: object) -> str:
        return self._content.phrases.say(phrase, "vi", **values)


def _payload(item: Item, value: int | str) -> str:
    return answer_button(item, "", value)["payload"]


@dataclass
class Walk:
    """One owner. `turns`: how many there have been."""

    talk: Talk
    script: Script
    turns: int = 0

    @property
    def upcoming(self) -> Step:
        return self.script.step(self.turns)

    async def step(self) -> float:
        """One turn; its milliseconds until the last reply. Raises NoReply when it is not answered as it must be."""
        step = self.upcoming
        send = self.talk.say if step.is_typed else self.talk.press
        answer = await send(step.message, *step.expected)
        self.turns += 1
        return answer.ms

    async def steps(self, count: int) -> list[float]:
        return [await self.step() for _ in range(count)]

    async def until(self, wanted: Callable[[Step], bool]) -> None:
        """Go on until the next step is a `wanted` one."""
        while not wanted(self.upcoming):
            await self.step()
