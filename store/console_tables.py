"""The tables of the console: who may sign in, what they do there, the clock of each request, and the audit log."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from store.channel_tables import metadata
from store.tables import EncryptedText, Id, Json, UtcDateTime

__all__ = [
    "account",
    "account_session",
    "account_token",
    "audit_log",
    "canned_reply",
    "mention",
    "metadata",
    "note",
    "notice_switch",
    "officer_notice",
    "open_tab",
    "request",
]

# Somebody who signs in to the console. `officer` is the name they act under; it stays when the account ends.
account = Table(
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("officer_id", Id, ForeignKey("officer.id"), nullable=False, unique=True),
    Column("login", String(80), nullable=False, unique=True),  # lower case
    Column("role", String(20), nullable=False),  # officer | supervisor | administrator | vendor | commune
    Column("communes", Json),  # codes: all that commune staff may see, for officers those they look after; null: all
    Column("vendor", String(40)),  # a vendor's id of the province's pack, for vendor users
    Column("language", String(2), nullable=False, server_default="vi"),
    Column("password_hash", Text),  # argon2id; null: not set yet, or reset
    Column("must_change_password", Boolean, nullable=False, server_default=false()),
    Column("totp_secret", EncryptedText),
    Column("totp_step", Integer),  # of the last code that was used: none is accepted twice (RFC 6238, section 5.2)
    Column("failed_logins", Integer, nullable=False, server_default="0"),  # in a row
    Column("locked_until", UtcDateTime),
    Column("on_duty", Boolean, nullable=False, server_default=true()),
    Column("telegram_chat", EncryptedText),  # where they are told of new and due requests
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_login_at", UtcDateTime),
    Column("disabled_at", UtcDateTime),
)

# One signed-in browser. Only the hash of its cookie is kept.
account_session = Table(
    "account_session",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("second_factor_at", UtcDateTime),  # null: the password was right, the code is still asked for
    Column("browser", String(120), nullable=False),
    Column("network", String(60), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

# An invitation, or a reset of the password: an address that sets a password, once.
account_token = Table(
    "account_token",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("purpose", String(10), nullable=False),  # invite | reset
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

# The owner waits for a person: from their message to a person's next answer. Several in one escalation.
request = Table(
    "request",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id"), nullable=False, index=True),
    Column("escalation_id", Id, ForeignKey("escalation.id"), nullable=False, index=True),
    Column("is_first", Boolean, nullable=False),  # of its escalation
    Column("province", String(40), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("commune", String(10)),
    Column("vendor", String(40)),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(20)),  # answered | withdrawn (the owner) | unanswered (finished without an answer)
    Column("officer_id", Id, ForeignKey("officer.id")),  # who answered, or finished it
    Column("announced_at", UtcDateTime),  # officers on duty were told of it, or of something more urgent
    # How far its warnings have gone: 1, 2 … of the province's, and one more when it was late
    Column("warned", Integer, nullable=False, server_default="0"),
    Column("owner_told_at", UtcDateTime),  # that the promise was not kept
)
# One clock per conversation at a time, and what runs, the first due first.
Index(
    "uq_request_running",
    request.c.conversation_id,
    unique=True,
    sqlite_where=request.c.ended_at.is_(None),
    postgresql_where=request.c.ended_at.is_(None),
)
Index(
    "ix_request_due",
    request.c.due_at,
    sqlite_where=request.c.ended_at.is_(None),
    postgresql_where=request.c.ended_at.is_(None),
)
Index("ix_request_report", request.c.province, request.c.opened_at)

# What officers write to each other in a conversation; owners never see it.
note = Table(
    "note",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id"), nullable=False),
    Column("officer_id", Id, ForeignKey("officer.id"), nullable=False),
    Column("after_seq", Integer, nullable=False),  # the last message it was written behind
    Column("text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
Index("ix_note_thread", note.c.conversation_id, note.c.after_seq)

mention = Table(
    "mention",
    metadata,
    Column("note_id", Id, ForeignKey("note.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), primary_key=True, index=True),
    Column("read_at", UtcDateTime),
)

# Who has a conversation open, and what they have typed there without sending it.
open_tab = Table(
    "open_tab",
    metadata,
    Column("account_id", Id, ForeignKey("account.id"), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id"), primary_key=True, index=True),
    Column("draft", Text, nullable=False, server_default=""),
    Column("drafted_at", UtcDateTime),
    Column("seen_at", UtcDateTime, nullable=False),
)

# Replies that officers keep ready, beside those of the content packs.
canned_reply = Table(
    "canned_reply",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shortcut", String(30), nullable=False, unique=True),
    Column("title", String(80), nullable=False),
    Column("text", Text, nullable=False),
    Column("officer_id", Id, ForeignKey("officer.id"), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# What somebody must be told outside the page. Written with what causes it; one per person, kind and request.
officer_notice = Table(
    "officer_notice",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("request_id", Id, ForeignKey("request.id"), nullable=False),
    Column("kind", String(20), nullable=False),  # new | warning_1 | warning_2 | … | late
    Column("status", String(10), nullable=False),  # waiting | told | failed | void (over before it could be told)
    Column("created_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),
    UniqueConstraint("account_id", "request_id", "kind"),
)
Index(
    "ix_officer_notice_waiting",
    officer_notice.c.id,
    sqlite_where=officer_notice.c.status == "waiting",
    postgresql_where=officer_notice.c.status == "waiting",
)

# Which reminders to staff somebody switched; without a row one is on (programme/notice_switches.py).
notice_switch = Table(
    "notice_switch",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("is_on", Boolean, nullable=False),
    Column("changed_by", String(80), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),  # every change checks and raises it
)

# Who saw, changed, exported what. The database refuses UPDATE and DELETE (triggers of migration 0006); each row carries
# a keyed hash of itself and of the one before (store/audit.py). No personal data: numbers only.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),  # 1, 2, 3 … without a gap
    Column("at", UtcDateTime, nullable=False),
    Column("account_id", Id),  # null: the command line, or the hotline itself
    Column("actor", String(80), nullable=False),
    Column("action", String(40), nullable=False),
    Column("object", String(80), nullable=False),  # "conversation 5f…", "account 3"
    Column("detail", Json),
    Column("hash", LargeBinary, nullable=False),
)
Index("ix_audit_log_at", audit_log.c.at)
Index("ix_audit_log_object", audit_log.c.object, audit_log.c.at)
