from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from store.media import LONGEST_NAME, UNKNOWN, Showing, clean_name, is_misnamed, showing, sniff
from store.messages import Kind

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def picture(form: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(made, form)
    return made.getvalue()


def packed(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return made.getvalue()


def boxes(brand: bytes, *inside: bytes) -> bytes:
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x02\x00" + b"\x00\x00\x00\x10moov".join((b"", *inside))


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)

KNOWN = [
    (picture("JPEG"), "image/jpeg", Showing.PICTURE),
    (picture("PNG"), "image/png", Showing.PICTURE),
    (picture("GIF"), "image/gif", Showing.PICTURE),
    (picture("WEBP"), "image/webp", Showing.PICTURE),
    (boxes(b"heic"), "image/heic", Showing.DOWNLOAD),
    (b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead", "audio/ogg", Showing.SOUND),
    (b"OggS\x00\x02" + bytes(22) + b"\x2a\x80theora", "video/ogg", Showing.FILM),
    (b"#!AMR\n\x3c\x91", "audio/amr", Showing.DOWNLOAD),
    (b"#!AMR-WB\n\x3c", "audio/amr", Showing.DOWNLOAD),
    (boxes(b"M4A ", b"smhd"), "audio/mp4", Showing.SOUND),
    (boxes(b"mp42", b"smhd"), "audio/mp4", Showing.SOUND),
    (boxes(b"mp42", b"vmhd", b"smhd"), "video/mp4", Showing.FILM),
    (boxes(b"3gp5", b"vmhd"), "video/3gpp", Showing.DOWNLOAD),
    (boxes(b"qt  ", b"vmhd"), "video/quicktime", Showing.DOWNLOAD),
    (b"\xff\xf1\x50\x80\x02\x1f\xfc", "audio/aac", Showing.SOUND),
    (b"ID3\x04\x00", "audio/mpeg", Showing.SOUND),
    (b"\xff\xfb\x90\x64\x00", "audio/mpeg", Showing.SOUND),
    (b"RIFF\x24\x08\x00\x00WAVEfmt ", "audio/wav", Showing.SOUND),
    (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm", Showing.FILM),
    (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "video/x-matroska", Showing.DOWNLOAD),
    (b"%PDF-1.7\n%\xe2\xe3", "application/pdf", Showing.DOWNLOAD),
    (packed("hoa-don.txt"), "application/zip", Showing.DOWNLOAD),
    (packed("[Content_Types].xml", "word/document.xml"), DOCX, Showing.DOWNLOAD),
    (packed("[Content_Types].xml", "xl/workbook.xml"), XLSX, Showing.DOWNLOAD),
    (OLE, "application/x-ole-storage", Showing.DOWNLOAD),
    (OLE + "WordDocument".encode("utf-16-le"), "application/msword", Showing.DOWNLOAD),
    (OLE + "Workbook".encode("utf-16-le"), "application/vnd.ms-excel", Showing.DOWNLOAD),
    ("Danh sách cửa hàng, xã Tân Cương".encode(), "text/plain", Showing.DOWNLOAD),
    ("tên;xã\nTạp hóa Hoa;Tân Cương\n".encode("utf-8-sig"), "text/csv", Showing.DOWNLOAD),
    ("tên,xã\nHoa,Đồng Hỷ\n".encode("utf-16"), "text/csv", Showing.DOWNLOAD),
    (b"<html><script>alert(1)</script>", "text/plain", Showing.DOWNLOAD),
    (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "text/plain", Showing.DOWNLOAD),
    (b"MZ\x90\x00\x03", UNKNOWN, Showing.DOWNLOAD),
    (b"", UNKNOWN, Showing.DOWNLOAD),
    (b"abcdefghWEBP\x00", UNKNOWN, Showing.DOWNLOAD),
]


@pytest.mark.parametrize(("content", "media_type", "how"), KNOWN)
def test_what_bytes_are_is_told_by_the_bytes(content: bytes, media_type: str, how: Showing) -> None:
    assert sniff(content) == media_type
    assert showing(media_type) is how


@given(st.binary(max_size=300))
def test_any_bytes_are_something_and_only_pictures_and_recordings_are_shown(content: bytes) -> None:
    found = sniff(content)
    assert showing(found) is Showing.DOWNLOAD or found.split("/")[0] in ("image", "audio", "video")
    assert "html" not in found and "svg" not in found and "script" not in found


@pytest.mark.parametrize(
    ("name", "media_type", "cleaned"),
    [
        ("Hóa đơn tháng 11.pdf", "application/pdf", "Hóa đơn tháng 11.pdf"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\Users\\Hoa\\anh.JPG", "image/jpeg", "anh.jpg"),
        ("anh.jpg", UNKNOWN, "anh.bin"),
        ("hoa-don.pdf.exe", "application/pdf", "hoa-don.pdf"),
        ("hoa\u202efdp.exe", UNKNOWN, "hoafdp.bin"),
        ('a\r\nSet-Cookie: x="1"', "text/plain", "a Set-Cookie x= 1.txt"),
        ("Kế hoạch 1.2", "text/plain", "Kế hoạch 1.2.txt"),
        (".htaccess", "text/plain", "htaccess.txt"),
        ("...", "image/png", "tep.png"),
        ("", "audio/ogg", "tep.ogg"),
        (None, "image/jpeg", "tep.jpg"),
    ],
)
def test_a_name_is_made_safe_and_ends_as_the_content_demands(name: str | None, media_type: str, cleaned: str) -> None:
    assert clean_name(name, media_type) == cleaned


@given(st.text(max_size=400))
def test_a_name_is_short_visible_and_stays_in_its_folder(name: str) -> None:
    cleaned = clean_name(name, "image/png")
    assert len(cleaned) <= LONGEST_NAME + 4
    assert cleaned.endswith(".png") and not cleaned.startswith(".")
    assert not set(cleaned) & set('/\\\r\n\0"')


@pytest.mark.parametrize(
    ("found", "kind", "announced", "name", "is_wrong"),
    [
        ("image/jpeg", Kind.IMAGE, "image/png", "anh.png", False),  # a picture is a picture
        ("audio/mp4", Kind.VOICE, "video/mp4", "ghi-am.mp4", False),
        ("application/pdf", Kind.FILE, "application/pdf", "hoa-don.PDF", False),
        ("application/zip", Kind.FILE, "application/vnd.android.package-archive", "ung-dung.apk", False),
        ("text/plain", Kind.FILE, None, None, False),
        (UNKNOWN, Kind.FILE, "application/octet-stream", "du-lieu.dat", False),
        (UNKNOWN, Kind.FILE, "application/pdf", None, True),
        (UNKNOWN, Kind.FILE, None, "hoa-don.pdf", True),
        ("application/pdf", Kind.IMAGE, None, None, True),
        ("text/plain", Kind.IMAGE, "image/svg+xml", "anh.svg", True),
        ("application/zip", Kind.FILE, "image/jpeg; charset=x", None, True),
    ],
)
def test_content_that_is_not_what_was_said_is_noticed(
    found: str, kind: Kind, announced: str | None, name: str | None, is_wrong: bool
) -> None:
    assert is_misnamed(found, kind, announced, name) is is_wrong
