"""The job "survey_nudge": who left a survey unfinished is reminded of it once, a day later, in daytime.

The law: this is a customer-care message that answers the owner's own started request, inside the conversation which
the owner began, so no advertising in the sense of Decree 91/2020/NĐ-CP, article 3. The hours, and who gets nothing
unasked, are the gate's (programme/bulk_gate.py); its last button is the opt-out, and there is one per response. Sent
as a reply within the conversation: a channel whose provider limits replies in time (Zalo: 7 days) has its window
checked where it delivers, not here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Connection, exists, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot import outbox
from bot.baton import Holder
from bot.wakeups import OUTBOX
from programme import responses
from programme.bulk_gate import is_quiet, left_alone, may_be_reached
from programme.bulk_law import MessageKind
from programme.phrases import Phrases
from programme.survey.response import left
from scheduler.kinds import JobContext, JobKind
from store.logs import get_logger
from store.messages import Button, Reply
from store.survey_tables import survey_response
from store.tables import conversation

log = get_logger("scheduler.survey_nudges")

NUDGE_AFTER = timedelta(hours=24)
# Later nobody remembers what the message is about; after an outage it must not come out of the blue.
NUDGE_BEFORE = timedelta(days=7)
# In one job, some seconds of work on SQLite; the rest has the next one.
MOST_AT_ONCE = 200

# The bot holds the conversation and nobody is in the middle of a turn.
_AT_REST = (conversation.c.holder == Holder.BOT, conversation.c.wake_at.is_(None))


async def nudge_owners(context: JobContext) -> None:
    """Remind the owners that are due, those who have waited longest first.

    Each owner has one transaction, which checks everything again and sets nudged_at together with the message; so this
    may be cut off, repeated, or run beside itself. The wake-up after it is only a hint. An owner whose response cannot
    be read does not keep the others waiting. Raises SQLAlchemyError when the database is away.
    """
    clock = context.clock
    # Who becomes due in the night is reached in the morning
    if is_quiet(context.content.bulk_law, "", clock.now(), clock.timezone, MessageKind.CUSTOMER_CARE):
        return
    for response_id, conversation_id in await context.database.read(partial(_waiting, clock.now())):
        try:
            sent = await context.database.run(partial(_nudge, context, response_id, conversation_id))
        except SQLAlchemyError:
            raise
        except Exception:
            log.exception("survey_nudge_broke", response=response_id)
            continue
        if sent:
            log.info("survey_nudged", response=response_id, conversation=conversation_id)
            context.wakeups.notify(conversation_id)
            context.wakeups.notify(OUTBOX)


SURVEY_NUDGE = JobKind("survey_nudge", timedelta(minutes=10), nudge_owners)


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    contact_id, home = survey_response.c.contact_id, conversation.alias("home")
    # Linked to another contact, the conversation goes on with that one's survey (programme/links.py)
    is_at_home = exists().where(home.c.id == survey_response.c.conversation_id, home.c.contact_id == contact_id)
    return (
        is_at_home,
        survey_response.c.status == "open",
        survey_response.c.updated_at <= now - NUDGE_AFTER,
        survey_response.c.updated_at > now - NUDGE_BEFORE,
        survey_response.c.nudged_at.is_(None),
        ~left_alone(contact_id),
    )


def _waiting(now: datetime, connection: Connection) -> list[tuple[int, str]]:
    """Numbers of responses and their conversations; ix_survey_response_abandoned gives them in this order.

    Without a conversation (an officer filled it in, or paper) there is nobody to write to.
    """
    rows = (
        select(survey_response.c.id, conversation.c.id)
        .join(conversation, conversation.c.id == survey_response.c.conversation_id)
        .where(*_is_due(now), *_AT_REST)
        .order_by(survey_response.c.updated_at)
        .limit(MOST_AT_ONCE)
    )
    return [(int(response_id), str(conversation_id)) for response_id, conversation_id in connection.execute(rows)]


def _nudge(context: JobContext, response_id: int, conversation_id: str, connection: Connection) -> bool:
    """Remind one owner, if that is still right; whether it was."""
    content, clock = context.content, context.clock
    # The conversation first, as every turn does: what a turn changes is either seen below, or waits for us
    own = select(conversation).where(conversation.c.id == conversation_id, *_AT_REST).with_for_update()
    known = connection.execute(own).mappings().first()
    if known is None:
        return False
    now, about = clock.now(), (known["contact_id"], known["channel"])
    if may_be_reached(connection, content.bulk_law, *about, now, clock.timezone).decision != "send":
        return False
    mark = (
        update(survey_response)
        .where(
            survey_response.c.id == response_id,
            survey_response.c.conversation_id == conversation_id,
            *_is_due(now),
        )
        .values(nudged_at=now)
    )
    if not connection.execute(mark).rowcount:
        return False
    kept = responses.find(connection, content.surveys, response_id)
    if kept is None:
        raise LookupError(response_id)  # it was marked just now, in this transaction
    reply = _reminder(content.phrases, known["language"] or "vi", left(kept.response))
    offered = outbox.offered_by([reply])
    outbox.say(connection, conversation_id, known["channel"], [reply], now, bulk=True, offered=offered)
    return True


def _reminder(phrases: Phrases, language: str, questions_left: int) -> Reply:
    buttons = (
        Button(phrases.say("survey_resume_button", language), "/resume_survey"),
        Button(phrases.say("survey_later_button", language), "/pause_survey"),
        Button(phrases.say("survey_no_nudge_button", language), "/opt_out"),
    )
    return Reply(phrases.say("survey_nudge", language, left=questions_left), buttons, entry="survey_nudge")
