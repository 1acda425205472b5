"""Prices of futures and options on the KOSPI 200, as functions of the index that is played.

A future stands at index x carry plus a basis that is drawn for each day; options follow it by Black 1976 with
the volatility stated here. So whatever the index shows (now, by the minute, by the day) they show too, and
their highs and lows are those of the index.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from kis_terminal.adapters.simulator.derivatives.contracts import (
    POINT_WON,
    STRIKE_STEP,
    Contract,
    futures,
    option,
    option_months,
    read_code,
)
from kis_terminal.adapters.simulator.derivatives.option_pricing import OptionValue, black_76
from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.history.made_up_day import seed_for
from kis_terminal.adapters.simulator.reference.bar_periods import period_of
from kis_terminal.adapters.simulator.reference.index_market import IndexMarket, IndexSnapshot
from kis_terminal.adapters.simulator.reference.index_rules import INDICES, IndexRule

INTEREST, DIVIDENDS = 0.030, 0.015
"""A year, as fractions."""
VOLATILITY = 0.18
SMILE = 0.9
"""How much volatility grows with the square of ln(strike / forward)."""
LIMIT = 0.08
"""The first stage of the daily price limit of futures."""
STRIKES_A_SIDE = 12
LEVELS = 5
_TURNOVER_MULTIPLE = 6.0
"""Futures turnover over that of the index's names."""
_STEP_SECONDS = 5
Level = tuple[float, int, int]
"""Price, size, orders."""


@dataclass(frozen=True, slots=True)
class DerivativeQuote:
    """Show a contract now, in points; `turnover` in won."""

    contract: Contract
    time: datetime
    last: float
    previous: float
    open: float
    high: float
    low: float
    volume: int
    previous_volume: int
    turnover: int
    open_interest: int
    interest_change: int
    theoretical: float
    index: IndexSnapshot
    value: OptionValue
    volatility: float
    upper: float
    lower: float
    asks: tuple[Level, ...]
    """Best first."""
    bids: tuple[Level, ...]
    bought: int

    @property
    def change(self) -> float:
        """Give the difference to the previous close in points."""
        return round(self.last - self.previous, 2)

    @property
    def rate(self) -> float:
        """Give it in percent."""
        return 100.0 * self.change / self.previous if self.previous else 0.0

    @property
    def intrinsic(self) -> float:
        """Give what an option is worth exercised."""
        if self.contract.kind == "future":
            return 0.0
        sign = 1.0 if self.contract.kind == "call" else -1.0
        return max(sign * (self.index.last - self.contract.strike), 0.0)


@dataclass(frozen=True, slots=True)
class DerivativeBar:
    """One bar of a contract; `time` is its begin (midnight for days), the totals are of the day so far."""

    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int
    turnover: int
    total_turnover: int


