"""Leads: owners whom a firm may call, made only on the ground of a consent in force."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, update

from programme.communes import VendorLike
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


def pass_on_agreed(connection: Connection, result: Result, now: datetime) -> list[VendorLike]:
    """Make the leads that a completed survey agreed to; those that are new."""
    kept, commune = result.kept, result.commune.code if result.commune else None
    return [
        vendor
        for vendor in agreed_vendors(result)
        if pass_on(connection, kept.origin.contact_id, vendor.id, result.province, commune, kept.id, now)
    ]


def pass_on(
    connection: Connection,
    contact_id: int,
    vendor: str,
    province: str,
    commune: str | None,
    response_id: int | None,
    now: datetime,
) -> bool:
    """Make a lead, status new; False when this firm has one of this person, or no consent is in force.

    Idempotent: one lead per person and firm. The consent is looked up here, at the last moment: without one nothing
    personal leaves, whatever was said before.
    """
    consent_id = contact_consent(connection, contact_id)
    if consent_id is None:
        log.warning("lead_without_consent", contact=contact_id, vendor=vendor)
        return False
    row = {
        "contact_id": contact_id,
        "vendor": vendor,
        "response_id": response_id,
        "province": province,
        "commune": commune,
        "status": "new",
        "consent_id": consent_id,
        "created_at": now,
    }
    if insert_if_new(connection, lead, row) is not None:
        return True
    if response_id is not None:  # the firm sees the newest result
        known = update(lead).filter_by(contact_id=contact_id, vendor=vendor)
        connection.execute(known.values(response_id=response_id, commune=commune))
    return False
