"""`--bars DIR --clock HH:MM`: a recorded day is played, exactly where no account takes part in it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.books.matching import Execution, RestingOrder
from kis_terminal.adapters.simulator.books.played_market import PlayedMarket
from kis_terminal.adapters.simulator.history.bars_import import BarHistory, parse_bars
from kis_terminal.adapters.simulator.history.day_play import Hours
from kis_terminal.adapters.simulator.history.played_days import PlayedDays
from kis_terminal.adapters.simulator.listings import unknown_listing
from kis_terminal.adapters.simulator.model import DailyBar, Refused, Side, TradePrinted
from kis_terminal.adapters.simulator.options import SimulatorOptions, read_options
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from kis_terminal.adapters.simulator.server import build_venue
from kis_terminal.adapters.simulator.serving.venue import Venue
from tests.support.shared import shared_path

HOURS = Hours(9 * 3600, 15 * 3600 + 1200, 15 * 3600 + 1800)
DAY = date(2024, 9, 12)
SYMBOL = "123450"
HEADER = "Date,Open,High,Low,Close,Volume"
FIVE = tuple[int, int, int, int, int]


def days_of(*rows: str) -> PlayedDays:
    bars, _ = parse_bars(SYMBOL, [HEADER, *rows])
    assert bars is not None
    return PlayedDays(BarHistory({SYMBOL: bars}, (), {}))


def five(bar: DailyBar) -> FIVE:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


@dataclass
class Floor:
    """One symbol from morning to evening, as the exchange would run it."""

    days: PlayedDays
    opened_at: datetime
    seed: int = 3
    prints: list[TradePrinted] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)

    def __post_init__(self) -> None:
        numbers = itertools.count(1)
        self.market = PlayedMarket(
            unknown_listing(SYMBOL, 10_000, 1_000),
            self.seed,
            self.opened_at,
            lambda: next(numbers),
            self.prints.append,
            lambda execution, moment: self.executions.append(execution),
            self.days,
            lambda day: HOURS,
        )
        self.now = self.opened_at
        if self.second < HOURS.opens:
            self.market.begin_auction("opening")

    @property
    def second(self) -> float:
        return (
            self.now - datetime(self.now.year, self.now.month, self.now.day, tzinfo=SEOUL)
        ).total_seconds()

    def run_to(self, second: float) -> None:
        """Let the crowd act until a second of the day, auctions beginning and ending on the way."""
        for limit, due in ((HOURS.opens, "open"), (HOURS.closes, "close"), (HOURS.ends, "end"), (second, "")):
            if self.second <= limit <= second:
                self._act_to(limit)
                if due == "open" and self.market.mode == "auction":
                    self.market.end_auction(self.now)
                elif due == "close" and self.market.mode == "continuous":
                    self.market.begin_auction("closing")
                elif due == "end" and self.market.mode == "auction":
                    self.market.end_auction(self.now)
                    self.market.rest_idle()

    def _act_to(self, second: float) -> None:
        while True:
            wait = self.market.crowd.next_delay() / 1_000_000
            if self.second + wait > second:
                self.now += timedelta(seconds=second - self.second)
                return
            self.now += timedelta(seconds=wait)
            self.market.act(self.now, wait, 0.0)
            bid, ask = self.market.book.bids.best, self.market.book.asks.best
            if self.market.mode == "continuous" and bid is not None and ask is not None:
                assert bid < ask

    def rest(self, side: Side, price: int, quantity: int) -> RestingOrder:
        """Let an account's order stand in the book."""
        order = RestingOrder(side, price, quantity, owner="1")
        self.market.rest(order)
        return order


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SEOUL)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.integers(min_value=920, max_value=1_080), min_size=4, max_size=4),
    st.integers(min_value=4, max_value=400_000),
    st.integers(min_value=0, max_value=1_000),
)
def test_an_undisturbed_day_is_the_bar_exactly(prices: list[int], volume: int, seed: int) -> None:
    first, last, *_ = prices = [10 * price for price in prices]
    row = f"{DAY},{first},{max(prices)},{min(prices)},{last},{volume}"
    floor = Floor(days_of("2024-09-11,10000,10000,10000,10000,5", row), at(8, 30), seed)

    floor.run_to(16 * 3600)

    assert five(floor.market.daily_bar()) == (first, max(prices), min(prices), last, volume)
    assert all(min(prices) <= one.price <= max(prices) for one in floor.prints)
    minutes = floor.market.tape.minute_bars()
    assert sum(minute.volume for minute in minutes) == volume
    assert floor.market.base == 10_000


