"""channels: delivery states, attachments, events, Zalo's tokens, links between channels, alarms"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from store import tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _conversation_and_messages()
    _what_comes_in()
    op.create_table(
        "zalo_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("access", tables.EncryptedText(), nullable=False),
        sa.Column("refresh", tables.EncryptedText(), nullable=False),
        sa.Column("expires_at", tables.UtcDateTime(), nullable=False),
        sa.Column("issued_at", tables.UtcDateTime(), nullable=False),
        sa.Column("refreshing", sa.String(length=32)),
        sa.Column("refreshing_until", tables.UtcDateTime()),
        sa.Column("trouble", sa.String(length=60)),
        sa.PrimaryKeyConstraint("id", name="pk_zalo_token"),
    )
    _links()
    op.create_table(
        "alarm",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("opened_at", tables.UtcDateTime(), nullable=False),
        sa.Column("told_at", tables.UtcDateTime()),
        sa.Column("closed_at", tables.UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_alarm"),
    )
    _partial_index("uq_alarm_open", "alarm", ["name"], "closed_at IS NULL", unique=True)
    op.create_table(
        "ticket",
        sa.Column("ticket_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_hash", name="pk_ticket"),
    )
    op.create_index("ix_ticket_expires_at", "ticket", ["expires_at"])


def _conversation_and_messages() -> None:
    of_conversation: tuple[sa.Column[Any], ...] = (
        sa.Column("send_at", tables.UtcDateTime()),
        sa.Column("send_bulk", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("last_heard_at", tables.UtcDateTime()),
        sa.Column("unreachable", sa.String(length=40)),
        sa.Column("provider_state", tables.Json),
    )
    for column in of_conversation:
        op.add_column("conversation", column)
    _partial_index("ix_conversation_send", "conversation", ["send_bulk", "send_at"], "send_at IS NOT NULL")
    op.add_column("inbound", sa.Column("attached", tables.Json))
    of_outbound: tuple[sa.Column[Any], ...] = (
        # what was said before there were channels that push has been fetched
        sa.Column("status", sa.String(length=20), nullable=False, server_default="sent"),
        sa.Column("bulk", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("attempt", sa.String(length=32)),
        sa.Column("error", sa.String(length=60)),
        sa.Column("provider_message_id", sa.String(length=100)),
        sa.Column("decide_at", tables.UtcDateTime()),
        sa.Column("sent_at", tables.UtcDateTime()),
        sa.Column("delivered_at", tables.UtcDateTime()),
        sa.Column("seen_at", tables.UtcDateTime()),
    )
    for column in of_outbound:
        op.add_column("outbound", column)
    op.create_index("ix_outbound_provider_message_id", "outbound", ["provider_message_id"])
    _partial_index("ix_inbound_flood", "inbound", ["id"], "status = 'flood'")
    undelivered = "status IN ('waiting', 'sending', 'uncertain', 'held')"
    _partial_index("ix_outbound_undelivered", "outbound", ["conversation_id", "seq"], undelivered)
    _partial_index(
        "ix_outbound_troubled", "outbound", ["status", "created_at"], "status IN ('uncertain', 'failed', 'held')"
    )


def _what_comes_in() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("inbound_id", tables.Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source", tables.EncryptedText()),
        sa.Column("name", tables.EncryptedText()),
        sa.Column("media_type", sa.String(length=100)),
        sa.Column("size", sa.Integer()),
        sa.Column("seconds", sa.Integer()),
        sa.Column("place", tables.EncryptedText()),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("fetch_at", tables.UtcDateTime()),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("error", sa.String(length=60)),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("stored_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["inbound_id"], ["inbound.id"], name="fk_attachment_inbound_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
        sa.UniqueConstraint("inbound_id", "position", name="uq_attachment_inbound_id_position"),
    )
    op.create_index("ix_attachment_fetch_at", "attachment", ["fetch_at"])
    _partial_index("ix_attachment_failed", "attachment", ["id"], "status = 'failed'")
    op.create_table(
        "channel_event",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("event_id", sa.String(length=140), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("error", sa.String(length=200)),
        sa.Column("body", tables.EncryptedText()),
        sa.Column("received_at", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channel_event"),
        sa.UniqueConstraint("channel", "event_id", name="uq_channel_event_channel_event_id"),
    )
    op.create_index("ix_channel_event_received_at", "channel_event", ["received_at"])
    _partial_index("ix_channel_event_dead", "channel_event", ["status"], "status = 'dead'")


def _links() -> None:
    op.create_table(
        "link_code",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_link_code_conversation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_link_code"),
        sa.UniqueConstraint("conversation_id", name="uq_link_code_conversation_id"),
        sa.UniqueConstraint("code_hash", name="uq_link_code_code_hash"),
    )
    op.create_table(
        "channel_link",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("from_contact_id", tables.Id, nullable=False),
        sa.Column("to_contact_id", tables.Id, nullable=False),
        sa.Column("linked_at", tables.UtcDateTime(), nullable=False),
        sa.Column("undone_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_channel_link_conversation_id"),
        sa.ForeignKeyConstraint(["from_contact_id"], ["contact.id"], name="fk_channel_link_from_contact_id"),
        sa.ForeignKeyConstraint(["to_contact_id"], ["contact.id"], name="fk_channel_link_to_contact_id"),
        sa.PrimaryKeyConstraint("id", name="pk_channel_link"),
    )
    op.create_index("ix_channel_link_conversation_id", "channel_link", ["conversation_id"])
    op.create_index("ix_channel_link_to_contact_id", "channel_link", ["to_contact_id"])


def _partial_index(name: str, table: str, columns: list[str], where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
