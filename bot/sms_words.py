"""What people write to a short code: only whether they want our messages is heard there, and answered in one SMS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import Connection

from bot.reading import says_stop
from integrations.sms.gateway import Opinion
from programme import opt_outs, sms_answers
from programme.acts_said import wants_messages_again
from programme.campaign_text import plain
from programme.phrases import Phrases
from programme.refusals_said import refuses_messages
from store.crypto import Keyring


@dataclass(frozen=True)
class Heard:
    """`words`: what the person gets as an answer, "" nothing. `is_confirmation`: of a refusal or of its end, which
    the law wants said also where an answer costs an SMS of its own."""

    words: str
    is_confirmation: bool


def hear(
    connection: Connection,
    keyring: Keyring,
    phrases: Phrases,
    gateway: str,
    said: Opinion,
    keyword: str,
    now: datetime,
    timezone: tzinfo,
) -> Heard:
    """What is answered: the confirmation, once (Decree 91/2020/NĐ-CP, article 16), or which words are heard.

    `keyword`: what the message had to begin with to reach us. The same message again has the same answer.
    """
    text, uid = _without(said.text, keyword), opt_outs.word_of(gateway, said.id_)
    if wants_messages_again(text):
        heard, phrase = opt_outs.resume(connection, keyring, now, "sms", phone=said.phone, uid=uid), "sms_resumed"
    elif says_stop(text) or refuses_messages(text):
        heard, phrase = opt_outs.stop(connection, keyring, now, "sms", phone=said.phone, uid=uid), "sms_stopped"
    else:
        return Heard(plain(phrases.say("sms_unread")), False)
    at = heard.at.astimezone(timezone)
    return Heard(plain(phrases.say(phrase, time=at.strftime("%H:%M %d/%m/%Y"))) if heard.is_new else "", True)


def hear_and_answer(
    connection: Connection,
    keyring: Keyring,
    phrases: Phrases,
    gateway: str,
    said: Opinion,
    now: datetime,
    timezone: tzinfo,
) -> bool:
    """The same where the gateway takes no answer with its call: the confirmation waits to be sent by it, in this
    transaction. Whether it does. Other words are not answered: that would be an SMS for whatever comes in."""
    heard = hear(connection, keyring, phrases, gateway, said, "", now, timezone)
    uid = opt_outs.word_of(gateway, said.id_)
    wants = heard.is_confirmation and heard.words != ""
    return wants and sms_answers.put(connection, keyring, gateway, said.phone, heard.words, uid, now)


def _without(text: str, keyword: str) -> str:
    """The message behind the keyword, which may be followed by a space or by punctuation."""
    rest = text.strip()
    behind = rest[len(keyword) :]
    if keyword and rest.lower().startswith(keyword.lower()) and behind and not behind[0].isalnum():
        return behind.strip()
    return rest
