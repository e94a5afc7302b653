"""What somebody on duty must know, each as a small object. When they are told, and how often: alarms.py.

A condition that measures opens at one measure and is over only at a milder one, so that a value which wavers around its
limit is one alarm and not many. Details name numbers, channels and codes, never a person.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta

from integrations.email.mailbox import ENDED, LOGIN_REFUSED, NO_TLS, NOT_REACHED
from integrations.zalo.token_state import AGEING_AFTER, LOST
from scheduler.moments import LATELY, Condition, Moment
from scheduler.provider_conditions import GATEWAYS, is_about_money, is_alarming, is_down, met
from store import alarm_queries

CHANNELS = {"zalo": "Zalo", "telegram": "Telegram"}
# Zalo's refresh token ends after 3 months, and without it a person must give the consent anew.
ENDING = timedelta(days=85)
# Of the 25 hours of an access token: it is renewed with five left, so at two something has failed for hours.
ACCESS_LEFT = timedelta(hours=2)
# So long a mail server may be away before anybody is told.
MAILBOX_AWAY = timedelta(minutes=10)
MAILBOX_SAYS = {
    LOGIN_REFUSED: "Máy chủ thư không nhận tài khoản hoặc mật khẩu trong IMAP_URL",
    NOT_REACHED: "Không nối được máy chủ thư trong IMAP_URL",
    NO_TLS: "Máy chủ thư trong IMAP_URL không có TLS, hoặc chứng thư không hợp lệ",
    ENDED: "Máy chủ thư trong IMAP_URL ngắt kết nối giữa chừng",
}
OUTBOX_AGE, OUTBOX_CALM = timedelta(minutes=5), timedelta(minutes=1)
INBOX_AGE, INBOX_CALM = timedelta(minutes=2), timedelta(seconds=30)
GIBIBYTE = 2**30
DISK_SHARE, DISK_BYTES = 0.05, GIBIBYTE
# Before a request about personal data is due by law.
NEAR_DUE = timedelta(days=3)
UNPURGED = timedelta(hours=6)
DISK_CALM = 1.2  # times the limits


def _quiet(channel: str) -> Callable[[Moment], str | None]:
    def check(moment: Moment) -> str | None:
        if channel not in moment.watch.channels:
            return None
        heard = alarm_queries.last_heard(moment.connection, channel)
        limit = timedelta(hours=moment.watch.quiet_hours)
        if heard is None:
            return None
        quiet_from = moment.working_time.after(heard, limit)
        if quiet_from is None or moment.now < quiet_from:
            return None
        return (
            f"Kênh {CHANNELS[channel]} không đưa gì về trong {moment.watch.quiet_hours} giờ làm việc, lần cuối lúc"
            f" {moment.clock(heard)}."
        )

    return check


def _token_trouble(moment: Moment) -> str | None:
    pair = alarm_queries.zalo_pair(moment.connection)
    if pair is None or pair["trouble"] is None:
        return None
    if pair["trouble"] == LOST:
        return "Không nhận được câu trả lời của Zalo khi đổi mã; mã cũ có thể đã bị hủy. Hotline đang thử lại."
    return f"Zalo từ chối mã làm mới ({pair['trouble']})."


def _refresh_older_than(limit: timedelta) -> Callable[[Moment], str | None]:
    def check(moment: Moment) -> str | None:
        pair = alarm_queries.zalo_pair(moment.connection)
        if pair is None or moment.now - pair["issued_at"] <= limit:
            return None
        return f"Mã làm mới của Zalo đã {(moment.now - pair['issued_at']).days} ngày chưa được đổi; nó sống 3 tháng."

    return check


def _access_ending(moment: Moment) -> str | None:
    pair = alarm_queries.zalo_pair(moment.connection)
    if pair is None or pair["expires_at"] - moment.now >= ACCESS_LEFT:
        return None
    return f"Mã truy cập Zalo hết hạn lúc {moment.clock(pair['expires_at'])} mà chưa đổi được mã mới."


def _mailbox(moment: Moment) -> str | None:
    """A refused password is told at once; a server may be away for a moment."""
    trouble = alarm_queries.mailbox_trouble(moment.connection)
    if trouble is None:
        return None
    code, since = trouble
    if code not in (LOGIN_REFUSED, NO_TLS) and moment.now - since < MAILBOX_AWAY:
        return None
    return f"{MAILBOX_SAYS[code]} ({code}), từ {moment.clock(since)}."


def _inbox_old(moment: Moment) -> str | None:
    backlog = moment.backlog()
    if backlog.inbox_age <= (INBOX_CALM if moment.is_open else INBOX_AGE):
        return None
    return f"{backlog.inbox} tin của chủ cửa hàng chưa được trả lời, tin lâu nhất đã chờ {_long(backlog.inbox_age)}."


def _outbox_old(moment: Moment) -> str | None:
    backlog = moment.backlog()
    if backlog.outbox_age <= (OUTBOX_CALM if moment.is_open else OUTBOX_AGE):
        return None
    waiting = backlog.outbox["waiting"] + backlog.outbox["sending"]
    return f"{waiting} tin chưa gửi được, câu trả lời lâu nhất đã chờ {_long(backlog.outbox_age)}."


def _undelivered(moment: Moment) -> str | None:
    uncertain, failed = alarm_queries.undecided(moment.connection, moment.now - LATELY, moment.now)
    if not uncertain and not failed:
        return None
    return f"Trong một giờ qua: {uncertain} tin không rõ đã đến chưa, {failed} tin gửi không được."


def _dead_letters(moment: Moment) -> str | None:
    dead = moment.backlog().dead_letters
    return f"{dead} sự kiện của các kênh không đọc được, đang chờ người xem." if dead else None


def _flood(moment: Moment) -> str | None:
    count = alarm_queries.floods(moment.connection, moment.now - LATELY)
    return f"Trong một giờ qua có {count} tin bị gác lại vì một người gửi quá nhiều." if count else None


def _attachments(moment: Moment) -> str | None:
    count = alarm_queries.failed_attachments(moment.connection, moment.now - LATELY)
    return f"Trong một giờ qua có {count} tệp, ảnh hoặc ghi âm không tải về được." if count else None


def _disk(moment: Moment) -> str | None:
    times = DISK_CALM if moment.is_open else 1
    for volume in moment.watch.volumes:
        disk = shutil.disk_usage(volume)
        if disk.free < times * max(DISK_BYTES, DISK_SHARE * disk.total):
            share = 100 * disk.free / disk.total
            return f"Ổ đĩa của {volume} chỉ còn {disk.free / GIBIBYTE:.1f} GB ({share:.0f} %)."
    return None


def _data_requests(moment: Moment) -> str | None:
    today = moment.now.astimezone(moment.timezone).date()
    unheard, soon, late = alarm_queries.data_requests_near(moment.connection, today, today + NEAR_DUE)
    said = [
        f"{unheard} yêu cầu đến hạn báo đã nhận" if unheard else "",
        f"{soon} yêu cầu còn không quá {NEAR_DUE.days} ngày" if soon else "",
        f"{late} yêu cầu quá hạn của luật" if late else "",
    ]
    return "; ".join(filter(None, said)) + "." if any(said) else None


def _purges(moment: Moment) -> str | None:
    count = alarm_queries.unpurged_since(moment.connection, moment.now - UNPURGED)
    return f"{count} lần xóa dữ liệu chưa dọn được khỏi ổ đĩa sau {UNPURGED.seconds // 3600} giờ." if count else None


def _reminders(moment: Moment) -> str | None:
    count = alarm_queries.stopped_reminders(moment.connection, moment.watch.province)
    return f"{count} lời nhắc tự động đã dừng, chờ quản trị đọc lại và bật." if count else None


def _long(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    return f"{minutes} phút" if minutes < 120 else f"{minutes // 60} giờ"


_PER_CHANNEL = [
    condition
    for channel, name in CHANNELS.items()
    for condition in (
        Condition(
            f"quiet_{channel}",
            f"kênh {name} im lặng",
            f"Xem webhook còn bật trong trang quản lý của {name} không, rồi chạy: hotline channel check {channel}",
            _quiet(channel),
        ),
        Condition(
            f"channel_down_{channel}",
            f"kênh {name} không gửi được",
            f"Chạy: hotline channel check {channel}, rồi làm theo dòng có dấu ✗. Tin đang chờ sẽ tự đi tiếp.",
            met(channel, is_down),
        ),
        Condition(
            f"refused_{channel}",
            f"{name} báo lỗi cần người xem",
            "Báo người phụ trách kỹ thuật kèm các mã lỗi ở trên.",
            met(channel, is_alarming),
        ),
    )
]
_MAIL = (
    Condition(
        "mailbox_closed",
        "không đọc được hộp thư",
        "Chạy: hotline channel check email, rồi làm theo dòng có dấu ✗. Thư đến vẫn nằm ở máy chủ thư, không mất.",
        _mailbox,
    ),
    Condition(
        "channel_down_email",
        "thư điện tử không gửi được",
        "Chạy: hotline channel check email, rồi làm theo dòng có dấu ✗. Thư đang chờ sẽ tự đi tiếp.",
        met("email", is_down),
    ),
    Condition(
        "refused_email",
        "thư gửi đi bị từ chối theo quy định",
        "Xem bản ghi SPF, DKIM, DMARC của tên miền (docs/operate.md).",
        met("email", is_alarming),
    ),
)
_NEW_PAIR = (
    "Chạy hotline zalo connect và mở địa chỉ in ra, hoặc dán cặp mã lấy ở API Explorer: hotline zalo tokens --paste"
)
# That a token ends soon; that one is lost is always told. Administrators may switch these off (notice_switches.py).
TOKENS_ENDING = frozenset({"zalo_refresh_ageing", "zalo_refresh_ending", "zalo_access_ending"})
CONDITIONS: tuple[Condition, ...] = (
    *_PER_CHANNEL,
    *_MAIL,
    Condition("zalo_token_trouble", "mất quyền gọi Zalo", _NEW_PAIR, _token_trouble),
    Condition("zalo_refresh_ageing", "mã làm mới của Zalo đã cũ", _NEW_PAIR, _refresh_older_than(AGEING_AFTER)),
    Condition("zalo_refresh_ending", "KHẨN: mã làm mới của Zalo sắp hết hạn", _NEW_PAIR, _refresh_older_than(ENDING)),
    Condition(
        "zalo_access_ending",
        "mã truy cập Zalo sắp hết hạn",
        "Chạy: hotline channel check zalo. Nếu không tự khỏi thì cấp mã mới: hotline zalo connect",
        _access_ending,
    ),
    Condition(
        "inbox_old",
        "tin đến chưa được trả lời",
        "Xem dịch vụ Rasa còn chạy không (/readyz nêu phần đang thiếu) và nhật ký của hotline.",
        _inbox_old,
    ),
    Condition(
        "outbox_old",
        "tin trả lời chưa gửi được",
        "Chạy hotline channel check zalo, hotline channel check telegram và xem nhật ký của hotline.",
        _outbox_old,
    ),
    Condition(
        "undelivered",
        "có tin không đến hoặc không rõ đã đến",
        "Xem: hotline dead-letters list. Hotline không tự gửi lại tin không rõ đã đến.",
        _undelivered,
    ),
    Condition(
        "dead_letters",
        "có sự kiện không đọc được",
        "Xem: hotline dead-letters list, xong thì: hotline dead-letters settle",
        _dead_letters,
    ),
    Condition("flood", "có người gửi dồn dập", "Xem các tin bị gác lại: hotline dead-letters list", _flood),
    Condition(
        "attachments_failed",
        "tệp đính kèm không tải được",
        "Xem: hotline dead-letters list; cán bộ xin chủ cửa hàng gửi lại.",
        _attachments,
    ),
    Condition("disk", "ổ đĩa sắp đầy", "Dọn hoặc mở rộng ổ đĩa ngay: đầy thì tin mới không nhận được nữa.", _disk),
    Condition(
        "data_requests_due",
        "yêu cầu về dữ liệu cá nhân đến hạn",
        "Mở trang Dữ liệu cá nhân trong trang của cán bộ và làm các yêu cầu đứng đầu.",
        _data_requests,
    ),
    Condition(
        "purge_waits",
        "dữ liệu đã xóa còn trên ổ đĩa",
        "Xem có ai mở cơ sở dữ liệu lâu không (một truy vấn, một bản sao lưu), đóng lại; hotline tự dọn tiếp.",
        _purges,
    ),
    Condition(
        "reminders_stopped",
        "nhắc tự động chờ xác nhận lại",
        "Mở trang Đợt nhắc, mục Nhắc tự động: đọc lời mới rồi bật lại, hoặc bấm Tắt.",
        _reminders,
    ),
    Condition(
        "balance",
        "hết tiền hoặc hết lượt gửi",
        "Nạp tiền vào Zalo Cloud Account hoặc nâng gói OA trong trang quản lý của Zalo.",
        met("zalo", is_about_money),
    ),
    *GATEWAYS,
)
