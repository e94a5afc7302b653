"""The tables of reminders: what is said to whom and when (campaigns), and the ledger with one row per recipient."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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
    and_,
    false,
)

from store.tables import Id, Json, UtcDateTime, metadata

__all__ = [
    "awareness_answer",
    "campaign",
    "campaign_run",
    "gateway_state",
    "link_click",
    "message_template",
    "metadata",
    "receipt",
    "recipient",
    "segment",
]

# A question about shops, kept by name. `expression`: programme/segments.py.
segment = Table(
    "segment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("province", String(40), nullable=False),
    Column("name", String(80), nullable=False),
    Column("expression", Json, nullable=False),
    Column("officer_id", Id, ForeignKey("officer.id")),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("archived_at", UtcDateTime),
)

# A text with variables, as it is registered with the carriers.
message_template = Table(
    "message_template",
    metadata,
    Column("id", Id, primary_key=True),
    Column("province", String(40), nullable=False),
    Column("name", String(80), nullable=False),
    Column("kind", String(20), nullable=False),  # programme.bulk_law.MessageKind
    Column("text", Text, nullable=False),  # with accents
    Column("plain", Text, nullable=False),  # without; what goes out unless `sends` says otherwise
    Column("sends", String(10), nullable=False, server_default="plain"),  # plain | accented
    Column("brandname", String(20)),
    Column("registration", String(12), nullable=False, server_default="draft"),  # draft|submitted|registered|refused
    Column("zbs_template", String(40)),  # its number at Zalo, where it is registered there as well
    Column("zbs_variables", Json),  # name of Zalo's parameter → our variable
    Column("starter", String(60)),  # id of the pack's text it began as
    Column("officer_id", Id, ForeignKey("officer.id")),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("archived_at", UtcDateTime),
)

# What is planned (programme/campaigns.py). The texts are copied from the templates when it is submitted: what was
# approved is what goes out.
campaign = Table(
    "campaign",
    metadata,
    Column("id", Id, primary_key=True),
    Column("province", String(40), nullable=False),
    Column("name", String(80), nullable=False),
    Column("kind", String(20), nullable=False),  # programme.bulk_law.MessageKind
    Column("variants", Json, nullable=False),  # [{"id", "share", "template", "text", "unicode", "zbs", …}]
    Column("channels", Json, nullable=False),  # in their order, of: zalo, zbs, sms
    Column("gateways", Json, nullable=False),  # for sms, in their order: the next takes what the one before cannot
    Column("pace_per_minute", Integer, nullable=False),  # messages, at most
    Column("audience", Json, nullable=False),  # an expression of programme/segments.py, or {"contacts": [ids]}
    Column("schedule", Json, nullable=False),  # programme/campaign_schedule.py
    Column("window", Json, nullable=False),  # local hours and days narrower than the law's, or {}
    Column("late_minutes", Integer),  # so long after its instant a run still goes out; null: to the end of its window
    Column("deadline", UtcDateTime),  # nothing of any run leaves after it
    Column("stops", Json, nullable=False),  # of a series: conditions under which a recipient gets no more of it
    Column("pause_rule", Json, nullable=False),  # {"percent": 10, "of_last": 500}
    # draft | submitted | approved | paused | ended | cancelled
    Column("status", String(12), nullable=False),
    Column("pause_reason", String(80)),
    Column("digest", String(64)),  # of texts, audience and everything else that was approved
    Column("audience_digest", String(64)),  # of who was counted, where just those are approved
    Column("audience_count", Integer),  # how many, when it was submitted
    Column("created_by", String(80), nullable=False),
    Column("edited_by", String(80), nullable=False),  # whoever changed it last
    Column("submitted_by", String(80)),
    Column("submitted_at", UtcDateTime),
    Column("approved_by", String(80)),
    Column("approved_at", UtcDateTime),
    Column("next_at", UtcDateTime, index=True),  # of the next run; null: none is planned
    Column("reminder", String(40)),  # of an automatic one: its name (programme/reminders.py)
    Column("version", Integer, nullable=False, server_default="1"),  # every change checks and raises it
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    UniqueConstraint("province", "reminder"),
)

# One sending of a campaign: a frozen audience.
campaign_run = Table(
    "campaign_run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("campaign_id", Id, ForeignKey("campaign.id"), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("step", Integer, nullable=False, server_default="0"),  # of a series
    Column("is_test", Boolean, nullable=False, server_default=false()),
    # running | paused | ended | cancelled: freezing is one transaction, so there is no half-frozen run
    Column("status", String(12), nullable=False),
    Column("pause_reason", String(80)),
    Column("prepared", Integer, nullable=False),  # how many were frozen: the sum of the ledger's states, always
    Column("deadline_at", UtcDateTime),  # nothing leaves after it
    # What the last calls came to, oldest first, 1 for an error: the pause rule looks at it. A resumption empties it.
    Column("recent", Text, nullable=False, server_default=""),
    Column("millitokens", Integer, nullable=False, server_default="0"),  # its own pace, beside the gateways'
    Column("filled_at", UtcDateTime),
    Column("frozen_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    UniqueConstraint("campaign_id", "due_at", "step", "is_test"),
)
# A cancelled run is open until all that waited in it is skipped
_OPEN = campaign_run.c.ended_at.is_(None)
Index("ix_campaign_run_open", campaign_run.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)

# The ledger. No name and no number is in it: they are read from the contact when the message leaves, so an erasure
# needs nothing here. `phone_key` (store.forgotten.phone_key) recognises the number across campaigns.
recipient = Table(
    "recipient",
    metadata,
    Column("id", Id, primary_key=True),
    # No foreign key: the transaction that makes the run makes its rows, and a million checks would take ten seconds
    Column("run_id", Id, nullable=False),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False),
    Column("phone_key", LargeBinary),
    Column("kind", String(20), nullable=False),  # of the campaign; here, because the caps count across campaigns
    Column("about", String(40), nullable=False, server_default=""),  # what it is about: "class 12", "domain 3 biz.vn"
    Column("variant", String(4), nullable=False, server_default="A"),
    # waiting | sending | accepted | delivered | failed | skipped | uncertain
    Column("status", String(10), nullable=False, server_default="waiting"),
    Column("reason", String(40)),  # of failed, skipped, uncertain; of a waiting row why it waits
    # waiting: not before (null: at once); sending: the lease of whoever sends it; accepted, uncertain: when
    # to ask for its receipt
    Column("next_at", UtcDateTime),
    Column("channel", String(6)),  # zalo | zbs | sms, once it is chosen
    Column("gateway", String(20)),
    Column("attempt", String(32)),  # whose call is under way: its result counts, a late one of another does not
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("request_id", String(50)),  # the same in every call about this message at one gateway
    Column("gateway_message_id", String(80)),
    Column("outbound_id", Id),  # on zalo: the message of the conversation, which is forgotten before the ledger is
    Column("parts", Integer),  # of the SMS
    Column("price", Integer),  # đồng, as estimated from the tariff, or as the gateway says
    Column("tried_at", UtcDateTime),  # the first call
    Column("accepted_at", UtcDateTime),
    Column("final_at", UtcDateTime),
    UniqueConstraint("contact_id", "run_id", "about"),  # in this order it finds a contact's rows as well
    sqlite_autoincrement=True,  # a number that was in a link is nobody else's later
)
Index("ix_recipient_run_status", recipient.c.run_id, recipient.c.status, recipient.c.next_at, recipient.c.id)
_ASKED = and_(recipient.c.status.in_(("accepted", "uncertain")), recipient.c.next_at.is_not(None))
Index("ix_recipient_ask", recipient.c.next_at, recipient.c.id, sqlite_where=_ASKED, postgresql_where=_ASKED)
# Caps count what was tried within a day, whatever became of it
_TRIED = recipient.c.tried_at.is_not(None)
Index("ix_recipient_cap", recipient.c.phone_key, recipient.c.tried_at, sqlite_where=_TRIED, postgresql_where=_TRIED)
# Who was reached lately, for segments; with the state, so that it is read alone
_REACHED = recipient.c.status.in_(("accepted", "delivered", "uncertain"))
Index(
    "ix_recipient_reached",
    recipient.c.tried_at,
    recipient.c.contact_id,
    recipient.c.status,
    sqlite_where=_REACHED,
    postgresql_where=_REACHED,
)
_NAMED = recipient.c.request_id.is_not(None)
Index("uq_recipient_request", recipient.c.request_id, unique=True, sqlite_where=_NAMED, postgresql_where=_NAMED)
_TAKEN = recipient.c.gateway_message_id.is_not(None)
Index("ix_recipient_gateway", recipient.c.gateway_message_id, sqlite_where=_TAKEN, postgresql_where=_TAKEN)

# What gateways reported of a message, each once. `obeyed`: it changed the ledger; a late one is only kept.
receipt = Table(
    "receipt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("recipient_id", Id, ForeignKey("recipient.id"), nullable=False, index=True),
    Column("gateway", String(20), nullable=False),
    Column("state", String(10), nullable=False),  # accepted | delivered | failed
    Column("reason", String(40), nullable=False, server_default=""),
    Column("by", String(10), nullable=False),  # callback | polling
    Column("obeyed", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("recipient_id", "gateway", "state", "reason"),
)

# One row per gateway and process-independent: its pace, whether it is stopped, and what is left on its account.
gateway_state = Table(
    "gateway_state",
    metadata,
    Column("gateway", String(20), primary_key=True),
    Column("millitokens", Integer, nullable=False, server_default="0"),
    Column("filled_at", UtcDateTime, nullable=False),
    Column("stopped_until", UtcDateTime),  # too fast, or out of order for a while
    Column("stopped_for", String(60)),  # code of the trouble; a person must act
    Column("balance", BigInteger),  # đồng, as the gateway said at `balance_at`
    Column("balance_at", UtcDateTime),
    Column("balance_error", String(60)),  # code of why it did not say when it was asked last
    Column("needed", BigInteger),  # đồng that campaigns still cost there at most; null: no price is known
)

# Clicks on tracked links. Previews and scanners are not counted and leave no row.
link_click = Table(
    "link_click",
    metadata,
    Column("id", Id, primary_key=True),
    Column("link", String(40), nullable=False),  # a name of the pack's links, or "campaign"
    Column("channel", String(20), nullable=False, server_default=""),
    Column("run_id", Id, ForeignKey("campaign_run.id")),
    Column("recipient_id", Id, ForeignKey("recipient.id")),
    Column("province", String(40), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
Index("ix_link_click_report", link_click.c.province, link_click.c.link, link_click.c.at)
Index("ix_link_click_run", link_click.c.run_id)
Index("ix_link_click_recipient", link_click.c.recipient_id)

# The one-question survey of awareness: what those who were drawn said, each once. `recipient_id` says when they were
# asked; the samples are in store/kpi_tables.py.
awareness_answer = Table(
    "awareness_answer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", Id, ForeignKey("campaign_run.id"), nullable=False),
    Column("recipient_id", Id, ForeignKey("recipient.id"), nullable=False, unique=True),
    Column("answer", String(10), nullable=False),  # yes | no
    Column("channel", String(20), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
