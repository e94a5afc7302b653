"""A campaign from a file (`hotline campaign simulate`): its people and its plan written down once, found again by the
file's digest, and what it came to as the command says it.

Everything after that is the scheduler's and the dispatcher's, as with any campaign. Nobody approves it: it only ever
goes to gateways on the loopback.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, exists, insert, select, update

from programme import ledger
from programme.campaign_file import CampaignFile
from programme.campaign_people import Addressee
from programme.campaign_plan import Plan, Variant
from programme.commune_column import CommuneUnclear, read_commune
from programme.communes import CommuneDirectory
from programme.consents import NEWS_CONSENT
from programme.ledger import Counts, State
from programme.sms_parts import parts
from store import forgotten
from store.audit import Actor
from store.campaign_tables import campaign, campaign_run, gateway_state, recipient
from store.crypto import Keyring
from store.database import insert_returning_id
from store.tables import consent, contact, contact_name_word, opt_out, shop

COMMAND = Actor("campaign simulate")
CHANNEL = "import"
NO_NUMBER = "no_number"  # the dispatcher's word
_SHOWN = 24  # digits of the digest that name the file's people
_AT_ONCE = 2_000


def find(connection: Connection, digest: str) -> int | None:
    """The campaign that an earlier start with the same file made."""
    return connection.scalar(select(campaign.c.id).filter_by(name=_name(digest), created_by=COMMAND.name))


def write(
    connection: Connection,
    keyring: Keyring,
    communes: CommuneDirectory,
    province: str,
    file: CampaignFile,
    text: str,
    people: Iterable[Addressee],
    now: datetime,
) -> int:
    """The campaign with everybody it is for, in the caller's transaction: after a kill all of it is there, or nothing.

    It is due at the file's start, or now when that has passed. `text`: CampaignFile.lawful_text.
    """
    source, place = _source(file.digest), _Place(communes, province)
    everybody = iter(people)
    while batch := list(islice(everybody, _AT_ONCE)):
        _write_people(connection, keyring, batch, place, source, now)
    # At once from `next_at` on: the file's start has seconds, a schedule has none
    plan = Plan(
        name=_name(file.digest),
        kind=file.kind,
        variants=(Variant("A", text, unicode=bool(parts(text).costly)),),
        channels=("sms",),
        audience={"source": source},
        schedule={"kind": "once", "at": None},
        gateways=(file.gateway,),
        pace_per_minute=file.pace_per_minute,
        deadline=file.deadline,
    )
    row = {**plan.as_row(), "province": province, "status": "approved", "created_by": COMMAND.name}
    row |= {"edited_by": COMMAND.name, "created_at": now, "updated_at": now, "next_at": max(now, file.start or now)}
    return insert_returning_id(connection, campaign, row)


def run_of(connection: Connection, campaign_id: int) -> Mapping[str, Any] | None:
    """id, status, pause_reason of the campaign's run; None: it is not due yet."""
    columns = (campaign_run.c.id, campaign_run.c.status, campaign_run.c.pause_reason)
    runs = select(*columns).where(campaign_run.c.campaign_id == campaign_id, campaign_run.c.is_test.is_(False))
    row = connection.execute(runs).mappings().first()
    return None if row is None else dict(row)


def status(connection: Connection, run_id: int) -> str:
    """The run's (programme.ledger.RunStatus)."""
    return str(connection.execute(select(campaign_run.c.status).filter_by(id=run_id)).scalar_one())


def take_over(connection: Connection, run_id: int, gateway: str, now: datetime) -> None:
    """Go on with a run whose process is dead for certain, by a clock that may have been set back since: its leases are
    over, and nothing waits for a time that was reckoned by the clock of before. The law is asked again in any case."""
    rows = update(recipient).where(recipient.c.run_id == run_id)
    connection.execute(rows.where(recipient.c.status == State.SENDING).values(next_at=now))
    connection.execute(rows.where(recipient.c.status == State.WAITING).values(next_at=None))
    stopped = update(gateway_state).where(gateway_state.c.gateway == gateway)
    connection.execute(stopped.values(stopped_until=None, stopped_for=None))


def others_open(connection: Connection, gateways: Sequence[str]) -> bool:
    """Whether a campaign runs in this database that is to leave by another gateway: then this is no place to try."""
    rows = (
        select(campaign.c.gateways, campaign.c.channels)
        .join(campaign_run, campaign_run.c.campaign_id == campaign.c.id)
        .where(campaign_run.c.status == ledger.RunStatus.RUNNING)
    )
    return any(
        set(row.channels) != {"sms"} or not set(row.gateways) <= set(gateways) for row in connection.execute(rows)
    )


