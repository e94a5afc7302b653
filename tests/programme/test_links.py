"""Joining channels: which contact stays, what is carried over, what undoing restores, what is forgotten."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from programme import links, responses
from programme.links import Link
from store.channel_tables import channel_link
from store.survey_tables import survey_response
from store.tables import conversation
from tests.programme.channels import MINUTE, Channels

# --- who stays, what moves


def test_the_contact_whose_survey_changed_last_stays_else_the_older_one(channels: Channels) -> None:
    zalo, web, telegram = channels.open(), channels.open("webchat"), channels.open("telegram")
    oldest, middle, youngest = (channels.contact(talk) for talk in (zalo, web, telegram))
    assert channels.link(web, zalo) == [web]
    channels.survey(telegram)
    assert channels.contact(web) == oldest != middle
    assert set(channels.link(telegram, zalo) or ()) == {zalo, web}
    assert {channels.contact(talk) for talk in (zalo, web, telegram)} == {youngest}


def test_both_have_an_open_survey_and_neither_is_lost(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    left, kept = channels.survey(zalo, "Quán Cũ"), channels.survey(web, "Quán Mới")
    own = channels.contact(zalo)
    assert channels.link(zalo, web) == [zalo]
    opened = channels.database.read_now(lambda c: responses.find_open(c, channels.surveys, channels.contact(zalo)))
    assert opened is not None and opened.id == kept.id
    assert channels.unlink(web) == [zalo]
    assert channels.contact(zalo) == own
    back = channels.database.read_now(lambda c: responses.find_open(c, channels.surveys, own))
    assert back is not None and back.id == left.id and back.response == left.response


def test_a_turn_under_way_in_a_moved_conversation_starts_again(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    before = channels.version(web)
    channels.link(zalo, web)
    assert channels.version(web) == before + 1
    channels.unlink(zalo)
    assert channels.version(web) == before + 2


def test_what_has_changed_since_it_was_read_is_read_again(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    channels.show(zalo)
    found = channels.find(web)
    assert isinstance(found, Link)
    channels.survey(web)  # now the other contact would stay
    assert channels.use(web, found) is None
    again = channels.find(web)
    assert isinstance(again, Link) and (again.keeps, again.leaves) == (found.leaves, found.keeps)


def test_undoing_gives_every_conversation_its_own_contact_back(channels: Channels) -> None:
    zalo, web, telegram = channels.open(), channels.open("webchat"), channels.open("telegram")
    own = [channels.contact(talk) for talk in (zalo, web, telegram)]
    channels.link(zalo, web)
    channels.survey(telegram)
    channels.link(zalo, telegram)
    assert len({channels.contact(talk) for talk in (zalo, web, telegram)}) == 1
    assert channels.database.read_now(lambda c: links.home_channel(c, channels.contact(web))) == "telegram"
    assert set(channels.unlink(web) or ()) == {zalo, web}
    assert [channels.contact(talk) for talk in (zalo, web, telegram)] == own
    assert channels.unlink(web) == []
    assert channels.database.read_now(lambda c: links.home_channel(c, channels.contact(web))) is None


def test_at_most_one_link_of_a_conversation_is_in_force(channels: Channels) -> None:
    zalo, web, telegram = channels.open(), channels.open("webchat"), channels.open("telegram")
    first = channels.contact(web)
    channels.link(zalo, web)
    channels.survey(telegram)
    channels.link(web, telegram)
    rows = select(channel_link).filter_by(conversation_id=web, undone_at=None)
    (row,) = channels.database.read_now(lambda c: list(c.execute(rows).all()))
    assert (row.from_contact_id, row.to_contact_id) == (first, channels.contact(telegram))


# --- opt-outs and what is to be forgotten


def test_an_opt_out_of_either_side_counts_for_both(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    channels.opt_out(web)
    left = channels.contact(web)
    channels.link(zalo, web)
    assert channels.opted_out() == {left, channels.contact(zalo)}


def test_an_opt_out_said_while_linked_outlives_the_link_on_both_sides(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    channels.link(zalo, web)
    channels.clock.advance(MINUTE)
    channels.opt_out(web)
    channels.unlink(zalo)
    assert channels.opted_out() == {channels.contact(zalo), channels.contact(web)}


def test_an_older_opt_out_is_not_put_on_who_was_linked_by_mistake(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    channels.opt_out(zalo)
    channels.clock.advance(MINUTE)
    channels.link(zalo, web)
    channels.unlink(zalo)
    assert channels.opted_out() == {channels.contact(zalo)}


def forget(channels: Channels, talk: str) -> None:
    channels.database.run_now(
        lambda c: responses.forget(c, channels.keyring, channels.contact(talk), channels.clock.now())
    )


def test_forgetting_a_person_reaches_the_contacts_that_were_left(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    channels.hear(zalo, "Quán Bà Mười")
    channels.survey(zalo, "Quán Bà Mười")
    channels.hear(web, "Tạp hóa Hùng")
    channels.survey(web, "Tạp hóa Hùng")
    channels.link(zalo, web)
    forget(channels, web)
    assert channels.database.read_now(lambda c: c.execute(select(survey_response)).all()) == []
    said = " ".join(channels.texts(zalo) + channels.texts(web))
    assert "Quán Bà Mười" not in said and "Tạp hóa Hùng" not in said and "[đã xóa]" in said


def test_forgetting_after_the_link_was_undone_reaches_what_was_said_meanwhile_and_no_more(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    other = channels.survey(web, "Tạp hóa Hùng")
    channels.hear(web, "tôi hay mua ở Quán Bà Mười")
    mine = channels.survey(zalo, "Quán Bà Mười")
    channels.clock.advance(MINUTE)
    channels.link(zalo, web)
    channels.hear(web, "quán tôi là Quán Bà Mười")
    channels.unlink(web)
    channels.clock.advance(MINUTE)
    channels.hear(web, "Quán Bà Mười đông khách")
    forget(channels, zalo)
    left = channels.database.read_now(lambda c: list(c.scalars(select(survey_response.c.id))))
    assert left == [other.id] != [mine.id]
    before, meanwhile, after = channels.texts(web)[:3]
    assert (before, after) == ("tôi hay mua ở Quán Bà Mười", "Quán Bà Mười đông khách")
    assert "Bà Mười" not in meanwhile


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # only there are two writers at once
def test_a_conversation_that_somebody_is_changing_is_not_waited_for(channels: Channels) -> None:
    zalo, web = channels.open(), channels.open("webchat")
    channels.show(zalo)
    found = channels.find(web)
    assert isinstance(found, Link)
    with channels.database.engine.begin() as other:
        other.execute(update(conversation).filter_by(id=zalo).values(version=conversation.c.version + 1))
        with channels.database.engine.connect() as mine:
            assert links.link(mine, web, found, channels.clock.now()) is None
            mine.rollback()
    assert channels.use(web, found) == [web]
