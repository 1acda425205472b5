"""Encrypt execution notices as KIS does: AES-256-CBC, PKCS#7, base64.

Key (32 characters) and iv (16) are text; their UTF-8 bytes are the key material. One pair serves a session.
"""

from __future__ import annotations

import secrets
import string
from base64 import b64encode
from dataclasses import dataclass

_ALPHABET = string.ascii_lowercase + string.digits
_BLOCK_BITS = 128


def _text(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


@dataclass(frozen=True, slots=True)
class SessionCipher:
    """Hold the key and iv that one socket session was told."""

    key: str
    iv: str

    @classmethod
    def new(cls) -> SessionCipher:
        """Draw a fresh pair."""
        return cls(key=_text(32), iv=_text(16))

    def encrypt(self, text: str) -> str:
        """Return `text` encrypted and in base64."""
        # Imported late: it costs some 60 ms, and the server must listen before a first notice can be due.
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.padding import PKCS7

        padder = PKCS7(_BLOCK_BITS).padder()
        padded = padder.update(text.encode()) + padder.finalize()
        encryptor = Cipher(algorithms.AES256(self.key.encode()), modes.CBC(self.iv.encode())).encryptor()
        return b64encode(encryptor.update(padded) + encryptor.finalize()).decode("ascii")


def warm_up() -> None:
    """Load the cipher library, so that the first notice need not wait for it."""
    SessionCipher.new().encrypt("")
