"""The shape of a survey's YAML file, and the checks that one field alone cannot make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from programme.packs import Text
from programme.survey.conditions import Condition
from programme.yaml_source import ContentModel, YamlSource, read_yaml

Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
# A payload with the item and this value must fit into a button (64 bytes).
Value = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
ItemId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,4}\d{2}$")]
ButtonTitle = Annotated[str, StringConstraints(min_length=1, max_length=32)]
AskedType = Literal["text", "phone_vn", "choice", "multi_choice", "commune_lookup", "choice_list", "scale_1_5"]
Action = Literal[
    "vendor_lead",
    "bidv_info",
    "tax_faq",
    "training",
    "domain_flow",
    "scam_module",
    "content",
    "story_nomination",
    "rdx_link",
]


class Amount(ContentModel):
    """How many an option stands for, both ends included; no `max`: that many or more."""

    min: Annotated[StrictInt, Field(ge=0)]
    max: Annotated[StrictInt, Field(ge=0)] | None = None

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.min <= number and (self.max is None or number <= self.max)


class _OptionRow(ContentModel):
    score: Annotated[StrictInt, Field(ge=0, le=4)] | None = None
    value: Value | None = None
    btn: ButtonTitle
    btn_en: ButtonTitle | None = None
    vi: Text
    en: Text
    also: tuple[Text, ...] = ()
    amount: Amount | None = None


class _NotApplicable(ContentModel):
    allowed: Literal[True]
    btn: ButtonTitle
    btn_en: ButtonTitle | None = None
    vi: Text
    en: Text
    also: tuple[Text, ...] = ()
    policy: Literal["exclude"]
    hide_if: Condition | None = None


class _QuestionRow(ContentModel):
    id: ItemId
    pillar: str
    sub: str
    dbi6: str
    core: StrictBool
    weight: Annotated[float, Field(gt=0)]
    gate: StrictBool = False
    show_if: Condition | None = None
    on_skip: Literal["zero", "exclude"] | None = None
    vi: Text
    en: Text
    help_vi: Text
    help_en: Text
    na: _NotApplicable | None = None
    unit: tuple[Text, ...] = ()
    options: Annotated[tuple[_OptionRow, ...], Field(min_length=2)]


class _AskedRow(ContentModel):
    id: ItemId
    key: Value
    type: AskedType
    required: StrictBool = False
    core: StrictBool = True
    max_len: Annotated[StrictInt, Field(gt=0, le=500)] = 120
    show_if: Condition | None = None
    resets: tuple[Value, ...] = ()
    unit: tuple[Text, ...] = ()
    lookup: str | None = None
    list: str | None = None
    kpi: Text | None = None
    vi: Text
    en: Text
    help_vi: Text | None = None
    help_en: Text | None = None
    label_vi: Text | None = None
    label_en: Text | None = None
    on_ambiguous_vi: Text | None = None
    on_ambiguous_en: Text | None = None
    note_vi: Text | None = None
    note_en: Text | None = None
    use_vi: Text | None = None
    use_en: Text | None = None
    options: tuple[_OptionRow, ...] = ()


class _ConsentRow(ContentModel):
    id: Literal["CONSENT"]
    text_version: Annotated[StrictInt, Field(ge=1)] = 1
    vi: Text
    en: Text
    options: tuple[_OptionRow, ...]
    on_no_vi: Text
    on_no_en: Text


class _LevelRow(ContentModel):
    level: StrictInt
    min: float
    max: float
    name_vi: Text
    name_en: Text
    band_1567: Text


class _BalanceRow(ContentModel):
    level: StrictInt
    every_pillar_at_least: float
    else_level: StrictInt


class _Refused(ContentModel):
    policy: Literal["exclude"]
    max_refused: Annotated[StrictInt, Field(ge=0)]
    note_vi: Text
    note_en: Text


class _Scoring(ContentModel):
    per_question: Text
    pillar_score: Text
    total_score: Text
    skip_policy: dict[str, Text]
    refused: _Refused
    core_form: Text
    monotonic: Text
    levels: tuple[_LevelRow, ...]
    interval: Text
    balance_rule: tuple[_BalanceRow, ...]
    band_1567_note: Text


class _RuleRow(ContentModel):
    id: Annotated[str, StringConstraints(pattern=r"^R\d{2}$")]
    when: Condition
    priority: StrictInt
    action: Action
    vi: Text
    en: Text
    vi_without: Text | None = None
    en_without: Text | None = None


class _Recommendations(ContentModel):
    placeholders: Text
    no_vendor_vi: Text
    no_vendor_en: Text
    max_shown: StrictInt
    order: Text
    eval: Text
    rules: tuple[_RuleRow, ...]


class SurveyFile(ContentModel):
    """The whole file. `meta`, `ui` and `dbi6_tags` are free: they say where the survey comes from and what is said."""

    meta: dict[str, Any]
    ui: dict[str, Any]
    consent: _ConsentRow
    pillars: tuple[dict[str, Any], ...]
    dbi6_tags: dict[str, Text]
    scoring: _Scoring
    profile: tuple[_AskedRow, ...]
    questions: tuple[_QuestionRow, ...]
    closing: tuple[_AskedRow, ...]
    recommendations: _Recommendations
    pillar_advice: dict[str, Any]
    result_template_vi: str | None = None
    result_template_en: str | None = None

    @property
    def version(self) -> str:
        return str(self.meta["version"])

    @property
    def parts(self) -> tuple[tuple[str, Sequence[_AskedRow | _QuestionRow]], ...]:
        """Everything that is asked after the consent, by its place in the file, in order."""
        return (("profile", self.profile), ("questions", self.questions), ("closing", self.closing))


def read_survey_file(path: Path) -> SurveyFile:
    """Raises ContentError with file and line."""
    source = read_yaml(path)
    file = source.validate(SurveyFile)
    _refuse_repeated(source, file)
    _refuse_unknown_names(source, file)
    return file


def _refuse_repeated(source: YamlSource, file: SurveyFile) -> None:
    seen: set[str] = set()
    for part, rows in file.parts:
        for index, row in enumerate(rows):
            if row.id in seen:
                raise source.error((part, index, "id"), f'mã "{row.id}" đã dùng', "đặt mã khác")
            seen.add(row.id)
            values = [option.value if option.score is None else str(option.score) for option in row.options]
            if None in values or len(set(values)) != len(values):
                raise source.error((part, index, "options"), "giá trị thiếu hoặc trùng", "mỗi lựa chọn một giá trị")


def _refuse_unknown_names(source: YamlSource, file: SurveyFile) -> None:
    """Conditions may look only at what was asked before, so that one pass in order decides what is shown."""
    asked: set[str] = set()
    for part, rows in file.parts:
        for index, row in enumerate(rows):
            na = row.na if isinstance(row, _QuestionRow) else None
            for condition in (row.show_if, na.hide_if if na else None):
                if condition is not None and not condition.names() <= asked:
                    missing = ", ".join(sorted(condition.names() - asked))
                    raise source.error((part, index), f"điều kiện dựa vào {missing}, chưa hỏi trước đó", "đổi thứ tự")
            asked.add(row.key if isinstance(row, _AskedRow) else row.id)
    for index, rule in enumerate(file.recommendations.rules):
        if not rule.when.names() <= asked:
            unknown = ", ".join(sorted(rule.when.names() - asked))
            raise source.error(("recommendations", "rules", index), f"không có câu {unknown}", "sửa mã câu")
