"""Today's trades of one symbol: counters, minute bars and the last prints."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from kis_terminal.adapters.simulator.books.matching import PriceTimeBook
from kis_terminal.adapters.simulator.history.made_up_day import DaySketch, MinuteRow, ticks_of_minute
from kis_terminal.adapters.simulator.model import MinuteBar, Side, TradePrinted
from kis_terminal.adapters.simulator.rules.calendar import OPEN_SECOND

KEPT_PRINTS = 300
"""How many prints of a symbol are kept for inquire-ccnl and its kin; half a kilobyte each."""


class DayTape:
    """Count today's trades.

    What happened before the exchange was opened is given as a `DaySketch`; its minutes and last prints are
    made only when somebody asks.
    """

    def __init__(
        self, symbol: str, sketch: DaySketch, midnight: datetime, make_minutes: Callable[[], list[MinuteRow]]
    ) -> None:
        self.symbol = symbol
        self.midnight = midnight
        self.open = sketch.open
        self.high = sketch.high
        self.low = sketch.low
        self.last = sketch.last
        self.volume = sketch.volume
        self.turnover = sketch.turnover
        self.buy_volume = sketch.buy_volume
        self.sell_volume = sketch.volume - sketch.buy_volume
        self.buy_count = sketch.buy_count
        self.sell_count = sketch.sell_count
        self.open_time = midnight + timedelta(seconds=sketch.open_second)
        self.high_time = midnight + timedelta(seconds=sketch.high_second)
        self.low_time = midnight + timedelta(seconds=sketch.low_second)
        self.last_time = midnight + timedelta(seconds=sketch.last_second)
        self.last_quantity = sketch.last_quantity
        self.last_aggressor: Side = "buy"
        self.outside_volume = 0
        self.outside_turnover = 0
        self._sketch = sketch
        self._make_minutes = make_minutes
        self._morning: list[MinuteRow] | None = None
        self._minutes: dict[int, list[int]] = {}
        self._prints: deque[TradePrinted] = deque(maxlen=KEPT_PRINTS)

    def print_trade(
        self,
        sequence: int,
        moment: datetime,
        price: int,
        quantity: int,
        aggressor: Side,
        book: PriceTimeBook,
        session: str = "continuous",
    ) -> TradePrinted:
        """Count one trade and return its print, with the book as it stands after it."""
        amount = price * quantity
        if self.volume == 0:
            self.open = self.high = self.low = price
            self.open_time = self.high_time = self.low_time = moment
        elif price > self.high:
            self.high, self.high_time = price, moment
        elif price < self.low:
            self.low, self.low_time = price, moment
        self.last, self.last_time = price, moment
        self.last_quantity, self.last_aggressor = quantity, aggressor
        self.volume += quantity
        self.turnover += amount
        if aggressor == "buy":
            self.buy_volume += quantity
            self.buy_count += 1
        else:
            self.sell_volume += quantity
            self.sell_count += 1
        self._count_minute(moment, price, quantity, amount)
        printed = self._make_print(sequence, moment, price, quantity, aggressor, book)
        if session != "continuous":
            printed = printed._replace(session=session)
        self._prints.append(printed)
        return printed

    def print_outside(
        self,
        sequence: int,
        moment: datetime,
        price: int,
        quantity: int,
        aggressor: Side,
        book: PriceTimeBook,
        session: str,
        venue: str,
    ) -> TradePrinted:
        """Print a trade of another session: the day's prices, bars and counters stay KRX's regular ones.

        Its totals go on from the day's, so that what a print says is never less than the print before it.
        """
        self.outside_volume += quantity
        self.outside_turnover += price * quantity
        printed = self._make_print(sequence, moment, price, quantity, aggressor, book)._replace(
            session=session, venue=venue
        )
        self._prints.append(printed)
        return printed

    def minute_bars(self) -> list[MinuteBar]:
        """Return today's bars, oldest first; volumes sum to the day's volume."""
        merged: dict[int, list[int]] = {row.minute: list(row[1:]) for row in self._morning_rows()}
        for index, live in self._minutes.items():
            early = merged.get(index)
            if early is None:
                merged[index] = live
            else:
                merged[index] = [
                    early[0],
                    max(early[1], live[1]),
                    min(early[2], live[2]),
                    live[3],
                    early[4] + live[4],
                    early[5] + live[5],
                ]
        return [
            MinuteBar(self.midnight + timedelta(seconds=OPEN_SECOND + 60 * index), *values)
            for index, values in sorted(merged.items())
        ]

    def recent(self, count: int, book: PriceTimeBook) -> list[TradePrinted]:
        """Return the last `count` prints, newest last; those before the opening are made up."""
        prints = list(self._prints)
        if len(prints) < min(count, KEPT_PRINTS):
            prints = self._early_prints(count - len(prints), book) + prints
        return prints[-count:] if count > 0 else []

    def _morning_rows(self) -> list[MinuteRow]:
        if self._morning is None:
            self._morning = self._make_minutes() if self._sketch.volume else []
        return self._morning

    def _count_minute(self, moment: datetime, price: int, quantity: int, amount: int) -> None:
        index = moment.hour * 60 + moment.minute - OPEN_SECOND // 60
        row = self._minutes.get(index)
        if row is None:
            self._minutes[index] = [price, price, price, price, quantity, amount]
            return
        if price > row[1]:
            row[1] = price
        elif price < row[2]:
            row[2] = price
        row[3] = price
        row[4] += quantity
        row[5] += amount

    def _make_print(
        self, sequence: int, moment: datetime, price: int, quantity: int, aggressor: Side, book: PriceTimeBook
    ) -> TradePrinted:
        asks, bids = book.asks, book.bids
        ask, bid = asks.best, bids.best
        return TradePrinted(
            sequence,
            moment,
            self.symbol,
            price,
            quantity,
            aggressor,
            self.open,
            self.high,
            self.low,
            self.open_time,
            self.high_time,
            self.low_time,
            self.volume + self.outside_volume,
            self.turnover + self.outside_turnover,
            self.sell_count,
            self.buy_count,
            self.sell_volume,
            self.buy_volume,
            ask or 0,
            bid or 0,
            asks.size_at(ask) if ask else 0,
            bids.size_at(bid) if bid else 0,
            asks.total,
            bids.total,
        )

    def _early_prints(self, count: int, book: PriceTimeBook) -> list[TradePrinted]:
        """Make prints that add up to the newest morning minutes, walking the counters back."""
        sketch = self._sketch
        volume, turnover = sketch.volume, sketch.turnover
        buys, sells = sketch.buy_volume, sketch.volume - sketch.buy_volume
        buy_count, sell_count = sketch.buy_count, sketch.sell_count
        prints: list[TradePrinted] = []
        for row in reversed(self._morning_rows()):
            for second, price, quantity, aggressor in reversed(ticks_of_minute(row, self.symbol)):
                moment = self.midnight + timedelta(seconds=OPEN_SECOND + 60 * row.minute + second)
                moment = min(moment, self.midnight + timedelta(seconds=sketch.last_second))
                template = self._make_print(0, moment, price, quantity, aggressor, book)
                prints.append(
                    template._replace(
                        open=sketch.open,
                        high=sketch.high,
                        low=sketch.low,
                        total_volume=volume,
                        total_turnover=turnover,
                        sell_count=max(sell_count, 0),
                        buy_count=max(buy_count, 0),
                        sell_volume=max(sells, 0),
                        buy_volume=max(buys, 0),
                    )
                )
                volume -= quantity
                turnover -= price * quantity
                if aggressor == "buy":
                    buys, buy_count = buys - quantity, buy_count - 1
                else:
                    sells, sell_count = sells - quantity, sell_count - 1
            if len(prints) >= count:
                break
        return prints[:count][::-1]
