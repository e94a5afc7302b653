"""The tables, once, for SQLite and PostgreSQL. Migrations must give the same (tests/store/test_migrations.py)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from store.crypto import Keyring

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC times on both databases; a naive one is a programming error and refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must know its zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EncryptedText(TypeDecorator[str]):
    """Names, phones and tax codes: encrypted at rest, text in Python. The keyring is given once, at start."""

    impl = LargeBinary
    cache_ok = True
    keyring: Keyring | None = None

    @classmethod
    def use(cls, keyring: Keyring) -> None:
        cls.keyring = keyring

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else self._ring().encrypt(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self._ring().decrypt(bytes(value))

    def _ring(self) -> Keyring:
        if self.keyring is None:
            raise RuntimeError("no keyring: open the database with store.database.open_database")
        return self.keyring


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only when the type is INTEGER

# One row: which secret this database was made with. A start with another one is refused.
installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_fingerprint", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

contact = Table(
    "contact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", EncryptedText),
    Column("phone", EncryptedText),
    Column("phone_hash", LargeBinary, index=True),
    Column("phone_key", LargeBinary, index=True),  # store.forgotten.phone_key, which a change of the secret leaves
    Column("created_at", UtcDateTime, nullable=False),
)

contact_name_word = Table(
    "contact_name_word",
    metadata,
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True),
    Column("word_hash", LargeBinary, primary_key=True),
)
Index("ix_contact_name_word_word", contact_name_word.c.word_hash, contact_name_word.c.contact_id)

conversation = Table(
    "conversation",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(20), nullable=False),
    # what the provider calls the person; for the web chat the hash of the session's token
    Column("address", String(100), nullable=False),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False, index=True),
    Column("province", String(40), nullable=False),
    Column("holder", String(20), nullable=False),  # the baton: bot | queue | officer | closed (bot/baton.py)
    Column("version", Integer, nullable=False),  # every turn's commit checks and raises it
    Column("last_seq", Integer, nullable=False),  # numbers inbound and outbound messages together
    Column("dialogue_state", Json),
    Column("offered", Json),  # the buttons of the bot's last reply, so that "2" can be read
    Column("outage_told_at", UtcDateTime),  # the holding reply of the present outage
    Column("language", String(2)),  # vi | en, as the owner writes; null: nothing was written yet
    Column("notice_version", Integer, nullable=False, server_default="0"),  # the first-contact notice that was shown
    Column("unclear_turns", Integer, nullable=False, server_default="0"),  # in a row; a burst counts once
    # Null: nothing to do. Past: waits for a worker. Future: a worker has it until then, or a retry is due then.
    Column("wake_at", UtcDateTime, index=True),
    # The same for what waits to be delivered (bot/sender.py). `send_bulk`: all of it may wait until replies have gone.
    Column("send_at", UtcDateTime),
    Column("send_bulk", Boolean, nullable=False, server_default=false()),
    Column("last_heard_at", UtcDateTime),  # the owner's last interaction: Zalo's windows run from it
    Column("unreachable", String(40)),  # why the provider does not deliver to this owner; null: it does
    Column("provider_state", Json),  # what the provider said of this owner last: quota
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("channel", "address"),
)
# Partial, since nearly all conversations have nothing to send
Index(
    "ix_conversation_send",
    conversation.c.send_bulk,
    conversation.c.send_at,
    sqlite_where=conversation.c.send_at.is_not(None),
    postgresql_where=conversation.c.send_at.is_not(None),
)

inbound = Table(
    "inbound",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("provider_message_id", String(100), nullable=False),
    Column("kind", String(20), nullable=False),  # message (from the owner) | event (ours, for the dialogue)
    Column("text", Text, nullable=False),
    Column("payload", Text),
    Column("status", String(20), nullable=False),  # pending | answered | with_person | flood
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("reading", Json),
    Column("masked", Json),  # kinds of secrets that were taken out of the text before it was stored
    Column("attached", Json),  # kinds of what came with it; the rest is in `attachment`
    Column("received_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    UniqueConstraint("channel", "provider_message_id"),
    UniqueConstraint("conversation_id", "seq"),
)
Index(
    "ix_inbound_pending",
    inbound.c.conversation_id,
    inbound.c.seq,
    sqlite_where=inbound.c.status == "pending",
    postgresql_where=inbound.c.status == "pending",
)

Index(
    "ix_inbound_flood",
    inbound.c.id,
    sqlite_where=inbound.c.status == "flood",
    postgresql_where=inbound.c.status == "flood",
)

outbound = Table(
    "outbound",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("in_reply_to", Id, ForeignKey("inbound.id")),
    Column("sender", String(20), nullable=False),  # bot | officer
    Column("reply", Json, nullable=False),
    # waiting | sending | sent | delivered | seen | held | uncertain | failed | settled (a person has looked). The web
    # chat fetches: its rows are sent.
    Column("status", String(20), nullable=False, server_default="sent"),
    Column("bulk", Boolean, nullable=False, server_default=false()),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("attempt", String(32)),  # whose call is under way: its result counts, a late one of another does not
    Column("error", String(60)),  # code of integrations.errors, or of ours
    Column("provider_message_id", String(100), index=True),
    Column("decide_at", UtcDateTime),  # an uncertain row waits for its echo until then, a held one for an invitation
    Column("sent_at", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("seen_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("conversation_id", "seq"),
)
# What still has to go out, per conversation in its order; and what a person must look at.
Index(
    "ix_outbound_undelivered",
    outbound.c.conversation_id,
    outbound.c.seq,
    sqlite_where=outbound.c.status.in_(("waiting", "sending", "uncertain", "held")),
    postgresql_where=outbound.c.status.in_(("waiting", "sending", "uncertain", "held")),
)
Index(
    "ix_outbound_troubled",
    outbound.c.status,
    outbound.c.created_at,
    sqlite_where=outbound.c.status.in_(("uncertain", "failed", "held")),
    postgresql_where=outbound.c.status.in_(("uncertain", "failed", "held")),
)

officer = Table(
    "officer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)

escalation = Table(
    "escalation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id"), nullable=False, index=True),
    Column("reason", String(40), nullable=False),
    Column("status", String(20), nullable=False, index=True),  # open | taken | returned | closed | withdrawn
    # What the queue is filtered by, known at the hand-over or set by an officer
    Column("province", String(40), nullable=False, server_default=""),
    Column("channel", String(20), nullable=False, server_default=""),
    Column("commune", String(10)),
    Column("vendor", String(40)),
    Column("topic", String(40)),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),  # of the request under way, else of the last one
    Column("waiting_since", UtcDateTime),  # the owner waits for a person's answer; null: a person had the last word
    Column("officer_id", Id, ForeignKey("officer.id")),  # who holds the conversation while status is taken
    Column("taken_at", UtcDateTime),  # by its first officer
    Column("lease_until", UtcDateTime, index=True),
    Column("snoozed_until", UtcDateTime),  # its officer has put it off; null: not
    Column("answered_at", UtcDateTime),  # a person's first answer
    Column("closed_at", UtcDateTime),
    # How satisfied the owner was: asked when it was closed, at most once
    Column("csat_asked_at", UtcDateTime),
    Column("csat", String(20)),  # satisfied | neutral | unsatisfied
    Column("csat_at", UtcDateTime),
)
_UNFINISHED = escalation.c.status.in_(("open", "taken"))
# The queue and its filters: only what is not finished, the first due first
for _columns in ((), ("commune",), ("channel",), ("topic",), ("vendor",), ("officer_id",)):
    Index(
        "_".join(("ix_escalation_queue", *_columns)),
        escalation.c.status,
        *(escalation.c[_column] for _column in _columns),
        escalation.c.due_at,
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )
Index("ix_escalation_report", escalation.c.province, escalation.c.opened_at)

# What an owner agreed to, word for word: the version names the text that was shown (content/national/phrases.yaml).
consent = Table(
    "consent",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False, index=True),
    Column("purpose", String(40), nullable=False),
    Column("text_version", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("basis", String(20), nullable=False, server_default="consent"),  # consent | legal_task | contract
    Column("source", String(80)),  # of one that was not given here: which paper, which list
    Column("given_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
)

opt_out = Table(
    "opt_out",
    metadata,
    Column("contact_id", Id, ForeignKey("contact.id"), primary_key=True),
    Column("channel", String(20), nullable=False),  # where it was said
    Column("inbound_id", Id, ForeignKey("inbound.id")),  # null: by SMS, by the link of a message, from a list
    Column("at", UtcDateTime, nullable=False),
)

# A person's request about their own data, with the days on which the law wants it acknowledged and carried out
# (bot/data_requests.py). The row stays as the register's evidence when the person has been erased.
data_request = Table(
    "data_request",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False, index=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id")),  # null: of somebody who never wrote here
    # access | erasure | correction | restriction | objection
    Column("kind", String(20), nullable=False),
    Column("status", String(20), nullable=False, index=True),  # open | done | refused | withdrawn
    # While open, what it waits for: proof (the owner says what only they know) | confirm (the owner's last word) |
    # officer | erasing
    Column("stage", String(20), nullable=False, server_default="officer"),
    Column("came_by", String(20), nullable=False, server_default="chat"),  # chat | letter | phone | in_person | email
    Column("opened_at", UtcDateTime, nullable=False),
    Column("acknowledge_by", Date, nullable=False),
    Column("acknowledged_at", UtcDateTime),
    Column("due_on", Date, nullable=False),
    Column("with_processor", Boolean, nullable=False, server_default=false()),  # others must act as well: more days
    Column("extended_at", UtcDateTime),  # once; `due_on` is the later day then
    # How it was made sure that it is them: conversation | phone_digits | shop_name | called_back | in_person | letter
    Column("identity", String(20)),
    Column("identity_at", UtcDateTime),
    Column("wrong_proofs", Integer, nullable=False, server_default="0"),
    Column("confirmed_at", UtcDateTime),  # the last word before an erasure was said
    Column("refusal", String(40)),  # a ground of content/national/data_requests.yaml
    Column("words", EncryptedText),  # what the owner was told by an officer: the reason of an extension or a refusal
    Column("finished_at", UtcDateTime),
    Column("officer_id", Id, ForeignKey("officer.id")),  # who acted last; null: the hotline itself
)
# One open request of a kind per person: asking again finds the first one.
Index(
    "uq_data_request_open",
    data_request.c.contact_id,
    data_request.c.kind,
    unique=True,
    sqlite_where=data_request.c.status == "open",
    postgresql_where=data_request.c.status == "open",
)

# The registry: one shop of one owner. What segments ask stands here in the clear (commune, trade), who it is does not.
shop = Table(
    "shop",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False, unique=True),
    Column("name", EncryptedText),
    Column("tax_code", EncryptedText),
    Column("tax_code_hash", LargeBinary, index=True),
    Column("province", String(40)),
    Column("commune", String(10)),
    Column("trade", String(20)),
    Column("source", String(40)),  # where it was learnt: "survey", "import 12", "officer"
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime),
)
# With the contact, so that a segment of a million shops is counted without reading them
Index("ix_shop_place", shop.c.province, shop.c.commune, shop.c.trade, shop.c.contact_id)

# What the owner says about the shop's domain name; kept only with the consent that the row names.
shop_domain = Table(
    "shop_domain",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True),
    Column("tld", String(10), primary_key=True),  # biz.vn | id.vn
    Column("status", String(20), nullable=False),  # none | applied | active
    Column("active_since", Date),
    Column("expires_on", Date),
    Column("consent_id", Id, ForeignKey("consent.id"), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# Turns that the bot could not answer well, for a person to teach it; `text` is masked (bot/secrets.py).
review = Table(
    "review",
    metadata,
    Column("id", Id, primary_key=True),
    Column("inbound_id", Id, ForeignKey("inbound.id"), nullable=False),
    # not_understood | half_sure | withheld | unread | marked_wrong (by the owner) | officer_marked
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("ranking", Json),
    Column("entry", String(80)),  # the answer that was marked wrong
    Column("phrase", String(32), nullable=False, server_default="", index=True),  # programme.taught_phrases.key_of
    Column("read_as", String(80)),  # the intent that ranked first
    Column("commune", String(10)),  # a code, where the dialogue knew it
    Column("marked_by", String(80)),  # the officer who marked the answer wrong
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("inbound_id", "kind"),
)

# Entries of confidence C that an administrator released, with a digest of exactly the words that were read.
content_approval = Table(
    "content_approval",
    metadata,
    Column("pack", String(40), primary_key=True),
    Column("entry", String(80), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("approved_by", String(80), nullable=False),
    Column("approved_at", UtcDateTime, nullable=False),
)
