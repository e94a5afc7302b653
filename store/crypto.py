"""Encryption of personal fields at rest, and keyed hashes to find them again. Holds keys; decides nothing else.

One secret (HOTLINE_SECRET_KEY) gives independent keys by HKDF-SHA256: one encrypts (AES-256-GCM), one hashes
(HMAC-SHA256), one only identifies the secret so that a start with another one is refused, one seals backups.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from store.text import folded_words

NONCE_BYTES = 12
MIN_SECRET_CHARACTERS = 32


class DecryptionError(Exception):
    """A stored value was written with another key, or was changed."""


class Keyring:
    """The keys derived from one secret text of at least 32 characters."""

    def __init__(self, secret: str) -> None:
        if len(secret) < MIN_SECRET_CHARACTERS:
            raise ValueError(f"the secret needs at least {MIN_SECRET_CHARACTERS} characters")
        self._cipher = AESGCM(self._derive(secret, b"field encryption"))
        self.hash_key = self._derive(secret, b"keyed hash")
        self._lasting_key = self.hash_key
        self._backup_key = self._derive(secret, b"backup")
        self.fingerprint = self._derive(secret, b"fingerprint")[:8].hex()
        self._prefix = bytes.fromhex(self.fingerprint)[:4]  # which key a value was written with, for rotation

    @staticmethod
    def _derive(secret: str, purpose: bytes) -> bytes:
        return HKDF(SHA256(), length=32, salt=None, info=b"hotline/1/" + purpose).derive(secret.encode())

    def encrypt(self, text: str) -> bytes:
        return self.encrypt_bytes(text.encode())

    def decrypt(self, stored: bytes) -> str:
        """Raises DecryptionError."""
        return self.decrypt_bytes(stored).decode()

    def encrypt_bytes(self, content: bytes) -> bytes:
        """28 + 4 bytes longer than `content`."""
        nonce = os.urandom(NONCE_BYTES)
        return self._prefix + nonce + self._cipher.encrypt(nonce, content, self._prefix)

    def decrypt_bytes(self, stored: bytes) -> bytes:
        """Raises DecryptionError."""
        prefix, nonce, sealed = stored[:4], stored[4 : 4 + NONCE_BYTES], stored[4 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, sealed, prefix)
        except (InvalidTag, ValueError) as error:
            raise DecryptionError("a personal field cannot be read with this HOTLINE_SECRET_KEY") from error

    def backup_key(self, salt: bytes) -> bytes:
        """32 bytes that seal one backup; a salt is used once (store/sealed_file.py)."""
        return HKDF(SHA256(), length=32, salt=salt, info=b"hotline/1/backup file").derive(self._backup_key)

    def hash(self, value: str, kind: str) -> bytes:
        """Equal values of one kind ("phone", "tax_code") give equal hashes; without the key they say nothing."""
        return keyed_hash(self.hash_key, value, kind)

    def lasting_hash(self, value: str, kind: str) -> bytes:
        """`hash` that a change of the secret does not change: for what is known by its hash alone and must be
        recognised for good (an address after its erasure, an API token, a paper form). What can be computed anew from
        what is stored, and what is over within days, takes `hash`.
        """
        return keyed_hash(self._lasting_key, value, kind)

    def goes_on_from(self, first_hash_key: bytes) -> None:
        """The secret was changed since the database was made: `hash_key` of its first one (store.database)."""
        self._lasting_key = first_hash_key

    def name_words(self, name: str) -> set[bytes]:
        """One hash per accent-free word: finds "Nguyễn Thị Hồng" by "hong nguyen" without storing the name."""
        return {self.hash(word, "name_word") for word in folded_words(name)}


def keyed_hash(key: bytes, value: str, kind: str) -> bytes:
    """`Keyring.hash` with a key of its own."""
    return hmac.digest(key, f"{kind}\x00{value}".encode(), sha256)
