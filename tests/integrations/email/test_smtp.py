"""Answers on their way out, against a mail server that is not ours (aiosmtpd), and against ours in its moods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from integrations.email import errors
from integrations.email.charsets import decode_header
from integrations.email.letter import Thread, write
from integrations.email.provider import deliver
from integrations.errors import Fate, SendFailed
from integrations.provider import Outgoing, OutgoingFile
from store.crypto import Keyring
from store.mail_addresses import MailServer, plain_address, read_mail_server
from store.mail_threads import message_ids_in, numbers_in, outbound_named, own_message_id
from store.messages import Button, Reply, Source
from tests.conftest import NOW, SECRET

# aiosmtpd's own: passwords without TLS, on the loopback
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
SENDER, RECIPIENT = "hotline@example.vn", "hoa@example.com"
THREAD = Thread(
    RECIPIENT, "HS-2026-000007", "Re: Tên miền [HS-2026-000007]\r\nBcc: x@y.vn", "<last@x>", "<first@x> <last@x>"
)


class Mood:
    """`rcpt`, `data`: answers instead of accepting, used up one by one. `hangs_up`: behind the final dot."""

    def __init__(self) -> None:
        self.rcpt: list[str] = []
        self.data: list[str] = []
        self.hangs_up, self.taken = False, []  # type: ignore[var-annotated]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.rcpt:
            return self.rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.data:
            return self.data.pop(0)
        self.taken.append(envelope.content)
        if self.hangs_up:
            server.transport.abort()
        return "250 taken"


@asynccontextmanager
async def mail_server(mood: Mood, password: str = "pa:ss@wort") -> AsyncIterator[MailServer]:
    def sign_in(_: Any, __: Any, ___: Any, mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=(given.login, given.password) == (b"hotline", b"pa:ss@wort"), handled=False)

    def factory() -> SMTP:
        return SMTP(mood, authenticator=sign_in, auth_require_tls=False, auth_required=True, loop=loop)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    quoted = password.replace(":", "%3A").replace("@", "%40")
    yield read_mail_server(f"smtp://hotline:{quoted}@127.0.0.1:{port}", "smtp")
    server.close()


def letter(reply: Reply, **fields: Any) -> bytes:
    return write(Outgoing("x", reply, NOW, **fields), THREAD, SENDER, "<o1.x@example.vn>")


async def failure(server: MailServer, mail: bytes = b"Subject: x\r\n\r\nx\r\n") -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        await deliver(server, SENDER, RECIPIENT, mail)
    return failed.value


async def test_a_mail_arrives_as_it_was_said() -> None:
    mood, reply = (
        Mood(),
        Reply("Dạ, đây ạ.\n.\nDòng dài " + "ạ" * 2000, (Button("Nút", "/x"),), (Source("Luật", "điều 5"),)),
    )
    async with mail_server(mood) as server:
        await deliver(server, SENDER, RECIPIENT, letter(reply, file=OutgoingFile("tờ.pdf", "application/pdf", b"%PDF")))
    mail = message_from_bytes(mood.taken[0], policy=policy.default)
    assert mail["Subject"] == "Re: Tên miền Bcc: x@y.vn [HS-2026-000007]" and mail["Bcc"] is None
    assert (
        mail["References"] == "<first@x> <last@x>"
        and mail["In-Reply-To"] == "<last@x>"
        and mail["Auto-Submitted"] is None
    )
    body, file = mail.get_body(("plain",)), next(iter(mail.iter_attachments()))
    words = body.get_content().replace("\r\n", "\n")  # type: ignore[union-attr]
    assert words.startswith("Dạ, đây ạ.\n.\nDòng dài ") and "(Nguồn: Luật, điều 5)" in words and "Nút" not in words
    assert file.get_filename() == "tờ.pdf" and file.get_content() == b"%PDF"
    long = "Làm sao đăng ký tên miền biz.vn cho cửa hàng tạp hóa ở xã Đồng Hỷ và hóa đơn điện tử ạ"
    sent = write(Outgoing("x", Reply("x"), NOW), replace(THREAD, subject=long), SENDER, "<o1.x@example.vn>")
    assert decode_header(str(message_from_bytes(sent)["Subject"]).replace("\r\n", "")) == f"Re: {long} [HS-2026-000007]"
    assert max(map(len, sent.split(b"\r\n"))) <= 78
    outlook = f"<{'A1' * 40}@PROD.OUTLOOK.COM>"  # as long as theirs are: it must stay as it is
    thread = replace(THREAD, last_message_id=outlook, references=f"<first@x> {outlook}")
    sent = write(Outgoing("x", Reply("x"), NOW), thread, SENDER, "<o1.x@example.vn>")
    assert f"\r\nIn-Reply-To: {outlook}\r\nReferences: <first@x>\r\n {outlook}\r\n".encode() in sent
    automatic = message_from_bytes(letter(Reply("x"), automatic=True), policy=policy.default)
    assert automatic["Auto-Submitted"] == "auto-replied" and automatic["X-Auto-Response-Suppress"] == "All"


ANSWERS = [
    ("rcpt", "451 4.7.1 greylisted", Fate.RETRY),
    ("rcpt", "452 4.2.2 full", Fate.RETRY),
    ("rcpt", "550 5.1.1 no such user", Fate.UNREACHABLE),
    ("rcpt", "550 no such user", Fate.UNREACHABLE),
    ("rcpt", "553 5.1.3 bad address", Fate.UNREACHABLE),
    ("rcpt", "550 5.7.26 SPF fails", Fate.REFUSED),
    ("rcpt", "552 5.2.2 mailbox full", Fate.REFUSED),
    ("data", "421 4.3.2 busy", Fate.RETRY),
    ("data", "554 5.7.1 spam", Fate.REFUSED),
    ("data", "554 no", Fate.REFUSED),
]


async def test_what_servers_answer_has_a_fate() -> None:
    for place, answer, fate in ANSWERS:
        mood = Mood()
        getattr(mood, place).append(answer)
        async with mail_server(mood) as server:
            failed = await failure(server)
            assert (failed.error.fate, mood.taken) == (fate, []), answer
            if fate is Fate.RETRY and place == "rcpt":
                await deliver(server, SENDER, RECIPIENT, b"Subject: x\r\n\r\nx\r\n")  # whoever comes back is let in
                assert len(mood.taken) == 1


async def test_without_an_answer_behind_the_final_dot_nobody_knows() -> None:
    mood = Mood()
    mood.hangs_up = True
    async with mail_server(mood) as server:
        assert (await failure(server)).error is errors.NO_ANSWER
    assert len(mood.taken) == 1


async def test_what_is_wrong_with_the_account_stops_the_channel_and_says_no_password() -> None:
    async with mail_server(Mood(), password="wrong-secret") as server:
        failed = await failure(server)
    assert failed.error is errors.LOGIN and failed.error.fate is Fate.CHANNEL_DOWN and failed.error.alarm
    assert "wrong-secret" not in repr(failed) + repr(server)
    nobody = read_mail_server("smtp://a:b@127.0.0.1:1", "smtp")
    assert (await failure(nobody)).error is errors.NOT_CONNECTED


def test_addresses_are_plain_or_none() -> None:
    assert plain_address(" Hoa.Nguyen+1@Example.VN ") == "hoa.nguyen+1@example.vn"
    wrong = (
        "a",
        "a@b",
        "a b@c.vn",
        "a@b.vn, c@d.vn",
        '"a"@b.vn',
        "a@-b.vn",
        "a@b..vn",
        "<a@b.vn>",
        "a@b.vn\r\nx",
        "á@b.vn",
    )
    assert [plain_address(one) for one in (*wrong, "a" * 65 + "@b.vn", "a@" + "b" * 250 + ".vn")] == [None] * 12
    for url in ("smtp://h:1", "http://a:b@h", "smtp://a@h:1", "smtp://a:b@h:x", "smtp://a:b@h/x", "smtp://a:b@:1"):
        with pytest.raises(ValueError, match="phải có dạng"):
            read_mail_server(url, "smtp")


def test_a_message_id_of_ours_cannot_be_made_by_others() -> None:
    keyring = Keyring(SECRET)
    own = own_message_id(keyring, 12, "example.vn")
    assert outbound_named(keyring, own) == 12 and message_ids_in(f"x {own} <a b> <c@d>") == (own, "<c@d>")
    assert outbound_named(keyring, own.replace("o12.", "o13.")) is None
    assert outbound_named(Keyring(SECRET[::-1]), own) is None
    assert numbers_in("Re: [HS-2026-000007] và hs-2026-000007, HS-2026-12") == [7]
