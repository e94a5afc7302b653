"""The tables of the channels: attachments, events, Zalo's tokens, links between channels, alarms, used tickets."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from store.survey_tables import metadata
from store.tables import EncryptedText, Id, UtcDateTime

__all__ = ["alarm", "attachment", "channel_event", "channel_link", "link_code", "metadata", "ticket", "zalo_token"]

# What came with a message beside its words. The bytes are encrypted (store.crypto.Keyring.encrypt_bytes).
attachment = Table(
    "attachment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("inbound_id", Id, ForeignKey("inbound.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", String(20), nullable=False),  # store.messages.Kind
    Column("source", EncryptedText),  # where the provider has it, until it is fetched
    Column("name", EncryptedText),
    Column("media_type", String(100)),  # as sniffed once it is stored, before that as the provider says
    Column("size", Integer),  # bytes
    Column("seconds", Integer),  # how long a recording is
    Column("place", EncryptedText),  # "latitude,longitude"
    # waiting | stored | failed | settled (a person has looked) | nothing (there is no content)
    Column("status", String(20), nullable=False),
    Column("fetch_at", UtcDateTime),  # queue and lease in one, as conversation.wake_at
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", String(60)),
    Column("content", LargeBinary),
    Column("stored_at", UtcDateTime),
    UniqueConstraint("inbound_id", "position"),
)
Index("ix_attachment_fetch_at", attachment.c.fetch_at)
Index(
    "ix_attachment_failed",
    attachment.c.id,
    sqlite_where=attachment.c.status == "failed",
    postgresql_where=attachment.c.status == "failed",
)

# Events of a channel that are no messages; `body` as it came, kept 30 days. `dead`: a person must look.
channel_event = Table(
    "channel_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String(20), nullable=False),
    Column("event_id", String(140), nullable=False),
    Column("name", String(60), nullable=False),
    Column("status", String(20), nullable=False),  # done | dead | settled (a person has looked)
    Column("error", String(200)),
    Column("body", EncryptedText),
    Column("received_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("channel", "event_id"),
)
Index(
    "ix_channel_event_dead",
    channel_event.c.status,
    sqlite_where=channel_event.c.status == "dead",
    postgresql_where=channel_event.c.status == "dead",
)

# One row: the pair that opens Zalo's API. The refresh token works once (integrations/zalo/tokens.py).
zalo_token = Table(
    "zalo_token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("access", EncryptedText, nullable=False),
    Column("refresh", EncryptedText, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),  # of the access token
    Column("issued_at", UtcDateTime, nullable=False),  # of the refresh token: it ends 3 months later
    Column("refreshing", String(32)),  # who is refreshing
    Column("refreshing_until", UtcDateTime),
    Column("trouble", String(60)),  # lost | refused: a person must paste a new pair
)

# A code that the owner reads in one conversation and types in another: proof that both are theirs.
link_code = Table(
    "link_code",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id"), nullable=False, unique=True),
    Column("code_hash", LargeBinary, nullable=False, unique=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column(
        "wrong_codes", Integer, nullable=False, server_default="0"
    ),  # that were typed anywhere since; too many: void
)

# Which conversation was moved from which contact to which; undoing moves it back.
channel_link = Table(
    "channel_link",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id"), nullable=False, index=True),
    Column("from_contact_id", Id, ForeignKey("contact.id"), nullable=False, index=True),
    Column("to_contact_id", Id, ForeignKey("contact.id"), nullable=False, index=True),
    Column("linked_at", UtcDateTime, nullable=False),
    Column("undone_at", UtcDateTime),
)

# What somebody on duty must know; one open row per name.
alarm = Table(
    "alarm",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(60), nullable=False),
    Column("detail", String(500), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),  # null: the officers have not been told yet
    Column("closed_at", UtcDateTime),
)
Index(
    "uq_alarm_open",
    alarm.c.name,
    unique=True,
    sqlite_where=alarm.c.closed_at.is_(None),
    postgresql_where=alarm.c.closed_at.is_(None),
)

# Tickets that were used: each opens one event stream, once.
ticket = Table(
    "ticket",
    metadata,
    Column("ticket_hash", LargeBinary, primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)
