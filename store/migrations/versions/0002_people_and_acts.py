"""people and acts: officers, leases, consents, requests, domains, reviews, approvals"""

import sqlalchemy as sa
from alembic import op

from store import tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("language", sa.String(length=2)))
    for counter in ("notice_version", "unclear_turns"):
        op.add_column("conversation", sa.Column(counter, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("inbound", sa.Column("masked", tables.Json))

    op.create_table(
        "officer",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_officer"),
        sa.UniqueConstraint("name", name="uq_officer_name"),
    )

    op.create_table(
        "consent",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("contact_id", tables.Id, nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("given_at", tables.UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_consent_contact_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_contact_id", "consent", ["contact_id"])

    op.create_table(
        "opt_out",
        sa.Column("contact_id", tables.Id, nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("inbound_id", tables.Id, nullable=False),
        sa.Column("at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["inbound_id"], ["inbound.id"], name="fk_opt_out_inbound_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_opt_out_contact_id"),
        sa.PrimaryKeyConstraint("contact_id", name="pk_opt_out"),
    )

    op.create_table(
        "data_request",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("contact_id", tables.Id, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("opened_at", tables.UtcDateTime(), nullable=False),
        sa.Column("acknowledge_by", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_data_request_contact_id"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_data_request_conversation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_data_request"),
    )
    op.create_index("ix_data_request_contact_id", "data_request", ["contact_id"])
    op.create_index("ix_data_request_status", "data_request", ["status"])
    op.create_index(
        "uq_data_request_open",
        "data_request",
        ["contact_id", "kind"],
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )

    op.create_table(
        "shop",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("contact_id", tables.Id, nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_shop_contact_id"),
        sa.PrimaryKeyConstraint("id", name="pk_shop"),
        sa.UniqueConstraint("contact_id", name="uq_shop_contact_id"),
    )

    op.create_table(
        "shop_domain",
        sa.Column("shop_id", tables.Id, nullable=False),
        sa.Column("tld", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("active_since", sa.Date()),
        sa.Column("expires_on", sa.Date()),
        sa.Column("consent_id", tables.Id, nullable=False),
        sa.Column("updated_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name="fk_shop_domain_consent_id"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_shop_domain_shop_id"),
        sa.PrimaryKeyConstraint("shop_id", "tld", name="pk_shop_domain"),
    )

    op.create_table(
        "review",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("inbound_id", tables.Id, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("ranking", tables.Json),
        sa.Column("entry", sa.String(length=80)),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["inbound_id"], ["inbound.id"], name="fk_review_inbound_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sa.UniqueConstraint("inbound_id", "kind", name="uq_review_inbound_id_kind"),
    )

    op.create_table(
        "content_approval",
        sa.Column("pack", sa.String(length=40), nullable=False),
        sa.Column("entry", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("approved_by", sa.String(length=80), nullable=False),
        sa.Column("approved_at", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("pack", "entry", "digest", name="pk_content_approval"),
    )

    with op.batch_alter_table("escalation") as escalation:
        escalation.add_column(sa.Column("officer_id", tables.Id))
        escalation.add_column(sa.Column("lease_until", tables.UtcDateTime()))
        escalation.add_column(sa.Column("answered_at", tables.UtcDateTime()))
        escalation.create_foreign_key("fk_escalation_officer_id", "officer", ["officer_id"], ["id"])
        escalation.create_index("ix_escalation_lease_until", ["lease_until"])
