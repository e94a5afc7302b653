"""What the hotline says about the person who answers: who has taken the conversation, that it is late, how it was.

The words are phrases of the packs; this is the one place that knows when they may be said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import RowMapping

from bot.reading import SCORES, rating
from bot.windows import sending
from programme.bulk_law import BulkLaw
from programme.phrases import Phrases
from store.mail_threads import CHANNEL as MAIL
from store.messages import Button, Reply


@dataclass(frozen=True)
class OfficerVoice:
    """`timezone`: in which owners are told times. `law`: of what is said unasked."""

    phrases: Phrases
    timezone: tzinfo
    law: BulkLaw

    def taken(self, language: str, officer: str, due_at: datetime, now: datetime) -> Reply:
        """Who will answer, and by when; nothing about the time once that has passed."""
        phrase = "person_taken" if now < due_at else "person_taken_late"
        due = f"{due_at.astimezone(self.timezone):%H:%M %d/%m/%Y}"
        return Reply(self.phrases.say(phrase, language, officer=officer, due=due), entry=phrase)

    def late(self, language: str) -> Reply:
        return Reply(self.phrases.say("person_late", language), entry="person_late")

    def rating(self, language: str) -> Reply:
        """The question how satisfied the owner is, with one button for each score."""
        buttons = tuple(Button(self.phrases.say(f"rating_{score}_button", language), rating(score)) for score in SCORES)
        return Reply(self.phrases.say("rating_asked", language), buttons=buttons, entry="rating_asked")


def may_be_said(known: RowMapping, now: datetime) -> bool:
    """Whether the owner gets such a message at once and for nothing. `known`: the conversation's row.

    Zalo charges for what is said long after the owner's last message, and holds it back later still. By mail only
    people write, but for the one acknowledgement.
    """
    if known["channel"] == MAIL or known["unreachable"] is not None:
        return False
    return sending(known, now).standing in ("open", "free")
