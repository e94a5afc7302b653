"""Joining channels: what counts as a code, which contact stays, what is carried over, and what undoing restores."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, update

from bot.secrets import mask
from programme import links, responses
from programme.content import Content
from programme.links import CODE_LIFE, TRIES, WRONG_CODES_AT_MOST, Link, Refusal
from programme.links_said import link_code_said, wants_channels_apart, wants_link_code
from programme.responses import Kept, Origin
from programme.survey.definition import CONSENT, FORM
from programme.survey.response import Response
from store.channel_tables import channel_link, link_code
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.survey_tables import survey_response
from store.tables import conversation, inbound, opt_out, outbound

MINUTE = timedelta(minutes=1)


class Channels:
    """Conversations of different contacts, and what is done with them, each step its own transaction."""

    def __init__(self, database: Database, keyring: Keyring, clock: ManualClock, content: Content) -> None:
        self.database, self.keyring, self.clock, self.surveys = database, keyring, clock, content.surveys

    def open(self, channel: str = "zalo") -> str:
        self.clock.advance(timedelta(seconds=1))

        def begin(connection: Connection) -> str:
            row = {"id": uuid.uuid4().hex, "channel": channel, "address": uuid.uuid4().hex, "province": "thai-nguyen"}
            row |= {"contact_id": Contacts(connection, self.keyring).add(self.clock.now()), "holder": "bot"}
            connection.execute(insert(conversation).values(**row, version=0, last_seq=0, created_at=self.clock.now()))
            return str(row["id"])

        return self.database.run_now(begin)

    def contact(self, talk: str) -> int:
        return int(self.database.read_now(lambda c: c.scalar(select(conversation.c.contact_id).filter_by(id=talk))))

    def version(self, talk: str) -> int:
        return int(self.database.read_now(lambda c: c.scalar(select(conversation.c.version).filter_by(id=talk))))

    def show(self, talk: str, code: str = "482913") -> bool:
        return self.database.run_now(lambda c: links.keep_code(c, talk, code, self.clock.now()))

    def find(self, talk: str, code: str = "482913") -> Link | Refusal:
        return self.database.read_now(lambda c: links.find_link(c, talk, code, self.clock.now()))

    def link(self, there: str, here: str) -> list[str] | None:
        """Shown in `there`, typed in `here`."""
        assert self.show(there)
        found = self.find(here)
        assert isinstance(found, Link)
        return self.use(here, found)

    def use(self, here: str, found: Link) -> list[str] | None:
        return self.database.run_now(lambda c: links.link(c, here, found, self.clock.now()))

    def unlink(self, talk: str) -> list[str] | None:
        return self.database.run_now(lambda c: links.unlink(c, self.contact(talk), self.clock.now()))

    def survey(self, talk: str, name: str = "Quán Ba Lan") -> Kept:
        self.clock.advance(MINUTE)
        answers = {CONSENT: "yes_only", FORM: "core", "P01": name}
        kept = Kept(Response(self.surveys.latest, answers), Origin(self.contact(talk), "zalo", "thai-nguyen", talk))
        return self.database.run_now(lambda c: responses.save(c, self.keyring, kept, self.clock.now()))

    def hear(self, talk: str, text: str = "LK000000", intent: str = links.USE_CODE) -> int:
        """A message that was read, and what the bot said back; the message's number."""

        def store(connection: Connection) -> int:
            number = update(conversation).filter_by(id=talk).values(last_seq=conversation.c.last_seq + 2)
            seq = connection.execute(number.returning(conversation.c.last_seq)).scalar_one()
            row = {"conversation_id": talk, "channel": "zalo", "provider_message_id": uuid.uuid4().hex, "text": text}
            row |= {
                "seq": seq - 1,
                "kind": "message",
                "status": "answered",
                "attempts": 1,
                "reading": {"intent": intent},
            }
            heard = insert(inbound).values(**row, received_at=self.clock.now()).returning(inbound.c.id)
            id_ = int(connection.execute(heard).scalar_one())
            said = {"conversation_id": talk, "seq": seq, "sender": "bot", "reply": {"text": f"Dạ {text}"}}
            connection.execute(insert(outbound).values(**said, created_at=self.clock.now()))
            return id_

        return self.database.run_now(store)

    def opt_out(self, talk: str) -> None:
        said = {"contact_id": self.contact(talk), "channel": "zalo", "inbound_id": self.hear(talk, "stop", "opt_out")}
        self.database.run_now(lambda c: c.execute(insert(opt_out).values(**said, at=self.clock.now())))

    def opted_out(self) -> set[int]:
        return set(self.database.read_now(lambda c: list(c.scalars(select(opt_out.c.contact_id)))))

    def texts(self, talk: str) -> list[str]:
        def look(connection: Connection) -> list[str]:
            heard = select(inbound.c.text).filter_by(conversation_id=talk).order_by(inbound.c.seq)
            said = select(outbound.c.reply).filter_by(conversation_id=talk).order_by(outbound.c.seq)
            return [*connection.scalars(heard), *(reply["text"] for reply in connection.scalars(said))]

        return self.database.read_now(look)


