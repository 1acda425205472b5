"""Which price stands in which row of the ladder, and when rows may move. No Qt here.

Asks stand over bids, the worst ask on top. While the rows are held (the pointer is over them, the user
scrolled, or auto-centre is off) every row keeps its price and only sizes change; otherwise the rows are the
book's levels.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from kis_terminal.domain.instruments import InstrumentKind, move_ticks
from kis_terminal.domain.market import OrderBook

FULL_ROWS = 20
_HALF = FULL_ROWS // 2


class Level(NamedTuple):
    """One row: a price (None for an empty row) and the shares that stand there."""

    price: Decimal | None
    ask_size: int
    bid_size: int
    ask_change: int
    """Shares more or less than in the book before, 0 where the price was not seen before."""
    bid_change: int
    zone: int
    """1 in the asks' half, -1 in the bids' half, 0 between them."""


EMPTY = Level(None, 0, 0, 0, 0, 0)


def book_rows(book: OrderBook) -> tuple[Decimal | None, ...]:
    """Return the 20 prices of a book from the worst ask down to the worst bid; None where no level is."""
    asks = [price or None for price in reversed(book.ask_prices)]
    bids = [price or None for price in book.bid_prices]
    top = [None] * (_HALF - len(asks)) + asks[-_HALF:]
    return tuple(top + bids[:_HALF] + [None] * (_HALF - len(bids)))


class LadderRows:
    """Own the prices of the rows of one symbol."""

    def __init__(self) -> None:
        self.kind = InstrumentKind.STOCK
        self.auto_centres = True
        self.is_pointer_over = False
        self._is_scrolled = False
        self._count = FULL_ROWS
        self._prices: tuple[Decimal | None, ...] = (None,) * FULL_ROWS
        self._book: OrderBook | None = None
        self._asks: dict[Decimal, int] = {}
        self._bids: dict[Decimal, int] = {}
        self._ask_changes: dict[Decimal, int] = {}
        self._bid_changes: dict[Decimal, int] = {}

    @property
    def prices(self) -> tuple[Decimal | None, ...]:
        """Return the price of each row, top down."""
        return self._prices

    @property
    def is_held(self) -> bool:
        """Tell whether rows keep their prices now."""
        return self._is_scrolled or self.is_pointer_over or not self.auto_centres

    @property
    def is_off_centre(self) -> bool:
        """Tell whether the rows are not the book's levels any more."""
        return self._book is not None and self._prices != self._centred()

    def clear(self, kind: InstrumentKind) -> None:
        """Forget the book: another symbol comes, whose rows have nothing to keep."""
        self.kind = kind
        self._is_scrolled = False
        self._book = None
        self._prices = (None,) * self._count
        self._asks, self._bids = {}, {}
        self._ask_changes, self._bid_changes = {}, {}

    def resize(self, count: int) -> None:
        """Show `count` rows (2 to 20), kept around the middle."""
        count = max(2, min(FULL_ROWS, count))
        if count == self._count:
            return
        self._count = count
        self._is_scrolled = False
        self._prices = self._centred()

    def take(self, book: OrderBook) -> None:
        """Carry a newer book in; rows move only when they are not held."""
        asks = {price: size for price, size in zip(book.ask_prices, book.ask_sizes, strict=True) if price}
        bids = {price: size for price, size in zip(book.bid_prices, book.bid_sizes, strict=True) if price}
        self._ask_changes = _changes(self._asks, asks, self._ask_changes)
        self._bid_changes = _changes(self._bids, bids, self._bid_changes)
        self._asks, self._bids = asks, bids
        self._book = book
        self.settle()

    def settle(self) -> None:
        """Centre the rows unless they are held; rows without any price are always centred."""
        if not self.is_held or not any(self._prices):
            self._prices = self._centred()

    def centre(self) -> None:
        """Centre the rows now, held or not."""
        self._is_scrolled = False
        self._prices = self._centred()

    def scroll(self, steps: int) -> bool:
        """Move the window up by `steps` rows (down when negative); False where there is no further price."""
        prices = list(self._prices)
        for _ in range(abs(steps)):
            edge = prices[0] if steps > 0 else prices[-1]
            if edge is None:
                return False
            if steps > 0:
                prices = [move_ticks(edge, 1, self.kind), *prices[:-1]]
            else:
                lower = move_ticks(edge, -1, self.kind)
                if lower >= edge:
                    return False
                prices = [*prices[1:], lower]
        self._prices = tuple(prices)
        self._is_scrolled = True
        return True

    def release(self) -> None:
        """Let go of what the user scrolled; rows may move again."""
        self._is_scrolled = False
        self.settle()

    def _centred(self) -> tuple[Decimal | None, ...]:
        if self._book is None:
            return (None,) * self._count
        top = (FULL_ROWS - self._count) // 2
        return book_rows(self._book)[top : top + self._count]

    def row_of(self, price: Decimal) -> int | None:
        """Return the row of a price, None when it is not shown."""
        return self._prices.index(price) if price in self._prices else None

    def levels(self) -> tuple[Level, ...]:
        """Return every row with its sizes."""
        if self._book is None:
            return tuple(EMPTY._replace(price=price) for price in self._prices)
        if self._prices == self._centred():
            # By level, not by price: in an auction the same price may stand on both sides.
            asks = _HALF - (FULL_ROWS - self._count) // 2
            return tuple(
                self._level(price, 1 if place < asks else -1) for place, price in enumerate(self._prices)
            )
        return tuple(self._level(price, self._zone(price)) for price in self._prices)

    def _zone(self, price: Decimal | None) -> int:
        if price is None:
            return 0
        if self._asks and price >= min(self._asks):
            return 1
        return -1 if self._bids and price <= max(self._bids) else 0

    def _level(self, price: Decimal | None, zone: int) -> Level:
        if price is None:
            return EMPTY._replace(zone=zone)
        if zone > 0:
            return Level(price, self._asks.get(price, 0), 0, self._ask_changes.get(price, 0), 0, zone)
        if zone < 0:
            return Level(price, 0, self._bids.get(price, 0), 0, self._bid_changes.get(price, 0), zone)
        return EMPTY._replace(price=price)


def _changes(
    before: dict[Decimal, int], after: dict[Decimal, int], shown: dict[Decimal, int]
) -> dict[Decimal, int]:
    """Return what changed at each price; a price that did not change keeps what it showed."""
    changes: dict[Decimal, int] = {}
    for price, size in after.items():
        if price in before:
            change = size - before[price] or shown.get(price, 0)
            if change:
                changes[price] = change
    return changes
