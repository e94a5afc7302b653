"""The tables of teaching the bot: what officers say a phrase means, trainings, the models they made, and which answered
when. The turns that a person should look at are `review` (store/tables.py).
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from store.tables import Id, Json, UtcDateTime, metadata

__all__ = ["annotation", "metadata", "model_activation", "trained_model", "training"]

# What somebody said about a phrase. Nothing is overwritten: what does not hold any more is ended, and stays.
annotation = Table(
    "annotation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("about", String(32), nullable=False),  # review.phrase: what came in
    Column("key", String(32), nullable=False, index=True),  # of `phrase`; the same as `about` unless it was edited
    Column("phrase", Text, nullable=False),  # what is trained on; without personal data, so that it may stay
    Column("verdict", String(20), nullable=False),  # intent | not_a_question | content_missing
    Column("intent", String(80)),
    Column("entry", String(80)),  # the answer that was chosen, where it was chosen by its answer
    Column("state", String(20), nullable=False),  # stands | disputed (waits for a supervisor) | ended
    Column("officer_id", Id, ForeignKey("officer.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ended_by", Id, ForeignKey("officer.id")),
    Column("ended_why", String(20)),  # changed | decided | dropped
)
Index(
    "uq_annotation_stands",
    annotation.c.about,
    unique=True,
    sqlite_where=annotation.c.state == "stands",
    postgresql_where=annotation.c.state == "stands",
)
Index("ix_annotation_about", annotation.c.about, annotation.c.state)

# A model that may be switched to, or was refused. `release`: of the files it was trained from.
trained_model = Table(
    "trained_model",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),  # of its archive, without the ending
    Column("release", String(32), nullable=False),
    Column("lessons", Json, nullable=False),  # the annotations in it, by id
    Column("state", String(20), nullable=False),  # ready | refused
    Column("figures", Json),  # on the held-out set; null: it came with a release
    Column("made_at", UtcDateTime, nullable=False),
)

# Only added to: the newest row names the model that answers.
model_activation = Table(
    "model_activation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("model_id", Id, ForeignKey("trained_model.id"), nullable=False),
    Column("why", String(20), nullable=False),  # release | gate | chosen
    Column("officer_id", Id, ForeignKey("officer.id")),  # null: the hotline itself, or the command line
    Column("at", UtcDateTime, nullable=False),
)

training = Table(
    "training",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slot", Integer, unique=True),  # 1 until it has ended, then null: one at a time
    Column("state", String(20), nullable=False),  # waiting | running | passed | refused | failed
    Column("why", String(20), nullable=False),  # asked | release
    Column("officer_id", Id, ForeignKey("officer.id")),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("holder", String(32)),  # the process that trains
    Column("lease_until", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("phase", String(20)),  # training | comparing
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("fault", Text),  # why it failed, for a technician
    Column("model_id", Id, ForeignKey("trained_model.id")),
    Column("verdict", Json),  # of the gate (programme/model_gate.py)
)
