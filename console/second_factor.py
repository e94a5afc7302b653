"""The second factor: six digits from an app (TOTP, RFC 6238), and the picture that brings its secret there."""

from __future__ import annotations

import hmac
import io
from datetime import datetime

import pyotp
import segno

STEP_SECONDS = 30
# Telephones' clocks differ a little: the step before and the one after are believed too (RFC 6238, section 5.2).
WINDOW = 1
ISSUER = "Hotline"


def new_secret() -> str:
    """160 random bits as base32, 32 characters."""
    return pyotp.random_base32()


def address(secret: str, login: str) -> str:
    """What the app reads from the picture (otpauth://)."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def picture(secret: str, login: str) -> bytes:
    """The address as a QR code, SVG; black on white in dark pages too, since cameras expect it."""
    out = io.BytesIO()
    code = segno.make(address(secret, login), error="m", micro=False)
    code.save(out, kind="svg", scale=5, border=4, dark="#000", light="#fff", xmldecl=False)
    return out.getvalue()


def step_of(secret: str, code: str, now: datetime, after: int | None) -> int | None:
    """The time step that `code` belongs to, if that is near `now` and later than `after`, the last one used.

    Spaces do not matter. None: the code is wrong, old, or was used before.
    """
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    totp, here = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    found = None
    for step in range(here - WINDOW, here + WINDOW + 1):
        right = hmac.compare_digest(totp.generate_otp(step), digits)
        if right and (after is None or step > after):
            found = step
    return found
