"""The market of a run: bars that traded on one grid of time, with what may be filled and what it costs.

Bars that did not trade are left out here, once: neither engine nor strategy ever sees their prices.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestRequest, CostRule
from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey
from kis_terminal.domain.costs import DEFAULT_COMMISSION_RATE, sale_tax_history
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.instruments import Instrument, Market
from kis_terminal.domain.market import Interval
from kis_terminal.domain.price_limits import locked_bars
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.tick_history import tick_table
from kis_terminal.domain.wall_time import day_seconds

_LONG = (Interval.WEEK, Interval.MONTH, Interval.YEAR)
_BEGINNING = -(2**62)
_VALUE_BYTES = 8
_MINUTE = 60
_LONGEST_FLAGS = 50_000_000
MAY_BE_UNTRADED, MAY_BE_LOCKED = 1, 2
"""What a look at a series tells: a value that is not above 0; a bar of one price."""


class TradedSeries(NamedTuple):
    """The bars of one symbol that traded, up to the end of the run; those before its start warm up lines."""

    key: SeriesKey
    given: BarColumns
    """All bars up to the end, halts included: what charts show."""
    bars: BarColumns
    steps: NDArray[np.int64]
    """`(n,)`: place on the grid of the run; below 0 before its start."""
    first: int
    """The first bar of the run."""
    can_buy: NDArray[np.bool_]
    """`(n,)`: whether a buy is filled: not where the bar stood at the upper limit throughout."""
    can_sell: NDArray[np.bool_]
    has_locks: bool
    """Whether anything of the two is False."""
    tick_table: int
    tax_times: NDArray[np.int64]
    """`(k,)`: wall seconds since which each of `tax_rates` holds; the first holds from ever."""
    tax_rates: NDArray[np.float64]
    commission: float
    unit: float
    """Costs are cut to multiples of this: 1 won, 0.01 abroad."""

    @property
    def symbol(self) -> str:
        return self.key.symbol

    def tax_rate(self, time: int) -> float:
        """Return the fraction of a sale at `time` that is taxed away."""
        # The few rates are looked through more quickly than numpy is called.
        return float(self.tax_rates[bisect_right(self.tax_times, time) - 1])


@dataclass(frozen=True, slots=True)
class MarketRun:
    """All series of a run on one grid."""

    series: Sequence[TradedSeries]
    times: NDArray[np.int64]
    """`(t,)`: every time at which a bar of any symbol is given, halts included."""
    warnings: Sequence[str]

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(one.symbol for one in self.series)


def prepare_market(
    request: BacktestRequest,
    bars: Mapping[SeriesKey, BarColumns],
    instruments: Mapping[str, Instrument],
    look: Callable[[Sequence[BarColumns]], Sequence[int]] | None = None,
) -> MarketRun:
    """Return what both engines run on. Raises CorrectionNeeded where the request cannot be run.

    `look` is `market_look.look_at` where the compiled engine is there: it saves most of the time.
    """
    _refuse_nonsense(request)
    start, after = day_seconds(request.start), day_seconds(request.end + timedelta(days=1))
    given = [_columns(key, bars, after) for key in request.series]
    times, are_whole = _grid([one.times[_place(one.times, start) :] for one in given])
    if len(times) == 0:
        raise CorrectionNeeded(
            Sentence("{start}부터 {end}까지 봉이 하나도 없습니다.", start=request.start, end=request.end)
        )
    preparing = _Preparing(request, instruments, start, times)
    looks = look(given) if look is not None else [MAY_BE_UNTRADED | MAY_BE_LOCKED] * len(given)
    series = tuple(
        preparing.traded(one, whole, seen) for one, whole, seen in zip(given, are_whole, looks, strict=True)
    )
    return MarketRun(series, times, tuple(_warnings(request, series, instruments)))


def _refuse_nonsense(request: BacktestRequest) -> None:
    if not request.series:
        raise CorrectionNeeded(Sentence("종목이 없습니다. 한 종목 이상 고르십시오."))
    symbols = [key.symbol for key in request.series]
    twice = sorted(symbol for symbol, times in Counter(symbols).items() if times > 1)
    if twice:
        raise CorrectionNeeded(Sentence("같은 종목이 두 번 있습니다: {symbols}", symbols=", ".join(twice)))
    if len({key.product is Product.OVERSEAS for key in request.series}) > 1:
        raise CorrectionNeeded(Sentence("해외 종목과 국내 종목은 통화가 달라 한 계좌로 돌릴 수 없습니다."))
    intervals = {key.interval for key in request.series}
    if len(intervals) > 1:
        raise CorrectionNeeded(
            Sentence("봉의 주기가 서로 다릅니다: {intervals}", intervals=", ".join(sorted(intervals)))
        )
    if request.start > request.end:
        raise CorrectionNeeded(
            Sentence("시작일 {start}이 종료일 {end}보다 늦습니다.", start=request.start, end=request.end)
        )
    if not request.cash > 0:
        raise CorrectionNeeded(Sentence("투자금은 0원보다 커야 합니다: {cash:,.0f}원", cash=request.cash))
    rates = (request.costs.commission or 0.0, request.costs.tax or 0.0, request.costs.slippage)
    if not all(0 <= rate < 0.5 for rate in rates):
        raise CorrectionNeeded(
            Sentence(
                "수수료, 세금, 슬리피지는 0 이상 0.5 미만의 비율입니다(0.00015는 0.015%): {rates}",
                rates=rates,
            )
        )
    if request.sizing.value < 0:
        raise CorrectionNeeded(
            Sentence("주문 크기는 0보다 작을 수 없습니다: {size}", size=request.sizing.value)
        )


def _columns(key: SeriesKey, bars: Mapping[SeriesKey, BarColumns], after: int) -> BarColumns:
    """Return the bars of a series before `after` (wall seconds)."""
    columns = bars.get(key)
    if columns is None or len(columns) == 0:
        raise CorrectionNeeded(Sentence("{symbol}의 봉이 없습니다.", symbol=key.symbol))
    stop = _place(columns.times, after)
    if columns.columns.strides[1] != _VALUE_BYTES:
        return BarColumns(key, columns.times[:stop], _rows(columns.columns[:, :stop]))
    return columns if stop == len(columns) else columns.head(stop)


def _place(times: NDArray[np.int64], moment: int) -> int:
    """Return how many of rising times lie before a moment; most often all or none, which is seen at once."""
    if len(times) == 0 or times[0] >= moment:
        return 0
    return len(times) if times[-1] < moment else int(times.searchsorted(moment))


def _rows(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return columns whose rows are contiguous, as the kernel reads them; numpy's selections need not be."""
    return columns if columns.strides[1] == _VALUE_BYTES else np.ascontiguousarray(columns)


