"""requests about personal data: identity, extension, who carried them out; copies; what must leave the disk"""

import sqlalchemy as sa
from alembic import op

from store.tables import EncryptedText, Id, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OPEN = sa.text("done_at IS NULL")


def upgrade() -> None:
    # SQLite makes the table anew (a column becomes nullable): nothing but indexes hangs on it
    with op.batch_alter_table("data_request") as batch_op:
        batch_op.alter_column("conversation_id", existing_type=sa.String(length=32), nullable=True)
        batch_op.add_column(sa.Column("stage", sa.String(length=20), server_default="officer", nullable=False))
        batch_op.add_column(sa.Column("came_by", sa.String(length=20), server_default="chat", nullable=False))
        batch_op.add_column(sa.Column("acknowledged_at", UtcDateTime()))
        batch_op.add_column(sa.Column("with_processor", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("extended_at", UtcDateTime()))
        batch_op.add_column(sa.Column("identity", sa.String(length=20)))
        batch_op.add_column(sa.Column("identity_at", UtcDateTime()))
        batch_op.add_column(sa.Column("wrong_proofs", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("confirmed_at", UtcDateTime()))
        batch_op.add_column(sa.Column("refusal", sa.String(length=40)))
        batch_op.add_column(sa.Column("words", EncryptedText()))
        batch_op.add_column(sa.Column("finished_at", UtcDateTime()))
        batch_op.add_column(sa.Column("officer_id", Id))
        batch_op.create_foreign_key("fk_data_request_officer_id", "officer", ["officer_id"], ["id"])
    op.create_index("ix_channel_link_from_contact_id", "channel_link", ["from_contact_id"])
    op.create_table(
        "data_copy",
        sa.Column("id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("request_id", Id, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("opened", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data_copy"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_data_copy_contact_id"),
        sa.ForeignKeyConstraint(["request_id"], ["data_request.id"], name="fk_data_copy_request_id"),
        sa.UniqueConstraint("token_hash", name="uq_data_copy_token_hash"),
    )
    op.create_index("ix_data_copy_contact_id", "data_copy", ["contact_id"])
    op.create_index("ix_data_copy_expires_at", "data_copy", ["expires_at"])
    op.create_table(
        "purge",
        sa.Column("id", Id, nullable=False),
        sa.Column("why", sa.String(20), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime()),
        sa.Column("is_partial", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_purge"),
    )
    op.create_index("ix_purge_open", "purge", ["id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "retention_progress",
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("up_to", Id, nullable=False),
        sa.PrimaryKeyConstraint("rule", name="pk_retention_progress"),
    )


def downgrade() -> None:
    op.drop_table("retention_progress")
    op.drop_table("purge")
    op.drop_table("data_copy")
    op.drop_index("ix_channel_link_from_contact_id", "channel_link")
    with op.batch_alter_table("data_request") as batch_op:
        batch_op.drop_constraint("fk_data_request_officer_id", type_="foreignkey")
        for column in (
            *("officer_id", "finished_at", "words", "refusal", "confirmed_at", "wrong_proofs", "identity_at"),
            *("identity", "extended_at", "with_processor", "acknowledged_at", "came_by", "stage"),
        ):
            batch_op.drop_column(column)
        batch_op.alter_column("conversation_id", existing_type=sa.String(length=32), nullable=False)
