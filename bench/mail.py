"""1,000 mails with hostile MIME, loops, charsets and duplicates: each exactly one message in the right conversation, or
refused with a reason; memory stays flat.

    python -m bench.mail [--quick]

The mailbox lies on the simulator's IMAP server in the same process; half way all UIDs change and everything is looked
at again.
"""

from __future__ import annotations

import gc
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from bench.catalogue import Sheet
from bench.machine import new_file
from bench.mail_made import Made, mails
from bench.part import run_alone
from bench.scale import Scale
from hotline.app import Hotline, compose
from integrations.email.simulator import ADDRESS, MailSimulator
from integrations.registry import settings_for
from programme.content import load_content
from store.channel_tables import channel_event
from store.tables import inbound

_MARK = re.compile(r"viec\d{5}x")
# So many are read before memory is looked at for the first time: everything that is loaded once is loaded then.
WARM = 0.3
SEED = 25


@dataclass
class Outcome:
    """Memory in MB. `wrong`: in words."""

    mails: int = 0
    messages: int = 0
    refused: int = 0
    seconds: float = 0.0
    warm_mb: float = 0.0
    peak_mb: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def grown_mb(self) -> float:
        return self.peak_mb - self.warm_mb


async def measure(sheet: Sheet, scale: Scale) -> None:
    """Raises Unavailable."""
    outcome = await read_all(scale.mails, f"sqlite:///{new_file('mail.db')}")
    note = f"{outcome.messages} messages, {outcome.refused} refused with a reason, {outcome.seconds:.0f} s"
    if outcome.wrong:
        note += "; " + "; ".join(outcome.wrong[:3])
    sheet.put(sheet["mail"].counted(len(outcome.wrong), n=outcome.mails, note=note))
    memory = f"{outcome.warm_mb:.0f} MB before, at most {outcome.peak_mb:.0f} MB"
    sheet.put(sheet["mail_memory"].counted(max(0.0, outcome.grown_mb), n=outcome.mails, note=memory))


async def read_all(count: int, url: str) -> Outcome:
    """`url`: of an empty database."""
    server, outcome = MailSimulator(seed=SEED), Outcome(mails=count)
    made = list(mails(count, ADDRESS, SEED))
    async with server.running():
        settings = settings_for(
            server.account(), database_url=url, secret_key="benchmarks keep no personal data at all"
        )
        hotline = compose(settings, load_content(), "http://127.0.0.1:1", "http://127.0.0.1:1")
        try:
            began = time.perf_counter()
            warm = int(count * WARM)
            await _read(hotline, server, made[:warm], outcome)
            outcome.warm_mb = outcome.peak_mb = _memory()
            half = (count + warm) // 2
            await _read(hotline, server, made[warm:half], outcome)
            if hotline.mail_poller is not None:
                await hotline.mail_poller._close()
            server.imap.number_anew()
            await _read(hotline, server, made[half:], outcome)
            outcome.seconds = time.perf_counter() - began
            await _judge(hotline, server, made, outcome)
        finally:
            await _end(hotline)
    return outcome


async def _read(hotline: Hotline, server: MailSimulator, made: list[Made], outcome: Outcome) -> None:
    """In batches, as mails come."""
    assert hotline.mail_poller is not None
    for at in range(0, len(made), 20):
        for one in made[at : at + 20]:
            server.imap.append(one.content)
        await hotline.mail_poller.look()
        outcome.peak_mb = max(outcome.peak_mb, _memory())


async def _judge(hotline: Hotline, server: MailSimulator, made: list[Made], outcome: Outcome) -> None:
    asked = select(inbound.c.text, inbound.c.conversation_id).filter_by(channel="email", kind="message")
    found = await hotline.database.read(lambda c: c.execute(asked).all())
    events = select(channel_event.c.name, channel_event.c.error).filter_by(channel="email")
    recorded = await hotline.database.read(lambda c: c.execute(events).all())
    outcome.messages, outcome.refused = len(found), len(recorded)
    outcome.wrong += _misplaced(made, [(row.text, row.conversation_id) for row in found])
    different = len({one.mark for one in made})
    if outcome.messages + outcome.refused != different:
        outcome.wrong.append(f"{different} different mails, {outcome.messages} messages, {outcome.refused} refused")
    expected = sorted(one.refused for one in made if one.refused)
    if [name for name in expected if name not in {row.name for row in recorded}]:
        outcome.wrong.append("a robot's mail is not recorded")
    unread = sum("\\Seen" not in mail.flags for mail in server.imap.mails)
    if unread:
        outcome.wrong.append(f"{unread} left unread")


def _misplaced(made: list[Made], found: list[tuple[str, str]]) -> list[str]:
    """What is not exactly one message in its sender's own conversation."""
    by_mark: dict[str, list[str]] = {}
    for text, conversation_id in found:
        mark = next((mark for mark in _MARK.findall(text)), "")
        by_mark.setdefault(mark, []).append(conversation_id)
    wrong, threads = [], dict[int, str]()
    for one in made:
        there = by_mark.get(one.mark, [])
        most, least = (0, 0) if one.refused else (1, 0 if one.may_be_refused else 1)
        if not least <= len(there) <= most:
            wrong.append(f"{one.mark}: {len(there)} messages")
        elif there and one.thread is not None and threads.setdefault(one.thread, there[0]) != there[0]:
            wrong.append(f"{one.mark} is in another conversation")
    if len(set(threads.values())) != len(threads):
        wrong.append("two threads are in one conversation")
    return wrong


async def _end(hotline: Hotline) -> None:
    if hotline.mail_poller is not None:
        await hotline.mail_poller._close()
        hotline.mail_poller._thread.shutdown()
    await hotline.finish()
    await hotline.close()


def _memory() -> float:
    gc.collect()
    words = Path("/proc/self/status").read_text()
    return int(words.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    run_alone("mail", __doc__, measure)
