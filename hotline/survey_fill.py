"""`hotline survey fill`: an officer asks an owner the survey's questions and types the answers, with the same engine.

Every answer is stored as it is typed, so an interrupted session goes on where it was.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import click

from actions.context import TurnContext
from actions.survey_assisted import goes_to, read_line, skipped
from actions.survey_hearing import Heard
from actions.survey_saying import question_words
from hotline.app import open_migrated_database, read_content, read_settings
from hotline.errors import Stop
from hotline.options import NUMBER, PersonName
from programme import responses
from programme.content import Content
from programme.packs import normalise_province_id
from programme.responses import Kept, Origin, ResponseChanged
from programme.survey.commands import Command
from programme.survey.definition import CONSENT, Answer, Item
from programme.survey.response import CONSENT_REFUSED, Response, answered, at, left, next_item
from programme.survey_filling import CHANNEL, NEW_CONTACT, assisted_by, find_or_begin, finish, keep, newest
from programme.survey_result import advice_words, level_words, number_words, pillar_lines
from store.clock import Clock
from store.contacts import normalise_phone
from store.crypto import Keyring
from store.database import Database
from store.text import clean

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
            read = read_line(self._context(line), self.kept.response, item)
            if isinstance(read, Command) and read.name == "pause":
                return self._stop()
            if not self._take(item, read):
                return False
        self._say_result()
        return True

    def _take(self, item: Item, read: Heard | Command) -> bool:
        """Do what the line says; False when the owner does not consent."""
        if isinstance(read, Command):
            self._command(item, read)
            return True
        if read.answer is not None:
            return self._answer(item, read.answer, "" if item.options else read.note)
        click.echo(_choices(read) or read.note or "Chưa rõ câu trả lời, gõ lại số hoặc chữ của một lựa chọn.")
        return True

    def _command(self, item: Item, command: Command) -> None:
        response = self.kept.response
        if command.name == "explain":
            click.echo(item.help.vi if item.help else "Câu này không có giải thích thêm.")
        elif command.name == "skip":
            changed = skipped(response, item)
            self._save(changed) if changed else click.echo("Câu này bắt buộc, không bỏ qua được.")
        elif target := goes_to(response, command):
            self._save(at(response, target))
        elif command.name == "back":
            click.echo("Đây là câu đầu.")
        else:
            click.echo("Câu đó chưa trả lời hoặc không hỏi ở phiếu này.")

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
        kept, now = self.kept, self.clock.now()
        try:
            self.kept = self.database.run_now(lambda c: keep(c, self.keyring, kept, response, now))
        except ResponseChanged:
            click.echo("Phiếu này vừa được sửa ở nơi khác, đọc lại câu trả lời mới nhất.")
            self.kept = self.database.read_now(lambda c: newest(c, self.content.surveys, kept, now))

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
        kept = self.kept
        result, made = self.database.run_now(
            lambda c: finish(c, self.content, kept, self.clock.now(), self.clock.timezone)
        )
        total = result.score.total
        points = f"{number_words(total, 'vi')} điểm trên 100, " if total is not None else ""
        click.echo(f"\nPhiếu số {self.kept.id} xong: {points}{level_words(self.content, result, 'vi')}.")
        for name, words, _ in pillar_lines(self.content, result, "vi"):
            click.echo(f"  {name}: {words}")
        for number, rule in enumerate(result.rules, 1):
            click.echo(f"  {number}. {advice_words(result, rule, 'vi')}")
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
            kept = database.read_now(lambda c: find_or_begin(c, keyring, content.surveys, origin, number_e164))
        else:
            found = database.read_now(lambda c: responses.find(c, content.surveys, number))
            if found is None or next_item(found.response) is None:
                raise Stop(f"Không có phiếu số {number} đang làm dở.")
            kept = assisted_by(found, officer)
        Filling(database, keyring, clock, content, settings.province, kept, _typed).run()
    finally:
        database.close()


def _typed(prompt: str) -> str | None:
    """A line from the keyboard or from a file; None at its end."""
    click.echo(prompt, nl=False)
    line = sys.stdin.readline()
    return clean(line) if line else None
