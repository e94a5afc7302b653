"""Segments: what is refused, what is said, and that the SQL agrees with a plain reading of a random population."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Insert, insert

from programme import segments
from programme.content import Content
from programme.segments import SegmentInvalid, read
from store.campaign_tables import campaign, campaign_run, recipient
from store.channel_tables import channel_link
from store.crypto import Keyring
from store.database import Database
from store.survey_tables import class_place, lead, survey_response, training_class
from store.tables import contact, conversation, shop
from tests.conftest import NOW

HERE = "thai-nguyen"
COMMUNES = ("05443", "05503", None)
TRADES = ("tap_hoa", "sieu_thi_mini", None)


@dataclass
class Known:
    """One contact, as plainly as can be: the rows that are written are what is asked about."""

    shop: tuple[str, str | None, str | None] | None
    phone: bool
    surveys: list[tuple[str, int | None]]
    leads: list[str]
    places: list[str]
    sent: list[tuple[str, int | None]]
    talk: tuple[str, str | None, int | None, bool] | None
    home: int | None = None
    kin: list[Known] = field(default_factory=list)


def _one_open(surveys: list[tuple[str, int | None]]) -> list[tuple[str, int | None]]:
    opened = [one for one in surveys if one[0] == "open"][:1]
    return [one for one in surveys if one[0] != "open"] + opened


DAYS = st.sampled_from((None, 1, 10, 40))
PEOPLE = st.lists(
    st.builds(
        Known,
        shop=st.none()
        | st.tuples(
            st.sampled_from((HERE, HERE, HERE, "thanh-hoa")), st.sampled_from(COMMUNES), st.sampled_from(TRADES)
        ),
        phone=st.booleans(),
        surveys=st.lists(
            st.tuples(st.sampled_from(("open", "done", "earlier")), st.sampled_from((None, 1, 3))), max_size=2
        ).map(_one_open),
        leads=st.lists(st.sampled_from(("offered", "in_use", "refused")), max_size=2),
        places=st.lists(st.sampled_from(("attended", "registered", "wish")), max_size=2, unique=True),
        sent=st.lists(
            st.tuples(st.sampled_from(("accepted", "delivered", "uncertain", "failed", "waiting")), DAYS), max_size=2
        ),
        talk=st.none()
        | st.tuples(st.sampled_from(("zalo", "webchat")), st.sampled_from(("vi", "en", None)), DAYS, st.booleans()),
        home=st.none() | st.integers(0, 5),
    ),
    min_size=1,
    max_size=6,
)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.lists(st.sampled_from(("05443", "05503")), min_size=1, unique=True).map(lambda v: {"commune": v}),
    st.lists(st.sampled_from(TRADES[:2]), min_size=1, unique=True).map(lambda v: {"trade": v}),
    st.lists(st.sampled_from(("VNPT", "VIETTEL", "BIDV")), min_size=1, unique=True).map(lambda v: {"vendor": v}),
    st.lists(st.sampled_from(("done", "open", "none")), min_size=1, unique=True).map(lambda v: {"survey": v}),
    st.tuples(st.integers(0, 3), st.integers(3, 5)).map(lambda v: {"level": {"from": v[0], "to": v[1]}}),
    st.lists(st.sampled_from(("offered", "in_use", "trial")), min_size=1, unique=True).map(lambda v: {"lead": v}),
    st.lists(st.sampled_from(("attended", "registered", "wished", "none")), min_size=1, unique=True).map(
        lambda v: {"class": v}
    ),
    st.tuples(st.booleans(), st.sampled_from((None, 5, 30))).map(lambda v: {"reached": v[0], "days": v[1]}),
    st.tuples(st.sampled_from(("before_days", "within_days")), st.sampled_from((5, 30))).map(
        lambda v: {"last_contact": {v[0]: v[1]}}
    ),
    st.lists(st.sampled_from(("vi", "en")), min_size=1, unique=True).map(lambda v: {"language": v}),
    st.lists(st.sampled_from(("phone", "zalo")), min_size=1, unique=True).map(lambda v: {"has": v}),
    st.lists(st.integers(1, 6), min_size=1, unique=True).map(lambda v: {"contacts": v}),
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda v: {"and": v}),
        st.lists(inner, min_size=1, max_size=3).map(lambda v: {"or": v}),
        inner.map(lambda v: {"not": v}),
    ),
    max_leaves=6,
).filter(lambda one: _depth(one) <= segments.DEEPEST)


def _depth(one: dict[str, Any]) -> int:
    if "not" in one:
        return 1 + _depth(one["not"])
    parts = one.get("and") or one.get("or")
    return 1 + max(map(_depth, parts)) if parts else 0


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of the content, when an example fails
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(people=PEOPLE, expression=EXPRESSIONS)
def test_the_sql_agrees_with_a_plain_reading(
    database: Database, content: Content, people: list[Known], expression: dict[str, Any]
) -> None:
    segment = read(expression)
    assert read(segment.json).json == segment.json
    with database.engine.connect() as connection, connection.begin() as transaction:
        for row in _rows(people):
            connection.execute(row)
        found = sorted(connection.scalars(segment.contacts(HERE, NOW, content)))
        counted = segment.count(connection, HERE, NOW, content)
        transaction.rollback()
    assert found == _plainly(people, expression, content)
    assert counted == len(found)


def _rows(people: list[Known]) -> Iterator[Insert]:
    plan = {"province": HERE, "name": "x", "kind": "advertising", "pace_per_minute": 1, "status": "approved"}
    plan |= {
        name: {}
        for name in ("variants", "channels", "gateways", "audience", "schedule", "window", "stops", "pause_rule")
    }
    yield insert(campaign).values(id=1, **plan, created_by="x", edited_by="x", created_at=NOW, updated_at=NOW)
    run = {"campaign_id": 1, "due_at": NOW, "status": "running", "prepared": 0, "frozen_at": NOW}
    for number in (1, 2):
        yield insert(campaign_run).values(id=number, step=number, **run)
        values = {"province": HERE, "topic": "x", "title": str(number), "place": "x", "starts_at": NOW, "seats": 9}
        yield insert(training_class).values(id=number, **values)
    for number, one in enumerate(people, 1):
        yield insert(contact).values(id=number, phone_key=bytes([number]) if one.phone else None, created_at=NOW)
    for number, one in enumerate(people, 1):
        if one.shop:
            province, commune, trade = one.shop
            yield insert(shop).values(
                contact_id=number, province=province, commune=commune, trade=trade, created_at=NOW
            )
        for status, level in one.surveys:
            values = {"survey": "s", "version": "1", "revision": 1, "answers": {}, "province": HERE, "channel": "zalo"}
            values |= {
                "status": status,
                "level": level if status == "done" else None,
                "started_at": NOW,
                "updated_at": NOW,
            }
            yield insert(survey_response).values(contact_id=number, **values)
        for place, status in enumerate(one.leads):
            values = {"contact_id": number, "vendor": f"V{place}", "province": HERE, "status": status}
            yield insert(lead).values(**values, created_at=NOW)
        for at, place in enumerate(one.places, 1):
            values = {"contact_id": number, "topic": "x", "province": HERE, "created_at": NOW}
            yield insert(class_place).values(
                class_id=None if place == "wish" else at, attended_at=NOW if place == "attended" else None, **values
            )
        for at, (status, days) in enumerate(one.sent, 1):
            yield insert(recipient).values(
                run_id=at, contact_id=number, kind="advertising", status=status, tried_at=_ago(days)
            )
        if one.talk:
            channel, language, days, is_reachable = one.talk
            values = {"channel": channel, "address": str(number), "province": HERE, "holder": "bot", "version": 0}
            values |= {
                "language": language,
                "last_heard_at": _ago(days),
                "unreachable": None if is_reachable else "left",
            }
            yield insert(conversation).values(id=f"c{number}", contact_id=number, last_seq=0, created_at=NOW, **values)
    linked = _links(people)
    for number, home in linked.items():
        # the conversation's own place does not matter here, but a link must name one
        talks = [at for at, one in enumerate(people, 1) if one.talk]
        if talks:
            yield insert(channel_link).values(
                conversation_id=f"c{talks[0]}", from_contact_id=number, to_contact_id=home, linked_at=NOW
            )


def _links(people: list[Known]) -> dict[int, int]:
    """From a contact to the one that it belongs to now; never over a third."""
    found: dict[int, int] = {}
    if not any(one.talk for one in people):
        return found
    for number, one in enumerate(people, 1):
        home = None if one.home is None else one.home % len(people) + 1
        if home and home != number and home not in found and number not in found.values():
            found[number] = home
    return found


def _ago(days: int | None) -> datetime | None:
    return None if days is None else NOW - timedelta(days=days)


def _plainly(people: list[Known], expression: dict[str, Any], content: Content) -> list[int]:
    links = _links(people)
    persons: dict[int, list[int]] = {}
    for number in range(1, len(people) + 1):
        persons.setdefault(links.get(number, number), []).append(number)
    found = []
    for home, members in persons.items():
        shops = [n for n in members if people[n - 1].shop and people[n - 1].shop[0] == HERE]  # type: ignore[index]
        if shops:
            stands = min(shops, key=lambda n: (not people[n - 1].phone, n != home, n))
            if _holds(expression, stands, people[stands - 1], [people[n - 1] for n in members], content):
                found.append(stands)
    return sorted(found)


def _holds(  # noqa: C901 - one line for each condition there is
    one: dict[str, Any], number: int, own: Known, kin: list[Known], content: Content
) -> bool:
    if "and" in one:
        return all(_holds(part, number, own, kin, content) for part in one["and"])
    if "or" in one:
        return any(_holds(part, number, own, kin, content) for part in one["or"])
    if "not" in one:
        return not _holds(one["not"], number, own, kin, content)
    assert own.shop is not None
    name, value = next(iter(one.items()))
    surveys = [status for each in kin for status, _ in each.surveys]
    places = [place for each in kin for place in each.places]
    talks = [each.talk for each in kin if each.talk]
    match name:
        case "commune":
            return own.shop[1] in value
        case "trade":
            return own.shop[2] in value
        case "vendor":
            commune = content.communes.by_code(own.shop[1] or "")
            return "BIDV" in value or bool(commune and commune.vendor and commune.vendor.id in value)
        case "contacts":
            return number in value
        case "survey":
            state = "done" if "done" in surveys else "open" if "open" in surveys else "none"
            return state in value
        case "level":
            levels = [level for each in kin for status, level in each.surveys if status == "done" and level is not None]
            return any(value["from"] <= level <= value["to"] for level in levels)
        case "lead":
            return any(status in value for each in kin for status in each.leads)
        case "class":
            has_place = "attended" in places or "registered" in places
            state = "attended" if "attended" in places else "registered" if has_place else "none"
            return state in value or ("wished" in value and "wish" in places)
        case "language":
            return ("en" if any(talk[1] == "en" for talk in talks) else "vi") in value
        case "has":
            has_zalo = any(talk[0] == "zalo" and talk[3] for talk in talks)
            return ("phone" in value and any(each.phone for each in kin)) or ("zalo" in value and has_zalo)
    if name == "reached":
        return _heard(kin, ("accepted", "delivered"), one.get("days")) is value
    ((side, days),) = value.items()
    lately = _heard(kin, ("accepted", "delivered", "uncertain"), days)
    ever = _heard(kin, ("accepted", "delivered", "uncertain"), None)
    return lately if side == "within_days" else ever and not lately


def _heard(kin: list[Known], states: tuple[str, ...], days: int | None) -> bool:
    ages = [age for each in kin for state, age in each.sent if state in states]
    ages += [each.talk[2] for each in kin if each.talk]
    return any(age is not None and (days is None or age <= days) for age in ages)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        (None, "segment_malformed"),
        ({}, "segment_malformed"),
        ([], "segment_malformed"),
        ({"survey": "none", "lead": ["in_use"]}, "segment_malformed"),
        ({"and": {"survey": "none"}}, "segment_malformed"),
        ({"reached": 1}, "segment_malformed"),
        ({"or": []}, "segment_empty_group"),
        ({"not": {"and": []}}, "segment_empty_group"),
        ({"weather": "rain"}, "segment_unknown_field"),
        ({"survey": "half"}, "segment_value"),
        ({"commune": []}, "segment_value"),
        ({"commune": [5443]}, "segment_value"),
        ({"level": {"from": 4, "to": 2}}, "segment_value"),
        ({"level": {"from": True}}, "segment_value"),
        ({"last_contact": {"before_days": 1, "within_days": 2}}, "segment_value"),
        ({"reached": True, "days": 0}, "segment_value"),
        ({"contacts": []}, "segment_value"),
        ({"not": {"not": {"not": {"not": {"not": {"not": {"not": {"survey": "none"}}}}}}}}, "segment_too_deep"),
        ({"and": [{"survey": "none"}] * 41}, "segment_too_large"),
        ({"and": [{"or": [{"survey": "none"}] * 25}] * 2}, "segment_too_large"),
        ({"or": [{"contacts": list(range(n, n + 1000))} for n in range(1, 6002, 1000)]}, "segment_too_large"),
    ],
)
def test_what_is_no_question_is_refused_with_its_code(expression: object, code: str) -> None:
    with pytest.raises(SegmentInvalid) as refused:
        read(expression)
    assert refused.value.code == code
    assert refused.value.words.endswith(".")


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ({"not": {"commune": ["99999"]}}, "segment_unknown_commune"),
        ({"commune": ["14758"]}, "segment_unknown_commune"),  # of another province
        ({"vendor": ["NOBODY"]}, "segment_unknown_vendor"),
        ({"trade": ["rockets"]}, "segment_unknown_trade"),
    ],
)
def test_what_the_province_has_not_is_refused(content: Content, expression: dict[str, Any], code: str) -> None:
    with pytest.raises(SegmentInvalid) as refused:
        read(expression).contacts(HERE, NOW, content)
    assert refused.value.code == code


def test_it_is_said_in_both_languages(content: Content) -> None:
    asked = {"and": [{"commune": ["05443", "05503"]}, {"survey": "none"}, {"not": {"reached": True, "days": 30}}]}
    vietnamese = "ở phường Phan Đình Phùng hoặc xã Tân Cương, chưa làm khảo sát, chưa được tiếp cận trong 30 ngày qua"
    assert read(asked).words(content) == vietnamese
    english = "in phường Phan Đình Phùng or xã Tân Cương, and has not begun the survey, "
    english += "and was not reached in the last 30 days"
    assert read(asked).words(content, "en") == english
    nested = {
        "or": [
            {"and": [{"survey": "done"}, {"class": "none"}]},
            {"not": {"or": [{"has": "phone"}, {"lead": "in_use"}]}},
        ]
    }
    assert read(nested).words(content) == (
        "(đã làm xong khảo sát, chưa đăng ký lớp nào) hoặc "
        "(không có số điện thoại, không có nhu cầu tư vấn đang sử dụng)"
    )
    assert read(segments.EVERYBODY).words(content) == "mọi cửa hàng"


def test_a_condition_with_an_or_of_its_own_stands_in_brackets_beside_others(content: Content) -> None:
    asked = {"and": [{"has": "phone"}, {"survey": ["done", "open"]}]}
    assert read(asked).words(content) == "có số điện thoại, (đã làm xong khảo sát hoặc đang làm dở khảo sát)"
    assert read(asked["and"][1]).words(content) == "đã làm xong khảo sát hoặc đang làm dở khảo sát"
    either = {"or": [{"has": "phone"}, {"not": {"survey": ["done", "open"]}}]}
    assert read(either).words(content, "en") == (
        "has a telephone number or (has not finished the survey, and has no unfinished survey)"
    )
    ever = {"and": [{"has": "phone"}, {"not": {"last_contact": {"before_days": 30}}}]}
    assert read(ever).words(content) == ("có số điện thoại, (chưa từng liên lạc hoặc có liên lạc trong 30 ngày qua)")


def test_the_largest_question_there_may_be_is_counted(database: Database, content: Content) -> None:
    asked = {"or": [{"contacts": list(range(n, n + 1000))} for n in range(1, 5002, 1000)][:5]}
    assert database.read_now(lambda c: read(asked).count(c, HERE, NOW, content)) == 0


@given(expression=EXPRESSIONS)
def test_every_question_has_words(content: Content, expression: dict[str, Any]) -> None:
    for language in ("vi", "en"):
        assert read(expression).words(content, language).strip()


def test_a_sample_shows_no_whole_name_or_number(database: Database, content: Content, keyring: Keyring) -> None:
    def work(connection: Connection) -> list[segments.Sampled]:
        connection.execute(insert(contact).values(id=1, name="Nguyễn Thị Hoa", phone="+84912345678", created_at=NOW))
        connection.execute(insert(shop).values(contact_id=1, province=HERE, created_at=NOW))
        return read(segments.EVERYBODY).sample(connection, HERE, NOW, content)

    assert database.run_now(work) == [segments.Sampled(1, "N. T. Hoa", "… 678")]
