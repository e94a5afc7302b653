"""A lead from its owner's side: which are theirs, what is said of them, and the answers they give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from programme import links
from programme.content import Content
from programme.lead_states import OPEN, LeadState
from programme.lead_steps import OWNER, write_step
from programme.responses import OTHER_FIRM_CONSENT
from store.survey_tables import lead
from store.tables import consent

MOST_SAID = 5


@dataclass(frozen=True)
class OwnLead:
    """`was_asked`: the owner was asked whether the firm really called. `waits`: no firm has it, people look at it."""

    id: int
    province: str
    vendor: str
    status: str
    was_asked: bool
    waits: bool


def own_leads(connection: Connection, contact_id: int) -> list[OwnLead]:
    """The leads of a person, the newest first, with those of the contacts whose channels were linked to this one."""
    people = links.person(connection, contact_id)
    rows = select(lead).where(lead.c.contact_id.in_(people)).order_by(lead.c.id.desc()).limit(MOST_SAID)
    return [
        OwnLead(
            row["id"],
            row["province"],
            row["vendor"],
            row["status"],
            row["call_asked_at"] is not None,
            row["unserved_since"] is not None,
        )
        for row in connection.execute(rows).mappings()
    ]


def firm_short(content: Content, province: str, vendor: str) -> str:
    """The firm as people know it; its id where the pack does not have it any more."""
    try:
        return content.packs.province(province).vendor(vendor).short
    except KeyError:  # UnknownProvince is one
        return vendor


def progress(content: Content, own: OwnLead, language: str) -> str:
    """One part of a sentence about the lead, as its firm reports it; "" where there is nothing to say."""
    if own.status in (LeadState.REFUSED, LeadState.LAPSED, LeadState.DECLINED):
        state = "not_taken" if own.waits else "refused" if own.status == LeadState.REFUSED else ""
    else:
        state = own.status
    if not state or state == LeadState.WITHDRAWN:
        return ""
    return content.phrases.say(f"lead_at_{state}", language, vendor=firm_short(content, own.province, own.vendor))


def answer_other_firm(
    connection: Connection,
    lead_id: int,
    contact_id: int,
    agreed: bool,
    text_version: int,
    channel: str,
    accept_by: datetime | None,
    now: datetime,
) -> bool:
    """The owner was asked whether this other firm may call; whether their answer is in force.

    Yes is kept as a consent of its own, to the words that named this firm. A second press finds the first.
    """
    row = connection.execute(select(lead).filter_by(id=lead_id).with_for_update()).mappings().first()
    if row is None or row["contact_id"] not in links.person(connection, contact_id):
        return False
    if row["status"] != LeadState.ASKING:
        return row["status"] in OPEN if agreed else row["status"] == LeadState.DECLINED
    if not agreed:
        write_step(connection, row, LeadState.DECLINED, OWNER, now)
        return True
    given = {"purpose": OTHER_FIRM_CONSENT, "text_version": text_version, "channel": channel, "given_at": now}
    made = insert(consent).values(contact_id=row["contact_id"], **given).returning(consent.c.id)
    consent_id = connection.execute(made).scalar_one()
    write_step(connection, row, LeadState.OFFERED, OWNER, now, consent_id=consent_id, accept_by=accept_by)
    return True


def was_called(connection: Connection, lead_id: int, contact_id: int, called: bool, now: datetime) -> bool:
    """Keep whether the owner was really called; whether they had been asked. The last answer counts."""
    asked = update(lead).where(
        lead.c.id == lead_id,
        lead.c.contact_id.in_(links.person(connection, contact_id)),
        lead.c.call_asked_at.is_not(None),
    )
    answer = {"owner_said": "called" if called else "not_called", "owner_said_at": now}
    return bool(connection.execute(asked.values(answer)).rowcount)
