"""The tables of what firms do with their leads and report: the steps of a lead, notes, whose turn it is, who must be
told, and the report of each period.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from store.survey_tables import metadata
from store.tables import EncryptedText, Id, Json, UtcDateTime

__all__ = ["lead_note", "lead_step", "metadata", "vendor_notice", "vendor_report", "vendor_turn"]

# Every step of a lead's life; `lead` itself holds only where it stands. `version` is the lead's after the step: two
# steps from one version cannot both be kept. `text` may name a person and goes with the consent; the rest is counted.
lead_step = Table(
    "lead_step",
    metadata,
    Column("id", Id, primary_key=True),
    Column("lead_id", Id, ForeignKey("lead.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("from_status", String(20)),  # null: the lead was made
    Column("to_status", String(20), nullable=False),
    Column("actor", String(80), nullable=False),  # as the audit log names people; "owner", "hotline"
    Column("account_id", Id),  # null: nobody who signs in
    Column("reason", String(40)),  # of a refusal: an id of content/national/refusal_reasons.yaml
    Column("text", EncryptedText),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("lead_id", "version"),
)
Index("ix_lead_step_report", lead_step.c.at)

# What a firm writes to the programme about a lead.
lead_note = Table(
    "lead_note",
    metadata,
    Column("id", Id, primary_key=True),
    Column("lead_id", Id, ForeignKey("lead.id"), nullable=False, index=True),
    Column("actor", String(80), nullable=False),
    Column("account_id", Id),
    Column("text", EncryptedText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# Whose turn it was last among the firms of a province, for leads that another firm did not take: the one with the
# lowest number is next.
vendor_turn = Table(
    "vendor_turn",
    metadata,
    Column("province", String(40), primary_key=True),
    Column("vendor", String(40), primary_key=True),
    Column("turn", Integer, nullable=False),
)

# What people of firms and those who oversee them are told off the page, once each.
vendor_notice = Table(
    "vendor_notice",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("kind", String(20), nullable=False),  # lead_due | lead_gone | report_due | report_late | report_day
    Column("about", String(80), nullable=False),  # "lead 12 3" (number and version), "report VNPT 2026-11", …
    Column("lead_id", Id, ForeignKey("lead.id")),
    Column("status", String(10), nullable=False),  # waiting | told | failed | void (over before it could be told)
    Column("created_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),
    UniqueConstraint("account_id", "kind", "about"),
)
Index(
    "ix_vendor_notice_waiting",
    vendor_notice.c.id,
    sqlite_where=vendor_notice.c.status == "waiting",
    postgresql_where=vendor_notice.c.status == "waiting",
)

# What a firm reports of a period besides what the hotline counts itself.
vendor_report = Table(
    "vendor_report",
    metadata,
    Column("id", Id, primary_key=True),
    Column("province", String(40), nullable=False),
    Column("vendor", String(40), nullable=False),
    Column("period", String(7), nullable=False),  # its first month, "2026-11"
    Column("version", Integer, nullable=False),  # every correction checks and raises it
    Column("supported_outside", Integer, nullable=False),  # shops that it supports without the hotline
    Column("difficulties", Json, nullable=False),  # number of shops by category
    Column("text", EncryptedText),
    Column("actor", String(80), nullable=False),
    Column("account_id", Id),
    Column("submitted_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("province", "vendor", "period"),
)
