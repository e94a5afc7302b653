"""annotations, trained models and which of them answers"""

import hashlib
import re
import unicodedata

import sqlalchemy as sa
from alembic import op

from store import tables

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BATCH = 1_000


def upgrade() -> None:
    # Without batch: on SQLite that would make the table anew
    op.add_column("review", sa.Column("phrase", sa.String(length=32), server_default="", nullable=False))
    op.add_column("review", sa.Column("read_as", sa.String(length=80)))
    op.add_column("review", sa.Column("commune", sa.String(length=10)))
    op.add_column("review", sa.Column("marked_by", sa.String(length=80)))
    _name_what_is_there()
    op.create_index("ix_review_phrase", "review", ["phrase"])
    _annotation()
    op.create_table(
        "trained_model",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("release", sa.String(length=32), nullable=False),
        sa.Column("lessons", tables.Json, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("figures", tables.Json),
        sa.Column("made_at", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trained_model"),
        sa.UniqueConstraint("name", name="uq_trained_model_name"),
    )
    op.create_table(
        "model_activation",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("model_id", tables.Id, nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("officer_id", tables.Id),
        sa.Column("at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["trained_model.id"], name="fk_model_activation_model_id"),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_model_activation_officer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_model_activation"),
    )
    _training()


def _annotation() -> None:
    op.create_table(
        "annotation",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("about", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("phrase", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("intent", sa.String(length=80)),
        sa.Column("entry", sa.String(length=80)),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("officer_id", tables.Id, nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.Column("ended_at", tables.UtcDateTime()),
        sa.Column("ended_by", tables.Id),
        sa.Column("ended_why", sa.String(length=20)),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_annotation_officer_id"),
        sa.ForeignKeyConstraint(["ended_by"], ["officer.id"], name="fk_annotation_ended_by"),
        sa.PrimaryKeyConstraint("id", name="pk_annotation"),
    )
    stands = sa.text("state = 'stands'")
    op.create_index(
        "uq_annotation_stands", "annotation", ["about"], unique=True, sqlite_where=stands, postgresql_where=stands
    )
    op.create_index("ix_annotation_about", "annotation", ["about", "state"])
    op.create_index("ix_annotation_key", "annotation", ["key"])


def _training() -> None:
    op.create_table(
        "training",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("slot", sa.Integer()),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("officer_id", tables.Id),
        sa.Column("asked_at", tables.UtcDateTime(), nullable=False),
        sa.Column("holder", sa.String(length=32)),
        sa.Column("lease_until", tables.UtcDateTime()),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("phase", sa.String(length=20)),
        sa.Column("started_at", tables.UtcDateTime()),
        sa.Column("ended_at", tables.UtcDateTime()),
        sa.Column("fault", sa.Text()),
        sa.Column("model_id", tables.Id),
        sa.Column("verdict", tables.Json),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_training_officer_id"),
        sa.ForeignKeyConstraint(["model_id"], ["trained_model.id"], name="fk_training_model_id"),
        sa.PrimaryKeyConstraint("id", name="pk_training"),
        sa.UniqueConstraint("slot", name="uq_training_slot"),
    )


def _name_what_is_there() -> None:
    """The key of each phrase and what it was read as, as bot/effects.py writes them from now on."""
    review = sa.table(
        "review",
        sa.column("id", tables.Id),
        sa.column("text", sa.Text()),
        sa.column("ranking", tables.Json),
        sa.column("phrase", sa.String()),
        sa.column("read_as", sa.String()),
    )
    connection, last = op.get_bind(), 0
    columns = (review.c.id, review.c.text, review.c.ranking)
    while True:
        found = sa.select(*columns).where(review.c.id > last).order_by(review.c.id).limit(_BATCH)
        rows = connection.execute(found).all()
        for id_, text, ranking in rows:
            values = {"phrase": _key(text), "read_as": _first(ranking)}
            connection.execute(sa.update(review).where(review.c.id == id_).values(values))
        if len(rows) < _BATCH:
            return
        last = rows[-1][0]


def _key(text: str) -> str:
    """As programme/taught_phrases.py had it at this revision."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    folded = "".join(c for c in decomposed if not unicodedata.combining(c))
    said = " ".join(re.findall(r"[^\W_]+", folded)) or "".join(text.split())
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _first(ranking: list[dict[str, object]] | None) -> str | None:
    names = (str(one.get("name")) for one in ranking or ())
    return next((name[:80] for name in names if name != "nlu_fallback"), None)


def downgrade() -> None:
    for table in ("training", "model_activation", "trained_model", "annotation"):
        op.drop_table(table)
    op.drop_index("ix_review_phrase", "review")
    for column in ("marked_by", "commune", "read_as", "phrase"):
        op.drop_column("review", column)
