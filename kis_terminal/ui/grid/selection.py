"""Which rows are selected and which one the keys move. No Qt."""

from __future__ import annotations

from collections.abc import Sequence


class Selection:
    """Hold selected keys; with `is_multiple` False there is never more than one."""

    def __init__(self, *, is_multiple: bool) -> None:
        self._is_multiple = is_multiple
        self._keys: set[str] = set()
        self._anchor = ""
        self.current = ""

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def only(self, key: str) -> None:
        """Select one row, or nothing for ""."""
        self._keys = {key} if key else set()
        self.current = self._anchor = key

    def toggle(self, key: str) -> None:
        """Add a row to the selection or take it away."""
        if not self._is_multiple or not key:
            self.only(key)
            return
        self._keys ^= {key}
        self.current = self._anchor = key

    def extend(self, key: str, shown: Sequence[str]) -> None:
        """Select everything from where the selection began to `key`."""
        if not self._is_multiple or self._anchor not in shown or key not in shown:
            self.only(key)
            return
        first, last = sorted((shown.index(self._anchor), shown.index(key)))
        self._keys = set(shown[first : last + 1])
        self.current = key

    def all(self, shown: Sequence[str]) -> None:
        """Select every row."""
        if self._is_multiple:
            self._keys = set(shown)

    def keep_only(self, shown: Sequence[str]) -> None:
        """Let go of rows that are gone."""
        present = set(shown)
        self._keys &= present
        if self.current not in present:
            self.current = ""
        if self._anchor not in present:
            self._anchor = self.current
