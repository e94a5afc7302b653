"""What people write to a short code: only whether they want our messages is heard there, and answered in one SMS."""

from __future__ import annotations

from datetime import datetime, tzinfo

from sqlalchemy import Connection

from bot.reading import says_stop
from integrations.sms.gateway import Opinion
from programme import opt_outs
from programme.acts_said import wants_messages_again
from programme.campaign_text import plain
from programme.phrases import Phrases
from programme.refusals_said import refuses_messages
from store.crypto import Keyring


def hear(
    connection: Connection,
    keyring: Keyring,
    phrases: Phrases,
    gateway: str,
    said: Opinion,
    keyword: str,
    now: datetime,
    timezone: tzinfo,
) -> str:
    """What the person gets as an answer: the confirmation, once (Decree 91/2020/NĐ-CP, article 16); "" nothing.

    `keyword`: what the message had to begin with to reach us. The same message again has the same answer.
    """
    text, uid = _without(said.text, keyword), opt_outs.word_of(gateway, said.id_)
    if wants_messages_again(text):
        heard, phrase = opt_outs.resume(connection, keyring, now, "sms", phone=said.phone, uid=uid), "sms_resumed"
    elif says_stop(text) or refuses_messages(text):
        heard, phrase = opt_outs.stop(connection, keyring, now, "sms", phone=said.phone, uid=uid), "sms_stopped"
    else:
        return plain(phrases.say("sms_unread"))
    at = heard.at.astimezone(timezone)
    return plain(phrases.say(phrase, time=at.strftime("%H:%M %d/%m/%Y"))) if heard.is_new else ""


def _without(text: str, keyword: str) -> str:
    """The message behind the keyword, which may be followed by a space or by punctuation."""
    rest = text.strip()
    behind = rest[len(keyword) :]
    if keyword and rest.lower().startswith(keyword.lower()) and behind and not behind[0].isalnum():
        return behind.strip()
    return rest
