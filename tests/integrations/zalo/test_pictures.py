"""Pictures and documents are made fit for Zalo's limits, or refused before anything is sent."""

from __future__ import annotations

import os
from io import BytesIO

import pytest
from PIL import Image

from integrations.errors import Fate, SendFailed
from integrations.provider import OutgoingFile
from integrations.zalo.pictures import MAX_FILE_BYTES, MAX_IMAGE_BYTES, fit_document, fit_picture, gif_size


def drawn(kind: str, size: tuple[int, int] = (40, 20), mode: str = "RGB", noisy: bool = False) -> bytes:
    image = Image.frombytes("RGB", size, os.urandom(size[0] * size[1] * 3)) if noisy else Image.new(mode, size)
    out = BytesIO()
    image.save(out, kind)
    return out.getvalue()


def refusal(fitting, *arguments) -> Fate:
    with pytest.raises(SendFailed) as failed:
        fitting(*arguments)
    return failed.value.error.fate


def test_a_small_picture_stays_as_it_is_under_a_name_with_the_right_extension():
    content = drawn("PNG")
    assert fit_picture(OutgoingFile("result", "image/png", content)) == OutgoingFile("result.png", "image/png", content)


def test_a_large_picture_is_made_smaller():
    content = drawn("PNG", (2500, 1800), noisy=True)
    assert len(content) > MAX_IMAGE_BYTES
    fitted = fit_picture(OutgoingFile("a.png", "image/png", content))
    assert (fitted.name, fitted.media_type) == ("a.jpg", "image/jpeg")
    assert len(fitted.content) <= MAX_IMAGE_BYTES
    with Image.open(BytesIO(fitted.content)) as image:
        assert image.format == "JPEG"
        assert image.width / image.height == pytest.approx(2500 / 1800, rel=0.02)


def test_another_kind_becomes_a_jpeg_on_white():
    fitted = fit_picture(OutgoingFile("a.webp", "image/webp", drawn("WEBP", mode="RGBA")))
    with Image.open(BytesIO(fitted.content)) as image:
        assert image.getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize("content", [b"", b"no picture", drawn("WEBP")[:40]])
def test_what_is_no_picture_is_refused(content):
    assert refusal(fit_picture, OutgoingFile("a.webp", "image/webp", content)) is Fate.REFUSED


@pytest.mark.parametrize("name", ["a.pdf", "a.PDF", "a.doc", "a.docx", "a.csv"])
def test_zalos_kinds_of_document_pass(name):
    file = OutgoingFile(name, "application/pdf", b"%PDF")
    assert fit_document(file) == file


@pytest.mark.parametrize(("name", "size"), [("a.xlsx", 1), ("pdf", 1), ("a.pdf", MAX_FILE_BYTES + 1)])
def test_other_documents_are_refused(name, size):
    assert refusal(fit_document, OutgoingFile(name, "application/pdf", b"x" * size)) is Fate.REFUSED


def test_a_name_cannot_break_out_of_the_uploads_header():
    assert fit_document(OutgoingFile('Phiếu"\r\nX: y.pdf', "application/pdf", b"%PDF")).name == "PhiếuX: y.pdf"


def test_the_size_of_a_gif_is_read_and_what_is_none_refused():
    assert gif_size(OutgoingFile("a.gif", "image/gif", drawn("GIF"))) == (40, 20)
    assert refusal(gif_size, OutgoingFile("a.gif", "image/gif", drawn("PNG"))) is Fate.REFUSED
    assert refusal(gif_size, OutgoingFile("a.gif", "image/gif", b"G" * (MAX_FILE_BYTES + 1))) is Fate.REFUSED
