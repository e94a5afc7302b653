"""what owners and firms find difficult"""

import sqlalchemy as sa
from alembic import op

from store.tables import EncryptedText, Id, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "difficulty",
        sa.Column("id", Id, nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("category", sa.String(40), nullable=False),
        sa.Column("province", sa.String(40), nullable=False),
        sa.Column("commune", sa.String(10)),
        sa.Column("vendor", sa.String(40)),
        sa.Column("contact_id", Id),
        sa.Column("conversation_id", sa.String(32)),
        sa.Column("lead_id", Id),
        sa.Column("officer_id", Id),
        sa.Column("text", EncryptedText()),
        sa.Column("telling", sa.String(120)),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_difficulty"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_difficulty_contact_id"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_difficulty_conversation_id"),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name="fk_difficulty_lead_id"),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_difficulty_officer_id"),
        sa.UniqueConstraint("telling", name="uq_difficulty_telling"),
    )
    op.create_index("ix_difficulty_contact_id", "difficulty", ["contact_id"])
    op.create_index("ix_difficulty_report", "difficulty", ["province", "at"])
    op.create_index("ix_difficulty_conversation", "difficulty", ["conversation_id", "at"])


def downgrade() -> None:
    op.drop_table("difficulty")
