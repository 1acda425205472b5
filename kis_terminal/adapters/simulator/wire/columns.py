"""Lay figures out in the columns of KIS's document: every one of them, in its order, always as text."""

from __future__ import annotations

from collections.abc import Mapping


def arrange(columns: str, values: Mapping[str, str], rest: str = "") -> dict[str, str]:
    """Return a row with exactly `columns` (names, blank separated); `rest` stands where nothing is known."""
    return {name: values.get(name, rest) for name in columns.split()}


def signed(value: float, places: int = 2) -> str:
    """Write a figure with fixed places and its minus; a rounded zero has none."""
    text = f"{value:.{places}f}"
    return text.lstrip("-") if not text.strip("-0.") else text


def sign_code(difference: float) -> str:
    """Return 2 up, 3 flat, 5 down for a figure that has no daily limit."""
    if difference > 0:
        return "2"
    return "5" if difference < 0 else "3"
