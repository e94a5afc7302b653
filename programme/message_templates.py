"""Message templates: texts with variables that campaigns are made of, and how far the carriers have registered them.

A template's life: written, changed (guarded by its version), registered with the carriers, archived; never deleted,
since campaigns name it. What a text may say is campaign_text.py's and bulk_law.py's.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select, update

from programme import campaign_text
from programme.bulk_law import BulkLaw, MessageKind
from programme.campaign_text import TextProblem
from programme.sms_parts import Parts, parts
from store.campaign_tables import message_template
from store.database import insert_returning_id

LONGEST_NAME, LONGEST_BRANDNAME, LONGEST_ZBS = 80, 11, 40
# One text is at most so many SMS: carriers cut or refuse longer ones of a brandname
MOST_PARTS = 3
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


class Registration(StrEnum):
    """How far the carriers are with the text. Only a registered one is let through by them."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REGISTERED = "registered"
    REFUSED = "refused"


NEXT: Mapping[Registration, tuple[Registration, ...]] = {
    Registration.DRAFT: (Registration.SUBMITTED, Registration.REGISTERED),
    Registration.SUBMITTED: (Registration.REGISTERED, Registration.REFUSED, Registration.DRAFT),
    Registration.REGISTERED: (Registration.DRAFT,),
    Registration.REFUSED: (Registration.DRAFT, Registration.SUBMITTED),
}


class TemplateStale(RuntimeError):
    """Somebody changed or archived it since it was read, or the step does not lead from where it stands."""


@dataclass(frozen=True)
class Draft:
    """What somebody writes. `sends`: "plain" or "accented", which of the two texts goes out.

    `zbs_variables`: from Zalo's parameter to our variable, of the template that is registered there.
    """

    name: str
    kind: str
    text: str
    plain: str
    sends: str = "plain"
    brandname: str = ""
    zbs_template: str = ""
    starter: str | None = None
    zbs_variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def sent_text(self) -> str:
        return self.text if self.sends == "accented" else self.plain


@dataclass(frozen=True)
class MessageTemplate:
    """A row of message_template."""

    id: int
    draft: Draft
    registration: Registration
    version: int
    updated_at: dt.datetime
    archived_at: dt.datetime | None


@dataclass(frozen=True)
class Cost:
    """The parts that a text needs at most, and their price in đồng; None: the pack knows no price."""

    parts: Parts
    price: int | None


def problems(law: BulkLaw, draft: Draft, day: dt.date) -> list[TextProblem]:
    """Everything that must be changed before the draft can be kept."""
    found = []
    if not draft.name:
        found.append(TextProblem("name_empty", "Đặt tên cho mẫu tin."))
    if draft.kind not in set(MessageKind):
        found.append(TextProblem("kind_unknown", "Chọn loại tin."))
        return found
    for text in dict.fromkeys((draft.text, draft.plain)):
        found += campaign_text.check(text)
    if set(campaign_text.variables(draft.text)) != set(campaign_text.variables(draft.plain)):
        found.append(TextProblem("variables_differ", "Bản có dấu và bản không dấu phải dùng cùng các biến."))
    for text in dict.fromkeys((draft.text, draft.plain)):
        against = (*law.check_text(draft.kind, text, day), *law.check_kind(draft.kind, text, day))
        found += [TextProblem(one.code, one.words) for one in against]
    stray = parts(draft.plain).costly
    if stray:
        shown = " ".join(stray[:10])
        found.append(TextProblem("plain_not_plain", f"Bản không dấu còn ký tự tốn phí: {shown}"))
    needed = cost(draft.sent_text, draft.sends == "accented", None).parts.parts
    if needed > MOST_PARTS:
        words = f"Tin dài tới {needed} phần khi các biến dài nhất; nhiều nhất {MOST_PARTS} phần."
        found.append(TextProblem("too_many_parts", words))
    return list(dict.fromkeys([*found, *_zbs_problems(draft)]))


def _zbs_problems(draft: Draft) -> list[TextProblem]:
    found = []
    if draft.zbs_variables and not draft.zbs_template:
        found.append(TextProblem("zbs_template_missing", "Có biến của Zalo nhưng chưa có mã mẫu ZBS."))
    for parameter, variable in draft.zbs_variables.items():
        if not _PARAMETER.fullmatch(parameter):
            words = f"Tên tham số Zalo “{parameter[:40]}” chỉ gồm chữ không dấu, số và gạch dưới."
            found.append(TextProblem("zbs_parameter", words, parameter))
        if variable not in campaign_text.LONGEST:
            words = f"Tham số Zalo “{parameter[:40]}” chỉ tới một biến không có: “{variable[:40]}”."
            found.append(TextProblem("zbs_variable_unknown", words, variable))
    return found


