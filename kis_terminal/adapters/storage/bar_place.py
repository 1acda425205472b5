"""Where the bar store is: a SQLite file in the data folder, or what DATABASE_URL names. Loads no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.made_up_market import MadeUpMarket

FILE_NAME = "bars.sqlite"
MARKET = "market"
MADE_UP = "simulation"
"""What realms of made-up markets begin with."""


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Address of a store; `url` may hold a password and is not shown."""

    url: str = field(repr=False)
    """As SQLAlchemy takes it for a file, as libpq and asyncpg do for a server."""
    label: str
    """As people may see it: the file, or server and database without user and password."""
    file: Path | None
    """None for PostgreSQL."""


def store_place(database_url: str | None, data_folder: Path) -> StorePlace:
    """Return the place that the settings name; nothing is opened or made."""
    if not database_url:
        return _file_place(data_folder / FILE_NAME)
    scheme, _, rest = database_url.partition("://")
    if scheme.partition("+")[0] == "sqlite":
        # Three slashes and a relative path, or four and an absolute one, as SQLAlchemy reads them.
        return _file_place(Path(rest.removeprefix("/").partition("?")[0]))
    return StorePlace(f"postgresql://{rest}", _server_label(database_url), None)


def realm_of(environment: Environment, made_up: MadeUpMarket | None = None) -> str:
    """Return what keeps prices of different markets apart: real and paper trading see the same one.

    Of the embedded exchange each market that it makes up is one of its own.
    """
    if environment is not Environment.SIM:
        return MARKET
    return MADE_UP if made_up is None else f"{MADE_UP}:{made_up.name}"


def _file_place(path: Path) -> StorePlace:
    full = path.absolute()
    return StorePlace(f"sqlite+aiosqlite:///{full.as_posix()}", f"SQLite {full}", full)


def _server_label(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "PostgreSQL"
    if "@" in url and "@" not in parts.netloc:
        return "PostgreSQL"  # a password with a bare `/`, `?` or `#` in it: what follows may be a part of it
    return f"PostgreSQL {parts.hostname or ''}{port}/{unquote(parts.path.strip('/'))}"
