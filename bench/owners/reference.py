"""The model: one owner's survey as the engine has it, changed message by message as they are delivered.

Only the survey engine's own pure functions change its `Response`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from bench.owners.meaning import Meaning, Press, Says, Tells, Unsure
from programme.content import Content
from programme.packs import normalise_province_id
from programme.survey.definition import CONSENT, FORM, NA, REFUSED, Answer, Item, Survey
from programme.survey.response import (
    AnswerInvalid,
    Response,
    answered,
    at,
    facts,
    in_force,
    is_complete,
    may_skip,
    next_item,
    numbered,
    previous_item,
    question_number,
    shown_items,
)

Asks = Literal["question", "choices", "result", "resume", "again", "nothing"]
GROUP = "group_"
# What a repetition does not ask again (actions/survey.py says the same; said twice, a slip shows).
CARRIED = ("shop_name", "owner_name", "phone", "province", "commune", "market_or_address", "trade_group")


@dataclass(frozen=True)
class Expected:
    """What the replies to one message must be. `response`: as it is after the message.

    `values`: of "choices", those to choose among. `changed`: how the item is called whose change is announced. `says`:
    words that must be there besides. `is_answered`: a side question is answered from the packs first.
    """

    asks: Asks
    response: Response
    item: Item | None = None
    values: tuple[str, ...] = ()
    changed: str = ""
    says: str = ""
    is_answered: bool = False


@dataclass
class Reference:
    """One owner's survey as the engine has it. `earlier`: what was completed before the present response.

    `before`: what a survey begun anew will take the place of, once it is agreed to. `called`: the firms that may call.
    `step` and `unread` are the two things that the dialogue remembers besides.
    """

    content: Content
    response: Response
    is_begun: bool = False
    is_open: bool = False
    step: Literal["resume", "again"] | None = None
    unread: int = 0
    choices: tuple[str, ...] = ()
    before: Response | None = None
    earlier: list[Response] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    has_refused: bool = False

    @classmethod
    def new(cls, content: Content) -> Reference:
        return cls(content, Response(content.surveys.latest, {}))

    @property
    def survey(self) -> Survey:
        return self.response.survey

    @property
    def upcoming(self) -> Item | None:
        return next_item(self.response)

    def take(self, meaning: Meaning) -> Expected:
        """Change the response as the message does; what the bot must say."""
        self.choices = ()
        match meaning:
            case Press(item, raw):
                return self._pressed(self.survey.by_id[item], raw)
            case Tells(answer):
                item_ = self._present
                return self._put(item_, answer)
            case Unsure(values):
                return self._choose(self._present, tuple(map(str, values)))
            case Says(what, target):
                return self._said(what, target)

    @property
    def _present(self) -> Item:
        item = self.upcoming
        assert item is not None
        return item

    def _said(self, what: str, target: str) -> Expected:
        match what:
            case "start":
                return self._start()
            case "resume":
                self._back_to_before()
                return self._ask() if self.upcoming else self._start()
            case "restart":
                return self._restart()
            case "pause":
                self._back_to_before()
                is_under_way = self.is_begun and not is_complete(self.response)
                return self._leave("nothing", says="giữ nguyên các câu" if is_under_way else "chưa lưu gì")
            case "back":
                before = previous_item(self.response) if self.is_begun else None
                return self._move_to(before) if before else self._ask()
            case "skip":
                return self._skip()
            case "edit":
                return self._edit(target)
            case "result":
                return self._leave("result")
            case "nonsense":
                return self._nonsense()
            case "aside":
                return replace(self._stay(), is_answered=True)
            case "explain":
                return self._ask(self.unread, says=self._present.help.vi if self._present.help else "")
            case _:  # a number of no option: the question stays
                return self._ask(self.unread, says="không có số")

    # --- beginning and coming back

    def _start(self) -> Expected:
        if is_complete(self.response):
            return self._offer("again")
        if self.step != "resume" and self.is_begun and FORM in self.response.answers:
            return self._offer("resume")
        return self._ask()

    def _restart(self) -> Expected:
        if self.is_begun:
            self.before = self.response
        self.response, self.is_begun = Response(self.survey, {}), False
        return self._ask()

    def _back_to_before(self) -> None:
        """What was begun anew is left at its consent: nothing of it was kept."""
        if self.before is not None:
            self.response, self.is_begun, self.before = self.before, True, None

    def _stay(self) -> Expected:
        if not self.is_open:
            return Expected("nothing", self.response)
        if self.step == "resume":
            return self._offer("resume")
        return self._ask(self.unread) if self.upcoming else self._leave("nothing")

    # --- moving about

    def _skip(self) -> Expected:
        item = self._present
        if self.response.cursor == item.id and item.id in in_force(self.response):
            self.response = replace(self.response, cursor=None)
            return self._go_on()
        return self._put(item, REFUSED) if may_skip(item) else self._ask()

    def _edit(self, target: str) -> Expected:
        self._back_to_before()
        if not self.is_begun:
            return self._leave("nothing")
        number = int(target) if target.isdecimal() else 0
        item = question_number(self.response, number) if number else self.survey.by_id.get(target)
        if item is None:
            return self._ask_or_leave(f"không có câu {number}")
        if item not in shown_items(self.response):
            return self._ask_or_leave(f"{name_of(self.response, item)} em không hỏi nữa")
        if item.id not in in_force(self.response):
            return self._ask_or_leave(f"{name_of(self.response, item)} mình chưa tới")
        return self._move_to(item)

    def _move_to(self, item: Item) -> Expected:
        self.response = at(self.response, item)
        return self._ask()

    # --- answers

    def _pressed(self, item: Item, raw: str) -> Expected:
        if not self.is_begun and item.id != CONSENT:
            return self._start()
        if item not in shown_items(self.response):
            return self._ask_or_leave(f"{name_of(self.response, item)} em không hỏi nữa")
        if item.kind == "choice_list" and raw.startswith(GROUP):
            of_group = [trade.id for trade in self.content.trades.of_report_group(raw.removeprefix(GROUP))]
            return self._choose(item, tuple(of_group) or self.trade_groups)
        answer = button_answer(item, raw)
        if self.response.answers.get(item.id) == answer and self.upcoming != item:
            return self._ask_or_leave(f"{name_of(self.response, item)} em ghi rồi")
        return self._put(item, answer)

    def _put(self, item: Item, answer: Answer) -> Expected:
        was_present, known = self.upcoming == item, in_force(self.response).get(item.id)
        if item.id == CONSENT and answer == "no":
            return self._refused()
        changed = answered(self.response, item.id, answer)
        if item.id == CONSENT and not self.is_begun:
            changed, was_present, known = self._agreed(changed), True, None
        self.response = changed
        if item.id == CONSENT and answer != "yes_contact":
            self.called.clear()
        is_announced = not (item.id == FORM and known is None) and (not was_present or known not in (None, answer))
        return self._go_on(name_of(self.response, item) if is_announced else "")

    def _refused(self) -> Expected:
        """Without a consent nothing is kept; but who does not want a completed survey done again keeps its result."""
        if self.before is not None and is_complete(self.before):
            self._back_to_before()
        else:
            self.response, self.is_begun, self.before = Response(self.survey, {}), False, None
            self.earlier, self.has_refused = [], True
            self.called.clear()
        return self._leave("nothing")

    def _agreed(self, response: Response) -> Response:
        """The survey begins; what is begun anew drops an unfinished one, and asks less than a completed one did."""
        if self.before is not None and is_complete(self.before):
            self.earlier.append(self.before)
        self.is_begun, self.before = True, None
        return self._carried(response)

    def _carried(self, response: Response) -> Response:
        known = in_force(self.earlier[-1]) if self.earlier else {}
        for key in CARRIED:
            id_ = self.survey.by_key[key].id
            if known.get(id_) not in (None, REFUSED, NA):
                response = answered(response, id_, known[id_])
        return response

    def _nonsense(self) -> Expected:
        item = self.upcoming
        self.unread += 1
        if item is None or self.step:
            return self._offer("resume") if self.step == "resume" else self._start()
        if item.kind == "choice_list":
            return self._choose(item, self.trade_groups)
        return self._ask(self.unread)

    @property
    def trade_groups(self) -> tuple[str, ...]:
        return tuple(f"{GROUP}{group.id}" for group in self.content.trades.report_groups)

    # --- what is said then

    def _go_on(self, changed: str = "") -> Expected:
        if self.upcoming is not None:
            return self._ask(changed=changed)
        self.called |= vendors_to_call(self.content, self.response)
        return self._leave("result", changed)

    def _ask_or_leave(self, says: str) -> Expected:
        return self._ask(says=says) if self.upcoming else self._leave("nothing", says=says)

    def _ask(self, unread: int = 0, changed: str = "", says: str = "") -> Expected:
        self.is_open, self.step, self.unread = True, None, unread
        return Expected("question", self.response, self._present, changed=changed, says=says)

    def _choose(self, item: Item, values: tuple[str, ...]) -> Expected:
        self.is_open, self.step, self.choices = True, None, values
        return Expected("choices", self.response, item, values)

    def _offer(self, step: Literal["resume", "again"]) -> Expected:
        self.is_open, self.step = True, step
        return Expected(step, self.response)

    def _leave(self, asks: Asks, changed: str = "", says: str = "") -> Expected:
        self.is_open, self.step, self.unread = False, None, 0
        return Expected(asks, self.response, changed=changed, says=says)


def button_answer(item: Item, raw: str) -> Answer:
    """What a button of `item` stores."""
    if item.kind == "multi_choice":
        return [raw]
    return next((option.value for option in item.options if str(option.value) == raw), raw)


def name_of(response: Response, item: Item) -> str:
    """How the bot calls an item in a sentence."""
    if item.section == "question" and (item.core or not response.is_short):
        return f"câu {numbered(response, item)[0]}"
    return item.label.vi if item.label else "câu đó"


def vendors_to_call(content: Content, response: Response) -> set[str]:
    """The firms that a completed response lets call: its commune's, and the bank where its help is wanted."""
    known = facts(response)
    province = normalise_province_id(str(known.get("province", "")))
    if known.get("consent") != "yes_contact" or province not in content.packs.provinces:
        return set()
    commune = content.communes.by_code(str(known.get("commune", "")))
    wanted = {commune.vendor.id} if commune and commune.vendor else set()
    if "bank" in known.get("support_needed", ()):
        wanted |= {bank.id for bank in content.communes.province_wide_vendors(province)[:1]}
    return wanted


def from_the_start(response: Response) -> Response:
    """The answers in force, given again in the order of the form: what counts must not depend on the way there.

    Raises AnswerInvalid.
    """
    fresh = Response(response.survey, {})
    known = in_force(response)
    for item in response.survey.items:
        if item.id in known:
            if next_item(fresh) != item:
                raise AnswerInvalid(item.id, "not_asked")
            fresh = answered(fresh, item.id, known[item.id])
    return fresh
