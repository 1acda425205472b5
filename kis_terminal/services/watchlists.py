"""Groups of watched symbols (관심종목)."""

from __future__ import annotations

from collections.abc import Sequence

from kis_terminal.services.hub import Topic
from kis_terminal.services.preferences import Preferences

_KEY = "watchlists"
_CURRENT_KEY = "watchlists.current"
FIRST_GROUP = "단타"
_FIRST_SYMBOLS = (
    "005930", "000660", "373220", "005380", "035420", "035720", "068270", "069500", "122630",
    "012450", "034020", "086520", "005490", "105560", "329180", "207940", "051910",
)  # fmt: skip


class Watchlists:
    """Own the groups and their order. Topics: `changed` (name of the group)."""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences
        kept = preferences.read(_KEY)
        self._groups: dict[str, list[str]] = {}
        if isinstance(kept, dict):
            for name, symbols in kept.items():
                if isinstance(symbols, list):
                    self._groups[name] = [str(symbol) for symbol in symbols]
        if not self._groups:
            self._groups = {FIRST_GROUP: list(_FIRST_SYMBOLS)}
        chosen = preferences.read(_CURRENT_KEY)
        self._current = (
            chosen if isinstance(chosen, str) and chosen in self._groups else next(iter(self._groups))
        )
        self.changed: Topic[str] = Topic("watchlists")

    @property
    def names(self) -> tuple[str, ...]:
        """Return the groups' names in order."""
        return tuple(self._groups)

    @property
    def current(self) -> str:
        """Return the group that is shown."""
        return self._current

    def choose(self, name: str) -> None:
        """Show another group; one that does not exist is made."""
        self._groups.setdefault(name, [])
        self._current = name
        self._preferences.write(_CURRENT_KEY, name)
        self._save(name)

    def symbols(self, name: str | None = None) -> tuple[str, ...]:
        """Return a group's symbols in the user's order."""
        return tuple(self._groups[name or self._current])

    def add(self, symbol: str) -> None:
        """Put a symbol at the end of the group that is shown, once."""
        group = self._groups[self._current]
        if symbol not in group:
            group.append(symbol)
            self._save(self._current)

    def remove(self, symbol: str) -> None:
        """Take a symbol out of the group that is shown."""
        group = self._groups[self._current]
        if symbol in group:
            group.remove(symbol)
            self._save(self._current)

    def arrange(self, symbols: Sequence[str]) -> None:
        """Give the group that is shown a new order of the same symbols."""
        if sorted(symbols) != sorted(self._groups[self._current]):
            raise ValueError("an arrangement holds the same symbols")
        self._groups[self._current] = list(symbols)
        self._save(self._current)

    def delete(self, name: str) -> None:
        """Remove a group; the last one stays."""
        if len(self._groups) > 1 and name in self._groups:
            del self._groups[name]
            if self._current == name:
                self._current = next(iter(self._groups))
            self._save(self._current)

    def _save(self, name: str) -> None:
        self._preferences.write(_KEY, {key: list(value) for key, value in self._groups.items()})
        self.changed.publish(name)
