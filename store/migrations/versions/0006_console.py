"""the console: accounts, sessions, requests and their clock, notes, drafts, notices, canned replies, the audit log"""

import sqlalchemy as sa
from alembic import op

from store import tables

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The audit log only grows. Whoever may change triggers may get past these; the chain of hashes shows that they did.
_APPEND_ONLY = {
    "sqlite": (
        """CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
        """CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
        # REPLACE deletes without the trigger of DELETE, unless a connection asks for recursive ones
        """CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log
        WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'audit_log is append-only'; END $$""",
        """CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE ON audit_log
        FOR EACH ROW EXECUTE FUNCTION audit_log_refuse()""",
        """CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()""",
    ),
}


def upgrade() -> None:
    _what_is_there()
    _accounts()
    _work()
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _what_is_there() -> None:
    with op.batch_alter_table("class_place") as batch_op:
        batch_op.add_column(sa.Column("attended_at", tables.UtcDateTime()))
        batch_op.add_column(sa.Column("ticked_by", tables.Id))
        batch_op.create_foreign_key("fk_class_place_ticked_by", "officer", ["ticked_by"], ["id"])

    with op.batch_alter_table("escalation") as batch_op:
        batch_op.add_column(sa.Column("province", sa.String(length=40), server_default="", nullable=False))
        batch_op.add_column(sa.Column("channel", sa.String(length=20), server_default="", nullable=False))
        batch_op.add_column(sa.Column("commune", sa.String(length=10)))
        batch_op.add_column(sa.Column("vendor", sa.String(length=40)))
        batch_op.add_column(sa.Column("topic", sa.String(length=40)))
        batch_op.add_column(sa.Column("waiting_since", tables.UtcDateTime()))
        batch_op.add_column(sa.Column("taken_at", tables.UtcDateTime()))
        batch_op.add_column(sa.Column("snoozed_until", tables.UtcDateTime()))
        batch_op.add_column(sa.Column("csat_asked_at", tables.UtcDateTime()))
        batch_op.add_column(sa.Column("csat", sa.String(length=20)))
        batch_op.add_column(sa.Column("csat_at", tables.UtcDateTime()))
        batch_op.create_index(
            "ix_escalation_queue",
            ["status", "due_at"],
            sqlite_where=sa.text("status IN ('open', 'taken')"),
            postgresql_where=sa.text("status IN ('open', 'taken')"),
        )
        batch_op.create_index(
            "ix_escalation_queue_channel",
            ["status", "channel", "due_at"],
            sqlite_where=sa.text("status IN ('open', 'taken')"),
            postgresql_where=sa.text("status IN ('open', 'taken')"),
        )
        batch_op.create_index(
            "ix_escalation_queue_commune",
            ["status", "commune", "due_at"],
            sqlite_where=sa.text("status IN ('open', 'taken')"),
            postgresql_where=sa.text("status IN ('open', 'taken')"),
        )
        batch_op.create_index(
            "ix_escalation_queue_officer_id",
            ["status", "officer_id", "due_at"],
            sqlite_where=sa.text("status IN ('open', 'taken')"),
            postgresql_where=sa.text("status IN ('open', 'taken')"),
        )
        batch_op.create_index(
            "ix_escalation_queue_topic",
            ["status", "topic", "due_at"],
            sqlite_where=sa.text("status IN ('open', 'taken')"),
            postgresql_where=sa.text("status IN ('open', 'taken')"),
        )
        batch_op.create_index(
            "ix_escalation_queue_vendor",
            ["status", "vendor", "due_at"],
            sqlite_where=sa.text("status IN ('open', 'taken')"),
            postgresql_where=sa.text("status IN ('open', 'taken')"),
        )
        batch_op.create_index("ix_escalation_report", ["province", "opened_at"])

    op.execute(
        """UPDATE escalation SET
            province = (SELECT c.province FROM conversation c WHERE c.id = escalation.conversation_id),
            channel = (SELECT c.channel FROM conversation c WHERE c.id = escalation.conversation_id)"""
    )
    op.execute(
        """UPDATE escalation SET waiting_since = opened_at
        WHERE status IN ('open', 'taken') AND answered_at IS NULL"""
    )


