"""The second factor: six digits from an app (TOTP, RFC 6238), and the picture that brings its secret there."""

from __future__ import annotations

import hmac
import io
from base64 import b32encode
from datetime import datetime

import pyotp
import segno

from store.crypto import Keyring

STEP_SECONDS = 30
# Telephones' clocks differ a little: the step before and the one after are believed too (RFC 6238, section 5.2).
WINDOW = 1
ISSUER = "Hotline"


def offered_secret(keyring: Keyring, session: str, present: str | None) -> str:
    """The secret that a session is offered, 160 bits as base32. Another session, and the same one when it has used this
    one up, is offered another; so nothing has to be kept before it is accepted. `session`: a secret of the session.
    """
    return b32encode(keyring.hash(f"{session} {present or ''}", "second_factor")[:20]).decode()


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
