"""Lists with names and numbers, for those whom their owners agreed to hear from: a firm's leads, a class's pupils.

Only what a consent in force covers: a withdrawn one has cut the person off already (programme/lead_withdrawal.py), and
a lead is looked up together with its consent once more here. Names and numbers only from the acceptance on.
"""

from __future__ import annotations

from datetime import tzinfo

from sqlalchemy import Connection, RowMapping, select

from programme.classes import TOPIC_NAMES, Topic
from programme.content import Content
from programme.lead_states import TAKEN_UP, LeadState
from programme.packs import normalise_province_id
from programme.responses import find
from programme.safe_cells import Cell
from programme.survey.response import facts
from programme.survey.scoring import score
from programme.survey_result import number_words
from programme.vendor_report_table import STATES
from store.survey_tables import class_place, lead, training_class
from store.tables import consent, contact

LEADS_HEADER = (
    "Ngày",
    "Doanh nghiệp",
    "Tên",
    "Điện thoại",
    "Cửa hàng",
    "Xã/phường",
    "Ngành hàng",
    "Điểm",
    "Mức",
    "Trạng thái",
)
CLASSES_HEADER = ("Lớp", "Giờ học", "Chủ đề", "Tên", "Điện thoại", "Xã/phường", "Ngày ghi tên")


def leads_list(
    connection: Connection, content: Content, province: str, vendor: str | None, zone: tzinfo
) -> list[tuple[Cell, ...]]:
    """The province's leads of `vendor` (an id of its pack; None: of all), the oldest first."""
    wanted = (
        select(lead, contact.c.name.label("person"), contact.c.phone)
        .join(contact, contact.c.id == lead.c.contact_id)
        .join(consent, consent.c.id == lead.c.consent_id)
        .where(lead.c.province == normalise_province_id(province), consent.c.withdrawn_at.is_(None))
        .order_by(lead.c.created_at, lead.c.id)
    )
    if vendor is not None:
        wanted = wanted.where(lead.c.vendor == vendor)
    return [_lead(connection, content, row, zone) for row in connection.execute(wanted).mappings()]


def _lead(connection: Connection, content: Content, row: RowMapping, zone: tzinfo) -> tuple[Cell, ...]:
    kept = find(connection, content.surveys, row["response_id"]) if row["response_id"] else None
    known = facts(kept.response) if kept else {}
    points = score(kept.response) if kept and kept.status != "open" else None
    trade = content.trades.trades.get(str(known.get("trade_group", "")))
    named = (row["person"] or "", row["phone"] or "", str(known.get("shop_name", "")))
    return (
        f"{row['created_at'].astimezone(zone):%d/%m/%Y}",
        content.packs.province(row["province"]).vendor(row["vendor"]).short,
        *(named if row["status"] in TAKEN_UP else ("", "", "")),
        _commune(content, row["commune"]),
        trade.button.vi if trade else "",
        number_words(points.total, "vi") if points and points.total is not None else "",
        points.level if points else None,
        STATES[LeadState(row["status"])],
    )


def class_list(connection: Connection, content: Content, province: str, zone: tzinfo) -> list[tuple[Cell, ...]]:
    """Who has a place in which class, by class; then who wishes for one, by topic."""
    wanted = (
        select(class_place, contact.c.name.label("person"), contact.c.phone, training_class.c.title)
        .add_columns(training_class.c.starts_at)
        .join(contact, contact.c.id == class_place.c.contact_id)
        .outerjoin(training_class, training_class.c.id == class_place.c.class_id)
        .where(class_place.c.province == normalise_province_id(province))
        .order_by(class_place.c.class_id.is_(None), training_class.c.starts_at, class_place.c.topic, class_place.c.id)
    )
    return [
        (
            row["title"] or "Chờ lớp",
            f"{row['starts_at'].astimezone(zone):%H:%M %d/%m/%Y}" if row["starts_at"] else "",
            TOPIC_NAMES[Topic(row["topic"])] if row["topic"] in set(Topic) else "Chủ đề nào cũng được",
            row["person"] or "",
            row["phone"] or "",
            _commune(content, row["commune"]),
            f"{row['created_at'].astimezone(zone):%d/%m/%Y}",
        )
        for row in connection.execute(wanted).mappings()
    ]


def _commune(content: Content, code: str | None) -> str:
    commune = content.communes.by_code(code) if code else None
    return commune.full_name if commune else ""
