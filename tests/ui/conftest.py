"""Fixtures of panel tests."""

from __future__ import annotations

from tests.support.desk import desk, desk_of

__all__ = ["desk", "desk_of"]
