"""A consent is withdrawn: all of them, or those of one matter, with what was kept or passed on because of them.

Withdrawing is as easy as agreeing and works at once (Law 91/2025/QH15). The rows stay as the proof of what was agreed
to and until when; what was done before stays lawful.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from programme import links, responses
from programme.responses import FIRM_CONSENTS, SURVEY_CONSENT
from store import forgotten
from store.crypto import Keyring
from store.tables import consent, shop, shop_domain

DOMAIN_CONSENT = "domain_reminder"
# To messages that invite and introduce, which the law calls advertising (bulk_law.py). Silence never gives it.
NEWS_CONSENT = "programme_news"
# By what an owner may name; who withdraws the survey withdraws what was agreed to with it.
MATTERS: Mapping[str, tuple[str, ...]] = {
    "domain": (DOMAIN_CONSENT,),
    "firms": FIRM_CONSENTS,
    "survey": (SURVEY_CONSENT, *FIRM_CONSENTS),
}


def withdraw(
    connection: Connection,
    keyring: Keyring,
    contact_id: int,
    now: datetime,
    matter: str | None = None,
    is_noted: bool = True,
) -> None:
    """End the consents of a person, on all linked channels. `matter`: of MATTERS; None: every purpose there is.

    `is_noted`: False when it is done again after a restore, from what was noted then.
    """
    people = links.person(connection, contact_id)
    if is_noted:
        keys = forgotten.keys_of(connection, keyring, people)  # afterwards less is known of them
        forgotten.record(connection, now, forgotten.Kind.CONSENT_WITHDRAWN, keys, matter)
    if matter == "firms":
        responses.withdraw_contact_consents(connection, people, now, now)
        return
    in_force = update(consent).where(consent.c.contact_id.in_(people), consent.c.withdrawn_at.is_(None))
    if matter is not None:
        in_force = in_force.where(consent.c.purpose.in_(MATTERS[matter]))
    if matter in (None, "domain"):
        shops = select(shop.c.id).where(shop.c.contact_id.in_(people))
        connection.execute(delete(shop_domain).where(shop_domain.c.shop_id.in_(shops)))
    connection.execute(in_force.values(withdrawn_at=now))
    if matter in (None, "survey"):
        responses.forget(connection, keyring, contact_id, now)