def called(counts: Counts) -> int:
    """Rows about which a gateway was called, to their end."""
    return counts.sum - _unsent(counts) - sum(counts.skipped.values())


def outcome(
    connection: Connection, run_id: int, seconds: float, before: int, people: Sequence[Addressee]
) -> dict[str, Any]:
    """What the command prints. `seconds`: that this process took. `before`: `called` when it began, which is not of
    its pace. `people`: of the file, in its order.

    A row that was accepted and has no receipt yet counts as accepted, one that was delivered only as delivered, so
    that the states add up to `prepared`. Only a run that paused itself has rows that are not at their end: `unsent`.
    """
    counts = ledger.counts(connection, run_id)
    unsent = _unsent(counts)
    return {
        "prepared": counts.prepared,
        "accepted": counts.by_state[State.ACCEPTED],
        "delivered": counts.by_state[State.DELIVERED],
        "failed": dict(counts.failed),
        "skipped": _why_skipped(connection, run_id, counts, people),
        "uncertain": counts.by_state[State.UNCERTAIN],
        "seconds": round(seconds, 3),
        "per_second": round((called(counts) - before) / seconds, 1) if seconds > 0 else 0.0,
        **({"unsent": unsent} if unsent else {}),
    }


def has(connection: Connection, run_id: int, *states: State) -> bool:
    """Whether a row of the run is in one of `states`: cheap enough to be asked again and again."""
    rows = exists().where(recipient.c.run_id == run_id, recipient.c.status.in_(states))
    return bool(connection.scalar(select(rows)))


def _unsent(counts: Counts) -> int:
    return counts.by_state[State.WAITING] + counts.by_state[State.SENDING]


def _why_skipped(connection: Connection, run_id: int, counts: Counts, people: Sequence[Addressee]) -> dict[str, int]:
    """The ledger's reasons; of those without a number what the file says about it."""
    reasons = Counter({reason: rows for reason, rows in counts.skipped.items() if rows})
    if not reasons.pop(NO_NUMBER, 0):
        return dict(reasons)
    # Contacts were written in the order of the file, and their numbers only go up
    of_run = select(recipient.c.contact_id, recipient.c.status, recipient.c.reason).filter_by(run_id=run_id)
    rows = connection.execute(of_run.order_by(recipient.c.contact_id))
    for row, one in zip(rows, people, strict=True):
        if row.status == State.SKIPPED and row.reason == NO_NUMBER:
            reasons[one.unreachable or NO_NUMBER] += 1
    return dict(reasons)


class _Place:
    """Communes as people write them, each looked up once."""

    def __init__(self, communes: CommuneDirectory, province: str) -> None:
        self.communes, self.province = communes, province
        self._known: dict[str, str | None] = {}

    def code(self, text: str) -> str | None:
        if not text:
            return None
        if text not in self._known:
            try:
                self._known[text] = read_commune(self.communes, self.province, text).code
            except CommuneUnclear:
                self._known[text] = None
        return self._known[text]


def _write_people(
    connection: Connection, keyring: Keyring, people: Sequence[Addressee], place: _Place, source: str, now: datetime
) -> None:
    rows = [
        {
            "name": one.name or None,
            "phone": one.phone,
            "phone_hash": keyring.hash(one.phone, "phone") if one.phone else None,
            "phone_key": forgotten.phone_key(keyring, one.phone) if one.phone else None,
            "created_at": now,
        }
        for one in people
    ]
    made = insert(contact).returning(contact.c.id, sort_by_parameter_order=True)
    ids = list(connection.scalars(made, rows))
    words = [
        {"contact_id": id_, "word_hash": word}
        for id_, one in zip(ids, people, strict=True)
        for word in keyring.name_words(one.name)
    ]
    shops = [
        {"contact_id": id_, "province": place.province, "commune": place.code(one.commune), "source": source}
        for id_, one in zip(ids, people, strict=True)
    ]
    agreed = {"purpose": NEWS_CONSENT, "text_version": 1, "channel": CHANNEL, "source": source, "given_at": now}
    consents = [{"contact_id": id_, **agreed} for id_, one in zip(ids, people, strict=True) if one.has_consent]
    refusals = [
        {"contact_id": id_, "channel": CHANNEL, "at": now}
        for id_, one in zip(ids, people, strict=True)
        if one.opted_out
    ]
    for table, values in (
        (contact_name_word, words),
        (shop, [{**one, "created_at": now} for one in shops]),
        (consent, consents),
        (opt_out, refusals),
    ):
        if values:
            connection.execute(insert(table), values)


def _name(digest: str) -> str:
    return f"simulate {digest}"


def _source(digest: str) -> str:
    return f"simulate {digest[:_SHOWN]}"