def _accounts() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", tables.Id, autoincrement=False, nullable=False),
        sa.Column("at", tables.UtcDateTime(), nullable=False),
        sa.Column("account_id", tables.Id),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("detail", tables.Json),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    with op.batch_alter_table("audit_log") as batch_op:
        batch_op.create_index("ix_audit_log_at", ["at"])
        batch_op.create_index("ix_audit_log_object", ["object", "at"])

    op.create_table(
        "account",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("officer_id", tables.Id, nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("communes", tables.Json),
        sa.Column("vendor", sa.String(length=40)),
        sa.Column("language", sa.String(length=2), server_default="vi", nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("must_change_password", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("totp_secret", tables.EncryptedText()),
        sa.Column("totp_step", sa.Integer()),
        sa.Column("failed_logins", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", tables.UtcDateTime()),
        sa.Column("on_duty", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("telegram_chat", tables.EncryptedText()),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.Column("last_login_at", tables.UtcDateTime()),
        sa.Column("disabled_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_account_officer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("login", name="uq_account_login"),
        sa.UniqueConstraint("officer_id", name="uq_account_officer_id"),
    )
    op.create_table(
        "account_session",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("account_id", tables.Id, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("second_factor_at", tables.UtcDateTime()),
        sa.Column("browser", sa.String(length=120), nullable=False),
        sa.Column("network", sa.String(length=60), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.Column("seen_at", tables.UtcDateTime(), nullable=False),
        sa.Column("expires_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_session_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account_session"),
        sa.UniqueConstraint("token_hash", name="uq_account_session_token_hash"),
    )
    with op.batch_alter_table("account_session") as batch_op:
        batch_op.create_index("ix_account_session_account_id", ["account_id"])
        batch_op.create_index("ix_account_session_expires_at", ["expires_at"])

    op.create_table(
        "account_token",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("account_id", tables.Id, nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.Column("expires_at", tables.UtcDateTime(), nullable=False),
        sa.Column("used_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_token_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account_token"),
        sa.UniqueConstraint("token_hash", name="uq_account_token_token_hash"),
    )
    with op.batch_alter_table("account_token") as batch_op:
        batch_op.create_index("ix_account_token_account_id", ["account_id"])


def _work() -> None:
    op.create_table(
        "canned_reply",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("shortcut", sa.String(length=30), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("officer_id", tables.Id, nullable=False),
        sa.Column("updated_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_canned_reply_officer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_canned_reply"),
        sa.UniqueConstraint("shortcut", name="uq_canned_reply_shortcut"),
    )
    op.create_table(
        "note",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("officer_id", tables.Id, nullable=False),
        sa.Column("after_seq", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_note_conversation_id"),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_note_officer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_note"),
    )
    with op.batch_alter_table("note") as batch_op:
        batch_op.create_index("ix_note_thread", ["conversation_id", "after_seq"])

    op.create_table(
        "open_tab",
        sa.Column("account_id", tables.Id, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("draft", sa.Text(), server_default="", nullable=False),
        sa.Column("drafted_at", tables.UtcDateTime()),
        sa.Column("seen_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_open_tab_account_id"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_open_tab_conversation_id"),
        sa.PrimaryKeyConstraint("account_id", "conversation_id", name="pk_open_tab"),
    )
    with op.batch_alter_table("open_tab") as batch_op:
        batch_op.create_index("ix_open_tab_conversation_id", ["conversation_id"])

    op.create_table(
        "mention",
        sa.Column("note_id", tables.Id, nullable=False),
        sa.Column("account_id", tables.Id, nullable=False),
        sa.Column("read_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_mention_account_id"),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name="fk_mention_note_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("note_id", "account_id", name="pk_mention"),
    )
    with op.batch_alter_table("mention") as batch_op:
        batch_op.create_index("ix_mention_account_id", ["account_id"])

    op.create_table(
        "request",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("escalation_id", tables.Id, nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("commune", sa.String(length=10)),
        sa.Column("vendor", sa.String(length=40)),
        sa.Column("opened_at", tables.UtcDateTime(), nullable=False),
        sa.Column("due_at", tables.UtcDateTime(), nullable=False),
        sa.Column("ended_at", tables.UtcDateTime()),
        sa.Column("outcome", sa.String(length=20)),
        sa.Column("officer_id", tables.Id),
        sa.Column("announced_at", tables.UtcDateTime()),
        sa.Column("warned", sa.Integer(), server_default="0", nullable=False),
        sa.Column("owner_told_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_request_conversation_id"),
        sa.ForeignKeyConstraint(["escalation_id"], ["escalation.id"], name="fk_request_escalation_id"),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_request_officer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_request"),
    )
    with op.batch_alter_table("request") as batch_op:
        batch_op.create_index("ix_request_conversation_id", ["conversation_id"])
        batch_op.create_index(
            "ix_request_due",
            ["due_at"],
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index("ix_request_escalation_id", ["escalation_id"])
        batch_op.create_index("ix_request_report", ["province", "opened_at"])
        batch_op.create_index(
            "uq_request_running",
            ["conversation_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "officer_notice",
        sa.Column("id", tables.Id, nullable=False),
        sa.Column("account_id", tables.Id, nullable=False),
        sa.Column("request_id", tables.Id, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.Column("told_at", tables.UtcDateTime()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_officer_notice_account_id"),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_officer_notice_request_id"),
        sa.PrimaryKeyConstraint("id", name="pk_officer_notice"),
        sa.UniqueConstraint("account_id", "request_id", "kind", name="uq_officer_notice_account_id_request_id_kind"),
    )
    with op.batch_alter_table("officer_notice") as batch_op:
        batch_op.create_index(
            "ix_officer_notice_waiting",
            ["id"],
            sqlite_where=sa.text("status = 'waiting'"),
            postgresql_where=sa.text("status = 'waiting'"),
        )

    # The clocks of those who wait now
    op.execute(
        """INSERT INTO request
            (conversation_id, escalation_id, is_first, province, channel, opened_at, due_at, warned)
        SELECT conversation_id, id, true, province, channel, opened_at, due_at, 0
        FROM escalation WHERE waiting_since IS NOT NULL"""
    )
