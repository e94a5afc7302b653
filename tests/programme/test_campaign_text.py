"""Texts of bulk messages: variables, the accent-free form, and how many SMS they are."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme import campaign_text, short_links
from programme.campaign_text import MissingValue, check, plain, render, worst_case
from programme.sms_parts import Encoding, parts
from store.crypto import Keyring


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", Encoding.GSM7, 0, 0),
        ("a" * 160, Encoding.GSM7, 160, 1),
        ("a" * 161, Encoding.GSM7, 161, 2),
        ("a" * 306, Encoding.GSM7, 306, 2),
        ("a" * 307, Encoding.GSM7, 307, 3),
        ("€" * 80, Encoding.GSM7, 160, 1),
        ("[QC]", Encoding.GSM7, 6, 1),
        ("a" * 152 + "€" + "a" * 152, Encoding.GSM7, 306, 3),  # the escape does not fit behind 152
        ("ạ" * 70, Encoding.UCS2, 70, 1),
        ("ạ" * 71, Encoding.UCS2, 71, 2),
        ("ạ" * 134, Encoding.UCS2, 134, 2),
        ("ạ" * 135, Encoding.UCS2, 135, 3),
        ("😀" * 35, Encoding.UCS2, 70, 1),
        ("a" * 66 + "😀" + "a" * 66, Encoding.UCS2, 134, 3),  # a surrogate is never cut
        (unicodedata.normalize("NFD", "ạ") * 70, Encoding.UCS2, 70, 1),
    ],
)
def test_lengths_at_their_edges(text: str, encoding: Encoding, units: int, count: int) -> None:
    needed = parts(text)
    assert (needed.encoding, needed.units, needed.parts) == (encoding, units, count)


def test_of_the_vietnamese_letters_seven_cost_nothing_and_the_others_are_named() -> None:
    assert parts("àèéìòùÉ").costly == ()
    assert parts("Đường về quê – “chợ”").costly == ("Đ", "ư", "ờ", "ề", "ê", "–", "“", "ợ", "”")


@given(st.text(max_size=400))
def test_parts_hold_the_text_and_one_fewer_would_not(text: str) -> None:
    needed = parts(text)
    joined = 153 if needed.encoding is Encoding.GSM7 else 67
    if needed.parts > 1:
        assert (needed.parts - 1) * (joined - 1) < needed.units <= needed.parts * joined
    assert (needed.encoding is Encoding.UCS2) == bool(needed.costly)


@given(st.text(max_size=200))
def test_what_is_plain_costs_no_unicode_and_stays_what_it_is(text: str) -> None:
    simple = plain(text)
    assert parts(simple).encoding is Encoding.GSM7
    assert plain(simple) == simple.replace("`", "'")
    assert simple.isascii()


def test_plain_text_keeps_the_letters_the_line_and_the_variables() -> None:
    text = "Đợt 2 – “miễn phí” cho {{ name }}…\nĐường\xa0Nguyễn"
    assert plain(text) == 'Dot 2 - "mien phi" cho {{ name }}...\nDuong Nguyen'
    assert plain(unicodedata.normalize("NFD", "Chợ Đồn")) == "Cho Don"


def test_a_variable_nobody_has_is_named_with_the_likely_ones() -> None:
    (problem,) = check("Chào {{ nam }}, mời xem {{ link }}")
    assert (problem.code, problem.about) == ("variable_unknown", "nam")
    assert "{{ name }}" in problem.words
    assert check("Chào {{name}}") == []


@pytest.mark.parametrize("text", ["{{ name", "name }}", "{{ {{ name }}", "{{ name }} }}", "{ name }"])
def test_a_lone_brace_is_told(text: str) -> None:
    assert "variable_unclosed" in [problem.code for problem in check(text)]


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_text_is_told(text: str) -> None:
    assert [problem.code for problem in check(text)] == ["text_empty"]


def test_a_value_is_never_read_as_a_text_with_variables() -> None:
    assert render("Chào {{ name }}", {"name": "{{ link }}", "link": "x"}) == "Chào {{ link }}"


def test_a_missing_value_is_told_by_name() -> None:
    for values in ({}, {"shop": "  "}):
        with pytest.raises(MissingValue) as missing:
            render("Cửa hàng {{ shop }}", values)
        assert missing.value.name == "shop"


VALUES = st.one_of(
    st.text(max_size=90),
    st.text(alphabet="…™№≤½ﬁ", min_size=25, max_size=90),  # become several signs each
    st.text(alphabet="[]{}\\~^|€", min_size=25, max_size=90),  # take two places each
    st.text(alphabet="😀🏪ạ", min_size=25, max_size=90),
)


@given(
    st.dictionaries(st.sampled_from(["name", "commune", "vendor", "shop", "class", "place"]), VALUES, min_size=1),
    st.booleans(),
)
def test_no_recipient_costs_more_than_the_worst_case(values: dict[str, str], accents: bool) -> None:
    text = "".join(f"{{{{ {name} }}}} " for name in values) + "."
    try:
        sent = render(text, values, accents=accents)
    except MissingValue:
        return
    most, needed = parts(worst_case(text, accents=accents)), parts(sent)
    assert needed.parts <= most.parts
    assert accents or (needed.encoding is Encoding.GSM7 and needed.units <= most.units)


def test_a_name_of_which_nothing_is_left_without_accents_is_missing() -> None:
    assert render("{{ shop }}", {"shop": "小店"}) == "小店"
    with pytest.raises(MissingValue):
        render("{{ shop }}", {"shop": "小店 😀"}, accents=False)
    assert render("{{ shop }}", {"shop": "Quán [Đào] {1}\x1b\x00"}, accents=False) == "Quan (Dao) (1)"


def test_a_picture_is_two_units_and_is_never_cut_in_two() -> None:
    assert campaign_text.shortened("😀" * 20, 30) == "😀" * 15
    assert campaign_text.shortened("a" + "😀" * 20, 30) == "a" + "😀" * 14


def test_the_addresses_of_a_hotline_with_a_long_name_are_counted(keyring: Keyring) -> None:
    address = "https://hotline-chuyendoiso.thainguyen.gov.vn"
    most = short_links.longest(address)
    assert len(short_links.stop_link(address, keyring, 10**9)) <= most
    assert len(worst_case("{{ link }} {{ stop }}", accents=False, link=most)) == 2 * most + 1


def test_a_long_name_is_cut_between_words() -> None:
    name = "Cửa hàng tạp hóa tổng hợp Nguyễn Thị Hoa"
    assert render("{{ shop }}", {"shop": name}) == "Cửa hàng tạp hóa tổng hợp"
