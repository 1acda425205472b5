"""When, at what price and for how much an order of a backtest is filled."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from kis_terminal.domain.backtest import BacktestFill, CostRule, FillRule, Sizing
from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.costs import trade_costs
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.instruments import Instrument, Market
from kis_terminal.domain.orders import Side
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.wall_time import day_seconds
from tests.services.backtest.scripted import buy, run_script, sell
from tests.support.backtests import FIRST_DAY, bars_of, flat_bars, fund, krx_bars, shares

A, B = "000001", "000002"


def day(number: int, first: date = FIRST_DAY) -> int:
    return day_seconds(first + timedelta(days=number))


def deals(fills: Any) -> list[tuple[str, int, str, float, int]]:
    return [(fill.symbol, fill.time, fill.side.value, fill.price, fill.quantity) for fill in fills]


def test_a_signal_on_the_close_is_filled_at_the_next_open() -> None:
    bars = bars_of(A, [(100, 110, 90, 105), (107, 120, 100, 111), (112, 115, 108, 109)])

    result = run_script({(A, 0): buy(A, quantity=3), (A, 1): sell(A)}, bars)

    assert deals(result.fills) == [(A, day(1), "buy", 107, 3), (A, day(2), "sell", 112, 3)]


def test_fill_at_close_takes_the_close_of_the_signal_bar() -> None:
    bars = bars_of(A, [(100, 110, 90, 105), (107, 120, 100, 111)])

    result = run_script({(A, 0): buy(A, quantity=3), (A, 1): sell(A)}, bars, fill=FillRule.CLOSE)

    assert deals(result.fills) == [(A, day(0), "buy", 105, 3), (A, day(1), "sell", 111, 3)]


@pytest.mark.parametrize(
    "halt",
    [(0, 0, 0, 105, 0), (105, 105, 105, 105, 0), (0, 0, 0, 105, 31_000)],
    ids=["zeros", "close repeated", "block trades only"],
)
def test_a_halted_bar_fills_nothing_and_the_order_waits(halt: tuple[float, ...]) -> None:
    bars = bars_of(A, [(100, 110, 90, 105), halt, halt, (98, 99, 97, 98)])

    result = run_script({(A, 0): buy(A, quantity=3)}, bars)

    assert deals(result.fills) == [(A, day(3), "buy", 98, 3)]


def test_a_bar_that_lost_its_volume_is_no_halt() -> None:
    bars = bars_of(A, [(100, 110, 90, 105), (107, 109, 101, 103, 0)])

    result = run_script({(A, 0): buy(A, quantity=3)}, bars)

    assert deals(result.fills) == [(A, day(1), "buy", 107, 3)]


def test_the_halt_of_a_real_share_never_fills_at_zero() -> None:
    bars = krx_bars("012450")
    halt = int(np.searchsorted(bars.times, day_seconds(date(2024, 9, 12))))
    before = int(bars.has_traded[:halt].sum()) - 1

    result = run_script({("012450", before): buy("012450", quantity=1)}, bars)

    assert bars.open[halt] == 0
    [fill] = result.fills
    following = halt + int(np.argmax(bars.has_traded[halt:]))
    assert (fill.time, fill.price) == (bars.times[following], bars.open[following])
    assert fill.price > 100_000


def test_a_split_in_adjusted_prices_makes_no_jump_and_one_in_raw_prices_is_warned_of() -> None:
    adjusted = krx_bars("005930").between(day_seconds(date(2018, 4, 2)), day_seconds(date(2018, 6, 1)))
    raw_key = adjusted.key.__class__(adjusted.key.product, A, adjusted.key.interval, False)
    factor = np.where(adjusted.times < day_seconds(date(2018, 5, 4)), 50.0, 1.0)
    columns = adjusted.columns.copy()
    columns[:4] *= factor
    raw = BarColumns(raw_key, adjusted.times, columns)
    script = {("005930", 3): buy("005930", quantity=10), (A, 3): buy(A, quantity=1)}

    on_adjusted = run_script(script, adjusted, cash=100_000_000.0)
    on_raw = run_script(script, raw, cash=100_000_000.0)

    assert abs(np.diff(on_adjusted.equity) / on_adjusted.equity[:-1]).max() < 0.01
    assert not any("수정하지 않은" in warning for warning in on_adjusted.warnings)
    assert any("수정하지 않은" in warning and "2018-05-04" in warning for warning in on_raw.warnings)


@pytest.mark.parametrize(
    ("first", "rate", "fills_on"),
    [
        (date(2022, 1, 3), 1.30, 2),
        (date(2022, 1, 3), 1.15, 1),
        (date(2015, 6, 1), 1.15, 2),
        (date(2015, 6, 12), 1.15, 2),
        (date(2015, 6, 15), 1.15, 1),
    ],
)
def test_a_bar_locked_at_the_upper_limit_sells_nothing_to_us(first: date, rate: float, fills_on: int) -> None:
    top = round(10_000 * rate)
    bars = bars_of(A, [(10_000,) * 2 + (9_900, 10_000), (top,) * 4, (top, top + 100, top, top)], first)

    result = run_script({(A, 0): buy(A, quantity=1)}, bars)

    assert [fill.time for fill in result.fills] == [day(fills_on, first)]


def test_a_bar_locked_at_the_lower_limit_buys_nothing_of_us_but_sells() -> None:
    rows = [
        (10_000, 10_000, 9_900, 10_000),
        (10_000, 10_100, 9_900, 10_000),
        (7_000,) * 4,
        (6_900,) * 3 + (6_950,),
    ]
    bars, other = bars_of(A, rows), bars_of(B, rows)

    result = run_script(
        {(A, 0): buy(A, quantity=1), (A, 1): sell(A), (B, 1): buy(B, quantity=2)}, bars, other
    )

    assert deals(result.fills) == [
        (A, day(1), "buy", 10_000, 1),
        (B, day(2), "buy", 7_000, 2),
        (A, day(3), "sell", 6_900, 1),
    ]


def test_a_later_decision_takes_the_place_of_a_waiting_order() -> None:
    locked = (13_000,) * 4
    bars = bars_of(A, [(10_000, 10_000, 9_900, 10_000), locked, (12_000, 12_100, 11_900, 12_000)])

    taken_back = run_script({(A, 0): buy(A, quantity=1), (A, 1): sell(A)}, bars)
    replaced = run_script({(A, 0): buy(A, quantity=1), (A, 1): buy(A, quantity=5)}, bars)

    assert list(taken_back.fills) == []
    assert deals(replaced.fills) == [(A, day(2), "buy", 12_000, 5)]


@pytest.mark.parametrize(
    ("first", "paid", "got"),
    [
        # 1 % of 15,010 is 15,160.1: steps of 50 won before 2023-01-25, of 10 since.
        (date(2022, 1, 3), 15_200, 14_850),
        (date(2023, 2, 1), 15_170, 14_850),
    ],
)
def test_slippage_goes_to_the_next_tick_of_its_day(first: date, paid: float, got: float) -> None:
    bars = bars_of(A, [(15_010, 15_020, 15_000, 15_010)] * 3, first)

    result = run_script(
        {(A, 0): buy(A, quantity=1), (A, 1): sell(A)}, bars, costs=CostRule(0.0, 0.0, slippage=0.01)
    )

    assert [fill.price for fill in result.fills] == [paid, got]


@pytest.mark.parametrize("first", [date(2018, 1, 2), date(2020, 1, 2), date(2024, 1, 2), date(2026, 1, 2)])
@pytest.mark.parametrize("market", list(Market))
def test_costs_are_those_of_the_day_and_the_market(first: date, market: Market) -> None:
    bars = bars_of(A, [(71_300, 71_400, 71_200, 71_300)] * 3, first)
    instrument = Instrument(A, A, market)

    result = run_script(
        {(A, 0): buy(A, quantity=137), (A, 1): sell(A)}, bars, cash=1e9, instruments={A: instrument}
    )

    bought, sold = result.fills
    amount = Decimal(71_300 * 137)
    for fill in (bought, sold):
        costs = trade_costs(instrument, fill.side, amount, first + timedelta(days=1))
        assert (fill.commission, fill.tax) == (float(costs.commission), float(costs.tax))


def test_a_fund_bears_no_tax_and_given_rates_replace_the_table() -> None:
    bars = bars_of(A, [(10_000, 10_010, 9_990, 10_000)] * 3)
    script = {(A, 0): buy(A, quantity=10), (A, 1): sell(A)}

    as_fund = run_script(script, bars, instruments=fund(A))
    given = run_script(script, bars, costs=CostRule(commission=0.001, tax=0.002))

    assert [fill.tax for fill in as_fund.fills] == [0, 0]
    assert [(fill.commission, fill.tax) for fill in given.fills] == [(100, 0), (100, 200)]


def test_cash_never_goes_below_zero_and_the_quantity_is_cut() -> None:
    bars = bars_of(A, [(9_000, 9_010, 8_990, 9_000), (10_000, 10_010, 9_990, 10_000)])

    result = run_script({(A, 0): buy(A, quantity=50)}, bars, cash=100_000.0, costs=CostRule(0.001))

    [fill] = result.fills
    assert (fill.quantity, fill.commission) == (9, 90)
    assert result.equity[-1] == 100_000 - 90
    assert any("수량을 줄였습니다" in warning for warning in result.warnings)


def test_a_buy_that_the_cash_does_not_pay_is_dropped_with_a_reason() -> None:
    bars = bars_of(A, [(9_000, 9_010, 8_990, 9_000)] * 3)

    result = run_script({(A, 0): buy(A, quantity=1)}, bars, cash=8_000.0)

    assert list(result.fills) == []
    assert any("현금이 모자라" in warning for warning in result.warnings)


def test_what_a_sale_brings_buys_in_the_same_step() -> None:
    bars, other = flat_bars(A, [1_000] * 4), flat_bars(B, [1_000] * 4)
    costs = CostRule(0.0, 0.0)

    result = run_script(
        {(A, 0): buy(A), (A, 1): buy(A, quantity=10), (B, 1): sell(B), (B, 0): buy(B, quantity=10)},
        bars,
        other,
        cash=10_000.0,
        costs=costs,
        sizing=Sizing(SizingKind.SHARES, 0),
    )

    assert deals(result.fills) == [
        (B, day(1), "buy", 1_000, 10),
        (B, day(2), "sell", 1_000, 10),
        (A, day(2), "buy", 1_000, 10),
    ]


@pytest.mark.parametrize(
    ("sizing", "quantity"),
    [
        (Sizing(), 50),
        (Sizing(SizingKind.SHARES, 7), 7),
        (Sizing(SizingKind.PERCENT, 30.0), 30),
        (Sizing(SizingKind.AMOUNT, 12_345.0), 12),
    ],
)
def test_an_entry_without_a_quantity_buys_by_the_rule(sizing: Sizing, quantity: int) -> None:
    bars, other = flat_bars(A, [1_000] * 3), flat_bars(B, [1_000] * 3)

    result = run_script({(A, 0): buy(A)}, bars, other, cash=100_000.0, sizing=sizing)

    assert [fill.quantity for fill in result.fills] == [quantity]


def test_a_weight_is_a_target_of_the_equity() -> None:
    bars = flat_bars(A, [1_000] * 5)

    result = run_script(
        {(A, 0): buy(A, weight=0.3), (A, 1): buy(A, weight=0.5), (A, 2): buy(A, weight=0.2)},
        bars,
        cash=100_000.0,
        costs=CostRule(0.0, 0.0),
    )

    assert [fill.quantity for fill in result.fills] == [30, 20]


@pytest.mark.parametrize(
    ("wish", "sizing", "quantity"),
    [
        ({}, Sizing(), 25),  # half of 100,000 over two symbols
        ({}, Sizing(SizingKind.PERCENT, 30.0), 15),
        ({}, Sizing(SizingKind.AMOUNT, 12_345.0), 6),
        ({"weight": 0.8}, Sizing(), 40),
    ],
)
def test_shares_are_counted_at_the_close_that_is_known_when_it_is_decided(
    wish: dict[str, float], sizing: Sizing, quantity: int
) -> None:
    up = bars_of(
        A, [(1_000, 2_000, 1_000, 2_000), (2_100, 2_200, 2_100, 2_150), (1_500, 1_500, 1_500, 1_500)]
    )
    down = bars_of(
        A, [(1_000, 2_000, 1_000, 2_000), (1_500, 2_200, 1_500, 2_150), (9_000, 9_000, 9_000, 9_000)]
    )
    other = flat_bars(B, [1_000] * 3)

    runs = [
        run_script({(A, 0): buy(A, **wish)}, bars, other, cash=100_000.0, sizing=sizing)
        for bars in (up, down)
    ]

    # The next open moves the price that is paid, never the number of shares.
    assert [[(fill.price, fill.quantity) for fill in run.fills] for run in runs] == [
        [(2_100, quantity)],
        [(1_500, quantity)],
    ]


def test_an_order_that_waits_keeps_its_size_and_never_costs_more_than_the_cash() -> None:
    halt = (0, 0, 0, 1_000, 0)
    bars = bars_of(A, [(1_000, 1_000, 1_000, 1_000), halt, halt, (1_250, 1_300, 1_250, 1_300)])
    free = CostRule(0.0, 0.0)

    half = run_script({(A, 0): buy(A, weight=0.5)}, bars, cash=100_000.0, costs=free)
    whole = run_script({(A, 0): buy(A, weight=1.0)}, bars, cash=100_000.0, costs=free)

    assert [(fill.price, fill.quantity) for fill in half.fills] == [(1_250, 50)]
    assert [(fill.price, fill.quantity) for fill in whole.fills] == [(1_250, 80)]
    assert any("줄였습니다" in warning for warning in whole.warnings)


def test_wishes_of_one_bar_know_of_each_other() -> None:
    bars = flat_bars(A, [1_000] * 3)

    def twice(context: Any) -> None:
        context.buy(A, weight=0.3)
        context.buy(A, weight=0.5)

    result = run_script({(A, 0): twice}, bars, cash=100_000.0, costs=CostRule(0.0, 0.0))

    assert [fill.quantity for fill in result.fills] == [30, 20]


def test_short_selling_is_off_and_can_be_switched_on() -> None:
    bars = flat_bars(A, [1_000, 1_000, 900, 900, 900])
    script = {(A, 0): sell(A, quantity=10), (A, 2): buy(A, quantity=10)}
    free = CostRule(0.0, 0.0)

    normal = run_script(script, bars, costs=free, cash=1_000_000.0)
    short = run_script(script, bars, costs=free, cash=1_000_000.0, is_short_allowed=True)

    assert [fill.side for fill in normal.fills] == [Side.BUY]
    assert [fill.side for fill in short.fills] == [Side.SELL, Side.BUY]
    assert [trade.profit for trade in short.trades] == [1_000]
    assert short.equity[-1] == 1_001_000


def test_shares_of_a_series_that_ends_early_are_valued_at_its_last_close() -> None:
    bars = flat_bars(A, [1_000] * 60)
    gone = flat_bars(B, [500, 500, 400])

    result = run_script({(B, 0): buy(B, quantity=10)}, bars, gone, costs=CostRule(0.0, 0.0), cash=1e6)

    assert result.equity[-1] == 1_000_000 - 1_000
    assert any(B in warning and "2022-01-05" in warning for warning in result.warnings)


def test_orders_of_one_bar_are_filled_one_after_the_other_and_trades_pair_the_oldest() -> None:
    bars = flat_bars(A, [1_000, 1_000, 1_100, 1_200, 1_200])

    result = run_script(
        {
            (A, 0): lambda context: (context.buy(A, quantity=1, reason="one"), context.buy(A, quantity=2))[0],
            (A, 1): buy(A, quantity=3, reason="later"),
            (A, 2): sell(A, quantity=2, reason="out"),
        },
        bars,
        costs=CostRule(0.0, 0.0),
    )

    assert [fill.quantity for fill in result.fills] == [1, 2, 3, 2]
    assert [(trade.quantity, trade.entry_reason, trade.exit_reason) for trade in result.trades] == [
        (1, "one", "out"),
        (1, "", "out"),
        (1, "", ""),
        (3, "later", ""),
    ]
    assert [trade.exit_time is None for trade in result.trades] == [False, False, True, True]


@pytest.mark.parametrize(
    "wish", [{"quantity": 0}, {"quantity": -3}, {"quantity": 1.5}, {"weight": 1.2}, {"weight": 0.0}]
)
def test_a_wish_that_cannot_be_is_refused(wish: dict[str, Any]) -> None:
    with pytest.raises(CorrectionNeeded, match=A):
        run_script({(A, 0): buy(A, **wish)}, flat_bars(A, [1_000] * 3))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cash": 0.0}, "투자금"),
        ({"start": date(2023, 1, 1), "end": date(2022, 1, 1)}, "늦습니다"),
        ({"start": date(1990, 1, 1), "end": date(1990, 2, 1)}, "봉이"),
        ({"costs": CostRule(commission=1.5)}, "비율"),
        ({"series": ()}, "종목이 없습니다"),
    ],
)
def test_a_request_that_cannot_run_says_why(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(CorrectionNeeded, match=said):
        run_script({}, flat_bars(A, [1_000] * 3), **fields)


def test_a_strategy_sees_nothing_beyond_its_bar_and_cannot_write_into_the_past() -> None:
    seen: list[tuple[int, float, float]] = []

    def look(context: Any) -> None:
        bars = context.bars(A)
        seen.append((len(bars), float(bars.close[-1]), context.equity))
        with pytest.raises(ValueError, match="read-only"):
            bars.close[0] = 1.0

    run_script({(A, 0): look, (A, 2): look}, flat_bars(A, [1_000, 1_100, 1_200, 1_300]))

    assert seen == [(1, 1_000, 10_000_000), (3, 1_200, 10_000_000)]


def test_bars_before_the_start_are_known_but_not_traded() -> None:
    lengths: list[int] = []
    bars = flat_bars(A, [1_000] * 10)

    run_script(
        {(A, 0): buy(A, quantity=1), (A, 5): lambda context: lengths.append(len(context.bars(A)))},
        bars,
        start=FIRST_DAY + timedelta(days=5),
    )

    assert lengths == [6]


def test_equity_of_every_step_is_cash_and_holdings() -> None:
    bars, other = flat_bars(A, [1_000, 1_100, 1_250, 900]), flat_bars(B, [500, 510, 520, 530])
    other = BarColumns(other.key, other.times[[0, 1, 3]], np.ascontiguousarray(other.columns[:, [0, 1, 3]]))

    result = run_script(
        {(A, 0): buy(A, quantity=10), (B, 0): buy(B, quantity=10)}, bars, other, cash=100_000.0
    )

    spent = sum(fill.price * fill.quantity + fill.commission for fill in result.fills)
    held = np.array([0, 1_100 * 10 + 510 * 10, 1_250 * 10 + 510 * 10, 900 * 10 + 530 * 10])
    assert result.equity.tolist() == [100_000, *(100_000 - spent + held[1:]).tolist()]
    assert isinstance(result.fills[0], BacktestFill)
    assert shares(A)[A].is_taxed
