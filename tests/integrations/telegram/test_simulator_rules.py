"""The simulator's rules by themselves: parameters, texts, keyboards, limits, the queue of updates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.telegram.sim_keyboard import read_markup
from integrations.telegram.sim_limits import Pace, SendLimits
from integrations.telegram.sim_parameters import Refused, as_parameters
from integrations.telegram.sim_text import commands_in, read_html, utf16_length
from integrations.telegram.sim_updates import KEPT, Update, Updates

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def reason(markup: str) -> str:
    with pytest.raises(Refused) as refused:
        read_html(markup)
    return refused.value.description.removeprefix("Bad Request: can't parse entities: ")


# ---- texts


def test_lengths_are_utf16_units() -> None:
    assert [utf16_length(text) for text in ("ấ", "👍", "🇻🇳", "a👍")] == [1, 2, 4, 3]


def test_html_becomes_entities_counted_in_utf16_units() -> None:
    text, entities = read_html(' 👍 <b>Chào <i>chị</i></b> &amp; <a href="https://a.vn/?x=1&amp;y=2">đây</a> &copy;')
    assert text == "👍 Chào chị & đây &copy;"
    assert entities == [
        {"type": "bold", "offset": 3, "length": 8},
        {"type": "italic", "offset": 8, "length": 3},
        {"type": "text_link", "offset": 14, "length": 3, "url": "https://a.vn/?x=1&y=2"},
    ]


@pytest.mark.parametrize(
    ("markup", "wrong"),
    [
        ("giá < 5 triệu", 'Unsupported start tag "" at byte offset 5'),
        ("ấ <div>x</div>", 'Unsupported start tag "div" at byte offset 4'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("a <b", "Unclosed start tag at byte offset 2"),
    ],
)
def test_broken_html_is_refused_with_the_place_in_bytes(markup: str, wrong: str) -> None:
    assert reason(markup) == wrong


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_escaped_text_is_shown_as_it_was(text: str) -> None:
    assert read_html(escape(text, quote=False)) == (text.strip(), [])


@given(st.text("<>/abi &;\"'=hrefpxđ👍"))
def test_any_markup_is_read_or_refused(markup: str) -> None:
    try:
        text, entities = read_html(markup)
    except Refused:
        return
    assert all(0 <= one["offset"] < one["offset"] + one["length"] <= utf16_length(text) for one in entities)


def test_commands_are_found_where_a_person_typed_them() -> None:
    found = commands_in("👍 /khaosat rồi /canbo@ten_bot, a/b và http://x/y")
    assert [(one["offset"], one["length"]) for one in found] == [(3, 8), (16, 14)]


# ---- parameters


def test_nested_objects_come_as_json_or_as_a_string_of_json() -> None:
    keyboard = {"inline_keyboard": [[{"text": "Có", "callback_data": "/c"}]]}
    nested = as_parameters({"reply_markup": keyboard, "text": "null", "chat_id": 5, "flag": True, "none": None})
    assert read_markup(nested, True) == keyboard
    assert (nested.text("text"), nested.text("chat_id"), nested.flag("flag"), nested.text("none")) == (
        "null",
        "5",
        True,
        "",
    )
    as_text = '{"inline_keyboard": [[{"text": "Có", "callback_data": "/c"}]]}'
    assert read_markup(as_parameters({"reply_markup": as_text}), True) == keyboard


def test_numbers_are_brought_into_their_bounds() -> None:
    parameters = as_parameters({"limit": 500, "timeout": "abc"})
    assert parameters.whole("limit", 100, 1, 100) == 100
    assert parameters.whole("timeout", 5, 0, 50) == 0
    assert parameters.whole("offset", 7, 0, 50) == 7


# ---- keyboards


def inline(*rows: list[Any]) -> Any:
    return as_parameters({"reply_markup": {"inline_keyboard": list(rows)}})


def button(data: Any = "/c", text: Any = "Có") -> dict[str, Any]:
    return {"text": text, "callback_data": data}


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([[button("")]], "BUTTON_DATA_INVALID"),
        ([[button("ấ" * 22)]], "BUTTON_DATA_INVALID"),  # 66 bytes in 22 characters
        ([[{"text": "Có"}]], "Text buttons are unallowed in the inline keyboard"),
        ([[button(text=" ")]], 'Field "text" must be a non-empty String'),
        ([[{"text": "Xem", "url": "javascript:alert(1)"}]], "BUTTON_URL_INVALID"),
        ([["Có"]], "InlineKeyboardButton must be an Object"),
        ([button()], "must be an Array of Arrays"),
        ([[button()] * 9], "REPLY_MARKUP_TOO_LONG"),
        ([[button()]] * 101, "REPLY_MARKUP_TOO_LONG"),
    ],
)
def test_a_keyboard_beyond_the_rules_is_refused(rows: list[Any], wrong: str) -> None:
    with pytest.raises(Refused, match=wrong):
        read_markup(inline(*rows), strict_size=True)


def test_a_keyboard_at_the_limits_is_taken() -> None:
    rows = [[button("ấ" * 21 + "a")] * 8] * 12
    assert read_markup(inline(*rows), strict_size=True) is not None
    assert read_markup(inline([button()] * 9), strict_size=False) is not None


# ---- limits


def limits(extend: bool = True) -> SendLimits:
    return SendLimits(Pace(1 / 30, 30), Pace(1, 3), Pace(3, 20), extend)


def told_to_wait(limits: SendLimits, chat: int, at: float, group: bool = False) -> int:
    try:
        limits.take(chat, group, NOW + timedelta(seconds=at))
    except Refused as refused:
        return refused.parameters["retry_after"]
    return 0


def test_one_chat_takes_three_at_once_then_one_a_second() -> None:
    paced = limits()
    assert [told_to_wait(paced, 1, 0) for _ in range(4)] == [0, 0, 0, 1]
    assert told_to_wait(paced, 2, 0) == 0
    assert [told_to_wait(paced, 1, at) for at in (1, 2, 3)] == [0, 0, 0]


def test_all_chats_together_take_thirty_a_second() -> None:
    paced = limits()
    assert [told_to_wait(paced, chat, 0) for chat in range(31)] == [0] * 30 + [1]
    assert told_to_wait(paced, 99, 1) == 0


def test_a_group_takes_twenty_a_minute() -> None:
    paced = limits()
    assert [told_to_wait(paced, -1, at, group=True) for at in range(29)] == [0] * 29
    assert told_to_wait(paced, -1, 29, group=True) > 0


@pytest.mark.parametrize(("extend", "waits"), [(True, [1, 2, 3]), (False, [1, 1, 1])])
def test_coming_back_too_early_makes_the_wait_longer_if_so_switched(extend: bool, waits: list[int]) -> None:
    paced = limits(extend)
    for _ in range(3):
        told_to_wait(paced, 1, 0)
    assert [told_to_wait(paced, 1, at) for at in (0, 0.1, 0.2)] == waits
    assert told_to_wait(paced, 1, 0.2 + waits[-1]) == 0


def test_a_clock_set_back_makes_nobody_wait() -> None:
    paced = limits()
    assert [told_to_wait(paced, 1, 3600) for _ in range(4)] == [0, 0, 0, 1]
    assert told_to_wait(paced, 1, 0) == 0


# ---- the queue


def queue(count: int) -> Updates:
    updates = Updates(100)
    for number in range(count):
        updates.add({"message": {"n": number}}, lane=number % 2, now=NOW)
    return updates


def ids(found: list[dict[str, Any]]) -> list[int]:
    return [update["update_id"] for update in found]


def test_an_offset_acknowledges_everything_before_it_and_a_negative_one_counts_from_the_end() -> None:
    updates = queue(5)
    assert ids(updates.get(0, 2, NOW)) == [100, 101]
    assert ids(updates.get(0, 100, NOW)) == [100, 101, 102, 103, 104]
    assert ids(updates.get(102, 100, NOW)) == [102, 103, 104]
    assert ids(updates.get(-1, 100, NOW)) == [104]
    assert ids(updates.get(0, 100, NOW)) == [104]


def test_after_ids_begin_anew_a_high_offset_gives_the_queue_from_its_head_and_forgets_nothing() -> None:
    updates = queue(2)
    updates.get(102, 100, NOW)
    updates.next_id = 7
    updates.add({"message": {}}, 0, NOW)
    assert ids(updates.get(102, 100, NOW)) == [7]
    assert ids(updates.get(102, 100, NOW)) == [7]
    assert ids(updates.get(8, 100, NOW)) == []


def test_an_update_is_kept_a_day() -> None:
    updates = queue(1)
    assert updates.count(NOW + KEPT) == 1
    assert updates.count(NOW + KEPT + timedelta(seconds=1)) == 0
    assert updates.lanes() == []


def test_a_lane_gives_its_next_only_after_the_first_was_taken() -> None:
    updates = queue(4)
    first = updates.head(0, NOW)
    assert first is not None and first.update.id == 100
    assert updates.head(0, NOW) is first
    updates.acknowledge(first)
    second = updates.head(0, NOW)
    assert second is not None and second.update.id == 102
    updates.acknowledge(second)
    assert updates.head(0, NOW) is None and updates.lanes() == [1]


def test_an_acknowledged_update_can_come_again_under_its_old_id() -> None:
    updates = queue(1)
    updates.get(101, 100, NOW)
    known = updates.known(100)
    assert isinstance(known, Update)
    updates.put(known, NOW)
    assert ids(updates.get(0, 100, NOW)) == [100]
