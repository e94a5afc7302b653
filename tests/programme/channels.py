"""Conversations on several channels and the joining of them, for tests of links."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import Connection, insert, select, update

from programme import links, responses
from programme.content import Content
from programme.links import Link, Refusal
from programme.responses import Kept, Origin
from programme.survey.definition import CONSENT, FORM
from programme.survey.response import Response
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.tables import conversation, inbound, opt_out, outbound

MINUTE = timedelta(minutes=1)


class Channels:
    """Conversations of different contacts, and what is done with them, each step its own transaction."""

    def __init__(self, database: Database, keyring: Keyring, clock: ManualClock, content: Content) -> None:
        self.database, self.keyring, self.clock, self.surveys = database, keyring, clock, content.surveys

    def open(self, channel: str = "zalo") -> str:
        self.clock.advance(timedelta(seconds=1))

        def begin(connection: Connection) -> str:
            row = {"id": uuid.uuid4().hex, "channel": channel, "address": uuid.uuid4().hex, "province": "thai-nguyen"}
            row |= {"contact_id": Contacts(connection, self.keyring).add(self.clock.now()), "holder": "bot"}
            connection.execute(insert(conversation).values(**row, version=0, last_seq=0, created_at=self.clock.now()))
            return str(row["id"])

        return self.database.run_now(begin)

    def contact(self, talk: str) -> int:
        return int(self.database.read_now(lambda c: c.scalar(select(conversation.c.contact_id).filter_by(id=talk))))

    def version(self, talk: str) -> int:
        return int(self.database.read_now(lambda c: c.scalar(select(conversation.c.version).filter_by(id=talk))))

    def show(self, talk: str, code: str = "482913") -> bool:
        return self.database.run_now(lambda c: links.keep_code(c, talk, code, self.clock.now()))

    def find(self, talk: str, code: str = "482913") -> Link | Refusal:
        return self.database.read_now(lambda c: links.find_link(c, talk, code, self.clock.now()))

    def link(self, there: str, here: str) -> list[str] | None:
        """Shown in `there`, typed in `here`."""
        assert self.show(there)
        found = self.find(here)
        assert isinstance(found, Link)
        return self.use(here, found)

    def use(self, here: str, found: Link) -> list[str] | None:
        return self.database.run_now(lambda c: links.link(c, here, found, self.clock.now()))

    def unlink(self, talk: str) -> list[str] | None:
        return self.database.run_now(lambda c: links.unlink(c, self.contact(talk), self.clock.now()))

    def survey(self, talk: str, name: str = "Quán Ba Lan") -> Kept:
        self.clock.advance(MINUTE)
        answers = {CONSENT: "yes_only", FORM: "core", "P01": name}
        kept = Kept(Response(self.surveys.latest, answers), Origin(self.contact(talk), "zalo", "thai-nguyen", talk))
        return self.database.run_now(lambda c: responses.save(c, self.keyring, kept, self.clock.now()))

    def hear(self, talk: str, text: str = "LK000000", intent: str = links.USE_CODE) -> int:
        """A message that was read, and what the bot said back; the message's number."""

        def store(connection: Connection) -> int:
            number = update(conversation).filter_by(id=talk).values(last_seq=conversation.c.last_seq + 2)
            seq = connection.execute(number.returning(conversation.c.last_seq)).scalar_one()
            row = {"conversation_id": talk, "channel": "zalo", "provider_message_id": uuid.uuid4().hex, "text": text}
            row |= {
                "seq": seq - 1,
                "kind": "message",
                "status": "answered",
                "attempts": 1,
                "reading": {"intent": intent},
            }
            heard = insert(inbound).values(**row, received_at=self.clock.now()).returning(inbound.c.id)
            id_ = int(connection.execute(heard).scalar_one())
            said = {"conversation_id": talk, "seq": seq, "sender": "bot", "reply": {"text": f"Dạ {text}"}}
            connection.execute(insert(outbound).values(**said, created_at=self.clock.now()))
            return id_

        return self.database.run_now(store)

    def opt_out(self, talk: str) -> None:
        said = {"contact_id": self.contact(talk), "channel": "zalo", "inbound_id": self.hear(talk, "stop", "opt_out")}
        self.database.run_now(lambda c: c.execute(insert(opt_out).values(**said, at=self.clock.now())))

    def opted_out(self) -> set[int]:
        return set(self.database.read_now(lambda c: list(c.scalars(select(opt_out.c.contact_id)))))

    def texts(self, talk: str) -> list[str]:
        def look(connection: Connection) -> list[str]:
            heard = select(inbound.c.text).filter_by(conversation_id=talk).order_by(inbound.c.seq)
            said = select(outbound.c.reply).filter_by(conversation_id=talk).order_by(outbound.c.seq)
            return [*connection.scalars(heard), *(reply["text"] for reply in connection.scalars(said))]

        return self.database.read_now(look)
