"""One turn of a conversation: who answers, what is answered, and the one transaction that makes it happen.

The message's work is done outside any transaction (the dialogue is asked, actions collect effects in memory); then one
transaction, guarded by the conversation's version, marks the message done, applies the effects, keeps the new dialogue
state and appends the replies. If anything dies before that commit, nothing has happened and the turn runs again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, update
from sqlalchemy.exc import InterfaceError, OperationalError

from actions.context import Effect, OptOut, RememberPhone, TurnContext, Unclear
from bot import baton, effects, outbox
from bot.baton import Holder, Reason
from bot.dialogue import Dialogue, DialogueUnavailable, StateUnreadable
from bot.flow_domain import Flows
from bot.inbox import Work
from bot.language import detect
from bot.reading import MESSAGE_WITHOUT_WORDS, Payload, PayloadInvalid, read, says_stop
from bot.wakeups import Wakeups
from programme.content import Content
from store.clock import Clock
from store.contacts import find_phone
from store.crypto import Keyring
from store.database import Database
from store.logs import get_logger
from store.messages import Reading, Reply
from store.queries import burst_after, claim_conversations, first_pending, last_reading
from store.tables import conversation, inbound

log = get_logger("bot.turn")

TURN_DEADLINE_SECONDS = 1.5
# When the holding reply is said: late enough for a quick restart, early enough that it is there within 2 seconds.
HOLDING_AFTER = timedelta(seconds=1.2)
SHORTEST_ATTEMPT_SECONDS = 0.3
# A message that the bot could not answer for this long is a person's; the bot never answers it later.
GIVE_UP_AFTER = timedelta(minutes=5)
RETRY_SECONDS = (0.2, 0.4, 0.7, 1, 2, 4, 8, 15)
# Who is not understood may still be typing: the bot waits so long for the rest before it says so.
GATHER = timedelta(seconds=2.5)
ANSWER_WRONG = "answer_wrong"
# What ranked next is offered instead of a wrong answer if it was at least this likely.
WORTH_OFFERING = 0.05
# Channels whose provider keeps the messages outside Viet Nam; their users are told.
ABROAD = frozenset({"telegram"})
# A claimed conversation is left to its worker so long; longer than any turn with its commits. It is the time that the
# conversations of a killed worker wait.
LEASE = timedelta(seconds=10)

_SET_WAKE = (
    update(conversation)
    .where(conversation.c.id == bindparam("conversation"))
    .values(wake_at=bindparam("wake"))
    .returning(*conversation.c)
)
# Written whole, so that it is built once; the version guards what is written unchanged.
_ADVANCE = (
    update(conversation)
    .where(conversation.c.id == bindparam("conversation"), conversation.c.version == bindparam("known_version"))
    .values(
        version=conversation.c.version + 1,
        last_seq=conversation.c.last_seq + bindparam("added"),
        offered=bindparam("now_offered"),
        outage_told_at=bindparam("outage_told"),
        language=bindparam("spoken"),
        notice_version=bindparam("noticed"),
        unclear_turns=bindparam("unclear"),
        dialogue_state=bindparam("state"),
        wake_at=bindparam("wake"),
    )
    .returning(*conversation.c)
)
_MESSAGE_DONE = (
    update(inbound)
    .where(inbound.c.id == bindparam("message"))
    .values(status=bindparam("status"), done_at=bindparam("done_at"), reading=bindparam("reading"))
)


class Superseded(Exception):
    """Another worker, or a person who took the conversation, was faster; this attempt has no effect."""


@dataclass(frozen=True)
class Outcome:
    """What the commit writes. `status` of the message: answered | with_person.

    `language`: what the owner writes, None when nothing was written yet. `together`: later messages of the same burst
    that this answers as well.
    """

    status: str
    replies: tuple[Reply, ...] = ()
    effects: tuple[Effect, ...] = ()
    state: dict[str, Any] | None = None
    reading: Reading | None = None
    escalate: Reason | None = None
    language: str | None = None
    together: tuple[RowMapping, ...] = ()

    @property
    def unclear(self) -> bool:
        """Whether the bot had to ask or to give up."""
        return any(isinstance(effect, Unclear) for effect in self.effects)


class TurnRunner:
    """Answers the pending messages of one conversation, in their order."""

    def __init__(
        self,
        database: Database,
        dialogue: Dialogue,
        flows: Flows,
        content: Content,
        clock: Clock,
        keyring: Keyring,
        wakeups: Wakeups,
        gather: timedelta = GATHER,
    ) -> None:
        """`gather`: how long an unclear message waits for the rest of its burst; none at a terminal."""
        self.database, self.dialogue, self.flows, self.content = database, dialogue, flows, content
        self.clock, self.keyring, self.wakeups, self.gather = clock, keyring, wakeups, gather

    def claim(self, connection: Connection, limit: int) -> list[Work]:
        """Take up to `limit` due conversations, each with its oldest pending message."""
        now = self.clock.now()
        taken = claim_conversations(connection, now, now + LEASE, limit)
        return [work for id_ in taken if (work := self._next(connection, id_)) is not None]

    async def run(self, work: Work | None) -> None:
        """Answer `work` and what else is pending there, until nothing is left or a message must wait for its retry."""
        while work is not None:
            try:
                outcome = await self._decide(work)
                if outcome.unclear and self._may_go_on(work):
                    await self._hold(work, outcome)
                    return
                following = await self._finish(work, outcome)
            except DialogueUnavailable as failure:
                await self._put_off(work, str(failure))
                return
            except (OperationalError, InterfaceError):
                raise  # nothing can be put off without the database; the lease brings the conversation back
            except Exception as error:
                # A fault of ours must end with a person as well, not in a message that is tried for ever
                log.exception("turn_broke", conversation=work.conversation["id"])
                await self._put_off(work, f"{type(error).__name__}: {error}")
                return
            work = following

    async def _finish(self, work: Work, outcome: Outcome) -> Work | None:
        conversation_id = work.conversation["id"]

        def commit_and_look(connection: Connection) -> Work | None:
            row = self._commit(connection, work, outcome)
            if outcome.effects or outcome.escalate:  # they may have changed the conversation once more
                return self._next(connection, conversation_id)
            return self._following(connection, row)

        try:
            following = await self.database.run(commit_and_look)
        except Superseded:
            log.info("turn_superseded", conversation=conversation_id)
            return await self.database.run(lambda connection: self._next(connection, conversation_id))
        self.wakeups.notify(conversation_id)
        return following

    def _next(self, connection: Connection, conversation_id: str) -> Work | None:
        """The oldest pending message, with the lease renewed for it; without one the conversation goes to rest."""
        # The row lock first: a message that comes in just now is either seen below, or finds wake_at null and sets it
        values = {"conversation": conversation_id, "wake": self.clock.now() + LEASE}
        return self._following(connection, connection.execute(_SET_WAKE, values).mappings().one())

    @staticmethod
    def _following(connection: Connection, row: RowMapping) -> Work | None:
        message = first_pending(connection, row["id"])
        if message is None:
            connection.execute(_SET_WAKE, {"conversation": row["id"], "wake": None})
            return None
        return Work(row, message)

    async def _decide(self, work: Work) -> Outcome:
        """Who answers, and what. Raises DialogueUnavailable."""
        message = work.message
        if work.conversation["holder"] != Holder.BOT:
            return Outcome("with_person", effects=_kept_meanwhile(message["text"]))
        waited = self.clock.now() - work.message["received_at"]
        if message["attempts"] and waited >= GIVE_UP_AFTER:
            return Outcome("with_person", (self._gave_up(work),), escalate=Reason.BOT_UNAVAILABLE)
        if message["reading"] is not None:
            outcome = await self._decide_burst(work, waited)
            if outcome is not None:
                return outcome
        return await self._ask_dialogue(work, message["text"], _attempt_seconds(waited))

    async def _decide_burst(self, work: Work, waited: timedelta) -> Outcome | None:
        """The message was unclear and waited for more. None: nothing came, it stands for itself.

        Where the burst forms one question it gets one answer; otherwise its last message speaks for it, and the
        others are neither answered nor counted.
        """
        more = await self.database.read(lambda c: burst_after(c, work.message, self.gather))
        if not more:
            return None
        whole = "\n".join(one["text"] for one in (work.message, *more))
        outcome = await self._ask_dialogue(work, whole, _attempt_seconds(waited))
        if outcome.unclear:
            return Outcome("answered", language=outcome.language, state=work.conversation["dialogue_state"])
        return replace(outcome, together=tuple(more))

    async def _ask_dialogue(self, work: Work, text: str, seconds: float) -> Outcome:
        message, conversation = work.message, work.conversation
        payload = self._payload(work)
        language = detect(text, conversation["language"]) if text else conversation["language"]
        context = TurnContext(
            province=conversation["province"],
            today=self.clock.today(),
            content=self.content,
            text=text,
            language=language or "vi",
            unclear_turns=conversation["unclear_turns"],
            alternatives=await self._alternatives(work, payload),
        )
        try:
            result = await self.dialogue.turn(
                context,
                conversation["id"],
                str(message["id"]),
                payload,
                conversation["dialogue_state"],
                seconds,
            )
        except StateUnreadable as damage:
            log.error("state_unreadable", conversation=conversation["id"], detail=str(damage))
            reply = self._say(work, "state_unreadable")
            return Outcome("with_person", (reply,), escalate=Reason.STATE_UNREADABLE)
        outcome = Outcome(
            "answered", result.replies, tuple(context.effects), result.state, result.reading, language=language
        )
        return self._with_warning(outcome, message["masked"]) if message["masked"] else outcome

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
        if outcome.unclear:
            return replace(outcome, replies=(warning,), effects=())
        return replace(outcome, replies=(warning, *outcome.replies))

    def _may_go_on(self, work: Work) -> bool:
        """Whether an unclear message is so fresh that its writer may be in the middle of a sentence."""
        message = work.message
        if message["payload"] is not None or message["reading"] is not None or not message["text"]:
            return False
        age: timedelta = self.clock.now() - message["received_at"]
        return age < self.gather

    async def _hold(self, work: Work, outcome: Outcome) -> None:
        """Wait for the rest. `reading` of a pending message says that it was held; nothing else has happened."""

        def commit(connection: Connection) -> None:
            until = work.message["received_at"] + self.gather
            self._advance(connection, work, (), until, work.conversation["outage_told_at"])
            read_as = outcome.reading.as_json() if outcome.reading else {}
            connection.execute(update(inbound).filter_by(id=work.message["id"]).values(reading=read_as))

        try:
            await self.database.run(commit)
        except Superseded:
            return
        self.wakeups.notify(work.conversation["id"])

    def _payload(self, work: Work) -> Payload | None:
        try:
            state = work.conversation["dialogue_state"] or {}
            is_asked = bool(state.get("loop"))
            payload = read(work.message["text"], work.message["payload"], work.conversation["offered"], is_asked)
        except PayloadInvalid:
            payload = Payload("")
        if payload is not None and payload.intent not in self.flows.intents:
            # a button of flows that have changed since, or damage: honest "not understood" instead of an endless retry
            return Payload(MESSAGE_WITHOUT_WORDS)
        return payload

    def _commit(self, connection: Connection, work: Work, outcome: Outcome) -> RowMapping:
        now = self.clock.now()
        told = None if outcome.status == "answered" else work.conversation["outage_told_at"]
        outcome = self._with_notice(work, outcome)
        row = self._advance(connection, work, outcome.replies, now + LEASE, told, outcome)
        done = {"status": outcome.status, "done_at": now, "reading": outcome.reading and outcome.reading.as_json()}
        for message in (work.message, *outcome.together):
            connection.execute(_MESSAGE_DONE, {"message": message["id"], **done})
        turn = effects.Turn(work.conversation, work.message, outcome.reading, now)
        reason = effects.apply(connection, self.keyring, turn, outcome.effects) or outcome.escalate
        if reason is not None:
            baton.escalate(connection, work.conversation["id"], reason, now, self._due_hours(work))
        outbox.append(connection, row, outcome.replies, now, in_reply_to=work.message["id"])
        return row

    def _with_notice(self, work: Work, outcome: Outcome) -> Outcome:
        """At the first contact on a channel, and when its words have changed: who answers and what is kept.

        (Law 91/2025/QH15 on personal data; Law 134/2025/QH15, article 11: people must know that a machine answers.)
        """
        phrases, known = self.content.phrases, work.conversation
        if not outcome.replies or known["notice_version"] == phrases.notice_version:
            return outcome
        language = outcome.language or "vi"
        words = [phrases.say("notice", language)]
        if known["channel"] in ABROAD:
            words.append(phrases.say("notice_abroad", language))
        return replace(outcome, replies=(Reply("\n".join(words), entry="notice"), *outcome.replies))

    def _advance(
        self,
        connection: Connection,
        work: Work,
        replies: Sequence[Reply],
        wake_at: datetime,
        outage_told_at: datetime | None,
        outcome: Outcome | None = None,
    ) -> RowMapping:
        """Change the conversation and make room for `replies`; the row as it is now. Raises Superseded.

        Without an outcome (a holding reply) the dialogue stays as it is: what was offered before is still what "2"
        refers to.
        """
        known = work.conversation
        state = outcome.state if outcome else None
        offered = outbox.offered_by(replies) if outcome and replies else None
        noticed = any(reply.entry == "notice" for reply in replies)
        unclear = known["unclear_turns"]
        if outcome is not None and outcome.status == "answered" and outcome.replies:
            unclear = unclear + 1 if outcome.unclear else 0
        values = {
            "conversation": known["id"],
            "known_version": known["version"],
            "added": len(replies),
            "now_offered": known["offered"] if offered is None else offered,
            "outage_told": outage_told_at,
            "spoken": (outcome.language if outcome else None) or known["language"],
            "noticed": self.content.phrases.notice_version if noticed else known["notice_version"],
            "unclear": unclear,
            "state": known["dialogue_state"] if state is None else state,
            "wake": wake_at,
        }
        row = connection.execute(_ADVANCE, values).mappings().first()
        if row is None:
            raise Superseded(known["id"])
        return row

    async def _put_off(self, work: Work, error: str) -> None:
        """Keep the message for a retry; if the owner has waited long enough, say so, once per outage."""
        now = self.clock.now()
        attempts = work.message["attempts"] + 1
        retry_at = now + timedelta(seconds=RETRY_SECONDS[min(attempts, len(RETRY_SECONDS)) - 1])
        due_to_tell = now - work.message["received_at"] >= HOLDING_AFTER

        def commit(connection: Connection) -> None:
            told: datetime | None = work.conversation["outage_told_at"]
            replies: tuple[Reply, ...] = ()
            if due_to_tell and told is None:
                told, replies = now, (self._say(work, "please_wait"),)
            row = self._advance(connection, work, replies, retry_at, told)
            values = {"attempts": attempts, "last_error": error[:500]}
            connection.execute(update(inbound).filter_by(id=work.message["id"]).values(values))
            outbox.append(connection, row, replies, now)

        try:
            await self.database.run(commit)
        except Superseded:
            return
        log.warning("turn_put_off", conversation=work.conversation["id"], attempts=attempts, error=error)
        self.wakeups.notify(work.conversation["id"])

    def _gave_up(self, work: Work) -> Reply:
        log.error("turn_given_up", conversation=work.conversation["id"], attempts=work.message["attempts"])
        return self._say(work, "handed_to_person")

    def _say(self, work: Work, entry: str) -> Reply:
        """What the bot says without the dialogue: from the packs as well, with the province's promised hours."""
        language = work.conversation["language"] or "vi"
        words = self.content.phrases.say(entry, language, hours=self._due_hours(work))
        return Reply(words, offers_person=True, entry=entry)

    def _due_hours(self, work: Work) -> int:
        return self.content.packs.province(work.conversation["province"]).sla.hours


def _attempt_seconds(waited: timedelta) -> float:
    """How long this attempt may take: while the owner has heard nothing yet, not past the holding reply's time."""
    left = (HOLDING_AFTER - waited).total_seconds()
    return max(left, SHORTEST_ATTEMPT_SECONDS) if waited < HOLDING_AFTER else TURN_DEADLINE_SECONDS


def _kept_meanwhile(text: str) -> tuple[Effect, ...]:
    """While a person has the conversation the bot is silent, but a number for the call back and a "stop" count."""
    phone = find_phone(text)
    kept: tuple[Effect, ...] = (RememberPhone(phone),) if phone else ()
    return (*kept, OptOut()) if says_stop(text) else kept
