"""Cells whose text changed, tinted for an instant."""

from __future__ import annotations

from time import monotonic

FLASH_SECONDS = 0.15


class FlashMarks:
    """Remember the texts last painted and which cells still carry their tint."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}
        self._until: dict[tuple[str, str], float] = {}

    def painted(self, row: str, column: str, text: str) -> bool:
        """Note the text painted now; return whether the cell carries a tint."""
        cell = (row, column)
        before = self._texts.get(cell)
        now = monotonic()
        if before != text:
            self._texts[cell] = text
            if before is not None:
                self._until[cell] = now + FLASH_SECONDS
                return True
        until = self._until.get(cell)
        return until is not None and now < until

    def take_ended(self) -> set[str]:
        """Return the rows whose tint is over and forget it."""
        now = monotonic()
        ended = [cell for cell, until in self._until.items() if until <= now]
        for cell in ended:
            del self._until[cell]
        return {row for row, _ in ended}

    @property
    def is_waiting(self) -> bool:
        """Tell whether a tint has still to be taken away."""
        return bool(self._until)

    def forget(self) -> None:
        """Start anew: what comes into view by scrolling or sorting has not changed."""
        self._texts.clear()
        self._until.clear()
