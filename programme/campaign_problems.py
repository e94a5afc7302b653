"""Why something cannot be done with a campaign: a stable code, an HTTP status, and words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from programme.thousands import grouped

# code -> (status, Vietnamese, English)
PROBLEMS: Mapping[str, tuple[int, str, str]] = MappingProxyType(
    {
        "campaign_unknown": (404, "Không có đợt nhắc này.", "There is no such campaign."),
        "campaign_changed": (
            409,
            "Vừa có người khác sửa đợt nhắc này, nên thao tác vừa rồi chưa được ghi. Anh/chị mở lại để xem bản mới.",
            "Somebody else has just changed this campaign, so nothing was saved. Open it again to see the new version.",
        ),
        "campaign_running": (
            409,
            "Đợt nhắc đã được duyệt nên không sửa được nữa. Muốn gửi khác đi: bấm “Tạm dừng”, rồi “Sao chép” và trình"
            " bản sao để duyệt.",
            "An approved campaign cannot be changed. To send something else: pause it, copy it, and submit the copy.",
        ),
        "campaign_step": (
            409,
            "Đợt nhắc hiện không làm bước này được. Anh/chị mở lại để xem trạng thái.",
            "That step is not possible in the campaign's present state. Open it again to see where it stands.",
        ),
        "reminder_unknown": (404, "Không có lời nhắc này.", "There is no such reminder."),
        "reminder_changed": (
            409,
            "Vừa có người khác bật, tắt lời nhắc này. Anh/chị xem lại trạng thái mới rồi thao tác.",
            "Somebody else has just switched this reminder. Look at where it stands now, then try again.",
        ),
        "campaign_automatic": (
            409,
            "Đây là tin nhắc tự động: bật, tắt ở trang “Nhắc tự động”.",
            "This is an automatic reminder: switch it on and off on its own page.",
        ),
        "campaign_sample": (
            409,
            "Đợt hỏi một mẫu ngẫu nhiên thì không sửa, không sao chép được. Muốn hỏi khác đi: hủy đợt này, rồi rút mẫu"
            " mới ở trang “Mức nhận biết”.",
            "A campaign that asks a random sample cannot be changed or copied. Cancel it and draw a new sample on the"
            " page “Awareness”.",
        ),
        "segment_gone": (
            422,
            "Nhóm người nhận này không còn nữa. Anh/chị chọn nhóm khác.",
            "This segment is no longer there. Please choose another.",
        ),
        "sample_size_missing": (
            422,
            "Anh/chị ghi số người sẽ hỏi, hoặc sai số muốn có (một trong hai).",
            "Please enter how many to ask or the margin you want, one of the two.",
        ),
        "sample_size_wrong": (
            422,
            "Số người sẽ hỏi là số nguyên từ 1; sai số từ 0,5 đến 50 phần trăm.",
            "How many to ask is a whole number from 1; the margin is from 0.5 to 50 per cent.",
        ),
        "approval_by_author": (
            403,
            "Người soạn, người sửa cuối và người trình không được tự duyệt. Anh/chị nhờ một người khác duyệt.",
            "Whoever wrote, last changed or submitted it may not approve it. Please ask somebody else.",
        ),
        "approval_stale": (
            409,
            "Nội dung vừa đổi sau khi anh/chị mở trang duyệt. Anh/chị xem lại bản mới rồi duyệt.",
            "It changed after you opened the page. Look at the new version, then approve.",
        ),
        "audience_changed": (
            409,
            "Từ lúc trình, danh sách người nhận đã đổi: lúc trình {then} người, bây giờ {now} người. Bấm “Đếm lại”, xem"
            " lại rồi duyệt.",
            "Who would get it has changed since it was submitted: {then} then, {now} now. Count again, look, approve.",
        ),
        "audience_empty": (
            422,
            "Không có ai trong danh sách người nhận. Anh/chị nới điều kiện chọn người nhận.",
            "Nobody is in the audience. Please widen the conditions.",
        ),
        "audience_invalid": (422, "Điều kiện chọn người nhận chưa đúng: {what}", "The audience is not right: {what}"),
        "name_missing": (422, "Anh/chị đặt tên cho đợt nhắc.", "Please give the campaign a name."),
        "kind_unknown": (422, "Không có loại tin này.", "There is no such kind of message."),
        "text_missing": (422, "Nội dung {what} còn trống.", "Text {what} is empty."),
        "target_unknown": (
            422,
            "Đường dẫn “{what}” không phải là địa chỉ web hay tên có trong danh sách. Viết đủ https://… hoặc chọn lại.",
            "“{what}” is neither an address of the web nor a name of the list. Write all of https://… or choose again.",
        ),
        "text_too_long": (
            422,
            "Nội dung {what} dài quá {most} ký tự.",
            "Text {what} is longer than {most} characters.",
        ),
        "text_refused": (422, "Nội dung {what}: {why}", "Text {what}: {why}"),
        "variable_unknown": (
            422,
            "Nội dung {what} dùng biến không ai có: {why}",
            "Text {what} uses a variable nobody has: {why}",
        ),
        "shares_wrong": (
            422,
            "Tỷ lệ của các nội dung phải cộng lại bằng 100 (hiện là {what}).",
            "The texts' shares must add up to 100 (now: {what}).",
        ),
        "step_unknown": (
            422,
            "Nội dung {what} là của một bước không có trong lịch. Thêm ngày cho bước đó, hoặc xóa nội dung.",
            "Text {what} is of a step that the schedule has not. Add the step's day, or take the text out.",
        ),
        "channels_missing": (422, "Anh/chị chọn ít nhất một kênh gửi.", "Please choose at least one channel."),
        "channel_unknown": (422, "Không có kênh “{what}”.", "There is no channel “{what}”."),
        "gateway_missing": (
            422,
            "Gửi qua SMS thì cần chọn ít nhất một cổng SMS.",
            "To send by SMS, choose at least one gateway.",
        ),
        "gateway_unknown": (
            422,
            "Cổng SMS “{what}” chưa được cài đặt ở hotline này.",
            "The gateway “{what}” is not set up here.",
        ),
        "kind_not_carried": (
            422,
            "Cổng SMS “{what}” không nhận loại tin này. Anh/chị chọn cổng khác hoặc loại tin khác.",
            "The gateway “{what}” does not carry messages of this kind. Choose another gateway or another kind.",
        ),
        "zbs_template_missing": (
            422,
            "Kênh ZBS cần mẫu tin đã đăng ký với Zalo; nội dung {what} chưa có.",
            "ZBS needs a template registered with Zalo; text {what} has none.",
        ),
        "pace_wrong": (
            422,
            "Tốc độ gửi phải từ 1 đến {most} tin mỗi phút.",
            "The pace must be from 1 to {most} messages a minute.",
        ),
        "pause_rule_wrong": (
            422,
            "Ngưỡng tự tạm dừng chưa đúng: 1–100 phần trăm của 10–100.000 tin gần nhất.",
            "The automatic pause is wrong: 1–100 per cent of the last 10–100,000.",
        ),
        "schedule_invalid": (422, "Lịch gửi chưa đúng: {what}", "The schedule is not right: {what}"),
        "schedule_past": (
            422,
            "Giờ gửi đã qua. Anh/chị chọn một thời điểm sắp tới.",
            "The time to send has passed. Choose one to come.",
        ),
        "schedule_never": (
            422,
            "Theo lịch này thì không có lần gửi nào.",
            "By this schedule nothing would ever be sent.",
        ),
        "deadline_before_start": (
            422,
            "Hạn chót nằm trước lần gửi đầu tiên, nên sẽ không gửi được tin nào.",
            "The deadline is before the first sending, so nothing would leave.",
        ),
        "late_wrong": (422, "Số phút trễ phải từ 1 đến {most}.", "The minutes of delay must be from 1 to {most}."),
        "window_invalid": (422, "Khung giờ gửi chưa đúng: {what}", "The sending window is not right: {what}"),
        "window_never_opens": (
            422,
            "Khung giờ gửi không bao giờ mở trong giờ pháp luật cho phép, nên sẽ không gửi được tin nào.",
            "The sending window never opens within the hours the law allows, so nothing would leave.",
        ),
        "stop_unknown": (422, "Không có điều kiện dừng “{what}”.", "There is no stop condition “{what}”."),
        "phone_invalid": (
            422,
            "Đây không phải số di động Việt Nam, ví dụ 0912345678.",
            "This is not a Vietnamese mobile number, for example 0912345678.",
        ),
        "tests_spent": (
            409,
            "Đợt nhắc này đã gửi thử {most} lần, không gửi thử thêm được.",
            "This campaign was tested {most} times; no more tests are possible.",
        ),
        "tests_spent_today": (
            409,
            "Trong 24 giờ qua, tỉnh đã gửi thử {most} lần. Anh/chị gửi thử tiếp sau.",
            "{most} tests were sent within 24 hours. Please go on later.",
        ),
        "reason_missing": (422, "Anh/chị ghi lý do.", "Please give the reason."),
    }
)


class CampaignProblem(Exception):
    """Something cannot be done; nothing of it was."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code, self.values = code, values

    @property
    def status(self) -> int:
        """Of an HTTP answer."""
        return PROBLEMS[self.code][0]

    def words(self, language: str) -> str:
        """What went wrong and what to do about it."""
        _, vi, en = PROBLEMS[self.code]
        said = {
            name: grouped(value, language) if isinstance(value, int) else value for name, value in self.values.items()
        }
        return (en if language == "en" else vi).format(**said)