@pytest.mark.parametrize(("hour", "minute"), [(8, 30), (9, 0), (11, 17), (15, 19), (15, 25), (15, 45)])
def test_the_day_is_the_same_wherever_it_is_entered(hour: int, minute: int) -> None:
    floor = Floor(days_of(f"{DAY},10000,10400,9800,10100,54321"), at(hour, minute))
    if HOURS.closes <= floor.second < HOURS.ends:
        floor.market.begin_auction("closing")

    floor.run_to(max(floor.second, 15 * 3600 + 2400))

    assert five(floor.market.daily_bar()) == (10_000, 10_400, 9_800, 10_100, 54_321)
    assert sum(minute.volume for minute in floor.market.tape.minute_bars()) == 54_321


def test_an_accounts_bid_is_met_at_its_own_price_when_the_path_comes_to_it() -> None:
    floor = Floor(days_of(f"{DAY},10000,10000,9000,9100,500000"), at(9, 0))
    floor.run_to(9 * 3600 + 60)
    order = floor.rest("buy", 9_500, 10)

    floor.run_to(16 * 3600)

    mine = [execution for execution in floor.executions if execution.resting is order]
    assert sum(execution.quantity for execution in mine) == 10
    assert {execution.price for execution in mine} == {9_500}
    assert floor.market.daily_bar().close == 9_100


def test_a_large_bid_holds_the_price_until_it_is_filled() -> None:
    floor = Floor(days_of(f"{DAY},10000,10000,9000,9100,500000"), at(9, 0))
    floor.run_to(9 * 3600 + 60)
    order = floor.rest("buy", 9_800, 10_000_000)

    floor.run_to(15 * 3600)

    after = [one.price for one in floor.prints if one.price < 9_800]
    assert after == []
    assert 0 < order.rest < 10_000_000


def test_the_next_day_of_the_bars_is_played_after_the_first_and_then_the_market_is_free() -> None:
    days = days_of(f"{DAY},10000,10400,9800,10100,5000", "2024-09-13,5000,5200,4900,5100,9000,")
    floor = Floor(days, at(8, 30))
    floor.run_to(16 * 3600)
    first = floor.market.roll_day(at(8, 30, date(2024, 9, 13)))
    floor.now = at(8, 30, date(2024, 9, 13))
    floor.market.begin_auction("opening")
    floor.run_to(16 * 3600)
    second = floor.market.roll_day(at(9, 0, date(2024, 9, 16)))
    floor.now = at(9, 0, date(2024, 9, 16))
    floor.prints.clear()
    floor.run_to(9 * 3600 + 3600)

    assert five(first) == (10_000, 10_400, 9_800, 10_100, 5_000)
    assert five(second) == (5_000, 5_200, 4_900, 5_100, 9_000)
    assert second.base_price == 5_000  # half the price overnight is a change of capital
    assert floor.prints


@pytest.mark.parametrize(
    "row", [f"{DAY},0,0,0,10000,0", f"{DAY},10000,10000,10000,10000,0", f"{DAY},0,0,0,10000,777"]
)
def test_every_coding_of_a_halt_is_a_halted_symbol(row: str) -> None:
    floor = Floor(days_of("2024-09-11,9900,10000,9900,10000,5", row), at(9, 0))

    floor.run_to(16 * 3600)

    assert floor.market.is_halted
    assert floor.prints == []
    assert floor.market.tape.last == 10_000


