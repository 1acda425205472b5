"""The last settings file that could be read, encrypted as the tokens are: offered when the file is broken.

It is never used by itself. A person has it put beside the broken file, looks at it, and moves it into place.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kis_terminal.adapters.kis.environment import KST
from kis_terminal.adapters.kis.token_store import read_private, system_vault_key, write_private
from kis_terminal.domain.environment import Environment

log = logging.getLogger(__name__)

_FORM = b"KC1"
_NONCE_BYTES = 12
_LARGEST = 48 * 1024
"""What is larger is no settings file of ours, and would not be read back whole."""


class KeptConfig:
    """The copy of one environment. Calls touch the disk and may wait for the system's keyring."""

    def __init__(
        self, folder: Path, environment: Environment, vault_key: Callable[[Path], bytes] | None = None
    ) -> None:
        """`folder` is the one of the tokens; `vault_key` gives its key (default: keyring, else a file)."""
        self._folder = folder
        self._path = folder / f"config-{environment.value}.kept"
        self._bound = f"config:{environment.value}".encode()
        self._vault_key = vault_key or system_vault_key

    @property
    def kept_at(self) -> datetime | None:
        """Return when the copy was made, None where there is none; nothing is opened for it."""
        try:
            return datetime.fromtimestamp(self._path.stat().st_mtime, KST)
        except OSError:
            return None

    def keep(self, config: Path) -> None:
        """Keep a file that has just been read well; a disk that refuses costs the copy alone."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            content = config.read_bytes()
            if len(content) > _LARGEST or content == self.load():
                return
            nonce = secrets.token_bytes(_NONCE_BYTES)
            sealed = AESGCM(self._vault_key(self._folder)).encrypt(nonce, content, self._bound)
            write_private(self._path, _FORM + nonce + sealed)
        except OSError as error:
            log.warning("the settings file is not kept: %s", error.strerror or type(error).__name__)

    def load(self) -> bytes | None:
        """Return the copy, None where there is none that can be read."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            sealed = read_private(self._path)
            if not sealed.startswith(_FORM):
                return None
            nonce, rest = sealed[len(_FORM) :][:_NONCE_BYTES], sealed[len(_FORM) + _NONCE_BYTES :]
            return AESGCM(self._vault_key(self._folder)).decrypt(nonce, rest, self._bound)
        except (OSError, InvalidTag, ValueError):
            return None

    def put_beside(self, config: Path) -> Path | None:
        """Write the copy beside a settings file, readable by its owner alone; return where, None for no copy.

        Raises OSError, also where such a file stands already.
        """
        content = self.load()
        if content is None:
            return None
        path = config.with_name(f"{config.stem}.restored{config.suffix}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600), "wb") as file:
            file.write(content)
        return path
