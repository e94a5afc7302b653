"""A mail server on the loopback with the hotline's mailbox, and the mail programs of people who write to it.

In a test or `make run`: `async with MailSimulator().running() as url`; `url` is the page's, the account names the ports
of SMTP and IMAP. Nothing leaves the machine. The control API is the common one (integrations/simulation).
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from integrations.email import sim_mails
from integrations.email.letter import subject_line
from integrations.email.sim_imap import ImapServer
from integrations.email.sim_smtp import SmtpServer
from integrations.simulation import samples
from integrations.simulation.clock import SimulatedClock
from integrations.simulation.command import run
from integrations.simulation.delivery import Terms
from integrations.simulation.errors import ControlError
from integrations.simulation.faults import Fault
from integrations.simulation.people import Bubble, Person, Upload, Wish
from integrations.simulation.simulator import Simulator
from integrations.simulation.switches import Switches

ADDRESS: Final = "hotline@mophong.example.vn"
# Open to everybody: it opens nothing but a simulator on the loopback
PASSWORD: Final = "mophong-thu-dien-tu"  # noqa: S105 - see above
FAULTS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("Hẹn gửi lại (451, 2 lần)", {"kind": "rate_limit", "count": 2}),
    ("Người nhận không có (550)", {"kind": "error", "count": 1, "code": 550}),
    ("Nhận rồi mất trả lời", {"kind": "reset_after", "count": 1}),
    ("Đứt trước khi nhận", {"kind": "reset_before", "count": 1}),
    ("Chậm 3 giây (5 lần)", {"kind": "slow", "count": 5, "seconds": 3}),
)


@dataclass
class Writer(Person):
    """`subject`: of the mails they answer; `thread`: Message-IDs of what they know, oldest first."""

    subject: str = ""
    thread: list[str] = field(default_factory=list)
    last: bytes = b""

    def status(self) -> str:
        return "Hộp thư đã đóng" if self.blocked else self.id


class MailSimulator(Simulator[Writer]):
    """People are called by their addresses."""

    provider = "email"
    terms = Terms(deadline_seconds=1, pause=lambda _: None)  # nobody is called: the hotline reads its mailbox

    def __init__(self, *, clock: SimulatedClock | None = None, seed: int = 0, **_: Any) -> None:
        super().__init__(Switches(), clock=clock, seed=seed)
        self.imap = ImapServer(ADDRESS, PASSWORD, self.clock.now)
        self.smtp = SmtpServer(ADDRESS, PASSWORD, self._bring, self._refuses, self.faults)
        self._numbers = itertools.count(1)
        self.actions = {
            "text": lambda person, wish: self._write(person, wish.text("text")),
            "new": lambda person, wish: self._write(person, wish.text("text", "Tôi cần hỗ trợ ạ."), is_new=True),
            "file": lambda person, wish: self._write(person, "Tôi gửi giấy tờ ạ.", wish.upload or samples.document()),
            "image": lambda person, wish: self._write(person, "Tôi gửi ảnh ạ.", wish.upload or samples.photo()),
            "bounce": self._bounce,
            "block": lambda person, _: self._block(person, True),
            "unblock": lambda person, _: self._block(person, False),
        }
        self.new_person("Nguyễn Thị Hoa")

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        async with super().running(port) as url, self.imap.running(), self.smtp.running():
            yield url

    def routes(self) -> Iterable[web.RouteDef]:
        return ()

    def not_found(self, request: web.Request) -> web.Response:
        return web.Response(status=404)

    def refusal(self, fault: Fault) -> web.Response:
        return web.Response(status=503)

    def new_person(self, name: str) -> Writer:
        return self.people.add(Writer(f"chu-cua-hang-{next(self._numbers)}@example.vn", name))

    def account(self) -> Mapping[str, Any]:
        who = f"{quote(ADDRESS, safe='')}:{PASSWORD}@127.0.0.1"
        return {
            "SMTP_URL": f"smtp://{who}:{self.smtp.port}",
            "IMAP_URL": f"imap://{who}:{self.imap.port}",
            "HOTLINE_MAIL_FROM": ADDRESS,
        }

    def abilities(self) -> Mapping[str, Any]:
        return {
            "skin": "zalo",
            "title": "Thư điện tử (mô phỏng)",
            "account": ADDRESS,
            "ticks": {"sent": "✓"},
            "attachments": (
                {"action": "image", "label": "Ảnh", "accept": "image/*"},
                {"action": "file", "label": "Tệp", "accept": "*/*"},
            ),
            "relations": (
                {"action": "new", "label": "Thư mới, việc khác", "fields": {"text": "Tôi hỏi thêm một việc khác ạ."}},
                {"action": "bounce", "label": "Trả lại thư hotline vừa gửi"},
                {"action": "block", "label": "Đóng hộp thư"},
                {"action": "unblock", "label": "Mở lại hộp thư"},
            ),
            "faults": [{"label": label, "fault": fault} for label, fault in FAULTS],
            "hostile": list(sim_mails.HOSTILE),
        }

    def raw_event(self, wanted: Mapping[str, Any]) -> None:
        make, person = sim_mails.HOSTILE.get(str(wanted.get("case"))), self.people.get(str(wanted.get("user")))
        if make is None or person is None:
            raise ControlError("Không có thư mẫu hoặc người này.")
        head = f"From: {person.id}\r\nTo: {ADDRESS}\r\nMessage-ID: {self._message_id()}\r\n"
        self.imap.append(make(head.encode()))

    def _write(
        self, person: Writer, text: str, upload: Upload | None = None, is_new: bool = False
    ) -> Mapping[str, Any]:
        """Into the thread that there is, unless it `is_new`."""
        if is_new:
            person.subject, person.thread = "", []
        subject = person.subject or (text.splitlines() or [""])[0][:60]
        message_id = self._message_id()
        refers = {"In-Reply-To": person.thread[-1], "References": " ".join(person.thread)} if person.thread else {}
        mail = sim_mails.write(person.id, person.name, ADDRESS, text, message_id, refers)
        shown = None
        if upload is not None:
            sim_mails.attach(mail, upload)
            kind = "image" if upload.media_type.startswith("image/") else "file"
            shown = {"kind": kind, "url": self.media.show(upload), "name": upload.name}
        person.subject = subject if subject.startswith("Re:") else f"Re: {subject}"
        person.thread.append(message_id)
        self.people.say(person, Bubble("person", text, message_id, media=shown))
        self.imap.append(subject_line(subject) + mail.as_bytes())
        return {"message_id": message_id}

    def _bring(self, sender: str, recipient: str, content: bytes) -> None:
        """A mail of the hotline's is in the person's mailbox."""
        mail = message_from_bytes(content, policy=policy.default)
        body = mail.get_body(("plain",))
        text = body.get_content().strip() if body is not None else ""
        message_id, subject = str(mail["Message-ID"]), str(mail["Subject"])
        self.journal.accept(recipient, message_id, text, subject)
        person = self.people.get(recipient)
        if person is not None:
            person.subject, person.last = subject, content
            person.thread.append(message_id)
            self.people.say(person, Bubble("account", f"{subject}\n\n{text}", message_id))

    def _refuses(self, recipient: str) -> str | None:
        person = self.people.get(recipient)
        return "550 5.1.1 no such user" if person is not None and person.blocked else None

    def _bounce(self, person: Writer, _: Wish) -> Mapping[str, Any]:
        if not person.last:
            raise ControlError("Hotline chưa gửi thư nào cho người này.")
        self.imap.append(sim_mails.bounce(ADDRESS, person.last, self._message_id()))
        return {}

    def _block(self, person: Writer, blocked: bool) -> Mapping[str, Any]:
        person.blocked = blocked
        self.people.changed(person)
        return {}

    def _message_id(self) -> str:
        return f"<sim-{next(self._numbers)}.{self.clock.milliseconds()}@example.vn>"


if __name__ == "__main__":
    run("the mail server", MailSimulator)
