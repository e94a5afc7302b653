"""`hotline survey fill`: an officer asks an owner the survey's questions and types the answers, with the same engine.

Every answer is stored as it is typed, so an interrupted session goes on where it was.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import click
from sqlalchemy import Connection

from actions.context import TurnContext
from actions.survey_hearing import Heard, hear
from actions.survey_saying import question_words
from hotline.app import open_migrated_database, read_content, read_settings
from hotline.errors import Stop
from hotline.options import NUMBER, PersonName
from programme import leads, responses
from programme.commune_column import CommuneUnclear, read_commune
from programme.content import Content
from programme.packs import normalise_province_id
from programme.responses import Kept, Origin, ResponseChanged
from programme.survey.commands import Command, read_command
from programme.survey.definition import CONSENT, REFUSED, Answer, Item
from programme.survey.response import (
    CONSENT_REFUSED,
    Response,
    answered,
    at,
    facts,
    in_force,
    left,
    may_skip,
    next_item,
    previous_item,
    question_number,
    shown_items,
)
from programme.survey_result import advice_words, level_words, number_words, pillar_lines, result_of
from store.clock import Clock
from store.contacts import Contacts, normalise_phone
from store.crypto import Keyring
from store.database import Database
from store.text import clean

CHANNEL = "console"
NEW_CONTACT = 0
HOW = (
    "Đọc câu hỏi cho chủ cửa hàng, gõ câu trả lời rồi Enter. Lúc nào cũng gõ được: giải thích, quay lại, sửa câu 3,"
    " bỏ qua, dừng."
)


@dataclass
class Filling:
    """One session of one officer with one owner. `read_line` returns None when there is no more input."""

    database: Database
    keyring: Keyring
    clock: Clock
    content: Content
    province: str
    kept: Kept
    read_line: Callable[[str], str | None]

    def run(self) -> bool:
        """Ask until everything is answered or the officer stops; whether there is a result."""
        click.echo(HOW)
        while (item := next_item(self.kept.response)) is not None:
            line = self.read_line(f"\n{self._question(item)}\n> ")
            if line is None:
                return self._stop()
            command = read_command(self.kept.response.survey, line)
            if command is not None and command.name == "pause":
                return self._stop()
            if not self._take(item, line, command):
                return False
        self._say_result()
        return True

    def _take(self, item: Item, line: str, command: Command | None) -> bool:
        """Do what the line says; False when the owner does not consent."""
        heard = self._hear(item, line)
        if item.options and heard.answer is not None:
            return self._answer(item, heard.answer)
        if command is not None:
            self._command(item, command)
            return True
        if heard.answer is not None:
            return self._answer(item, heard.answer, heard.note)
        click.echo(_choices(heard) or heard.note or "Chưa rõ câu trả lời, gõ lại số hoặc chữ của một lựa chọn.")
        return True

    def _hear(self, item: Item, line: str) -> Heard:
        province = normalise_province_id(str(facts(self.kept.response).get("province", self.province)))
        if item.kind != "commune_lookup" or province not in self.content.packs.provinces:
            return hear(self._context(line), self.kept.response, item, ())
        try:
            return Heard(read_commune(self.content.communes, province, line).code)
        except CommuneUnclear as unclear:
            return Heard(note=f"{unclear}.")

    def _command(self, item: Item, command: Command) -> None:
        response = self.kept.response
        if command.name == "explain":
            click.echo(item.help.vi if item.help else "Câu này không có giải thích thêm.")
        elif command.name == "back":
            before = previous_item(response)
            self._save(at(response, before)) if before else click.echo("Đây là câu đầu.")
        elif command.name == "skip":
            self._skip(item)
        else:
            number = int(command.target) if command.target.isdecimal() else None
            target = question_number(response, number) if number else response.survey.by_id.get(command.target)
            if target is None or target not in shown_items(response) or target.id not in in_force(response):
                click.echo("Câu đó chưa trả lời hoặc không hỏi ở phiếu này.")
            else:
                self._save(at(response, target))

    def _skip(self, item: Item) -> None:
        if item.id in in_force(self.kept.response):
            self._save(replace(self.kept.response, cursor=None))
        elif may_skip(item):
            self._save(answered(self.kept.response, item.id, REFUSED))
        else:
            click.echo("Câu này bắt buộc, không bỏ qua được.")

    def _answer(self, item: Item, answer: Answer, note: str = "") -> bool:
        if item.id == CONSENT and answer == CONSENT_REFUSED:
            click.echo("Không đồng ý: không lưu gì cả.")
            return False
        if note:
            click.echo(note)
        self._save(answered(self.kept.response, item.id, answer))
        return True

    def _save(self, response: Response) -> None:
        """Store the change at once; who changed the same response meanwhile goes first, and the question is asked
        again."""
        changed, now = self.kept.with_response(response), self.clock.now()

        def save(connection: Connection) -> Kept:
            whose = changed.origin
            if whose.contact_id == NEW_CONTACT:  # made with the first answer, so that a refusal leaves nothing
                whose = replace(whose, contact_id=Contacts(connection, self.keyring).add(now))
            return responses.save(connection, self.keyring, replace(changed, origin=whose), now)

        try:
            self.kept = self.database.run_now(save)
        except ResponseChanged:
            click.echo("Phiếu này vừa được sửa ở nơi khác, đọc lại câu trả lời mới nhất.")
            contact_id, surveys = self.kept.origin.contact_id, self.content.surveys
            newest = self.database.read_now(lambda c: responses.find_current(c, surveys, contact_id, self.clock.now()))
            self.kept = newest or self.kept

    def _stop(self) -> bool:
        if self.kept.id is None:
            click.echo("\nChưa lưu gì.")
        else:
            rest = left(self.kept.response)
            click.echo(
                f"\nĐã lưu phiếu số {self.kept.id}, còn {rest} câu. Làm tiếp: survey fill --resume {self.kept.id}"
            )
        return False

    def _say_result(self) -> None:
        """The result, and the lead that the owner agreed to."""
        contact_id, surveys = self.kept.origin.contact_id, self.content.surveys
        done = self.database.read_now(lambda c: responses.find_done(c, surveys, contact_id))
        result = result_of(self.content, self.kept, done)
        total = result.score.total
        points = f"{number_words(total, 'vi')} điểm trên 100, " if total is not None else ""
        click.echo(f"\nPhiếu số {self.kept.id} xong: {points}{level_words(self.content, result, 'vi')}.")
        for name, words, _ in pillar_lines(self.content, result, "vi"):
            click.echo(f"  {name}: {words}")
        for number, rule in enumerate(result.rules, 1):
            click.echo(f"  {number}. {advice_words(result, rule, 'vi')}")
        made = self.database.run_now(lambda c: leads.pass_on_agreed(c, result, self.clock.now()))
        if made:
            click.echo(f"Đã chuyển cho {', '.join(vendor.short for vendor in made)} liên hệ tư vấn.")

    def _question(self, item: Item) -> str:
        return question_words(self._context(""), self.kept.response, item)

    def _context(self, text: str) -> TurnContext:
        return TurnContext(self.province, self.clock.today(), self.content, text)


def _choices(heard: Heard) -> str:
    """What is asked back, with what may be typed."""
    if not heard.buttons:
        return ""
    return "\n".join([heard.note, *(f"  - {choice['title']}" for choice in heard.buttons)])


def find_or_begin(
    database: Database, keyring: Keyring, content: Content, clock: Clock, origin: Origin, phone: str | None
) -> Kept:
    """The survey under way of the contact with this number, or a new one; without a number, of a new contact."""

    def look(connection: Connection) -> Kept:
        known = Contacts(connection, keyring).with_phone(phone) if phone else []
        opened = responses.find_open(connection, content.surveys, known[0]) if known else None
        whose = replace(origin, contact_id=known[0]) if known else origin
        return opened or Kept(Response(content.surveys.latest, {}), whose)

    kept = database.read_now(look)
    return replace(kept, origin=replace(kept.origin, assisted_by=origin.assisted_by))


@click.command("fill")
@click.option("--officer", type=PersonName(), required=True, help="Tên cán bộ nhập hộ.")
@click.option("--phone", help="Số điện thoại của chủ cửa hàng, để tìm phiếu đang làm dở.")
@click.option("--resume", "number", type=NUMBER, help="Số của phiếu làm tiếp.")
@click.option("--province", help="Gói nội dung của tỉnh, thay cho HOTLINE_PROVINCE.")
def survey_fill(officer: str, phone: str | None, number: int | None, province: str | None) -> None:
    """Cán bộ hỏi và nhập hộ khảo sát cho chủ cửa hàng; mỗi câu được lưu ngay."""
    settings = read_settings()
    if province:
        settings = settings.model_copy(update={"province": normalise_province_id(province)})
    content = read_content(settings)
    number_e164 = normalise_phone(phone) if phone else None
    if phone and number_e164 is None:
        raise Stop(f"“{phone}” không phải số điện thoại Việt Nam. Số di động có 10 chữ số, ví dụ 0912345678.")
    clock = Clock(settings.timezone, settings.now)
    database, keyring = open_migrated_database(settings, clock)
    origin = Origin(NEW_CONTACT, CHANNEL, settings.province, assisted_by=officer)
    try:
        if number is None:
            kept = find_or_begin(database, keyring, content, clock, origin, number_e164)
        else:
            found = database.read_now(lambda c: responses.find(c, content.surveys, number))
            if found is None or next_item(found.response) is None:
                raise Stop(f"Không có phiếu số {number} đang làm dở.")
            kept = replace(found, origin=replace(found.origin, assisted_by=officer))
        Filling(database, keyring, clock, content, settings.province, kept, _typed).run()
    finally:
        database.close()


def _typed(prompt: str) -> str | None:
    """A line from the keyboard or from a file; None at its end."""
    click.echo(prompt, nl=False)
    line = sys.stdin.readline()
    return clean(line) if line else None
