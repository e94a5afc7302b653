"""Segments that are kept by name: versions guard them, an archived one is offered no more."""

from __future__ import annotations

import pytest

from bot.baton import officer_named
from programme import saved_segments
from programme.saved_segments import SavedSegment, SegmentStale
from programme.segments import read
from store.database import Database
from tests.conftest import NOW

HERE = "thai-nguyen"
OPEN, DONE = read({"survey": ["open"]}), read({"survey": ["done"]})


def kept(database: Database) -> tuple[SavedSegment, int]:
    officer = database.run_now(lambda c: officer_named(c, "Hà", NOW))
    number = database.run_now(lambda c: saved_segments.save(c, HERE, "Dở dang", OPEN, officer, NOW))
    return now_of(database, number), officer


def now_of(database: Database, number: int) -> SavedSegment:
    found = database.read_now(lambda c: saved_segments.find(c, HERE, number))
    assert found is not None
    return found


def test_what_is_kept_is_read_as_the_same_question(database: Database) -> None:
    one, _ = kept(database)
    assert (one.name, one.segment, one.version) == ("Dở dang", OPEN, 1)
    assert database.read_now(lambda c: saved_segments.all_saved(c, HERE)) == [one]


def test_whoever_read_an_older_version_changes_nothing(database: Database) -> None:
    one, officer = kept(database)
    database.run_now(lambda c: saved_segments.change(c, one, "Xong", DONE, officer, NOW))
    with pytest.raises(SegmentStale):
        database.run_now(lambda c: saved_segments.change(c, one, "Khác", OPEN, officer, NOW))
    with pytest.raises(SegmentStale):
        database.run_now(lambda c: saved_segments.archive(c, one, NOW))
    known = now_of(database, one.id)
    assert (known.name, known.segment, known.version) == ("Xong", DONE, 2)


def test_an_archived_one_is_offered_no_more_and_cannot_be_changed(database: Database) -> None:
    one, officer = kept(database)
    database.run_now(lambda c: saved_segments.archive(c, one, NOW))
    assert database.read_now(lambda c: saved_segments.all_saved(c, HERE)) == []
    gone = now_of(database, one.id)
    assert gone.archived_at == NOW
    with pytest.raises(SegmentStale):
        database.run_now(lambda c: saved_segments.change(c, gone, "Lại", OPEN, officer, NOW))


def test_another_province_does_not_see_it(database: Database) -> None:
    one, _ = kept(database)
    assert database.read_now(lambda c: saved_segments.find(c, "thanh-hoa", one.id)) is None
