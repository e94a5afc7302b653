"""survey: responses, leads, classes, the scheduler's jobs and leader"""

import sqlalchemy as sa
from alembic import op

from store import tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "survey_response",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("contact_id", tables.Id, nullable=False),
        sa.Column("conversation_id", sa.String(length=32)),
        sa.Column("survey", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.String(length=10)),
        sa.Column("answers", tables.Json, nullable=False),
        sa.Column("personal", tables.EncryptedText()),
        sa.Column("form", sa.String(length=10)),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("commune", sa.String(length=10)),
        sa.Column("trade", sa.String(length=20)),
        sa.Column("result", sa.String(length=12)),
        sa.Column("total_tenths", sa.Integer()),
        sa.Column("level", sa.Integer()),
        sa.Column("pillar_tenths", tables.Json),
        sa.Column("code", sa.String(length=32)),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("assisted_by", sa.String(length=80)),
        sa.Column("import_key", sa.String(length=64)),
        sa.Column("started_at", tables.UtcDateTime(), nullable=False),
        sa.Column("updated_at", tables.UtcDateTime(), nullable=False),
        sa.Column("completed_at", tables.UtcDateTime()),
        sa.Column("nudged_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_survey_response_contact_id"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_survey_response_conversation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_survey_response"),
        sa.UniqueConstraint("code", name="uq_survey_response_code"),
        sa.UniqueConstraint("import_key", name="uq_survey_response_import_key"),
    )
    op.create_index("ix_survey_response_contact_id", "survey_response", ["contact_id"])
    _partial_index("uq_survey_response_open", "survey_response", ["contact_id"], "status = 'open'", unique=True)
    report = ["province", "commune", "trade", "level"]
    _partial_index("ix_survey_response_report", "survey_response", report, "status = 'done'")
    _partial_index("ix_survey_response_abandoned", "survey_response", ["updated_at"], "status = 'open'")

    op.create_table(
        "lead",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("contact_id", tables.Id, nullable=False),
        sa.Column("vendor", sa.String(length=40), nullable=False),
        sa.Column("response_id", tables.Id),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("commune", sa.String(length=10)),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("consent_id", tables.Id, nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_lead_contact_id"),
        sa.ForeignKeyConstraint(["response_id"], ["survey_response.id"], name="fk_lead_response_id"),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name="fk_lead_consent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lead"),
        sa.UniqueConstraint("contact_id", "vendor", name="uq_lead_contact_id_vendor"),
    )
    op.create_index("ix_lead_status", "lead", ["status"])

    op.create_table(
        "training_class",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("commune", sa.String(length=10)),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("place", sa.String(length=160), nullable=False),
        sa.Column("starts_at", tables.UtcDateTime(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_training_class"),
        sa.UniqueConstraint(
            "province", "starts_at", "place", "title", name="uq_training_class_province_starts_at_place_title"
        ),
    )
    op.create_index("ix_training_class_province", "training_class", ["province"])

    op.create_table(
        "class_place",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("contact_id", tables.Id, nullable=False),
        sa.Column("class_id", tables.Id),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("commune", sa.String(length=10)),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_class_place_contact_id"),
        sa.ForeignKeyConstraint(["class_id"], ["training_class.id"], name="fk_class_place_class_id"),
        sa.PrimaryKeyConstraint("id", name="pk_class_place"),
        sa.UniqueConstraint("class_id", "contact_id", name="uq_class_place_class_id_contact_id"),
    )
    _partial_index("uq_class_place_wish", "class_place", ["contact_id", "topic"], "class_id IS NULL", unique=True)

    op.create_table(
        "due_job",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("due_at", tables.UtcDateTime(), nullable=False),
        sa.Column("done_at", tables.UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_due_job"),
        sa.UniqueConstraint("kind", "due_at", name="uq_due_job_kind_due_at"),
    )
    op.create_table(
        "leader",
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("until", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("role", name="pk_leader"),
    )


def _partial_index(name: str, table: str, columns: list[str], where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
