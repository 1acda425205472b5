"""The bar store over each database and over its process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kis_terminal.adapters.storage.bar_place import StorePlace, store_place
from kis_terminal.adapters.storage.bar_process import BarStoreProcess
from kis_terminal.adapters.storage.bars import SqlBarStore
from kis_terminal.ports import BarStore

REALM = "market"


@pytest.fixture(params=("sqlite", "postgres"))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StorePlace:
    """Give an empty database of each kind."""
    if request.param == "sqlite":
        return store_place(None, tmp_path / "stored")
    return store_place(request.getfixturevalue("postgres_url"), tmp_path)


@pytest.fixture
async def store(place: StorePlace) -> AsyncIterator[BarStore]:
    """Give an empty store over each database."""
    opened = SqlBarStore(place, REALM)
    yield opened
    await opened.close()


@pytest.fixture
async def process_store(tmp_path: Path) -> AsyncIterator[BarStoreProcess]:
    """Give an empty store over a child process with a file."""
    opened = BarStoreProcess(store_place(None, tmp_path / "stored"), REALM)
    yield opened
    await opened.close()
