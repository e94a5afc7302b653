"""Replies that officers keep ready: what is in the file, what they are filled with, whose go first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.baton import officer_named
from programme.canned_replies import (
    VARIABLES,
    CannedReply,
    ShortcutTaken,
    all_replies,
    keep,
    load_canned_replies,
    matching,
    remove,
    render,
    unfilled,
    wrong_places,
)
from programme.content import Content
from programme.yaml_source import ContentError
from store.clock import ManualClock
from store.database import Database

GREETING = CannedReply("chao", "Chào", "Dạ chào {name}, xã {commune} ạ.")


def test_the_nations_replies_are_polite_and_promise_no_figures(content: Content) -> None:
    replies = content.canned_replies
    assert len(replies) >= 15
    addresses = {source.url for pack in content.packs.documents("thai-nguyen").values() if (source := pack).url}
    for reply in replies.values():
        assert reply.text.startswith("Dạ "), reply.shortcut
        assert re.search(r" ạ[.?]|vnnic\.vn/nhadangky/$", reply.text), reply.shortcut
        linked = set(re.findall(r"https?://[^\s]+", reply.text))
        assert linked <= addresses, reply.shortcut
        # no price, date or number of a telephone: what changes is said by answers that have a source
        assert not re.search(r"\d", re.sub(r"https?://\S+", "", reply.text)), reply.shortcut


def test_what_is_known_is_filled_in_and_the_rest_stays_visible() -> None:
    assert render(GREETING, {"name": "cô Hồng", "commune": "Tân Cương"}) == ("Dạ chào cô Hồng, xã Tân Cương ạ.", ())
    text, missing = render(GREETING, {"name": "cô Hồng", "commune": None})
    assert (text, missing) == ("Dạ chào cô Hồng, xã {commune} ạ.", ("{commune}",))
    assert unfilled(text) == ("{commune}",)


def test_what_an_owner_is_called_is_no_place_to_fill() -> None:
    text, missing = render(GREETING, {"name": "{commune}", "commune": "Tân Cương"})
    assert (text, missing) == ("Dạ chào {commune}, xã Tân Cương ạ.", ())
    # and still it is not sent before somebody has looked
    assert unfilled(text) == ("{commune}",)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Dạ {name} ạ", ()),
        ("Dạ {ten} ạ", ("{ten}",)),
        ("Dạ {name ạ", ("{",)),
        ("Dạ name} ạ", ("}",)),
        ("{{name}}", ("{", "}")),
        ("{name.x}", ("{", "}")),
    ],
)
def test_only_known_places_may_be_written(text: str, wrong: tuple[str, ...]) -> None:
    assert wrong_places(text) == wrong


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("- {shortcut: ab, title: x, text: 'Dạ {ten} ạ'}", "không có biến {ten}"),
        ("- {shortcut: ab, title: x, text: a}\n  - {shortcut: ab, title: y, text: b}", "đã có"),
        ("- {shortcut: Á, title: x, text: a}", "viết sai khuôn"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, rows: str, problem: str) -> None:
    path = tmp_path / "canned_replies.yaml"
    path.write_text(f"replies:\n  {rows}\n")
    with pytest.raises(ContentError, match=re.escape(problem)):
        load_canned_replies(path)


def test_officers_own_replies_go_before_the_nations(database: Database, clock: ManualClock) -> None:
    national = {"chao": GREETING, "xong": CannedReply("xong", "Xong", "Dạ xong ạ.")}

    def work(connection: Connection) -> None:
        officer_id = officer_named(connection, "Hà", clock.now())
        number = keep(connection, CannedReply("chao", "Chào riêng", "Dạ em chào ạ."), officer_id, clock.now())
        first = all_replies(connection, national)[0]
        assert first == CannedReply("chao", "Chào riêng", "Dạ em chào ạ.", number, "Hà")
        with pytest.raises(ShortcutTaken):
            keep(connection, CannedReply("chao", "x", "y"), officer_id, clock.now())
        other = keep(connection, CannedReply("khac", "Khác", "Dạ khác ạ."), officer_id, clock.now())
        with pytest.raises(ShortcutTaken):
            keep(connection, CannedReply("chao", "x", "y", other), officer_id, clock.now())
        keep(connection, CannedReply("moi", "Mới", "Dạ mới ạ.", number), officer_id, clock.now())
        assert [one.shortcut for one in all_replies(connection, national)] == ["chao", "khac", "moi", "xong"]
        assert remove(connection, number) and not remove(connection, number)
        with pytest.raises(LookupError):
            keep(connection, CannedReply("moi", "Mới", "x", number), officer_id, clock.now())
        assert all_replies(connection, national)[0] == GREETING

    database.run_now(work)


def test_they_are_found_by_shortcut_first_and_by_words_without_accents(content: Content) -> None:
    replies = tuple(content.canned_replies.values())
    assert [one.shortcut for one in matching(replies, "hoi-")] == ["hoi-xa", "hoi-sdt", "hoi-them"]
    assert "lua-dao" in [one.shortcut for one in matching(replies, "chuyển tiền")]
    assert matching(replies, "CHAO")[0].shortcut == "chao"
    assert matching(replies, "") == replies
    assert matching(replies, "không có gì như thế") == ()


def test_every_variable_is_of_use(content: Content) -> None:
    used = {place[1:-1] for reply in content.canned_replies.values() for place in unfilled(reply.text)}
    assert used == set(VARIABLES)
