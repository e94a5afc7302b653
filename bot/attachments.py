"""What comes with a message beside its words: kept as rows in the message's transaction, fetched afterwards.

`attachment.fetch_at` is queue and lease in one column, as `conversation.wake_at`; `attempts` numbers the attempts, so
that only the newest one's result counts. Listings never read `content`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot.wakeups import ATTACHMENTS, Wakeups
from integrations.errors import FetchFailed
from integrations.provider import Fetched, Provider
from store import media
from store.channel_tables import attachment
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.logs import get_logger
from store.messages import Attachment, Kind
from store.tables import inbound

log = get_logger("bot.attachments")

LARGEST_BYTES = 20_000_000
FETCH_SECONDS = 60
# How long the attachments of a killed process wait; longer than any fetch.
LEASE = timedelta(seconds=90)
# Links expire: the first tries follow each other quickly. After the last one the attachment has failed.
RETRY_SECONDS = (2, 15, 120, 900, 7200)
MOST_ATTEMPTS = len(RETRY_SECONDS) + 1
# What is usually small never waits behind what is usually large; large ones are few at a time, as they fill memory.
LANES: tuple[tuple[tuple[Kind, ...], int], ...] = (
    ((Kind.IMAGE, Kind.VOICE, Kind.LOCATION, Kind.CONTACT_CARD), 6),
    ((Kind.VIDEO, Kind.FILE), 2),
)
LONGEST_NAP_SECONDS = 2.0
SHORTEST_NAP_SECONDS = 0.02
MISNAMED = "not_as_announced"
# What a provider says about size and length is not to be trusted; PostgreSQL's INTEGER ends here.
_LARGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class Kept:
    """An attachment without its content. `status`: waiting | stored | failed | nothing; `error`: why it failed, or
    MISNAMED for content that is not what it was said to be. The rest as in store.messages.Attachment.
    """

    id: int
    inbound_id: int
    kind: Kind
    name: str | None
    media_type: str | None
    size: int | None
    seconds: int | None
    place: tuple[float, float] | None
    status: str
    error: str | None


@dataclass(frozen=True)
class Sealed:
    """Content as it is stored: looked at and encrypted. `size` in bytes before that."""

    content: bytes
    media_type: str
    name: str
    size: int
    note: str | None


def keep(connection: Connection, inbound_id: int, attachments: Sequence[Attachment], now: datetime) -> None:
    """Write a row per attachment, in order; what has a source is due to be fetched at once.

    Belongs into the transaction that stores the message; afterwards notify ATTACHMENTS.
    """
    rows = [_row(inbound_id, position, item, now) for position, item in enumerate(attachments)]
    if rows:
        connection.execute(insert(attachment), rows)


def _row(inbound_id: int, position: int, item: Attachment, now: datetime) -> dict[str, Any]:
    return {
        "inbound_id": inbound_id,
        "position": position,
        "kind": item.kind,
        "source": item.source or None,
        "name": item.name or None,
        "media_type": item.media_type[:100] if item.media_type else None,
        "size": _number(item.size),
        "seconds": _number(item.seconds),
        "place": None if item.place is None else f"{item.place[0]},{item.place[1]}",
        "status": "waiting" if item.source else "nothing",
        "fetch_at": now if item.source else None,
    }


def _number(value: int | None) -> int | None:
    return value if value is not None and 0 <= value <= _LARGEST_NUMBER else None


def seal(keyring: Keyring, content: bytes, kind: Kind, name: str | None, announced: str | None) -> Sealed:
    """Find out what `content` is and encrypt it; takes a moment for much of it, so run it in a thread."""
    media_type = media.sniff(content)
    note = MISNAMED if media.is_misnamed(media_type, kind, announced, name) else None
    cleaned = media.clean_name(name, media_type)
    return Sealed(keyring.encrypt_bytes(content), media_type, cleaned, len(content), note)


def fill(connection: Connection, conversation_id: str, seq: int, sealed: Sealed, now: datetime) -> None:
    """The content of a message's only attachment, which came with the message itself."""
    message = select(inbound.c.id).filter_by(conversation_id=conversation_id, seq=seq).scalar_subquery()
    row = (attachment.c.inbound_id == message, attachment.c.position == 0)
    connection.execute(update(attachment).where(*row).values(_stored(sealed, now)))


def _stored(sealed: Sealed, now: datetime) -> dict[str, Any]:
    return {
        "status": "stored",
        "content": sealed.content,
        "media_type": sealed.media_type,
        "name": sealed.name,
        "size": sealed.size,
        "error": sealed.note,
        "source": None,
        "fetch_at": None,
        "stored_at": now,
    }


