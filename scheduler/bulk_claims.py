"""The claim: in one short transaction the law is asked about a batch of rows, a way is chosen for each, and those that
may leave are marked as `sending`, committed, before anybody is called.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    exists,
    func,
    or_,
    select,
    update,
)

from integrations.sms.registry import NAMES
from programme import bulk_gate, campaign_matters, ledger
from programme.bulk_gate import Asked
from programme.bulk_law import MessageKind, Verdict
from programme.campaign_plan import TALKS
from programme.campaign_schedule import Place
from programme.campaign_window import read_window
from programme.ledger import RunStatus, State
from scheduler import bulk_recall, bulk_zalo
from scheduler.bulk_calls import FIRST_RECEIPT, LEASE, MOST_REPEATED, STOPPED, Call, Step, may_repeat
from scheduler.bulk_marking import Rooms, mark
from scheduler.bulk_pace import Bucket
from store.campaign_tables import campaign, campaign_run, gateway_state, recipient
from store.database import insert_if_new
from store.phones import is_fixed_line
from store.tables import contact

MOST_AT_ONCE = 200
# Rows that are only skipped, in one transaction.
SWEPT_AT_ONCE = 2000
LOOK_AGAIN = timedelta(minutes=1)
ZALO_AT_ONCE = 20
INTERRUPTED, TOO_LATE, CANCELLED = "interrupted", "too_late", "cancelled"
NO_NUMBER, NUMBER_CHANGED, FIXED_LINE = "no_number", "number_changed", "fixed_line"
NO_WAY, NO_GATEWAY, NO_TALK = "kind_not_carried", "no_gateway", "no_conversation"


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
        self.steps = list(self._steps())

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
        if not self.steps:
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
        buckets = self._gateways()
        wanted = pace.holds(room)
        if wanted:
            repeated = self._settle_expired(True)
            rows = (repeated + self._waiting(wanted))[:wanted]
            used = self._choose(rows, buckets)
            for name, count in used.items():
                if name:
                    buckets[name] = (buckets[name][0].without(count), *buckets[name][1:])
            pace = pace.without(sum(used.values()))
        self._keep(pace, buckets)
        if not self.claimed.moved:
            self._end_or_wait(pace, buckets, wanted)
        else:
            self.claimed.again_in = pace.wait_for(1)
        return self.claimed

    # what there is

    def _steps(self) -> Iterable[Step]:
        for channel in self.planned["channels"]:
            names = [""] if channel in TALKS else ["zbs"] if channel == "zbs" else self.planned["gateways"]
            for name in names:
                gateway = self.rooms.gateways.get(name)
                if not name or (gateway is not None and self.planned["kind"] in gateway.kinds):
                    yield Step(channel, name)

    def _gateways(self) -> dict[str, tuple[Bucket, datetime | None, str | None]]:
        """Per gateway its pace, until when it is left alone, and why."""
        found = {}
        for name in sorted({step.gateway for step in self.steps if step.gateway}):
            insert_if_new(self.connection, gateway_state, {"gateway": name, "filled_at": self.now})
            own = select(gateway_state).where(gateway_state.c.gateway == name).with_for_update()
            row = self.connection.execute(own).mappings().one()
            bucket = Bucket(row["millitokens"], row["filled_at"], self.rooms.gateways[name].per_second).filled(self.now)
            until = row["stopped_until"]
            # Nobody stops for so long: it was set before the clock was set back
            is_stopped = until is not None and self.now < until <= self.now + 2 * STOPPED
            found[name] = (bucket, until if is_stopped else None, row["stopped_for"] if is_stopped else None)
        return found

    def _keep(self, pace: Bucket, buckets: Mapping[str, tuple[Bucket, datetime | None, str | None]]) -> None:
        own = update(campaign_run).where(campaign_run.c.id == self.run["id"])
        self.connection.execute(own.values(millitokens=pace.millitokens, filled_at=pace.filled_at))
        for name, (bucket, _, _) in buckets.items():
            state = update(gateway_state).where(gateway_state.c.gateway == name)
            self.connection.execute(state.values(millitokens=bucket.millitokens, filled_at=bucket.filled_at))

    def _rows(self, *conditions: ColumnElement[bool], limit: int) -> list[dict[str, Any]]:
        of = (
            select(recipient, contact.c.phone, contact.c.phone_key.label("present_key"))
            .join(contact, contact.c.id == recipient.c.contact_id)
            .where(recipient.c.run_id == self.run["id"], *conditions)
            .order_by(recipient.c.next_at, recipient.c.id)
            .limit(limit)
        )
        return [dict(row) for row in self.connection.execute(of).mappings()]

    def _waiting(self, limit: int) -> list[dict[str, Any]]:
        is_waiting = recipient.c.status == State.WAITING
        due = self._rows(is_waiting, recipient.c.next_at <= self.now, limit=limit)
        if len(due) < limit:
            due += self._rows(is_waiting, recipient.c.next_at.is_(None), limit=limit - len(due))
        return due

    # what was left by somebody dead, or had no answer

    def _settle_expired(self, may_send: bool, *, is_over: bool = False) -> list[dict[str, Any]]:
        """Those whose call may be repeated, if anything may be sent now; the others become uncertain. `is_over`:
        nothing will be sent any more."""
        ahead = recipient.c.next_at > self.now + 2 * LEASE + STOPPED
        is_sending = recipient.c.status == State.SENDING
        own = update(recipient).where(recipient.c.run_id == self.run["id"], is_sending, ahead)
        self.connection.execute(own.values(next_at=self.now + LEASE))  # of a clock that was ahead: a lease from now on
        expired = self._rows(is_sending, recipient.c.next_at <= self.now, limit=MOST_AT_ONCE)
        on_zalo = self._without_recalled([row for row in expired if row["channel"] in TALKS])
        self.claimed.moved += bulk_zalo.follow(self.connection, on_zalo, self.now, self._after_zalo())
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
        self._uncertain(lost)
        return repeated

    def _without_recalled(self, on_zalo: Sequence[dict[str, Any]]) -> Sequence[Mapping[str, Any]]:
        unsent = bulk_recall.unsent(self.connection, on_zalo) if on_zalo else []
        verdicts = self._judge([(row, Step(row["channel"], "")) for row in unsent])
        recalled = bulk_recall.recall(self.connection, unsent, verdicts, self.now)
        self.claimed.moved += len(recalled)
        return [row for row in on_zalo if row["id"] not in recalled]

    def _after_zalo(self) -> tuple[str, str] | None:
        place = next((at for at, step in enumerate(self.steps) if step.channel in TALKS), len(self.steps))
        return next(((step.channel, step.gateway) for step in self.steps[place + 1 :]), None)

    def _uncertain(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for reason in {row["reason"] or INTERRUPTED for row in rows}:
            ids = [row["id"] for row in rows if (row["reason"] or INTERRUPTED) == reason]
            own = update(recipient).where(recipient.c.id.in_(ids), recipient.c.status == State.SENDING)
            ask_at = self.now + FIRST_RECEIPT
            self.connection.execute(own.values(status=State.UNCERTAIN, reason=reason, next_at=ask_at))
            self.claimed.moved += len(ids)

    # choosing and marking

    def _choose(
        self, rows: Sequence[dict[str, Any]], buckets: Mapping[str, tuple[Bucket, datetime | None, str | None]]
    ) -> dict[str, int]:
        """How many go to each gateway."""
        left = {name: bucket.holds(MOST_AT_ONCE) for name, (bucket, _, _) in buckets.items()}
        stopped = {name for name, (_, until, _) in buckets.items() if until is not None}
        down = {name for name, (_, _, why) in buckets.items() if why is not None}
        way = next((step.channel for step in self.steps if step.channel in TALKS), None)
        talks = bulk_zalo.talks(self.connection, rows, way, self.now) if way else {}
        chosen: list[tuple[dict[str, Any], Step]] = []
        skipped: dict[str, list[int]] = {}
        waits: dict[tuple[str | None, datetime], list[int]] = {}
        on_zalo = 0
        for row in rows:
            step, why = self._way(row, talks, down)
            if step is None:
                if row["status"] == State.SENDING:
                    self._uncertain([row])
                elif why in (bulk_zalo.HELD, NO_GATEWAY):
                    waits.setdefault((why, self.now + LOOK_AGAIN), []).append(row["id"])
                else:
                    skipped.setdefault(why, []).append(row["id"])
                continue
            is_full = step.gateway in stopped or left.get(step.gateway, 1) <= 0
            if is_full or (step.channel in TALKS and on_zalo >= ZALO_AT_ONCE):
                until = next((u for n, (_, u, _) in buckets.items() if n == step.gateway), None)
                at = until or self.now + timedelta(seconds=1)
                waits.setdefault((row["reason"], at), []).append(row["id"])
                continue
            on_zalo += step.channel in TALKS
            left[step.gateway] = left.get(step.gateway, 1) - (1 if step.gateway else 0)
            chosen.append((row, step))
        going = self._lawful(chosen, waits, skipped)
        self._put_off(waits)
        for reason, ids in skipped.items():
            self._skip(ids, reason)
        marked = mark(
            self.rooms,
            self.connection,
            self.run["id"],
            self.steps,
            going,
            talks,
            self._variant,
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
        if down and not going and not set(step.gateway for step in self.steps) - down:
            reason = next(why for _, _, why in buckets.values() if why is not None)
            ledger.pause(self.connection, self.run["id"], reason)
            self.claimed.paused = reason
        return used

    def _lawful(
        self,
        chosen: Sequence[tuple[dict[str, Any], Step]],
        waits: dict[tuple[str | None, datetime], list[int]],
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
                self._uncertain([row])  # it must not be said again, and may have been
            elif verdict.decision == "later" and verdict.until is not None:
                waits.setdefault((verdict.rule, verdict.until), []).append(row["id"])
            else:
                skipped.setdefault(verdict.rule or "law", []).append(row["id"])
        return going

    def _way(self, row: Mapping[str, Any], talks: Mapping[int, RowMapping], down: set[str]) -> tuple[Step | None, str]:
        """The first step that can reach the row, from the one it has come to; or why there is none."""
        begun = Step(row["channel"] or "", row["gateway"] or "")
        first = self.steps.index(begun) if begun in self.steps else 0
        if row["status"] == State.SENDING:  # only the same gateway knows it again
            is_same = begun in self.steps and row["present_key"] == row["phone_key"] and row["phone"]
            return (begun if is_same else None), INTERRUPTED
        variant = self._variant(row)
        why, out_of_order = NO_WAY, None
        for step in self.steps[first:]:
            if step.channel in TALKS:
                talk = talks.get(row["contact_id"])
                if talk is not None and bulk_zalo.is_at_rest(talk):
                    return step, ""
                why = NO_TALK if talk is None else bulk_zalo.HELD
            elif row["phone"] is None:
                why = bulk_zalo.HELD if why == bulk_zalo.HELD else NO_NUMBER
            elif row["present_key"] != row["phone_key"]:
                why = NUMBER_CHANGED
            elif is_fixed_line(row["phone"]):
                why = FIXED_LINE
            elif step.channel == "zbs" and not variant.get("zbs"):
                continue
            elif step.gateway in down:
                out_of_order = out_of_order or step
            else:
                return step, ""
        if out_of_order is not None:
            return out_of_order, ""
        return None, why

    def _variant(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        variants = self.planned["variants"]
        return next((one for one in variants if str(one["id"]) == row["variant"]), variants[0])

    def _judge(self, chosen: Sequence[tuple[Mapping[str, Any], Step]]) -> dict[int, Verdict]:
        asked = [
            Asked(
                row["id"],
                row["contact_id"],
                row["phone_key"],
                MessageKind(row["kind"]),
                step.channel,
                None if step.channel == "zbs" else self._variant(row)["text"],  # Zalo has that text
            )
            for row, step in chosen
        ]
        law, zone = self.rooms.content.bulk_law, self.rooms.clock.timezone
        verdicts = bulk_gate.judge(self.connection, law, asked, self.now, zone) if asked else {}
        place = Place(zone, self.rooms.content.deadlines)
        rows = [row for row, _ in chosen if verdicts[row["id"]].decision == "send"]
        found = campaign_matters.objections(self.connection, rows, self.planned, self.run, place)
        for id_, objection in found.items():
            again = self.now + LOOK_AGAIN
            verdict = (
                Verdict("later", objection.reason, again) if objection.waits else Verdict("never", objection.reason)
            )
            verdicts[id_] = verdict
        return verdicts

    def _put_off(self, waits: Mapping[tuple[str | None, datetime], list[int]]) -> None:
        for (reason, at), ids in waits.items():
            is_open = recipient.c.status.in_((State.WAITING, State.SENDING))
            own = update(recipient).where(recipient.c.id.in_(ids), is_open)
            self.connection.execute(own.values(reason=reason, next_at=at))

    def _skip(self, ids: Sequence[int], reason: str) -> None:
        own = update(recipient).where(recipient.c.id.in_(ids), recipient.c.status == State.WAITING)
        self.connection.execute(own.values(status=State.SKIPPED, reason=reason, next_at=None, final_at=self.now))
        self.claimed.moved += len(ids)

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
        if not self.claimed.moved and not self._is_unfinished():
            self._end(status)
        self.claimed.again_in = 0.0 if self.claimed.moved else 1.0
        return self.claimed

    def _is_unfinished(self) -> bool:
        open_ = recipient.c.status.in_((State.WAITING, State.SENDING))
        return bool(self.connection.scalar(select(exists().where(recipient.c.run_id == self.run["id"], open_))))

    def _end(self, status: RunStatus) -> None:
        own = update(campaign_run).where(campaign_run.c.id == self.run["id"])
        self.connection.execute(own.values(status=status, ended_at=self.now))

    def _end_or_wait(
        self, pace: Bucket, buckets: Mapping[str, tuple[Bucket, datetime | None, str | None]], wanted: int
    ) -> None:
        if not wanted:
            self.claimed.again_in = pace.wait_for(1)
        elif not self._is_unfinished():
            self._end(RunStatus.ENDED)
        else:
            open_ = or_(recipient.c.status == State.WAITING, recipient.c.status == State.SENDING)
            due = select(func.min(recipient.c.next_at)).where(recipient.c.run_id == self.run["id"], open_)
            at = self.connection.scalar(due)
            self.claimed.again_in = 1.0 if at is None else max(0.02, (at - self.now).total_seconds())