def test_a_day_that_the_bars_leave_out_is_a_halt_and_one_beyond_them_is_not() -> None:
    days = days_of("2024-09-11,9900,10000,9900,10000,5", "2024-09-13,10000,10100,9900,10000,50")

    left_out = days.bar(SYMBOL, DAY)

    assert left_out is not None
    assert (left_out.is_halt, left_out.close) == (True, 10_000)
    assert days.bar(SYMBOL, date(2024, 9, 20)) is None
    assert days.bar(SYMBOL, date(2024, 9, 1)) is None


def test_moving_prices_without_volume_are_a_day_whose_volume_is_not_known() -> None:
    days = days_of("2024-09-11,9900,10000,9900,10000,4000", f"{DAY},10000,10400,9800,10100,0")

    bar = days.bar(SYMBOL, DAY)

    assert bar is not None
    assert (bar.is_halt, bar.volume) == (False, 4_000)


def test_a_first_day_far_beyond_the_limits_is_played() -> None:
    floor = Floor(
        days_of("2024-09-11,9900,10000,9900,10000,5", f"{DAY},30000,40000,30000,39000,500"), at(8, 30)
    )

    floor.run_to(16 * 3600)

    assert five(floor.market.daily_bar()) == (30_000, 40_000, 30_000, 39_000, 500)


def playing(day: date, clock: str, folder: str = "data/krx/daily_adjusted_2000_2024") -> Venue:
    return build_venue(SimulatorOptions(bars=shared_path(folder), clock=clock, day=day, is_limited=False))


def row_of(symbol: str, day: date) -> FIVE:
    """Return a day as its file has it."""
    text = shared_path(f"data/krx/daily_adjusted_2000_2024/{symbol}.csv").read_text(encoding="utf-8-sig")
    row = next(line for line in text.splitlines() if line.startswith(day.isoformat())).split(",")
    first, high, low, close, volume = map(int, row[1:6])
    return first, high, low, close, volume


def run(venue: Venue, until: datetime) -> None:
    exchange, now = venue.exchange, venue.market_time.now()
    while now < until:
        now += timedelta(seconds=60)
        exchange.advance(now)
        exchange.drain_events()


def test_a_real_day_is_played_to_its_close_and_history_ends_before_it() -> None:
    venue = playing(DAY, "15:19")

    run(venue, at(15, 31))

    exchange = venue.exchange
    today = {symbol: exchange.quote(symbol) for symbol in ("005930", "000660", "012450")}
    samsung = exchange.daily_bars("005930", date(2024, 9, 10), date(2024, 12, 16), adjusted=False)
    assert [bar.day for bar in samsung] == [date(2024, 9, 10), date(2024, 9, 11), DAY]
    assert five(samsung[-1]) == row_of("005930", DAY)
    assert today["012450"].is_halted
    assert not today["005930"].is_halted


def test_a_halted_symbol_of_a_real_day_takes_no_order() -> None:
    venue = playing(DAY, "10:00")
    account = venue.exchange.account("50000101")

    answer = venue.exchange.submit(account, "buy", "012450", "01", 1, 0, venue.market_time.now())

    assert isinstance(answer, Refused)


def test_without_a_day_the_last_one_of_the_bars_is_played() -> None:
    notes: list[str] = []

    venue = build_venue(
        SimulatorOptions(bars=shared_path("data/krx/daily_adjusted_2000_2024"), clock="09:05"), notes
    )

    assert venue.market_time.now().date() == date(2024, 12, 16)
    assert venue.exchange.quote("005930").open == 56_300
    assert "2024-12-16" in notes[-1]


def test_a_day_on_which_nothing_traded_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "005930.csv").write_text(f"{HEADER}\n{DAY},10,12,9,11,5\n", encoding="utf-8")

    with pytest.raises(OSError, match="--day 2024-09-15"):
        build_venue(SimulatorOptions(bars=tmp_path, clock="09:05", day=date(2024, 9, 15)))


