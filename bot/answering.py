"""Who answers a message, and what: a person's conversation is left alone, the rest is asked of the dialogue.

Reads only; what an answer causes is collected in its Outcome and written by `bot.turn`, all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping

from actions.context import (
    AnswerAwareness,
    Effect,
    HandToPerson,
    MessagesAgain,
    NoPersonWanted,
    OpenDataRequest,
    OptOut,
    RateService,
    RememberPhone,
    SaveSurvey,
    TakeBackDataRequest,
    TurnContext,
    Unclear,
    WithdrawConsent,
)
from actions.desk import Desk
from actions.survey_talk import ANEW
from bot import baton, burst, troubles
from bot.baton import Holder, Reason
from bot.dialogue import Dialogue, StateUnreadable, TurnResult
from bot.flow_domain import Flows
from bot.inbox import Work
from bot.language import detect
from bot.mail import to_acknowledge
from bot.mail_gist import LONGEST_GIST, gist
from bot.reading import (
    MESSAGE_WITHOUT_WORDS,
    REQUEST_PERSON,
    Payload,
    PayloadInvalid,
    heard_said,
    read,
    says_stop,
    score_said,
)
from bot.survey_reading import SURVEY_FORM, SURVEY_STEP, read_beside_questions, read_for_survey
from programme.acts_said import (
    consent_withdrawn,
    data_request_said,
    data_request_taken_back,
    person_refused,
    wants_messages_again,
)
from programme.calls_said import callback_phone
from programme.content import Content
from programme.responses import Origin
from programme.troubles_said import Trouble
from store.clock import Clock
from store.database import Database
from store.logs import get_logger
from store.mail_threads import CHANNEL as MAIL
from store.messages import MAX_UNDERSTOOD_CHARACTERS, Reading, Reply
from store.queries import last_reading, pending_behind

log = get_logger("bot.answering")

TURN_DEADLINE_SECONDS = 1.5
# When the holding reply is said: late enough for a quick restart, early enough that it is there within 2 seconds.
HOLDING_AFTER = timedelta(seconds=1.2)
SHORTEST_ATTEMPT_SECONDS = 0.3
# A message that the bot could not answer for this long is a person's; the bot never answers it later.
GIVE_UP_AFTER = timedelta(minutes=5)
# Who is not understood may still be typing: the bot waits so long for the rest before it says so.
GATHER = timedelta(seconds=2.5)
LONGEST_BURST = 3  # times as long at most, however the writer goes on
FRAGMENT_WORDS = 2
SMALL_TALK = frozenset({"greet", "thank", "goodbye", "affirm", "deny"})
ANSWER_WRONG, OUT_OF_SCOPE = "answer_wrong", "out_of_scope"
# What ranked next is offered instead of a wrong answer if it was at least this likely.
WORTH_OFFERING = 0.05


@dataclass(frozen=True)
class Wait:
    """The writer may be in the middle of a sentence: nothing is said before then."""

    until: datetime


@dataclass(frozen=True)
class Outcome:
    """What the commit writes. `status` of the message: answered | with_person.

    `language`: what the owner writes, None when nothing was written yet. `together`: later messages of the same burst
    that this answers as well; `asked` is then the whole of it.
    """

    status: str
    replies: tuple[Reply, ...] = ()
    effects: tuple[Effect, ...] = ()
    state: dict[str, Any] | None = None
    reading: Reading | None = None
    escalate: Reason | None = None
    language: str | None = None
    together: tuple[RowMapping, ...] = ()
    asked: str | None = None

    @property
    def unclear(self) -> bool:
        """Whether the bot had to ask or to give up."""
        return any(isinstance(effect, Unclear) for effect in self.effects)

    @property
    def hands_over(self) -> bool:
        """Whether a person has the conversation from now on, or has just been refused."""
        return self.escalate is not None or any(isinstance(effect, HandToPerson) for effect in self.effects)


class Answerer:
    """Decides about one message at a time."""

    def __init__(
        self,
        database: Database,
        dialogue: Dialogue,
        flows: Flows,
        content: Content,
        clock: Clock,
        gather: timedelta = GATHER,
        address: str = "",
        public_url: str = "",
    ) -> None:
        """`gather`: how long an unclear message waits for the rest of its burst; none at a terminal. `address`: how
        owners reach this server with a browser; `public_url`: the same where everybody can, "" where nobody else can.
        """
        self.database, self.dialogue, self.flows = database, dialogue, flows
        self.content, self.clock, self.gather, self.address = content, clock, gather, address
        self.public_url = public_url

    async def decide(self, work: Work) -> Outcome | Wait:
        """Who answers, and what. Raises DialogueUnavailable."""
        message = work.message
        if work.conversation["channel"] == MAIL:
            return await self._passed_on(work)
        if work.conversation["holder"] == Holder.QUEUE and person_refused(message["text"]):
            here = work.conversation["id"]
            if await self.database.read(lambda c: baton.may_withdraw(c, here)):
                return Outcome("answered", (self.say(work, "person_refused"),), (NoPersonWanted(),))
        if work.conversation["holder"] != Holder.BOT:
            kept = _kept_meanwhile(message["text"], self.content, self.clock.today())
            answered = _answered_meanwhile(message["text"], message["payload"], work.conversation["offered"] or ())
            return Outcome("with_person", effects=(*kept, *answered))
        waited = self.clock.now() - work.message["received_at"]
        if message["attached"]:
            return self._shown_to_person(work)
        if message["attempts"] and waited >= GIVE_UP_AFTER:
            return Outcome("with_person", (self._give_up(work),), escalate=Reason.BOT_UNAVAILABLE)
        desk = self._desk(work)
        payload = await self._payload(work, desk)
        alone = await self._ask_dialogue(work, message["text"], payload, waited, desk)
        if payload is not None or not (alone.unclear or _is_fragment(message["text"], alone)):
            return alone
        return await self._decide_burst(work, alone, waited)

    async def _decide_burst(self, work: Work, alone: Outcome, waited: timedelta) -> Outcome | Wait:
        """By itself the message is unclear, or a word or two: with those sent behind it, it gets one answer and counts
        once.

        Where even the whole is unclear its last message may say it ("alo", "em ơi", "gặp cán bộ").
        """
        waiting = await self.database.read(lambda c: pending_behind(c, work.message))
        more = burst.belonging_to(work.message, waiting, work.conversation["offered"], self.gather)
        newest = more[-1] if more else work.message
        may_go_on = len(more) == len(waiting) and self.clock.now() - newest["received_at"] < self.gather
        longest = work.message["received_at"] + LONGEST_BURST * self.gather
        if may_go_on and self.clock.now() < longest:
            return Wait(min(newest["received_at"] + self.gather, longest))
        if not more:
            return alone
        whole = "\n".join(one["text"] for one in (work.message, *more))
        outcome = await self._ask_dialogue(work, whole, None, waited)
        if outcome.unclear:
            if not alone.unclear:
                return alone  # the words behind it say something else
            last = await self._ask_dialogue(work, more[-1]["text"], None, waited)
            outcome = outcome if last.unclear else last
        return replace(outcome, together=tuple(more), asked=whole)

    async def _ask_dialogue(
        self, work: Work, text: str, payload: Payload | None, waited: timedelta, desk: Desk | None = None
    ) -> Outcome:
        message, conversation = work.message, work.conversation
        # What a button says is in our words, not in the owner's
        is_typed = bool(text) and message["payload"] is None
        language = detect(text, conversation["language"]) if is_typed else conversation["language"]
        context = TurnContext(
            province=conversation["province"],
            today=self.clock.today(),
            content=self.content,
            text=text,
            language=language or "vi",
            unclear_turns=conversation["unclear_turns"],
            alternatives=await self._alternatives(work, payload),
            desk=desk or self._desk(work),
        )
        try:
            result = await self.dialogue.turn(
                context,
                conversation["id"],
                str(message["id"]),
                payload,
                conversation["dialogue_state"],
                _attempt_seconds(waited),
            )
        except StateUnreadable as damage:
            log.error("state_unreadable", conversation=conversation["id"], detail=str(damage))
            reply = self.say(work, "state_unreadable")
            return Outcome("with_person", (reply,), escalate=Reason.STATE_UNREADABLE)
        replies = tuple(self._with_counted_links(one, conversation["channel"]) for one in result.replies)
        outcome = Outcome("answered", replies, tuple(context.effects), result.state, result.reading, language=language)
        if is_typed and not outcome.hands_over:
            trouble = troubles.told(text, payload, outcome.reading)
            if trouble == "scam" and payload is None and troubles.needs_advice(outcome.reading, self.flows):
                return await self._ask_dialogue(work, text, troubles.ADVICE, waited)
            if trouble is not None:
                outcome = self._handed_over(outcome, trouble, work)
        return self._with_warning(outcome, message["masked"]) if message["masked"] else outcome

    def _with_counted_links(self, reply: Reply, channel: str) -> Reply:
        return replace(reply, text=self.content.links.counted(reply.text, self.public_url, channel))

    def _handed_over(self, outcome: Outcome, trouble: Trouble, work: Work) -> Outcome:
        """What the bot has to say, then that a person will answer. What it did not understand is left unsaid."""
        words = self.content.phrases.say(f"handed_{trouble}", outcome.language or "vi", hours=self.due_hours(work))
        reply = Reply(words, entry=f"handed_{trouble}")
        effects = (*(one for one in outcome.effects if not isinstance(one, Unclear)), HandToPerson(trouble))
        said = () if outcome.unclear or troubles.is_beside_the_point(outcome.reading) else outcome.replies
        return replace(outcome, replies=(*said, reply), effects=effects)

    async def _alternatives(self, work: Work, payload: Payload | None) -> tuple[str, ...]:
        """For "that was not what I asked": the intents that ranked behind the one that was answered."""
        if payload is None or payload.intent != ANSWER_WRONG:
            return ()
        before = await self.database.read(lambda c: last_reading(c, work.conversation["id"], work.message["seq"]))
        ranking = before["ranking"] if before else []
        return tuple(one["name"] for one in ranking[1:] if one["confidence"] >= WORTH_OFFERING)

    def _with_warning(self, outcome: Outcome, kinds: Sequence[str]) -> Outcome:
        """The owner sent a secret: say so first. What could not be understood besides is left at that."""
        language = outcome.language or "vi"
        named = ", ".join(self.content.phrases.say(f"secret_{kind}", language) for kind in kinds)
        warning = Reply(self.content.phrases.say("secret_warning", language, kinds=named), entry="secret_warning")
        if outcome.unclear or (outcome.reading and outcome.reading.intent == OUT_OF_SCOPE):
            return replace(outcome, replies=(warning,), effects=())
        return replace(outcome, replies=(warning, *outcome.replies))

    def _desk(self, work: Work) -> Desk:
        known = work.conversation
        origin = Origin(known["contact_id"], known["channel"], known["province"], known["id"])
        now, zone = self.clock.now(), self.clock.timezone
        return Desk(self.database.read, self.content.surveys, origin, now, zone, self.address)

    async def _payload(self, work: Work, desk: Desk) -> Payload | None:
        loop = (work.conversation["dialogue_state"] or {}).get("loop")
        text, offered = work.message["text"], work.conversation["offered"]
        try:
            payload = await self._for_survey(work, desk, is_open=loop == SURVEY_FORM)
            payload = payload or read(text, work.message["payload"], offered, is_asked=bool(loop))
            if payload is None and loop and troubles.told(text) is not None:
                payload = Payload(REQUEST_PERSON)  # ends the loop, as whoever asks for a person does
        except PayloadInvalid:
            payload = Payload("")
        if payload is not None and payload.intent not in self.flows.intents:
            # a button of flows that have changed since, or damage: honest "not understood" instead of an endless retry
            return Payload(MESSAGE_WITHOUT_WORDS)
        return payload

    async def _for_survey(self, work: Work, desk: Desk, is_open: bool) -> Payload | None:
        """What the survey reads by itself; nothing of a pressed button, which says where it belongs."""
        if is_open:
            desk.begin()  # an answer needs it, and until then Rasa has its own work to do
        text = work.message["text"]
        if work.message["payload"] is not None or len(text) > MAX_UNDERSTOOD_CHARACTERS:
            return None
        step = (work.conversation["dialogue_state"] or {})["slots"].get(SURVEY_STEP) if is_open else None
        if not is_open or step not in (None, ANEW):  # it waits for a choice that answers no question
            return read_beside_questions(self.content, text, is_open)
        kept = None if step == ANEW else await desk.survey()  # begun anew, the consent is asked
        return read_for_survey(self.content, kept, text, work.conversation["offered"])

    def _shown_to_person(self, work: Work) -> Outcome:
        """The bot sees no pictures and hears no recordings: it says that they have arrived, and a person looks.

        What the owner claims by the words beside them counts at once, as while a person has the conversation.
        """
        message, language = work.message, work.conversation["language"] or "vi"
        kinds = dict.fromkeys(message["attached"])
        what = ", ".join(self.content.phrases.say(f"attached_{kind}", language) for kind in kinds)
        words = self.content.phrases.say("attachment_received", language, what=what, hours=self.due_hours(work))
        reply = Reply(words, offers_person=True, entry="attachment_received")
        kept = _kept_meanwhile(message["text"], self.content, self.clock.today())
        return Outcome("with_person", (reply,), kept, escalate=Reason.ATTACHMENT)

    async def _passed_on(self, work: Work) -> Outcome:
        """A mail is for people: it goes into the queue, and its sender gets one acknowledgement, if any.

        The dialogue is only asked what it is about; what it would answer is not said and its effects are not kept.
        """
        message, known = work.message, work.conversation
        reason = Reason.MAIL if known["holder"] == Holder.BOT else None
        if message["kind"] == "event":
            # Given back to a bot that writes no mails: who still waits for an answer, waits in the queue
            return Outcome("answered", escalate=reason if message["payload"] == baton.PERSON_GONE else None)
        language = detect(message["text"], known["language"])
        understood = await self._understood(work, language)
        outcome = Outcome(
            "with_person",
            state=understood.state if understood else None,
            reading=understood.reading if understood else None,
            escalate=reason,
            language=language,
        )
        number = await self.database.read(lambda c: to_acknowledge(c, message["id"]))
        if number is None or reason is None:
            return outcome
        due = message["received_at"] + timedelta(hours=self.due_hours(work))
        place = self.content.packs.province(known["province"]).name
        phrase = "mail_received" if self.clock.now() < due else "mail_received_late"
        by = f"{due.astimezone(self.clock.timezone):%H:%M %d/%m/%Y}"
        words = self.content.phrases.say(phrase, language, number=number, due=by, place=place)
        reply = Reply(words, entry=phrase)
        if message["masked"]:
            named = ", ".join(self.content.phrases.say(f"secret_{kind}", language) for kind in message["masked"])
            warning = self.content.phrases.say("secret_warning", language, kinds=named)
            reply = replace(reply, text=f"{words}\n\n{warning}")
        return replace(outcome, replies=(reply,))

    async def _understood(self, work: Work, language: str) -> TurnResult | None:
        text = work.message["text"][:LONGEST_GIST]
        if work.message["attempts"] or not text.strip():
            return None
        known, turn = work.conversation, str(work.message["id"])
        context = TurnContext(
            known["province"], self.clock.today(), self.content, text, language=language, desk=self._desk(work)
        )
        return await gist(self.dialogue, context, known["id"], turn, known["dialogue_state"], TURN_DEADLINE_SECONDS)

    def _give_up(self, work: Work) -> Reply:
        log.error("turn_given_up", conversation=work.conversation["id"], attempts=work.message["attempts"])
        return self.say(work, "handed_to_person")

    def say(self, work: Work, entry: str) -> Reply:
        """What the bot says without the dialogue: from the packs as well, with the province's promised hours."""
        language = work.conversation["language"] or "vi"
        words = self.content.phrases.say(entry, language, hours=self.due_hours(work))
        return Reply(words, offers_person=True, entry=entry)

    def due_hours(self, work: Work) -> int:
        return self.content.packs.province(work.conversation["province"]).sla.hours


