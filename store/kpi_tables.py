"""The tables of the programme's figures: what happened per day and commune, counted anew by the job "kpi"
(scheduler/kpi_counts.py), and how the samples of the awareness survey were drawn.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Integer, String, Table

from store.tables import Id, Json, UtcDateTime, metadata

__all__ = ["awareness_round", "awareness_sample", "kpi_as_of", "kpi_count", "kpi_line", "metadata"]

# How often something happened until the end of a day, where the hotline is (for shops: how many had got so far); only
# days on which something happened. A commune "" is unknown, a part "" is the whole. Everything of a province is written
# in one transaction.
kpi_count = Table(
    "kpi_count",
    metadata,
    Column("province", String(40), primary_key=True),
    Column("metric", String(20), primary_key=True),
    Column("part", String(20), primary_key=True),
    Column("commune", String(10), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("until", Integer, nullable=False),
)

# Which lines there are in kpi_count, with their ends: what a page asks first, and often all that it needs.
kpi_line = Table(
    "kpi_line",
    metadata,
    Column("province", String(40), primary_key=True),
    Column("metric", String(20), primary_key=True),
    Column("part", String(20), primary_key=True),
    Column("commune", String(10), primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("total", Integer, nullable=False),
)

# When the counts of a province were taken: they are the truth of that instant.
kpi_as_of = Table(
    "kpi_as_of",
    metadata,
    Column("province", String(40), primary_key=True),
    Column("as_of", UtcDateTime, nullable=False),
)

# One question to a random sample, sent by a campaign of its own: with `seed` the same list of shops gives the same
# sample again (programme/awareness_rounds.py).
awareness_round = Table(
    "awareness_round",
    metadata,
    Column("id", Id, primary_key=True),
    Column("province", String(40), nullable=False, index=True),
    Column("campaign_id", Id, ForeignKey("campaign.id"), nullable=False, unique=True),
    Column("population", Json, nullable=False),  # an expression of programme/segments.py
    Column("seed", BigInteger, nullable=False),
    Column("wanted", Integer, nullable=False),  # how many were to be drawn
    Column("drawn", Integer, nullable=False),
    Column("listed", Integer, nullable=False),  # shops that could be drawn
    Column("created_by", String(80), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# Who was drawn: the campaign's audience, and who is left out of the next rounds.
awareness_sample = Table(
    "awareness_sample",
    metadata,
    Column("round_id", Id, ForeignKey("awareness_round.id"), primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id"), primary_key=True, index=True),
)
