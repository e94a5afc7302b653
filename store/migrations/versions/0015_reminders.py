"""shops by list, segments, templates, campaigns, the ledger of recipients, clicks and what gateways reported"""

import sqlalchemy as sa
from alembic import op

from store.tables import EncryptedText, Id, Json, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", Id, nullable=False),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("variants", Json, nullable=False),
        sa.Column("channels", Json, nullable=False),
        sa.Column("gateways", Json, nullable=False),
        sa.Column("pace_per_minute", sa.Integer(), nullable=False),
        sa.Column("audience", Json, nullable=False),
        sa.Column("schedule", Json, nullable=False),
        sa.Column("window", Json, nullable=False),
        sa.Column("late_minutes", sa.Integer()),
        sa.Column("deadline", UtcDateTime()),
        sa.Column("stops", Json, nullable=False),
        sa.Column("pause_rule", Json, nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("pause_reason", sa.String(length=80)),
        sa.Column("digest", sa.String(length=64)),
        sa.Column("audience_digest", sa.String(length=64)),
        sa.Column("audience_count", sa.Integer()),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("edited_by", sa.String(length=80), nullable=False),
        sa.Column("submitted_by", sa.String(length=80)),
        sa.Column("submitted_at", UtcDateTime()),
        sa.Column("approved_by", sa.String(length=80)),
        sa.Column("approved_at", UtcDateTime()),
        sa.Column("next_at", UtcDateTime()),
        sa.Column("reminder", sa.String(length=40)),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
        sa.UniqueConstraint("province", "reminder", name="uq_campaign_province_reminder"),
    )
    with op.batch_alter_table("campaign") as batch_op:
        batch_op.create_index("ix_campaign_next_at", ["next_at"])

    op.create_table(
        "do_not_call",
        sa.Column("phone_key", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("listed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("phone_key", name="pk_do_not_call"),
    )
    op.create_table(
        "file_import",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("file_name", EncryptedText(), nullable=False),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("outline", EncryptedText()),
        sa.Column("mapping", Json),
        sa.Column("basis", Json),
        sa.Column("dry", Json),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("error", sa.String(length=60)),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("read_rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created", sa.Integer(), server_default="0", nullable=False),
        sa.Column("merged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("holder", sa.String(length=32)),
        sa.Column("lease_until", UtcDateTime()),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_file_import"),
    )
    with op.batch_alter_table("file_import") as batch_op:
        batch_op.create_index("ix_file_import_status", ["status"])

    op.create_table(
        "sms_answer",
        sa.Column("id", Id, nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("gateway", sa.String(length=20), nullable=False),
        sa.Column("phone", EncryptedText()),
        sa.Column("phone_key", sa.LargeBinary()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), server_default="waiting", nullable=False),
        sa.Column("reason", sa.String(length=40)),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_sms_answer"),
        sa.UniqueConstraint("uid", name="uq_sms_answer_uid"),
    )
    with op.batch_alter_table("sms_answer") as batch_op:
        batch_op.create_index(
            "ix_sms_answer_open",
            ["next_at"],
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )
        batch_op.create_index("ix_sms_answer_phone", ["phone_key", "created_at"])
        batch_op.create_index(
            "ix_sms_answer_unconfirmed",
            ["settled_at"],
            sqlite_where=sa.text("status IN ('failed', 'uncertain')"),
            postgresql_where=sa.text("status IN ('failed', 'uncertain')"),
        )

    op.create_table(
        "notice_switch",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(length=80), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_notice_switch"),
    )
    # That somebody was reminded of an unfinished survey is a row of the ledger now
    op.drop_column("survey_response", "nudged_at")

    op.create_table(
        "gateway_state",
        sa.Column("gateway", sa.String(length=20), nullable=False),
        sa.Column("millitokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("filled_at", UtcDateTime(), nullable=False),
        sa.Column("stopped_until", UtcDateTime()),
        sa.Column("stopped_for", sa.String(length=60)),
        sa.Column("balance", sa.BigInteger()),
        sa.Column("balance_at", UtcDateTime()),
        sa.Column("balance_error", sa.String(length=60)),
        sa.Column("needed", sa.BigInteger()),
        sa.PrimaryKeyConstraint("gateway", name="pk_gateway_state"),
    )
    op.create_table(
        "campaign_run",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_test", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("pause_reason", sa.String(length=80)),
        sa.Column("prepared", sa.Integer(), nullable=False),
        sa.Column("deadline_at", UtcDateTime()),
        sa.Column("recent", sa.Text(), server_default="", nullable=False),
        sa.Column("millitokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("filled_at", UtcDateTime()),
        sa.Column("frozen_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_campaign_run_campaign_id"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_run"),
        sa.UniqueConstraint(
            "campaign_id", "due_at", "step", "is_test", name="uq_campaign_run_campaign_id_due_at_step_is_test"
        ),
    )
    with op.batch_alter_table("campaign_run") as batch_op:
        batch_op.create_index(
            "ix_campaign_run_open",
            ["id"],
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "import_row",
        sa.Column("id", Id, nullable=False),
        sa.Column("import_id", Id, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), server_default="", nullable=False),
        sa.Column("values", EncryptedText()),
        sa.ForeignKeyConstraint(["import_id"], ["file_import.id"], name="fk_import_row_import_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_import_row"),
        sa.UniqueConstraint("import_id", "row", name="uq_import_row_import_id_row"),
    )
    op.create_table(
        "message_template",
        sa.Column("id", Id, nullable=False),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("plain", sa.Text(), nullable=False),
        sa.Column("sends", sa.String(length=10), server_default="plain", nullable=False),
        sa.Column("brandname", sa.String(length=20)),
        sa.Column("registration", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("zbs_template", sa.String(length=40)),
        sa.Column("zbs_variables", Json),
        sa.Column("starter", sa.String(length=60)),
        sa.Column("officer_id", Id),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("archived_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_message_template_officer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_message_template"),
    )
    op.create_table(
        "segment",
        sa.Column("id", Id, nullable=False),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("expression", Json, nullable=False),
        sa.Column("officer_id", Id),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("archived_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_segment_officer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_segment"),
    )
    op.create_table(
        "recipient",
        sa.Column("id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("phone_key", sa.LargeBinary()),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=40), server_default="", nullable=False),
        sa.Column("variant", sa.String(length=4), server_default="A", nullable=False),
        sa.Column("status", sa.String(length=10), server_default="waiting", nullable=False),
        sa.Column("reason", sa.String(length=40)),
        sa.Column("next_at", UtcDateTime()),
        sa.Column("channel", sa.String(length=6)),
        sa.Column("gateway", sa.String(length=20)),
        sa.Column("attempt", sa.String(length=32)),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("request_id", sa.String(length=50)),
        sa.Column("gateway_message_id", sa.String(length=80)),
        sa.Column("outbound_id", Id),
        sa.Column("parts", sa.Integer()),
        sa.Column("price", sa.Integer()),
        sa.Column("tried_at", UtcDateTime()),
        sa.Column("accepted_at", UtcDateTime()),
        sa.Column("final_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_recipient_contact_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recipient"),
        sa.UniqueConstraint("contact_id", "run_id", "about", name="uq_recipient_contact_id_run_id_about"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("recipient") as batch_op:
        batch_op.create_index(
            "ix_recipient_cap",
            ["phone_key", "tried_at"],
            sqlite_where=sa.text("tried_at IS NOT NULL"),
            postgresql_where=sa.text("tried_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_recipient_ask",
            ["next_at", "id"],
            sqlite_where=sa.text("status IN ('accepted', 'uncertain') AND next_at IS NOT NULL"),
            postgresql_where=sa.text("status IN ('accepted', 'uncertain') AND next_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_recipient_reached",
            ["tried_at", "contact_id", "status"],
            sqlite_where=sa.text("status IN ('accepted', 'delivered', 'uncertain')"),
            postgresql_where=sa.text("status IN ('accepted', 'delivered', 'uncertain')"),
        )
        batch_op.create_index(
            "ix_recipient_gateway",
            ["gateway_message_id"],
            sqlite_where=sa.text("gateway_message_id IS NOT NULL"),
            postgresql_where=sa.text("gateway_message_id IS NOT NULL"),
        )
        batch_op.create_index("ix_recipient_run_status", ["run_id", "status", "next_at", "id"])
        batch_op.create_index(
            "uq_recipient_request",
            ["request_id"],
            unique=True,
            sqlite_where=sa.text("request_id IS NOT NULL"),
            postgresql_where=sa.text("request_id IS NOT NULL"),
        )

    op.create_table(
        "awareness_answer",
        sa.Column("id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("recipient_id", Id, nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name="fk_awareness_answer_recipient_id"),
        sa.ForeignKeyConstraint(["run_id"], ["campaign_run.id"], name="fk_awareness_answer_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_awareness_answer"),
        sa.UniqueConstraint("recipient_id", name="uq_awareness_answer_recipient_id"),
    )
    op.create_table(
        "link_click",
        sa.Column("id", Id, nullable=False),
        sa.Column("link", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=20), server_default="", nullable=False),
        sa.Column("run_id", Id),
        sa.Column("recipient_id", Id),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name="fk_link_click_recipient_id"),
        sa.ForeignKeyConstraint(["run_id"], ["campaign_run.id"], name="fk_link_click_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_link_click"),
    )
    with op.batch_alter_table("link_click") as batch_op:
        batch_op.create_index("ix_link_click_report", ["province", "link", "at"])
        batch_op.create_index("ix_link_click_run", ["run_id"])
        batch_op.create_index("ix_link_click_recipient", ["recipient_id"])

    op.create_table(
        "receipt",
        sa.Column("id", Id, nullable=False),
        sa.Column("recipient_id", Id, nullable=False),
        sa.Column("gateway", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), server_default="", nullable=False),
        sa.Column("by", sa.String(length=10), nullable=False),
        sa.Column("obeyed", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name="fk_receipt_recipient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_receipt"),
        sa.UniqueConstraint(
            "recipient_id", "gateway", "state", "reason", name="uq_receipt_recipient_id_gateway_state_reason"
        ),
    )
    with op.batch_alter_table("receipt") as batch_op:
        batch_op.create_index("ix_receipt_recipient_id", ["recipient_id"])

    with op.batch_alter_table("consent") as batch_op:
        batch_op.add_column(sa.Column("basis", sa.String(length=20), server_default="consent", nullable=False))
        batch_op.add_column(sa.Column("source", sa.String(length=80)))

    with op.batch_alter_table("contact") as batch_op:
        batch_op.add_column(sa.Column("phone_key", sa.LargeBinary()))
        batch_op.create_index("ix_contact_phone_key", ["phone_key"])

    with op.batch_alter_table("opt_out") as batch_op:
        batch_op.alter_column("inbound_id", existing_type=Id, nullable=True)

    with op.batch_alter_table("shop") as batch_op:
        batch_op.add_column(sa.Column("name", EncryptedText()))
        batch_op.add_column(sa.Column("tax_code", EncryptedText()))
        batch_op.add_column(sa.Column("tax_code_hash", sa.LargeBinary()))
        batch_op.add_column(sa.Column("province", sa.String(length=40)))
        batch_op.add_column(sa.Column("commune", sa.String(length=10)))
        batch_op.add_column(sa.Column("trade", sa.String(length=20)))
        batch_op.add_column(sa.Column("source", sa.String(length=40)))
        batch_op.add_column(sa.Column("updated_at", UtcDateTime()))
        batch_op.create_index("ix_shop_place", ["province", "commune", "trade", "contact_id"])
        batch_op.create_index("ix_shop_tax_code_hash", ["tax_code_hash"])
    with op.batch_alter_table("survey_response") as batch_op:
        batch_op.create_index(
            "ix_survey_response_done",
            ["contact_id"],
            sqlite_where=sa.text("status = 'done'"),
            postgresql_where=sa.text("status = 'done'"),
        )
    _learn_from_surveys()


def _learn_from_surveys() -> None:
    """The registry begins with what owners have said in a survey: whoever finished one has a shop."""
    op.execute("""
        INSERT INTO shop (contact_id, created_at)
        SELECT contact_id, min(started_at) FROM survey_response
        WHERE status = 'done' AND contact_id NOT IN (SELECT contact_id FROM shop)
        GROUP BY contact_id
    """)
    for column in ("province", "commune", "trade"):
        op.execute(f"""
            UPDATE shop SET {column} = (
                SELECT {column} FROM survey_response
                WHERE survey_response.contact_id = shop.contact_id AND status = 'done' AND {column} IS NOT NULL
                ORDER BY completed_at DESC LIMIT 1
            )
        """)  # noqa: S608 - names of columns, written above
    op.execute("UPDATE shop SET source = 'survey' WHERE province IS NOT NULL")
    op.create_table(
        "kpi_count",
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("metric", sa.String(length=20), nullable=False),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("commune", sa.String(length=10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("province", "metric", "part", "commune", "day"),
    )
    op.create_table(
        "kpi_line",
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("metric", sa.String(length=20), nullable=False),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("commune", sa.String(length=10), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("province", "metric", "part", "commune"),
    )
    op.create_table(
        "kpi_as_of",
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("province"),
    )
    op.create_table(
        "awareness_round",
        sa.Column("id", Id, nullable=False),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("population", Json, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("campaign_id"),
    )
    with op.batch_alter_table("awareness_round") as batch_op:
        batch_op.create_index("ix_awareness_round_province", ["province"], unique=False)

    op.create_table(
        "awareness_sample",
        sa.Column("round_id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_awareness_sample_contact_id"),
        sa.ForeignKeyConstraint(["round_id"], ["awareness_round.id"], name="fk_awareness_sample_round_id"),
        sa.PrimaryKeyConstraint("round_id", "contact_id", name="pk_awareness_sample"),
    )
    with op.batch_alter_table("awareness_sample") as batch_op:
        batch_op.create_index("ix_awareness_sample_contact_id", ["contact_id"])


def downgrade() -> None:
    with op.batch_alter_table("awareness_sample") as batch_op:
        batch_op.drop_index("ix_awareness_sample_contact_id")

    op.drop_table("awareness_sample")

    with op.batch_alter_table("awareness_round") as batch_op:
        batch_op.drop_index("ix_awareness_round_province")

    op.drop_table("awareness_round")
    op.drop_table("kpi_as_of")
    op.drop_table("kpi_line")
    op.drop_table("kpi_count")

    with op.batch_alter_table("survey_response") as batch_op:
        batch_op.drop_index(
            "ix_survey_response_done",
            sqlite_where=sa.text("status = 'done'"),
            postgresql_where=sa.text("status = 'done'"),
        )

    with op.batch_alter_table("shop") as batch_op:
        batch_op.drop_index("ix_shop_tax_code_hash")
        batch_op.drop_index("ix_shop_place")
        batch_op.drop_column("updated_at")
        batch_op.drop_column("source")
        batch_op.drop_column("trade")
        batch_op.drop_column("commune")
        batch_op.drop_column("province")
        batch_op.drop_column("tax_code_hash")
        batch_op.drop_column("tax_code")
        batch_op.drop_column("name")

    with op.batch_alter_table("opt_out") as batch_op:
        batch_op.alter_column("inbound_id", existing_type=Id, nullable=False)

    with op.batch_alter_table("contact") as batch_op:
        batch_op.drop_index("ix_contact_phone_key")
        batch_op.drop_column("phone_key")

    with op.batch_alter_table("consent") as batch_op:
        batch_op.drop_column("source")
        batch_op.drop_column("basis")

    with op.batch_alter_table("receipt") as batch_op:
        batch_op.drop_index("ix_receipt_recipient_id")

    op.drop_table("receipt")
    with op.batch_alter_table("link_click") as batch_op:
        batch_op.drop_index("ix_link_click_recipient")
        batch_op.drop_index("ix_link_click_run")
        batch_op.drop_index("ix_link_click_report")

    op.drop_table("link_click")
    op.drop_table("awareness_answer")
    with op.batch_alter_table("recipient") as batch_op:
        batch_op.drop_index(
            "uq_recipient_request",
            sqlite_where=sa.text("request_id IS NOT NULL"),
            postgresql_where=sa.text("request_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_recipient_run_status")
        batch_op.drop_index(
            "ix_recipient_gateway",
            sqlite_where=sa.text("gateway_message_id IS NOT NULL"),
            postgresql_where=sa.text("gateway_message_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_recipient_reached",
            sqlite_where=sa.text("status IN ('accepted', 'delivered', 'uncertain')"),
            postgresql_where=sa.text("status IN ('accepted', 'delivered', 'uncertain')"),
        )
        batch_op.drop_index(
            "ix_recipient_ask",
            sqlite_where=sa.text("status IN ('accepted', 'uncertain') AND next_at IS NOT NULL"),
            postgresql_where=sa.text("status IN ('accepted', 'uncertain') AND next_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_recipient_cap",
            sqlite_where=sa.text("tried_at IS NOT NULL"),
            postgresql_where=sa.text("tried_at IS NOT NULL"),
        )

    op.drop_table("recipient")
    op.drop_table("segment")
    op.drop_table("message_template")
    op.drop_table("import_row")
    with op.batch_alter_table("campaign_run") as batch_op:
        batch_op.drop_index(
            "ix_campaign_run_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.drop_table("campaign_run")
    op.drop_table("gateway_state")
    op.add_column("survey_response", sa.Column("nudged_at", UtcDateTime()))
    op.drop_table("notice_switch")
    op.drop_table("sms_answer")
    with op.batch_alter_table("file_import") as batch_op:
        batch_op.drop_index("ix_file_import_status")

    op.drop_table("file_import")
    op.drop_table("do_not_call")
    with op.batch_alter_table("campaign") as batch_op:
        batch_op.drop_index("ix_campaign_next_at")

    op.drop_table("campaign")
