"""What a citizen without a file at hand sends: a photo, a voice note, a document, a place.

The libraries that draw them are slow to import, and a simulator starts with the hotline: they are loaded on first use.
"""

from __future__ import annotations

import io
import math
import wave

from integrations.simulation.people import Upload

# The square in front of Thái Nguyên's museum
PLACE = (21.5944, 105.8443)
_VOICE_RATE = 8000


def photo(name: str = "anh-cua-hang.jpg") -> Upload:
    """A shop front, JPEG 640 × 480."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (640, 480), "#cfe8f5")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 380, 640, 480), fill="#b9b2a3")
    draw.rectangle((110, 150, 530, 400), fill="#f6ead2")
    for stripe in range(7):
        draw.rectangle(
            (110 + stripe * 60, 150, 170 + stripe * 60, 205), fill="#c8472e" if stripe % 2 == 0 else "#ffffff"
        )
    draw.rectangle((150, 240, 330, 400), fill="#7fb0c8")
    draw.rectangle((370, 240, 480, 400), fill="#8a5a34")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return Upload(name, "image/jpeg", out.getvalue())


def voice(name: str = "tin-thoai.wav", seconds: float = 1.5) -> Upload:
    """Two soft tones, WAV."""
    frames = bytearray()
    for place in range(int(_VOICE_RATE * seconds)):
        pitch = 440 if place < _VOICE_RATE * seconds / 2 else 550
        frames.append(128 + round(40 * math.sin(2 * math.pi * pitch * place / _VOICE_RATE)))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(_VOICE_RATE)
        file.writeframes(bytes(frames))
    return Upload(name, "audio/wav", out.getvalue())


def document(name: str = "giay-dang-ky.pdf") -> Upload:
    """One page, PDF."""
    from fpdf import FPDF

    page = FPDF()
    page.add_page()
    page.set_font("Helvetica", size=18)
    page.cell(text="Giay chung nhan dang ky ho kinh doanh (mau)")
    return Upload(name, "application/pdf", bytes(page.output()))
