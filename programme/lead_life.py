"""What becomes of a lead: a firm takes it up or refuses it in time, goes on with it, or it goes to another one.

The firm of the commune is offered it first (leads.py). When it refuses or lets the deadline pass, the pack's rule says
who is next. What the owner agreed to names the firm of the commune (and the bank), so no other hears of them before
they said yes to it by name: until then the new lead is "asking", which no firm sees. Every act is one transaction's
work; its idempotency story is in lead_steps.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import Connection, RowMapping, insert, select, update

from programme import links
from programme.content import Content
from programme.lead_problems import LeadProblem
from programme.lead_rules import LeadRules
from programme.lead_states import MAY_BE_OFFERED_AGAIN, LeadState, firm_steps
from programme.lead_steps import (
    HOTLINE,
    OFFERED_ANEW,
    Scope,
    find,
    history,
    is_withdrawn,
    keep_step,
    went_on,
    write_step,
)
from programme.lead_turns import take_turn
from programme.packs import ProvincePack, normalise_province_id
from programme.refusal_reasons import OTHER
from programme.working_time import WorkingTime
from store.audit import Actor
from store.database import insert_if_new
from store.survey_tables import lead
from store.text import clean
from store.vendor_tables import lead_note

LONGEST_TEXT = 500  # characters of what a firm writes


@dataclass(frozen=True)
class Step:
    """What somebody wants: `to` this state from `version`, which they have seen. `reason` and `text` of a refusal."""

    to: LeadState
    version: int
    reason: str | None = None
    text: str = ""


@dataclass(frozen=True)
class LeadLife:
    """`timezone`: where the firms' working hours are counted."""

    content: Content
    timezone: tzinfo

    def accept_by(self, province: str, now: datetime) -> datetime | None:
        """Until when a firm may take up a lead offered now; None: the pack sets no deadline."""
        pack = self._pack(province)
        if pack is None or pack.leads is None:
            return None
        return self._working_time(pack).after(now, timedelta(hours=pack.leads.accept_within_hours))

    def is_near(self, province: str, accept_by: datetime, now: datetime) -> bool:
        """Whether the deadline is so near that the firm is reminded."""
        pack = self._pack(province)
        if pack is None or pack.leads is None:
            return False
        left = self._working_time(pack).working_between(now, accept_by)
        return left <= timedelta(hours=pack.leads.remind_before_hours)

    def step(
        self, connection: Connection, lead_id: int, wanted: Step, scope: Scope, actor: Actor, now: datetime
    ) -> RowMapping:
        """Take a step as a firm, or for it; the lead's row afterwards.

        Sent again by the same person it changes nothing. Raises LeadProblem: lead_unknown, lead_withdrawn,
        lead_changed, lead_step_not_allowed, lead_deadline_passed, reason_missing, reason_unknown, text_missing,
        text_too_long.
        """
        row = find(connection, lead_id, scope, lock=True)
        if is_withdrawn(row):
            raise LeadProblem("lead_withdrawn")
        if row["version"] != wanted.version:
            if _was_done(connection, row, wanted, actor):
                return row
            raise LeadProblem("lead_changed")
        if wanted.to not in self.steps_of(connection, row, scope):
            raise LeadProblem("lead_step_not_allowed")
        if wanted.to is LeadState.OFFERED:
            self._offer_again(connection, row, actor, now)
            return find(connection, lead_id, scope)
        if wanted.to is LeadState.ACCEPTED and row["accept_by"] is not None and now >= row["accept_by"]:
            raise LeadProblem("lead_deadline_passed")
        reason, text = self._refusal(wanted) if wanted.to is LeadState.REFUSED else (None, None)
        write_step(connection, row, wanted.to, actor, now, reason, text, accept_by=None)
        if reason is not None and self.content.refusal_reasons.all[reason].re_offer:
            self._pass_further(connection, row, now)
        return find(connection, lead_id, scope)

    def steps_of(self, connection: Connection, row: RowMapping, scope: Scope) -> tuple[LeadState, ...]:
        """What somebody with this scope may do with the lead."""
        if is_withdrawn(row):
            return ()
        if scope.oversees and row["status"] in MAY_BE_OFFERED_AGAIN and not went_on(connection, row):
            return (LeadState.OFFERED,)
        return firm_steps(row["status"])

    def lapse(self, connection: Connection, lead_id: int, province: str, now: datetime) -> bool:
        """The deadline has passed; whether this changed anything. Repeated, and beside an acceptance, it does not."""
        row = find(connection, lead_id, Scope(province), lock=True)
        if row["status"] != LeadState.OFFERED or row["accept_by"] is None or now < row["accept_by"]:
            return False
        write_step(connection, row, LeadState.LAPSED, HOTLINE, now, accept_by=None)
        if not is_withdrawn(row):
            self._pass_further(connection, row, now)
        return True

    def settle(
        self, connection: Connection, lead_id: int, version: int, scope: Scope, actor: Actor, now: datetime
    ) -> bool:
        """Somebody who oversees the firms has seen to a lead that no firm has; whether that is new.

        Raises LeadProblem lead_unknown, lead_withdrawn, lead_changed, lead_step_not_allowed.
        """
        row = find(connection, lead_id, scope, lock=True)
        if is_withdrawn(row):
            raise LeadProblem("lead_withdrawn")
        if not scope.oversees:
            raise LeadProblem("lead_step_not_allowed")
        if row["unserved_since"] is None and any(step["reason"] == SETTLED for step in history(connection, lead_id)):
            return False
        if row["version"] != version:
            raise LeadProblem("lead_changed")
        if row["unserved_since"] is None:
            raise LeadProblem("lead_step_not_allowed")
        changed = update(lead).where(lead.c.id == lead_id)
        connection.execute(changed.values(version=version + 1, unserved_since=None))
        keep_step(connection, lead_id, version + 1, row["status"], row["status"], actor, now, SETTLED)
        return True

    def note(self, connection: Connection, lead_id: int, text: str, scope: Scope, actor: Actor, now: datetime) -> bool:
        """Keep what a firm writes to the programme; whether it is new. The same words of the same person again are
        there already.

        Raises LeadProblem lead_unknown, lead_withdrawn, text_missing, text_too_long.
        """
        row = find(connection, lead_id, scope, lock=True)
        if is_withdrawn(row):
            raise LeadProblem("lead_withdrawn")
        words = checked_text(text)
        if words is None:
            raise LeadProblem("text_missing")
        last = select(lead_note).where(lead_note.c.lead_id == lead_id).order_by(lead_note.c.id.desc()).limit(1)
        before = connection.execute(last).mappings().first()
        if before is not None and (before["text"], before["account_id"]) == (words, actor.account_id):
            return False
        who = {"actor": actor.name, "account_id": actor.account_id}
        connection.execute(insert(lead_note).values(lead_id=lead_id, text=words, at=now, **who))
        return True

    # --- what follows

    def _refusal(self, wanted: Step) -> tuple[str, str | None]:
        if not wanted.reason:
            raise LeadProblem("reason_missing")
        if wanted.reason not in self.content.refusal_reasons.all:
            raise LeadProblem("reason_unknown")
        text = checked_text(wanted.text)
        if wanted.reason == OTHER and text is None:
            raise LeadProblem("text_missing")
        return wanted.reason, text

    def _offer_again(self, connection: Connection, row: RowMapping, actor: Actor, now: datetime) -> None:
        """The same firm once more: the consent in force names it."""
        deadline = self.accept_by(row["province"], now)
        write_step(connection, row, LeadState.OFFERED, actor, now, accept_by=deadline, **OFFERED_ANEW)

    def _pass_further(self, connection: Connection, row: RowMapping, now: datetime) -> None:
        """Ask the owner about the next firm, or leave the lead to the programme's people."""
        pack = self._pack(row["province"])
        rules = pack.leads if pack is not None else None
        if pack is None or rules is None or not self._ask_about_next(connection, pack, rules, row, now):
            left = update(lead).where(lead.c.id == row["id"])
            connection.execute(left.values(unserved_since=now))

    def _ask_about_next(
        self, connection: Connection, pack: ProvincePack, rules: LeadRules, row: RowMapping, now: datetime
    ) -> bool:
        if rules.re_offer != "next_firm" or row["round"] >= rules.re_offers:
            return False
        people = links.person(connection, row["contact_id"])
        known = set(connection.scalars(select(lead.c.vendor).where(lead.c.contact_id.in_(people))))
        allowed = [vendor for vendor in _allowed(pack, rules, row) if vendor not in known]
        chosen = take_turn(connection, pack.id, allowed)
        if chosen is None:
            return False
        copied = {name: row[name] for name in ("contact_id", "response_id", "province", "commune")}
        asked = {"vendor": chosen, "status": LeadState.ASKING, "created_at": now, "status_at": now}
        made = insert_if_new(
            connection, lead, {**copied, **asked, "round": row["round"] + 1, "offered_from": row["id"]}
        )
        if made is None:
            return False
        keep_step(connection, made["id"], 1, None, LeadState.ASKING, HOTLINE, now)
        return True

    def _pack(self, province: str) -> ProvincePack | None:
        return self.content.packs.provinces.get(normalise_province_id(province))

    def _working_time(self, pack: ProvincePack) -> WorkingTime:
        return WorkingTime(pack.working_hours, self.content.deadlines, self.timezone)


