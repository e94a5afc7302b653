"""Mails as they are sent in Việt Nam, and as nobody should send them: what is read of each."""

from __future__ import annotations

import base64
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.email.charsets import decode, decode_header
from integrations.email.html_text import to_text
from integrations.email.mail import Mail
from integrations.email.quoting import own_words
from integrations.email.reading import LONGEST_TEXT, Unreadable, read, read_part
from integrations.email.scanner import LARGEST_SKELETON, OnePart, Skeleton
from store.crypto import Keyring
from tests.conftest import SECRET

OWN = "hotline@example.vn"
KEYRING = Keyring(SECRET)


def skeleton_of(mail: bytes, piece: int = 1000) -> Skeleton:
    made = Skeleton()
    for at in range(0, len(mail), piece):
        made.feed(mail[at : at + piece])
    made.finish()
    return made


def reading(mail: bytes | str, piece: int = 1000) -> Mail:
    content = mail.replace("\n", "\r\n").encode() if isinstance(mail, str) else mail
    return read(skeleton_of(content, piece), KEYRING, OWN)


def part_of(mail: bytes, part: int) -> bytes:
    collected = OnePart(part, 1 << 20)
    for at in range(0, len(mail), 777):
        collected.feed(mail[at : at + 777])
    collected.finish()
    return read_part(bytes(collected.content))


SENTENCE = "Tôi muốn đăng ký tên miền ở Đồng Hỷ"
TCVN3 = b"T\xabi mu\xe8n \xae\xa8ng k\xfd t\xaan mi\xd2n \xeb \xa7\xe5ng H\xfb"
CP1258_TEXT = (
    "T\u00f4i mu\u00f4\u0301n \u0111\u0103ng ky\u0301 t\u00ean mi\u00ea\u0300n"
    " \u01a1\u0309 \u0110\u00f4\u0300ng Hy\u0309"
)
CP1258 = CP1258_TEXT.encode("cp1258")


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (SENTENCE.encode(), "utf-8"),
        (SENTENCE.encode(), "us-ascii"),
        (SENTENCE.encode(), "iso-8859-1"),
        (SENTENCE.encode(), "no-such-charset"),
        (SENTENCE.encode(), "zip"),
        (SENTENCE.encode(), None),
        (SENTENCE.encode("utf-16"), "utf-16"),
        (CP1258, "windows-1258"),
        (CP1258, "utf-8"),
        (CP1258, None),
        (TCVN3, "x-viet-tcvn"),
        (TCVN3, "TCVN-5712"),
        (TCVN3, "iso-8859-1"),
        (TCVN3, "us-ascii"),
        (TCVN3, None),
    ],
)
def test_vietnamese_is_read_whatever_the_charset_is_said_to_be(content: bytes, charset: str | None) -> None:
    assert decode(content, charset) == SENTENCE


def test_capitals_of_tcvn3_and_other_peoples_letters() -> None:
    assert decode(b"C\xabNG TY \xae\xa8ng k\xfd", "x-tcvn") == "CÔNG TY đăng ký"
    assert decode("Café crème à Genève".encode("latin-1"), "iso-8859-1") == "Café crème à Genève"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("=?UTF-8?B?" + base64.b64encode(SENTENCE.encode()).decode() + "?=", SENTENCE),
        ("=?UTF-8?B?" + base64.b64encode(SENTENCE.encode()[:6]).decode() + "?= =?utf-8?B?"
         + base64.b64encode(SENTENCE.encode()[6:]).decode() + "?=", SENTENCE),
        ("=?windows-1258?Q?ky=EC_t=EAn?= rồi", "ký tên rồi"),
        ("=?x-viet-tcvn?Q?=AE=A8ng?=", "đăng"),
        ("Re: =?UTF-8*vi?Q?Thu=E1=BA=BF?= (2)", "Re: Thuế (2)"),
        ("=?UTF-8?B?%%%?= x", " x"),
        ("=?unknown?Q?abc?=", "abc"),
        ("=? nothing ?=", "=? nothing ?="),
    ],
)  # fmt: skip
def test_words_of_headers(header: str, words: str) -> None:
    assert decode_header(header) == words


