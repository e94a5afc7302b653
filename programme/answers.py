"""What the bot may say: pack answers with their sources and the days on which they are true.

Responsible for choosing the entry that may be said in a province on a day, and for filling in its words. Not
responsible for who asked or how it is delivered; buttons are handed on as they are written.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints, ValidationInfo, field_validator

from programme.packs import (
    NATIONAL,
    Document,
    Packs,
    Slug,
    Text,
    ends_after_it_begins,
    unknown_document,
)
from programme.yaml_source import ContentModel, YamlSource, read_yaml, refusal
from store.messages import Source

Confidence = Literal["A", "B", "C"]
Reason = Literal["not_approved", "expired", "not_yet_valid"]

# Telegram's limit for callback_data, in bytes of UTF-8; the tightest of the channels.
BUTTON_PAYLOAD_BYTES = 64


class Button(ContentModel):
    """A choice below an answer; `payload` is Rasa's: `/intent` or `/intent{"entity":"value"}`."""

    title: Text
    payload: Text

    @field_validator("payload")
    @classmethod
    def _is_a_rasa_payload(cls, payload: str) -> str:
        size = len(payload.encode())
        if size > BUTTON_PAYLOAD_BYTES:
            limit = BUTTON_PAYLOAD_BYTES
            raise refusal(f"payload dài {size} byte, quá {limit} byte", "rút ngắn giá trị trong payload")
        intent, brace, entities = payload.removeprefix("/").partition("{")
        well_formed = payload.startswith("/") and intent.isidentifier()
        if well_formed and brace:
            try:
                well_formed = isinstance(json.loads(brace + entities), dict)
            except ValueError:
                well_formed = False
        if not well_formed:
            raise refusal(f'payload "{payload}" không đúng dạng', 'viết /ý_định hoặc /ý_định{"tên":"giá trị"}')
        return payload


# `/answer_wrong{"entry":"…"}` below an answer must fit into a button's payload.
EntryId = Annotated[Slug, StringConstraints(max_length=BUTTON_PAYLOAD_BYTES - len('/answer_wrong{"entry":""}'))]


class _Words(ContentModel):
    vi: Text
    en: Text


# Zalo's and Telegram's buttons cut longer ones on a phone's width.
Label = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]


class _Title(ContentModel):
    vi: Label
    en: Label


class _Citation(ContentModel):
    document: Slug
    article: Text


class _Entry(ContentModel):
    id: EntryId
    intent: Slug | None = None
    title: _Title
    keywords: tuple[Text, ...] = ()
    text: _Words
    sources: Annotated[tuple[_Citation, ...], Field(min_length=1)]
    confidence: Confidence
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    offer_person: StrictBool = False
    variables: tuple[Slug, ...] = ()
    buttons: tuple[Button, ...] = ()
    # False for what confirms an act or concludes a dialogue: said by the search it would be untrue.
    searchable: StrictBool = True
    # Intents whose coarse answer this entry makes more precise: the search may choose it although the intent is sure.
    refines: tuple[Slug, ...] = ()
    # True: its figures hold for the years of its window only, and a question about another year is told so.
    year_bound: StrictBool = False

    @field_validator("valid_to")
    @classmethod
    def _ends_after_it_begins(cls, valid_to: dt.date | None, info: ValidationInfo) -> dt.date | None:
        return ends_after_it_begins(valid_to, info)


class _AnswersFile(ContentModel):
    answers: tuple[_Entry, ...]


class _QuestionsFile(ContentModel):
    questions: dict[EntryId, tuple[Text, ...]]


