"""A survey as its file defines it: items in their order, options, scoring, advice. Versions stay side by side.

A response keeps the version it began with, so a file that owners have answered is never changed: better wording is a
new file with a new version. Not responsible for answers: see `response.py`, `scoring.py` and `advice.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from programme.survey.conditions import Condition
from programme.survey.file import Amount, SurveyFile, read_survey_file

Section = Literal["opening", "profile", "question", "closing"]
Kind = Literal["choice", "multi_choice", "scale", "text", "phone_vn", "commune_lookup", "choice_list"]
Answer = int | str | list[str]
# Not applicable, and not said: both are answers, so the item is not asked again.
NA, REFUSED = "NA", "REFUSED"
CONSENT, FORM = "CONSENT", "FORM"
FULL, CORE = "full", "core"
_SCALE = range(1, 6)


@dataclass(frozen=True)
class Words:
    """The same in both languages."""

    vi: str
    en: str

    def __getitem__(self, language: str) -> str:
        return self.en if language == "en" else self.vi


@dataclass(frozen=True)
class Option:
    """`value` is what is stored: a question's score, NA, or a profile value. `also`: other ways to say it."""

    value: int | str
    button: Words
    words: Words
    also: tuple[str, ...] = ()
    amount: Amount | None = None


@dataclass(frozen=True)
class Item:
    """One thing the survey asks.

    `key`: under which profile conditions and reports know it; for questions their id. `core`: the short form asks it
    too. `skip_scores_zero`: hidden by branching it counts 0, else it does not count. `resets`: keys of answers that
    mean nothing any more when this one changes. `unit`: words behind a number that make it an amount ("3 khách").
    """

    id: str
    key: str
    section: Section
    kind: Kind
    text: Words
    help: Words | None = None
    label: Words | None = None
    ask_back: Words | None = None
    options: tuple[Option, ...] = ()
    core: bool = True
    required: bool = False
    max_length: int = 0
    shown_if: Condition | None = None
    skip_scores_zero: bool = False
    na_hidden_if: Condition | None = None
    resets: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    pillar: str | None = None
    weight: int = 1  # in the smallest whole numbers that keep the file's proportions

    def option(self, value: object) -> Option | None:
        """The option with this value."""
        return next((option for option in self.options if option.value == value), None)


@dataclass(frozen=True)
class Pillar:
    id: str
    name: Words
    weight: Fraction
    low: Words
    mid: Words
    high: Words


@dataclass(frozen=True)
class Level:
    """`floor` ≤ rounded total < the next level's floor."""

    level: int
    floor: Fraction
    name: Words


@dataclass(frozen=True)
class Balance:
    """`level` needs every pillar at `floor` or above, else it is `otherwise`."""

    level: int
    floor: Fraction
    otherwise: int


@dataclass(frozen=True)
class Rule:
    """One piece of advice; `without`: its words where no vendor or bank is assigned. `pillar`: what it is sorted by."""

    id: str
    when: Condition
    pillar: str | None
    priority: int
    action: str
    text: Words
    without: Words | None


@dataclass(frozen=True)
class Survey:
    """One version. `items` in the order in which they are asked; `ui`: sentences of the conversation by name."""

    id: str
    version: str
    consent_version: int
    consent_refused: Words
    items: tuple[Item, ...]
    pillars: tuple[Pillar, ...]
    levels: tuple[Level, ...]
    balance: tuple[Balance, ...]
    most_refused: int
    rules: tuple[Rule, ...]
    most_advice: int
    advice_low_below: int
    advice_high_from: int
    ui: Mapping[str, Words]

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        return MappingProxyType({item.id: item for item in self.items})

    @cached_property
    def by_key(self) -> Mapping[str, Item]:
        return MappingProxyType({item.key: item for item in self.items})

    @cached_property
    def core_items(self) -> tuple[Item, ...]:
        """What the short form asks."""
        return tuple(item for item in self.items if item.core)

    @cached_property
    def questions(self) -> tuple[Item, ...]:
        """The scored ones."""
        return tuple(item for item in self.items if item.section == "question")

    @cached_property
    def core_questions(self) -> tuple[Item, ...]:
        return tuple(item for item in self.questions if item.core)

    def level(self, number: int) -> Level:
        return next(level for level in self.levels if level.level == number)


class UnknownVersion(KeyError):
    """No file defines this version of the survey."""


@dataclass(frozen=True)
class Surveys:
    """All versions; new responses begin with the latest."""

    versions: Mapping[str, Survey]

    @property
    def latest(self) -> Survey:
        return self.versions[max(self.versions, key=_version_key)]

    def version(self, version: str) -> Survey:
        """Raises UnknownVersion."""
        try:
            return self.versions[version]
        except KeyError:
            raise UnknownVersion(version) from None


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def load_surveys(folder: Path) -> Surveys:
    """Every version under `folder`. Raises ContentError with file, line and what is wrong."""
    versions = {}
    for path in sorted(folder.glob("*.yaml")):
        survey = _survey(read_survey_file(path))
        versions[survey.version] = survey
    return Surveys(MappingProxyType(versions))


