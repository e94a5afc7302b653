"""What an SMTP server's answers mean (RFC 5321, 3463), and what follows when it gives none."""

from __future__ import annotations

import re

from integrations.errors import Fate, ProviderError, SendFailed

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# Greylisting lets in whoever comes back after some minutes.
GREYLIST_SECONDS = 60.0


def _error(code: str, fate: Fate, detail: str, alarm: bool = False) -> ProviderError:
    return ProviderError(f"email_{code}", fate, detail, alarm)


NOT_CONNECTED = _error("not_connected", Fate.RETRY, "Không nối được máy chủ gửi thư.")
LOGIN = _error("login", Fate.CHANNEL_DOWN, "Máy chủ gửi thư không nhận tài khoản hoặc mật khẩu.", alarm=True)
NO_TLS = _error("no_tls", Fate.CHANNEL_DOWN, "Máy chủ gửi thư không có TLS hoặc chứng thư không hợp lệ.", alarm=True)
SENDER_REFUSED = _error(
    "sender_refused", Fate.CHANNEL_DOWN, "Máy chủ gửi thư không cho gửi bằng địa chỉ HOTLINE_MAIL_FROM.", alarm=True
)
LATER = _error("later", Fate.RETRY, "Máy chủ thư hẹn gửi lại sau.")
UNKNOWN_ADDRESS = _error("unknown_address", Fate.UNREACHABLE, "Địa chỉ thư này không còn hoặc không có.")
POLICY = _error("policy", Fate.REFUSED, "Máy chủ người nhận từ chối: xem lại SPF, DKIM, DMARC.", alarm=True)
FULL = _error("full", Fate.REFUSED, "Hộp thư người nhận đã đầy.")
REFUSED = _error("refused", Fate.REFUSED, "Máy chủ thư từ chối thư này.")
NO_ANSWER = _error("no_answer", Fate.UNCERTAIN, "Mất kết nối sau khi gửi thư, chưa rõ thư đã đi hay chưa.")
NO_TICKET = _error("no_ticket", Fate.REFUSED, "Không còn địa chỉ của người gửi: dữ liệu đã được xóa.")
BOUNCED = _error("bounced", Fate.REFUSED, "Thư đã gửi bị trả lại: người nhận không nhận được.")
# Reported afterwards, and not the end: nothing is to be done.
DELAYED = _error("delayed", Fate.RETRY, "Máy chủ thư báo chưa giao được, còn thử tiếp.")

ERRORS = {error.code: error for error in list(globals().values()) if isinstance(error, ProviderError)}


def of_recipient(code: int, words: str) -> SendFailed:
    """The answer to RCPT TO."""
    if code < 500:
        return SendFailed(LATER, GREYLIST_SECONDS)
    found = _ENHANCED.search(words)
    detail = (found[2], found[3]) if found else ("", "")
    if detail[0] == "7":
        return SendFailed(POLICY)
    if detail == ("2", "2"):
        return SendFailed(FULL)
    if detail[0] in ("1", "2") or code in (550, 551, 553):
        return SendFailed(UNKNOWN_ADDRESS)
    return SendFailed(FULL if code == 552 else REFUSED)


def of_sender(code: int) -> SendFailed:
    """The answer to MAIL FROM: nothing can be sent from our address."""
    return SendFailed(LATER, GREYLIST_SECONDS) if code < 500 else SendFailed(SENDER_REFUSED)


def of_content(code: int, words: str) -> SendFailed:
    """The answer to the mail itself."""
    if code < 500:
        return SendFailed(LATER, GREYLIST_SECONDS)
    found = _ENHANCED.search(words)
    return SendFailed(POLICY if found and found[2] == "7" else REFUSED)