def cost(text: str, accents: bool, price_per_part: int | None, link: int = campaign_text.LONGEST["link"]) -> Cost:
    """What a text with variables costs at most. `accents`, `link`: as in campaign_text.worst_case."""
    needed = parts(campaign_text.worst_case(text, accents=accents, link=link))
    return Cost(needed, None if price_per_part is None else needed.parts * price_per_part)


def all_templates(connection: Connection, province: str, *, archived: bool = False) -> list[MessageTemplate]:
    """Of a province, by name; those that are in use, or those that were archived."""
    wanted = select(message_template).filter_by(province=province)
    gone = message_template.c.archived_at
    wanted = wanted.where(gone.is_not(None) if archived else gone.is_(None))
    return [_read(row) for row in connection.execute(wanted.order_by(message_template.c.name, message_template.c.id))]


def zbs_begun_as(
    connection: Connection, province: str, starter: str, variables: Iterable[str]
) -> dict[str, Any] | None:
    """The newest template in use that began as this starter and is registered at Zalo, as campaigns have it; None where
    there is none, or where it wants a variable that is not among `variables`."""
    own = select(message_template.c.zbs_template, message_template.c.zbs_variables).where(
        message_template.c.province == province,
        message_template.c.starter == starter,
        message_template.c.zbs_template.is_not(None),
        message_template.c.archived_at.is_(None),
    )
    row = connection.execute(own.order_by(message_template.c.id.desc()).limit(1)).first()
    if row is None or not set((row.zbs_variables or {}).values()) <= set(variables):
        return None
    return {"template": row.zbs_template, "variables": dict(row.zbs_variables or {})}


def find(connection: Connection, province: str, template_id: int) -> MessageTemplate | None:
    """One of the province's, archived or not."""
    row = connection.execute(select(message_template).filter_by(id=template_id, province=province)).first()
    return None if row is None else _read(row)


def create(connection: Connection, province: str, draft: Draft, officer_id: int, now: dt.datetime) -> int:
    """Its number. The caller has looked at `problems`."""
    row = {**_columns(draft), "province": province, "starter": draft.starter, "officer_id": officer_id}
    return insert_returning_id(connection, message_template, {**row, "created_at": now, "updated_at": now})


def change(connection: Connection, known: MessageTemplate, draft: Draft, officer_id: int, now: dt.datetime) -> None:
    """A text that is changed is another text to the carriers: its registration begins anew. Raises TemplateStale."""
    same = (known.draft.sent_text, known.draft.brandname, known.draft.kind) == (
        draft.sent_text,
        draft.brandname,
        draft.kind,
    )
    registration = known.registration if same else Registration.DRAFT
    _step(connection, known, now, **_columns(draft), officer_id=officer_id, registration=registration)


def register(connection: Connection, known: MessageTemplate, state: Registration, now: dt.datetime) -> None:
    """What the carriers have said. Raises TemplateStale, also for a step that there is not."""
    if state not in NEXT[known.registration]:
        raise TemplateStale(known.id)
    _step(connection, known, now, registration=state)


def archive(connection: Connection, known: MessageTemplate, now: dt.datetime) -> None:
    """It is offered no more; campaigns that were made with it keep their copy. Raises TemplateStale."""
    _step(connection, known, now, archived_at=now)


def _step(connection: Connection, known: MessageTemplate, now: dt.datetime, **values: Any) -> None:
    mine = update(message_template).filter_by(id=known.id, version=known.version, archived_at=None)
    if not connection.execute(mine.values(**values, version=known.version + 1, updated_at=now)).rowcount:
        raise TemplateStale(known.id)


def _columns(draft: Draft) -> dict[str, Any]:
    return {
        "name": draft.name,
        "kind": draft.kind,
        "text": draft.text,
        "plain": draft.plain,
        "sends": draft.sends,
        "brandname": draft.brandname or None,
        "zbs_template": draft.zbs_template or None,
        "zbs_variables": dict(draft.zbs_variables) or None,
    }


def _read(row: Row[Any]) -> MessageTemplate:
    draft = Draft(
        name=row.name,
        kind=row.kind,
        text=row.text,
        plain=row.plain,
        sends=row.sends,
        brandname=row.brandname or "",
        zbs_template=row.zbs_template or "",
        starter=row.starter,
        zbs_variables=row.zbs_variables or {},
    )
    return MessageTemplate(row.id, draft, Registration(row.registration), row.version, row.updated_at, row.archived_at)
