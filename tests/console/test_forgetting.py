"""What officers noted about an owner is forgotten with what the owner said."""

from __future__ import annotations

from sqlalchemy import Connection, select

from console import notes, tabs
from console.context import ConsoleContext
from programme import responses
from programme.responses import Kept, Origin
from programme.survey.definition import CONSENT, FORM
from programme.survey.response import Response, answered
from store.console_tables import note, open_tab
from store.tables import conversation
from tests.conftest import NOW
from tests.console.conftest import MakePerson
from tests.console.owners import Street


def test_a_withdrawn_consent_reaches_notes_and_drafts(
    context: ConsoleContext, make_person: MakePerson, street: Street
) -> None:
    officer, here, other = make_person(), street.owner("alo"), street.owner("chào")
    now = context.clock.now()

    def write(connection: Connection) -> int:
        contact_id = int(connection.execute(select(conversation.c.contact_id).filter_by(id=here)).scalar_one())
        response = answered(Response(context.content.surveys.latest, {}), CONSENT, "yes_only")
        response = answered(answered(response, FORM, "core"), "P01", "Quán Ba Lan")
        responses.save(connection, context.keyring, Kept(response, Origin(contact_id, "webchat", "thai-nguyen")), now)
        for id_ in (here, other):
            notes.write(connection, id_, officer.officer_id, "Gọi Quán Ba Lan chiều nay", now)
            tabs.keep_draft(connection, officer.account_id, id_, "Dạ quán ba lan ạ", now)
        return contact_id

    contact_id = context.database.run_now(write)
    context.database.run_now(lambda c: responses.forget(c, context.keyring, contact_id, NOW))

    def texts(connection: Connection, id_: str) -> tuple[str | None, str | None]:
        written = connection.scalar(select(note.c.text).filter_by(conversation_id=id_))
        return written, connection.scalar(select(open_tab.c.draft).filter_by(conversation_id=id_))

    assert context.database.read_now(lambda c: texts(c, here)) == ("Gọi [đã xóa] chiều nay", "Dạ [đã xóa] ạ")
    assert context.database.read_now(lambda c: texts(c, other)) == ("Gọi Quán Ba Lan chiều nay", "Dạ quán ba lan ạ")
