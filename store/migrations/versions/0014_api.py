"""tokens of partners and the answers to repeated calls"""

import sqlalchemy as sa
from alembic import op

from store import tables

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.String(length=12), nullable=False),
        sa.Column("scopes", tables.Json, nullable=False),
        sa.Column("vendor", sa.String(length=40)),
        sa.Column("communes", tables.Json),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.Column("expires_at", tables.UtcDateTime(), nullable=False),
        sa.Column("used_at", tables.UtcDateTime()),
        sa.Column("revoked_at", tables.UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_table(
        "api_answer",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("token_id", tables.Id, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("call_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", tables.Json, nullable=False),
        sa.Column("body", tables.EncryptedText(), nullable=False),
        sa.Column("answered_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["api_token.id"], name="fk_api_answer_token_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_answer"),
        sa.UniqueConstraint("token_id", "key", name="uq_api_answer_token_id_key"),
    )
    op.create_index("ix_api_answer_answered_at", "api_answer", ["answered_at"])


def downgrade() -> None:
    op.drop_table("api_answer")
    op.drop_table("api_token")
