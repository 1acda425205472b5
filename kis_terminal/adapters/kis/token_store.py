"""Keep tokens in a file that only its owner can read, encrypted with a key from the system's keyring.

Where no keyring is available, the key lies in a file of mode 0600 and a warning says so. A file is not
readable by others for a moment: it is made with its mode, and put in place by a rename. Symbolic links are
not followed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from kis_terminal.domain.environment import Environment

log = logging.getLogger(__name__)

_KEY_BYTES = 32
_NONCE_BYTES = 12
_FORM = b"KT1"
_SERVICE, _USER = "kis-terminal", "token-key"
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_KEYRING_PATIENCE = 5.0
_MAKER_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """What is kept for one app key; times are ISO with offset."""

    access_token: str = ""
    expires_at: str = ""
    issued_at: str = ""

    def __repr__(self) -> str:
        return f"StoredTokens(expires_at={self.expires_at})"

    @property
    def expiry(self) -> datetime | None:
        """Return when the access token ends, None where there is none."""
        return datetime.fromisoformat(self.expires_at) if self.expires_at else None

    @property
    def issue(self) -> datetime | None:
        """Return when the access token was issued, None where there is none."""
        return datetime.fromisoformat(self.issued_at) if self.issued_at else None


class TokenStore:
    """The token file of one environment and app key. Calls touch the disk and may take some milliseconds."""

    def __init__(
        self,
        folder: Path,
        environment: Environment,
        appkey: str,
        vault_key: Callable[[Path], bytes] | None = None,
    ) -> None:
        """`vault_key` gives the encryption key for a folder (default: keyring, else a file)."""
        digest = hashlib.sha256(f"{environment.value}:{appkey}".encode()).hexdigest()[:20]
        self._folder = folder
        self._path = folder / f"{environment.value}-{digest}.token"
        self._bound = f"{environment.value}:{digest}".encode()
        self._vault_key = vault_key or system_vault_key
        self._key: bytes | None = None

    @property
    def path(self) -> Path:
        """Return where the tokens lie."""
        return self._path

    def load(self) -> StoredTokens | None:
        """Return what was stored, None when there is nothing that can be read."""
        try:
            sealed = read_private(self._path)
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("token file %s is not used: %s", self._path.name, error.strerror or error)
            return None
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            if sealed[: len(_FORM)] != _FORM:
                raise InvalidTag
            nonce = sealed[len(_FORM) : len(_FORM) + _NONCE_BYTES]
            text = AESGCM(self._own_key()).decrypt(nonce, sealed[len(_FORM) + _NONCE_BYTES :], self._bound)
            stored = StoredTokens(**json.loads(text))
        except (InvalidTag, ValueError, TypeError):
            # One sentence for every kind of damage: wrong key, flipped bit, cut, another version.
            log.warning("token file %s cannot be read; a new token is requested", self._path.name)
            return None
        except OSError as error:
            log.warning("tokens cannot be unlocked: %s", error.strerror or error)
            return None
        return stored

    def save(self, tokens: StoredTokens) -> None:
        """Store in place of what was there; a disk that cannot be written costs a warning, not the token."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            nonce = secrets.token_bytes(_NONCE_BYTES)
            plain = json.dumps(asdict(tokens)).encode()
            sealed = AESGCM(self._own_key()).encrypt(nonce, plain, self._bound)
            write_private(self._path, _FORM + nonce + sealed)
        except OSError as error:
            log.warning("token file %s cannot be written: %s", self._path.name, error.strerror or error)

    def delete(self) -> None:
        """Forget what was stored."""
        self._path.unlink(missing_ok=True)

    def _own_key(self) -> bytes:
        if self._key is None:
            self._key = self._vault_key(self._folder)
        return self._key


def system_vault_key(folder: Path) -> bytes:
    """Return this user's encryption key: from the OS keyring if there is a real one, else from a file."""
    key = _keyring_key(folder)
    if key is None:
        log.warning(
            "no OS keyring is available: the key that encrypts tokens lies in %s (owner-readable)", folder
        )
        key = file_vault_key(folder)
    return key