ANSWERS = {
    "gmail": "Vâng ạ.\n\nVào 09:05, Th 2, 23 thg 11, 2026 Hotline <h@x.vn> đã viết:\n\n> Chào cô\n> Số 5",
    "gmail wrapped": "Vâng ạ.\n\nVào Th 2, 23 thg 11, 2026 lúc 09:05 Hotline <\nh@x.vn> đã viết:\n> Chào cô",
    "gmail english": "Vâng ạ.\n\nOn Mon, Nov 23, 2026 at 9:05 AM Hotline <h@x.vn> wrote:\n\n> Chào",
    "outlook": "Vâng ạ.\n\n____________________\nFrom: Hotline <h@x.vn>\nSent: Monday\nTo: me\n\nChào",
    "outlook vietnamese": "Vâng ạ.\n\nTừ: Hotline <h@x.vn>\nĐã gửi: Thứ Hai\nĐến: tôi\nChủ đề: x\n\nChào cô",
    "original message": "Vâng ạ.\n\n-----Original Message-----\nFrom: Hotline\n\nChào",
    "thư gốc": "Vâng ạ.\n\n----- Thư gốc -----\nChào",
    "signature": "Vâng ạ.\n\n-- \nNguyễn Thị Hoa\nTạp hóa Hoa",
    "telephone": "Vâng ạ.\n\nĐược gửi từ iPhone của tôi",
    "below": "On Mon, Nov 23, 2026 Hotline <h@x.vn> wrote:\n> Chào cô\n> Số 5\n\nVâng ạ.",
}


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_only_what_its_writer_wrote(text: str) -> None:
    assert own_words(text, is_answer=True) == "Vâng ạ."


def test_what_is_not_known_yet_is_kept() -> None:
    forwarded = "Nhờ xem giúp.\n\nOn Mon, Nov 23, 2026 Bank <b@x.vn> wrote:\n> Your account"
    assert own_words(forwarded, is_answer=False) == forwarded
    assert own_words("> chỉ có trích dẫn", is_answer=True) == "> chỉ có trích dẫn"


def test_the_words_of_html() -> None:
    html = (
        "<html><head><title>t</title><style>p{color:red}</style></head><body><p>Xin&nbsp;chào,</p>"
        "<div style='display: none'>ẩn</div><p>xem <a href='https://xau.example/'>ngân hàng</a><img src=http://x/y.png></p>"
        "<script>alert(1)</script><blockquote>cũ</blockquote></body></html>"
    )
    assert to_text(html) == "Xin chào,\n\nxem ngân hàng <https://xau.example/>\n\n> cũ"


def test_alternatives_attachments_and_nested_parts() -> None:
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20).decode()
    mail = (
        (
            "From: =?utf-8?B?SG9h?= <Hoa@Example.VN>\nMessage-ID: <a@b>\nSubject: s\nX-Hotline-Part: 7\n"
            'Content-Type: multipart/mixed; boundary="out er"\n\nforeword\n--out er\n'
            "Content-Type: multipart/alternative; boundary=alt\n\n--alt\nContent-Type: text/plain; charset=utf-8\n\n"
            "Chữ thường\n--alt\nContent-Type: multipart/related; boundary=rel\n\n--rel\nContent-Type: text/html\n\n"
            "<p>Chữ đẹp</p>\n--rel\nContent-Type: image/png; name=logo.png\n"
            f"Content-Transfer-Encoding: base64\n\n{picture}\n"
            "--rel--\n--alt--\n--out er\nContent-Type: message/rfc822\n\nSubject: trong\n"
            "Content-Type: multipart/mixed; boundary=in\n\n--in\n\nthư bên trong\n--in--\n--out er\n"
            "Content-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''gi%E1%BA%A5y.pdf\n\n"
            "%PDF-1.4\n--out er--\n"
        )
        .replace("\n", "\r\n")
        .encode()
    )
    for piece in (1, 13, 100_000):
        found = reading(mail, piece)
        assert (found.sender, found.sender_name, found.text) == ("hoa@example.vn", "Hoa", "Chữ thường")
        assert [(one.name, one.media_type) for one in found.parts] == [
            ("logo.png", "image/png"), ("thu.eml", "message/rfc822"), ("giấy.pdf", "application/pdf"),
        ]  # fmt: skip
    logo, letter, paper = found.parts
    assert part_of(mail, logo.part) == b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
    assert part_of(mail, letter.part).startswith(b"Subject: trong") and "thư bên trong".encode() in part_of(
        mail, letter.part
    )
    assert part_of(mail, paper.part).strip() == b"%PDF-1.4"


