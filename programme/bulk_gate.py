"""The one gate before everything that is sent unasked: the facts about a whole batch, in few statements, judged by
bulk_law.py. Nobody writes to people unasked without it (campaigns, automatic reminders, nudges, words about leads).

Ask in the transaction that marks the message as under way, and set recipient.tried_at in it, at every try: so two
batches cannot both have the last message of a cap. Who decides what a *reply* may say has no business here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from sqlalchemy import ColumnElement, Connection, exists, or_, select

from programme.bulk_facts import Asked, Known
from programme.bulk_law import BulkLaw, Facts, MessageKind, Verdict
from store.channel_tables import channel_link
from store.tables import contact, data_request, opt_out

__all__ = ["Asked", "is_quiet", "judge", "left_alone", "may_be_reached"]


def judge(
    connection: Connection, law: BulkLaw, rows: Sequence[Asked], now: datetime, timezone: tzinfo
) -> dict[int, Verdict]:
    """A verdict for each of `rows` by its recipient_id; those that may leave count for the caps of those after them."""
    known = Known.of(connection, law, rows, now)
    verdicts: dict[int, Verdict] = {}
    for row in rows:
        verdict = law.judge(known.facts(law, row), now, timezone)
        if verdict.decision == "send":
            known.sent(row, now)
        verdicts[row.recipient_id] = verdict
    return verdicts


def may_be_reached(
    connection: Connection,
    law: BulkLaw,
    contact_id: int,
    channel: str,
    now: datetime,
    timezone: tzinfo,
    kind: MessageKind = MessageKind.CUSTOMER_CARE,
) -> Verdict:
    """The same for one person who is written to in a conversation."""
    phone_key = connection.scalar(select(contact.c.phone_key).filter_by(id=contact_id))
    asked = Asked(0, contact_id, phone_key, kind, channel)
    return judge(connection, law, [asked], now, timezone)[0]


def is_quiet(law: BulkLaw, channel: str, now: datetime, timezone: tzinfo, kind: MessageKind) -> bool:
    """Whether nobody may be written to at this hour, so that a job need not look for whom."""
    verdict = law.judge(Facts(kind, channel, has_consent=True), now, timezone)
    return verdict.decision != "send"


def left_alone(contact_id: ColumnElement[int]) -> ColumnElement[bool]:
    """A condition for choosing whom to ask the gate about: who opted out or wants to be erased, also on a channel that
    was linked to theirs, would only keep others waiting. It replaces no verdict."""
    open_erasure = data_request.c.kind == "erasure", data_request.c.status == "open"
    linked = channel_link.c.to_contact_id == contact_id, channel_link.c.undone_at.is_(None)
    # One level each: a select inside a select would not know whose `contact_id` it is
    return or_(
        exists().where(opt_out.c.contact_id == contact_id),
        exists().where(data_request.c.contact_id == contact_id, *open_erasure),
        exists().where(data_request.c.contact_id == channel_link.c.from_contact_id, *linked, *open_erasure),
    )
