"""A request by mail as officers see it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from bot.baton import Reason, escalate
from bot.mail import Letterbox
from console.context import ConsoleContext
from integrations.email.mail import Authentication, Mail
from tests.console.conftest import MakePerson, OpenBrowser

FIRST = Mail("a", "<a@x>", "chi.hoa@example.vn", "Chị Hoa", "Tên miền <b>", "Tôi hỏi ạ")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_officers_see_whose_mail_it_is_and_what_to_be_careful_about(
    context: ConsoleContext, open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    now = context.clock.now()
    letterbox = Letterbox(context.keyring, "thai-nguyen", context.clock.timezone, 30)

    def place(connection: Connection) -> tuple[str, str]:
        own = letterbox.place(FIRST, now, lambda _: "", now, connection).conversation_id
        forged = replace(
            FIRST, identity="b", message_id="<b@x>", sender="ke.la@example.com", subject="Re: [HS-2026-000001]",
            authentication=Authentication.FAIL, is_cut=True,
        )  # fmt: skip
        foreign = letterbox.place(forged, now, lambda _: "", now, connection).conversation_id
        for id_ in (own, foreign):
            escalate(connection, id_, Reason.MAIL, now, 24)
        return own, foreign

    own, foreign = context.database.run_now(place)
    browser = open_browser(make_person())
    queue = (await browser.get("/console/queue?channel=email")).text
    assert queue.count("Thư điện tử") >= 3 and queue.count("Gửi thư điện tử") == 2 and "chi.hoa@" not in queue
    page = (await browser.get(f"/console/conversations/{own}")).text
    for words in (
        "HS-2026-000001",
        "chi.hoa@example.vn",
        "Tiêu đề: Tên miền &lt;b&gt;",
        "Tên miền &lt;b&gt;\n\nTôi hỏi ạ",
    ):
        assert words in page
    assert "/return" not in page and "Không xác thực được" not in page
    page = (await browser.get(f"/console/conversations/{foreign}")).text
    assert "Không xác thực được người gửi" in page and f"/console/conversations/{own}" in page and "phần đầu" in page
    answered = await browser.post(f"/console/conversations/{own}/answer", {"text": "Dạ em trả lời ạ"})
    assert answered.status_code < 400 and "Dạ em trả lời ạ" in (await browser.get(f"/console/conversations/{own}")).text
