"""The job "alarms": every minute the conditions are looked at, and the people on duty are told.

An alarm is told when it opens, again every six hours while it is open, and once when it is over. Each time the row is
changed after the call: a process that dies in between, or a database that goes away, repeats that one message at the
next look; none is lost. What could not be told is tried again every minute, and the log has it in any case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import InterfaceError, OperationalError

from integrations.errors import SendFailed
from programme.notice_switches import Notice, is_on
from scheduler.conditions import CONDITIONS, TOKENS_ENDING
from scheduler.kinds import JobContext, JobKind
from scheduler.moments import Condition, Moment
from store.alarm_queries import close_alarm, mark_told, open_alarm, open_alarms
from store.logs import get_logger

log = get_logger("scheduler.alarms")

AGAIN_AFTER = timedelta(hours=6)


@dataclass(frozen=True)
class Finding:
    """What a condition said: `detail` is None when all is well."""

    condition: Condition
    detail: str | None


async def watch(context: JobContext, conditions: tuple[Condition, ...] = CONDITIONS) -> None:
    """Open, repeat and end alarms. Raises SQLAlchemyError when the database is away."""
    known = {row["name"] for row in await context.database.read(open_alarms)}
    findings = {}
    if not await context.database.read(partial(is_on, notice=Notice.TOKENS_ENDING)):
        conditions = tuple(condition for condition in conditions if condition.name not in TOKENS_ENDING)
    for condition in conditions:
        if (finding := await _look(context, condition, condition.name in known)) is not None:
            findings[condition.name] = finding
    for row in await context.database.run(partial(_open, context.clock.now(), findings)):
        # An alarm whose condition could not be looked at, or is of another version, stays as it is
        if (finding := findings.get(row["name"])) is not None:
            await _follow(context, row, finding)


ALARMS = JobKind("alarms", timedelta(minutes=1), watch)


async def _look(context: JobContext, condition: Condition, is_open: bool) -> Finding | None:
    """None when the condition broke: one that is wrong does not hide the others."""
    timezone, working_time = context.clock.timezone, context.working_time(context.watch.province)

    def check(connection: Connection) -> Finding:
        moment = Moment(connection, context.clock.now(), timezone, working_time, context.watch, is_open)
        return Finding(condition, condition.check(moment))

    try:
        return await context.database.read(check)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("alarm_check_broke", alarm=condition.name)
        return None


def _open(now: datetime, findings: dict[str, Finding], connection: Connection) -> list[RowMapping]:
    """Open what is new; all that is open."""
    for name, finding in findings.items():
        if finding.detail is not None and open_alarm(connection, name, finding.detail, now):
            log.error("alarm_opened", alarm=name)
    return open_alarms(connection)


async def _follow(context: JobContext, row: RowMapping, finding: Finding) -> None:
    now, condition, detail = context.clock.now(), finding.condition, finding.detail
    since = f"{row['opened_at'].astimezone(context.clock.timezone):%H:%M ngày %d/%m}"
    whose = f"Hotline {context.watch.place}".strip()
    if detail is None:
        # What nobody was told of ends as silently
        if row["told_at"] is None or await _tell(
            context, row, f"✅ {whose}: đã hết: {condition.title}. Bắt đầu lúc {since}."
        ):
            await context.database.run(lambda connection: close_alarm(connection, row["id"], now))
            log.info("alarm_over", alarm=condition.name)
    elif row["told_at"] is None or now - row["told_at"] >= AGAIN_AFTER:
        still = "" if row["told_at"] is None else "vẫn còn: "
        words = f"🔴 {whose}: {still}{condition.title}.\n{detail}\nTừ lúc {since}.\nViệc cần làm: {condition.remedy}"
        if await _tell(context, row, words):
            await context.database.run(lambda connection: mark_told(connection, row["id"], detail, now))


async def _tell(context: JobContext, row: RowMapping, words: str) -> bool:
    """Whether it is told. Without a sender the log is where people look, and it has it already."""
    if context.watch.sender is None:
        return True
    try:
        await context.watch.sender.tell(words)
    except SendFailed as failure:
        log.error("alarm_untold", alarm=row["name"], error=failure.error.code)
        return False
    return True
