"""After a restore: what was under way when the backup was made must not go on as if nothing had happened since.

Between the backup and the restore the hotline has gone on: messages went out, officers answered, tokens were renewed.
None of that is known here. So nothing that was waiting is sent, asked or reminded by itself: it is marked as done where
it only repeats, and shown to a person where somebody may be waiting. Once, in the restore's own transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from bot import baton
from bot.baton import Reason
from integrations.zalo.token_state import REFUSED
from programme.content import Content
from programme.packs import UnknownProvince
from store.campaign_tables import campaign, campaign_run, recipient
from store.channel_tables import zalo_token
from store.console_tables import officer_notice, request
from store.restore import GAP
from store.rotation import end_what_opens
from store.sms_tables import sms_answer
from store.survey_tables import due_job, lead, leader
from store.tables import conversation, escalation, inbound, outbound
from store.vendor_tables import vendor_notice

# Code of a message of ours that may have gone out after the backup: a dead letter, which a person looks at.
RESTORED = "restored"
_UNSENT = ("waiting", "sending", "held", "uncertain")


@dataclass(frozen=True)
class Settled:
    """What people must look at: messages of ours of unknown fate, conversations whose owner may wait for an answer."""

    unsent: int
    unanswered: int


def settle(connection: Connection, content: Content, now: datetime) -> Settled:
    """Bring a database that was just restored to rest."""
    end_what_opens(connection)  # whoever was signed in, invited or given a code may have been signed out since
    connection.execute(delete(leader))
    unanswered = _hand_over(connection, content, now)
    _say_nothing_again(connection, now)
    unsent = update(outbound).where(outbound.c.status.in_(_UNSENT))
    uncertain = unsent.values(status="uncertain", error=RESTORED, attempt=None, decide_at=None)
    count = connection.execute(uncertain).rowcount
    # Browsers that are open have seen numbers behind those of the backup: what is said next must come after them
    at_rest = {"wake_at": None, "send_at": None, "send_bulk": False, "last_seq": conversation.c.last_seq + GAP}
    connection.execute(update(conversation).values(at_rest))
    return Settled(count, unanswered)


def _say_nothing_again(connection: Connection, now: datetime) -> None:
    connection.execute(update(due_job).where(due_job.c.done_at.is_(None)).values(done_at=now))
    for notice in (officer_notice, vendor_notice):
        connection.execute(update(notice).where(notice.c.status == "waiting").values(status="void"))
    running = update(request).where(request.c.ended_at.is_(None))
    connection.execute(running.values(owner_told_at=func.coalesce(request.c.owner_told_at, now)))
    for mark in (lead.c.reminded_at, lead.c.consent_asked_at, lead.c.taken_up_told_at, lead.c.call_asked_at):
        connection.execute(update(lead).where(mark.is_(None)).values({mark.name: now}))
    # The firm may have taken it up in time: it has its time once more before anybody else (scheduler/lead_watch.py)
    connection.execute(update(lead).where(lead.c.accept_by.is_not(None)).values(accept_by=None))
    # Whoever was reached since the backup is still waiting here: a person decides, with the gateway's list beside them
    running = update(campaign_run).where(campaign_run.c.status == "running")
    connection.execute(running.values(status="paused", pause_reason=RESTORED))
    unsaid = update(sms_answer).where(sms_answer.c.settled_at.is_(None))
    settled = {"status": "uncertain", "reason": RESTORED, "settled_at": now, "phone": None, "next_at": None}
    connection.execute(unsaid.values(settled))
    # And what was to begin since may have: a run that is made a second time reaches everybody a second time
    planned = update(campaign).where(campaign.c.status == "approved")
    paused = {"status": "paused", "pause_reason": RESTORED, "version": campaign.c.version + 1, "updated_at": now}
    connection.execute(planned.values(paused))
    called = update(recipient).where(recipient.c.status == "sending")
    connection.execute(called.values(status="uncertain", reason=RESTORED, next_at=now))  # asking sends nothing
    # The refresh token works once, and the hotline that made the backup may have used it, or still lives
    dead = {"trouble": REFUSED, "expires_at": now, "refreshing": None, "refreshing_until": None}
    connection.execute(update(zalo_token).values(dead))


def _hand_over(connection: Connection, content: Content, now: datetime) -> int:
    """What waited for an answer, or was held by an officer, waits in the queue: it may have been answered since, which
    only a person can find out."""
    held = select(escalation).where(escalation.c.status == "taken").order_by(escalation.c.conversation_id)
    for row in connection.execute(held).mappings().all():
        baton.back_to_queue(connection, row)
    of_theirs = [inbound.c.status == "pending", inbound.c.kind == "message"]
    waiting = select(inbound.c.conversation_id, func.min(inbound.c.received_at)).where(*of_theirs)
    owners = connection.execute(waiting.group_by(inbound.c.conversation_id)).all()
    done = {"status": "with_person", "done_at": now}
    # what the dialogue would have been told, it is not told any more
    connection.execute(update(inbound).where(inbound.c.status == "pending").values(done))
    of = select(conversation.c.id, conversation.c.province)
    for conversation_id, since in owners:
        province = connection.execute(of.where(conversation.c.id == conversation_id)).one().province
        baton.escalate(connection, conversation_id, Reason.RESTORED, now, _hours(content, province), since)
    return len(owners)


def _hours(content: Content, province: str) -> int:
    try:
        return content.packs.province(province).sla.hours
    except UnknownProvince:
        return max(pack.sla.hours for pack in content.packs.provinces.values())
