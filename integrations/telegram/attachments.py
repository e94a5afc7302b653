"""What comes with a Telegram message beside its words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from telegram import Contact, Location, Message

from integrations.telegram.fields import Malformed, count, short_words
from store.messages import Attachment, Kind
from store.text import clean

MOST_NAME, MOST_MEDIA_TYPE = 200, 100

# A sound file is a recording as well: owners send what their phone's recorder made.
_KINDS = {
    "voice": Kind.VOICE,
    "audio": Kind.VOICE,
    "video": Kind.VIDEO,
    "video_note": Kind.VIDEO,
    "document": Kind.FILE,
}


def attachments_of(message: Message) -> tuple[Attachment, ...]:
    """At most one: Telegram sends the pictures of an album as messages. Raises Malformed."""
    if message.animation:  # also comes as a document; like a sticker it says nothing that a person would have to see
        return ()
    if message.photo:
        return (_file(Kind.IMAGE, max(message.photo, key=lambda size: size.width * size.height)),)
    for field, kind in _KINDS.items():
        if found := getattr(message, field):
            return (_file(kind, found),)
    if message.location:
        return (_place(message.location),)
    if message.contact:
        return (_card(message.contact),)
    return ()


def _file(kind: Kind, file: Any) -> Attachment:
    if not isinstance(file.file_id, str) or not file.file_id or file.file_id != clean(file.file_id):
        raise Malformed("file_id")
    duration = getattr(file, "duration", None)
    return Attachment(
        kind,
        source=file.file_id,
        name=short_words(getattr(file, "file_name", None), MOST_NAME),
        media_type=short_words(getattr(file, "mime_type", None), MOST_MEDIA_TYPE),
        size=count(file.file_size),
        seconds=count(int(duration.total_seconds())) if isinstance(duration, timedelta) else None,
    )


def _place(location: Location) -> Attachment:
    place = (location.latitude, location.longitude)
    if not all(isinstance(degrees, int | float) and abs(degrees) <= 180 for degrees in place):
        raise Malformed("location")
    return Attachment(Kind.LOCATION, place=(float(place[0]), float(place[1])))


def _card(contact: Contact) -> Attachment:
    """Name and number are all there is; they stand where a file has its name."""
    parts = (contact.first_name, contact.last_name, contact.phone_number)
    said = " ".join(part for part in parts if isinstance(part, str) and part)
    return Attachment(Kind.CONTACT_CARD, name=short_words(said, MOST_NAME))
