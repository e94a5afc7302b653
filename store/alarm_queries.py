"""What the alarms ask the database every minute, each from an index of what is in trouble, and the alarms' own rows."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, case, func, or_, select, text, union_all, update

from store.backlog import TROUBLED, UNDELIVERED
from store.campaign_tables import campaign, campaign_run, gateway_state
from store.channel_tables import alarm, attachment, channel_event, zalo_token
from store.database import insert_if_new
from store.mail_tables import mailbox
from store.privacy_tables import purge
from store.tables import conversation, data_request, inbound, outbound

# Word for word the conditions of the indexes (see store/backlog.py).
FLOOD = text("inbound.status = 'flood'")
UNFETCHED = text("attachment.status = 'failed'")


def last_heard(connection: Connection, channel: str) -> datetime | None:
    """When the channel last brought anything; None if it never has.

    Walks back from the newest row to the channel's last one: long only while the channel is silent.
    """
    if not connection.scalar(select(conversation.c.id).where(conversation.c.channel == channel).limit(1)):
        return None
    newest = [
        select(table.c.received_at).where(table.c.channel == channel).order_by(newest_first).limit(1)
        for table, newest_first in ((inbound, inbound.c.id.desc()), (channel_event, channel_event.c.received_at.desc()))
    ]
    heard = [at for statement in newest if (at := connection.scalar(statement)) is not None]
    return max(heard, default=None)


def mailbox_trouble(connection: Connection) -> tuple[str, datetime] | None:
    """Why the mailbox cannot be read, and since when."""
    troubled = select(mailbox.c.trouble, mailbox.c.trouble_since).where(mailbox.c.trouble.is_not(None)).limit(1)
    row = connection.execute(troubled).first()
    return None if row is None else (row.trouble, row.trouble_since)


def zalo_pair(connection: Connection) -> RowMapping | None:
    """expires_at, issued_at, trouble of Zalo's pair of tokens."""
    columns = zalo_token.c
    pair = select(columns.expires_at, columns.issued_at, columns.trouble)
    return connection.execute(pair).mappings().first()


def undecided(connection: Connection, since: datetime, now: datetime) -> tuple[int, int]:
    """How many messages said after `since` are uncertain (the wait for their echo is over), and how many failed."""
    rows = (
        select(outbound.c.status, func.count().label("messages"))
        .where(TROUBLED, outbound.c.created_at > since, outbound.c.status.in_(("uncertain", "failed")))
        .where(or_(outbound.c.decide_at.is_(None), outbound.c.decide_at <= now))
        .group_by(outbound.c.status)
    )
    found = {row.status: row.messages for row in connection.execute(rows)}
    return found.get("uncertain", 0), found.get("failed", 0)


def provider_errors(connection: Connection, since: datetime) -> dict[str, int]:
    """How many messages have met which error: those still to be sent, and of those said after `since` what came to
    nothing or is held.
    """
    code = outbound.c.error
    waiting = select(code).where(UNDELIVERED, outbound.c.status.in_(("waiting", "sending")))
    ended = select(code).where(TROUBLED, outbound.c.created_at > since)
    both = union_all(waiting, ended).subquery()
    rows = connection.execute(
        select(both.c.error, func.count().label("messages")).where(both.c.error.is_not(None)).group_by(both.c.error)
    )
    return {row.error: row.messages for row in rows}


def stopped_gateways(connection: Connection, since: datetime) -> dict[str, str]:
    """Gateways of bulk messages that a person must look at, and the code of why: those left alone at some time after
    `since`, and those for whose trouble a run is still paused.
    """
    stopped = select(gateway_state.c.gateway, gateway_state.c.stopped_for, gateway_state.c.stopped_until)
    rows = connection.execute(stopped.where(gateway_state.c.stopped_for.is_not(None))).all()
    if not rows:
        return {}
    open_runs = select(campaign_run.c.pause_reason).where(
        campaign_run.c.ended_at.is_(None), campaign_run.c.status == "paused"
    )
    paused_for = set(connection.scalars(open_runs))
    return {
        row.gateway: row.stopped_for
        for row in rows
        if row.stopped_for in paused_for or (row.stopped_until is not None and row.stopped_until > since)
    }


def gateway_accounts(connection: Connection, since: datetime) -> list[RowMapping]:
    """gateway, balance, needed, balance_error of the gateways whose account was asked for after `since`."""
    state = gateway_state.c
    of = select(state.gateway, state.balance, state.needed, state.balance_error)
    return list(connection.execute(of.where(state.balance_at > since).order_by(state.gateway)).mappings())


def floods(connection: Connection, since: datetime) -> int:
    """How many messages that came after `since` were too many for their sender, and nobody has looked at yet."""
    counted = select(func.count()).select_from(inbound).where(FLOOD, inbound.c.received_at > since)
    return connection.scalar(counted) or 0


def failed_attachments(connection: Connection, since: datetime) -> int:
    """How many attachments of messages that came after `since` could not be fetched, and nobody has looked at yet."""
    counted = (
        select(func.count())
        .select_from(attachment.join(inbound, inbound.c.id == attachment.c.inbound_id))
        .where(UNFETCHED, inbound.c.received_at > since)
    )
    return connection.scalar(counted) or 0


def data_requests_near(connection: Connection, today: date, near: date) -> tuple[int, int, int]:
    """Of the open requests about personal data: not acknowledged although that is due by `today`, due by `near`, and
    late. ix_data_request_status: what is finished costs nothing."""
    due, unheard = data_request.c.due_on, data_request.c.acknowledged_at.is_(None)
    counts = select(
        func.sum(case((unheard & (data_request.c.acknowledge_by <= today), 1), else_=0)),
        func.sum(case((due.between(today, near), 1), else_=0)),
        func.sum(case((due < today, 1), else_=0)),
    ).where(data_request.c.status == "open")
    unacknowledged, soon, late = connection.execute(counts).one()
    return int(unacknowledged or 0), int(soon or 0), int(late or 0)


def unpurged_since(connection: Connection, before: datetime) -> int:
    """How many erasures have not left the disk, asked for before `before`."""
    waiting = select(func.count()).where(purge.c.done_at.is_(None), purge.c.asked_at < before)
    return connection.scalar(waiting) or 0


def stopped_reminders(connection: Connection, province: str) -> int:
    """How many automatic reminders were on and have stopped by themselves: their text is another one, or a restore."""
    stopped = select(func.count()).where(
        campaign.c.province == province,
        campaign.c.reminder.is_not(None),
        campaign.c.status == "paused",
        campaign.c.pause_reason.is_not(None),
    )
    return connection.scalar(stopped) or 0


def open_alarms(connection: Connection) -> list[RowMapping]:
    """The alarms that are not over, the oldest first."""
    rows = select(alarm).where(alarm.c.closed_at.is_(None)).order_by(alarm.c.opened_at, alarm.c.id)
    return list(connection.execute(rows).mappings())


def open_alarm(connection: Connection, name: str, detail: str, now: datetime) -> bool:
    """Whether it is new: there is one open alarm of a name."""
    row = {"name": name, "detail": detail[:500], "opened_at": now}
    return insert_if_new(connection, alarm, row) is not None


def mark_told(connection: Connection, id_: int, detail: str, now: datetime) -> None:
    connection.execute(update(alarm).where(alarm.c.id == id_).values(detail=detail[:500], told_at=now))


def close_alarm(connection: Connection, id_: int, now: datetime) -> None:
    connection.execute(update(alarm).where(alarm.c.id == id_).values(closed_at=now))
