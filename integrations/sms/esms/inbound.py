"""What citizens write to the short code: eSMS calls with a weak signature (MD5), so the address is secret as well."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from xml.sax.saxutils import escape

from integrations.errors import NotGenuine, NotReadable
from integrations.sms.gateway import Opinion
from integrations.sms.numbers import to_e164

MAX_TEXT, MAX_ID = 1000, 80


def sign(key: str, cpid: str, smsid: str, content: str, receiver_time: str) -> str:
    """Base64 of the MD5 of the five in the order of eSMS's page (ket-noi-dau-so-ngan)."""
    said = f"{cpid}{smsid}{content}{receiver_time}{key}".encode()
    return base64.b64encode(hashlib.md5(said, usedforsecurity=False).digest()).decode()


def read_inbound(query: Mapping[str, str], key: str) -> Opinion:
    """Raises NotGenuine, NotReadable."""
    fields = [query.get(name, "") for name in ("cpid", "smsid", "content", "receiverTime")]
    if not hmac.compare_digest(query.get("sign", "").encode(), sign(key, *fields).encode()):
        raise NotGenuine("esms_sign")
    smsid, text, phone = query.get("smsid", ""), query.get("content", ""), to_e164(query.get("sender", ""))
    if not smsid or len(smsid) > MAX_ID or len(text) > MAX_TEXT:
        raise NotReadable("esms_inbound")
    if phone is None:
        raise NotReadable("esms_sender")
    return Opinion(phone, text, smsid)


def answer(smsid: str, phone: str, words: str) -> str:
    """The XML by which eSMS learns what the citizen gets as a reply; `words` may be empty."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><ClientResponse>'
        f"<Message>{escape(words)}</Message><Smsid>{escape(smsid)}</Smsid><Receiver>{escape(phone)}</Receiver>"
        "</ClientResponse>"
    )
