"""what must be forgotten again after a restore, and the keys that were in use before"""

import sqlalchemy as sa
from alembic import op

from store import tables

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forgotten",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=60)),
        sa.Column("at", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_forgotten"),
        sa.UniqueConstraint("uid", name="uq_forgotten_uid"),
    )
    op.create_table(
        "forgotten_key",
        sa.Column("forgotten_id", tables.Id, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["forgotten_id"], ["forgotten.id"], name="fk_forgotten_key_forgotten_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("forgotten_id", "key", name="pk_forgotten_key"),
    )
    op.create_index("ix_forgotten_key_key", "forgotten_key", ["key"])
    op.create_table(
        "former_key",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("fingerprint", sa.String(length=16), nullable=False),
        sa.Column("hash_key", tables.EncryptedText(), nullable=False),
        sa.Column("last_audit_row", tables.Id, nullable=False),
        sa.Column("retired_at", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_former_key"),
    )


def downgrade() -> None:
    for table in ("former_key", "forgotten_key", "forgotten"):
        op.drop_table(table)
