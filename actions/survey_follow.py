"""What follows from a result: a firm or the bank calls, a class, the result once more, the sheet to keep."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import AgreeToCall, JoinClass, PassToVendor, TurnContext, WishForClass, current
from actions.desk import Desk
from actions.replies import Buttons, button, say_phrase
from actions.survey_result import ANY_TOPIC, say_result_again
from actions.survey_saying import result_address
from actions.vendor import COMMUNE_CODE
from programme.classes import ClassOffer, Topic, find_class, upcoming
from programme.communes import Commune, VendorLike
from programme.lead_life import LeadLife
from programme.responses import Kept
from programme.survey.response import facts
from programme.survey_result import result_of

Events = list[dict[str, Any]]
MOST_CLASSES = 3


class ActionSurveyFollow(Action):
    """One action for every button below a result."""

    def name(self) -> str:
        return "action_survey_follow"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        context = current()
        assert context.desk is not None  # noqa: S101 - every turn of the product has one
        await _Follow(dispatcher, context, context.desk, tracker).run()
        return []


class _Follow:
    def __init__(self, dispatcher: CollectingDispatcher, context: TurnContext, desk: Desk, tracker: Tracker) -> None:
        self.dispatcher, self.context, self.desk, self.tracker = dispatcher, context, desk, tracker
        self.values = {e["entity"]: str(e["value"]) for e in tracker.latest_message.get("entities") or ()}

    async def run(self) -> None:
        handlers: dict[str, Callable[[], Awaitable[None]]] = {
            "show_survey_result": self._show_result,
            "show_survey_sheet": self._show_sheet,
            "meet_vendor": self._meet_vendor,
            "meet_bank": self._meet_bank,
            "agree_to_call": self._agreed,
            "do_not_call": self._refused,
            "see_classes": self._see_classes,
            "join_class": self._join_class,
            "wish_for_class": self._wish,
        }
        await handlers[self.tracker.latest_message["intent"]["name"]]()

    # --- the result

    async def _show_result(self) -> None:
        done = await self.desk.completed()
        if not done:
            return self._none_yet()
        say_result_again(self.dispatcher, self.context, done[0], done)

    async def _show_sheet(self) -> None:
        done = await self.desk.completed()
        if not done:
            return self._none_yet()
        words = self._words("survey_sheet")
        file = {"url": result_address(self.context, done[0].code, "pdf"), "title": self._words("survey_sheet_title")}
        self.dispatcher.utter_message(text=words, json_message={"entry": "survey_sheet", "file": file})

    def _none_yet(self) -> None:
        self._say("survey_none_yet", [self._button("survey_start_button", "/start_survey")])

    # --- a call

    async def _meet_vendor(self) -> None:
        commune, _ = await self._place()
        if commune is None:
            return self._say("survey_vendor_needs_commune", [self._button("survey_find_vendor_button", "/ask_vendor")])
        if commune.vendor is None:
            return self._say("survey_no_vendor", offers_person=True)
        await self._meet(commune.vendor)

    async def _meet_bank(self) -> None:
        _, bank = await self._place()
        if bank is None:
            return self._say("survey_no_vendor", offers_person=True)
        await self._meet(bank)

    async def _meet(self, vendor: VendorLike) -> None:
        """Pass the owner on where a consent is in force; else ask for it, naming who gets what."""
        if await self.desk.may_be_called():
            return await self._pass(vendor)
        agree = {"title": self._words("survey_agree_button"), "payload": f'/agree_to_call{{"a":"{vendor.id}"}}'}
        refuse = self._button("survey_refuse_button", "/do_not_call")
        self._say("survey_call_consent", [agree, refuse], vendor=vendor.name)

    async def _agreed(self) -> None:
        commune, bank = await self._place()
        offered = [one for one in (commune.vendor if commune else None, bank) if one is not None]
        vendor = next((one for one in offered if one.id == self.values.get("a")), None)
        if vendor is None:
            return self._say("survey_no_vendor", offers_person=True)
        self.context.effects.append(AgreeToCall(self.context.content.phrases.call_consent_version))
        await self._pass(vendor)

    async def _refused(self) -> None:
        self._say("survey_not_called")

    async def _pass(self, vendor: VendorLike) -> None:
        commune, _ = await self._place()
        done = await self.desk.completed()
        province = commune.province if commune else self.context.province
        code = commune.code if commune else None
        response_id, life = done[0].id if done else None, LeadLife(self.context.content, self.desk.zone)
        accept_by = life.accept_by(province, self.desk.now)
        self.context.effects.append(PassToVendor(vendor.id, province, code, response_id, accept_by))
        phrase = "survey_lead_passed" if await self.desk.has_phone() else "survey_lead_needs_phone"
        self._say(phrase, vendor=vendor.short)

    # --- a class

    async def _see_classes(self) -> None:
        topic = self.values.get("a", ANY_TOPIC)
        commune, _ = await self._place()
        province, code = (commune.province, commune.code) if commune else (self.context.province, None)
        topics = [topic] if topic in set(Topic) else None
        now = self.desk.now
        offers: list[ClassOffer] = await self.desk.read(
            lambda c: upcoming(c, province, code, topics, now, MOST_CLASSES)
        )
        wish = self._button("class_wish_button", f'/wish_for_class{{"a":"{topic}"}}')
        if not offers:
            return self._say("class_none", [wish])
        lines = [self._words("class_list"), *(f"{n}. {self._class_words(one)}" for n, one in enumerate(offers, 1))]
        buttons: Buttons = [
            {
                "title": self._words("class_join_button", day=f"{one.starts_at.astimezone(self.desk.zone):%d/%m}"),
                "payload": f'/join_class{{"a":"{one.id}"}}',
            }
            for one in offers
        ]
        self.dispatcher.utter_message(
            text="\n".join(lines), buttons=[*buttons, wish], json_message={"entry": "class_list"}
        )

    async def _join_class(self) -> None:
        raw = self.values.get("a", "")
        number = int(raw) if raw.isdecimal() and len(raw) < 12 else 0
        now = self.desk.now
        offer: ClassOffer | None = await self.desk.read(lambda c: find_class(c, number))
        if offer is None or offer.starts_at <= now:
            return self._say("class_over", [self._button("survey_class_button", f'/see_classes{{"a":"{ANY_TOPIC}"}}')])
        if offer.seats_left <= 0:
            wish = self._button("class_wish_button", f'/wish_for_class{{"a":"{offer.topic}"}}')
            return self._say("class_full", [wish])
        self.context.effects.append(JoinClass(offer.id))
        self._say("class_joined", offer=self._class_words(offer))
        await self._ask_for_phone()

    async def _wish(self) -> None:
        topic = self.values.get("a", ANY_TOPIC)
        commune, _ = await self._place()
        province, code = (commune.province, commune.code) if commune else (self.context.province, None)
        self.context.effects.append(WishForClass(topic if topic in set(Topic) else ANY_TOPIC, province, code))
        self._say("class_wished")
        await self._ask_for_phone()

    async def _ask_for_phone(self) -> None:
        """Nobody can be told about a class without a number."""
        if not await self.desk.has_phone():
            self._say("class_needs_phone")

    def _class_words(self, offer: ClassOffer) -> str:
        when = f"{offer.starts_at.astimezone(self.desk.zone):%H:%M %d/%m/%Y}"
        return self._words("class_line", title=offer.title, when=when, place=offer.place, seats=offer.seats_left)

    # --- what all of them need

    async def _place(self) -> tuple[Commune | None, VendorLike | None]:
        """The shop's commune, from its survey or from what the conversation settled, and the bank of its province."""
        kept: Kept | None = next(iter(await self.desk.completed()), None) or await self.desk.survey()
        communes = self.context.content.communes
        commune = communes.by_code(str(facts(kept.response).get("commune", ""))) if kept else None
        commune = commune or communes.by_code(self.tracker.get_slot(COMMUNE_CODE) or "")
        if kept is not None:
            return commune, result_of(self.context.content, kept, ()).helpers.bank
        banks = communes.province_wide_vendors(commune.province if commune else self.context.province)
        return commune, banks[0] if banks else None

    def _words(self, phrase: str, **values: object) -> str:
        return self.context.content.phrases.say(phrase, self.context.language, **values)

    def _say(self, phrase: str, buttons: Buttons | None = None, offers_person: bool = False, **values: object) -> None:
        say_phrase(self.dispatcher, self.context, phrase, buttons or (), offers_person, **values)

    def _button(self, phrase: str, payload: str) -> dict[str, str]:
        return button(self.context, phrase, payload)
