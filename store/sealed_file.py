"""A file that only the key opens: compressed, then encrypted in chunks whose order and end are protected.

    MAGIC, a line of JSON (which key, which salt, when), then chunks of 64 KiB, each AES-256-GCM

The key is derived from the installation's secret and a salt that is used once, so that a chunk's nonce may be its
number. The last chunk's nonce says that it is the last, and every chunk is bound to the line of JSON: a chunk that is
changed, moved, missing or added, also at the end, is noticed (the construction is STREAM: Hoang, Reyhanitabar, Rogaway
and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.crypto import Keyring

MAGIC = b"hotline backup 1\n"
CHUNK_BYTES = 64 * 1024
SEAL_BYTES = 16
SALT_BYTES = 32
LONGEST_HEADER = 4096
# Little time for most of the gain: texts shrink to a third.
COMPRESSION = 1


class NotABackup(ValueError):
    """The file is none of ours, or of a later format."""


class WrongBackupKey(ValueError):
    """The file was sealed with another secret; the argument is its fingerprint."""


class Damaged(ValueError):
    """The file was changed or cut off."""


@dataclass(frozen=True)
class Header:
    """What may be read without the key. `key`: the fingerprint of the secret it was sealed with."""

    key: str
    made_at: datetime
    salt: bytes


class SealedWriter:
    """Seals what is written to it; `close` writes the end, without which the file cannot be read."""

    def __init__(self, file: BinaryIO, keyring: Keyring, made_at: datetime) -> None:
        salt = os.urandom(SALT_BYTES)
        said = {"key": keyring.fingerprint, "made_at": made_at.isoformat(), "salt": salt.hex()}
        line = orjson.dumps(said) + b"\n"
        file.write(MAGIC + line)
        self._file, self._bound = file, sha256(MAGIC + line).digest()
        self._cipher, self._number = AESGCM(keyring.backup_key(salt)), 0
        self._squeeze, self._waiting = zlib.compressobj(COMPRESSION), bytearray()

    def write(self, content: bytes) -> None:
        self._waiting += self._squeeze.compress(content)
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]

    def close(self) -> None:
        self._waiting += self._squeeze.flush()
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]
        self._seal(bytes(self._waiting), is_last=True)

    def _seal(self, content: bytes, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), content, self._bound))
        self._number += 1


def read_header(file: BinaryIO) -> Header:
    """What stands in front, from the file's beginning. Raises NotABackup."""
    return _header(file)[0]


def unsealed(file: BinaryIO, keyring: Keyring) -> Iterator[bytes]:
    """The content in pieces of at most CHUNK_BYTES. Raises NotABackup, WrongBackupKey, Damaged.

    What was given out before Damaged is raised is genuine; only the end tells that it is all.
    """
    header, bound = _header(file)
    if header.key != keyring.fingerprint:
        raise WrongBackupKey(header.key)
    cipher, stretch = AESGCM(keyring.backup_key(header.salt)), zlib.decompressobj()
    sealed, number = file.read(CHUNK_BYTES + SEAL_BYTES), 0
    while True:
        following = file.read(CHUNK_BYTES + SEAL_BYTES)
        try:
            content = cipher.decrypt(_nonce(number, is_last=not following), sealed, bound)
        except (InvalidTag, ValueError):
            raise Damaged(number) from None
        yield from _stretched(stretch, content)
        if not following:
            break
        sealed, number = following, number + 1
    yield stretch.flush()
    if not stretch.eof:
        raise Damaged(number)


def _stretched(stretch: zlib._Decompress, content: bytes) -> Iterator[bytes]:
    while content:
        yield stretch.decompress(content, CHUNK_BYTES)
        content = stretch.unconsumed_tail


def _header(file: BinaryIO) -> tuple[Header, bytes]:
    if file.read(len(MAGIC)) != MAGIC:
        raise NotABackup
    line = file.readline(LONGEST_HEADER)
    try:
        said = orjson.loads(line)
        header = Header(str(said["key"]), datetime.fromisoformat(said["made_at"]), bytes.fromhex(said["salt"]))
    except (ValueError, KeyError, TypeError):
        raise NotABackup from None
    return header, sha256(MAGIC + line).digest()


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")
