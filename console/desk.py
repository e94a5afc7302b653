"""A conversation on an officer's desk: who holds it, until when the owner waits, who else looks, what may be sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from bot import windows
from bot.baton import WAITING, Holder
from bot.holding import APPS
from bot.windows import Sending
from console import mail_facts, tabs
from console.mail_facts import Ticket
from console.sessions import SignedIn
from console.tabs import Looking
from store.mail_threads import CHANNEL as MAIL
from store.tables import conversation, escalation, officer


@dataclass(frozen=True)
class Desk:
    """`escalation`: the unfinished one, with the holder's name as `officer`; None while nobody waits. `ticket`: of a
    request by mail.
    """

    conversation: RowMapping
    escalation: RowMapping | None
    others: tuple[Looking, ...]
    sending: Sending
    is_mine: bool
    ticket: Ticket | None = None

    @property
    def id(self) -> str:
        return str(self.conversation["id"])

    @property
    def holder(self) -> Holder:
        return Holder(self.conversation["holder"])

    @property
    def holder_name(self) -> str | None:
        return self.escalation["officer"] if self.escalation is not None else None

    @property
    def is_elsewhere(self) -> bool:
        """Whether somebody answers in the channel's own app: nobody knows who, so that anybody may go on here."""
        return self.holder_name in APPS.values()

    @property
    def commune(self) -> str | None:
        """The code of the commune, as the hand-over knew it or the dialogue knows it."""
        if self.escalation is not None and self.escalation["commune"]:
            return str(self.escalation["commune"])
        slots = (self.conversation["dialogue_state"] or {}).get("slots", {})
        code: str | None = slots.get("commune_code")
        return code


def look(connection: Connection, conversation_id: str, person: SignedIn, now: datetime) -> Desk | None:
    """The conversation as it is now; None when there is none."""
    row = connection.execute(select(conversation).filter_by(id=conversation_id)).mappings().first()
    if row is None:
        return None
    waiting = (
        select(escalation, officer.c.name.label("officer"))
        .outerjoin(officer, officer.c.id == escalation.c.officer_id)
        .where(escalation.c.conversation_id == conversation_id, escalation.c.status.in_(WAITING))
    )
    unfinished = connection.execute(waiting).mappings().first()
    return Desk(
        conversation=row,
        escalation=unfinished,
        others=tabs.others(connection, person.account_id, conversation_id, now),
        sending=windows.sending(row, now),
        is_mine=unfinished is not None and unfinished["officer_id"] == person.officer_id,
        ticket=mail_facts.ticket(connection, conversation_id) if row["channel"] == MAIL else None,
    )
