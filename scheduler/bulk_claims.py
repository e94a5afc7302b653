"""The claim: in one short transaction the law is asked about a batch of rows, a way is chosen for each, and those that
may leave are marked as `sending`, committed, before anybody is called.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, func, or_, select, update

from integrations.sms.registry import NAMES
from programme import ledger
from programme.bulk_law import Verdict
from programme.campaign_plan import TALKS
from programme.campaign_schedule import Place
from programme.campaign_window import read_window
from programme.ledger import RunStatus, State
from scheduler import bulk_recall, bulk_zalo
from scheduler.bulk_calls import LEASE, MOST_REPEATED, STOPPED, Call, Step, may_repeat
from scheduler.bulk_gateways import GatewayPace, keep_paces, read_paces
from scheduler.bulk_judging import LOOK_AGAIN, judge
from scheduler.bulk_marking import Rooms, mark
from scheduler.bulk_pace import Bucket
from scheduler.bulk_rows import Waits, is_unfinished, make_uncertain, put_off, read_rows, skip, waiting
from scheduler.bulk_ways import NO_GATEWAY, Ways
from store.campaign_tables import campaign, campaign_run, recipient

MOST_AT_ONCE = 200
# Rows that are only skipped, in one transaction.
SWEPT_AT_ONCE = 2000
ZALO_AT_ONCE = 20
TOO_LATE, CANCELLED = "too_late", "cancelled"


@dataclass
class Claimed:
    """`calls`: to be made, once this is committed. `moved`: rows changed at all. `again_in`: seconds; None: only news
    can bring more."""

    calls: list[Call] = field(default_factory=list)
    moved: int = 0
    again_in: float | None = None
    said: bool = False  # something waits in the outbox of conversations
    paused: str | None = None


def open_runs(connection: Connection) -> list[int]:
    """Runs in which something may be to do."""
    return list(
        connection.scalars(
            select(campaign_run.c.id).where(campaign_run.c.ended_at.is_(None)).order_by(campaign_run.c.id)
        )
    )


def claim(rooms: Rooms, run_id: int, room: int, connection: Connection) -> Claimed:
    """Take up to `room` rows of a run."""
    ledger.alone(connection)
    locked = select(campaign_run).where(campaign_run.c.id == run_id).with_for_update()
    run = connection.execute(locked).mappings().one()
    if run["ended_at"] is not None:
        return Claimed()
    planned = connection.execute(select(campaign).where(campaign.c.id == run["campaign_id"])).mappings().one()
    return _Claim(rooms, connection, run, planned).take(min(room, MOST_AT_ONCE))


class _Claim:
    """One claim of one run, in one transaction."""

    def __init__(self, rooms: Rooms, connection: Connection, run: RowMapping, planned: RowMapping) -> None:
        self.rooms, self.connection, self.run, self.planned = rooms, connection, run, planned
        self.now = rooms.clock.now()
        self.token = secrets.token_hex(16)
        limits = [at for at in (run["deadline_at"], planned["deadline"]) if at is not None]
        self.deadline = min(limits, default=None)
        self.last_call = self.deadline
        self.claimed = Claimed()
        self.ways = Ways.of(rooms, planned)

    def take(self, room: int) -> Claimed:
        run, planned = self.run, self.planned
        if run["status"] == RunStatus.CANCELLED or planned["status"] == "cancelled":
            return self._sweep(CANCELLED, RunStatus.CANCELLED)
        if self.deadline is not None and self.now > self.deadline:
            return self._sweep(TOO_LATE, RunStatus.ENDED)
        may_send = run["status"] == RunStatus.RUNNING and (run["is_test"] or planned["status"] in ("approved", "ended"))
        if not may_send:
            self._settle_expired(False)
            self.claimed.again_in = LOOK_AGAIN.total_seconds() if self.claimed.calls else None
            return self.claimed
        place = Place(self.rooms.clock.timezone, self.rooms.content.deadlines)
        opening = read_window(planned["window"], place).next_opening(self.now)
        if opening is None or opening > self.now:
            self._settle_expired(False)
            self.claimed.again_in = 60.0 if opening is None else min(60.0, (opening - self.now).total_seconds())
            return self.claimed
        if not self.ways.steps:
            # A gateway that no hotline has an account at is a simulation's, whose own process sends
            if not set(planned["gateways"]).isdisjoint(NAMES) or "sms" not in planned["channels"]:
                ledger.pause(self.connection, run["id"], NO_GATEWAY)
                self.claimed.paused = NO_GATEWAY
            return self.claimed
        return self._send(room)

    def _send(self, room: int) -> Claimed:
        pace = Bucket(self.run["millitokens"], self.run["filled_at"], self.planned["pace_per_minute"] / 60).filled(
            self.now
        )
        gateways = read_paces(self.connection, self.ways.gateways, self.rooms.gateways, self.now)
        wanted = pace.holds(room)
        if wanted:
            repeated = self._settle_expired(True)
            rows = (repeated + waiting(self.connection, self.run["id"], self.now, wanted))[:wanted]
            used = self._choose(rows, gateways)
            gateways = {name: one.without(used.get(name, 0)) for name, one in gateways.items()}
            pace = pace.without(sum(used.values()))
        own = update(campaign_run).where(campaign_run.c.id == self.run["id"])
        self.connection.execute(own.values(millitokens=pace.millitokens, filled_at=pace.filled_at))
        keep_paces(self.connection, gateways)
        if not self.claimed.moved:
            self._end_or_wait(pace, wanted)
        else:
            self.claimed.again_in = pace.wait_for(1)
        return self.claimed

    # what was left by somebody dead, or had no answer

    def _settle_expired(self, may_send: bool, *, is_over: bool = False) -> list[dict[str, Any]]:
        """Those whose call may be repeated, if anything may be sent now; the others become uncertain. `is_over`:
        nothing will be sent any more."""
        ahead = recipient.c.next_at > self.now + 2 * LEASE + STOPPED
        is_sending = recipient.c.status == State.SENDING
        own = update(recipient).where(recipient.c.run_id == self.run["id"], is_sending, ahead)
        self.connection.execute(own.values(next_at=self.now + LEASE))  # of a clock that was ahead: a lease from now on
        expired = read_rows(
            self.connection, self.run["id"], is_sending, recipient.c.next_at <= self.now, limit=MOST_AT_ONCE
        )
        on_zalo = self._without_recalled([row for row in expired if row["channel"] in TALKS])
        self.claimed.moved += bulk_zalo.follow(self.connection, on_zalo, self.now, self.ways.after_talks())
        repeated, lost = [], []
        for row in expired:
            if row["channel"] in TALKS:
                continue
            gateway = self.rooms.gateways.get(row["gateway"] or "")
            remembers = timedelta(0) if gateway is None else gateway.remembers
            can = may_repeat(remembers, row["tried_at"], self.now) and row["attempts"] < MOST_REPEATED
            if not can or is_over:
                lost.append(row)
            elif may_send:
                repeated.append(row)
        self.claimed.moved += make_uncertain(self.connection, lost, self.now)
        return repeated

    def _without_recalled(self, on_zalo: Sequence[dict[str, Any]]) -> Sequence[Mapping[str, Any]]:
        unsent = bulk_recall.unsent(self.connection, on_zalo) if on_zalo else []
        verdicts = self._judge([(row, Step(row["channel"], "")) for row in unsent])
        recalled = bulk_recall.recall(self.connection, unsent, verdicts, self.now)
        self.claimed.moved += len(recalled)
        return [row for row in on_zalo if row["id"] not in recalled]

    # choosing and marking

    def _choose(self, rows: Sequence[dict[str, Any]], gateways: Mapping[str, GatewayPace]) -> dict[str, int]:
        """How many go to each gateway."""
        left = {name: one.bucket.holds(MOST_AT_ONCE) for name, one in gateways.items()}
        down = {name for name, one in gateways.items() if one.stopped_for is not None}
        way = self.ways.talks
        talks = bulk_zalo.talks(self.connection, rows, way, self.now) if way else {}
        chosen: list[tuple[dict[str, Any], Step]] = []
        skipped: dict[str, list[int]] = {}
        waits: Waits = {}
        on_zalo = 0
        for row in rows:
            step, why = self.ways.first(row, talks, down)
            if step is None:
                if row["status"] == State.SENDING:
                    self.claimed.moved += make_uncertain(self.connection, [row], self.now)
                elif why in (bulk_zalo.HELD, NO_GATEWAY):
                    waits.setdefault((why, self.now + LOOK_AGAIN), []).append(row["id"])
                else:
                    skipped.setdefault(why, []).append(row["id"])
                continue
            until = gateways[step.gateway].stopped_until if step.gateway else None
            is_full = until is not None or left.get(step.gateway, 1) <= 0
            if is_full or (step.channel in TALKS and on_zalo >= ZALO_AT_ONCE):
                at = until or self.now + timedelta(seconds=1)
                waits.setdefault((row["reason"], at), []).append(row["id"])
                continue
            on_zalo += step.channel in TALKS
            left[step.gateway] = left.get(step.gateway, 1) - (1 if step.gateway else 0)
            chosen.append((row, step))
        going = self._lawful(chosen, waits, skipped)
        put_off(self.connection, waits)
        for reason, ids in skipped.items():
            self.claimed.moved += skip(self.connection, ids, reason, self.now)
        marked = mark(
            self.rooms,
            self.connection,
            self.run["id"],
            self.ways.steps,
            going,
            talks,
            self.ways.variant,
            self.planned,
            self.token,
            self.last_call,
        )
        self.claimed.calls += marked.calls
        self.claimed.moved += marked.moved
        self.claimed.said = self.claimed.said or marked.said
        used: dict[str, int] = {}
        for _, step in going:
            used[step.gateway] = used.get(step.gateway, 0) + 1
        if down and not going and not {step.gateway for step in self.ways.steps} - down:
            reason = next(one.stopped_for for one in gateways.values() if one.stopped_for is not None)
            ledger.pause(self.connection, self.run["id"], reason)
            self.claimed.paused = reason
        return used

    def _lawful(
        self,
        chosen: Sequence[tuple[dict[str, Any], Step]],
        waits: Waits,
        skipped: dict[str, list[int]],
    ) -> list[tuple[dict[str, Any], Step]]:
        """What the law lets leave now; the others join those that wait or are skipped."""
        verdicts = self._judge(chosen)
        going: list[tuple[dict[str, Any], Step]] = []
        for row, step in chosen:
            verdict = verdicts[row["id"]]
            if verdict.decision == "send":
                going.append((row, step))
                # Not claimed while the hours are open and called when they are over
                self.last_call = min((at for at in (self.last_call, verdict.last) if at is not None), default=None)
            elif row["status"] == State.SENDING:
                # It must not be said again, and may have been
                self.claimed.moved += make_uncertain(self.connection, [row], self.now)
            elif verdict.decision == "later" and verdict.until is not None:
                waits.setdefault((verdict.rule, verdict.until), []).append(row["id"])
            else:
                skipped.setdefault(verdict.rule or "law", []).append(row["id"])
        return going

    def _judge(self, chosen: Sequence[tuple[Mapping[str, Any], Step]]) -> dict[int, Verdict]:
        return judge(self.rooms, self.connection, chosen, self.ways, self.run, self.now)

    # the end

    def _sweep(self, reason: str, status: RunStatus) -> Claimed:
        """What still waits is skipped, some thousand rows in a transaction; then the run is over."""
        some = select(recipient.c.id).where(recipient.c.run_id == self.run["id"], recipient.c.status == State.WAITING)
        is_waiting = recipient.c.status == State.WAITING  # a report may come in between
        own = update(recipient).where(recipient.c.id.in_(some.limit(SWEPT_AT_ONCE)), is_waiting)
        values = {"status": State.SKIPPED, "reason": reason, "next_at": None, "final_at": self.now}
        self.claimed.moved = self.connection.execute(own.values(values)).rowcount
        bulk_zalo.withdraw(self.connection, self.run["id"], reason, self.now)
        self._settle_expired(False, is_over=True)
        if not self.claimed.moved and not is_unfinished(self.connection, self.run["id"]):
            self._end(status)
        self.claimed.again_in = 0.0 if self.claimed.moved else 1.0
        return self.claimed

    def _end(self, status: RunStatus) -> None:
        own = update(campaign_run).where(campaign_run.c.id == self.run["id"])
        self.connection.execute(own.values(status=status, ended_at=self.now))

    def _end_or_wait(self, pace: Bucket, wanted: int) -> None:
        if not wanted:
            self.claimed.again_in = pace.wait_for(1)
        elif not is_unfinished(self.connection, self.run["id"]):
            self._end(RunStatus.ENDED)
        else:
            open_ = or_(recipient.c.status == State.WAITING, recipient.c.status == State.SENDING)
            due = select(func.min(recipient.c.next_at)).where(recipient.c.run_id == self.run["id"], open_)
            at = self.connection.scalar(due)
            self.claimed.again_in = 1.0 if at is None else max(0.02, (at - self.now).total_seconds())
