"""Whose order number is it: one day's numbers, each with the branch that gave it.

The broker counts anew every day, and a number belongs to the branch that took the order: an order is known by
day, branch and number together. Notices come without a branch: a number alone tells while one order has it.
"""

from __future__ import annotations


class OrderNumbers:
    """Own the order numbers of one day."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str, str]] = {}

    def key_of(self, branch: str, number: str, *, is_shared: bool = False) -> str | None:
        """Return the key of the order.

        KIS's documents do not say that an order's answer and its rows name the same branch, so one that is
        not known does not part a number from its order, unless the number `is_shared` by branches.
        """
        keys = self._keys.get(number)
        if not keys:
            return None
        if branch in keys:
            return keys[branch]
        owners = set(keys.values())
        return owners.pop() if len(owners) == 1 and not is_shared else None

    def claim(self, branch: str, number: str, key: str) -> None:
        """Give a number to an order."""
        self._keys.setdefault(number, {})[branch] = key

    def rename(self, old: str, new: str) -> None:
        """Give all numbers of one order to another."""
        for keys in self._keys.values():
            for branch, key in keys.items():
                if key == old:
                    keys[branch] = new

    def keep_only(self, wanted: set[str]) -> None:
        """Forget the numbers of all orders but these."""
        left = {
            number: {branch: key for branch, key in keys.items() if key in wanted}
            for number, keys in self._keys.items()
        }
        self._keys = {number: keys for number, keys in left.items() if keys}
