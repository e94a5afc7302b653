"""`hotline channel check email`: from the settings to a mailbox that opens and a server that would take our mails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiosmtplib

from hotline.channel_check import Finding, note, right, wrong
from integrations.email import errors
from integrations.email.mailbox import FOLDER, LOGIN_REFUSED, NO_TLS, Mailbox, MailboxClosed
from integrations.email.provider import connect
from integrations.errors import ProviderError, SendFailed
from store.mail_addresses import MailServer, read_mail_server
from store.settings import Settings

_REMEDIES = {
    LOGIN_REFUSED: "Xem lại tài khoản và mật khẩu trong IMAP_URL; nhiều nhà cung cấp cần mật khẩu ứng dụng riêng.",
    NO_TLS: "Dùng imaps:// cổng 993; chứng thư của máy chủ phải hợp lệ và đúng tên máy.",
}
_SMTP_REMEDIES = {
    errors.LOGIN: "Xem lại tài khoản và mật khẩu trong SMTP_URL; nhiều nhà cung cấp cần mật khẩu ứng dụng riêng.",
    errors.NO_TLS: "Dùng smtps:// cổng 465 hoặc smtp:// cổng 587; chứng thư phải hợp lệ và đúng tên máy.",
}


async def check_email(settings: Settings) -> AsyncIterator[Finding]:
    """Each step as it is done. Reads no mail, sends none."""
    if settings.smtp_url is None or settings.imap_url is None or settings.mail_from is None:
        simulated = " Hotline đang dùng trình mô phỏng." if settings.may_simulate else ""
        yield wrong(f"Chưa có hộp thư.{simulated}", "Đặt IMAP_URL, SMTP_URL và HOTLINE_MAIL_FROM (docs/operate.md).")
        return
    yield right(f"Có đủ IMAP_URL, SMTP_URL, HOTLINE_MAIL_FROM ({settings.mail_from}).")
    async for finding in _mailbox(read_mail_server(settings.imap_url.get_secret_value(), "imap")):
        yield finding
    yield await _way_out(read_mail_server(settings.smtp_url.get_secret_value(), "smtp"), settings.mail_from)
    domain = settings.mail_from.partition("@")[2]
    yield note(f"Tên miền {domain} cần bản ghi SPF, DKIM và DMARC, nếu không thư dễ bị từ chối (docs/operate.md).")


async def _mailbox(server: MailServer) -> AsyncIterator[Finding]:
    try:
        box = await asyncio.to_thread(Mailbox, server)
    except MailboxClosed as closed:
        remedy = _REMEDIES.get(closed.code, f"Xem tên máy và cổng trong IMAP_URL; máy này phải ra được {server.host}.")
        yield wrong(f"Không vào được hộp thư ở {server.host}:{server.port} ({closed.code}).", remedy)
        return
    try:
        yield right(f"Vào được {FOLDER} ở {server.host}:{server.port}.")
        if box.may_idle:
            yield right("Máy chủ báo ngay khi có thư mới (IDLE).")
        else:
            yield note("Máy chủ không có IDLE: hotline tự xem thư mới mỗi 30 giây.")
    finally:
        await asyncio.to_thread(box.close)


async def _way_out(server: MailServer, address: str) -> Finding:
    try:
        client = await connect(server)
    except SendFailed as failed:
        return _refused(failed.error, f"{server.host}:{server.port}")
    try:
        answer = await client.mail(address)
        await client.rset()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        return _refused(errors.SENDER_REFUSED, f"{server.host}:{server.port}")
    finally:
        client.close()
    return right(f"{server.host}:{server.port} cho gửi thư bằng {address} ({answer.code}).")


def _refused(error: ProviderError, server: str) -> Finding:
    remedy = _SMTP_REMEDIES.get(error, "Xem SMTP_URL và HOTLINE_MAIL_FROM; máy này phải ra được máy chủ đó.")
    return wrong(f"Không gửi thư được qua {server} ({error.code}): {error.detail}", remedy)
