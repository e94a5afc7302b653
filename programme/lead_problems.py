"""Why something cannot be done with a lead or a firm's report: a stable code, an HTTP status, and words that say what
to do, for the console and the API alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# code -> (status, Vietnamese, English)
PROBLEMS: Mapping[str, tuple[int, str, str]] = MappingProxyType(
    {
        "lead_unknown": (404, "Không có khách này.", "There is no such lead."),
        "lead_withdrawn": (
            410,
            "Chủ cửa hàng đã rút lại đồng ý: thông tin của họ đã được xóa, xin đừng liên hệ nữa.",
            "The owner has withdrawn the consent: their data has been removed; please do not contact them any more.",
        ),
        "lead_changed": (
            409,
            "Vừa có người khác cập nhật khách này. Anh/chị mở lại để xem bước mới nhất.",
            "Somebody else has just changed this lead. Open the page again to see where it stands.",
        ),
        "lead_step_not_allowed": (
            409,
            "Khách này hiện chưa chuyển sang bước ấy được. Anh/chị mở lại để xem các bước có thể chọn.",
            "That step is not possible from where this lead stands. Open the page again to see which ones are.",
        ),
        "lead_deadline_passed": (
            409,
            "Đã quá hạn nhận khách này, nên không nhận được nữa; khách được chuyển theo quy định của chương trình.",
            "The deadline for accepting this lead has passed; it goes on as the programme's rules say.",
        ),
        "reason_missing": (422, "Anh/chị chọn lý do từ chối giúp.", "Please choose a reason for the refusal."),
        "reason_unknown": (
            422,
            "Không có lý do này trong danh sách. Anh/chị chọn một lý do có sẵn, hoặc “Khác” và ghi rõ.",
            "This reason is not on the list. Choose one that is, or “other” with your words.",
        ),
        "text_missing": (422, "Anh/chị ghi rõ nội dung giúp.", "Please write what it is."),
        "text_too_long": (422, "Nội dung dài quá 500 ký tự. Anh/chị viết gọn lại giúp.", "More than 500 characters."),
        "report_text_too_long": (
            422,
            "Ghi chú dài quá 2.000 ký tự. Anh/chị viết gọn lại giúp.",
            "The remarks are longer than 2,000 characters.",
        ),
        "category_unknown": (
            422,
            "Không có nhóm khó khăn này. Anh/chị chọn một nhóm trong danh sách.",
            "There is no such category. Choose one of the list.",
        ),
        "period_unknown": (
            422,
            "Không có kỳ báo cáo này. Kỳ được ghi bằng tháng đầu, ví dụ 2026-11.",
            "There is no such period. It is named by its first month, for example 2026-11.",
        ),
        "period_future": (
            422,
            "Kỳ này chưa bắt đầu nên chưa báo cáo được.",
            "This period has not begun, so nothing can be reported of it.",
        ),
        "number_invalid": (
            422,
            "Số cửa hàng phải là số nguyên từ 0 đến 100.000.",
            "The number of shops must be a whole number from 0 to 100,000.",
        ),
        "report_closed": (
            409,
            "Kỳ này đã khóa, báo cáo không sửa được nữa. Cần sửa, anh/chị liên hệ đơn vị vận hành.",
            "This period is closed; the report cannot be changed. Ask the hotline's operator.",
        ),
        "report_changed": (
            409,
            "Báo cáo này vừa được người khác gửi hoặc sửa. Anh/chị mở lại trang rồi sửa tiếp.",
            "Somebody else has just sent or corrected this report. Open the page again and go on from there.",
        ),
        "no_firms": (404, "Tỉnh này chưa có doanh nghiệp nào.", "This province has no firms."),
    }
)


class LeadProblem(Exception):
    """What was asked for is not done, and nothing has changed. `code`: a key of PROBLEMS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.status = PROBLEMS[code][0]

    def words(self, language: str = "vi") -> str:
        _, vietnamese, english = PROBLEMS[self.code]
        return english if language == "en" else vietnamese
