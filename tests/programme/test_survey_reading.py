"""Owners' sentences at every question: what each chooses, and above all what it must not choose."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from programme.content import Content
from programme.survey.definition import NA, Item
from programme.survey.reading import Between, Chosen, NoSuchNumber, Said, TooMany, read_option

# A meaning is an option's value, a frozenset to ask between, a tuple of several, or one of these.
Meaning = int | str | frozenset[int | str] | tuple[str, ...]
NOTHING, NO_SUCH_NUMBER, TOO_MANY = "nothing", "no_such_number", "too_many"
TABLES = yaml.safe_load((Path(__file__).parent / "survey_said.yaml").read_text("utf-8"))
TUNED, HELD_OUT = TABLES["tuned"], TABLES["held_out"]


def _rows(table: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, str, Meaning]]:
    """(item, what is written, what it means)"""
    for id_, rows in table.items():
        for row in rows:
            for text in row["said"]:
                yield id_, text, _meant(row)


def _meant(row: dict[str, Any]) -> Meaning:
    if "between" in row:
        return frozenset(row["between"])
    means: Meaning = tuple(sorted(row["several"])) if "several" in row else row.get("option", row.get("is"))
    return means


def _read(content: Content, item: Item, text: str) -> Said | None:
    return read_option(item, [option.value for option in item.options], text, content.words_of)


def _meaning(said: Said | None) -> Meaning:
    if isinstance(said, Chosen):
        return tuple(sorted(said.answer)) if isinstance(said.answer, list) else said.answer
    if isinstance(said, Between):
        return frozenset(option.value for option in said.options)
    if isinstance(said, NoSuchNumber):
        return NO_SUCH_NUMBER
    return TOO_MANY if isinstance(said, TooMany) else NOTHING


@pytest.mark.parametrize("id_", TUNED)
def test_an_owners_words_mean_what_they_say(content: Content, id_: str) -> None:
    item = content.surveys.version("1.1.0").by_id[id_]
    for _, text, means in _rows({id_: TUNED[id_]}):
        assert (text, _meaning(_read(content, item, text))) == (text, means)


@pytest.mark.parametrize("around", ["dạ {} ạ", "{} nhé em", "em ơi {}", "{}!"])
def test_neither_capitals_nor_politeness_change_what_is_meant(content: Content, around: str) -> None:
    survey = content.surveys.version("1.1.0")
    for id_, text, means in _rows(TUNED):
        if means != NOTHING:  # "alo" is nothing, whatever stands around it
            for spoken in (around.format(text), around.format(text).upper()):
                said = _meaning(_read(content, survey.by_id[id_], spoken))
                assert (spoken, said) == (spoken, means)


def test_no_unseen_sentence_is_read_as_a_wrong_option(content: Content) -> None:
    survey = content.surveys.version("1.1.0")
    rows = list(_rows(HELD_OUT))
    wrong, understood = [], 0
    for id_, text, means in rows:
        said = _meaning(_read(content, survey.by_id[id_], text))
        understood += said == means
        # not to be understood is no harm, nor to be asked between options one of which is meant
        if said not in (means, NOTHING, NO_SUCH_NUMBER, TOO_MANY) and not (
            isinstance(said, frozenset) and means in said
        ):
            wrong.append((id_, text, said))
    assert wrong == []
    assert understood / len(rows) > 0.75


def test_the_tables_cover_every_item_that_has_options(content: Content) -> None:
    survey = content.surveys.version("1.1.0")
    assert set(TUNED) == {item.id for item in survey.items if item.options}
    assert len(list(_rows(TUNED))) > 900 and len(list(_rows(HELD_OUT))) > 200


# "không" before what an option says, at every option of every question: never that option.
@pytest.mark.parametrize(
    "no",
    ["không {}", "tôi chưa {}", "không bao giờ {}", "làm gì có {}", "{} thì không", "có {} đâu", "muốn {}", "trước {}"],
)
def test_what_is_denied_or_wished_is_never_chosen(content: Content, no: str) -> None:
    survey = content.surveys.version("1.1.0")
    questions = [item for item in survey.items if item.section == "question" and item.id != "NL01"]
    denials = re.compile(r"\b(?:không|chưa|chẳng|nỏ|đừng|muốn|gì)\b", re.IGNORECASE)
    plain = [
        (item, option, phrase)
        for item in questions
        for option in item.options
        for phrase in (option.button.vi, *option.also)
        if not denials.search(phrase) and not phrase[0].isdigit()
    ]
    assert len(plain) > 400
    for item, option, phrase in plain:
        said = _meaning(_read(content, item, no.format(phrase.lower())))
        assert (phrase, said) != (phrase, option.value)


@pytest.mark.parametrize("text", ["", " ", "?", "…", "👍", "a" * 5000, "ghi sổ " * 2000, "1" * 3000, "\u0301" * 50])
def test_anything_may_be_written(content: Content, text: str) -> None:
    for item in content.surveys.latest.items:
        if item.options:
            assert not isinstance(_read(content, item, text), Chosen) or text == ""


def test_only_what_may_be_chosen_now_is_read(content: Content) -> None:
    item = content.surveys.latest.by_id["CN07"]
    values = [option.value for option in item.options if option.value != NA]
    assert read_option(item, values, "không cần hóa đơn", content.words_of) is None
    assert read_option(item, values, "6", content.words_of) == NoSuchNumber("6", 5)


def test_a_long_story_is_an_answer_only_where_it_names_one(content: Content) -> None:
    item = content.surveys.latest.by_id["CN02"]
    story = "nhà bác bán hàng ở chợ từ năm hai nghìn đến giờ cứ sáng dậy sớm đi lấy hàng rồi về bày ra bán cho bà con, "
    assert _read(content, item, story + "ghi sổ giấy thôi") == Chosen(1)
    assert _read(content, item, story + "bán mua đông lắm") is None


def test_reading_takes_less_than_a_millisecond(content: Content) -> None:
    survey = content.surveys.version("1.1.0")
    rows = [(survey.by_id[id_], text) for id_, text, _ in _rows(TUNED)]
    for item, text in rows:
        _read(content, item, text)
    begin = time.process_time()  # of this process: what else the machine does is no matter
    for item, text in rows:
        _read(content, item, text)
    assert (time.process_time() - begin) / len(rows) < 0.001
