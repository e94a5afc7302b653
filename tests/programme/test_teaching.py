"""What officers say about phrases: nobody is overwritten in silence, and everything that was said stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bot.baton import officer_named
from programme import teaching
from programme.taught_phrases import key_of
from programme.teaching import Contradiction, Opinion, Verdict
from store.clock import ManualClock
from store.database import Database

PHRASE = "thuế khoán bỏ chưa"


def opinion(intent: str | None = "ask_tax", phrase: str = PHRASE, about: str = PHRASE) -> Opinion:
    verdict = Verdict.INTENT if intent else Verdict.NOT_A_QUESTION
    words = phrase if intent else ""
    return Opinion(key_of(about), words, key_of(words or about), verdict, intent)


class Room:
    """Two officers and a supervisor."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        names = ("Hà", "Bình", "Lan")
        self.ha, self.binh, self.lan = (
            database.run_now(lambda c, n=name: officer_named(c, n, clock.now())) for name in names
        )

    def say(self, said: Opinion, officer: int, **how: bool) -> int:
        return self.database.run_now(lambda c: teaching.say(c, said, officer, self.clock.now(), **how))

    def history(self, about: str = PHRASE) -> list[tuple[str, str | None, str, str | None]]:
        said = self.database.read_now(lambda c: teaching.history(c, key_of(about)))
        return [(one.officer, one.intent, one.state, one.ended_why) for one in reversed(said)]

    def lessons(self) -> list[tuple[str, str]]:
        return [(one.phrase, one.intent) for one in self.database.read_now(teaching.lessons)]


@pytest.fixture
def room(database: Database, clock: ManualClock) -> Room:
    return Room(database, clock)


def test_an_officer_may_change_their_own_word_and_it_stays_in_the_history(room: Room) -> None:
    first = room.say(opinion(), room.ha)
    assert room.say(opinion(), room.ha) == first  # saying it again
    room.say(opinion("ask_ai"), room.ha)
    assert room.history() == [("Hà", "ask_tax", "ended", "changed"), ("Hà", "ask_ai", "stands", None)]
    assert room.lessons() == [(PHRASE, "ask_ai")]


def test_a_colleague_who_disagrees_changes_nothing_until_a_supervisor_decides(room: Room) -> None:
    room.say(opinion(), room.ha)
    for other in (opinion("ask_ai"), opinion(None)):
        with pytest.raises(Contradiction) as refused:
            room.say(other, room.binh)
        assert (refused.value.said.officer, refused.value.said.intent) == ("Hà", "ask_tax")
    room.say(opinion("ask_ai"), room.binh, asks=True)
    assert room.lessons() == [(PHRASE, "ask_tax")]
    room.say(opinion("ask_ai"), room.lan, decides=True)
    assert room.history() == [
        ("Hà", "ask_tax", "ended", "decided"),
        ("Bình", "ask_ai", "ended", "decided"),
        ("Lan", "ask_ai", "stands", None),
    ]
    assert room.lessons() == [(PHRASE, "ask_ai")]


def test_a_supervisor_may_decide_for_what_stands(room: Room) -> None:
    room.say(opinion(), room.ha)
    room.say(opinion("ask_ai"), room.binh, asks=True)
    assert room.database.run_now(lambda c: teaching.keep_standing(c, key_of(PHRASE), room.lan, room.clock.now()))
    assert room.history() == [("Hà", "ask_tax", "stands", None), ("Bình", "ask_ai", "ended", "decided")]
    assert not room.database.run_now(lambda c: teaching.keep_standing(c, key_of(PHRASE), room.lan, room.clock.now()))


def test_who_comes_to_agree_with_what_stands_disputes_it_no_more(room: Room) -> None:
    stands = room.say(opinion(), room.ha)
    room.say(opinion("ask_ai"), room.binh, asks=True)
    assert room.say(opinion(), room.binh) == stands
    assert room.history() == [("Hà", "ask_tax", "stands", None), ("Bình", "ask_ai", "ended", "changed")]
    room.say(opinion("ask_ai"), room.binh, asks=True)
    room.database.run_now(lambda c: teaching.drop(c, [stands], room.ha, room.clock.now()))
    room.say(opinion("ask_ai"), room.binh)  # nothing stands against it any more
    assert [one[2] for one in room.history()] == ["ended", "ended", "ended", "stands"]


def test_another_phrase_that_is_edited_into_the_same_words_contradicts_as_well(room: Room) -> None:
    room.say(opinion(), room.ha)
    longer = opinion("ask_ai", about="cháu ơi thuế khoán bỏ chưa hả cháu")
    with pytest.raises(Contradiction):
        room.say(longer, room.binh)
    room.say(replace(longer, intent="ask_tax"), room.binh)
    assert room.lessons() == [(PHRASE, "ask_tax"), (PHRASE, "ask_tax")]
    room.say(longer, room.lan, decides=True)  # ends both: they would be trained against each other
    assert room.lessons() == [(PHRASE, "ask_ai")]


def test_what_is_dropped_waits_on_the_list_again_and_once(room: Room) -> None:
    number = room.say(opinion(), room.ha)
    drop = lambda: room.database.run_now(lambda c: teaching.drop(c, [number, 99], room.lan, room.clock.now()))  # noqa: E731
    assert (drop(), drop()) == (1, 0)
    assert room.history() == [("Hà", "ask_tax", "ended", "dropped")] and room.lessons() == []


def test_of_two_who_say_different_things_at_once_one_is_told_of_the_other(room: Room) -> None:
    def say(intent: str, officer: int) -> str:
        try:
            room.say(opinion(intent), officer)
        except Contradiction:
            return "told"
        return "stands"

    with ThreadPoolExecutor(2) as threads:
        came = [threads.submit(say, "ask_tax", room.ha), threads.submit(say, "ask_ai", room.binh)]
    assert sorted(one.result() for one in came) == ["stands", "told"]
    assert len(room.lessons()) == 1
