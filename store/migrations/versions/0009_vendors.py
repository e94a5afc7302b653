"""what becomes of a lead, and what firms report"""

import sqlalchemy as sa
from alembic import op

from store import tables

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _lead()
    op.create_table(
        "lead_step",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("lead_id", tables.Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("from_status", sa.String(length=20)),
        sa.Column("to_status", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("account_id", tables.Id),
        sa.Column("reason", sa.String(length=40)),
        sa.Column("text", tables.EncryptedText()),
        sa.Column("at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name="fk_lead_step_lead_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lead_step"),
        sa.UniqueConstraint("lead_id", "version", name="uq_lead_step_lead_id_version"),
    )
    op.create_index("ix_lead_step_report", "lead_step", ["at"])
    # Leads made before firms could answer have been offered ever since; their deadline begins when the hotline runs.
    op.execute(
        "INSERT INTO lead_step (lead_id, version, from_status, to_status, actor, at)"
        " SELECT id, 1, NULL, status, 'hotline', created_at FROM lead"
    )
    op.create_table(
        "lead_note",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("lead_id", tables.Id, nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("account_id", tables.Id),
        sa.Column("text", tables.EncryptedText(), nullable=False),
        sa.Column("at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name="fk_lead_note_lead_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lead_note"),
    )
    op.create_index("ix_lead_note_lead_id", "lead_note", ["lead_id"])
    op.create_table(
        "vendor_turn",
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("vendor", sa.String(length=40), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("province", "vendor", name="pk_vendor_turn"),
    )
    _notices()
    op.create_table(
        "vendor_report",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("vendor", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("supported_outside", sa.Integer(), nullable=False),
        sa.Column("difficulties", tables.Json, nullable=False),
        sa.Column("text", tables.EncryptedText()),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("account_id", tables.Id),
        sa.Column("submitted_at", tables.UtcDateTime(), nullable=False),
        sa.Column("changed_at", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vendor_report"),
        sa.UniqueConstraint("province", "vendor", "period", name="uq_vendor_report_province_vendor_period"),
    )


def _lead() -> None:
    # SQLite makes the table anew, since a column that becomes nullable cannot be altered there; `lead` has no triggers
    with op.batch_alter_table("lead") as lead:
        lead.alter_column("contact_id", existing_type=tables.Id, nullable=True)
        lead.alter_column("consent_id", existing_type=tables.Id, nullable=True)
        lead.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        lead.add_column(sa.Column("status_at", tables.UtcDateTime()))
        lead.add_column(sa.Column("accept_by", tables.UtcDateTime()))
        lead.add_column(sa.Column("round", sa.Integer(), server_default="0", nullable=False))
        lead.add_column(sa.Column("offered_from", tables.Id))
        lead.add_column(sa.Column("reason", sa.String(length=40)))
        for name in ("unserved_since", "reminded_at", "consent_asked_at", "taken_up_told_at", "call_asked_at"):
            lead.add_column(sa.Column(name, tables.UtcDateTime()))
        lead.add_column(sa.Column("owner_said", sa.String(length=20)))
        lead.add_column(sa.Column("owner_said_at", tables.UtcDateTime()))
        lead.create_foreign_key("fk_lead_offered_from", "lead", ["offered_from"], ["id"])
    op.execute("UPDATE lead SET status = 'offered' WHERE status = 'new'")
    op.execute("UPDATE lead SET status_at = created_at")
    condition = sa.text("status = 'offered'")
    op.create_index("ix_lead_accept_by", "lead", ["accept_by"], sqlite_where=condition, postgresql_where=condition)


def _notices() -> None:
    op.create_table(
        "vendor_notice",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("account_id", tables.Id, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("lead_id", tables.Id),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.Column("told_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_vendor_notice_account_id"),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name="fk_vendor_notice_lead_id"),
        sa.PrimaryKeyConstraint("id", name="pk_vendor_notice"),
        sa.UniqueConstraint("account_id", "kind", "about", name="uq_vendor_notice_account_id_kind_about"),
    )
    waiting = sa.text("status = 'waiting'")
    op.create_index("ix_vendor_notice_waiting", "vendor_notice", ["id"], sqlite_where=waiting, postgresql_where=waiting)
