"""Conditions that codes of providers tell of: errors that our messages met, gateways of bulk messages that stand still,
and what is left at them. All others: conditions.py.
"""

from __future__ import annotations

from collections.abc import Callable

from integrations.errors import Fate, ProviderError
from integrations.provider_errors import described
from integrations.sms import registry as gateways
from programme import sms_answers
from programme.thousands import grouped
from scheduler.moments import LATELY, Condition, Moment
from store import alarm_queries

BALANCE_CALM = 1.1
# Zalo: the account or the package has nothing left to send with.
BALANCE = frozenset({"zalo_-211", "zalo_-311", "zalo_-321", "zalo_zbs_-115", "zalo_zbs_-137", "zalo_zbs_-144"})
ZBS_KEYS = frozenset(
    {"zalo_zbs_-101", "zalo_zbs_-103", "zalo_zbs_-104", "zalo_zbs_-124", "zalo_zbs_-1241", "zalo_no_token"}
)
# Alarms of their own, below.
SAID_ELSEWHERE = BALANCE | {"zalo_token_lost"}


def is_down(error: ProviderError) -> bool:
    return error.fate is Fate.CHANNEL_DOWN and error.code not in BALANCE


def is_alarming(error: ProviderError) -> bool:
    return error.alarm and not is_down(error) and error.code not in SAID_ELSEWHERE


def is_about_money(error: ProviderError) -> bool:
    return error.code in BALANCE


def met(channel: str, concerns: Callable[[ProviderError], bool]) -> Callable[[Moment], str | None]:
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


GATEWAYS: tuple[Condition, ...] = (
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