class DerivativesMarket:
    """Answer for every contract of one exchange."""

    def __init__(self, exchange: Exchange, indices: IndexMarket) -> None:
        self._exchange = exchange
        self._indices = indices
        self._rule = INDICES["2001"]

    @property
    def rule(self) -> IndexRule:
        """Return the index that lies under all contracts."""
        return self._rule

    def futures(self) -> list[Contract]:
        """Return the two next maturities."""
        return futures(self._exchange.calendar, self._today)

    def months(self) -> list[tuple[int, int]]:
        """Return the (year, month) of the options that are listed."""
        return option_months(self._exchange.calendar, self._today)

    def find(self, code: str) -> Contract | None:
        """Return what a code names today; None for unknown and expired ones, and strikes far off."""
        contract = read_code(self._exchange.calendar, code, self._today)
        if contract is None or contract.kind == "future":
            return contract
        level = self._indices.snapshot(self._rule).previous
        return contract if 0.7 * level <= contract.strike <= 1.3 * level else None

    def board(self, year: int, month: int) -> tuple[list[Contract], list[Contract]]:
        """Return (calls, puts) of a month around the previous close, lowest strike first."""
        level = self._indices.snapshot(self._rule).previous
        centre = round(level / STRIKE_STEP) * STRIKE_STEP
        strikes = [centre + STRIKE_STEP * place for place in range(-STRIKES_A_SIDE, STRIKES_A_SIDE + 1)]
        calendar = self._exchange.calendar
        return (
            [option(calendar, "call", year, month, strike) for strike in strikes],
            [option(calendar, "put", year, month, strike) for strike in strikes],
        )

    def quote(self, contract: Contract, index: IndexSnapshot | None = None) -> DerivativeQuote:
        """Return a contract now; `index` saves reckoning it again for each of many."""
        index = index or self._indices.snapshot(self._rule)
        today = self._today
        before = self._exchange.calendar.previous_open_day(today)
        last = self._price(contract, today, index.last)
        levels = [self._price(contract, today, level) for level in (index.open, index.high, index.low)]
        previous = self._price(contract, before, index.previous)
        forward = self._forward(contract, today, index.last)
        volatility = _volatility(forward, contract.strike)
        value = self._value(contract, today, forward)
        volume = self._contracts(contract, today, index.turnover, index.previous)
        usual = index.previous_volume * (index.turnover / index.volume if index.volume else 1.0)
        interest, change = self._interest(contract, today, volume)
        asks, bids = self._book(contract, last, index.time)
        return DerivativeQuote(
            contract=contract,
            time=index.time,
            last=last,
            previous=previous,
            open=levels[0],
            high=max(levels),
            low=min(levels),
            volume=volume,
            previous_volume=self._contracts(contract, before, int(usual), index.previous),
            turnover=int(volume * (levels[0] + max(levels) + min(levels) + 2 * last) / 5 * POINT_WON),
            open_interest=interest,
            interest_change=change,
            theoretical=forward if contract.kind == "future" else value.price,
            index=index,
            value=value,
            volatility=volatility if contract.kind != "future" else 0.0,
            upper=self._limit(contract, before, index.previous, previous, 1 + LIMIT),
            lower=self._limit(contract, before, index.previous, previous, 1 - LIMIT),
            asks=asks,
            bids=bids,
            bought=int(volume * (0.5 + 2.0 * index.risen_rate / 100)) if volume else 0,
        )

    def bars(self, contract: Contract, period: str, start: date, end: date) -> list[DerivativeBar]:
        """Return days, weeks, months or years, oldest first; options begin half a year before their end."""
        earliest = contract.expiry - timedelta(days=360 if contract.kind == "future" else 180)
        rows = []
        for bar in self._indices.bars(self._rule, "D", max(start, earliest), end):
            prices = [
                self._price(contract, bar.day, level) for level in (bar.open, bar.high, bar.low, bar.close)
            ]
            volume = self._contracts(contract, bar.day, bar.turnover, bar.previous)
            turnover = int(volume * (sum(prices) + prices[3]) / 5 * POINT_WON)
            midnight = datetime(bar.day.year, bar.day.month, bar.day.day, tzinfo=self._exchange.moment.tzinfo)
            rows.append(_bar(midnight, prices, volume, turnover, turnover))
        if period == "D":
            return rows
        return [
            _joined(list(group))
            for _, group in groupby(rows, key=lambda row: period_of(row.time.date(), period))
        ]

    def minutes(self, contract: Contract, day: date) -> list[DerivativeBar]:
        """Return the minutes of `day`, oldest first; volumes sum to the day's."""
        rows: list[DerivativeBar] = []
        minutes = self._indices.minutes(self._rule, day)
        if not minutes:
            return rows
        previous = self._previous_level(day)
        before = total = 0
        for minute in minutes:
            so_far = self._contracts(contract, day, minute.total_turnover, previous)
            prices = [
                self._price(contract, day, level)
                for level in (minute.open, minute.high, minute.low, minute.close)
            ]
            turnover = int((so_far - before) * prices[3] * POINT_WON)
            total += turnover
            rows.append(_bar(minute.time, prices, so_far - before, turnover, total))
            before = so_far
        return rows

    @property
    def _today(self) -> date:
        return self._exchange.moment.date()

    def _previous_level(self, day: date) -> float:
        if day == self._today:
            return self._indices.snapshot(self._rule).previous
        bars = self._indices.bars(self._rule, "D", day, day)
        return bars[0].previous if bars else 1.0

    def _forward(self, contract: Contract, day: date, level: float) -> float:
        """Return the theoretical forward of the contract's maturity."""
        return level * math.exp((INTEREST - DIVIDENDS) * contract.days_left(day) / 365)

    def _price(self, contract: Contract, day: date, level: float) -> float:
        """Return the contract's price on `day` when the index stands at `level`."""
        forward = self._forward(contract, day, level)
        if contract.kind == "future":
            rng = random.Random(seed_for(self._exchange.seed, "basis", contract.expiry, day))
            return _on_tick(contract, forward + rng.gauss(0.0, 0.0006) * self._rule.level)
        return _on_tick(contract, self._value(contract, day, forward).price)

    def _value(self, contract: Contract, day: date, forward: float) -> OptionValue:
        if contract.kind == "future":
            return OptionValue(forward, 1.0, 0.0, 0.0, 0.0, 0.0)
        return black_76(
            forward,
            contract.strike,
            contract.days_left(day) / 365,
            _volatility(forward, contract.strike),
            INTEREST,
            is_call=contract.kind == "call",
        )

    def _contracts(self, contract: Contract, day: date, turnover: int, previous: float) -> int:
        """Return the contracts traded when the index's names have turned so many won over; it only grows."""
        whole = _TURNOVER_MULTIPLE * turnover / (previous * POINT_WON)
        if contract.kind == "future":
            months = (contract.year - day.year) * 12 + contract.month - day.month
            return int(whole if months < 3 else whole * 0.04)
        rng = random.Random(seed_for(self._exchange.seed, "option volume", contract.code, day))
        distance = math.log(contract.strike / previous)
        near = 1.0 if contract.days_left(day) <= 35 else 0.15
        return int(whole * 0.6 * near * rng.uniform(0.4, 1.6) * math.exp(-700.0 * distance * distance))

    def _interest(self, contract: Contract, day: date, volume: int) -> tuple[int, int]:
        rng = random.Random(seed_for(self._exchange.seed, "open interest", contract.code, day))
        size = 260_000 if contract.kind == "future" else 6_000
        change = int(volume * rng.uniform(-0.02, 0.02))
        return int(size * rng.uniform(0.9, 1.1)) + change, change

    def _limit(self, contract: Contract, day: date, level: float, previous: float, factor: float) -> float:
        """Return a daily limit: of futures a part of the previous close, of options what that makes them."""
        if contract.kind == "future":
            steps = previous * factor / contract.tick(previous)
            whole = math.floor(steps + 1e-6) if factor > 1 else math.ceil(steps - 1e-6)
            return round(whole * contract.tick(previous), 2)
        return self._price(contract, day, level * (factor if contract.kind == "call" else 2 - factor))

    def _book(
        self, contract: Contract, last: float, moment: datetime
    ) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        step = (moment.hour * 3600 + moment.minute * 60 + moment.second) // _STEP_SECONDS
        rng = random.Random(seed_for(self._exchange.seed, contract.code, "book", moment.date(), step))
        tick = contract.tick(last)
        best = last - tick * rng.randint(0, 1)
        asks: list[Level] = []
        bids: list[Level] = []
        for place in range(LEVELS):
            for side, price in ((asks, best + tick * (place + 1)), (bids, best - tick * place)):
                size = rng.randint(5, 120)
                shown = max(round(price, 2), 0.0)
                side.append((shown, size if shown else 0, min(size, rng.randint(2, 40)) if shown else 0))
        return tuple(asks), tuple(bids)


def _volatility(forward: float, strike: float) -> float:
    return VOLATILITY + SMILE * math.log(strike / forward) ** 2 if strike else VOLATILITY


def _on_tick(contract: Contract, price: float) -> float:
    tick = contract.tick(price)
    return max(round(round(price / tick) * tick, 2), tick)


def _bar(
    time: datetime, prices: Sequence[float], volume: int, turnover: int, total_turnover: int
) -> DerivativeBar:
    return DerivativeBar(
        time, prices[0], max(prices), min(prices), prices[3], volume, turnover, total_turnover
    )


def _joined(rows: Sequence[DerivativeBar]) -> DerivativeBar:
    turnover = sum(row.turnover for row in rows)
    return DerivativeBar(
        rows[0].time,
        rows[0].open,
        max(row.high for row in rows),
        min(row.low for row in rows),
        rows[-1].close,
        sum(row.volume for row in rows),
        turnover,
        turnover,
    )
