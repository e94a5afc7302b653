"""Simulated owners: what one sends, at random but replayable, and what the bot must do about it.

`Reference` is the model: a `Response` that only the survey engine's own pure functions change, message by message as
they are delivered. `faults` compares a reply with it. `Owner` chooses messages; it knows nothing but its reference.
How messages travel, and what is killed meanwhile, is `simulation.py`'s business.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from programme.communes import Commune
from programme.content import Content
from programme.packs import normalise_province_id
from programme.survey.definition import CONSENT, CORE, FORM, FULL, NA, REFUSED, Answer, Item, Survey
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
    options_of,
    previous_item,
    question_number,
    shown_items,
)
from programme.survey.scoring import score
from programme.survey_result import number_words
from store.contacts import find_phone
from store.text import fold

Chances = Mapping[str, float]
Asks = Literal["question", "choices", "result", "resume", "again", "nothing"]
MOST_MESSAGES = 120  # from then on an owner only answers
UNREAD_IN_A_ROW = 2  # the fourth one would hand the conversation over
GROUP = "group_"
# What a repetition does not ask again (actions/survey.py says the same; said twice, a slip shows).
CARRIED = ("shop_name", "owner_name", "phone", "province", "commune", "market_or_address", "trade_group")


# --- what an owner means


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


# --- what must follow


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


# --- whether the bot did it


class Questions:
    """Finds the questions that a reply asks: by their whole line, progress words and all."""

    def __init__(self, survey: Survey) -> None:
        self._lines = {form: self._of_form(Response(survey, {FORM: form})) for form in (CORE, FULL)}

    @staticmethod
    def _of_form(response: Response) -> dict[str, str]:
        names = {"question": "progress", "profile": "progress_profile", "closing": "progress_closing"}
        lines = {}
        for item in response.survey.items:
            if item.core or not response.is_short:
                words = response.survey.ui.get(names.get(item.section, ""))
                place, count = numbered(response, item)
                lines[f"{words.vi.format(i=place, n=count)}. {item.text.vi}" if words else item.text.vi] = item.id
        return lines

    def lines(self, response: Response) -> Mapping[str, str]:
        """What each item of the response's form is asked with, to its id."""
        return self._lines[CORE if response.is_short else FULL]

    def asked(self, response: Response, text: str) -> list[str]:
        """The items that `text` asks of who fills in the form of `response`."""
        lines = self.lines(response)
        return [lines[line] for line in text.splitlines() if line in lines]

    def asked_in_any_form(self, text: str) -> list[str]:
        return [id_ for lines in self._lines.values() for line, id_ in lines.items() if line in text.splitlines()]


Replies = Sequence[Mapping[str, Any]]


def faults(questions: Questions, expected: Expected, replies: Replies) -> list[str]:
    """What is wrong with the replies to one message, beginning with "asked twice" or "skipped" where it is that."""
    said = [reply for reply in replies if reply.get("entry") != "notice"]
    if not said:
        return ["no reply"]
    text = "\n".join(str(reply["text"]) for reply in said)
    found = _faults_of_question(questions, expected, text)
    payloads = [button["payload"] for button in said[-1].get("buttons", ())]
    match expected.asks:
        case "question" if expected.item:
            found += _faults_of_options(expected, expected.item, payloads, text)
        case "choices" if expected.item:
            wanted = [_payload(expected.item.id, value) for value in expected.values]
            if [one for one in payloads if one.startswith("/answer_survey")] != wanted:
                found.append(f"offers {payloads} instead of {wanted}")
        case "resume" | "again":
            wanted_ = "/resume_survey" if expected.asks == "resume" else "/show_survey_result"
            if wanted_ not in payloads:
                found.append(f"does not offer {wanted_}")
    is_result = any(reply.get("entry") == "survey_result" for reply in said)
    if is_result != (expected.asks == "result"):
        found.append("says a result too early" if is_result else "says no result")
    elif is_result and _points(expected.response) not in text:
        found.append(f"does not say “{_points(expected.response)}”")
    if ("em ghi lại " in text) != bool(
        expected.changed
    ) or f"em ghi lại {expected.changed}" not in text + "em ghi lại ":
        found.append(f"announces another change than that of “{expected.changed}”")
    if expected.says not in text:
        found.append(f"does not say “{expected.says}”")
    if expected.is_answered and not said[0].get("sources"):
        found.append("does not answer the side question")
    return found


