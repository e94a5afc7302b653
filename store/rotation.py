"""The secret is changed: every value that it protects is written anew under another one, in one transaction.

One transaction is what makes it safe to be killed: before its end nothing has happened, after it everything has. The
hotline stands still meanwhile (`alone`). What becomes of each column:

- encrypted columns (found by their type, and SEALED): decrypted with the old key, encrypted with the new;
- RECOMPUTED: hashes of what stands encrypted beside them;
- LASTING: hashes of what is known by its hash alone. They are made with the hash key of the first secret, which is kept
  encrypted in `former_key`: an owner who was erased, a partner's token, a paper form are recognised for good;
- ENDING: what opens something for a while. It ends: whoever had the old secret opens nothing with it;
- the audit log: its rows stay, and are verified with the key of their time, kept in `former_key` as well. The first row
  by the new key binds all before it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    Table,
    bindparam,
    delete,
    event,
    func,
    insert,
    select,
    text,
    type_coerce,
    update,
)

from store import audit
from store.audit import Actor
from store.crypto import Keyring
from store.database import APPLICATION, Database
from store.key_tables import former_key
from store.schema import metadata
from store.survey_tables import leader
from store.tables import EncryptedText, contact, contact_name_word, installation, shop

SEALED = frozenset({"attachment.content", "file_import.content"})
RECOMPUTED = frozenset({"contact.phone_hash", "contact_name_word.word_hash", "shop.tax_code_hash"})
LASTING = frozenset(
    {
        "api_answer.call_hash",
        "api_token.token_hash",
        "contact.phone_key",
        "do_not_call.phone_key",
        "forgotten_key.key",
        "mail_message.message_hash",
        "mail_sender.address_hash",
        "mail_ticket.address_hash",
        "recipient.phone_key",
        "sms_answer.phone_key",
    }
)
ENDING = frozenset(
    {
        "account_session.token_hash",
        "account_token.token_hash",
        "data_copy.token_hash",
        "link_code.code_hash",
        "ticket.ticket_hash",
    }
)
CHAINED = frozenset({"audit_log.hash"})
ACTOR = Actor("hotline keys")
ROWS, ROW_BYTES = 500, 8 * 2**20


class InUse(RuntimeError):
    """A hotline has the database open."""


def encrypted_columns() -> dict[Table, list[Column[Any]]]:
    """Every column whose values are written with the secret, by table."""
    found: dict[Table, list[Column[Any]]] = {}
    for table in metadata.sorted_tables:
        columns = [c for c in table.c if isinstance(c.type, EncryptedText) or f"{table.name}.{c.name}" in SEALED]
        if columns:
            found[table] = columns
    return found


def database_alone(url: str) -> Database:
    """The database for its only user: on SQLite any connection beside this one makes the first statement fail."""
    database = Database(url)
    if database.is_sqlite:
        event.listen(database.engine, "connect", _lock_file, insert=True)
    return database


def _lock_file(connection: sqlite3.Connection, _: Any) -> None:
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")


def alone(connection: Connection, now: datetime) -> None:
    """Make sure that no hotline works, and that none begins until the transaction ends. Raises InUse.

    PostgreSQL: whoever starts now waits for `installation`, and then finds another key; who is connected is seen.
    SQLite: nobody else has the file open (`database_alone`).
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE installation IN ACCESS EXCLUSIVE MODE"))
        if connection.scalar(_OTHERS, {"application": APPLICATION}):
            raise InUse
    if connection.scalar(select(func.count()).select_from(leader).where(leader.c.until > now)):
        raise InUse


_OTHERS = text("""
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = :application
""")


def rotate(connection: Connection, old: Keyring, new: Keyring, now: datetime) -> dict[str, int]:
    """Write everything anew; how many rows of which table. The values are read and written in turn: memory stays flat.

    Raises DecryptionError for a value that the old key does not open: then nothing may be committed.
    """
    last = audit.last_row(connection)
    done = {table.name: _reseal(connection, table, columns, old, new) for table, columns in encrypted_columns().items()}
    EncryptedText.use(new)
    _name_contacts_anew(connection, new)
    _name_shops_anew(connection, new)
    end_what_opens(connection)
    row = {"fingerprint": old.fingerprint, "hash_key": old.hash_key.hex(), "last_audit_row": last, "retired_at": now}
    connection.execute(insert(former_key).values(row))
    connection.execute(update(installation).values(key_fingerprint=new.fingerprint))
    detail = {"from": old.fingerprint, "to": new.fingerprint}
    audit.record(connection, new, now, ACTOR, "key.rotated", "installation", detail)
    return done