def _survey(file: SurveyFile) -> Survey:
    pillars = {item["id"]: item for item in file.pillars}
    scale = lcm(*(Fraction(str(one.weight)).denominator for one in file.questions))
    questions = tuple(_question(one, scale) for one in file.questions)
    return Survey(
        id=str(file.meta["id"]),
        version=file.version,
        consent_version=file.consent.text_version,
        consent_refused=Words(file.consent.on_no_vi, file.consent.on_no_en),
        items=(
            _consent(file),
            _form(file),
            *(_asked(one, "profile") for one in file.profile),
            *questions,
            *(_asked(one, "closing") for one in file.closing),
        ),
        pillars=tuple(_pillar(one, file.pillar_advice[id_]) for id_, one in pillars.items()),
        levels=tuple(
            Level(one.level, Fraction(str(one.min)), Words(one.name_vi, one.name_en)) for one in file.scoring.levels
        ),
        # from the highest level down, each on what the one above left
        balance=tuple(
            Balance(one.level, Fraction(str(one.every_pillar_at_least)), one.else_level)
            for one in sorted(file.scoring.balance_rule, key=lambda one: -one.level)
        ),
        most_refused=file.scoring.refused.max_refused,
        rules=tuple(_rule(one, {q.id: q.pillar for q in questions}) for one in file.recommendations.rules),
        most_advice=file.recommendations.max_shown,
        advice_low_below=file.pillar_advice["thresholds"]["low_below"],
        advice_high_from=file.pillar_advice["thresholds"]["high_from"],
        ui=MappingProxyType(_sentences(file)),
    )


def _sentences(file: SurveyFile) -> dict[str, Words]:
    names = [name.removesuffix("_vi") for name in file.ui if name.endswith("_vi") and f"{name[:-3]}_en" in file.ui]
    said = {name: Words(str(file.ui[f"{name}_vi"]), str(file.ui[f"{name}_en"])) for name in names}
    said["no_vendor"] = Words(file.recommendations.no_vendor_vi, file.recommendations.no_vendor_en)
    return said


def _consent(file: SurveyFile) -> Item:
    one = file.consent
    return Item(
        id=CONSENT,
        key="consent",
        section="opening",
        kind="choice",
        text=Words(one.vi, one.en),
        options=tuple(_option(option) for option in one.options),
        required=True,
    )


def _form(file: SurveyFile) -> Item:
    """Which form: the file asks it as one sentence with numbers; the choices are the two forms."""
    full, core = len(file.questions), sum(question.core for question in file.questions)
    options = (
        Option(
            FULL,
            *(Words(f"Đầy đủ {full} câu", f"Full, {full} questions"),) * 2,
            ("đầy đủ", "bản dài", "full", "the full one"),
        ),
        Option(
            CORE,
            *(Words(f"Rút gọn {core} câu", f"Short, {core} questions"),) * 2,
            ("rút gọn", "ngắn", "ngắn gọn", "short", "the short one"),
        ),
    )
    text = Words(*(str(file.ui[f"mode_q_{language}"]).partition(" 1)")[0] for language in ("vi", "en")))
    return Item(id=FORM, key="form", section="opening", kind="choice", text=text, options=options, required=True)


def _question(one: Any, scale: int) -> Item:
    options = [_option(option, option.score) for option in one.options]
    if one.na is not None:
        options.append(
            Option(NA, Words(one.na.btn, one.na.btn_en or one.na.en), Words(one.na.vi, one.na.en), one.na.also)
        )
    return Item(
        id=one.id,
        key=one.id,
        section="question",
        kind="choice",
        text=Words(one.vi, one.en),
        help=Words(one.help_vi, one.help_en),
        options=tuple(options),
        core=one.core,
        shown_if=one.show_if,
        skip_scores_zero=one.on_skip == "zero",
        na_hidden_if=one.na.hide_if if one.na else None,
        unit=one.unit,
        pillar=one.pillar,
        weight=int(Fraction(str(one.weight)) * scale),
    )


def _asked(one: Any, section: Section) -> Item:
    if one.type == "scale_1_5":
        numbers = [(n, Words(str(n), str(n))) for n in _SCALE]
        options = tuple(Option(n, words, words) for n, words in numbers)
    else:
        options = tuple(_option(option) for option in one.options)
    return Item(
        id=one.id,
        key=one.key,
        section=section,
        kind="scale" if one.type == "scale_1_5" else one.type,
        text=Words(one.vi, one.en),
        help=Words(one.help_vi, one.help_en or one.help_vi) if one.help_vi else None,
        label=Words(one.label_vi, one.label_en or one.label_vi) if one.label_vi else None,
        ask_back=Words(one.on_ambiguous_vi, one.on_ambiguous_en) if one.on_ambiguous_vi else None,
        options=options,
        core=one.core,
        required=one.required,
        max_length=one.max_len,
        shown_if=one.show_if,
        resets=one.resets,
        unit=one.unit,
    )


def _option(one: Any, value: int | str | None = None) -> Option:
    stored = one.value if value is None else value
    return Option(stored, Words(one.btn, one.btn_en or one.en), Words(one.vi, one.en), one.also, one.amount)


def _pillar(one: Any, advice: Any) -> Pillar:
    low, mid, high = (Words(advice[step]["vi"], advice[step]["en"]) for step in ("low", "mid", "high"))
    return Pillar(one["id"], Words(one["name_vi"], one["name_en"]), Fraction(str(one["weight"])), low, mid, high)


def _rule(one: Any, pillars: Mapping[str, str | None]) -> Rule:
    pillar = pillars[one.when.first_question] if one.when.first_question else one.when.first_pillar
    without = Words(one.vi_without, one.en_without or one.vi_without) if one.vi_without else None
    return Rule(one.id, one.when, pillar, one.priority, one.action, Words(one.vi, one.en), without)
