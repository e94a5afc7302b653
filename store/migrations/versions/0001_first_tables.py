"""first tables"""

import sqlalchemy as sa
from alembic import op

from store import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("name", tables.EncryptedText()),
        sa.Column("phone", tables.EncryptedText()),
        sa.Column("phone_hash", sa.LargeBinary()),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
    )
    op.create_index("ix_contact_phone_hash", "contact", ["phone_hash"])

    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_fingerprint", sa.String(length=16), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_table(
        "contact_name_word",
        sa.Column("contact_id", tables.Id, nullable=False),
        sa.Column("word_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name="fk_contact_name_word_contact_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact_id", "word_hash", name="pk_contact_name_word"),
    )
    op.create_index("ix_contact_name_word_word_hash", "contact_name_word", ["word_hash"])

    op.create_table(
        "conversation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=100), nullable=False),
        sa.Column("contact_id", tables.Id, nullable=False),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("dialogue_state", tables.Json),
        sa.Column("offered", tables.Json),
        sa.Column("outage_told_at", tables.UtcDateTime()),
        sa.Column("wake_at", tables.UtcDateTime()),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_conversation_contact_id"),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
        sa.UniqueConstraint("channel", "address", name="uq_conversation_channel_address"),
    )
    op.create_index("ix_conversation_wake_at", "conversation", ["wake_at"])

    op.create_table(
        "escalation",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("opened_at", tables.UtcDateTime(), nullable=False),
        sa.Column("due_at", tables.UtcDateTime(), nullable=False),
        sa.Column("closed_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_escalation_conversation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_escalation"),
    )
    op.create_index("ix_escalation_conversation_id", "escalation", ["conversation_id"])
    op.create_index("ix_escalation_status", "escalation", ["status"])

    op.create_table(
        "inbound",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("provider_message_id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text()),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("reading", tables.Json),
        sa.Column("received_at", tables.UtcDateTime(), nullable=False),
        sa.Column("done_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_inbound_conversation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_inbound"),
        sa.UniqueConstraint("channel", "provider_message_id", name="uq_inbound_channel_provider_message_id"),
        sa.UniqueConstraint("conversation_id", "seq", name="uq_inbound_conversation_id_seq"),
    )
    op.create_index(
        "ix_inbound_pending",
        "inbound",
        ["conversation_id", "seq"],
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )

    op.create_table(
        "outbound",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("in_reply_to", tables.Id),
        sa.Column("sender", sa.String(length=20), nullable=False),
        sa.Column("reply", tables.Json, nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_outbound_conversation_id"),
        sa.ForeignKeyConstraint(["in_reply_to"], ["inbound.id"], name="fk_outbound_in_reply_to"),
        sa.PrimaryKeyConstraint("id", name="pk_outbound"),
        sa.UniqueConstraint("conversation_id", "seq", name="uq_outbound_conversation_id_seq"),
    )
