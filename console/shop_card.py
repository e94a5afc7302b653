"""Everything that the hotline knows of one shop and may write to it: who it is, what they agreed to and refused, what
was said in surveys, who may call, and which reminders they got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Table, select

from programme import links
from programme.ledger_table import masked
from programme.list_consents import said_of
from programme.shop_list import ShopRow
from store.campaign_tables import campaign, campaign_run, recipient
from store.registry_tables import do_not_call
from store.survey_tables import lead, survey_response
from store.tables import consent, contact, conversation, opt_out

MOST = 50


@dataclass(frozen=True)
class ShopCard:
    """`contacts`: name, masked number and since when, of all that are one person; `talks`: channel and number of their
    conversations. `refused_by_number`: the number refused, whoever has it. Rows of tables where nothing else is said.
    """

    row: ShopRow
    contacts: tuple[tuple[str | None, str, datetime], ...]
    talks: Sequence[RowMapping]
    consents: Sequence[RowMapping]
    opt_outs: Sequence[RowMapping]
    refused_by_number: bool
    is_on_register: bool
    surveys: Sequence[RowMapping]
    leads: Sequence[RowMapping]
    reminders: Sequence[RowMapping]


def shop_card(connection: Connection, row: ShopRow) -> ShopCard:
    """Of all contacts that are the same person as the shop's."""
    people = links.person(connection, row.contact_id)
    own = list(connection.execute(select(contact).where(contact.c.id.in_(people)).order_by(contact.c.id)))
    keys = [bytes(one.phone_key) for one in own if one.phone_key is not None]
    listed = select(do_not_call.c.phone_key).where(do_not_call.c.phone_key.in_(keys)).limit(1)
    return ShopCard(
        row=row,
        contacts=tuple((one.name, masked(one.phone), one.created_at) for one in own),
        talks=_rows(connection, select(*conversation.c["id", "channel", "last_heard_at"]), conversation, people),
        consents=_rows(connection, select(consent), consent, people),
        opt_outs=connection.execute(select(opt_out).where(opt_out.c.contact_id.in_(people))).mappings().all(),
        refused_by_number=any(one.is_opted_out for one in said_of(connection, keys).values()),
        is_on_register=connection.scalar(listed) is not None,
        surveys=_rows(
            connection,
            select(*survey_response.c["id", "status", "started_at", "completed_at", "level", "channel"]),
            survey_response,
            people,
        ),
        leads=_rows(connection, select(*lead.c["id", "vendor", "status", "created_at"]), lead, people),
        reminders=_rows(
            connection,
            select(
                *recipient.c["id", "kind", "channel", "status", "reason", "tried_at", "final_at"],
                campaign.c.id.label("campaign_id"),
                campaign.c.name.label("campaign"),
                campaign_run.c.due_at,
            )
            .join(campaign_run, campaign_run.c.id == recipient.c.run_id)
            .join(campaign, campaign.c.id == campaign_run.c.campaign_id),
            recipient,
            people,
        ),
    )


def _rows(connection: Connection, rows: Select[Any], table: Table, people: list[int]) -> Sequence[RowMapping]:
    newest = rows.where(table.c.contact_id.in_(people)).order_by(table.c.id.desc()).limit(MOST)
    return connection.execute(newest).mappings().all()
