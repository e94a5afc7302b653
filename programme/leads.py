"""Leads: owners whom a firm may call, made only on the ground of a consent in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from programme import shops
from programme.communes import VendorLike
from programme.lead_states import OPEN, LeadState
from programme.lead_steps import OFFERED_ANEW, OWNER, keep_step, went_on, write_step
from programme.responses import contact_consent
from programme.survey.response import facts
from programme.survey_result import Result
from store.database import insert_if_new
from store.logs import get_logger
from store.survey_tables import lead

log = get_logger("programme.leads")


BANK_WISH = "bank"  # of "what help do you need most"


def agreed_vendors(result: Result) -> list[VendorLike]:
    """The firms that a completed survey lets call: that of the commune, and the bank where its help is wanted."""
    answers = facts(result.kept.response)
    if answers.get("consent") != "yes_contact":
        return []
    wanted = [result.helpers.vendor] if result.helpers.vendor else []
    if result.helpers.bank and BANK_WISH in answers.get("support_needed", ()):
        wanted.append(result.helpers.bank)
    return wanted


def pass_on_agreed(
    connection: Connection, result: Result, now: datetime, accept_by: datetime | None = None
) -> list[VendorLike]:
    """Make the leads that a completed survey agreed to; those that are offered now."""
    kept, commune = result.kept, result.commune.code if result.commune else None
    return [
        vendor
        for vendor in agreed_vendors(result)
        if pass_on(connection, kept.origin.contact_id, vendor.id, result.province, commune, kept.id, now, accept_by)
    ]


def pass_on(
    connection: Connection,
    contact_id: int,
    vendor: str,
    province: str,
    commune: str | None,
    response_id: int | None,
    now: datetime,
    accept_by: datetime | None = None,
) -> bool:
    """Offer the owner to a firm; False when the firm has them already, or no consent is in force.

    Idempotent: one lead per person and firm, which a later wish finds; one that was refused or that nobody took up is
    offered anew. The consent is looked up here, at the last moment: without one nothing personal leaves, whatever was
    said before. It is held until the lead is there: who withdraws it at this moment waits, and finds the lead.
    `accept_by`: the firm's deadline (LeadLife.accept_by); None: the scheduler sets it.
    """
    consent_id = contact_consent(connection, contact_id, is_held=True)
    if consent_id is None:
        log.warning("lead_without_consent", contact=contact_id, vendor=vendor)
        return False
    if commune is not None:
        shops.learn_place(connection, contact_id, province, commune, shops.LEAD, now)
    row = {
        "contact_id": contact_id,
        "vendor": vendor,
        "response_id": response_id,
        "province": province,
        "commune": commune,
        "status": LeadState.OFFERED,
        "consent_id": consent_id,
        "created_at": now,
        "status_at": now,
        "accept_by": accept_by,
    }
    made = insert_if_new(connection, lead, row)
    if made is not None:
        keep_step(connection, made["id"], 1, None, LeadState.OFFERED, OWNER, now)
        return True
    return _wished_again(connection, row, now)


def _wished_again(connection: Connection, wish: Mapping[str, Any], now: datetime) -> bool:
    whose = select(lead).filter_by(contact_id=wish["contact_id"], vendor=wish["vendor"]).with_for_update()
    known = connection.execute(whose).mappings().one()
    if known["status"] not in OPEN and not went_on(connection, known):
        anew = {name: wish[name] for name in ("response_id", "commune", "consent_id", "accept_by")}
        write_step(connection, known, LeadState.OFFERED, OWNER, now, **anew, **OFFERED_ANEW)
        return True
    if wish["response_id"] is not None:  # the firm sees the newest result
        newest = {"response_id": wish["response_id"], "commune": wish["commune"]}
        connection.execute(update(lead).filter_by(id=known["id"]).values(newest))
    return False
