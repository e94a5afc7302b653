"""Short links of messages: `/r/k3m9q1a7` is the number of a row of the ledger, and a check that only we can make.

No table is behind a code. It takes twelve characters of an alphabet that can be read aloud, at most; one in 33 million
guesses hits a row that exists. The check outlives a change of the secret: messages that were sent stay right.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from store.campaign_tables import campaign, campaign_run, recipient
from store.crypto import Keyring

# Crockford's alphabet: without i, l, o, u, which are taken for others or make words.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
CHECK, LONGEST = 5, 12
_MISREAD = str.maketrans("ilo", "110")


def code_of(keyring: Keyring, recipient_id: int) -> str:
    """The code of a row of the ledger, of 6 to 12 of [a-z0-9]."""
    return _check(keyring, recipient_id) + _in_letters(recipient_id)


def recipient_of(keyring: Keyring, code: str) -> int | None:
    """The row that a code means; None: nobody has made such a code. Capitals, and o for 0, are forgiven."""
    said = code.lower().translate(_MISREAD)
    check, number = said[:CHECK], said[CHECK:]
    if not number or len(said) > LONGEST or not set(said) <= set(ALPHABET) or number[0] == "0":
        return None
    id_ = 0
    for letter in number:
        id_ = id_ * len(ALPHABET) + ALPHABET.index(letter)
    return id_ if hmac.compare_digest(check, _check(keyring, id_)) else None


def link(public_url: str, keyring: Keyring, recipient_id: int) -> str:
    """The address that opens the campaign's target and counts the click; `public_url` without a slash at its end."""
    return f"{public_url}/r/{code_of(keyring, recipient_id)}"


def stop_link(public_url: str, keyring: Keyring, recipient_id: int) -> str:
    """The address of the page with the button that ends all unasked messages to this recipient's number."""
    return f"{public_url}/tc/{code_of(keyring, recipient_id)}"


def longest(public_url: str) -> int:
    """How many characters either address takes at most."""
    return len(f"{public_url.rstrip('/')}/tc/") + LONGEST


def question_path(keyring: Keyring, recipient_id: int) -> str:
    """The page on this server with the question of awareness for this recipient."""
    return f"/hoi/{code_of(keyring, recipient_id)}"


def named_link(public_url: str, name: str, channel: str) -> str:
    """The address of a link of programme/named_links.py, counted for `channel`."""
    return f"{public_url}/r/{name}-{channel}"


def target_of(connection: Connection, recipient_id: int) -> str | None:
    """Where the campaign's link leads: `target` of the recipient's variant, an address or the id of a named link."""
    row = connection.execute(
        select(campaign.c.variants, recipient.c.variant)
        .select_from(recipient)
        .join(campaign_run, campaign_run.c.id == recipient.c.run_id)
        .join(campaign, campaign.c.id == campaign_run.c.campaign_id)
        .where(recipient.c.id == recipient_id)
    ).first()
    if row is None:
        return None
    targets = {str(one["id"]): one.get("target") for one in row.variants}
    return targets.get(row.variant) or None


def web_address(target: str | None) -> str | None:
    """An address of the web, and no script or file."""
    try:
        parts = urlsplit(target or "")
    except ValueError:
        return None
    return target if parts.scheme in ("https", "http") and parts.hostname else None


def _check(keyring: Keyring, recipient_id: int) -> str:
    digest = keyring.lasting_hash(str(recipient_id), "short_link")
    number = int.from_bytes(digest[:8]) % len(ALPHABET) ** CHECK
    return _in_letters(number).rjust(CHECK, ALPHABET[0])


def _in_letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number, len(ALPHABET))
        letters = ALPHABET[rest] + letters
    return letters or ALPHABET[0]
