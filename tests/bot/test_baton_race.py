"""Two officers click "take" at once: exactly one of them holds the conversation."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from bot import baton, holding, inbox
from bot.baton import Held, Holder, NotHolder, Reason
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database
from store.tables import conversation, escalation

ROUNDS = 50


def _both(first: Callable[[], Held], second: Callable[[], Held], pool: ThreadPoolExecutor) -> list[Held | NotHolder]:
    start = Barrier(2)

    def attempt(act: Callable[[], Held]) -> Held | NotHolder:
        start.wait()
        try:
            return act()
        except NotHolder as refused:
            return refused

    return list(pool.map(attempt, (first, second)))


def test_one_of_two_who_take_at_once_holds(database: Database, clock: ManualClock, keyring: Keyring) -> None:
    now = clock.now()
    names = {name: database.run_now(lambda c, n=name: baton.officer_named(c, n, now)) for name in ("Lan", "Minh")}
    lan, minh = names["Lan"], names["Minh"]
    with ThreadPoolExecutor(2) as pool:
        for round_ in range(ROUNDS):
            here = database.run_now(
                lambda c, r=round_: inbox.open_conversation(c, keyring, "webchat", str(r), "thai-nguyen", now)
            )
            handed_over = round_ % 2 == 0
            if handed_over:
                database.run_now(lambda c, h=here: baton.escalate(c, h, Reason.ASKED, now, 24))

            def takes(who: int, here: str = here) -> Held:
                return database.run_now(lambda c: holding.take_over(c, here, who, now, 24))

            results = _both(lambda: takes(lan), lambda: takes(minh), pool)
            held = [one for one in results if isinstance(one, Held)]
            refused = [one for one in results if isinstance(one, NotHolder)]
            assert (len(held), len(refused)) == (1, 1)
            row, owner = database.read_now(
                lambda c, h=here: (
                    c.execute(escalation.select().filter_by(conversation_id=h)).one(),
                    c.execute(conversation.select().filter_by(id=h)).one(),
                )
            )
            assert (row.status, row.officer_id) == ("taken", held[0].officer_id)
            assert owner.holder == Holder.OFFICER
            assert str(refused[0]) == ("Lan" if held[0].officer_id == lan else "Minh")


def test_an_officer_who_acts_as_the_lease_ends_either_keeps_it_or_finds_it_gone(
    database: Database, clock: ManualClock, keyring: Keyring
) -> None:
    now = clock.now()
    late = now + baton.OFFICER_LEASE + timedelta(seconds=1)
    lan = database.run_now(lambda c: baton.officer_named(c, "Lan", now))
    with ThreadPoolExecutor(2) as pool:
        for round_ in range(ROUNDS // 5):
            here = database.run_now(
                lambda c, r=round_: inbox.open_conversation(c, keyring, "webchat", str(r), "thai-nguyen", now)
            )
            number = database.run_now(lambda c, h=here: baton.escalate(c, h, Reason.ASKED, now, 24))
            database.run_now(lambda c, n=number: holding.take(c, n, lan, now))
            start = Barrier(2)

            def acts(number: int = number, start: Barrier = start) -> object:
                start.wait()
                return database.run_now(lambda c: holding.take(c, number, lan, late))

            def keeps(start: Barrier = start) -> object:
                start.wait()
                return database.run_now(lambda c: baton.expire_leases(c, late))

            done = [pool.submit(acts), pool.submit(keeps)]
            for one in done:
                one.result()
            row = database.read_now(lambda c, n=number: c.execute(escalation.select().filter_by(id=n)).one())
            assert (row.status, row.officer_id, row.lease_until) == ("taken", lan, late + baton.OFFICER_LEASE)
