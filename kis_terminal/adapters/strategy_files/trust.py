"""Which Python strategy files a person trusted: contents, not names, in one file that only its owner may "
"write."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.sentences import Sentence

_LOG = logging.getLogger(__name__)
TRUST_FILE = "trusted-strategies.json"
"""In the data folder of an environment."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class TrustedFile:
    """A content that may run."""

    digest: str
    name: str
    """What the file was called when it was trusted."""
    since: str
    """ISO time."""


def digest_of(text: str) -> str:
    """Return the SHA-256 of a strategy's text, hexadecimal; a byte-order mark is no part of the text."""
    return hashlib.sha256(text.encode()).hexdigest()


class TrustStore:
    """Remembers trusted contents in one JSON file, an environment's own: trust in sim is none in real.

    Every question reads the file anew, so that withdrawn trust counts at once.
    """

    def __init__(self, path: Path) -> None:
        """`path` lies in the data folder of an environment; nothing is written before the first trust."""
        self._path = path

    def is_trusted(self, digest: str) -> bool:
        """Tell whether this content may run."""
        return any(one.digest == digest for one in self.listing())

    def listing(self) -> tuple[TrustedFile, ...]:
        """Return what is trusted; nothing where the file is missing, damaged, or could be written by "
        "others."""
        try:
            with self._path.open("rb") as stream:
                state = os.fstat(stream.fileno())
                content = stream.read(1024 * 1024)
        except FileNotFoundError:
            return ()
        except OSError as error:
            _LOG.warning(
                Sentence("믿는 전략의 목록을 읽지 못했습니다: {reason}", reason=error.strerror or str(error))
            )
            return ()
        if os.name != "nt" and (
            state.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or state.st_uid not in (os.getuid(), 0)
        ):
            _LOG.warning(Sentence("믿는 전략의 목록을 다른 사용자도 쓸 수 있어 아무것도 믿지 않습니다."))
            return ()
        try:
            rows = json.loads(content)["trusted"]
            return tuple(
                TrustedFile(row["sha256"], str(row["name"]), str(row["since"]))
                for row in rows
                if _DIGEST.fullmatch(row["sha256"])
            )
        except (ValueError, KeyError, TypeError):
            _LOG.warning(Sentence("믿는 전략의 목록이 손상되어 아무것도 믿지 않습니다."))
            return ()

    def trust(self, digest: str, name: str, now: datetime) -> None:
        """Let a content run from now on; raises StoreUnavailable where that cannot be written."""
        others = [one for one in self.listing() if one.digest != digest]
        self._write([*others, TrustedFile(digest, name, now.isoformat(timespec="seconds"))])

    def withdraw(self, digest: str) -> None:
        """Trust a content no longer; raises StoreUnavailable where that cannot be written."""
        self._write([one for one in self.listing() if one.digest != digest])

    def _write(self, files: list[TrustedFile]) -> None:
        rows = [{"sha256": one.digest, "name": one.name, "since": one.since} for one in files]
        temporary: str | None = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(
                "w", dir=self._path.parent, prefix=".trusted.", delete=False, encoding="utf-8"
            ) as stream:
                temporary = stream.name  # made readable and writable by its owner alone
                json.dump({"trusted": rows}, stream, ensure_ascii=False, indent=1)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, self._path)
        except OSError as error:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
            raise StoreUnavailable(
                Sentence(
                    "믿는 전략의 목록을 저장하지 못했습니다: {path} ({reason})",
                    path=self._path,
                    reason=error.strerror,
                )
            ) from error
