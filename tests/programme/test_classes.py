"""Classes: the officers' file, what is offered to whom, and that no seat is given twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select

from programme.class_file import COLUMNS, ClassFile, ClassFileInvalid, Read, Refused
from programme.classes import Topic, TrainingClass, enter, join, upcoming, wish
from programme.content import Content
from programme.written_dates import read_date
from store.database import Database
from store.survey_tables import class_place, training_class
from store.tables import contact
from tests.conftest import NOW

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
HEADER = "ngay,gio,noi_hoc,chu_de,ten_lop,xa_phuong,so_cho\n"
ROW = "05/12/2026,08:30,Nhà văn hóa xã,online_selling,Bán hàng qua mạng,Tân Cương,30"
ELSEWHERE, OWN = "05710", "05728"


def read(content: Content, text: str | bytes) -> list[Read | Refused]:
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    return ClassFile(content.communes, "thai-nguyen", HERE, NOW).read(data)


def one(content: Content, row: str) -> TrainingClass:
    (found,) = read(content, HEADER + row)
    assert isinstance(found, Read), found
    return found.training_class


def class_(**changes: object) -> TrainingClass:
    values: dict[str, object] = {
        "province": "thai-nguyen",
        "commune": None,
        "topic": Topic.SAFETY,
        "title": "Lớp",
        "place": "Chợ Thái",
        "starts_at": NOW + timedelta(days=3),
        "seats": 2,
    }
    return TrainingClass(**(values | changes))  # type: ignore[arg-type]


def people(connection: Connection, count: int) -> list[int]:
    rows = [{"created_at": NOW} for _ in range(count)]
    return list(connection.scalars(insert(contact).returning(contact.c.id), rows))


def test_a_row_is_read_in_the_provinces_time(content: Content) -> None:
    read_class = one(content, ROW)
    assert read_class.starts_at == datetime(2026, 12, 5, 1, 30, tzinfo=UTC)
    assert (read_class.topic, read_class.seats, read_class.title) == (Topic.ONLINE_SELLING, 30, "Bán hàng qua mạng")
    commune = content.communes.by_code(read_class.commune or "")
    assert commune is not None
    assert commune.full_name == "xã Tân Cương"


@pytest.mark.parametrize(
    "text",
    [
        "Số chỗ;Xã/phường;Tên lớp;Chủ đề;Nơi học;Giờ;Ngày\n"
        "30;Xã Tân Cương;Bán hàng qua mạng;Bán hàng qua mạng;Nhà văn hóa xã;8h30;2026-12-05",
        "\ufeff" + HEADER + ROW + "\r\n\r\n",
        "SO CHO,XA_PHUONG,ten lop,chu de,noi hoc,gio,ngay,,\n"
        '30,tan cuong,"Bán hàng qua mạng",Online selling,Nhà văn hóa xã,8:30,5/12/2026,,',
    ],
)
def test_the_same_row_in_other_clothes(content: Content, text: str) -> None:
    (found,) = read(content, text)
    assert isinstance(found, Read)
    assert found.training_class == one(content, ROW)
    assert found.line == 2


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("05/12/2026", "31/11/2026", "date", "31/11/2026"),
        ("05/12/2026", "12/2026", "date", "05/12/2026"),
        ("05/12/2026", "22/11/2026", "past", "22/11/2026"),
        ("05/12/2026", "01/01/0001", "past", "đã qua"),
        ("05/12/2026,08:30", "23/11/2026,09:00", "past", "09:00"),
        ("08:30", "25:00", "time", "25:00"),
        ("08:30", "sáng", "time", "sáng"),
        ("online_selling", "nấu ăn", "topic", "tax_invoice"),
        ("Tân Cương", "Bịa Đặt", "commune", "Bịa Đặt"),
        ("Tân Cương", "Tân Thành", "commune", "ghi rõ một mã"),
        ("Tân Cương", "99999", "commune", "99999"),
        (",30", ",0", "seats", "1000"),
        (",30", ",1001", "seats", "1000"),
        (",30", ",٣", "seats", "1000"),
        (",30", ",", "missing", "số chỗ"),
        ("Nhà văn hóa xã", "x" * 161, "too_long", "160"),
        (",30", ",30,thừa", "too_many_cells", "dấu phẩy"),
    ],
)
def test_a_wrong_row_is_refused_with_its_reason_and_the_others_are_kept(
    content: Content, old: str, new: str, code: str, words: str
) -> None:
    assert old in ROW
    rows = read(content, HEADER + ROW + "\n" + ROW.replace(old, new) + "\n" + ROW)
    assert [type(row) for row in rows] == [Read, Refused, Read]
    refused = rows[1]
    assert isinstance(refused, Refused)
    assert (refused.line, refused.code) == (3, code)
    assert words in refused.words


def test_no_commune_means_the_whole_province(content: Content) -> None:
    assert one(content, ROW.replace("Tân Cương", "")).commune is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (("Ngày," + HEADER + ROW).encode("cp1258", "replace"), "UTF-8"),
        ((HEADER + ROW).encode("utf-16"), "CSV UTF-8"),
        (b"", "rỗng"),
        ((HEADER.replace("so_cho", "gia") + ROW).encode(), '"gia"'),
        ((HEADER.replace(",so_cho", "") + ROW).encode(), "thiếu cột so_cho"),
        ((HEADER.replace("so_cho", "Giờ") + ROW).encode(), "hai lần"),
        ((HEADER + '"chưa đóng').encode(), "dấu nháy"),
        ((HEADER + ROW + "\n").encode() * 20_001, "20000"),
        (b"x" * (20 * 1024**2 + 1), "20 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(content: Content, data: bytes, words: str) -> None:
    with pytest.raises(ClassFileInvalid) as caught:
        read(content, data)
    assert words in str(caught.value)


@given(st.lists(st.text(max_size=12), min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_whatever_stands_in_the_cells_is_read_or_refused(content: Content, cells: list[str]) -> None:
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    data = (HEADER + quoted).encode("utf-8", "surrogatepass")
    try:
        assert len(read(content, data)) <= 1
    except ClassFileInvalid as invalid:
        assert "UTF-8" in str(invalid)


@given(st.dates())
def test_a_written_day_is_read_back(day: object) -> None:
    assert read_date(str(day)) == day


def test_a_second_import_changes_only_what_changed(database: Database) -> None:
    def again(connection: Connection, **changes: object) -> str:
        return enter(connection, class_(**changes))

    assert database.run_now(again) == "new"
    assert database.run_now(again) == "known"
    assert database.run_now(lambda c: again(c, seats=5, topic=Topic.AI, commune=OWN)) == "changed"
    assert database.run_now(lambda c: again(c, province="thai_nguyen", seats=5, topic=Topic.AI, commune=OWN)) == "known"
    assert database.run_now(lambda c: again(c, title="Lớp khác")) == "new"
    row = database.read_now(lambda c: c.execute(select(training_class).order_by(training_class.c.id)).first())
    assert row is not None
    assert (row.seats, row.topic, row.commune, row.starts_at) == (5, "ai", OWN, NOW + timedelta(days=3))


def test_the_nearest_classes_come_first_and_others_only_when_there_is_none(database: Database) -> None:
    def enter_all(connection: Connection) -> None:
        enter(connection, class_(title="xã khác", commune=ELSEWHERE))
        enter(connection, class_(title="cả tỉnh"))
        enter(connection, class_(title="xã mình, sau", commune=OWN, starts_at=NOW + timedelta(days=9)))
        enter(connection, class_(title="xã mình", commune=OWN, starts_at=NOW + timedelta(days=5)))
        enter(connection, class_(title="đã bắt đầu", commune=OWN, starts_at=NOW))
        enter(connection, class_(title="tỉnh khác", province="thanh-hoa"))
        enter(connection, class_(title="AI", topic=Topic.AI, commune=ELSEWHERE, place="A"))

    def titles(commune: str | None, topics: list[str] | None = None, limit: int = 5) -> list[str]:
        offers = database.read_now(lambda c: upcoming(c, "thai_nguyen", commune, topics, NOW, limit))
        return [offer.title for offer in offers]

    database.run_now(enter_all)
    assert titles(OWN) == ["xã mình", "xã mình, sau", "cả tỉnh"]
    assert titles(OWN, limit=2) == ["xã mình", "xã mình, sau"]
    assert titles(None) == ["cả tỉnh"]
    assert titles(OWN, ["ai"]) == ["AI"]
    assert titles(OWN, ["safety", "ai"]) == ["xã mình", "xã mình, sau", "cả tỉnh"]
    assert titles(OWN, []) == titles(OWN)
    assert titles(OWN, ["software"]) == []


def test_a_place_is_taken_once_and_a_full_class_is_not_offered(database: Database) -> None:
    first, second, third = database.run_now(lambda c: people(c, 3))
    database.run_now(lambda c: enter(c, class_(commune=OWN)))
    (offer,) = database.read_now(lambda c: upcoming(c, "thai-nguyen", None, None, NOW))
    assert (offer.seats_left, offer.starts_at, offer.topic) == (2, NOW + timedelta(days=3), "safety")
    joined = [database.run_now(lambda c, who=who: join(c, who, offer.id, NOW)) for who in (first, first, second, third)]
    assert joined == ["registered", "already", "registered", "full"]
    assert database.read_now(lambda c: upcoming(c, "thai-nguyen", None, None, NOW)) == []
    assert database.run_now(lambda c: join(c, first, offer.id, NOW)) == "already"
    assert database.run_now(lambda c: join(c, third, offer.id, NOW + timedelta(days=3))) == "over"
    assert database.run_now(lambda c: join(c, third, offer.id + 1, NOW)) == "over"


def test_no_seat_is_given_twice_when_all_want_it_at_once(database: Database) -> None:
    wanting = database.run_now(lambda c: people(c, 12))
    database.run_now(lambda c: enter(c, class_(seats=3)))
    (offer,) = database.read_now(lambda c: upcoming(c, "thai-nguyen", None, None, NOW))
    with ThreadPoolExecutor(6) as pool:
        joined = list(pool.map(lambda who: database.run_now(lambda c: join(c, who, offer.id, NOW)), wanting))
    assert sorted(joined) == ["full"] * 9 + ["registered"] * 3
    assert database.read_now(lambda c: c.scalar(select(func.count()).select_from(class_place))) == 3


def test_a_wish_is_noted_once_per_topic(database: Database) -> None:
    (who,) = database.run_now(lambda c: people(c, 1))
    wishes = [("ai", OWN), ("ai", None), ("safety", OWN)]
    noted = [database.run_now(lambda c, w=w: wish(c, who, w[0], "thai_nguyen", w[1], NOW)) for w in wishes]
    assert noted == [True, False, True]
    assert set(database.read_now(lambda c: c.scalars(select(class_place.c.province)).all())) == {"thai-nguyen"}