@pytest.fixture
def channels(database: Database, keyring: Keyring, clock: ManualClock, content: Content) -> Channels:
    return Channels(database, keyring, clock, content)


# --- what owners write

CODES = """LK482913|lk482913|LK 482 913|lk 482-913|Lk: 482913|L K 482.913|mã của tôi là lk 482 913 ạ|LK482913.
|dạ LK 482913|mã nối kênh LK482913 đây em|ＬＫ４８２９１３|mã xác nhận là LK 482 913|my code is LK482913""".replace(
    "\n", ""
).split("|")


@pytest.mark.parametrize("text", CODES)
def test_a_code_is_read_however_it_is_typed_and_is_no_secret_to_be_masked(text: str) -> None:
    assert mask(text) == (text, ())
    assert link_code_said(text) == "482913"


def test_the_bots_own_words_with_the_code_may_be_copied_whole(content: Content) -> None:
    for language in ("vi", "en"):
        shown = content.phrases.say("link_code", language, code="LK482913", minutes=10)
        assert mask(shown) == (shown, ())
        assert link_code_said(shown) == "482913"


@pytest.mark.parametrize(
    "text", ["482913", "mã otp 482913", "alk482913", "gói LK4829137", "LK 482 913 5 hộp", "LK", ""]
)
def test_other_numbers_are_no_code(text: str) -> None:
    assert link_code_said(text) is None


def test_a_code_with_a_digit_missing_is_answered_as_one() -> None:
    assert link_code_said("LK48291") == "48291"
    assert link_code_said("lk 4829134") == "4829134"


def test_a_real_otp_beside_a_code_is_masked_all_the_same() -> None:
    assert mask("LK482913, mã otp 771204") == ("LK482913, mã otp [đã che: mã OTP]", ("otp",))
    assert mask("mật khẩu wifi là LK482913")[1] == ("password",)


@given(st.text(max_size=500))
def test_any_text_can_be_read(text: str) -> None:
    code = link_code_said(text)
    assert code is None or code.isdecimal()
    wants_link_code(text)
    wants_channels_apart(text)


@given(st.from_regex(r"[0-9]{6}", fullmatch=True), st.sampled_from(["", " ", ": ", "-"]), st.booleans())
def test_every_code_survives_grouping(code: str, gap: str, grouped: bool) -> None:
    typed = f"{code[:3]} {code[3:]}" if grouped else code
    assert link_code_said(f"mã lk{gap}{typed} ạ") == code


WISHES = """liên kết kênh|tiếp tục trên Zalo|tiep tuc tren telegram|làm tiếp ở khung chat
|tôi muốn tiếp tục trên khung chat
|nối với Zalo|nối zalo|kết nối telegram giúp tôi với|liên kết với zalo được không|chuyển sang Zalo làm tiếp
|em ơi cho chị nối zalo với telegram|làm khảo sát trên web|làm sao liên kết kênh|link channels|continue on telegram
|connect my zalo""".replace("\n", "").split("|")
APART = """hủy liên kết|huy lien ket|bỏ liên kết zalo|ngắt kết nối với telegram|tách kênh ra giúp tôi|unlink
|hủy liên kết kênh""".replace("\n", "").split("|")
NEITHER = """liên kết tài khoản ngân hàng với Zalo|cho xin link zalo|tôi bán trên Zalo|hủy liên kết thì sao
|đừng hủy liên kết|không muốn liên kết|tiếp tục|làm khảo sát|kết nối máy in với web|nối mạng cho quán|bán hàng trên web
|hủy liên kết ngân hàng|cho tôi liên kết web|gửi qua zalo cho tôi|zalo""".replace("\n", "").split("|")


def test_who_wants_to_go_on_elsewhere_is_told_from_who_wants_the_channels_apart() -> None:
    assert [text for text in WISHES if not wants_link_code(text) or wants_channels_apart(text)] == []
    assert [text for text in APART if not wants_channels_apart(text) or wants_link_code(text)] == []
    assert [text for text in NEITHER if wants_channels_apart(text) or wants_link_code(text)] == []


# --- codes


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
    channels.database.run_now(lambda c: responses.forget(c, channels.keyring, channels.contact(talk)))


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
