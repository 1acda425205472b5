"""Fixtures of panel tests."""

from __future__ import annotations

from tests.support.desk import desk, desk_of
from tests.support.entry_form import form

__all__ = ["desk", "desk_of", "form"]
