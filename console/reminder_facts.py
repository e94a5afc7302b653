"""What the page of automatic reminders shows of each: its texts as they go out, whom, when, at what cost, whether it is
on and since when, and how its last run stands.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from console.campaign_facts import Say, Standing, example_values, schedule_words, standings
from console.context import ConsoleContext
from programme import campaign_text
from programme.campaign_digest import digest
from programme.message_templates import Cost, cost
from programme.reminder_pack import Reminder
from programme.reminders import Reminders, Ways
from programme.reminders import Standing as Switched
from programme.reminders import standings as all_switched


@dataclass(frozen=True)
class ShownReminder:
    """`channels`, `zbs`: the most that would be switched on, and the number of the template at Zalo that goes with it.
    `digests`: of what would be switched on, by each of its ways. `last`: its newest run, None before the first."""

    switched: Switched
    when: str
    channels: tuple[str, ...]
    zbs: str | None
    text: str
    chat: str
    cost: Cost
    digests: dict[Ways, str]
    last: Standing | None

    @property
    def reminder(self) -> Reminder:
        return self.switched.reminder

    @property
    def paused_itself(self) -> bool:
        return self.last is not None and self.last.paused_itself

    @property
    def next_at(self) -> dt.datetime | None:
        row = self.switched.row
        return row["next_at"] if row is not None and self.switched.ways is not Ways.OFF else None


def reminders_of(context: ConsoleContext) -> Reminders:
    return Reminders(context.content, context.keyring, context.clock.timezone, context.carries)


def shown_reminders(connection: Connection, context: ConsoleContext, language: str, say: Say) -> list[ShownReminder]:
    """Every reminder of the province, in the order of the pack."""
    return [
        _shown(connection, context, one, language, say)
        for one in all_switched(connection, context.content, context.province)
    ]


def _shown(
    connection: Connection, context: ConsoleContext, switched: Switched, language: str, say: Say
) -> ShownReminder:
    reminder, reminders = switched.reminder, reminders_of(context)
    values = example_values(context, say)
    ways = [Ways.FREE] if reminder.free else []
    ways += [Ways.ALL] if reminder.free != reminder.channels else []
    price = context.content.starters.price(context.province, reminder.kind)
    row, plain = switched.row, campaign_text.plain(reminder.text)
    runs = [] if row is None else standings(connection, row["id"])
    plans = {one: reminders.plan(connection, context.province, reminder, one) for one in ways}
    return ShownReminder(
        switched=switched,
        when=schedule_words(plans[ways[-1]], say),
        channels=plans[ways[-1]].channels,
        zbs=(plans[ways[-1]].variants[0].zbs or {}).get("template"),
        text=campaign_text.render(plain, values, accents=False),
        chat=campaign_text.render(reminder.chat.said(language), values),
        cost=cost(plain, False, price),
        digests={one: digest(plan, None) for one, plan in plans.items()},
        last=runs[0] if runs else None,
    )
