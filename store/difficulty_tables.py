"""The table of difficulties: what owners, firms and officers say is hard, each telling once."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table

from store.survey_tables import metadata
from store.tables import EncryptedText, Id, UtcDateTime

__all__ = ["difficulty", "metadata"]

difficulty = Table(
    "difficulty",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String(10), nullable=False),  # owner | vendor | officer
    Column("category", String(40), nullable=False),  # an id of content/national/difficulties.yaml
    Column("province", String(40), nullable=False),
    Column("commune", String(10)),
    Column("vendor", String(40)),  # the firm that told it, or that it is about; an id of the province's pack
    # Whom it came from. All of these, and the text, may be cut off: what is counted stays.
    Column("contact_id", Id, ForeignKey("contact.id"), index=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id")),
    Column("lead_id", Id, ForeignKey("lead.id")),
    Column("officer_id", Id, ForeignKey("officer.id")),  # who noted it
    Column("text", EncryptedText),
    Column("telling", String(120), unique=True),  # what names this telling, so that it is not counted twice
    Column("at", UtcDateTime, nullable=False),
)
Index("ix_difficulty_report", difficulty.c.province, difficulty.c.at)
Index("ix_difficulty_conversation", difficulty.c.conversation_id, difficulty.c.at)
