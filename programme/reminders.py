"""Automatic reminders switched on and off: each is a row of `campaign` with its name in `reminder`, made from the
pack's text, and goes through runs, ledger, gate and dispatcher as any campaign.

What was switched on is what goes out: the row keeps the text and a digest of it. When the pack says something else, the
reminder stops until an administrator has seen the new text and confirms it; what the hotline itself switched on (free,
as the reviewed pack says) it takes over by itself. Nobody is told twice of one matter: campaign_matters.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from programme import ledger, message_templates
from programme.campaign_checks import check
from programme.campaign_digest import digest
from programme.campaign_plan import Plan
from programme.campaign_problems import CampaignProblem
from programme.campaign_schedule import Place, read_schedule
from programme.campaigns import ZBS
from programme.content import Content
from programme.packs import normalise_province_id
from programme.reminder_pack import Reminder
from store.audit import Actor, record
from store.campaign_tables import campaign, campaign_run
from store.crypto import Keyring
from store.database import insert_if_new

HOTLINE = Actor("hotline")
STALE = "text_changed"  # why a reminder that was on has stopped


class Ways(StrEnum):
    """How far a reminder goes. Free: in conversations alone."""

    OFF = "off"
    FREE = "free"
    ALL = "all"


@dataclass(frozen=True)
class Standing:
    """A reminder and its row, None while nobody ever switched it."""

    reminder: Reminder
    row: RowMapping | None

    @property
    def ways(self) -> Ways:
        if self.row is None or self.row["status"] != "approved":
            return Ways.OFF
        return Ways.FREE if set(self.row["channels"]) <= set(self.reminder.free) else Ways.ALL

    @property
    def is_stale(self) -> bool:
        return self.row is not None and self.row["pause_reason"] == STALE

    @property
    def version(self) -> int:
        return 0 if self.row is None else int(self.row["version"])


def standings(connection: Connection, content: Content, province: str, lock: bool = False) -> list[Standing]:
    """The province's reminders in the order of the pack."""
    own = select(campaign).where(campaign.c.province == province, campaign.c.reminder.is_not(None))
    rows = connection.execute(own.order_by(campaign.c.id).with_for_update() if lock else own)
    known = {row["reminder"]: row for row in rows.mappings()}
    reminders = content.reminders[normalise_province_id(province)].reminders
    return [Standing(one, known.get(id_)) for id_, one in reminders.items()]


