"""The job "campaigns": makes the runs that are due, each frozen once.

Each due instant is one transaction: the campaign is locked, its runs are frozen (unique by campaign, instant and step),
and next_at moves on past the instant. So it may be cut off, repeated or run beside itself, and a clock that is set back
makes nothing due twice. A run that comes too late is frozen all the same, and each of its rows says so: too_late.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Connection, exists, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError

from bot.wakeups import CAMPAIGNS as WAKE
from programme import campaign_audience, ledger
from programme.campaign_plan import Plan, plan_of
from programme.campaign_problems import CampaignProblem
from programme.campaign_schedule import Place, Relative, Schedule, read_schedule
from programme.campaign_window import read_window
from programme.campaigns import SCHEDULED
from programme.packs import normalise_province_id
from programme.reminders import Reminders
from scheduler.kinds import JobContext, JobKind
from store.audit import Actor, record
from store.campaign_tables import campaign, campaign_run, recipient
from store.logs import get_logger

log = get_logger("scheduler.campaigns")

HOTLINE = Actor("hotline")
_DAY = timedelta(days=1)


async def make_runs(context: JobContext) -> None:
    """Make every run that is due, the oldest first. One campaign that cannot be read does not keep others waiting."""
    now = context.clock.now()
    await _look_after_reminders(context)
    due = (
        select(campaign.c.id)
        .where(campaign.c.status == "approved", _is_ours(context), campaign.c.next_at <= now)
        .order_by(campaign.c.next_at)
    )
    for id_ in await context.database.read(lambda c: list(c.scalars(due))):
        try:
            while await context.database.run(partial(_make_due, context, id_)):
                context.wakeups.notify(WAKE)
        except CampaignProblem as problem:
            log.error("campaign_not_made", campaign=id_, code=problem.code)
            await context.database.run(partial(_hold, context, id_, problem))
        except (OperationalError, InterfaceError):
            raise  # the database is away: no campaign is to blame
        except Exception:
            log.exception("campaign_broke", campaign=id_)
    await context.database.run(partial(_end_done, context))


CAMPAIGNS = JobKind("campaigns", timedelta(minutes=1), make_runs)


async def _look_after_reminders(context: JobContext) -> None:
    """Before their runs: what says something else than was confirmed makes none."""
    province = context.watch.province  # as the console writes it
    if normalise_province_id(province) in context.content.reminders:
        reminders = Reminders(context.content, context.keyring, context.clock.timezone, {})
        try:
            await context.database.run(partial(reminders.look_after, province=province, now=context.clock.now()))
        except CampaignProblem as problem:  # an administrator was faster
            log.info("reminders_left_alone", code=problem.code)


def _is_ours(context: JobContext) -> ColumnElement[bool]:
    """Written campaigns, and the packs' reminders; what else has a name is somebody else's to make."""
    names = {id_ for pack in context.content.reminders.values() for id_ in pack.reminders}
    return or_(campaign.c.reminder.is_(None), campaign.c.reminder.in_(names))


def _make_due(context: JobContext, id_: int, connection: Connection) -> bool:
    """Make the runs of the campaign's next instant; whether it was due."""
    now = context.clock.now()
    row = connection.execute(select(campaign).filter_by(id=id_).with_for_update()).mappings().first()
    if row is None or row["status"] != "approved" or row["next_at"] is None or row["next_at"] > now:
        return False
    due_at, plan = row["next_at"], plan_of(row)
    place = Place(context.clock.timezone, context.content.deadlines)
    schedule = read_schedule(row["schedule"])
    is_late = now > _latest(plan, place, due_at)
    for step in schedule.steps_at(place, due_at) or _moved(connection, id_, schedule, place, due_at):
        audience = campaign_audience.at_step(
            plan, schedule, place, row["province"], id_, due_at, step, now, context.content
        )
        if schedule.relative_to is not None and not campaign_audience.count(connection, audience):
            continue  # it was nobody's day
        until = _until(plan, schedule, place, due_at)
        run = ledger.freeze(connection, row, due_at, audience, now, step=step, deadline_at=until)
        if plan.is_once:
            _let_go(connection, run, campaign_audience.has_left(run, audience), now)
        if is_late:
            _skip_late(connection, run, now)
    values = {"next_at": schedule.next_after(place, due_at), "updated_at": now}
    connection.execute(update(campaign).where(campaign.c.id == id_).values(**values))
    detail = {"due_at": due_at.isoformat(), "late": is_late}
    record(connection, context.keyring, now, HOTLINE, "campaign.due", f"campaign {id_}", detail)
    return True


