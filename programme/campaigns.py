"""A campaign's life: draft → submitted → approved ⇄ paused → ended | cancelled, approved by another person.

Every act names the version it saw, so that of two editors at once one is told. A change of a draft or of a submitted
campaign makes it a draft again; an approved one is not changed at all. What has one run is frozen when it is approved,
as a paused run: just those people are approved, and nobody joins them afterwards (scheduler/campaigns.py lets it go).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update

from programme import campaign_audience, ledger
from programme.campaign_checks import check
from programme.campaign_digest import digest, fingerprint
from programme.campaign_plan import Plan, plan_of
from programme.campaign_problems import CampaignProblem
from programme.campaign_schedule import Once, Place, read_schedule
from programme.content import Content
from store.audit import Actor, record
from store.campaign_tables import campaign, campaign_run
from store.console_tables import audit_log
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import insert_returning_id
from store.tables import contact

ZBS = "zbs"  # the gateway of its channel, which no campaign names
# Why a run that was frozen at the approval does not go yet
SCHEDULED = "scheduled"
# Of one campaign, and of all of a province within 24 hours: they are no way around the approval
MOST_TESTS, MOST_TESTS_A_DAY = 20, 60
_DAY = _TEST_LASTS = timedelta(hours=24)
# What is wrong with when it goes says nothing of a test
_NOT_OF_TESTS = frozenset({"schedule_past", "schedule_never", "deadline_before_start", "window_never_opens"})
_WRITING = ("campaign.created", "campaign.changed", "campaign.submitted")
_NOTHING_APPROVED: Mapping[str, None] = dict.fromkeys(
    ("digest", "audience_digest", "audience_count", "submitted_by", "submitted_at", "approved_by", "approved_at")
)


@dataclass(frozen=True)
class Campaigns:
    """Each method is one transaction's work, recorded in the audit log as its last statement, and raises
    CampaignProblem. `carries`: the kinds of messages that each gateway of this hotline takes.
    """

    content: Content
    keyring: Keyring
    timezone: tzinfo
    carries: Mapping[str, frozenset[str]]

    @property
    def place(self) -> Place:
        return Place(self.timezone, self.content.deadlines)

    def create(self, connection: Connection, province: str, plan: Plan, actor: Actor, now: datetime) -> int:
        """A new draft's number. A draft may still be wrong; it is checked when it is submitted."""
        row = {**plan.as_row(), "province": province, "status": "draft", "created_by": actor.name}
        row |= {"edited_by": actor.name, "created_at": now, "updated_at": now}
        id_ = insert_returning_id(connection, campaign, row)
        self._record(connection, id_, "campaign.created", actor, now)
        return id_

    def copy(self, connection: Connection, id_: int, province: str, name: str, actor: Actor, now: datetime) -> int:
        """A draft with the same plan."""
        known = find(connection, id_, province)
        if known["reminder"] is not None:
            raise CampaignProblem("campaign_automatic")
        _refuse_sample(known)
        return self.create(connection, province, plan_of(known).named(name), actor, now)

    def change(
        self, connection: Connection, id_: int, province: str, version: int, plan: Plan, actor: Actor, now: datetime
    ) -> None:
        """Change a draft or a submitted campaign; what was submitted is void."""
        row = self._seen(connection, id_, province, version)
        if row["status"] not in ("draft", "submitted"):
            raise CampaignProblem("campaign_running")
        _refuse_sample(row)
        values = {**plan.as_row(), **_NOTHING_APPROVED, "status": "draft", "edited_by": actor.name}
        self._write(connection, row, now, values)
        self._record(connection, id_, "campaign.changed", actor, now)

    def problems(self, plan: Plan, now: datetime) -> list[CampaignProblem]:
        """What keeps it from being submitted, without the audience."""
        return check(plan, self.content, self.place, self.carries, now)

    def submit(self, connection: Connection, id_: int, province: str, version: int, actor: Actor, now: datetime) -> int:
        """Ask for the approval; how many it is for. Raises the first of its problems, audience_empty."""
        row = self._seen(connection, id_, province, version, "draft")
        values = self._counted(connection, row, now)
        values |= {"status": "submitted", "submitted_by": actor.name, "submitted_at": now, "pause_reason": None}
        self._write(connection, row, now, values)
        detail = {"digest": values["digest"], "count": values["audience_count"]}
        self._record(connection, id_, "campaign.submitted", actor, now, detail)
        return int(values["audience_count"])

    def recount(
        self, connection: Connection, id_: int, province: str, version: int, actor: Actor, now: datetime
    ) -> int:
        """Count again whom a submitted campaign is for. It was submitted by whoever submitted it."""
        row = self._seen(connection, id_, province, version, "submitted")
        values = self._counted(connection, row, now)
        self._write(connection, row, now, values)
        detail = {"digest": values["digest"], "count": values["audience_count"]}
        self._record(connection, id_, "campaign.recounted", actor, now, detail)
        return int(values["audience_count"])

    def refuse(
        self, connection: Connection, id_: int, province: str, version: int, reason: str, actor: Actor, now: datetime
    ) -> None:
        """Back to whoever wrote it, as a draft with the reason."""
        row = self._seen(connection, id_, province, version, "submitted")
        self._write(connection, row, now, {**_NOTHING_APPROVED, "status": "draft", "pause_reason": _reason(reason)})
        self._record(connection, id_, "campaign.refused", actor, now)

    def test(
        self, connection: Connection, id_: int, province: str, version: int, phone: str, actor: Actor, now: datetime
    ) -> int:
        """Send it to one number, the tester's own, as a run of its own that is no part of the campaign's figures: the
        law is asked and the ledger kept as for any. The run's id. `phone` in E.164.
        """
        row = self._seen(connection, id_, province, version, "draft", "submitted", "approved", "paused")
        for problem in check(plan_of(row), self.content, self.place, self.carries, now):
            if problem.code not in _NOT_OF_TESTS:
                raise problem
        tests = select(func.count()).select_from(campaign_run).where(campaign_run.c.is_test)
        if (connection.scalar(tests.filter_by(campaign_id=id_)) or 0) >= MOST_TESTS:
            raise CampaignProblem("tests_spent", most=MOST_TESTS)
        lately = tests.join(campaign, campaign.c.id == campaign_run.c.campaign_id).where(
            campaign.c.province == province, campaign_run.c.frozen_at > now - _DAY
        )
        if (connection.scalar(lately) or 0) >= MOST_TESTS_A_DAY:
            raise CampaignProblem("tests_spent_today", most=MOST_TESTS_A_DAY)
        contacts = Contacts(connection, self.keyring)
        known = contacts.with_phone(phone)
        who = known[0] if known else contacts.add(now)
        if not known:
            contacts.set_phone(who, phone)
        people = select(contact.c.id).where(contact.c.id == who)
        run = ledger.freeze(connection, row, now, people, now, is_test=True, deadline_at=now + _TEST_LASTS)
        self._record(connection, id_, "campaign.tested", actor, now)
        return run

    def approve(
        self, connection: Connection, id_: int, province: str, version: int, seen: str, actor: Actor, now: datetime
    ) -> None:
        """Let it go. `seen`: the digest on the approver's page. What has one run is frozen here."""
        row = self._seen(connection, id_, province, version, "submitted")
        if actor.name in (row["created_by"], row["edited_by"], row["submitted_by"]) or _has_written(
            connection, id_, actor
        ):
            raise CampaignProblem("approval_by_author")
        if seen != row["digest"]:
            raise CampaignProblem("approval_stale")
        counted = self._counted(connection, row, now)
        if counted["audience_digest"] != row["audience_digest"]:
            raise CampaignProblem("audience_changed", then=row["audience_count"], now=counted["audience_count"])
        if counted["digest"] != row["digest"]:
            raise CampaignProblem("approval_stale")
        plan, schedule = plan_of(row), read_schedule(row["schedule"])
        at_once = isinstance(schedule, Once) and schedule.at is None
        next_at = now if at_once else schedule.next_after(self.place, now - timedelta(microseconds=1))
        if next_at is None:
            raise CampaignProblem("schedule_past")
        if plan.is_once:
            audience = campaign_audience.chosen(plan, province, now, self.content)
            paused, until = ledger.RunStatus.PAUSED, plan.deadline
            run = ledger.freeze(connection, row, next_at, audience, now, deadline_at=until, status=paused)
            # Somebody may have come between two statements: just those who were counted are frozen, or nobody is
            people, who = fingerprint(connection, audience)
            if who != row["audience_digest"]:
                raise CampaignProblem("audience_changed", then=row["audience_count"], now=people)
            waits = update(campaign_run).where(campaign_run.c.id == run)
            connection.execute(waits.values(pause_reason=SCHEDULED))
        approved = {"status": "approved", "approved_by": actor.name, "approved_at": now, "next_at": next_at}
        self._write(connection, row, now, approved)
        self._record(connection, id_, "campaign.approved", actor, now, {"digest": row["digest"]})

    def pause(
        self, connection: Connection, id_: int, province: str, version: int, reason: str, actor: Actor, now: datetime
    ) -> None:
        """Nothing more leaves; calls under way come to their end."""
        row = self._seen(connection, id_, province, version, "approved")
        self._write(connection, row, now, {"status": "paused", "pause_reason": _reason(reason)})
        for run in _open_runs(connection, id_, ledger.RunStatus.RUNNING):
            ledger.pause(connection, run, "by_hand")
        self._record(connection, id_, "campaign.paused", actor, now)

    def resume(
        self, connection: Connection, id_: int, province: str, version: int, actor: Actor, now: datetime
    ) -> None:
        """Go on where it stopped: also after a run has paused itself."""
        row = self._seen(connection, id_, province, version, "approved", "paused")
        self._write(connection, row, now, {"status": "approved", "pause_reason": None})
        for run in _open_runs(connection, id_, ledger.RunStatus.PAUSED):
            ledger.resume(connection, run, [*row["gateways"], ZBS])
        self._record(connection, id_, "campaign.resumed", actor, now)

    def cancel(
        self, connection: Connection, id_: int, province: str, version: int, reason: str, actor: Actor, now: datetime
    ) -> None:
        """Nothing more leaves, for good."""
        row = self._seen(connection, id_, province, version, "draft", "submitted", "approved", "paused")
        values = {"status": "cancelled", "pause_reason": _reason(reason), "next_at": None, "ended_at": now}
        self._write(connection, row, now, values)
        for run in _open_runs(connection, id_, *ledger.RunStatus):
            ledger.cancel(connection, run)
        self._record(connection, id_, "campaign.cancelled", actor, now)

    def _counted(self, connection: Connection, row: RowMapping, now: datetime) -> dict[str, Any]:
        plan = plan_of(row)
        for problem in self.problems(plan, now):
            raise problem
        audience = campaign_audience.chosen(plan, row["province"], now, self.content)
        if plan.is_once:
            people, who = fingerprint(connection, audience)
        else:
            people, who = campaign_audience.count(connection, audience), None
        if not people:
            raise CampaignProblem("audience_empty")
        return {"audience_count": people, "audience_digest": who, "digest": digest(plan, who)}

    def _seen(self, connection: Connection, id_: int, province: str, version: int, *states: str) -> RowMapping:
        row = find(connection, id_, province, lock=True)
        if row["reminder"] is not None:
            raise CampaignProblem("campaign_automatic")
        if row["version"] != version:
            raise CampaignProblem("campaign_changed")
        if states and row["status"] not in states:
            raise CampaignProblem("campaign_step")
        return row

    def _write(self, connection: Connection, row: RowMapping, now: datetime, values: Mapping[str, Any]) -> None:
        changed = update(campaign).where(campaign.c.id == row["id"])
        connection.execute(changed.values(**values, version=row["version"] + 1, updated_at=now))

    def _record(
        self,
        connection: Connection,
        id_: int,
        action: str,
        actor: Actor,
        now: datetime,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        record(connection, self.keyring, now, actor, action, f"campaign {id_}", detail)


def find(connection: Connection, id_: int, province: str, lock: bool = False) -> RowMapping:
    """The campaign's row. Raises CampaignProblem campaign_unknown, also for another province's."""
    own = select(campaign).filter_by(id=id_, province=province)
    row = connection.execute(own.with_for_update() if lock else own).mappings().first()
    if row is None:
        raise CampaignProblem("campaign_unknown")
    return row


def is_of_sample(row: RowMapping | Mapping[str, Any]) -> bool:
    """Whether the campaign of this row asks a random sample: another text or other people would spoil it."""
    return "sample" in row["audience"]


def _refuse_sample(row: RowMapping) -> None:
    if is_of_sample(row):
        raise CampaignProblem("campaign_sample")


def _has_written(connection: Connection, id_: int, actor: Actor) -> bool:
    """Whether their account made it, changed it last or submitted it: names of people change, numbers do not."""
    if actor.account_id is None:
        return False
    acts = select(audit_log.c.action, audit_log.c.account_id).where(
        audit_log.c.object == f"campaign {id_}", audit_log.c.action.in_(_WRITING)
    )
    last = {action: account for action, account in connection.execute(acts.order_by(audit_log.c.id))}
    return actor.account_id in last.values()


def _open_runs(connection: Connection, id_: int, *states: str) -> list[int]:
    """Without those that wait for their time: pausing and resuming is not for them."""
    runs = select(campaign_run.c.id).where(campaign_run.c.campaign_id == id_, campaign_run.c.status.in_(states))
    if len(states) == 1:
        runs = runs.where(campaign_run.c.pause_reason.is_distinct_from(SCHEDULED))
    return list(connection.scalars(runs))


def _reason(reason: str) -> str:
    if not reason.strip():
        raise CampaignProblem("reason_missing")
    return reason.strip()[:80]
