"""mail: tickets, what is known of each mail, who was answered automatically, how far the mailbox was read"""

import sqlalchemy as sa
from alembic import op

from store.tables import EncryptedText, Id, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_ticket",
        sa.Column("id", Id, nullable=False),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("address", EncryptedText()),
        sa.Column("address_hash", sa.LargeBinary()),
        sa.Column("subject", EncryptedText()),
        sa.Column("last_message_id", EncryptedText()),
        sa.Column("thread", EncryptedText()),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_mail_ticket_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_ticket")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_mail_ticket_conversation_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mail_ticket_sender", "mail_ticket", ["address_hash", "opened_at"])
    op.create_table(
        "mail_message",
        sa.Column("inbound_id", Id, nullable=False),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("message_hash", sa.LargeBinary()),
        sa.Column("subject", EncryptedText()),
        sa.Column("authentication", sa.String(10), nullable=False),
        sa.Column("opens", sa.Boolean(), nullable=False),
        sa.Column("acknowledge", sa.Boolean(), nullable=False),
        sa.Column("refers_to", sa.Integer()),
        sa.Column("is_cut", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_mail_message_conversation_id")),
        sa.ForeignKeyConstraint(["inbound_id"], ["inbound.id"], name=op.f("fk_mail_message_inbound_id")),
        sa.PrimaryKeyConstraint("inbound_id", name=op.f("pk_mail_message")),
    )
    op.create_index(op.f("ix_mail_message_conversation_id"), "mail_message", ["conversation_id"])
    op.create_index(op.f("ix_mail_message_message_hash"), "mail_message", ["message_hash"])
    op.create_table(
        "mail_sender",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_mail_sender")),
    )
    op.create_index(op.f("ix_mail_sender_acknowledged_at"), "mail_sender", ["acknowledged_at"])
    op.create_table(
        "mailbox",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("uid_validity", sa.BigInteger()),
        sa.Column("last_uid", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("trouble", sa.String(60)),
        sa.Column("trouble_since", UtcDateTime()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mailbox")),
    )


def downgrade() -> None:
    for table in ("mailbox", "mail_sender", "mail_message", "mail_ticket"):
        op.drop_table(table)
