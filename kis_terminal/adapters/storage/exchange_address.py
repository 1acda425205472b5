"""Where the window's own exchange listens, in a file that only its owner reads: commands attach to it.

The exchange is a child of the window and its ports are free ones, so nobody could find it otherwise. A window
that was killed leaves the file behind; a reader asks whether the process in it still lives.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.made_up_market import MadeUpMarket
from kis_terminal.domain.sentences import Sentence

_FILE = "exchange.json"
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class ExchangeEntrance:
    """Where the exchange of a running simulation listens."""

    rest: str
    ws: str
    pid: int
    """Of the exchange, which ends with its window."""
    market: MadeUpMarket

    def to_json(self) -> dict[str, str | int]:
        """Return what the file holds."""
        return {
            "rest": self.rest,
            "ws": self.ws,
            "pid": self.pid,
            "market": self.market.name,
            "market_day": self.market.settled_until.isoformat(),
        }


def write_entrance(folder: Path, entrance: ExchangeEntrance) -> None:
    """Put the file in place as a whole, readable by its owner only; raises TerminalError."""
    path = folder / _FILE
    draft = folder / f".{_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(entrance.to_json(), file)
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise TerminalError(
            Sentence(
                "{path} 파일을 쓸 수 없습니다({why}). 폴더의 권한과 남은 공간을 확인하십시오.",
                path=path,
                why=error.strerror or type(error).__name__,
            )
        ) from error


def read_entrance(folder: Path) -> ExchangeEntrance | None:
    """Return what the file says, None where there is none or it cannot be used."""
    try:
        told = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        market = MadeUpMarket(str(told["market"]), date.fromisoformat(told["market_day"]))
        return ExchangeEntrance(str(told["rest"]), str(told["ws"]), int(told["pid"]), market)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_entrance(folder: Path) -> None:
    """Take the file away; may be called twice."""
    with contextlib.suppress(OSError):  # what stays names a process that does not live any more
        (folder / _FILE).unlink(missing_ok=True)