def _is_fragment(text: str, outcome: Outcome) -> bool:
    """Whether a message of a word or two may be the beginning of a question or an act: "xóa", "xã", "thuế"."""
    reading = outcome.reading
    if any(isinstance(effect, SaveSurvey) for effect in outcome.effects):
        return False  # it answered a question: "Tân Cương", "Hồng Loan"
    return reading is not None and len(text.split()) <= FRAGMENT_WORDS and reading.intent not in SMALL_TALK


def _attempt_seconds(waited: timedelta) -> float:
    """How long this attempt may take: while the owner has heard nothing yet, not past the holding reply's time."""
    left = (HOLDING_AFTER - waited).total_seconds()
    return max(left, SHORTEST_ATTEMPT_SECONDS) if waited < HOLDING_AFTER else TURN_DEADLINE_SECONDS


def _answered_meanwhile(
    text: str, payload: str | None, offered: Sequence[Mapping[str, str]]
) -> Iterator[RateService | AnswerAwareness]:
    """Answers to what the hotline has asked outside a dialogue count as well then."""
    if rated := score_said(text, payload, offered):
        yield RateService(rated)
    if heard := heard_said(text, payload, offered):
        yield AnswerAwareness(heard)


def _kept_meanwhile(text: str, content: Content, today: date) -> tuple[Effect, ...]:
    """While a person has the conversation the bot is silent, but what owners may claim at any time still counts: a
    number for the call back, "stop", what the law grants about their data. Too long a message is read by people alone.
    """
    if len(text) > MAX_UNDERSTOOD_CHARACTERS:
        return ()
    kept: list[Effect] = []
    if phone := callback_phone(text):
        kept.append(RememberPhone(phone))
    if says_stop(text):
        kept.append(OptOut())
    elif wants_messages_again(text):
        kept.append(MessagesAgain())
    if kind := data_request_said(text):
        law = content.deadlines
        kept.append(OpenDataRequest(kind, law.acknowledge_by(today), law.due_on(kind, today)))
    elif kind := data_request_taken_back(text):
        kept.append(TakeBackDataRequest(kind))
    if consent_withdrawn(text):
        kept.append(WithdrawConsent())
    return tuple(kept)
