"""Keep each test away from the person's own files, keys and servers, and from what other tests leave."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.source_tree import forget_trees

PROJECT = Path(__file__).resolve().parents[2]
_OUR_VARIABLES = ("KIS_", "DATABASE_URL", "REDIS_URL")


@pytest.fixture(autouse=True)
def terminal_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a home, a data folder and a working folder of its own; return the data folder.

    A developer's kis_devlp.yaml with real keys must never be found by a test.
    """
    for name in list(os.environ):
        if name.startswith(_OUR_VARIABLES):
            monkeypatch.delenv(name)
    home, data, work = (tmp_path / name for name in ("home", "terminal", "work"))
    for folder in (home, data, work):
        folder.mkdir()
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KIS_TERMINAL_HOME", str(data))
    # Children (the simulator) must find the package from any folder.
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    )
    # Otherwise each of the hundreds of children would compile our source anew.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.chdir(work)
    return data


@pytest.fixture(scope="module", autouse=True)
def _no_trees_left() -> Iterator[None]:
    yield
    forget_trees()