def end_what_opens(connection: Connection) -> None:
    """Sessions, invitations, codes and addresses that somebody was given end."""
    for name in sorted({column.partition(".")[0] for column in ENDING}):
        connection.execute(delete(metadata.tables[name]))


def _reseal(connection: Connection, table: Table, columns: list[Column[Any]], old: Keyring, new: Keyring) -> int:
    (key,) = table.primary_key.columns
    written = update(table).where(key == bindparam("of")).values(
        {column: bindparam(f"new_{column.name}", type_=LargeBinary()) for column in columns}
    )  # fmt: skip
    count = 0
    for ids in _ids(connection, key, columns):
        rows = select(key, *(type_coerce(column, LargeBinary).label(column.name) for column in columns))
        fresh = []
        for row in connection.execute(rows.where(key.in_(ids))):
            values = {f"new_{name}": _again(value, old, new) for name, value in list(row._mapping.items())[1:]}
            fresh.append({"of": row[0], **values})
        connection.execute(written, fresh)
        count += len(fresh)
    return count


def _again(value: Any, old: Keyring, new: Keyring) -> bytes | None:
    return None if value is None else new.encrypt_bytes(old.decrypt_bytes(bytes(value)))


def _ids(connection: Connection, key: Column[Any], columns: list[Column[Any]]) -> Iterator[list[Any]]:
    """The rows that hold something, so many together as fit into memory."""
    sizes = [func.coalesce(func.length(type_coerce(column, LargeBinary)), 0) for column in columns]
    size = sum(sizes[1:], sizes[0])
    after: Any = None
    while True:
        rows = select(key, size).order_by(key).limit(ROWS)
        batch = connection.execute(rows if after is None else rows.where(key > after)).all()
        if not batch:
            return
        after, ids, total = batch[-1][0], [], 0
        for id_, bytes_ in batch:
            if bytes_:
                ids.append(id_)
                total += bytes_
            if total > ROW_BYTES:
                yield ids
                ids, total = [], 0
        if ids:
            yield ids


def _name_contacts_anew(connection: Connection, new: Keyring) -> None:
    """The hashes by which contacts are found, as store/contacts.py makes them; many in one statement."""
    known = select(contact.c.id, contact.c.name, contact.c.phone).order_by(contact.c.id).limit(ROWS)
    hashed = update(contact).where(contact.c.id == bindparam("of")).values(phone_hash=bindparam("hash"))
    after = 0
    while batch := connection.execute(known.where(contact.c.id > after)).all():
        ids = [row.id for row in batch]
        phones = [{"of": row.id, "hash": new.hash(row.phone, "phone")} for row in batch if row.phone is not None]
        words = [
            {"contact_id": row.id, "word_hash": word} for row in batch if row.name for word in new.name_words(row.name)
        ]
        connection.execute(delete(contact_name_word).where(contact_name_word.c.contact_id.in_(ids)))
        if words:
            connection.execute(insert(contact_name_word), words)
        if phones:
            connection.execute(hashed, phones)
        after = ids[-1]


def _name_shops_anew(connection: Connection, new: Keyring) -> None:
    """The same for tax codes."""
    known = select(shop.c.id, shop.c.tax_code).where(shop.c.tax_code.is_not(None)).order_by(shop.c.id).limit(ROWS)
    hashed = update(shop).where(shop.c.id == bindparam("of")).values(tax_code_hash=bindparam("hash"))
    after = 0
    while batch := connection.execute(known.where(shop.c.id > after)).all():
        connection.execute(hashed, [{"of": row.id, "hash": new.hash(row.tax_code, "tax_code")} for row in batch])
        after = batch[-1].id