def _faults_of_question(questions: Questions, expected: Expected, text: str) -> list[str]:
    asked = questions.asked(expected.response, text)
    wanted = [expected.item.id] if expected.item and expected.asks == "question" else []
    if asked == wanted:
        return []
    if not asked and questions.asked_in_any_form(text):
        return [f"asks with wrong numbers, not {wanted}"]
    order = [item.id for item in expected.response.survey.items]
    for id_ in asked:
        if id_ not in wanted and id_ in in_force(expected.response):
            return [f"asked twice: {id_}, not {wanted}"]
        if wanted and order.index(id_) > order.index(wanted[0]):
            return [f"skipped: {wanted[0]}, asks {id_}"]
    return [f"asks {asked or 'nothing'}, not {wanted or 'nothing'}"]


def _faults_of_options(expected: Expected, item: Item, payloads: Sequence[str], text: str) -> list[str]:
    found = []
    offered = [one for one in payloads if one.startswith("/answer_survey")]
    wanted = [_payload(item.id, value) for value in options_of(expected.response, item)]
    if offered != wanted:
        found.append(f"offers {offered} instead of {wanted}")
    is_edit = expected.response.cursor == item.id and item.id in expected.response.answers
    if ("\n(Đang ghi: " in text) != is_edit:
        found.append("shows no former answer" if is_edit else "shows a former answer")
    return found


def _payload(item: str, value: object) -> str:
    return f'/answer_survey{{"q":"{item}","a":"{value}"}}'


def _points(response: Response) -> str:
    total = score(response).total
    return "chưa đủ dữ liệu" if total is None else f"{number_words(total, 'vi')} điểm trên 100, mức "


# --- what an owner chooses

SHOPS = ("Tạp hóa Hồng Loan", "Quán Ba Lan", "Cửa hàng Minh Đức", "Sạp rau bà Tư", "Vải Thu Hà", "Gạo Sáu Thơm 2")
PEOPLE = ("Nguyễn Thị Loan", "Trần Văn Bình", "Hoa", "Lê Thị Thu Hà", "Đặng Quốc Việt")
PLACES = ("chợ Thái, dãy hàng khô", "đường Hoàng Văn Thụ", "chợ Đồng Quang, quầy số 12")
WISHES = ("mong có lớp học buổi tối", "dạy chậm thôi cho người già", "chương trình tốt, cảm ơn nhiều")
NONSENSE = ("xyzzy plugh abc", "qwe rty uio", "asdf ghjk zxcv", "blorp snarf quux wibble")
ASIDES = (
    "bao lâu thì có người trả lời",
    "vnpt phụ trách những xã nào",
    "tên miền biz.vn là gì vậy",
    "hóa đơn điện tử có bắt buộc không",
)
PHONES = ("0912{:06d}", "0987 {:03d} {:03d}", "0356.{:03d}.{:03d}")

AT_A_QUESTION: Chances = {
    "answer": 0.76,
    "old": 0.03,
    "old_same": 0.015,
    "back": 0.025,
    "edit": 0.03,
    "skip": 0.025,
    "explain": 0.02,
    "aside": 0.02,
    "nonsense": 0.025,
    "unfit": 0.01,
    "reversed": 0.02,
    "pause": 0.012,
    "start": 0.008,
    "withdraw": 0.001,
}
WHILE_AWAY: Chances = {"start": 0.6, "resume": 0.25, "old": 0.08, "aside": 0.07}
AT_THE_OFFER: Chances = {"resume": 0.72, "number": 0.1, "start": 0.06, "old": 0.04, "pause": 0.05, "restart": 0.03}
AFTER_THE_RESULT: Chances = {"old": 0.4, "old_same": 0.1, "edit": 0.25, "start": 0.2, "aside": 0.05}
WAYS: Chances = {"button": 0.5, "number": 0.15, "letter": 0.11, "title": 0.12, "plain_title": 0.12}
SHARE_OF_SHORT_FORM = 0.85