def test_bars_without_a_time_of_day_are_what_lies_behind_as_before(tmp_path: Path) -> None:
    (tmp_path / "005930.csv").write_text(f"{HEADER}\n{DAY},10,12,9,11,5\n", encoding="utf-8")

    venue = build_venue(SimulatorOptions(bars=tmp_path))

    assert venue.exchange.quote("005930").base == 11


@pytest.mark.parametrize(
    "words",
    [
        ["--day", "2024-09-12"],
        ["--bars", "x", "--day", "2024-09-12"],
        ["--bars", "x", "--clock", "2024-09-12T09:00", "--day", "2024-09-12"],
        ["--bars", "x", "--clock", "09:00", "--day", "yesterday"],
    ],
)
def test_a_day_without_its_time_is_bad_usage(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        read_options(words)


@pytest.mark.parametrize("stop", ["interruption", "halt"])
def test_a_stop_in_the_middle_of_the_day_moves_its_trades_and_loses_none(stop: str) -> None:
    floor = Floor(days_of(f"{DAY},10000,10400,9800,10100,54321"), at(9, 0))
    floor.run_to(10 * 3600)
    if stop == "halt":
        floor.market.is_halted = True
    else:
        floor.market.begin_auction("interruption")
    before = len(floor.prints)
    floor.run_to(11 * 3600)
    while_stopped = len(floor.prints) - before
    if stop == "halt":
        floor.market.is_halted = False
    else:
        floor.market.end_auction(floor.now)

    floor.run_to(16 * 3600)

    assert while_stopped == 0
    assert five(floor.market.daily_bar()) == (10_000, 10_400, 9_800, 10_100, 54_321)


def shared_days(symbol: str, file: str) -> PlayedDays:
    """Return one real file's days under the symbol that the floor runs."""
    lines = shared_path(f"data/krx/{file}").read_text(encoding="utf-8-sig").splitlines()
    bars, _ = parse_bars(symbol, lines)
    assert bars is not None
    return PlayedDays(BarHistory({SYMBOL: bars}, (), {}))


@pytest.mark.parametrize(
    ("file", "day"),
    [
        ("daily_adjusted_2000_2024/005930.csv", date(2000, 10, 6)),  # the high is below the close by 1 won
        ("daily_stale_cache_2015_2022/035720.csv", date(2021, 4, 15)),  # 5:1, with a rounded base price
        ("daily_raw_005930_1980_2021.csv", date(2018, 5, 4)),  # 50:1
        ("daily_raw_005930_1980_2021.csv", date(2018, 4, 27)),  # 2.65 million won a share
        ("daily_adjusted_2000_2024/068270.csv", date(2010, 3, 10)),  # the volume is lost
    ],
)
def test_odd_days_of_real_files_are_played_to_their_close(file: str, day: date) -> None:
    days = shared_days("005930", file)
    bar = days.bar(SYMBOL, day)
    assert bar is not None
    floor = Floor(days, at(8, 30, day))

    floor.run_to(16 * 3600)

    assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
    assert five(floor.market.daily_bar()) == (bar.open, bar.high, bar.low, bar.close, bar.volume)
    assert bar.volume > 0
    assert floor.market.base == bar.base


def test_the_days_of_a_real_split_are_halted_and_then_count_from_the_new_price() -> None:
    days = shared_days("005930", "daily_raw_005930_1980_2021.csv")

    halted = [days.bar(SYMBOL, day) for day in (date(2018, 4, 30), date(2018, 5, 2), date(2018, 5, 3))]
    first = days.bar(SYMBOL, date(2018, 5, 4))

    assert [bar.is_halt for bar in halted if bar is not None] == [True, True, True]
    assert first is not None
    assert first.base == 53_000


def test_closed_days_that_stand_as_zero_rows_cannot_be_played() -> None:
    days = shared_days("035720", "daily_stale_cache_2015_2022/035720.csv")

    sunday = days.bar(SYMBOL, date(2021, 4, 18))

    assert sunday is not None
    assert sunday.is_halt
    assert not days.trades_on(date(2021, 4, 18))
