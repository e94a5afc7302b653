"""Codes that join channels: how long, how often and for whom they work."""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy import select

from programme import links
from programme.links import CODE_LIFE, TRIES, WRONG_CODES_AT_MOST, Link, Refusal
from store.channel_tables import link_code
from tests.programme.channels import MINUTE, Channels


def test_a_code_is_six_digits_and_only_its_keyed_hash_is_stored(channels: Channels) -> None:
    assert all(len(code := links.new_code()) == 6 and code.isdecimal() for _ in range(50))
    assert channels.show(channels.open())
    (row,) = channels.database.read_now(lambda c: list(c.execute(select(link_code)).all()))
    assert bytes(row.code_hash) == channels.keyring.hash("482913", "link_code")
    assert row.expires_at == channels.clock.now() + CODE_LIFE


def test_a_code_works_for_ten_minutes_and_once(channels: Channels) -> None:
    zalo, web, telegram = channels.open(), channels.open("webchat"), channels.open("telegram")
    channels.show(zalo)
    channels.clock.advance(CODE_LIFE - timedelta(seconds=1))
    found = channels.find(web)
    assert isinstance(found, Link)
    assert (found.shown_in, found.channel) == (zalo, "zalo")
    assert channels.use(web, found) == [web]
    assert channels.find(telegram) is Refusal.WRONG
    assert channels.use(telegram, found) is None


def test_an_expired_code_is_told_from_a_wrong_one(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    channels.show(zalo)
    channels.clock.advance(CODE_LIFE)
    assert channels.find(web) is Refusal.EXPIRED
    assert channels.find(web, "482914") is Refusal.WRONG


def test_a_new_code_replaces_the_old_one(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    assert channels.show(zalo, "111111")
    assert channels.show(zalo, "222222")
    assert channels.find(web, "111111") is Refusal.WRONG
    assert isinstance(channels.find(web, "222222"), Link)


def test_no_two_conversations_show_the_same_code(channels: Channels) -> None:
    assert channels.show(channels.open())
    assert not channels.show(channels.open())


def test_the_own_code_and_that_of_a_linked_channel_do_nothing(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    channels.show(zalo)
    assert channels.find(zalo) is Refusal.OWN
    channels.link(zalo, web)
    channels.show(zalo)
    assert channels.find(web) is Refusal.ALREADY


def test_a_conversation_may_try_only_so_often(channels: Channels) -> None:
    zalo, web, telegram = channels.open(), channels.open("webchat"), channels.open("telegram")
    for _ in range(TRIES):
        channels.hear(web)
    channels.hear(telegram, "xin chào", "greet")
    channels.clock.advance(MINUTE)
    channels.show(zalo)
    assert channels.find(web) is Refusal.TOO_MANY
    assert isinstance(channels.find(telegram), Link)
    channels.clock.advance(9 * MINUTE - timedelta(seconds=1))
    assert channels.find(web) is Refusal.TOO_MANY
    channels.clock.advance(timedelta(seconds=1))
    channels.show(zalo)
    assert isinstance(channels.find(web), Link)


def test_guessing_from_many_conversations_ends_the_codes_that_are_out(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    channels.show(zalo)
    found = channels.find(web)
    assert isinstance(found, Link)
    for _ in range(WRONG_CODES_AT_MOST):
        channels.database.run_now(lambda c: links.count_wrong_code(c, channels.clock.now()))
    assert channels.find(web) is Refusal.EXPIRED
    assert channels.use(web, found) is None
    channels.show(zalo)
    assert isinstance(channels.find(web), Link)


def test_of_two_owners_who_type_the_code_at_once_one_wins(channels: Channels) -> None:
    zalo, others = channels.open(), [channels.open("webchat"), channels.open("telegram")]
    channels.show(zalo)
    results: list[list[str] | None] = []
    both_have_looked = threading.Barrier(2)

    def type_it(talk: str) -> None:
        found = channels.find(talk)
        assert isinstance(found, Link)
        both_have_looked.wait(10)
        results.append(channels.use(talk, found))

    threads = [threading.Thread(target=type_it, args=(talk,)) for talk in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(result is None for result in results) == [False, True]
    assert len({channels.contact(talk) for talk in (zalo, *others)}) == 2
