"""The simulated Official Account, its citizens, and the disputed facts about Zalo as switches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from integrations.simulation.people import Person
from integrations.simulation.switches import Switches, switch

APP_ID = "1234567890123456789"
APP_SECRET = "simulated-app-secret"  # noqa: S105 - opens only this simulator
OA_SECRET = "simulated-oa-secret"  # noqa: S105
OA_ID = "9998887776665554443"
OA_NAME = "Hotline chuyển đổi số"

FIRST_PEOPLE = (
    ("2223334445556667778", "Nguyễn Thị Lan", "84900000001"),
    ("2223334445556667779", "Trần Văn Hùng", "84900000002"),
    ("2223334445556667780", "Lò Thị Mai", "84900000003"),
)


@dataclass
class Citizen(Person):
    """A Zalo user. `phone` as 84…; `last_interaction` opens the window for consultation messages; `free_used`: those
    sent in the present window; `refuses`: the error with which templates to them fail, 0 = none.
    """

    phone: str = ""
    follows: bool = False
    last_interaction: datetime | None = None
    free_used: int = 0
    refuses: int = 0

    @property
    def id_by_app(self) -> str:
        """The same person as other OAs of the app know them: 19 digits, derived from the id."""
        return "5" + str(int(hashlib.sha256(self.id.encode()).hexdigest(), 16))[:18]

    def status(self) -> str:
        if self.blocked:
            return "Đã chặn OA"
        return "Đang quan tâm OA" if self.follows else "Chưa quan tâm OA"


@dataclass
class ZaloSwitches(Switches):
    """Every disputed fact, in the position that the better sources support."""

    pkce_required: bool = switch(False, "OAuth bắt buộc PKCE")
    refresh_reuse_error: int = switch(-14014, "Mã lỗi khi dùng lại refresh token", (-14014, -118))
    expired_token_error: int = switch(-220, "Mã lỗi khi access token hết hạn", (-220, -216))
    token_errors_positive: bool = switch(False, "Lỗi token là số dương")
    old_access_token_lives: bool = switch(False, "Access token cũ còn dùng được sau khi làm mới")
    per_minute: int = switch(4000, "Số lần gọi API mỗi phút")
    free_messages: int = switch(0, "Số tin miễn phí trong 48 giờ (0: không giới hạn)", (0, 8))
    balance: int = switch(100_000, "Tiền trong tài khoản Zalo Cloud (đồng)")
    unfollowed_refused: bool = switch(False, "Người chưa quan tâm OA thì không nhận tin")
    button_template: bool = switch(False, "Nhận template_type button")
    list_template: bool = switch(False, "Nhận template_type list")
    buttons_on_media: bool = switch(False, "Nhận nút bấm cùng với ảnh")
    quote_field: str = switch("quote_message_id", "Trường trích dẫn tin", ("quote_message_id", "react_message_id"))
    receipts: str = switch("seen", "Người nhận tin", ("seen", "received", "none"))
    seen_field: str = switch("msg_ids", "Trường trong sự kiện đã xem", ("msg_ids", "msg_id"))
    seen_by_sender: bool = switch(False, "Sự kiện đã xem ghi người dùng ở sender")
    signing_secret: str = switch("oa", "Webhook được ký bằng khóa", ("oa", "app"))
    mac_prefix: bool = switch(True, "Chữ ký có tiền tố mac=")
    escaped_json: bool = switch(False, "JSON của webhook có dấu cách và \\u…")
    long_ladder: bool = switch(False, "Gửi lại webhook đến 24 giờ (không: 1 giờ)")
    tireless: bool = switch(False, "Gửi lại webhook mãi, cách nhau 30 giây, không tắt")
    admin_id: bool = switch(True, "Tin của cán bộ trong OA Manager có admin_id")
    location_in_message: bool = switch(False, "Vị trí nằm trong message.location")
    flat_info: bool = switch(False, "user_submit_info theo dạng cũ (address, city, district)")
    phone_as_number: bool = switch(False, "Số điện thoại trong user_submit_info là số")
    loose_phones: bool = switch(False, "ZBS nhận cả số +84…, 0…")
    tracking_id_required: bool = switch(True, "ZBS bắt buộc tracking_id")
    tracking_id_by_user: bool = switch(False, "Mẫu gửi theo user_id nhận tracking_id")
    template_quota: int = switch(500, "Số tin mẫu mỗi ngày của OA")
