"""What owners are told and asked of their leads: that a firm has taken up their wish, whether it really called, whether
another firm may. Each once.

The law: care messages about what the owner asked for, in the conversation they began (as in survey_nudges.py); the
hours, and who gets nothing unasked, are the gate's (programme/bulk_gate.py). The bot speaks only while it holds the
conversation, nobody is in a turn, and the owner has not written just now. Idempotency: the mark on the lead is set in
the transaction that writes the message.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, exists, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot import outbox
from bot.baton import Holder
from bot.officer_voice import may_be_said
from bot.wakeups import OUTBOX
from programme import links
from programme.bulk_gate import is_quiet, may_be_reached
from programme.bulk_law import MessageKind
from programme.content import Content
from programme.lead_life import give_up_asking
from programme.lead_owner import firm_short
from programme.lead_states import TAKEN_UP, LeadState
from programme.packs import normalise_province_id
from scheduler.kinds import JobContext
from store.logs import get_logger
from store.messages import Button, Reply
from store.survey_tables import lead
from store.tables import consent, conversation

log = get_logger("scheduler.lead_owners")

# Who has just written is in the middle of something: our buttons must not come between.
QUIET = timedelta(minutes=15)
# Later nobody remembers what the message is about.
WITHIN = timedelta(days=7)
MOST_AT_ONCE = 200


class _About(StrEnum):
    """Which message, by the column that says it was sent."""

    OTHER_FIRM = "consent_asked_at"
    TAKEN_UP = "taken_up_told_at"
    CALLED = "call_asked_at"


class _Reach(StrEnum):
    LATER = "later"
    NEVER = "never"


async def talk_to_owners(context: JobContext) -> None:
    """One transaction for each owner; who cannot be asked about another firm is left to the programme's people.

    Raises SQLAlchemyError when the database is away.
    """
    clock = context.clock
    if is_quiet(context.content.bulk_law, "", clock.now(), clock.timezone, MessageKind.CUSTOMER_CARE):
        return
    for about in _About:
        for lead_id in await context.database.read(partial(_waiting, about, clock.now())):
            try:
                here = await context.database.run(partial(_say, context, about, lead_id, clock.now()))
            except SQLAlchemyError:
                raise
            except Exception:
                log.exception("lead_message_broke", lead=lead_id, about=about.name.lower())
                continue
            if here is not None:
                log.info("lead_owner_told", lead=lead_id, about=about.name.lower(), conversation=here)
                context.wakeups.notify(here)
                context.wakeups.notify(OUTBOX)
    await _give_up_the_unanswered(context)


def _is_due(about: _About, now: datetime) -> ColumnElement[bool]:
    not_yet = lead.c[about].is_(None)
    if about is _About.OTHER_FIRM:
        return not_yet & (lead.c.status == LeadState.ASKING)
    in_force = exists().where(consent.c.id == lead.c.consent_id, consent.c.withdrawn_at.is_(None))
    lately = not_yet & in_force & (lead.c.status_at > now - WITHIN)
    if about is _About.TAKEN_UP:  # once it was contacted, the question says so as well
        return lately & (lead.c.status == LeadState.ACCEPTED)
    return lately & lead.c.status.in_([state for state in TAKEN_UP if state is not LeadState.ACCEPTED])


def _waiting(about: _About, now: datetime, connection: Connection) -> list[int]:
    rows = select(lead.c.id).where(_is_due(about, now)).order_by(lead.c.status_at, lead.c.id).limit(MOST_AT_ONCE)
    return list(connection.scalars(rows))


def _say(context: JobContext, about: _About, lead_id: int, now: datetime, connection: Connection) -> str | None:
    """Say it to one owner, if that is still right; the conversation where it was said."""
    contact_id = connection.scalar(select(lead.c.contact_id).where(lead.c.id == lead_id, _is_due(about, now)))
    if contact_id is None:
        return None
    # The conversation first, as every turn does
    known = _reached(connection, context, contact_id, now)
    if known is _Reach.NEVER and about is _About.OTHER_FIRM:
        give_up_asking(connection, lead_id, now)
    if isinstance(known, _Reach):
        return None
    mark = update(lead).where(lead.c.id == lead_id, lead.c.contact_id == contact_id, _is_due(about, now))
    row = connection.execute(mark.values({about: now}).returning(*lead.c)).mappings().first()
    if row is None:
        return None
    reply = _reply(connection, context.content, about, row, known["language"] or "vi")
    outbox.say(connection, known["id"], known["channel"], [reply], now, bulk=True, offered=outbox.offered_by([reply]))
    return str(known["id"])


def _reached(connection: Connection, context: JobContext, contact_id: int, now: datetime) -> RowMapping | _Reach:
    """The conversation where the owner wrote last, locked, if they may be written to there now."""
    home = links.home(connection, contact_id)
    theirs = select(conversation).where(conversation.c.contact_id == home, conversation.c.unreachable.is_(None))
    latest = theirs.order_by(conversation.c.last_heard_at.desc().nulls_last(), conversation.c.id).limit(1)
    known = connection.execute(latest.with_for_update()).mappings().first()
    if known is None:
        return _Reach.NEVER
    law, zone = context.content.bulk_law, context.clock.timezone
    verdict = may_be_reached(connection, law, contact_id, known["channel"], now, zone)
    if verdict.decision == "never":
        return _Reach.NEVER
    at_rest = known["holder"] == Holder.BOT and known["wake_at"] is None
    quiet = known["last_heard_at"] is None or known["last_heard_at"] <= now - QUIET
    may_be = verdict.decision == "send" and may_be_said(known, now)
    return known if at_rest and quiet and may_be else _Reach.LATER


def _reply(connection: Connection, content: Content, about: _About, row: RowMapping, language: str) -> Reply:
    say, vendor = content.phrases.say, firm_short(content, row["province"], row["vendor"])
    if about is _About.TAKEN_UP:
        return Reply(say("lead_taken_up", language, vendor=vendor), entry="lead_taken_up")
    if about is _About.CALLED:
        buttons = (
            Button(say("lead_called_button", language), f'/firm_called{{"a":"{row["id"]}"}}'),
            Button(say("lead_not_called_button", language), f'/firm_not_called{{"a":"{row["id"]}"}}'),
        )
        return Reply(say("lead_were_you_called", language, vendor=vendor), buttons, entry="lead_were_you_called")
    before = connection.scalar(select(lead.c.vendor).filter_by(id=row["offered_from"])) or ""
    buttons = (
        Button(say("survey_agree_button", language), f'/agree_to_other_firm{{"a":"{row["id"]}"}}'),
        Button(say("survey_refuse_button", language), f'/refuse_other_firm{{"a":"{row["id"]}"}}'),
    )
    words = say("lead_other_firm", language, vendor=vendor, before=firm_short(content, row["province"], before))
    return Reply(words, buttons, entry="lead_other_firm")


async def _give_up_the_unanswered(context: JobContext) -> None:
    now = context.clock.now()
    for pack in context.content.packs.provinces.values():
        if pack.leads is None:
            continue
        since = now - timedelta(days=pack.leads.answer_within_days)
        late = select(lead.c.id).where(
            lead.c.province == normalise_province_id(pack.id),
            lead.c.status == LeadState.ASKING,
            or_(lead.c.consent_asked_at <= since, lead.c.consent_asked_at.is_(None) & (lead.c.created_at <= since)),
        )
        for lead_id in await context.database.read(partial(_numbers, late)):
            await context.database.run(partial(give_up_asking, lead_id=lead_id, now=now))


def _numbers(wanted: Select[tuple[int]], connection: Connection) -> list[int]:
    return list(connection.scalars(wanted.limit(MOST_AT_ONCE)))
