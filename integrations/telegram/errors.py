"""Everything Telegram may answer instead of "ok", and what follows from it (Bot API, "Making requests")."""

from __future__ import annotations

from integrations.errors import Fate, ProviderError, SendFailed

# Without a number from Telegram: its limit of one chat is one message a second.
BACK_OFF_SECONDS = 1.0

NOT_SENT = ProviderError("telegram_not_sent", Fate.RETRY, "Chưa kết nối được với Telegram.")
NO_ANSWER = ProviderError(
    "telegram_no_answer", Fate.UNCERTAIN, "Telegram không xác nhận: tin có thể đã đến, có thể chưa."
)
TOO_FAST = ProviderError("telegram_429", Fate.BACK_OFF, "Telegram yêu cầu gửi chậm lại.")
SERVER_TROUBLE = ProviderError("telegram_5xx", Fate.RETRY, "Telegram đang gặp sự cố.")

_TOKEN = ProviderError(
    "telegram_token", Fate.CHANNEL_DOWN, "Telegram không nhận mã của bot; hãy xem lại TELEGRAM_BOT_TOKEN.", alarm=True
)
_CONFLICT = ProviderError(
    "telegram_conflict",
    Fate.RETRY,
    "Một chương trình khác đang nhận tin của bot Telegram này, hoặc bot còn một webhook.",
    alarm=True,
)
_MIGRATED = ProviderError(
    "telegram_migrated",
    Fate.REFUSED,
    "Nhóm Telegram này đã được nâng cấp và có mã mới; hãy sửa lại mã nhóm trong cấu hình.",
    alarm=True,
)
_NO_CHAT = ProviderError("telegram_chat_not_found", Fate.UNREACHABLE, "Telegram không tìm thấy cuộc trò chuyện này.")
_FILE_TOO_BIG = ProviderError("telegram_file_too_big", Fate.REFUSED, "Tệp lớn hơn mức Telegram cho phép.")


def _refused(code: str, detail: str) -> ProviderError:
    return ProviderError(f"telegram_{code}", Fate.REFUSED, detail)


def _unreachable(code: str, detail: str) -> ProviderError:
    return ProviderError(f"telegram_{code}", Fate.UNREACHABLE, detail)


# (status, part of the description in lower case, error): the first that fits; "" fits every description.
TABLE: tuple[tuple[int, str, ProviderError], ...] = (
    (400, "chat not found", _NO_CHAT),
    (400, "peer_id_invalid", _NO_CHAT),
    (400, "upgraded to a supergroup", _MIGRATED),
    (400, "too long", _refused("too_long", "Tin dài quá mức Telegram cho phép.")),
    (400, "text is empty", _refused("empty", "Tin không có chữ nào để gửi.")),
    (400, "can't parse", _refused("cannot_parse", "Telegram không đọc được định dạng tin.")),
    (400, "button_data_invalid", _refused("button", "Telegram không nhận nút trong tin.")),
    (400, "file is too big", _FILE_TOO_BIG),
    (400, "query is too old", _refused("press_too_old", "Nút được bấm đã quá lâu; không cần làm gì.")),
    (400, "message is not modified", _refused("not_modified", "Tin không có gì thay đổi; không cần làm gì.")),
    (400, "", _refused("400", "Telegram không nhận tin này.")),
    (401, "", _TOKEN),
    (403, "blocked by the user", _unreachable("blocked", "Người này đã chặn bot trên Telegram.")),
    (403, "deactivated", _unreachable("deactivated", "Tài khoản Telegram này không còn hoạt động.")),
    (403, "kicked", _unreachable("kicked", "Bot đã bị đưa ra khỏi nhóm Telegram này.")),
    (403, "can't initiate", _unreachable("not_started", "Người này chưa bấm Bắt đầu với bot trên Telegram.")),
    (403, "", _unreachable("403", "Telegram không cho bot nhắn vào cuộc trò chuyện này.")),
    (404, "", _TOKEN),
    (409, "", _CONFLICT),
    (413, "", _FILE_TOO_BIG),
)
OTHER_REFUSAL = _refused("refused", "Telegram không nhận tin này.")

# By code, for whoever finds one in a message's row.
ERRORS = {
    error.code: error
    for error in (NOT_SENT, NO_ANSWER, TOO_FAST, SERVER_TROUBLE, OTHER_REFUSAL, *(error for *_, error in TABLE))
}
# Came too late, and that is all: nothing is wrong with us, and nothing is to be done.
HARMLESS = frozenset({"telegram_press_too_old", "telegram_not_modified"})


def refusal(status: int, description: str, retry_after: float | None = None) -> SendFailed:
    """What follows from Telegram's own "no": its HTTP status, its words, and the seconds it wants us to wait."""
    if status == 429:
        return SendFailed(TOO_FAST, retry_after or BACK_OFF_SECONDS)
    if status >= 500:
        return SendFailed(SERVER_TROUBLE)
    words = description.lower()
    known = (error for of, part, error in TABLE if of == status and part in words)
    return SendFailed(next(known, OTHER_REFUSAL))