# ---- reading ----

_METADATA = [
    attachment.c[name]
    for name in ("id", "inbound_id", "kind", "name", "media_type", "size", "seconds", "place", "status", "error")
]


def find(connection: Connection, attachment_id: int, conversation_id: str | None = None) -> Kept | None:
    """One attachment, of this conversation if one is named; without its content."""
    asked = select(*_METADATA).where(attachment.c.id == attachment_id)
    if conversation_id is not None:
        asked = asked.join(inbound).where(inbound.c.conversation_id == conversation_id)
    row = connection.execute(asked).mappings().first()
    return None if row is None else _kept(row)


def of_messages(connection: Connection, inbound_ids: Collection[int]) -> dict[int, list[Kept]]:
    """The attachments of messages by inbound id, in order, without their content; without those that have none."""
    asked = select(*_METADATA, attachment.c.inbound_id.label("of")).where(attachment.c.inbound_id.in_(inbound_ids))
    return _listed(connection, asked) if inbound_ids else {}


def of_thread(connection: Connection, conversation_id: str, seqs: Collection[int]) -> dict[int, list[Kept]]:
    """The same by the messages' numbers within one conversation."""
    asked = select(*_METADATA, inbound.c.seq.label("of")).join(inbound)
    here = asked.where(inbound.c.conversation_id == conversation_id, inbound.c.seq.in_(seqs))
    return _listed(connection, here) if seqs else {}


def _listed(connection: Connection, asked: Select[Any]) -> dict[int, list[Kept]]:
    found: dict[int, list[Kept]] = {}
    for row in connection.execute(asked.order_by(attachment.c.inbound_id, attachment.c.position)).mappings():
        found.setdefault(row["of"], []).append(_kept(row))
    return found


def read_content(connection: Connection, attachment_id: int) -> bytes | None:
    """The encrypted content of a stored attachment (Keyring.decrypt_bytes); None if there is none."""
    content: bytes | None = connection.scalar(select(attachment.c.content).filter_by(id=attachment_id))
    return content


def _kept(row: RowMapping) -> Kept:
    latitude, _, longitude = (row["place"] or "").partition(",")
    place = (float(latitude), float(longitude)) if longitude else None
    values = {column.name: row[column.name] for column in _METADATA}
    return Kept(**{**values, "kind": Kind(row["kind"]), "place": place})


# ---- fetching ----

