"""A hotline that has been at work for a year, on PostgreSQL: contacts, conversations, messages, those who wait.

What people wrote are real questions with names of communes and words of shops besides, drawn as unevenly as people
speak; replies are those of the content packs and of officers. The seed is fixed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg

from bench.product import sentences
from programme.content import Content
from store.crypto import Keyring
from store.search import KINDS
from store.text import folded_words

SEED = 148
YEAR = timedelta(days=365)
OFFICERS = 20
LONG = "long"  # the conversation with so many messages as one has that took years
PROVINCE = "thai-nguyen"
CHANNELS = (("zalo", 70), ("webchat", 22), ("telegram", 8))
PROMISED = timedelta(hours=24)
_TOPICS = ("vendor", "programme", "survey", "domain", None, None)
_REASONS = ("asked_for_person", "complaint", "not_understood", "money", "attachment")
_FAMILIES = "Nguyễn Trần Lê Phạm Hoàng Vũ Phan Trương Bùi Đặng Đỗ Ngô Hồ Dương Đinh Lý Nông Ma Triệu Lường"
_FAMILY_SHARES = (38, 11, 9.5, 7, 5, 4, 4, 3, 3, 2, 2, 2, 1.5, 1.5, 1.5, 1, 1, 1, 1, 1)
_MIDDLES = "Thị Văn Thị Văn Thị Đức Thanh Minh Ngọc Thu Hữu Xuân Quang Kim Thùy"
_GIVEN = (
    "An Anh Bình Châu Chi Cường Dung Dũng Dương Đạt Giang Hà Hải Hằng Hạnh Hiền Hiếu Hoa Hòa Hồng Huệ Hùng Hương Huyền"
    " Khánh Lan Liên Linh Loan Long Mai Mạnh Minh Nam Nga Ngân Ngọc Nhung Oanh Phong Phúc Phương Quân Quyên Sơn Tâm"
    " Thảo Thắng Thịnh Thu Thủy Tiến Toàn Trang Tú Tuấn Tùng Vân Việt Yến"
)
_SHORT = (
    "dạ",
    "vâng ạ",
    "ok em",
    "xin chào",
    "cảm ơn em nhiều",
    "alo",
    "dạ vâng em cảm ơn",
    "chào em",
    "được ạ",
    "thế à",
)
_SYLLABLE_STARTS = "b c ch d đ g gi h k kh l m n ng nh ph qu r s t th tr v x".split()
_SYLLABLE_ENDS = "a à an ang anh ao ạt ăm âu e em ê ênh i inh iều o oan ong ô ôm ở ới u ung ư ừng y".split()


@dataclass(frozen=True)
class Size:
    """How many of each. `long_talk`: messages of the one long conversation."""

    contacts: int
    messages: int
    long_talk: int


@dataclass
class Year:
    """What is written, row by row. `of_talk`: the last number of each conversation."""

    size: Size
    content: Content
    keyring: Keyring
    until: datetime
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    of_talk: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.questions = sentences(520)
        self.replies = [dict(answer.texts)["vi"] for answer in self.content.answers]
        self.communes = [one.name for one in self.content.communes.communes(PROVINCE)]
        self.codes = [one.code for one in self.content.communes.communes(PROVINCE)]
        self.vendors = [one.vendor.id if one.vendor else None for one in self.content.communes.communes(PROVINCE)]
        self.shops = [self._syllable() + " " + self._syllable() for _ in range(4_000)]
        self.channel_of = self.chance.choices(
            [channel for channel, _ in CHANNELS], [share for _, share in CHANNELS], k=self.size.contacts
        )

    def _syllable(self) -> str:
        return self.chance.choice(_SYLLABLE_STARTS) + self.chance.choice(_SYLLABLE_ENDS)

    # --- people

    def names(self) -> list[str]:
        families = self.chance.choices(_FAMILIES.split(), _FAMILY_SHARES, k=self.size.contacts)
        middles, given = _MIDDLES.split(), _GIVEN.split()
        return [f"{family} {self.chance.choice(middles)} {self.chance.choice(given)}" for family in families]

    def contacts(self, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for number, name in enumerate(names):
            phone = self.phone(number)
            yield (
                number + 1,
                self.keyring.encrypt(name),
                self.keyring.encrypt(phone),
                self.keyring.hash(phone, "phone"),
                self.at(number / len(names)),
            )

    @staticmethod
    def phone(number: int) -> str:
        return f"+849{10_000_000 + number:08d}"

    def name_words(self, names: Sequence[str]) -> Iterator[tuple[int, bytes]]:
        known: dict[str, bytes] = {}
        for number, name in enumerate(names):
            for word in set(folded_words(name)):
                if word not in known:
                    known[word] = self.keyring.hash(word, "name_word")
                yield number + 1, known[word]

    def at(self, share: float) -> datetime:
        """The instant after `share` (0 to 1) of the year."""
        return self.until - YEAR * (1 - share)

    # --- what was said

    @staticmethod
    def talk(number: int) -> str:
        """The id of the conversation of contact `number` (from 0)."""
        return f"talk{number:08d}"

    def talks(self) -> Iterator[tuple[Any, ...]]:
        for number, channel in enumerate(self.channel_of):
            id_ = LONG if number == 0 else self.talk(number)
            last = self.of_talk.get(id_, 0)
            at = self.at(number / self.size.contacts)
            yield id_, channel, f"a{number}", number + 1, PROVINCE, "bot", 1, last, "vi", 1, 0, False, self.until, at

    def messages(self) -> Iterator[tuple[bool, str, int, str, datetime]]:
        """In the order of time: whether the owner said it, the conversation, its number there, the words, when."""
        of_long = set(self.chance.sample(range(self.size.messages), self.size.long_talk))
        for number in range(self.size.messages):
            drawn = int(self.chance.random() ** 2 * (self.size.contacts - 1)) + 1
            id_ = LONG if number in of_long else self.talk(drawn)
            seq = self.of_talk[id_] = self.of_talk.get(id_, 0) + 1
            by_owner = seq % 2 == 1 or self.chance.random() < 0.2
            said = self._asked() if by_owner else self._replied()
            yield by_owner, id_, seq, said, self.at(number / self.size.messages)

    def _asked(self) -> str:
        draw = self.chance.random()
        if draw < 0.3:
            return self.chance.choice(_SHORT)
        said = self.chance.choice(self.questions)
        if draw < 0.6:
            return said
        commune = self.communes[int(self.chance.random() ** 2 * len(self.communes))]
        shop = self.shops[int(self.chance.random() ** 2 * len(self.shops))]
        return f"{said} Quán {shop} nhà em ở {commune}."

    def _replied(self) -> str:
        if self.chance.random() < 0.1:
            return f"Dạ em chào cô/bác, em là cán bộ hỗ trợ {self.chance.choice(self.communes)} ạ."
        return self.replies[int(self.chance.random() ** 2 * len(self.replies))]


def fill(url: str, year: Year) -> None:
    """Write it all. The words are indexed afterwards, as the triggers would have done one by one."""
    with psycopg.connect(url, autocommit=True) as connection:
        names = year.names()
        _copy(connection, "contact (id, name, phone, phone_hash, created_at)", year.contacts(names))
        _copy(connection, "contact_name_word (contact_id, word_hash)", year.name_words(names))
        _messages(connection, year)
        for kind in KINDS:
            connection.execute(f"SELECT setval('{kind}_id_seq', (SELECT coalesce(max(id), 1) FROM {kind}))")
        connection.execute("SELECT setval('contact_id_seq', (SELECT max(id) FROM contact))")
        connection.execute("VACUUM ANALYZE")


def put_in_queue(url: str, year: Year, first: int, last: int, taken: int = 0) -> None:
    """Contacts from `first` to before `last` (from 0) wait, asked at any time of the last day; the first `taken` are
    held by the officers of ids 1 to OFFICERS instead.
    """
    rows, clocks = [], []
    for number in range(first, last):
        asked = year.until - PROMISED * year.chance.random() * 1.1
        place = int(year.chance.random() ** 2 * len(year.codes))
        is_taken = number < first + taken
        talk = LONG if number == 0 else year.talk(number)
        matter = (PROVINCE, year.channel_of[number], year.codes[place], year.vendors[place])
        rows.append(
            (
                *(number + 1, talk, year.chance.choice(_REASONS), "taken" if is_taken else "open", *matter),
                *(year.chance.choice(_TOPICS), asked, asked + PROMISED, asked),
                *((1 + number % OFFICERS, year.until + timedelta(hours=1)) if is_taken else (None, None)),
            )
        )
        clocks.append((talk, number + 1, True, *matter, asked, asked + PROMISED, 0))
    with psycopg.connect(url, autocommit=True) as connection:
        _copy(connection, _ESCALATIONS, rows)
        _copy(connection, _REQUESTS, clocks)
        connection.execute(
            "UPDATE conversation SET holder = CASE status WHEN 'open' THEN 'queue' ELSE 'officer' END FROM escalation"
            " WHERE conversation_id = conversation.id AND escalation.id BETWEEN %s AND %s",
            (first + 1, last),
        )
        connection.execute("SELECT setval('escalation_id_seq', (SELECT max(id) FROM escalation))")
        connection.execute("VACUUM ANALYZE conversation, escalation, request")


_ESCALATIONS = (
    "escalation (id, conversation_id, reason, status, province, channel, commune, vendor, topic, opened_at, due_at,"
    " waiting_since, officer_id, lease_until)"
)
_REQUESTS = (
    "request (conversation_id, escalation_id, is_first, province, channel, commune, vendor, opened_at, due_at, warned)"
)
_TALKS = (
    "conversation (id, channel, address, contact_id, province, holder, version, last_seq, language, notice_version,"
    " unclear_turns, send_bulk, last_heard_at, created_at)"
)
_INBOUND = (
    "inbound (id, conversation_id, seq, channel, provider_message_id, kind, text, status, attempts, received_at,"
    " done_at)"
)
_OUTBOUND = "outbound (id, conversation_id, seq, sender, reply, status, bulk, attempts, created_at)"


def _messages(connection: psycopg.Connection[Any], year: Year) -> None:
    channels = {year.talk(number): channel for number, channel in enumerate(year.channel_of)}
    channels[LONG] = year.channel_of[0]
    heard: list[tuple[Any, ...]] = []
    told: list[tuple[Any, ...]] = []
    for by_owner, talk, seq, said, at in year.messages():
        if by_owner:
            number = len(heard) + 1
            heard.append((number, talk, seq, channels[talk], f"m{number}", "message", said, "answered", 0, at, at))
        else:
            sender = "officer" if said.startswith("Dạ em chào cô/bác, em là cán bộ") else "bot"
            reply = json.dumps({"text": said, "buttons": [], "sources": [], "offers_person": False}, ensure_ascii=False)
            told.append((len(told) + 1, talk, seq, sender, reply, "seen", False, 1, at))
    made: dict[str, str] = {}
    for kind in ("inbound", "outbound"):
        connection.execute(f"ALTER TABLE {kind} DISABLE TRIGGER USER")
        for (definition,) in connection.execute(f"SELECT pg_get_indexdef('ix_{kind}_search_words'::regclass)"):
            made[kind] = definition
        connection.execute(f"DROP INDEX ix_{kind}_search_words")
    _copy(connection, _TALKS, year.talks())
    _copy(connection, _INBOUND, heard)
    _copy(connection, _OUTBOUND, told)
    for kind, said_there in (("inbound", "text"), ("outbound", "reply ->> 'text'")):
        connection.execute(f"INSERT INTO {kind}_search SELECT id, hotline_words({said_there}) FROM {kind} ORDER BY id")
        connection.execute(made[kind])
        connection.execute(f"ALTER TABLE {kind} ENABLE TRIGGER USER")


def _copy(connection: psycopg.Connection[Any], into: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
