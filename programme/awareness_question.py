"""The question of awareness as content (content/national/awareness.yaml): its words, its kind of message, its times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, StringConstraints

from programme import campaign_text
from programme.bulk_law import BulkLaw, MessageKind
from programme.campaign_plan import Variant
from programme.packs import Text
from programme.yaml_source import ContentModel, read_yaml

Heard = Literal["yes", "no"]
HEARD: tuple[Heard, ...] = ("yes", "no")
LANGUAGES = ("vi", "en")
ANSWER = "answer_awareness"  # the intent of its buttons
Question = Annotated[str, StringConstraints(max_length=300, strip_whitespace=True, pattern=r"^[^{}]+\?$")]
_Days = Annotated[StrictInt, Field(ge=1, le=3650)]


class _Question(ContentModel):
    vi: Question
    en: Question


class _Title(ContentModel):
    vi: Annotated[Text, Field(max_length=40)]
    en: Annotated[Text, Field(max_length=40)]


class AwarenessQuestion(ContentModel):
    """`sms`: with {{ link }}. `again_after_days`: so long whoever was drawn is not drawn again.
    `correct_within_minutes`: so long an answer may be changed."""

    kind: MessageKind
    again_after_days: _Days
    answer_within_days: _Days
    correct_within_minutes: Annotated[StrictInt, Field(ge=0, le=1440)]
    sms: Text
    question: _Question
    yes: _Title
    no: _Title

    @property
    def again_after(self) -> dt.timedelta:
        return dt.timedelta(days=self.again_after_days)

    @property
    def answer_within(self) -> dt.timedelta:
        return dt.timedelta(days=self.answer_within_days)

    @property
    def correct_within(self) -> dt.timedelta:
        return dt.timedelta(minutes=self.correct_within_minutes)

    def variant(self) -> Variant:
        """The text of the campaign that asks it."""
        return Variant("A", campaign_text.plain(self.sms), chat={one: self._chat(one) for one in LANGUAGES})

    def _chat(self, language: str) -> Mapping[str, Any]:
        titles: Mapping[Heard, str] = {"yes": getattr(self.yes, language), "no": getattr(self.no, language)}
        buttons = [{"title": title, "payload": payload(said)} for said, title in titles.items()]
        return {"text": getattr(self.question, language), "buttons": buttons}


def payload(said: Heard) -> str:
    """Of the button with which it is answered."""
    return f'/{ANSWER}{{"heard":"{said}"}}'


def load_awareness_question(path: Path, law: BulkLaw) -> AwarenessQuestion:
    """Raises ContentError with file and line, also for a text without its link, or against the law of its kind."""
    source = read_yaml(path)
    question = source.validate(AwarenessQuestion)
    text = campaign_text.plain(question.sms)
    wrong = [problem.words for problem in campaign_text.check(text, ("link", "stop", "name"))]
    wrong += [problem.words for problem in law.check_text(question.kind, text, dt.date.max)]
    if "link" not in campaign_text.variables(text):
        wrong.append("Thiếu {{ link }}.")
    if wrong:
        raise source.error(("sms",), wrong[0].rstrip("."), "sửa lại nội dung tin")
    return question
