"""The tables of the survey and of what follows from it: responses, leads, classes, and the scheduler's jobs."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from store.tables import EncryptedText, Id, Json, UtcDateTime, metadata

__all__ = ["class_place", "due_job", "lead", "leader", "metadata", "survey_response", "training_class"]

# One survey of one owner, with every answer as it came. `answers` holds choices by item id; what could name a person
# or a shop (names, telephone, address, free text) is in `personal`, by the same ids.
survey_response = Table(
    "survey_response",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False, index=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id")),  # null: filled in by an officer, or on paper
    Column("survey", String(40), nullable=False),
    Column("version", String(20), nullable=False),  # the wording it began with, and is scored by
    Column("status", String(10), nullable=False),  # open | done | earlier (a later one of the same contact is done)
    Column("revision", Integer, nullable=False),  # every change checks and raises it
    Column("cursor", String(10)),  # the item that is being answered again
    Column("answers", Json, nullable=False),
    Column("personal", EncryptedText),
    Column("form", String(10)),  # full | core
    Column("province", String(40), nullable=False),
    Column("commune", String(10)),
    Column("trade", String(20)),
    Column("result", String(12)),  # ok | estimate | insufficient; null while open
    Column("total_tenths", Integer),
    Column("level", Integer),
    Column("pillar_tenths", Json),
    Column("code", String(32), unique=True),  # the secret part of the address of its picture and sheet
    Column("channel", String(20), nullable=False),
    Column("assisted_by", String(80)),  # the officer who filled it in for the owner
    # Of a row on paper or of a form of the console, so that what is sent a second time finds the first
    Column("import_key", String(64), unique=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("completed_at", UtcDateTime),
)
# One survey under way per person: a second "làm khảo sát" finds the first, on whatever channel.
Index(
    "uq_survey_response_open",
    survey_response.c.contact_id,
    unique=True,
    sqlite_where=survey_response.c.status == "open",
    postgresql_where=survey_response.c.status == "open",
)
# What `hotline report survey` counts, so that it never reads the rows themselves (store/queries.py).
Index(
    "ix_survey_response_report",
    survey_response.c.province,
    survey_response.c.commune,
    survey_response.c.trade,
    survey_response.c.level,
    sqlite_where=survey_response.c.status == "done",
    postgresql_where=survey_response.c.status == "done",
)
# Who is surveyed, for segments (programme/segment_query.py)
Index(
    "ix_survey_response_done",
    survey_response.c.contact_id,
    sqlite_where=survey_response.c.status == "done",
    postgresql_where=survey_response.c.status == "done",
)
Index(
    "ix_survey_response_abandoned",
    survey_response.c.updated_at,
    sqlite_where=survey_response.c.status == "open",
    postgresql_where=survey_response.c.status == "open",
)

# An owner whom a firm may call, on the ground of the consent that the row names. A second wish finds the first. When
# the consent is withdrawn, contact, response and consent are cut off and an anonymous row stays to be counted
# (programme/lead_withdrawal.py). Every change of `status` is a row of lead_step (programme/lead_life.py).
lead = Table(
    "lead",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id")),
    Column("vendor", String(40), nullable=False),  # a vendor's id of the province's pack
    Column("response_id", Id, ForeignKey("survey_response.id")),
    Column("province", String(40), nullable=False),
    Column("commune", String(10)),
    Column("status", String(20), nullable=False, index=True),  # see programme/lead_states.py
    Column("consent_id", Id, ForeignKey("consent.id")),  # null while the owner is asked for it
    Column("created_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),  # every step checks and raises it
    Column("status_at", UtcDateTime),
    Column("accept_by", UtcDateTime),  # until when the firm may take it up
    Column("round", Integer, nullable=False, server_default="0"),  # how many firms had it before
    Column("offered_from", Id, ForeignKey("lead.id")),  # the lead of the firm that did not take it
    Column("reason", String(40)),  # why it was refused
    Column("unserved_since", UtcDateTime),  # no firm has it: it waits for the programme's people
    Column("reminded_at", UtcDateTime),  # the firm's people, of the deadline
    # What the owner was told and asked, once each, and what they answered: called | not_called
    Column("consent_asked_at", UtcDateTime),
    Column("taken_up_told_at", UtcDateTime),
    Column("call_asked_at", UtcDateTime),
    Column("owner_said", String(20)),
    Column("owner_said_at", UtcDateTime),
    UniqueConstraint("contact_id", "vendor"),
)
Index(
    "ix_lead_accept_by",
    lead.c.accept_by,
    sqlite_where=lead.c.status == "offered",
    postgresql_where=lead.c.status == "offered",
)

# A class, as officers enter it (hotline import classes FILE).
training_class = Table(
    "training_class",
    metadata,
    Column("id", Id, primary_key=True),
    Column("province", String(40), nullable=False, index=True),
    Column("commune", String(10)),  # null: for the whole province
    Column("topic", String(40), nullable=False),
    Column("title", String(120), nullable=False),
    Column("place", String(160), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("seats", Integer, nullable=False),
    UniqueConstraint("province", "starts_at", "place", "title"),
)

# Who wants to learn: a place in a class, or (class_id null) the wish for one on a topic in a commune.
class_place = Table(
    "class_place",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False),
    Column("class_id", Id, ForeignKey("training_class.id")),
    Column("topic", String(40), nullable=False),
    Column("province", String(40), nullable=False),
    Column("commune", String(10)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("attended_at", UtcDateTime),  # ticked at the class; null: not (yet)
    Column("ticked_by", Id, ForeignKey("officer.id")),
    UniqueConstraint("class_id", "contact_id"),
)
Index(
    "uq_class_place_wish",
    class_place.c.contact_id,
    class_place.c.topic,
    unique=True,
    sqlite_where=class_place.c.class_id.is_(None),
    postgresql_where=class_place.c.class_id.is_(None),
)

# What the scheduler's ticks have made due: one row per kind and instant, so two tickers make one job.
due_job = Table(
    "due_job",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    UniqueConstraint("kind", "due_at"),
)

# Who may act alone, until when.
leader = Table(
    "leader",
    metadata,
    Column("role", String(40), primary_key=True),
    Column("holder", String(32), nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