_QUEUE = (
    select(attachment.c.id)
    .where(attachment.c.fetch_at <= bindparam("now"), attachment.c.kind.in_(bindparam("kinds", expanding=True)))
    .order_by(attachment.c.fetch_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(attachment)
    .where(attachment.c.id.in_(_QUEUE))
    .values(fetch_at=bindparam("until"), attempts=attachment.c.attempts + 1)
    .returning(attachment.c.id)
)
_CLAIMED = (
    select(*_METADATA, attachment.c.source, attachment.c.attempts, inbound.c.channel, inbound.c.conversation_id)
    .join(inbound, inbound.c.id == attachment.c.inbound_id)
    .where(attachment.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(attachment.c.id)
)
# Bounded above although nothing lies there: a range leaves out the many rows whose time is null.
_NEXT = (
    select(attachment.c.fetch_at)
    .where(attachment.c.fetch_at <= bindparam("horizon"), attachment.c.kind.in_(bindparam("kinds", expanding=True)))
    .order_by(attachment.c.fetch_at)
    .limit(1)
)


class Fetcher:
    """One per process. `run` ends only when it is cancelled; what was being fetched then is due again by its lease."""

    def __init__(
        self, database: Database, keyring: Keyring, clock: Clock, providers: Mapping[str, Provider], wakeups: Wakeups
    ) -> None:
        self.database, self.keyring, self.clock = database, keyring, clock
        self.providers, self.wakeups = providers, wakeups

    async def run(self) -> None:
        async with asyncio.TaskGroup() as lanes:
            for kinds, parallel in LANES:
                lanes.create_task(self._run_lane(kinds, parallel))

    async def fetch_due(self) -> None:
        """Fetch once everything that is due now."""
        for kinds, _ in LANES:
            while found := await self._claim(kinds, 1):
                await self._fetch(found[0])

    async def _run_lane(self, kinds: Sequence[Kind], parallel: int) -> None:
        async with asyncio.TaskGroup() as fetching:
            under_way: set[asyncio.Task[None]] = set()
            while True:
                news = self.wakeups.listen(ATTACHMENTS)
                try:
                    if len(under_way) >= parallel:
                        await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                    nap = await self._nap(kinds)
                    found = await self._claim(kinds, parallel - len(under_way)) if nap <= 0 else ()
                    for row in found:
                        task = fetching.create_task(self._fetch(row))
                        under_way.add(task)
                        task.add_done_callback(under_way.discard)
                    if not found:
                        # Due already, but another process holds the row: do not ask again at once
                        await self.wakeups.wait(news, max(nap, SHORTEST_NAP_SECONDS))
                except SQLAlchemyError:
                    # A database that is away comes back; the rows wait there
                    log.exception("attachments_unreadable")
                    await asyncio.sleep(LONGEST_NAP_SECONDS)
                finally:
                    news.cancel()

    async def _claim(self, kinds: Sequence[Kind], limit: int) -> Sequence[RowMapping]:
        now = self.clock.now()
        values = {"now": now, "until": now + LEASE, "limit": limit, "kinds": kinds}

        def claim(connection: Connection) -> Sequence[RowMapping]:
            taken = list(connection.scalars(_CLAIM, values))
            return connection.execute(_CLAIMED, {"ids": taken}).mappings().all() if taken else ()

        return await self.database.run(claim)

    async def _nap(self, kinds: Sequence[Kind]) -> float:
        """Seconds until something may be due; none are left when something is."""
        now = self.clock.now()
        values = {"horizon": now + timedelta(seconds=LONGEST_NAP_SECONDS), "kinds": kinds}
        due: datetime | None = await self.database.read(lambda connection: connection.scalar(_NEXT, values))
        return LONGEST_NAP_SECONDS if due is None else (due - now).total_seconds()

    async def _fetch(self, row: RowMapping) -> None:
        try:
            sealed = await self._get(row)
            await self._write(row, _stored(sealed, self.clock.now()))
            log.info("attachment_stored", attachment=row["id"], bytes=sealed.size, note=sealed.note)
            self.wakeups.notify(row["conversation_id"])
        except FetchFailed as failure:
            await self._put_off(row, failure)
        except Exception:
            log.exception("fetch_broke", attachment=row["id"])  # its lease brings it back

    async def _get(self, row: RowMapping) -> Sealed:
        """Raises FetchFailed."""
        if row["attempts"] > MOST_ATTEMPTS:  # its attempts ended with their process, perhaps because of it
            raise FetchFailed("never_finished", final=True)
        fetched = await self._ask_provider(row)
        kind, name, announced = Kind(row["kind"]), fetched.name or row["name"], row["media_type"]
        return await asyncio.to_thread(seal, self.keyring, fetched.content, kind, name, announced)

    async def _ask_provider(self, row: RowMapping) -> Fetched:
        """Raises FetchFailed, whatever happens."""
        provider = self.providers.get(row["channel"])
        if provider is None:
            raise FetchFailed("channel_off", final=False)
        if row["size"] is not None and row["size"] > LARGEST_BYTES:
            raise FetchFailed("too_large", final=True)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                fetched = await provider.fetch(row["source"], LARGEST_BYTES)
        except FetchFailed:
            raise
        except TimeoutError as error:
            raise FetchFailed("too_slow", final=False) from error
        except Exception as error:
            # Its text may hold the address of what a person sent: only its kind is told
            raise FetchFailed(f"broke_{type(error).__name__}"[:60], final=False) from error
        if not fetched.content:
            raise FetchFailed("empty", final=False)
        if len(fetched.content) > LARGEST_BYTES:
            raise FetchFailed("too_large", final=True)
        return fetched

    async def _put_off(self, row: RowMapping, failure: FetchFailed) -> None:
        attempts, code = row["attempts"], failure.code[:60]
        gives_up = failure.final or attempts >= MOST_ATTEMPTS
        values: dict[str, Any] = {"error": code}
        if gives_up:
            values |= {"status": "failed", "fetch_at": None, "source": None}
        else:
            values["fetch_at"] = self.clock.now() + timedelta(seconds=RETRY_SECONDS[attempts - 1])
        try:
            await self._write(row, values)
        except SQLAlchemyError:
            log.exception("attachment_unwritten", attachment=row["id"])  # its lease brings it back
            return
        log.warning("attachment_failed" if gives_up else "attachment_put_off", attachment=row["id"], code=code)
        if gives_up:
            self.wakeups.notify(row["conversation_id"])

    async def _write(self, row: RowMapping, values: Mapping[str, Any]) -> None:
        """Write the result of this attempt; one whose lease was over has no say any more."""
        mine = update(attachment).where(
            attachment.c.id == row["id"], attachment.c.attempts == row["attempts"], attachment.c.status == "waiting"
        )
        await self.database.run(lambda connection: connection.execute(mine.values(values)))