@dataclass(frozen=True)
class Window:
    """The days on which something is true, both ends included; None is open."""

    first: dt.date | None
    last: dt.date | None

    def __contains__(self, day: dt.date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def reaches_into(self, year: int) -> bool:
        """Whether any day of that year is in the window."""
        return self.overlaps(Window(dt.date(year, 1, 1), dt.date(year, 12, 31)))

    def overlaps(self, other: Window) -> bool:
        return not self.ends_before(other.first) and not other.ends_before(self.first)

    def ends_before(self, day: dt.date | None) -> bool:
        return self.last is not None and day is not None and self.last < day


@dataclass(frozen=True)
class Approval:
    """`digest` names the words that were read: a changed entry must be approved anew."""

    pack: str
    entry: str
    digest: str


@dataclass(frozen=True)
class Answer:
    """One pack entry, its sources looked up and its window worked out.

    `titles` name it on a button, by language. For the search: `keywords` are other words for it, `questions` are how
    owners would ask for it, and what is not `searchable` (it needs variables, confirms an act) is never found.
    """

    id: str
    intent: str | None
    pack: str
    titles: tuple[tuple[str, str], ...]
    keywords: tuple[str, ...]
    questions: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    sources: tuple[Source, ...]
    confidence: Confidence
    window: Window
    offer_person: bool
    variables: tuple[str, ...]
    buttons: tuple[Button, ...]
    searchable: bool
    refines: tuple[str, ...]
    year_bound: bool

    def render(self, language: str = "vi", **variables: str) -> str:
        """The words in `language` (vi | en) with every variable filled in.

        Raises ValueError when the variables are not exactly those the entry declares.
        """
        if set(variables) != set(self.variables):
            given, wanted = sorted(variables), sorted(self.variables)
            raise ValueError(f"answer {self.id!r} takes the variables {wanted}, not {given}")
        return dict(self.texts)[language].format_map(variables)

    def render_raw(self) -> str:
        """The Vietnamese words as they stand in the pack, for the person who approves them."""
        return dict(self.texts)["vi"]

    @property
    def approval(self) -> Approval:
        """What an administrator releases: this entry with exactly these words and sources."""
        words = json.dumps([self.texts, [vars(source) for source in self.sources], str(self.window)], sort_keys=True)
        return Approval(self.pack, self.id, hashlib.sha256(words.encode()).hexdigest())

    def title(self, language: str = "vi") -> str:
        """The short name, for a button."""
        return dict(self.titles)[language]


@dataclass(frozen=True)
class Withheld:
    """An entry exists but must not be said: nobody approved it yet, or it is not true on that day."""

    id: str
    reason: Reason


class AnswerBook:
    """All answers of all packs; a province's entry goes before the nation's."""

    def __init__(self, packs: Packs) -> None:
        """Read every pack's `answers*.yaml`. Raises ContentError with file and line for whatever cannot be used."""
        self._packs = packs
        self._approved: frozenset[Approval] = frozenset()
        self._answers = {pack: _load(packs, pack) for pack in (NATIONAL, *packs.provinces)}

    def __iter__(self) -> Iterator[Answer]:
        """Every entry of every pack, whether it may be said or not."""
        return (answer for answers in self._answers.values() for answer in answers)

    def release(self, approved: Iterable[Approval]) -> None:
        """From now on say these confidence-C entries, and no others: what administrators have approved."""
        self._approved = frozenset(approved)

    def find(self, intent: str, province: str, on: dt.date) -> Answer | Withheld | None:
        """The answer to an intent; Withheld when there is one that must not be said; None when there is none.

        Raises UnknownProvince when the province has no pack.
        """
        return self._choose([a for a in self.in_reach(province) if a.intent == intent], on)

    def get(self, answer_id: str, province: str, on: dt.date) -> Answer | Withheld | None:
        """The entry with this id, under the same rules as `find`."""
        return self._choose([a for a in self.in_reach(province) if a.id == answer_id], on)

    def in_reach(self, province: str) -> tuple[Answer, ...]:
        """The entries a province may answer from, its own first. Raises UnknownProvince."""
        return self._answers[self._packs.province(province).id] + self._answers[NATIONAL]

    def may_be_said(self, answer: Answer, on: dt.date) -> bool:
        """Whether the entry is true on that day and not waiting for an approval."""
        return on in answer.window and (answer.confidence != "C" or answer.approval in self._approved)

    def _choose(self, candidates: list[Answer], on: dt.date) -> Answer | Withheld | None:
        # A province entry that must not be said today gives way to the nation's, which is true everywhere; an
        # approved C entry knows more than what stands in for it until then.
        for answer in sorted(candidates, key=lambda a: (a.pack == NATIONAL, a.confidence != "C")):
            if self.may_be_said(answer, on):
                return answer
        in_force = [answer for answer in candidates if on in answer.window]
        if in_force:
            return Withheld(in_force[0].id, "not_approved")
        ended = [answer for answer in candidates if answer.window.ends_before(on)]
        if ended:
            return Withheld(ended[-1].id, "expired")
        return Withheld(candidates[0].id, "not_yet_valid") if candidates else None


def _load(packs: Packs, pack: str) -> tuple[Answer, ...]:
    documents = packs.documents(pack)
    questions, check_names = _questions(packs.root / pack / "questions.yaml")
    answers: list[Answer] = []
    places: list[tuple[YamlSource, int]] = []
    # `answers.yaml` must be there; a pack may keep topics beside it, as `answers_<topic>.yaml`
    first = packs.root / pack / "answers.yaml"
    for path in (first, *sorted(first.parent.glob("answers_*.yaml"))):
        source = read_yaml(path)
        for index, entry in enumerate(source.validate(_AnswersFile).answers):
            _check_variables(source, index, entry)
            for place, citation in enumerate(entry.sources):
                if citation.document not in documents:
                    at = ("answers", index, "sources", place, "document")
                    raise unknown_document(source, at, citation.document)
            answer = _answer(entry, pack, documents, questions.get(entry.id, ()))
            if answer.window.ends_before(answer.window.first):
                problem = "câu trả lời không có ngày nào hiệu lực, vì văn bản nguồn đã hết hoặc chưa bắt đầu"
                raise source.error(("answers", index), problem, "ghi rõ valid_from và valid_to của câu này")
            _refuse_overlap((source, index), answer, answers, places)
            answers.append(answer)
            places.append((source, index))
    check_names({answer.id for answer in answers})
    return tuple(answers)


def _questions(path: Path) -> tuple[Mapping[str, tuple[str, ...]], Callable[[set[str]], None]]:
    """How owners ask for the entries of a pack, by entry; and the check that those entries exist."""
    if not path.exists():
        return {}, lambda _: None
    source = read_yaml(path)
    questions = source.validate(_QuestionsFile).questions

    def check(known: set[str]) -> None:
        for entry in questions:
            if entry not in known:
                remedy = "sửa lại id hoặc xóa mục này"
                raise source.error(("questions", entry), f'không có câu trả lời "{entry}" trong gói này', remedy)

    return questions, check


def _answer(entry: _Entry, pack: str, documents: dict[str, Document], questions: tuple[str, ...]) -> Answer:
    quoted = [(documents[citation.document], citation.article) for citation in entry.sources]
    return Answer(
        id=entry.id,
        intent=entry.intent,
        pack=pack,
        titles=tuple(entry.title),
        keywords=entry.keywords,
        questions=questions,
        texts=tuple(entry.text),
        sources=tuple(Source(document.short, article, document.url) for document, article in quoted),
        confidence=entry.confidence,
        window=_window(entry, [document for document, _ in quoted]),
        offer_person=entry.offer_person,
        variables=entry.variables,
        buttons=entry.buttons,
        searchable=entry.searchable and not entry.variables,
        refines=entry.refines,
        year_bound=entry.year_bound,
    )


def _window(entry: _Entry, documents: list[Document]) -> Window:
    """A bound the entry writes itself holds, even null (open); any other comes from its documents."""
    first, last = entry.valid_from, entry.valid_to
    if "valid_from" not in entry.model_fields_set:
        first = max((d.valid_from for d in documents if d.valid_from), default=None)
    if "valid_to" not in entry.model_fields_set:
        last = min((d.valid_to for d in documents if d.valid_to), default=None)
    return Window(first, last)


def _check_variables(source: YamlSource, index: int, entry: _Entry) -> None:
    for language, text in entry.text:
        at = ("answers", index, "text", language)
        try:
            fields = list(Formatter().parse(text))
        except ValueError:
            raise source.error(at, "dấu ngoặc nhọn không cân", "viết biến dạng {tên}") from None
        used = {name for _, name, _, _ in fields if name is not None}
        if any(spec or conversion for _, _, spec, conversion in fields):
            raise source.error(at, "biến có định dạng kèm theo", "chỉ viết {tên}")
        for name in sorted(used - set(entry.variables)):
            remedy = "thêm tên này vào mục variables hoặc sửa lại câu"
            raise source.error(at, f"biến {{{name}}} chưa khai trong variables", remedy)
        for name in sorted(set(entry.variables) - used):
            at_name = ("answers", index, "variables", entry.variables.index(name))
            remedy = "dùng biến trong câu hoặc xóa khỏi variables"
            raise source.error(at_name, f'biến "{name}" không dùng trong câu ({language})', remedy)


def _refuse_overlap(
    place: tuple[YamlSource, int], answer: Answer, earlier: list[Answer], places: list[tuple[YamlSource, int]]
) -> None:
    for other, (other_source, other_index) in zip(earlier, places, strict=True):
        same_intent = answer.intent is not None and answer.intent == other.intent
        # A C entry may have a stand-in: what is said as long as nobody has approved it.
        is_stand_in = (answer.confidence == "C") != (other.confidence == "C")
        if (answer.id == other.id or same_intent) and answer.window.overlaps(other.window) and not is_stand_in:
            name = f'id "{answer.id}"' if answer.id == other.id else f'ý định "{answer.intent}"'
            source, index = place
            line = other_source.line(("answers", other_index))
            where = f"dòng {line}" if other_source is source else f"{other_source.file}, dòng {line}"
            problem = f"{name} có hai câu cùng hiệu lực (câu kia ở {where})"
            raise source.error(("answers", index), problem, "sửa valid_from, valid_to cho khỏi chồng nhau")