HOSTILE = {
    "nothing": b"",
    "no header": b"\r\nchi co chu",
    "nul and escapes": b"From: a@b.vn\r\nSubject: x\x00\x1b[31m\xe2\x80\xaey\r\n\r\n\x00\x07\xe2\x80\xaeabc",
    "two thousand levels": b"From: a@b.vn\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000)),
    "messages within messages": b"From: a@b.vn\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 500 + b"S: x\r\n\r\ny",
    "ten thousand parts": b"From: a@b.vn\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 9999,
    "an endless header": b"From: a@b.vn\r\nSubject: " + b"x" * 3_000_000,
    "an endless line": b"From: a@b.vn\r\n\r\n" + b"x" * 3_000_000,
    "many headers": b"From: a@b.vn\r\n" + b"X-A: b\r\n" * 100_000 + b"\r\nx",
    "broken base64": b"From: a@b.vn\r\nContent-Transfer-Encoding: base64\r\n\r\n=%%%\xff",
    "broken type": b"From: a@b.vn\r\nContent-Type: ;;;=\"\r\nContent-Disposition: ;filename*=x'y\r\n\r\nx",
    "boundary of nothing": b'From: a@b.vn\r\nContent-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nx',
    "html bomb": b"From: a@b.vn\r\nContent-Type: text/html\r\n\r\n" + b"<![" * 80_000 + b"<div>" * 20_000,
    "unclosed comments": b"From: a@b.vn\r\nContent-Type: text/html\r\n\r\n" + b"<!--" * 60_000,
    "comments that seem to end": b"From: a@b.vn\r\nContent-Type: text/html\r\n\r\n" + b"<!-- >" * 40_000,
    "sections that seem to end": b"From: a@b.vn\r\nContent-Type: text/html\r\n\r\n" + b"<![CDATA[>" * 25_000,
    "scripts": b"From: a@b.vn\r\nContent-Type: text/html\r\n\r\n" + b"<script></" * 25_000,
    "attributes": b"From: a@b.vn\r\nContent-Type: text/html\r\n\r\n" + (b"<a " + b"x=' " * 900 + b">") * 70,
    "open tags": b"From: a@b.vn\r\nContent-Type: text/html\r\n\r\n" + b"<a " * 80_000,
    "announced quotes": b"From: a@b.vn\r\nIn-Reply-To: <x@y>\r\n\r\n" + b"On Vao luc\r\n" * 20_000,
    "encoded words": b"From: a@b.vn\r\nSubject: " + b"=?utf-8?B?w6A=?= " * 5000 + b"\r\n\r\nx",
    "address bomb": b"From: " + b"(" * 20_000 + b"\r\n\r\nx",
    "closed where nothing was opened": b"From: a@b.vn\r\nContent-Type: text/html\r\n\r\n<svg>" + b"<i>" * 35_000
    + b"</b>" * 35_000,
    "links within links": b"From: a@b.vn\r\nContent-Type: text/html\r\n\r\n" + b"<a>x" * 32_000 + b"</a>" * 32_000,
    "parameters": b"From: a@b.vn\r\nContent-Type: text/plain" + b"; a*0=b" * 8000 + b"\r\n\r\nx",
    "parameters on lines": b"From: a@b.vn\r\nContent-Type: text/plain" + b";\r\n a*0=b" * 7000 + b"\r\n\r\nx",
    "injected": b"From: a@b.vn\r\nSubject: =?utf-8?Q?x=0D=0ABcc:_evil@x.vn?=\r\n\r\nx",
}  # fmt: skip