def _moved(connection: Connection, id_: int, schedule: Schedule, place: Place, due_at: datetime) -> list[int]:
    """Steps that are due and have no run: a day that was a holiday when they were planned has ceased to be one."""
    made = select(campaign_run.c.step).filter_by(campaign_id=id_, is_test=False)
    known = set(connection.scalars(made))
    return [step for step in schedule.steps_until(place, due_at) if step not in known]


def _hold(context: JobContext, id_: int, problem: CampaignProblem, connection: Connection) -> None:
    """It waits for a person, who sees why: silently it would be missed again every minute."""
    now = context.clock.now()
    own = update(campaign).where(campaign.c.id == id_, campaign.c.status == "approved")
    held = {"status": "paused", "pause_reason": problem.words("vi")[:80], "version": campaign.c.version + 1}
    if connection.execute(own.values({**held, "updated_at": now})).rowcount:
        record(connection, context.keyring, now, HOTLINE, "campaign.held", f"campaign {id_}", {"code": problem.code})


def _end_done(context: JobContext, connection: Connection) -> None:
    """A campaign of which no run comes any more and none is open has ended."""
    now = context.clock.now()
    is_open = (
        exists()
        .where(campaign_run.c.campaign_id == campaign.c.id, campaign_run.c.ended_at.is_(None))
        .where(campaign_run.c.is_test.is_(False))
    )
    mine = (campaign.c.status == "approved") & campaign.c.reminder.is_(None) & campaign.c.next_at.is_(None)
    done = list(connection.scalars(select(campaign.c.id).where(mine, ~is_open).with_for_update()))
    if not done:
        return
    ended = update(campaign).where(campaign.c.id.in_(done))
    connection.execute(ended.values(status="ended", ended_at=now, updated_at=now, version=campaign.c.version + 1))
    for id_ in done:
        record(connection, context.keyring, now, HOTLINE, "campaign.ended", f"campaign {id_}")


def _let_go(connection: Connection, run: int, has_left: ColumnElement[bool], now: datetime) -> None:
    """What was frozen at the approval goes, without those who do not belong to the audience any more."""
    waiting = update(campaign_run).where(campaign_run.c.id == run, campaign_run.c.pause_reason == SCHEDULED)
    if connection.execute(waiting.values(status=ledger.RunStatus.RUNNING, pause_reason=None)).rowcount:
        left = update(recipient).where(has_left)
        connection.execute(left.values(status=ledger.State.SKIPPED, reason="left_audience", final_at=now))


def _skip_late(connection: Connection, run: int, now: datetime) -> None:
    waiting = (recipient.c.run_id == run) & (recipient.c.status == ledger.State.WAITING)
    late = {"status": ledger.State.SKIPPED, "reason": "too_late", "final_at": now}
    connection.execute(update(recipient).where(waiting).values(late))
    ended = {"status": ledger.RunStatus.ENDED, "ended_at": now, "pause_reason": "too_late"}
    connection.execute(update(campaign_run).where(campaign_run.c.id == run).values(ended))


def _latest(plan: Plan, place: Place, due_at: datetime) -> datetime:
    """Until when a run that was due then may still begin."""
    if plan.late_minutes is not None:
        late = due_at + timedelta(minutes=plan.late_minutes)
    else:
        end_of_day = place.instant(place.day(due_at) + _DAY, time(0))
        late = max((end for _, end in read_window(plan.window, place).spans(due_at, end_of_day)), default=end_of_day)
    return late if plan.deadline is None else min(late, plan.deadline)


def _until(plan: Plan, schedule: Schedule, place: Place, due_at: datetime) -> datetime | None:
    """Until when messages of the run may leave: what is about a day must not come after it, nor after the next run."""
    ends = [plan.deadline] if plan.deadline is not None else []
    if isinstance(schedule, Relative):
        ends.append(place.instant(place.day(due_at) + _DAY, time(0)))
    elif (following := schedule.next_after(place, due_at)) is not None:
        ends.append(following)
    return min(ends, default=None)