class World:
    """What all owners share: the content, and what of it they may say."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.questions = Questions(content.surveys.latest)

    @cached_property
    def communes(self) -> Mapping[str, Sequence[Commune]]:
        """Per province those whose name means one commune, with and without accents."""
        said = {}
        for province in ("thai-nguyen", "thanh-hoa"):
            of_all = self.content.communes.communes(province)
            names = [fold(commune.full_name) for commune in of_all]
            said[province] = [commune for commune in of_all if fold(commune.full_name) in SURE_COMMUNES]
            assert said[province] and all(names.count(fold(one.full_name)) == 1 for one in said[province])
        return said

    @cached_property
    def trades(self) -> Sequence[tuple[str, str]]:
        """Trades with what is said for them: what finds exactly this one."""
        trades = self.content.trades
        return [
            (t.id, t.button.vi) for t in trades.trades.values() if [f.id for f in trades.find(t.button.vi)] == [t.id]
        ]


SURE_COMMUNES = frozenset(
    "xa tan cuong,phuong phan dinh phung,xa dong hy,xa dinh hoa,xa la bang,phuong quan trieu,xa phu dinh,"
    "phuong ham rong,phuong hac thanh,xa muong lat,xa quan son,xa ba thuoc".split(",")
)


class Owner:
    """One owner. `seed` and `number` decide everything it does, as far as the bot answers as it must."""

    def __init__(self, world: World, seed: int, number: int) -> None:
        self.world, self.number = world, number
        self.chance = random.Random(f"{seed}:{number}")
        self.reference = Reference.new(world.content)
        self.sent = 0
        self._afterwards = self.chance.choice((0, 0, 0, 1, 1, 2))
        self._offered: list[str] = []  # items with buttons that were asked so far

    def next_step(self) -> Step | None:
        """What this owner does next; None when it has done enough."""
        reference = self.reference
        if reference.has_refused:
            return None
        messages = self._begin() if not self.sent else self._choose()
        if not messages:
            return None
        step = Step(messages)
        if self.chance.random() < 0.06:
            step = replace(step, copies=self.chance.choice(("two", "two at once")))
        if self.sent and self.chance.random() < 0.03:
            step = replace(step, again=self.chance.randrange(self.sent))
        self.sent += len(messages)
        return step

    def _choose(self) -> tuple[Message, ...]:
        reference = self.reference
        if self.sent > MOST_MESSAGES and reference.upcoming is None:
            return ()
        if reference.step:
            return self._at_the_offer()
        if reference.upcoming is None:
            return self._after_the_result()
        if not reference.is_open:
            return self._one_of(WHILE_AWAY)
        return self._at_a_question(reference.upcoming)

    def _begin(self) -> tuple[Message, ...]:
        return (self._says("start"),)

    def _at_the_offer(self) -> tuple[Message, ...]:
        if self.reference.step == "resume":
            return self._one_of(AT_THE_OFFER)
        if self.chance.random() < 0.15:
            return (Message(Says("restart"), payload="/restart_survey"),)
        self._afterwards = 0
        if self.reference.upcoming is not None:  # an answer was being changed: that is left, as it was
            return ()
        return (Message(Says("result"), payload="/show_survey_result"),) if self.chance.random() < 0.5 else ()

    def _after_the_result(self) -> tuple[Message, ...]:
        if self._afterwards <= 0:
            return ()
        self._afterwards -= 1
        return self._one_of(AFTER_THE_RESULT)

    def _at_a_question(self, item: Item) -> tuple[Message, ...]:
        if (item.options or item.kind == "choice_list") and item.id not in self._offered:
            self._offered.append(item.id)
        if self.reference.choices:
            if self.chance.random() < 0.85:
                return (self._press(item, self.chance.choice(self.reference.choices)),)
            return (self._says("explain"),)
        if self.sent > MOST_MESSAGES:
            return (self._answer(item),)
        return self._one_of(AT_A_QUESTION)

    def _one_of(self, chances: Chances) -> tuple[Message, ...]:
        (what,) = self.chance.choices(list(chances), list(chances.values()))
        item = self.reference.upcoming
        if what == "reversed" and item and item.options and item.kind != "multi_choice":
            return self._two_presses(item)
        if what == "withdraw" and self.reference.is_begun:
            return (self._press(self.reference.survey.by_id[CONSENT], "no"),)
        message = self._other(what, item)
        if message is not None:
            return (message,)
        if item is not None and self.reference.is_open and not self.reference.step:
            return (self._answer(item),)
        return (self._says("start"),)

    def _other(self, what: str, item: Item | None) -> Message | None:
        """The message for `what`; None where it cannot be said just now."""
        match what:
            case "old" | "old_same":
                return self._old_button(is_same=what == "old_same")
            case "edit":
                return self._edit()
            case "nonsense" if item and item.kind != "text" and self.reference.unread < UNREAD_IN_A_ROW:
                return Message(Says("nonsense"), self.chance.choice(NONSENSE))
            case "unfit" if item and item.options and not item.unit:
                return Message(Says("unfit"), "số 77")
            case "aside":
                return Message(Says("aside"), self.chance.choice(ASIDES))
            case "resume" if self.reference.is_begun:
                return Message(Says("resume"), payload="/resume_survey")
            case "number":
                return Message(Says("resume"), "1")
            case "restart":
                return Message(Says("restart"), payload="/restart_survey")
            case "back" | "skip" | "explain" | "pause" | "start":
                return self._says(what)
        return None

    def _says(self, what: Any) -> Message:
        words = {
            "start": ("làm khảo sát", "lam khao sat", "tôi muốn làm khảo sát"),
            "pause": ("dừng", "tạm dừng", "dừng lại nhé"),
            "explain": ("giải thích", "giai thich", "không hiểu"),
            "back": ("quay lại", "quay lai"),
            "skip": ("bỏ qua", "bo qua"),
        }[what]
        if what == "skip" and self.chance.random() < 0.3:
            return Message(Says("skip"), payload="/skip_survey")
        return Message(Says(what), self.chance.choice(words))

    def _edit(self) -> Message:
        profile = [item for item in self.reference.survey.items if item.section == "profile" and item.label]
        if self.reference.is_open and self.chance.random() < 0.3:
            item = self.chance.choice(profile)
            assert item.label
            return Message(Says("edit", item.id), f"sửa {item.label.vi}")
        number = self.chance.randint(0, 26)
        return Message(Says("edit", str(number)), f"{self.chance.choice(('sửa câu', 'sua cau', 'đổi câu'))} {number}")

    # --- answers

    def _two_presses(self, item: Item) -> tuple[Message, ...]:
        values = [str(value) for value in options_of(self.reference.response, item)]
        if item.id == CONSENT:
            values.remove("no")
        first, second = self.chance.sample(values, 2)
        return (self._press(item, second), self._press(item, first))

    def _old_button(self, is_same: bool) -> Message | None:
        reference, upcoming = self.reference, self.reference.upcoming
        items = [reference.survey.by_id[id_] for id_ in self._offered if upcoming is None or id_ != upcoming.id]
        known = [item for item in items if not is_same or item.id in reference.response.answers]
        if not known:
            return None
        item = self.chance.choice(known)
        if item.id == FORM and self.chance.random() < 0.7:
            return None  # else too few would stay with the short form
        if item.kind == "choice_list":
            values = [id_ for id_, _ in self.world.trades]
        else:
            values = [str(option.value) for option in item.options]
        now = reference.response.answers.get(item.id)
        if is_same:
            same = str(now[0] if isinstance(now, list) else now)
            return self._press(item, same) if same in values else None
        others = [
            value for value in values if button_answer(item, value) != now and (item.id, value) != (CONSENT, "no")
        ]
        return self._press(item, self.chance.choice(others))

    def _answer(self, item: Item) -> Message:
        match item.kind:
            case "text":
                return self._text(item)
            case "phone_vn":
                return self._phone()
            case "commune_lookup":
                return self._commune()
            case "choice_list":
                return self._trade()
        (way,) = self.chance.choices(list(WAYS), list(WAYS.values()))
        values = options_of(self.reference.response, item)
        if item.kind == "multi_choice" and way in ("number", "letter"):
            return self._several(item, values)
        value = self._value(item, values)
        return self._press(item, str(value)) if way == "button" else self._in_words(item, values, value, way)

    def _value(self, item: Item, values: Sequence[int | str]) -> int | str:
        if item.id == CONSENT:
            return self.chance.choices(["yes_contact", "yes_only", "no"], [0.58, 0.36, 0.06])[0]
        if item.id == FORM:
            return CORE if self.chance.random() < SHARE_OF_SHORT_FORM else FULL
        return self.chance.choice(values)

    def _in_words(self, item: Item, values: Sequence[int | str], value: int | str, way: str) -> Message:
        place, option = values.index(value) + 1, item.option(value)
        assert option is not None
        answer = button_answer(item, str(value))
        if way == "letter":
            return Message(Tells(answer), f"{'abcdefgh'[place - 1]}{self.chance.choice(('', ')', '.'))}")
        if way == "number" or item.kind == "scale":
            amount = next((one.value for one in item.options if one.amount and place in one.amount), None)
            if amount in (None, value) or item.kind == "scale":
                return Message(Tells(answer), str(place))
            if self.chance.random() < 0.5:
                return Message(Unsure((value, amount)), str(place))
            return Message(Tells(answer), f"số {place}")
        return Message(Tells(answer), option.button.vi if way == "title" else fold(option.button.vi))

    def _several(self, item: Item, values: Sequence[int | str]) -> Message:
        places = sorted(self.chance.sample(range(1, len(values) + 1), self.chance.randint(2, 3)))
        chosen = [str(values[place - 1]) for place in places if values[place - 1] != "none"]
        return Message(Tells(chosen), " ".join(map(str, places)))

    def _text(self, item: Item) -> Message:
        said = {"shop_name": SHOPS, "owner_name": PEOPLE, "market_or_address": PLACES, "comment": WISHES}
        words = self.chance.choice(said[item.key])
        if item.key == "owner_name" and self.chance.random() < 0.2:
            return Message(Tells(words), f"tôi tên là {words}")
        return Message(Tells(words), words)

    def _phone(self) -> Message:
        form = self.chance.choice(PHONES)
        number = form.format(*(self.chance.randrange(10**6 if ":06d" in form else 1000) for _ in range(2)))
        return Message(Tells(find_phone(number) or ""), number)

    def _trade(self) -> Message:
        trade, words = self.chance.choice(self.world.trades)
        plain = fold(words)  # without its accents it may mean two: "sua chua" is repairs and yoghurt
        is_plain = self.chance.random() < 0.5 and len(self.world.content.trades.find(plain)) == 1
        return Message(Tells(trade), plain if is_plain else words)

    def _commune(self) -> Message:
        province = normalise_province_id(str(facts(self.reference.response)["province"]))
        commune = self.chance.choice(self.world.communes[province])
        return Message(Tells(commune.code), self.chance.choice((commune.full_name, fold(commune.full_name))))

    def _press(self, item: Item, raw: str) -> Message:
        return Message(Press(item.id, raw), payload=_payload(item.id, raw))


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
