"""One owner: chooses messages at random but replayable; it knows nothing but its reference."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from bench.owners.meaning import Message, Press, Says, Step, Tells, Unsure, button_payload
from bench.owners.reference import Reference, button_answer
from bench.owners.replies import Questions
from bench.owners.words import (
    AFTER_THE_RESULT,
    ASIDES,
    AT_A_QUESTION,
    AT_THE_OFFER,
    NONSENSE,
    PEOPLE,
    PHONES,
    PLACES,
    SHARE_OF_SHORT_FORM,
    SHOPS,
    SURE_COMMUNES,
    WAYS,
    WHILE_AWAY,
    WISHES,
    Chances,
)
from programme.communes import Commune
from programme.content import Content
from programme.packs import normalise_province_id
from programme.survey.definition import CONSENT, CORE, FORM, FULL, Item
from programme.survey.response import facts, options_of
from store.contacts import find_phone
from store.text import fold

MOST_MESSAGES = 120  # from then on an owner only answers
UNREAD_IN_A_ROW = 2  # the fourth one would hand the conversation over


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
        return Message(Press(item.id, raw), payload=button_payload(item.id, raw))