SETTLED = "settled"  # the reason of the step with which the programme's people took a lead off their list


def give_up_asking(connection: Connection, lead_id: int, now: datetime) -> bool:
    """The owner cannot be asked, or has not answered: the programme's people have it now."""
    asking = select(lead).filter_by(id=lead_id, status=LeadState.ASKING).with_for_update()
    row = connection.execute(asking).mappings().first()
    if row is None:
        return False
    write_step(connection, row, LeadState.DECLINED, HOTLINE, now, unserved_since=now)
    return True


def checked_text(text: str) -> str | None:
    """What somebody wrote, clean; None: nothing. Raises LeadProblem text_too_long."""
    words = clean(text).strip()
    if len(words) > LONGEST_TEXT:
        raise LeadProblem("text_too_long")
    return words or None


def _allowed(pack: ProvincePack, rules: LeadRules, row: RowMapping) -> list[str]:
    """The firms that may be next; nobody stands in for a firm of the whole province, like the bank."""
    with_communes = [vendor.id for vendor in pack.vendors if vendor.coverage == "communes"]
    if row["vendor"] not in with_communes:
        return []
    allowed = rules.allowed.get(row["commune"] or "")
    return with_communes if allowed is None else [vendor for vendor in with_communes if vendor in allowed]


def _was_done(connection: Connection, row: RowMapping, wanted: Step, actor: Actor) -> bool:
    """Whether just this step of this person is what changed the lead: it was sent twice."""
    for step in history(connection, row["id"]):
        if step["version"] == wanted.version + 1:
            who = (step["actor"], step["account_id"])
            return bool(step["to_status"] == wanted.to and who == (actor.name, actor.account_id))
    return False