def file_vault_key(folder: Path) -> bytes:
    """Return the key in `folder`, made at first use; one that others could read is replaced.

    Whoever comes first makes it and everybody else reads that one, in this program or another: a second key
    would make unreadable what the first has encrypted. Raises OSError, also where nobody may make one.
    """
    path = folder / "vault.key"
    try:
        return _sound_key(path)
    except (FileNotFoundError, ValueError):
        pass  # the first use, or one that has to be replaced: looked at again by whoever may do so
    with _one_maker(folder, "vault"):
        try:
            return _sound_key(path)
        except FileNotFoundError:
            pass  # still the first use
        except ValueError:
            log.warning("key file %s was damaged or readable by others; a new key replaces it", path.name)
        key = secrets.token_bytes(_KEY_BYTES)
        write_private(path, key)
        return key


def _sound_key(path: Path) -> bytes:
    """Return the key that lies there as it is; raises FileNotFoundError, ValueError for one not to be used.

    Its mode is not mended: a key that others could read would look sound to whoever looks next.
    """
    if _is_open_to_others(path):
        raise ValueError("readable by others")
    key = read_private(path)
    if len(key) != _KEY_BYTES:
        raise ValueError("damaged")
    return key


@contextmanager
def _one_maker(folder: Path, name: str) -> Iterator[None]:
    """Let one thread of one program make a key at a time; raises OSError after `_MAKER_PATIENCE` seconds.

    The system lets go of the lock when its holder ends, killed or not.
    """
    from filelock import FileLock, Timeout

    _make_private_folder(folder)
    lock = FileLock(folder / f".{name}.lock", timeout=_MAKER_PATIENCE, mode=0o600, poll_interval=0.01)
    try:
        with lock:
            yield
    except (Timeout, NotImplementedError) as error:  # the latter: a file system without locks
        raise OSError(f"another program has been making the key for {_MAKER_PATIENCE:.0f} s") from error


def _keyring_key(folder: Path) -> bytes | None:
    """Ask the OS keyring; a keyring that does not answer in time counts as none."""
    found: list[bytes] = []

    def ask() -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            # Back ends below 1 are placeholders (fail, null) or plain files.
            if keyring.get_keyring().priority < 1:
                return
            kept = keyring.get_password(_SERVICE, _USER)
            if kept is None:
                with _one_maker(folder, "keyring"):
                    kept = keyring.get_password(_SERVICE, _USER)
                    if kept is None:
                        keyring.set_password(_SERVICE, _USER, secrets.token_hex(_KEY_BYTES))
                        # What lies there now counts: a program with another folder may have been faster.
                        kept = keyring.get_password(_SERVICE, _USER) or ""
            found.append(bytes.fromhex(kept))
        except (KeyringError, ValueError, RuntimeError, OSError) as error:
            log.info("OS keyring: %s", type(error).__name__)

    # A daemon thread: some desktops open a password window and never answer when nobody looks.
    thread = threading.Thread(target=ask, name="keyring", daemon=True)
    thread.start()
    thread.join(_KEYRING_PATIENCE)
    return found[0] if found and len(found[0]) == _KEY_BYTES else None


def read_private(path: Path) -> bytes:
    """Return a private file's bytes; raises OSError for a link or a file of another user.

    A file that others can read or write is made private again, with a warning.
    """
    if not _NO_FOLLOW and path.is_symlink():
        raise OSError(f"{path.name} is a link")
    descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise OSError(f"{path.name} is not a plain file")
        if sys.platform != "win32":
            if state.st_uid != os.geteuid():
                raise OSError(f"{path.name} belongs to another user")
            if state.st_mode & 0o077:
                log.warning(
                    "%s could be read by others (mode %o); it is private now",
                    path.name,
                    state.st_mode & 0o777,
                )
                os.fchmod(file.fileno(), 0o600)
        return file.read(64 * 1024)


def write_private(path: Path, content: bytes) -> None:
    """Put a private file in place as a whole, or leave what was there."""
    folder = path.parent
    _make_private_folder(folder)
    temporary = folder / f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if sys.platform != "win32":
                os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _make_private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sys.platform != "win32":
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & 0o077:
            if mode & 0o022:
                log.warning("folder %s could be written by others (mode %o); it is private now", folder, mode)
            folder.chmod(0o700)


def _is_open_to_others(path: Path) -> bool:
    return sys.platform != "win32" and bool(path.lstat().st_mode & 0o077)
