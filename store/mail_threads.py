"""How a mail is known to belong somewhere: the number of a ticket, and Message-IDs of ours.

A Message-ID of ours is made from the stored row that it carries, before anything is sent: sent again it is the same
mail. Nobody else can make one that counts.
"""

from __future__ import annotations

import hmac
import re

from store.crypto import Keyring

CHANNEL = "email"
# As long as any provider makes one; nothing in it can end a header line.
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_OURS = re.compile(r"<o(\d{1,18})\.([0-9a-f]{24})@[A-Za-z0-9.-]{1,253}>")
_NUMBER = re.compile(r"\bHS-(\d{4})-(\d{6,9})\b", re.IGNORECASE)
MOST_REFERENCES = 20


def ticket_number(id_: int, year: int) -> str:
    """As people read it: "HS-2026-000123"."""
    return f"HS-{year}-{id_:06d}"


def numbers_in(subject: str) -> list[int]:
    """The ids of the tickets that a subject names, each once."""
    return list(dict.fromkeys(int(found[2]) for found in _NUMBER.finditer(subject)))


def message_ids_in(text: str) -> tuple[str, ...]:
    """The Message-IDs of a header, the newest MOST_REFERENCES of them in order."""
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(text)))[-MOST_REFERENCES:]


def own_message_id(keyring: Keyring, outbound_id: int, domain: str) -> str:
    """The Message-ID of the mail that carries this row."""
    return f"<o{outbound_id}.{_seal(keyring, outbound_id)}@{domain}>"


def outbound_named(keyring: Keyring, message_id: str) -> int | None:
    """The row whose mail this Message-ID is; None when it is none of ours."""
    found = _OURS.fullmatch(message_id)
    if found is None or not hmac.compare_digest(found[2], _seal(keyring, int(found[1]))):
        return None
    return int(found[1])


def own_message_ids_in(text: str) -> tuple[str, ...]:
    """What looks like a Message-ID of ours within any text (mails that came back quote it)."""
    return tuple(dict.fromkeys(found[0] for found in _OURS.finditer(text)))[:MOST_REFERENCES]


def _seal(keyring: Keyring, outbound_id: int) -> str:
    return keyring.lasting_hash(str(outbound_id), "mail_message_id")[:12].hex()
