"""What somebody on duty must know, each as a small object. When they are told, and how often: alarms.py.

A condition that measures opens at one measure and is over only at a milder one, so that a value which wavers around its
limit is one alarm and not many. Details name numbers, channels and codes, never a person.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import Connection

from integrations.email.mailbox import ENDED, LOGIN_REFUSED, NO_TLS, NOT_REACHED
from integrations.errors import Fate, ProviderError
from integrations.provider_errors import described
from integrations.sms import registry as gateways
from integrations.zalo.token_state import AGEING_AFTER, LOST
from programme import sms_answers
from programme.thousands import grouped
from programme.working_time import WorkingTime
from scheduler.watch import Watch
from store import alarm_queries
from store.backlog import Backlog, read_backlog

LATELY = timedelta(hours=1)
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
BALANCE_CALM = 1.1
# Zalo: the account or the package has nothing left to send with.
BALANCE = frozenset({"zalo_-211", "zalo_-311", "zalo_-321", "zalo_zbs_-115", "zalo_zbs_-137", "zalo_zbs_-144"})
ZBS_KEYS = frozenset(
    {"zalo_zbs_-101", "zalo_zbs_-103", "zalo_zbs_-104", "zalo_zbs_-124", "zalo_zbs_-1241", "zalo_no_token"}
)
# Alarms of their own, below.
SAID_ELSEWHERE = BALANCE | {"zalo_token_lost"}


@dataclass(frozen=True)
class Moment:
    """What a condition looks at. `is_open`: its alarm is open already."""

    connection: Connection
    now: datetime
    timezone: tzinfo
    working_time: WorkingTime
    watch: Watch
    is_open: bool = False

    def backlog(self) -> Backlog:
        return read_backlog(self.connection, self.now)

    def clock(self, at: datetime) -> str:
        return f"{at.astimezone(self.timezone):%H:%M ngày %d/%m}"


@dataclass(frozen=True)
class Condition:
    """`name`: at most 60 characters, for good. `title`, `remedy` and what `check` returns are Vietnamese; None: all is
    well. `check` runs in a transaction that only reads.
    """

    name: str
    title: str
    remedy: str
    check: Callable[[Moment], str | None]


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


def _is_down(error: ProviderError) -> bool:
    return error.fate is Fate.CHANNEL_DOWN and error.code not in BALANCE


def _is_alarming(error: ProviderError) -> bool:
    return error.alarm and not _is_down(error) and error.code not in SAID_ELSEWHERE


def _is_about_money(error: ProviderError) -> bool:
    return error.code in BALANCE


def _met(channel: str, concerns: Callable[[ProviderError], bool]) -> Callable[[Moment], str | None]:
    """Messages of ours have lately met an error of the channel that `concerns` the condition."""

    def check(moment: Moment) -> str | None:
        found = alarm_queries.provider_errors(moment.connection, moment.now - LATELY)
        said = [
            f"{error.detail} ({code}, {count} tin)"
            for code, count in sorted(found.items())
            if code.startswith(f"{channel}_") and (error := described(code)) is not None and concerns(error)
        ]
        return " ".join(said) or None

    return check


def _stopped(concerns: Callable[[str], bool]) -> Callable[[Moment], str | None]:
    """Gateways of bulk messages that are left alone for a code that `concerns` the condition."""

    def check(moment: Moment) -> str | None:
        found = alarm_queries.stopped_gateways(moment.connection, moment.now - LATELY)
        said = [
            f"{gateways.TITLES.get(gateway, gateway)}: {error.detail if error else 'Cổng này tạm dừng.'} ({code})"
            for gateway, code in sorted(found.items())
            if concerns(code) and ((error := described(code)) or True)
        ]
        return " ".join(said) or None

    return check


def _low_balance(moment: Moment) -> str | None:
    """Before the gateway refuses: less than the campaigns cost, as far as a price is known, or than should be there."""
    said = []
    for row in alarm_queries.gateway_accounts(moment.connection, moment.now - LATELY):
        needed, left = row["needed"] or 0, row["balance"]
        times = BALANCE_CALM if moment.is_open else 1
        if left is None or left >= times * max(needed, moment.watch.least_balance):
            continue
        words = f"{gateways.TITLES.get(row['gateway'], row['gateway'])} còn {grouped(left)} đồng"
        words += f", các đợt nhắc cần nhiều nhất {grouped(needed)} đồng" if needed else ""
        said.append(words)
    return "; ".join(said) + "." if said else None


def _unconfirmed(moment: Moment) -> str | None:
    count = sms_answers.unconfirmed(moment.connection, moment.now - LATELY)
    return f"Trong một giờ qua: {count} lời từ chối đã có hiệu lực mà chưa chắc được xác nhận." if count else None


def _is_about_bulk_money(code: str) -> bool:
    return code in gateways.BALANCE | BALANCE


def _is_about_keys(code: str) -> bool:
    """Zalo's keys have alarms of their own; here those of templates by number are said as well."""
    return code in gateways.KEYS | ZBS_KEYS or code.startswith("zalo_oauth_")


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
            _met(channel, _is_down),
        ),
        Condition(
            f"refused_{channel}",
            f"{name} báo lỗi cần người xem",
            "Báo người phụ trách kỹ thuật kèm các mã lỗi ở trên.",
            _met(channel, _is_alarming),
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
        _met("email", _is_down),
    ),
    Condition(
        "refused_email",
        "thư gửi đi bị từ chối theo quy định",
        "Xem bản ghi SPF, DKIM, DMARC của tên miền (docs/operate.md).",
        _met("email", _is_alarming),
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
        _met("zalo", _is_about_money),
    ),
    Condition(
        "gateway_keys",
        "cổng tin nhắn không nhận tài khoản",
        "Xem lại khóa, tài khoản và địa chỉ IP được phép ở trang quản lý của cổng, sửa trong .env rồi khởi động lại;"
        " sau đó cho chiến dịch chạy tiếp trong trang của cán bộ.",
        _stopped(_is_about_keys),
    ),
    Condition(
        "gateway_balance",
        "cổng tin nhắn hết tiền",
        "Nạp tiền cho tài khoản của cổng, rồi cho chiến dịch chạy tiếp trong trang của cán bộ.",
        _stopped(_is_about_bulk_money),
    ),
    Condition(
        "gateway_low",
        "tài khoản SMS sắp hết tiền",
        "Nạp tiền cho tài khoản của cổng trước khi nó từ chối; đợt nhắc không phải dừng.",
        _low_balance,
    ),
    Condition(
        "refusal_unconfirmed",
        "lời từ chối tin nhắn chưa được xác nhận",
        "Chạy: hotline channel check sms. Người đã từ chối không nhận tin nữa; luật đòi xác nhận ngay cho họ.",
        _unconfirmed,
    ),
    Condition(
        "gateway_stopped",
        "cổng tin nhắn dừng gửi",
        "Hỏi nhà cung cấp về lý do ở trên, rồi cho chiến dịch chạy tiếp trong trang của cán bộ. Tin chưa gửi còn đó.",
        _stopped(lambda code: not _is_about_keys(code) and not _is_about_bulk_money(code)),
    ),
)
