"""Where the files of one account lie; the window and the commands of the shell share them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kis_terminal.settings import HomePaths, KisAccess


def journal_path(access: KisAccess, home: HomePaths) -> Path:
    """Return where the order journal of an account lies."""
    return home.data / f"journal-{account_file(access)}.sqlite"


def latch_path(access: KisAccess, home: HomePaths) -> Path:
    """Return where the trading state of an account lies."""
    return home.data / f"trading-{account_file(access)}.json"


def holdings_path(access: KisAccess, home: HomePaths) -> Path:
    """Return where the holdings of the last listing lie, which a split overnight is known by."""
    return home.data / f"holdings-{account_file(access)}.json"


def strategies_path(access: KisAccess, home: HomePaths) -> Path:
    """Return where the strategies of an account lie, with what each of them holds."""
    return home.data / f"strategies-{account_file(access)}.json"


def products_path(access: KisAccess, home: HomePaths) -> Path:
    """Return where it lies which products the account does not trade: never in the file of the latch."""
    return home.data / f"products-{account_file(access)}.json"


def account_file(access: KisAccess) -> str:
    """Return a name for an account's files that does not show its number."""
    return hashlib.sha256(f"{access.cano}-{access.product}".encode()).hexdigest()[:12]
