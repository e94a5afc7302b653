"""What a province's pack says of leads and firms' reports (`leads:` in pack.yaml). The numbers are the operator's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt, ValidationInfo, field_validator

from programme.yaml_source import ContentModel, refusal

VendorId = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
CommuneCode = Annotated[str, Field(pattern=r"^[0-9]{5}$")]
MONTHS_OF_A_YEAR = 12


class ReportRules(ContentModel):
    """A period is `months` long, counted from January; the report is due `due_days` after its end and may be corrected
    until `close_days` after it."""

    months: Annotated[StrictInt, Field(gt=0, lt=13)]
    due_days: Annotated[StrictInt, Field(gt=0, lt=100)]
    close_days: Annotated[StrictInt, Field(gt=0, lt=400)]

    @field_validator("months")
    @classmethod
    def _fits_a_year(cls, months: int) -> int:
        if MONTHS_OF_A_YEAR % months:
            raise refusal(f"kỳ {months} tháng không chia đều một năm", "chọn 1, 2, 3, 4, 6 hoặc 12 tháng")
        return months

    @field_validator("close_days")
    @classmethod
    def _closes_after_it_is_due(cls, close_days: int, info: ValidationInfo) -> int:
        due = info.data.get("due_days")
        if due is not None and close_days < due:
            raise refusal(f"kỳ khóa sau {close_days} ngày, trước hạn nộp {due} ngày", "chọn close_days ≥ due_days")
        return close_days


class LeadRules(ContentModel):
    """`accept_within_hours`, `remind_before_hours`: working hours of the province. `re_offer`: to whom a lead goes that
    a firm did not take: the next firm, at most `re_offers` times, or the programme's people at once. The owner is
    asked before another firm hears of them, and has `answer_within_days` for it.

    `allowed`: the firms that may be next in a commune (by code), where those are not all firms with communes.
    """

    accept_within_hours: Annotated[StrictInt, Field(gt=0, lt=1000)]
    remind_before_hours: Annotated[StrictInt, Field(gt=0, lt=1000)]
    re_offer: Literal["next_firm", "programme"]
    re_offers: Annotated[StrictInt, Field(gt=-1, lt=10)]
    answer_within_days: Annotated[StrictInt, Field(gt=0, lt=100)]
    report: ReportRules
    allowed: dict[CommuneCode, tuple[VendorId, ...]] = Field(default_factory=dict)

    @field_validator("remind_before_hours")
    @classmethod
    def _reminds_before_the_deadline(cls, hours: int, info: ValidationInfo) -> int:
        within = info.data.get("accept_within_hours")
        if within is not None and hours >= within:
            raise refusal(
                f"nhắc trước hạn {hours} giờ, mà hạn chỉ có {within} giờ", "chọn số nhỏ hơn accept_within_hours"
            )
        return hours
