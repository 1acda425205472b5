"""Fixtures of the window's tests: a desk with a known watchlist, and its window."""

from __future__ import annotations

from tests.support.window import desk, open_window

__all__ = ["desk", "open_window"]
