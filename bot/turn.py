"""One turn of a conversation: who answers, what is answered, and the one transaction that makes it happen.

The message's work is done outside any transaction (the dialogue is asked, actions collect effects in memory); then one
transaction, guarded by the conversation's version, marks the message done, applies the effects, keeps the new dialogue
state and appends the replies. If anything dies before that commit, nothing has happened and the turn runs again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Boolean, Connection, RowMapping, bindparam, func, update
from sqlalchemy.exc import InterfaceError, OperationalError

from actions.context import AnswerAwareness, NoteDifficulty
from bot import baton, difficulties, effects, metrics, outbox
from bot.answering import HOLDING_AFTER, Answerer, Outcome, Wait
from bot.deliveries import Call
from bot.dialogue import DialogueUnavailable
from bot.inbox import Work
from bot.matters import matter_of
from bot.sender import Sender
from bot.wakeups import OUTBOX, QUEUE, Wakeups
from programme import awareness
from programme.responses import ResponseChanged
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.logs import get_logger
from store.mail_threads import CHANNEL as MAIL
from store.messages import Reply
from store.queries import claim_conversations, first_pending
from store.tables import conversation, inbound

log = get_logger("bot.turn")

RETRY_SECONDS = (0.2, 0.4, 0.7, 1, 2, 4, 8, 15)
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
        # null and true where nothing is said: then nothing changes
        send_at=func.coalesce(conversation.c.send_at, bindparam("send")),
        send_bulk=conversation.c.send_bulk & bindparam("says_nothing", type_=Boolean),
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


class TurnRunner:
    """Answers the pending messages of one conversation, in their order."""

    def __init__(
        self,
        database: Database,
        answerer: Answerer,
        clock: Clock,
        keyring: Keyring,
        wakeups: Wakeups,
        sender: Sender,
    ) -> None:
        self.database, self.answerer, self.clock, self.keyring = database, answerer, clock, keyring
        self.wakeups, self.sender = wakeups, sender

    def claim(self, connection: Connection, limit: int) -> list[Work]:
        """Take up to `limit` due conversations, each with its oldest pending message."""
        now = self.clock.now()
        taken = claim_conversations(connection, now, now + LEASE, limit)
        return [work for id_ in taken if (work := self._next(connection, id_)) is not None]

    async def run(self, work: Work | None) -> None:
        """Answer `work` and what else is pending there, until nothing is left or a message must wait for its retry."""
        while work is not None:
            try:
                outcome = await self.answerer.decide(work)
                if isinstance(outcome, Wait):
                    await self._hold(work, outcome.until)
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
                await self._put_off(work, type(error).__name__)  # its words may be the owner's
                return
            work = following

    async def _finish(self, work: Work, outcome: Outcome) -> Work | None:
        conversation_id = work.conversation["id"]

        call: Call | None = None

        def commit_and_look(connection: Connection) -> Work | None:
            nonlocal call
            row, call = self._commit(connection, work, outcome)
            if outcome.escalate or effects.change_conversation(outcome.effects):
                return self._next(connection, conversation_id)
            return self._following(connection, row)

        try:
            following = await self.database.run(commit_and_look)
        except (Superseded, ResponseChanged):
            log.info("turn_superseded", conversation=conversation_id)
            return await self.database.run(lambda connection: self._next(connection, conversation_id))
        except (OperationalError, InterfaceError):
            if call is not None:
                self.sender.abandon(call)  # the commit may have reached the database all the same
            raise
        metrics.turn_finished(work.conversation["channel"], outcome.status, 1 + len(outcome.together))
        if call is not None:
            self.sender.begin(call)
        # What an effect says in another conversation is nobody's yet
        self._tell(work, is_taken=call is not None and not effects.change_conversation(outcome.effects))
        if outcome.escalate or effects.move_queue(outcome.effects):
            self.wakeups.notify(QUEUE)
        return following

    def _tell(self, work: Work, is_taken: bool = False) -> None:
        """Whoever shows or delivers what was said just now; `is_taken`: its delivery has begun."""
        self.wakeups.notify(work.conversation["id"])
        if outbox.is_pushed(work.conversation["channel"]) and not is_taken:
            self.wakeups.notify(OUTBOX)

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

    async def _hold(self, work: Work, until: datetime) -> None:
        """Wait for the rest; nothing else has happened."""

        def commit(connection: Connection) -> None:
            self._advance(connection, work, (), self.clock.now(), until, work.conversation["outage_told_at"])

        try:
            await self.database.run(commit)
        except Superseded:
            return
        self._tell(work)

    def _commit(self, connection: Connection, work: Work, outcome: Outcome) -> tuple[RowMapping, Call | None]:
        """The conversation as it is now, and the delivery of what was said, if it could be taken at once."""
        now = self.clock.now()
        told = None if outcome.status == "answered" else work.conversation["outage_told_at"]
        outcome = self._with_notice(work, outcome)
        parts = outbox.fitted(work.conversation["channel"], outcome.replies)
        row = self._advance(connection, work, parts, now, now + LEASE, told, outcome)
        done = {"status": outcome.status, "done_at": now, "reading": outcome.reading and outcome.reading.as_json()}
        for message in (work.message, *outcome.together):
            connection.execute(_MESSAGE_DONE, {"message": message["id"], **done})
        asked = outcome.asked or work.message["text"]
        turn = effects.Turn(work.conversation, work.message, asked, outcome.reading, now)
        reason = effects.apply(connection, self.keyring, turn, outcome.effects) or outcome.escalate
        for effect in outcome.effects:
            if isinstance(effect, NoteDifficulty):
                difficulties.note(connection, self.answerer.content, turn, effect)
            elif isinstance(effect, AnswerAwareness):
                awareness.answer_of(connection, self.answerer.content.awareness, work.conversation, effect.heard, now)
        if reason is not None:
            difficulties.note_complaint(connection, self.answerer.content, turn, reason)
            since, about = work.message["received_at"], partial(matter_of, self.answerer.content)
            hours = self.answerer.due_hours(work)
            baton.escalate(connection, work.conversation["id"], reason, now, hours, since, about)
        outbox.append(connection, row, parts, now, in_reply_to=work.message["id"])
        # Due since just now: nobody else has it, and nothing there waits for its time
        call = self.sender.take(connection, row) if parts and row["send_at"] == now else None
        return row, call

    def _with_notice(self, work: Work, outcome: Outcome) -> Outcome:
        """At the first contact on a channel, and when its words have changed: who answers and what is kept.

        (Law 91/2025/QH15 on personal data; Law 134/2025/QH15, article 11: people must know that a machine answers.)
        """
        phrases, known = self.answerer.content.phrases, work.conversation
        if not outcome.replies or known["notice_version"] == phrases.notice_version or known["channel"] == MAIL:
            return outcome  # no machine answers mails, and what is kept stands in their acknowledgement
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
        now: datetime,
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
        # As they were said: cut to the channel's measure, a long list is words
        offered = outbox.offered_by(outcome.replies) if outcome and outcome.replies else None
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
            "noticed": self.answerer.content.phrases.notice_version if noticed else known["notice_version"],
            "unclear": unclear,
            "state": known["dialogue_state"] if state is None else state,
            "wake": wake_at,
            "send": now if replies and outbox.is_pushed(known["channel"]) else None,
            "says_nothing": not replies,
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
            replies: Sequence[Reply] = ()
            if due_to_tell and told is None and work.conversation["channel"] != MAIL:
                told, replies = (
                    now,
                    outbox.fitted(work.conversation["channel"], [self.answerer.say(work, "please_wait")]),
                )
            row = self._advance(connection, work, replies, now, retry_at, told)
            values = {"attempts": attempts, "last_error": error[:500]}
            connection.execute(update(inbound).filter_by(id=work.message["id"]).values(values))
            outbox.append(connection, row, replies, now)

        try:
            await self.database.run(commit)
        except Superseded:
            return
        log.warning("turn_put_off", conversation=work.conversation["id"], attempts=attempts, error=error)
        self._tell(work)
