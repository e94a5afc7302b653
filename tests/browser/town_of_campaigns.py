"""A province's reminders, for tests that look at their pages: a group, a text, a draft that waits for approval, and a
campaign whose run met everything that can become of a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection, insert, select, update

from console.context import ConsoleContext
from programme import message_templates, saved_segments, segments
from programme.campaign_plan import Plan, Variant
from programme.campaigns import Campaigns
from programme.ledger import State
from programme.message_templates import Draft, Registration
from store.audit import Actor
from store.campaign_tables import campaign as campaign_table
from store.campaign_tables import campaign_run, recipient
from store.contacts import Contacts
from store.tables import shop

CARRIES = {"esms": frozenset({"customer_care", "state_notice"})}
AUTHOR, APPROVER = Actor("Nguyễn Thị Phương Thảo"), Actor("Trần Văn Bình")
COMMUNE = "05443"
LONG_NAME = "ư" * 80
# What became of the rows of the run, and why
FATES: Sequence[tuple[State, str | None]] = (
    (State.DELIVERED, None),
    (State.ACCEPTED, None),
    (State.WAITING, "hours"),
    (State.SENDING, None),
    (State.FAILED, "esms_108"),
    (State.FAILED, "esms_undelivered"),
    (State.SKIPPED, "opted_out"),
    (State.SKIPPED, "no_consent"),
    (State.UNCERTAIN, "esms_no_answer"),
)
PLAN = Plan(
    name=LONG_NAME,
    kind="customer_care",
    variants=(
        Variant("A", "Chào {{ name }}, mời bác làm tiếp khảo sát: {{ link }}", 70, unicode=True),
        Variant("B", "Chao bac {{ name }}, khao sat con do: {{ link }} Tu choi: {{ stop }}", 30),
    ),
    channels=("zalo", "sms"),
    audience={"or": [{"commune": [COMMUNE]}, {"and": [{"trade": ["tap_hoa"]}, {"not": {"survey": ["done"]}}]}]},
    schedule={"kind": "once", "at": None},
    gateways=("esms",),
    window={"from": "08:00", "until": "20:00", "days": [0, 1, 2, 3, 4], "holidays": False},
)


@dataclass(frozen=True)
class TownOfCampaigns:
    """The numbers of what there is. `run`: of `campaign`; `draft` waits for its approval."""

    segment: int
    template: int
    draft: int
    campaign: int
    run: int


def build(connection: Connection, context: ConsoleContext, officer: int) -> TownOfCampaigns:
    """Make it. `officer` wrote the group and the text."""
    now, province = context.clock.now(), context.province
    people = [_owner(connection, context, number) for number in range(len(FATES))]
    campaigns = Campaigns(context.content, context.keyring, context.clock.timezone, CARRIES)
    group = saved_segments.save(connection, province, LONG_NAME, segments.read(PLAN.audience), officer, now)
    draft = campaigns.create(connection, province, replace(PLAN, name="Chờ duyệt"), AUTHOR, now)
    campaigns.submit(connection, draft, province, 1, AUTHOR, now)
    campaign = campaigns.create(connection, province, PLAN, AUTHOR, now)
    campaigns.submit(connection, campaign, province, 1, AUTHOR, now)
    digest = connection.scalar(select(campaign_table.c.digest).filter_by(id=campaign))
    campaigns.approve(connection, campaign, province, 2, str(digest), APPROVER, now)
    campaigns.test(connection, draft, province, 2, "+84987654321", AUTHOR, now)
    run = connection.execute(select(campaign_run.c.id).filter_by(campaign_id=campaign)).scalar_one()
    _send(connection, context, run, people)
    return TownOfCampaigns(group, _text(connection, context, officer), draft, campaign, run)


def _owner(connection: Connection, context: ConsoleContext, number: int) -> int:
    now, contacts = context.clock.now(), Contacts(connection, context.keyring)
    id_ = contacts.add(now, f"Nguyễn Hoàng Phương Khánh Quỳnh {number}")
    contacts.set_phone(id_, f"+8491234560{number}")
    place = {"contact_id": id_, "province": context.province, "commune": COMMUNE, "name": LONG_NAME}
    connection.execute(insert(shop).values(**place, created_at=now))
    return id_


def _text(connection: Connection, context: ConsoleContext, officer: int) -> int:
    text = (
        "Hotline 148: chào {{ name }}, lớp {{ class }} mở lúc {{ time }} {{ day }} tại {{ place }}. Từ chối: {{ stop }}"
    )
    draft = Draft(LONG_NAME, "customer_care", text, "Chao {{ name }}", "accented", "HOTLINE148", "301")
    draft = replace(draft, zbs_variables={"ten_khach_hang": "name"})
    now, province = context.clock.now(), context.province
    id_ = message_templates.create(connection, province, draft, officer, now)
    known = message_templates.find(connection, province, id_)
    assert known is not None
    message_templates.register(connection, known, Registration.SUBMITTED, now)
    return id_


def _send(connection: Connection, context: ConsoleContext, run: int, people: Sequence[int]) -> None:
    """The run stopped by itself behind its last message."""
    now = context.clock.now()
    for who, (state, reason) in zip(people, FATES, strict=True):
        values = {"status": state, "reason": reason, "channel": "sms", "gateway": "esms", "tried_at": now}
        values |= {"final_at": now + timedelta(minutes=1)} if state is State.DELIVERED else {}
        connection.execute(update(recipient).filter_by(run_id=run, contact_id=who).values(values))
    stopped = {"status": "paused", "pause_reason": "too_many_errors"}
    connection.execute(update(campaign_run).filter_by(id=run).values(stopped))
