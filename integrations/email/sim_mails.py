"""The mails that the simulated citizens and their mail programs write, well-behaved and not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email import policy
from email.message import EmailMessage

from integrations.simulation.people import Upload


def write(
    sender: str, name: str, recipient: str, text: str, message_id: str, headers: Mapping[str, str]
) -> EmailMessage:
    """A mail as everyday programs write one, all but its subject (letter.subject_line)."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = f'"{name}" <{sender}>' if name.isascii() else f"{name} <{sender}>"
    mail["To"] = recipient
    mail["Message-ID"] = message_id
    for header, value in headers.items():
        mail[header] = value
    mail.set_content(text + "\n", charset="utf-8")
    return mail


def attach(mail: EmailMessage, upload: Upload) -> None:
    main, _, kind = upload.media_type.partition("/")
    mail.add_attachment(upload.content, maintype=main, subtype=kind or "octet-stream", filename=upload.name)


def bounce(recipient: str, original: bytes, message_id: str) -> bytes:
    """What a mail server says of a mail that it cannot deliver (RFC 3464)."""
    head = original.split(b"\r\n\r\n", 1)[0]
    return b"".join(
        (
            f"From: MAILER-DAEMON@example.vn\r\nTo: {recipient}\r\nMessage-ID: {message_id}\r\n".encode(),
            b"Return-Path: <>\r\n"
            b"Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n",
            b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n',
            b"--b\r\nContent-Type: text/plain\r\n\r\nI am sorry, your mail could not be delivered.\r\n",
            b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; example.vn\r\n\r\n",
            b"Final-Recipient: rfc822; x@example.vn\r\nAction: failed\r\nStatus: 5.1.1\r\n",
            b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n" + head + b"\r\n--b--\r\n",
        )
    )


def _old(charset: str, content: bytes) -> Callable[[bytes], bytes]:
    def make(head: bytes) -> bytes:
        return head + f'Content-Type: text/plain; charset="{charset}"\r\n\r\n'.encode() + content

    return make


# By name; each gets From, To and Message-ID
HOSTILE: Mapping[str, Callable[[bytes], bytes]] = {
    "tu_dong_tra_loi": lambda head: (
        head + b"Auto-Submitted: auto-replied\r\nSubject: Toi di vang\r\n\r\nToi di vang\r\n"
    ),
    "thu_quang_cao": lambda head: head + b"List-Unsubscribe: <http://x.vn>\r\nSubject: Khuyen mai\r\n\r\nMua ngay\r\n",
    "windows_1258": _old(
        "windows-1258", "Tôi muốn đăng ký tên miền".replace("ố", "ô\u0301").encode("cp1258", "replace")
    ),
    "tcvn3": _old("x-viet-tcvn", b"T\xabi mu\xe8n \xae\xa8ng k\xfd t\xaan mi\xd2n"),
    "khong_ma_thu": lambda head: head.split(b"Message-ID")[0] + b"Subject: Hoi\r\n\r\nKhong co Message-ID\r\n",
    "chi_html": lambda head: (
        head
        + b'Content-Type: text/html; charset="utf-8"\r\n\r\n<p>T\xc3\xb4i h\xe1\xbb\x8fi<script>x()</script></p>\r\n'
    ),
    "vo_ranh_gioi": lambda head: head + b'Content-Type: multipart/mixed; boundary="z"\r\n\r\n--z\r\n\r\nKhong ket thuc',
}