def _grid(times: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], Sequence[bool]]:
    """Return every time at which a series has a bar, each once, rising; and which series have all of them."""
    longest = max(times, key=len)
    are_same = [_are_same(one, longest) for one in times]
    others = [one for one, is_same in zip(times, are_same, strict=True) if len(one) and not is_same]
    if not others:
        return longest, are_same
    first = min(int(one[0]) for one in (longest, *others))
    last = max(int(one[-1]) for one in (longest, *others))
    if last - first > _LONGEST_FLAGS * _MINUTE or any(
        ((one - first) % _MINUTE).any() for one in (longest, *others)
    ):
        grid = np.unique(np.concatenate((longest, *others)))
    else:
        # Sorting all times of thousands of series takes long; a flag for each minute does not.
        flags = np.zeros((last - first) // _MINUTE + 1, dtype=np.bool_)
        for one in (longest, *others):
            flags[(one - first) // _MINUTE] = True
        grid = np.flatnonzero(flags) * _MINUTE + first
    is_longest_whole = len(grid) == len(longest)
    return grid, [is_same and is_longest_whole for is_same in are_same]


def _are_same(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """Tell whether two rising columns of times are equal; most that differ do so in length or at the ends."""
    if len(one) != len(other) or (len(one) and (one[0] != other[0] or one[-1] != other[-1])):
        return False
    return bool(np.count_nonzero(one == other) == len(one))  # several times as fast as all()


class _Preparing:
    """Makes series ready one after the other; what many share is made once."""

    def __init__(
        self,
        request: BacktestRequest,
        instruments: Mapping[str, Instrument],
        start: int,
        times: NDArray[np.int64],
    ) -> None:
        self._costs = request.costs
        self._instruments = instruments
        self._start = start
        self._times = times
        self._taxes = TaxTable(request.costs)
        self._whole: dict[int, NDArray[np.int64]] = {}
        self._free: dict[int, NDArray[np.bool_]] = {}

    def traded(self, given: BarColumns, is_whole: bool, seen: int) -> TradedSeries:
        """Return what the engines need of one series; `is_whole` tells that it has a bar at every step."""
        bars = _only_traded(given) if seen & MAY_BE_UNTRADED else given
        first = _place(bars.times, self._start)
        instrument = _instrument(given.key, self._instruments)
        can_buy, can_sell = self._fillable(bars, instrument if seen & MAY_BE_LOCKED else None)
        tax_times, tax_rates = self._taxes(instrument)
        commission = self._costs.commission
        if commission is None:
            commission = float(DEFAULT_COMMISSION_RATE) if given.key.product is Product.STOCK else 0.0
        return TradedSeries(
            key=given.key,
            given=given,
            bars=bars,
            steps=self._steps(bars.times, first, is_whole and bars is given),
            first=first,
            can_buy=can_buy,
            can_sell=can_sell,
            has_locks=can_buy is not can_sell,
            tick_table=tick_table(instrument),
            tax_times=tax_times,
            tax_rates=tax_rates,
            commission=commission,
            unit=0.01 if given.key.product is Product.OVERSEAS else 1.0,
        )

    def _fillable(
        self, bars: BarColumns, instrument: Instrument | None
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return on which bars a buy and a sale are filled; one array twice where that is on all of them."""
        if instrument is not None and bars.key.interval not in _LONG:
            upper, lower = locked_bars(bars, instrument.market)
            if upper is not lower and (upper.any() or lower.any()):
                return ~upper, ~lower
        if len(bars) not in self._free:
            self._free[len(bars)] = np.ones(len(bars), dtype=np.bool_)
        return self._free[len(bars)], self._free[len(bars)]

    def _steps(self, times: NDArray[np.int64], first: int, is_whole: bool) -> NDArray[np.int64]:
        """Return the place on the grid of each bar, below 0 before the run."""
        inside = times[first:]
        if is_whole:
            if first not in self._whole:
                self._whole[first] = np.concatenate(
                    (np.full(first, -1, dtype=np.int64), np.arange(len(inside), dtype=np.int64))
                )
            return self._whole[first]
        steps = np.full(len(times), -1, dtype=np.int64)
        steps[first:] = np.searchsorted(self._times, inside)
        return steps


def _only_traded(given: BarColumns) -> BarColumns:
    """Return the bars on which orders could be filled."""
    # Most series have neither a halt nor a zero: that is seen at a glance.
    if given.columns.min(initial=np.inf) > 0:
        return given
    traded = given.has_traded
    if traded.all():
        return given
    return BarColumns(given.key, given.times[traded], _rows(given.columns[:, traded]))


def _instrument(key: SeriesKey, instruments: Mapping[str, Instrument]) -> Instrument | None:
    """Return what is known of a domestic symbol; an unknown one is taken for a KOSPI share."""
    if key.product is not Product.STOCK:
        return None
    return instruments.get(key.symbol) or Instrument(key.symbol, key.symbol, Market.KOSPI)


class TaxTable:
    """The tax of sales over time; instruments of one list and kind share theirs."""

    def __init__(self, costs: CostRule) -> None:
        self._rate = costs.tax
        self._known: dict[tuple[Market, bool] | None, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}

    def __call__(self, instrument: Instrument | None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return since when (wall seconds) each rate holds, and the rates."""
        key = None if instrument is None else (instrument.market, instrument.is_taxed)
        if key not in self._known:
            self._known[key] = self._history(instrument)
        return self._known[key]

    def _history(self, instrument: Instrument | None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if self._rate is not None or instrument is None:
            return np.array([_BEGINNING]), np.array([self._rate or 0.0])
        history = sale_tax_history(instrument)
        # The oldest known rate stands for what was before it.
        since = [_BEGINNING, *(day_seconds(day) for day, _ in history[1:])]
        return np.array(since), np.array([float(rate) for _, rate in history])


def _warnings(
    request: BacktestRequest, series: Sequence[TradedSeries], instruments: Mapping[str, Instrument]
) -> list[str]:
    found: list[str] = []
    unknown = [
        one.symbol for one in series if one.key.product is Product.STOCK and one.symbol not in instruments
    ]
    if unknown and request.costs.tax is None:
        found.append(
            Sentence(
                "종목 정보가 없어 코스피 주식으로 보고 세금과 호가단위를 적용했습니다: {symbols}",
                symbols=_listed(unknown),
            )
        )
    abroad = [one.symbol for one in series if one.key.product is Product.OVERSEAS]
    if abroad and request.costs.commission is None:
        found.append(
            Sentence(
                "해외 종목의 수수료를 지정하지 않아 0으로 계산했습니다: {symbols}", symbols=_listed(abroad)
            )
        )
    idle = [one.symbol for one in series if one.first == len(one.bars)]
    if idle:
        found.append(Sentence("기간 안에 거래된 봉이 없습니다: {symbols}", symbols=_listed(idle)))
    return found


def _listed(symbols: Sequence[str]) -> str:
    """Return at most ten symbols, and how many more there are."""
    shown = ", ".join(symbols[:10])
    return shown if len(symbols) <= 10 else f"{shown} +{len(symbols) - 10}"