@pytest.mark.parametrize("mail", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mails_are_read_or_refused_soon(mail: bytes) -> None:
    begun = time.thread_time()
    try:
        found = reading(mail, 50_000)
        assert time.thread_time() - begun < 3  # quadratic would take many times as long
    except Unreadable as refusal:
        assert str(refusal).startswith("mail_")
        return
    assert len(found.text) <= LONGEST_TEXT and "\x00" not in found.text + found.subject
    assert "\n" not in found.subject and "\u202e" not in found.text + found.subject


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_are_read_the_same_in_whatever_pieces(content: bytes, piece: int) -> None:
    mail = b'From: a@b.vn\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n' + content + b"\r\n--b--\r\n"
    assert skeleton_of(mail, piece).content == skeleton_of(mail, 10_000).content
    try:
        found = reading(mail, piece)
    except Unreadable:
        return
    for one in found.parts:
        part_of(mail, one.part)


def test_of_a_large_mail_nearly_nothing_is_held() -> None:
    skeleton = Skeleton()
    head = (
        b"From: a@b.vn\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nCo tep\r\n--b\r\n"
        b"Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    line, lines = b"QUFB" * 19 + b"\r\n", 4000
    tracemalloc.start()
    skeleton.feed(head)
    for _ in range(100):
        skeleton.feed(line * lines)
    skeleton.feed(b"--b--\r\n")
    skeleton.finish()
    found = read(skeleton, KEYRING, OWN)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.text == "Co tep" and found.parts[0].size == pytest.approx(100 * lines * len(line) * 3 / 4, rel=0.01)
    assert peak < LARGEST_SKELETON


def test_the_same_mail_is_known_again_and_others_are_not() -> None:
    mail = "From: a@b.vn\nMessage-ID: <1@x>\nDate: Mon, 23 Nov 2026 09:00:00 +0700\nSubject: s\n\nx"
    same = reading("Received: from elsewhere\n" + mail)
    assert reading(mail).identity == same.identity and "a@b.vn" not in same.identity
    others = [mail.replace("<1@x>", "<2@x>"), mail.replace("a@b.vn", "c@b.vn"), mail.replace("09:00", "09:01")]
    without = [mail.replace("Message-ID: <1@x>\n", ""), mail.replace("Message-ID: <1@x>\n", "") + "y"]
    assert len({reading(one).identity for one in (mail, *others, *without)}) == 6


WRITTEN_BY = [
    ('"Chị Hoa, tạp hóa" <Hoa@x.vn>', "hoa@x.vn", "Chị Hoa, tạp hóa"),
    ("=?utf-8?Q?Nguy=E1=BB=85n=2C_A?= <a@x.vn>", "a@x.vn", "Nguyễn, A"),
    ('"Hoa <3 bán hàng>" <a@x.vn>', "a@x.vn", "Hoa <3 bán hàng>"),
    # Dressed up as somebody else, of whom our mail server has never heard
    ("=?utf-8?Q?chu=40shop.vn_=28?= <ke.la@x.vn>", "ke.la@x.vn", None),
    ("=?utf-8?Q?=3Cchu=40shop.vn=3E?= <ke.la@x.vn>", "ke.la@x.vn", None),
    ('"chu@shop.vn" <ke.la@x.vn>', "ke.la@x.vn", None),
    ("=?utf-8?Q?chu@shop.vn?=", None, None),
    ("chu@shop.vn ( <ke.la@x.vn>", None, None),
    ("<chu@shop.vn> <ke.la@x.vn>", None, None),
    ("chu@shop.vn\nFrom: ke.la@x.vn", None, None),
    ("chu@shop.vn (" + "x" * 5000 + ") <ke.la@x.vn>", None, None),
]


def test_who_wrote_is_the_one_address_that_stands_there() -> None:
    for written, sender, name in WRITTEN_BY:
        found = reading(f"From: {written}\nSubject: s\n\nx")
        assert (found.sender, found.sender_name) == (sender, name), written


def test_a_type_that_is_none_is_not_kept() -> None:
    head = "From: a@b.vn\nContent-Type: multipart/mixed; boundary=b\n\n"
    parts = "--b\nContent-Type: a\x00b/pdf; name=a\n\nx\n--b\nContent-Type: x/" + "y" * 300 + "\n\nx\n--b--\n"
    assert {part.media_type for part in reading(head + parts).parts} == {"application/octet-stream"}
