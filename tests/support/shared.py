"""Find the reference texts that lie beside the project, where they are present."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[3] / "shared"


def shared_path(relative: str) -> Path:
    """Return the path of a shared reference file; skip the calling test visibly where it is absent."""
    path = _SHARED / relative
    if not path.exists():
        pytest.skip(f"shared reference file absent: {relative}")
    return path
