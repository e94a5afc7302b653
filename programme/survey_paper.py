"""Paper forms typed into a sheet: each row is read by the rules of the survey itself, and kept as a completed response.

A row is kept whole or refused whole, with a reason per cell. What came in once is found again by its import key, so
a second import of the same file changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from programme import leads, responses
from programme.commune_column import CommuneUnclear, read_commune
from programme.content import Content
from programme.lead_life import LeadLife
from programme.packs import normalise_province_id
from programme.paper_sheet import Cell, Row, Sheet, SheetInvalid, Unreadable
from programme.responses import Kept, Origin, ResponseChanged
from programme.survey.definition import CONSENT, NA, REFUSED, Answer, Item, Survey
from programme.survey.paper import CellInvalid, read_choice
from programme.survey.response import (
    CONSENT_REFUSED,
    AnswerInvalid,
    Response,
    check,
    in_force,
    is_complete,
    may_skip,
    shown_items,
)
from programme.survey_result import result_of
from programme.written_dates import read_date
from store.contacts import Contacts, normalise_phone
from store.crypto import Keyring
from store.database import Database
from store.survey_tables import survey_response
from store.tables import consent
from store.text import folded_words

CHANNEL = "paper"
DAY, OFFICER, VERSION = "ngay_lam", "nguoi_nhap", "survey_version"
COLUMNS: Mapping[str, str] = {DAY: "Ngày làm", OFFICER: "Người nhập", VERSION: "Phiên bản khảo sát"}
LONGEST_OFFICER, FIRST_DAY = 80, date(2020, 1, 1)
Result = Literal["imported", "known", "refused"]


@dataclass(frozen=True)
class Remark:
    """`column`: an item's id or a column's name. `code` for programs, `words` (Vietnamese) for people."""

    column: str
    code: str
    words: str


@dataclass(frozen=True)
class Outcome:
    """What became of one row; `remarks`: why it was refused, or what of it was left out."""

    line: int
    result: Result
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Form:
    """One row, read. `day`: on which it was filled in. `key`: equal for equal forms, whoever typed them."""

    response: Response
    day: datetime
    officer: str
    phone: str | None
    key: str
    ignored: tuple[Remark, ...]


class FormRefused(Exception):
    """A row that is not kept, and everything that is wrong with it."""

    def __init__(self, *remarks: Remark) -> None:
        super().__init__(remarks)
        self.remarks = remarks


@dataclass(frozen=True)
class PaperForms:
    """Reads and keeps forms. `province`: a pack's id; `timezone`: where a day begins; `now` aware."""

    content: Content
    keyring: Keyring
    province: str
    timezone: ZoneInfo
    now: datetime

    def columns(self, header: tuple[str, ...]) -> list[str]:
        """Item ids and column names for a sheet's header. Raises SheetInvalid."""
        known = self._known_columns()
        found = []
        for place, name in enumerate(header, 1):
            column = known.get("_".join(folded_words(name)))
            if column is None:
                listed = ", ".join(dict.fromkeys(known.values()))
                shown = f'không có cột "{name[:40]}"' if name else f"cột thứ {place} không có tên"
                raise SheetInvalid(f"{shown}. Các cột: {listed}")
            if column in found:
                raise SheetInvalid(f"cột {column} có hai lần. Giữ một cột")
            found.append(column)
        required = [item.id for item in self.content.surveys.latest.items if item.section == "opening"]
        if missing := [column for column in (*required, DAY, OFFICER) if column not in found]:
            raise SheetInvalid(f"thiếu cột {', '.join(missing)}. Lấy mẫu: hotline survey template --out mau.xlsx")
        return found

    def _known_columns(self) -> dict[str, str]:
        known = {"_".join(folded_words(name)): key for key, names in COLUMNS.items() for name in (key, names)}
        surveys = self.content.surveys
        for survey in (*surveys.versions.values(), surveys.latest):
            for item in survey.items:
                labels = (item.label.vi, item.label.en) if item.label else ()
                known |= {"_".join(folded_words(name)): item.id for name in (*labels, item.key, item.id)}
        return known

    def import_sheet(self, database: Database, sheet: Sheet) -> Iterator[Outcome]:
        """Keep every row that can be kept, each in its own transaction. Raises SheetInvalid before the first one."""
        columns = self.columns(sheet.header)
        return self._import_rows(database, columns, sheet.rows)

    def _import_rows(self, database: Database, columns: list[str], rows: tuple[Row, ...]) -> Iterator[Outcome]:
        lines: dict[str, int] = {}
        for row in rows:
            try:
                form = self.read(dict(zip(columns, row.cells, strict=True)))
                result = _store(database, self, form)
            except FormRefused as refused:
                yield Outcome(row.line, "refused", refused.remarks)
                continue
            remarks = form.ignored
            if form.phone and result == "imported":
                first = lines.setdefault(form.phone, row.line)
                if first != row.line:
                    words = f"cùng số điện thoại với dòng {first}: báo cáo chỉ tính phiếu làm sau cùng của một người"
                    remarks += (Remark(form.response.survey.by_key["phone"].id, "same_phone", words),)
            yield Outcome(row.line, result, remarks)

    def read(self, cells: Mapping[str, Cell]) -> Form:
        """One row as a form. Raises FormRefused."""
        if unreadable := [Remark(c, x.code, x.words) for c, x in cells.items() if isinstance(x, Unreadable)]:
            raise FormRefused(*unreadable)
        texts = {column: " ".join(str(cell).split()) for column, cell in cells.items()}
        survey = self._survey(texts.get(VERSION, ""))
        _refuse_without_consent(survey, texts.get(CONSENT, ""))
        wrong: list[Remark] = []
        day = self._day(texts[DAY], wrong)
        if not 1 <= len(texts[OFFICER]) <= LONGEST_OFFICER:
            wrong.append(Remark(OFFICER, "officer", f"ghi tên người nhập, từ 1 đến {LONGEST_OFFICER} ký tự"))
        response, ignored = self._response(survey, texts, wrong)
        if wrong or day is None:
            raise FormRefused(*wrong)
        written = [texts.get(VERSION, ""), day.date().isoformat(), sorted(in_force(response).items())]
        key = self.keyring.lasting_hash(json.dumps(written, ensure_ascii=False), "paper_form").hex()
        return Form(response, day, texts[OFFICER], responses.personal_answer(response, "phone"), key, tuple(ignored))

    def _survey(self, version: str) -> Survey:
        surveys = self.content.surveys
        if version and version not in surveys.versions:
            known = ", ".join(surveys.versions)
            raise FormRefused(Remark(VERSION, "unknown_version", f"không có bản “{version[:20]}” (các bản: {known})"))
        return surveys.version(version) if version else surveys.latest

    def _day(self, text: str, wrong: list[Remark]) -> datetime | None:
        day = read_date(text)
        if day is None or not FIRST_DAY <= day <= self.now.astimezone(self.timezone).date():
            words = "ghi ngày làm phiếu như 05/12/2026, không phải ngày chưa tới"
            wrong.append(Remark(DAY, "date", words))
            return None
        return datetime.combine(day, time(), self.timezone)

    def _response(self, survey: Survey, texts: Mapping[str, str], wrong: list[Remark]) -> tuple[Response, list[Remark]]:
        """The answers that count. What is wrong with a shown item goes to `wrong`; a hidden one is only left out."""
        answers: dict[str, Answer] = {}
        invalid: dict[str, Remark] = {}
        for item in survey.items:
            text = texts.get(item.id, "")
            if not text and not may_skip(item):
                continue
            try:
                answers[item.id] = check(item, self._answer(survey, item, text, answers) if text else REFUSED)
            except CellInvalid as cell:
                invalid[item.id] = Remark(item.id, cell.code, cell.words)
            except AnswerInvalid as answer:
                invalid[item.id] = Remark(item.id, answer.code, _words(item, answer.code))
        response = Response(survey, answers)
        shown = {item.id: item for item in shown_items(response)}
        counting = in_force(response)
        for id_, item in shown.items():
            if id_ not in counting:
                wrong.append(invalid.get(id_) or _missing(item, answers.get(id_)))
        ignored = [
            Remark(item.id, "not_asked", "câu này không hỏi sau các câu trả lời trước, đã bỏ ra")
            for item in survey.items
            if item.id not in shown and texts.get(item.id)
        ]
        unknown = [id_ for id_ in texts if id_ not in survey.by_id and id_ not in COLUMNS and texts[id_]]
        wrong += [Remark(id_, "unknown_item", f"bản {survey.version} không có câu này") for id_ in unknown]
        response = Response(survey, counting)
        if not wrong and not is_complete(response):
            raise AssertionError("a form without anything missing is complete")
        return response, ignored

    def _answer(self, survey: Survey, item: Item, text: str, before: Mapping[str, Answer]) -> Answer:
        if item.options:
            return read_choice(item, text)
        if item.kind == "phone_vn":
            phone = normalise_phone(text)
            if phone is None:
                raise CellInvalid("phone", "không phải số điện thoại ở Việt Nam; chủ cửa hàng không cho thì để trống")
            return phone
        if item.kind == "commune_lookup":
            province = normalise_province_id(str(before.get(survey.by_key["province"].id, "")))
            if province not in self.content.packs.provinces:
                raise CellInvalid("commune", "tỉnh này chưa có danh sách xã/phường")
            try:
                return read_commune(self.content.communes, province, text).code
            except CommuneUnclear as unclear:
                raise CellInvalid("commune", str(unclear)) from None
        return self._trade(text) if item.kind == "choice_list" else text

    def _trade(self, text: str) -> str:
        trades, words = self.content.trades, folded_words(text)
        for trade in trades.trades.values():
            if text == trade.id or words in (folded_words(trade.button.vi), folded_words(trade.words.vi)):
                return trade.id
        found = trades.find(text)
        if len(found) == 1:
            return found[0].id
        if not found:
            raise CellInvalid("trade", f"không rõ ngành hàng “{text[:30]}”, ghi tên như trong trang Hướng dẫn")
        listed = ", ".join(trade.button.vi for trade in found)
        raise CellInvalid("trade", f"“{text[:30]}” có thể là nhiều ngành, ghi một: {listed}")


