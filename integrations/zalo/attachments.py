"""What comes with a message of Zalo's beside its words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integrations.zalo.fields import Unfit, degrees, object_of, optional_count, optional_text, text_of
from store.messages import Attachment, Kind
from store.text import clean

MAX_ATTACHMENTS = 20
MAX_ADDRESS_CHARACTERS = 4096
MAX_NAME_CHARACTERS = 200


def read_attachments(message: dict[str, Any], kind: Kind) -> tuple[Attachment, ...]:
    """Raises Unfit when there is nothing, or one of them cannot be read."""
    if kind is Kind.LOCATION and isinstance(message.get("location"), dict):
        return (_location(message["location"]),)
    payloads = _payloads(message)
    if not payloads:
        raise Unfit("message.attachments")
    read = _READERS.get(kind) or (lambda payload: _fetched(payload, kind))
    return tuple(read(payload) for payload in payloads)


def shared_link(message: dict[str, Any]) -> str:
    """Title and address of a link, as the owner would have written them."""
    for payload in _payloads(message):
        return f"{optional_text(payload, 'title') or ''}\n{optional_text(payload, 'url') or ''}"
    return ""


def _payloads(message: dict[str, Any]) -> list[dict[str, Any]]:
    attachments = message.get("attachments")
    if not isinstance(attachments, list) or len(attachments) > MAX_ATTACHMENTS:
        raise Unfit("message.attachments")
    if not all(isinstance(one, dict) for one in attachments):
        raise Unfit("message.attachments")
    return [object_of(one, "payload") for one in attachments]


def _fetched(payload: dict[str, Any], kind: Kind) -> Attachment:
    source = clean(text_of(payload, "url"))
    if not 0 < len(source) <= MAX_ADDRESS_CHARACTERS:
        raise Unfit("payload.url")
    media_type = clean(optional_text(payload, "type") or "")
    return Attachment(
        kind,
        source,
        name=_name(payload, "name"),
        media_type=media_type if "/" in media_type and len(media_type) <= 100 else None,
        size=optional_count(payload, "size"),
        seconds=optional_count(payload, "duration"),
    )


def _place(payload: dict[str, Any]) -> Attachment:
    return _location(object_of(payload, "coordinates"))


def _location(coordinates: dict[str, Any]) -> Attachment:
    return Attachment(
        Kind.LOCATION, place=(degrees(coordinates, "latitude", 90), degrees(coordinates, "longitude", 180))
    )


def _card(payload: dict[str, Any]) -> Attachment:
    """Name and phone stand in the description."""
    return Attachment(Kind.CONTACT_CARD, name=_name(payload, "description") or _name(payload, "title"))


def _name(payload: dict[str, Any], key: str) -> str | None:
    return clean(optional_text(payload, key) or "")[:MAX_NAME_CHARACTERS] or None


_READERS: dict[Kind, Callable[[dict[str, Any]], Attachment]] = {
    Kind.LOCATION: _place,
    Kind.CONTACT_CARD: _card,
}
