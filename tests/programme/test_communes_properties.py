"""What holds for every text: offsets stay true, nothing raises, and no typo leads in silence to another commune."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from nlu.components.commune_finder import CommuneFinder
from nlu.components.commune_typos import NO_NAME_WORDS
from nlu.components.text import compose, fold
from programme.communes import ALTERNATIVES, Kind, Mention, Resolution
from programme.content import Content, load_content
from programme.place_names import name_key, words
from tests.programme.conftest import Understand, word_list

CONTENT = load_content()
COMMUNES = CONTENT.communes.communes("thai-nguyen")
FULL_NAMES = {commune.full_name[0].upper() + commune.full_name[1:]: commune for commune in COMMUNES}
KEYS = {
    name_key(name.removeprefix(unit))
    for name in CONTENT.communes.lookup_examples()
    for unit in ("Thị trấn ", "Thành phố ", "Huyện ", "Phường ", "Xã ")
    if name.startswith(unit)
}
FINDER = CommuneFinder(
    CONTENT.communes.lookup_examples(),
    CONTENT.communes.province_names(),
    word_list("everyday_word"),
    word_list("before_other_name"),
)

LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵfjwz"
PROVINCES = st.sampled_from(["thai-nguyen", "thanh-hoa"])
# Texts that are full of names, units and their pieces, in every form of Unicode, or of anything at all.
PIECES = st.sampled_from(
    [
        *CONTENT.communes.lookup_examples(),
        "xã",
        "p.",
        "tt",
        "phường",
        "cũ",
        "ở",
        "tỉnh",
        "/",
        " / ",
        ", ",
        " ",
        "\u0301",
        "😀",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=LETTERS + LETTERS.upper() + " .,-/", max_size=60),
    st.lists(PIECES, max_size=6).map(" ".join),
)
FORMS = st.sampled_from(["NFC", "NFD", "NFKD"])


@given(TEXTS, FORMS)
@example("가", "NFD")
@example("\u1100\u1161\u0301", "NFC")
def test_folding_keeps_length_and_composing_keeps_places(text: str, form: str) -> None:
    given_text = unicodedata.normalize(form, text)
    composed = compose(given_text)
    assert len(fold(given_text)) == len(composed.text) == len(composed.starts) - 1
    assert all(a <= b for a, b in pairwise(composed.starts))
    assert composed.starts[0] == 0 and composed.starts[-1] == len(given_text)
    if unicodedata.is_normalized("NFC", given_text):
        assert composed.text == given_text


@given(st.text(alphabet=LETTERS + LETTERS.upper() + " ,.", max_size=60), st.data())
def test_a_piece_of_the_composed_text_is_the_piece_of_the_original_it_came_from(text: str, data: st.DataObject) -> None:
    original = unicodedata.normalize("NFD", text)
    composed = compose(original)
    first = data.draw(st.integers(0, len(composed.text)))
    last = data.draw(st.integers(first, len(composed.text)))
    piece = original[composed.starts[first] : composed.starts[last]]
    assert unicodedata.normalize("NFC", piece) == composed.text[first:last]


@given(TEXTS, FORMS)
@settings(max_examples=300, deadline=None)
def test_mentions_are_ordered_pieces_of_the_text_with_known_names(text: str, form: str) -> None:
    text = unicodedata.normalize(form, text)
    found = FINDER.find(text)
    assert all(0 <= one.start < one.end <= len(text) and 0 < one.confidence <= 1 for one in found)
    assert all(one.end <= following.start for one, following in pairwise(found))
    assert all(name_key(name) in KEYS for one in found for name in one.value.split(ALTERNATIVES))


@given(st.one_of(st.text(max_size=30), st.sampled_from(sorted(KEYS)), PIECES), TEXTS, PROVINCES)
@settings(max_examples=300, deadline=None)
def test_resolving_one_mention_never_raises(value: str, surface: str, province: str) -> None:
    _is_coherent(CONTENT.communes.resolve(value, surface, province))


@given(TEXTS, PROVINCES, st.lists(st.tuples(st.sampled_from(sorted(KEYS)), st.integers(0, 70), st.integers(0, 9))))
@settings(max_examples=300, deadline=None)
def test_resolving_several_mentions_never_raises(text: str, province: str, spans: list[tuple[str, int, int]]) -> None:
    mentions = [Mention(value, start, start + length) for value, start, length in spans]
    _is_coherent(CONTENT.communes.resolve_all(mentions, text, province))


def _is_coherent(resolution: Resolution) -> None:
    """The fields that a kind promises are there."""
    if resolution.kind in (Kind.CURRENT, Kind.OLD_UNIT, Kind.SAME_AS_DISTRICT):
        assert resolution.commune is not None
    if resolution.kind in (Kind.AMBIGUOUS, Kind.SPLIT):
        assert len(resolution.choices) > 1
    if resolution.kind in (Kind.DISTRICT, Kind.SAME_AS_DISTRICT):
        assert resolution.district is not None and resolution.choices
    if resolution.kind in (Kind.OLD_UNIT, Kind.SPLIT):
        assert resolution.old_units
    if resolution.kind is Kind.UNKNOWN:
        assert not resolution.communes
    assert resolution.typed is None or len(resolution.typed) <= 40


@st.composite
def mistyped(draw: st.DrawFn) -> tuple[str, str]:
    """(full name, the same with one letter inserted, deleted, replaced or swapped); spaces stay where they are."""
    full_name = draw(st.sampled_from(sorted(FULL_NAMES)))
    at = draw(st.sampled_from([i for i, letter in enumerate(full_name) if letter != " "]))
    letter = draw(st.sampled_from(LETTERS))
    before, here, after = full_name[:at], full_name[at], full_name[at + 1 :]
    edits = [before + letter + here + after, before + here + letter + after, before + letter + after]
    if after[:1].strip():
        edits += [before + after, before + after[0] + here + after[1:]]
    return full_name, draw(st.sampled_from(edits))


@given(mistyped())
@example(("Xã An Khánh", "Xã Tan Khánh"))
@example(("Xã Phú Lương", "Xã Phú cLương"))
@example(("Phường Quan Triều", "ữhường Quan Triều"))
@example(("Phường Sông Công", "P hường Sông Công"))
@example(("Phường Gia Sàng", "Phường Giao Sàng"))
@example(("Xã Phú Lương", "Xã chú Lương"))
@example(("Xã Thượng Minh", "Xã Thượngn Minh"))
@example(("Xã Định Hóa", "Xã Định Hòa"))
@example(("Xã Vạn Phú", "Xã Văn Phú"))
@settings(max_examples=1000, deadline=None)
def test_a_typo_leads_to_its_commune_or_to_a_question_with_it(understand: Understand, typo: tuple[str, str]) -> None:
    full_name, typed = typo
    # A typo that is the name of another place, accents included, cannot be told from it.
    assume(" ".join(words(typed)[1:]).lower() not in OTHER_SPELLINGS)
    resolution = understand(typed)
    if resolution.kind is Kind.UNKNOWN:  # "xã Thanh ai": the bot asks for the commune
        assert {word.lower() for word in words(typed)} & NO_NAME_WORDS
    else:
        assert FULL_NAMES[full_name] in resolution.communes
    if resolution.kind in (Kind.CURRENT, Kind.OLD_UNIT):
        assert resolution.commune == FULL_NAMES[full_name]


OTHER_SPELLINGS = {
    name.removeprefix(unit).lower()
    for name in CONTENT.communes.lookup_examples()
    for unit in ("Thị trấn ", "Thành phố ", "Huyện ", "Phường ", "Xã ")
    if name.startswith(unit)
}


def test_the_finder_of_these_tests_knows_what_the_bot_knows(content: Content) -> None:
    assert content.communes.lookup_examples() == CONTENT.communes.lookup_examples()
