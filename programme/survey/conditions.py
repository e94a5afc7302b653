"""When an item is asked and when advice fits: the small conditions that a survey's file writes down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, model_validator

from programme.yaml_source import ContentModel, refusal

Operator = Literal["gte", "lte", "lt", "gt", "eq", "ne", "in"]
Operand = int | float | str | tuple[str, ...]


class Condition(ContentModel):
    """One comparison, or `all` of several. Exactly one subject: a question's score, a profile or closing answer by its
    key, a pillar's score, or the total.

    `answered`: a question that branching skipped, and that counts 0, does not fit.
    """

    question: str | None = None
    profile: str | None = None
    pillar: str | None = None
    total: StrictBool = False
    op: Operator = "eq"
    value: Operand | None = None
    answered: StrictBool = False
    all: Annotated[tuple[Condition, ...], Field()] = ()

    @model_validator(mode="after")
    def _has_one_subject(self) -> Condition:
        subjects = [self.question, self.profile, self.pillar, self.total or None, self.all or None]
        if sum(subject is not None for subject in subjects) != 1:
            raise refusal("điều kiện phải có đúng một chủ thể", "ghi một trong question, profile, pillar, total, all")
        return self

    @property
    def first_question(self) -> str | None:
        """The first question it looks at."""
        return self.question or next((q for part in self.all if (q := part.first_question)), None)

    @property
    def first_pillar(self) -> str | None:
        """The first pillar it looks at by itself."""
        return self.pillar or next((p for part in self.all if (p := part.first_pillar)), None)

    def names(self) -> set[str]:
        """Ids and keys of the answers it looks at."""
        own = {name for name in (self.question, self.profile) if name}
        return own.union(*(part.names() for part in self.all))


def holds(condition: Condition, facts: Mapping[str, Any]) -> bool:
    """Whether it holds. `facts`: answers by question id and by profile key; what is missing fits nothing."""
    if condition.all:
        return all(holds(part, facts) for part in condition.all)
    return compare(condition, facts.get(condition.question or condition.profile or ""))


def compare(condition: Condition, value: Any) -> bool:
    """Whether `value` stands to the condition's value as its operator says. None stands to nothing."""
    wanted: Any = condition.value
    if value is None:
        return False
    if condition.op == "in":
        return value in wanted
    if condition.op in ("eq", "ne"):
        return bool((value == wanted) is (condition.op == "eq"))
    if isinstance(value, str):
        return False  # a refused or not applicable answer is no number
    if condition.op in ("gte", "gt"):
        return bool(value > wanted or (condition.op == "gte" and value == wanted))
    return bool(value < wanted or (condition.op == "lte" and value == wanted))