@dataclass(frozen=True)
class Reminders:
    """Each method is one transaction's work. `carries`: the kinds of messages that each SMS gateway here takes."""

    content: Content
    keyring: Keyring
    timezone: tzinfo
    carries: Mapping[str, frozenset[str]]

    def plan(self, connection: Connection, province: str, reminder: Reminder, ways: Ways) -> Plan:
        """As it would go out if it were switched on now."""
        phrases = self.content.phrases
        if ways is not Ways.ALL:
            return reminder.plan(reminder.free, (), phrases)
        carriers = [name for name, kinds in self.carries.items() if reminder.kind in kinds]
        zbs = None
        if ZBS in carriers and reminder.starter is not None and "sms" in reminder.channels:
            zbs = message_templates.zbs_begun_as(connection, province, reminder.starter, reminder.variables)
        gateways = tuple(name for name in carriers if name != ZBS)
        return reminder.plan(_with_zbs(reminder) if zbs else reminder.channels, gateways, phrases, zbs)

    def switch(
        self,
        connection: Connection,
        province: str,
        name: str,
        version: int,
        ways: Ways,
        seen: str,
        actor: Actor,
        now: datetime,
    ) -> None:
        """Switch it, confirm a new text, or let runs go on that paused themselves. `version`: that the page saw, 0 for
        none; `seen`: the digest of the plan that it showed. Raises CampaignProblem.
        """
        reminder = self.content.reminders[normalise_province_id(province)].reminders.get(name)
        if reminder is None:
            raise CampaignProblem("reminder_unknown")
        own = select(campaign).filter_by(province=province, reminder=name).with_for_update()
        standing = Standing(reminder, connection.execute(own).mappings().first())
        if standing.version != version:
            raise CampaignProblem("reminder_changed")
        if ways is Ways.OFF:
            id_ = self._off(connection, province, standing, actor, now)
            record(connection, self.keyring, now, actor, "reminder.off", f"campaign {id_}", {"reminder": name})
            return
        plan = self.plan(connection, province, reminder, ways)
        if seen != digest(plan, None):
            raise CampaignProblem("approval_stale")
        for problem in check(plan, self.content, self._place, self.carries, now):
            raise problem
        self._on(connection, province, standing, plan, actor, now)

    def look_after(self, connection: Connection, province: str, now: datetime) -> None:
        """Switch on what is on from the beginning, and stop what says something else than was confirmed. Repeated it
        changes nothing."""
        for standing in standings(connection, self.content, province, lock=True):
            row, reminder = standing.row, standing.reminder
            if row is None:
                is_due = reminder.default == "free"
            else:
                is_due = standing.ways is not Ways.OFF and not self._says_the_same(reminder, row)
            if not is_due:
                continue
            if reminder.free and (row is None or row["approved_by"] == HOTLINE.name):
                plan = reminder.plan(reminder.free, (), self.content.phrases)
                self._on(connection, province, standing, plan, HOTLINE, now)
            elif row is not None:
                self._stale(connection, row, now)
        known = self.content.reminders[normalise_province_id(province)].reminders
        gone = select(campaign).where(
            campaign.c.province == province, campaign.c.status == "approved", campaign.c.reminder.not_in(known)
        )
        for row in connection.execute(gone).mappings().all():
            self._stale(connection, row, now)

    def _says_the_same(self, reminder: Reminder, row: RowMapping) -> bool:
        """Whether the pack still says what the row was switched on with."""
        channels = tuple(channel for channel in row["channels"] if channel in _with_zbs(reminder))
        plan = reminder.plan(channels, tuple(row["gateways"]), self.content.phrases, row["variants"][0].get("zbs"))
        return digest(plan, None) == str(row["digest"])

    def _stale(self, connection: Connection, row: RowMapping, now: datetime) -> None:
        self._stop(connection, row, STALE, now, {})
        detail = {"reminder": row["reminder"]}
        record(connection, self.keyring, now, HOTLINE, "reminder.stale", f"campaign {row['id']}", detail)

    @property
    def _place(self) -> Place:
        return Place(self.timezone, self.content.deadlines)

    def _on(
        self, connection: Connection, province: str, standing: Standing, plan: Plan, actor: Actor, now: datetime
    ) -> None:
        row, marked = standing.row, digest(plan, None)
        values: dict[str, Any] = {"status": "approved", "pause_reason": None, "digest": marked}
        values |= {"edited_by": actor.name, "approved_by": actor.name, "approved_at": now}
        # An instant that has passed while it was off is nobody's any more
        values["next_at"] = read_schedule(plan.schedule).next_after(self._place, now)
        if row is not None and row["status"] == "approved" and row["digest"] == marked:
            values = {}
        id_ = self._write(connection, province, standing, {**plan.as_row(), **values}, actor, now)
        for run in _open_runs(connection, id_, ledger.RunStatus.PAUSED):
            ledger.resume(connection, run, [*plan.gateways, ZBS])
        detail = {"reminder": standing.reminder.id, "channels": list(plan.channels), "digest": marked}
        record(connection, self.keyring, now, actor, "reminder.on", f"campaign {id_}", detail)

    def _off(self, connection: Connection, province: str, standing: Standing, actor: Actor, now: datetime) -> int:
        if standing.row is not None:
            self._stop(connection, standing.row, None, now, {"edited_by": actor.name})
            return int(standing.row["id"])
        plan = standing.reminder.plan(standing.reminder.channels, (), self.content.phrases)
        return self._write(connection, province, standing, {**plan.as_row(), "status": "paused"}, actor, now)

    def _stop(
        self, connection: Connection, row: RowMapping, why: str | None, now: datetime, values: Mapping[str, Any]
    ) -> None:
        stopped = {"status": "paused", "pause_reason": why, "next_at": None, "version": row["version"] + 1}
        own = update(campaign).where(campaign.c.id == row["id"])
        connection.execute(own.values(**stopped, **values, updated_at=now))
        for run in _open_runs(connection, row["id"], *ledger.RunStatus):
            ledger.cancel(connection, run)

    def _write(
        self,
        connection: Connection,
        province: str,
        standing: Standing,
        values: Mapping[str, Any],
        actor: Actor,
        now: datetime,
    ) -> int:
        row = standing.row
        if row is not None:
            own = update(campaign).where(campaign.c.id == row["id"])
            connection.execute(own.values(**values, version=row["version"] + 1, updated_at=now))
            return int(row["id"])
        who = {"created_by": actor.name, "edited_by": actor.name, "created_at": now, "updated_at": now}
        new = {**who, **values, "province": province, "reminder": standing.reminder.id}
        made = insert_if_new(connection, campaign, new)
        if made is None:
            raise CampaignProblem("reminder_changed")
        return int(made["id"])


def _with_zbs(reminder: Reminder) -> tuple[str, ...]:
    """Its channels with Zalo's templates before SMS."""
    return tuple(one for channel in reminder.channels for one in ((ZBS, channel) if channel == "sms" else (channel,)))


def _open_runs(connection: Connection, id_: int, *states: str) -> list[int]:
    runs = select(campaign_run.c.id).where(campaign_run.c.campaign_id == id_, campaign_run.c.status.in_(states))
    return list(connection.scalars(runs.where(campaign_run.c.ended_at.is_(None))))
