"""Fixtures of command tests."""

from __future__ import annotations

from tests.end_to_end.conftest import exchange, start_program

__all__ = ["exchange", "start_program"]