def _refuse_without_consent(survey: Survey, text: str) -> None:
    """Nothing of a form may be looked at further without it."""
    item = survey.by_id[CONSENT]
    if not text:
        raise FormRefused(Remark(CONSENT, "consent_missing", "chưa ghi chủ cửa hàng có đồng ý hay không"))
    try:
        said = read_choice(item, text)
    except CellInvalid as cell:
        raise FormRefused(Remark(CONSENT, cell.code, cell.words)) from None
    if said in (CONSENT_REFUSED, REFUSED):
        raise FormRefused(Remark(CONSENT, "consent_refused", "chủ cửa hàng không đồng ý, không được lưu phiếu này"))


def _missing(item: Item, answer: Answer | None) -> Remark:
    if answer == NA:
        return Remark(item.id, "not_applicable", "các câu trước cho biết câu này có áp dụng, phải chọn một mức")
    return Remark(item.id, "required", "thiếu, câu này bắt buộc")


def _words(item: Item, code: str) -> str:
    return {
        "required": "câu này bắt buộc, không bỏ qua được",
        "too_long": f"dài quá {item.max_length} ký tự",
    }.get(code, "không phải câu trả lời cho câu này")


def _store(database: Database, forms: PaperForms, form: Form) -> Result:
    try:
        return database.run_now(lambda connection: _keep(connection, forms, form))
    except ResponseChanged:
        return "known"  # somebody imports the same file at this moment


def _keep(connection: Connection, forms: PaperForms, form: Form) -> Result:
    if connection.scalar(select(survey_response.c.id).filter_by(import_key=form.key)) is not None:
        return "known"
    contacts = Contacts(connection, forms.keyring)
    known = contacts.with_phone(form.phone) if form.phone else []
    contact_id = known[0] if known else contacts.add(forms.now)
    if connection.scalar(
        select(consent.c.id).where(consent.c.contact_id == contact_id, consent.c.withdrawn_at >= form.day).limit(1)
    ):
        raise FormRefused(Remark(CONSENT, "consent_withdrawn", "người này đã rút lại đồng ý sau ngày làm phiếu"))
    origin = Origin(contact_id, CHANNEL, forms.province, assisted_by=form.officer, import_key=form.key)
    kept = Kept(form.response, origin, completed_at=form.day)
    saved = responses.save(connection, forms.keyring, kept, forms.now)
    result = result_of(forms.content, saved, ())
    accept_by = LeadLife(forms.content, forms.timezone).accept_by(result.province, forms.now)
    leads.pass_on_agreed(connection, result, forms.now, accept_by)
    return "imported"
