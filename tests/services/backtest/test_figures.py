"""Known answers of the figures, reckoned by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from kis_terminal.domain.backtest import BacktestFill, BacktestTrade
from kis_terminal.domain.orders import Side
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.backtest.figures import figures

JANUARY = date(2024, 1, 1)


def days(count: int, first: date = JANUARY) -> np.ndarray:
    return np.array([day_seconds(first + timedelta(days=i)) for i in range(count)], dtype=np.int64)


def trade(profit: float, *, is_open: bool = False, cost: float = 1000.0) -> BacktestTrade:
    at = day_seconds(JANUARY)
    return BacktestTrade(
        symbol="005930",
        quantity=1,
        entry_time=at,
        entry_price=cost,
        exit_time=None if is_open else at + 86_400,
        exit_price=cost + profit,
        profit=profit,
        return_rate=profit / cost,
        bars_held=2,
    )


def fill(
    day: int, side: Side, quantity: int = 10, price: float = 100.0, symbol: str = "005930"
) -> BacktestFill:
    time = day_seconds(JANUARY + timedelta(days=day))
    return BacktestFill(symbol, time, side, price, quantity, commission=1.0, tax=2.0 * (side is Side.SELL))


def test_growth_and_drawdown_by_hand() -> None:
    equity = np.array([1000.0, 1100.0, 990.0, 880.0, 1100.0, 1210.0])

    found = figures(days(6), equity, [], [], cash=1000.0)

    assert found.summary["total_return"] == pytest.approx(0.21)
    assert found.summary["max_drawdown"] == pytest.approx(0.2)
    assert found.summary["max_drawdown_days"] == 3
    assert found.summary["drawdown_recovery_days"] == 3
    assert found.summary["cagr"] == pytest.approx(1.21 ** (365 / 5) - 1)
    assert found.drawdown.tolist() == pytest.approx([0, 0, -0.1, -0.2, 0, 0])


def test_a_fall_below_the_beginning_is_a_drawdown_from_the_first_point_on() -> None:
    found = figures(days(3), np.array([900.0, 950.0, 990.0]), [], [], cash=1000.0)

    assert found.summary["max_drawdown"] == pytest.approx(0.1)
    assert found.summary["drawdown_recovery_days"] is None
    assert found.summary["longest_drawdown_days"] == 2


def test_win_rate_leaves_out_open_positions_and_counts_zero_as_no_win() -> None:
    trades = [trade(300), trade(-100), trade(0), trade(5000, is_open=True)]

    found = figures(days(3), np.array([1000.0, 1100.0, 1200.0]), [fill(0, Side.BUY)], trades, cash=1000.0)

    assert found.summary["trades"] == 3
    assert found.summary["open_trades"] == 1
    assert found.summary["win_rate"] == pytest.approx(1 / 3)
    assert found.summary["profit_factor"] == pytest.approx(3.0)
    assert found.summary["longest_losing_run"] == 2
    assert any("끝나지 않은 거래 1건" in warning for warning in found.warnings)


def test_profit_factor_is_amounts_and_profit_loss_ratio_averages() -> None:
    trades = [trade(100), trade(100), trade(100), trade(-100)]

    summary = figures(days(2), np.array([1000.0, 1200.0]), [fill(0, Side.BUY)], trades, cash=1000.0).summary

    assert summary["profit_factor"] == pytest.approx(3.0)
    assert summary["profit_loss_ratio"] == pytest.approx(1.0)
    assert summary["expectancy"] == pytest.approx(0.75 * 1.0 - 0.25)


def test_what_is_not_defined_is_none_and_never_zero() -> None:
    flat = figures(days(5), np.full(5, 1000.0), [], [], cash=1000.0).summary

    for name in ("sharpe", "sortino", "calmar", "win_rate", "profit_factor", "alpha", "beta", "average_win"):
        assert flat[name] is None, name
    assert flat["max_drawdown"] == 0
    assert flat["exposure"] == 0


def test_one_day_has_no_yearly_figure() -> None:
    summary = figures(days(1), np.array([1010.0]), [], [], cash=1000.0).summary

    assert summary["total_return"] == pytest.approx(0.01)
    assert summary["cagr"] is None
    assert summary["sharpe"] is None


def test_no_bar_at_all_gives_an_empty_answer() -> None:
    found = figures(days(0), np.zeros(0), [], [], cash=1000.0)

    assert found.summary["final_equity"] == 1000.0
    assert found.monthly == {}


def test_months_multiply_to_the_total_return() -> None:
    equity = np.linspace(1000, 1300, 100)

    found = figures(days(100), equity, [], [], cash=1000.0)

    assert list(found.monthly) == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert np.prod([1 + rate for rate in found.monthly.values()]) == pytest.approx(1.3)


def test_costs_turnover_and_exposure_come_from_the_fills() -> None:
    fills = [fill(1, Side.BUY), fill(3, Side.SELL), fill(3, Side.BUY, symbol="000660")]

    summary = figures(days(5), np.full(5, 2000.0), fills, [], cash=2000.0).summary

    assert summary["total_costs"] == pytest.approx(5.0)
    assert summary["traded_amount"] == pytest.approx(3000.0)
    assert summary["turnover"] == pytest.approx(1.5 / (4 / 365))
    # Held at the ends of days 1, 2, 3 (the other share) and 4.
    assert summary["exposure"] == pytest.approx(4 / 5)


def test_a_round_trip_within_a_bar_is_no_time_in_the_market() -> None:
    fills = [fill(1, Side.BUY), fill(1, Side.SELL)]

    assert figures(days(3), np.full(3, 2000.0), fills, [], cash=2000.0).summary["exposure"] == 0


def test_minutes_are_judged_by_days() -> None:
    times = np.concatenate([day + np.arange(390) * 60 + 32_400 for day in days(20)])
    rng = np.random.default_rng(3)
    equity = 1000 * np.cumprod(1 + rng.normal(0, 0.001, len(times)))
    closes = equity[389::390]

    minutes = figures(times, equity, [], [], cash=1000.0)
    daily = figures(days(20), closes, [], [], cash=1000.0)

    assert minutes.summary["sharpe"] == pytest.approx(daily.summary["sharpe"])
    assert minutes.summary["volatility"] == pytest.approx(daily.summary["volatility"])
    # The depth of a fall is seen at every bar.
    assert minutes.summary["max_drawdown"] >= daily.summary["max_drawdown"]
    assert len(minutes.drawdown) == len(times)


def test_the_same_curve_as_the_benchmark_has_beta_one_and_alpha_zero() -> None:
    rng = np.random.default_rng(5)
    index = 250 * np.cumprod(1 + rng.normal(0.0005, 0.01, 300))
    equity = index / index[0] * 1000

    summary = figures(days(300), equity, [], [], cash=1000.0, benchmark=index).summary

    assert summary["beta"] == pytest.approx(1.0)
    assert summary["alpha"] == pytest.approx(0.0, abs=1e-9)
    assert summary["excess_return"] == pytest.approx(0.0, abs=1e-9)
    assert summary["tracking_error"] is None


def test_a_benchmark_that_begins_later_is_compared_from_there() -> None:
    equity = 1000 * np.cumprod(1 + np.random.default_rng(7).normal(0.001, 0.01, 200))
    index = equity / 4
    index[:50] = np.nan

    summary = figures(days(200), equity, [], [], cash=1000.0, benchmark=index).summary

    assert summary["benchmark_return"] == pytest.approx(equity[-1] / equity[50] - 1)
    assert summary["beta"] == pytest.approx(1.0, abs=0.01)


def test_an_idle_beginning_is_said_with_the_sharpe_from_the_first_fill() -> None:
    rng = np.random.default_rng(9)
    busy = 1000 * np.cumprod(1 + rng.normal(0.001, 0.01, 200))
    equity = np.concatenate([np.full(100, 1000.0), busy])

    found = figures(days(300), equity, [fill(100, Side.BUY)], [], cash=1000.0)

    assert found.summary["sharpe_since_first_fill"] > found.summary["sharpe"]
    assert any("첫 체결 전" in warning for warning in found.warnings)


def test_no_trade_is_said_and_nothing_is_claimed() -> None:
    found = figures(days(400), np.full(400, 1000.0), [], [], cash=1000.0)

    assert len(found.warnings) == 1
    assert "한 번도" in found.warnings[0]


def test_one_trade_that_carries_the_profit_is_named() -> None:
    trades = [trade(10)] * 40 + [trade(900)]

    found = figures(days(400), np.linspace(1000, 2300, 400), [fill(0, Side.BUY)], trades, cash=1000.0)

    assert any("한 건에서" in warning for warning in found.warnings)


def test_all_lost_is_minus_one_a_year_and_said() -> None:
    found = figures(days(400), np.linspace(1000, 0, 400), [fill(0, Side.BUY)], [trade(-1000)], cash=1000.0)

    assert found.summary["cagr"] == -1.0
    assert found.summary["max_drawdown"] == pytest.approx(1.0)
    assert any("0원 아래" in warning for warning in found.warnings)


def test_times_and_equity_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="3 points"):
        figures(days(2), np.zeros(3), [], [], cash=1.0)
