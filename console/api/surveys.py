"""GET /surveys/aggregate: how many shops completed the survey, and at which level; never a single one of them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from console.api.call import Call, calls
from console.api.problems import ApiProblem
from console.api.survey_numbers import Numbers
from console.api.values import CommuneCode, Moment, Shown, Strict
from console.api_tokens import ApiScope
from programme.small_counts import Key, Mark, Published
from programme.survey_report import DEFAULT_K, NO_LEVEL, groups_of, levels_of

router = APIRouter()
Reader = Annotated[Call, Depends(calls(ApiScope.SURVEYS_READ))]


class By(StrEnum):
    """What the numbers are divided by."""

    COMMUNE = "commune"
    TRADE = "trade"
    LEVEL = "level"
    MONTH = "month"


class Wanted(Strict):
    by: By
    commune: CommuneCode | None = Field(None, description="Needed with by=trade: the commune whose trades are shown.")
    period: str | None = Field(
        None, pattern="^20[0-9]{2}$", description="Only with by=month: a year.", examples=["2026"]
    )


class Count(Shown):
    """A number of shops, or why it is not said."""

    shops: int | None = Field(description="null where it is not said.", ge=0)
    hidden: Literal["small", "protected"] | None = Field(
        description=f"small: 1 to {DEFAULT_K - 1} shops. protected: any number, from which a small one would follow."
    )


class LevelCount(Shown):
    level: int | None = Field(description="0 to 5; null: too few answers for a level.")
    count: Count


class Line(Shown):
    key: str = Field(description="The commune's code, the group of trades, the level, or the month (2026-11).")
    name: str = Field(description="The same for people, in Vietnamese.")
    total: Count
    levels: list[LevelCount] = Field(description="Empty with by=level and by=month.")


class Aggregate(Shown):
    by: By
    as_of: Moment = Field(description="When the numbers were worked out: at most once an hour.")
    lines: list[Line]


@router.get("/surveys/aggregate", response_model=Aggregate)
async def aggregate(call: Reader, wanted: Annotated[Wanted, Query()]) -> Aggregate:
    """Completed surveys by commune, trade, level or month

    Each shop counts once, by its latest survey. Small numbers are not said, nor those from which they could be worked
    out; the numbers are parts of one published table, so trades are shown within a commune only.
    """
    if wanted.by is By.TRADE and wanted.commune is None:
        raise ApiProblem(
            422, "commune_needed", "Khi by=trade thì cần commune: số theo ngành hàng chỉ công bố trong từng xã/phường."
        )
    if wanted.by is not By.TRADE and wanted.commune is not None:
        raise ApiProblem(422, "commune_not_here", "Tham số commune chỉ dùng với by=trade.")
    if wanted.by is not By.MONTH and wanted.period is not None:
        raise ApiProblem(
            422,
            "period_not_here",
            "Tham số period chỉ dùng với by=month: các bảng khác công bố một lần cho cả thời gian.",
        )
    context, own = call.context, call.token.grant.communes
    content, communes = context.content, context.content.communes.communes(context.province)
    if wanted.commune is not None and wanted.commune not in {
        one.code for one in communes if own is None or one.code in own
    }:
        raise ApiProblem(422, "commune_unknown", "Không có xã/phường này; xem GET /communes.")
    numbers = await context.survey_numbers.get(context.database, content, context.province, context.clock)
    match wanted.by:
        case By.COMMUNE:
            keys = [
                (Key(one.code, None, None), one.code, one.full_name)
                for one in communes
                if own is None or one.code in own
            ]
        case By.TRADE:
            groups = groups_of(content).items()
            keys = [(Key(wanted.commune, id_, None), id_ or "unknown", name) for id_, name in groups]
        case By.LEVEL:
            named = [
                (level, "Chưa đủ dữ liệu" if level == NO_LEVEL else f"Mức {level}") for level in levels_of(content)
            ]
            keys = [
                (Key(None, None, level), "none" if level == NO_LEVEL else str(level), name) for level, name in named
            ]
        case By.MONTH:
            return Aggregate(by=wanted.by, as_of=numbers.as_of, lines=list(_months(numbers, wanted.period)))
    levels = [] if wanted.by is By.LEVEL else levels_of(content)
    lines = [
        Line(key=key, name=name, total=_count(numbers.shops.get(of, 0)), levels=_levels(numbers, of, levels))
        for of, key, name in keys
    ]
    return Aggregate(by=wanted.by, as_of=numbers.as_of, lines=lines)


def _months(numbers: Numbers, year: str | None) -> Iterator[Line]:
    for month, shops in sorted(numbers.months.items()):
        if year is None or month.startswith(year):
            name = f"Tháng {int(month[5:])}/{month[:4]}"
            yield Line(key=month, name=name, total=_count(shops), levels=[])


def _levels(numbers: Numbers, of: Key, levels: list[int]) -> list[LevelCount]:
    return [
        LevelCount(
            level=None if level == NO_LEVEL else level,
            count=_count(numbers.shops.get(of._replace(level=level), 0)),
        )
        for level in levels
    ]


def _count(published: Published) -> Count:
    if isinstance(published, Mark):
        return Count(shops=None, hidden="small" if published is Mark.SMALL else "protected")
    return Count(shops=published, hidden=None)
