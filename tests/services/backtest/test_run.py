"""Runs as a whole: results cross processes, engines choose themselves, lines lie over every bar."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.strategy.contract import ParameterRule, Strategy, StrategyContext
from kis_terminal.services.backtest.run import Engine, run_backtest
from tests.support.backtests import bars_of, by_key, flat_bars, request_of, shares, sma_cross

A, B = "000001", "000002"
CLOSES = [1_000, 990, 980, 1_000, 1_050, 1_100, 1_080, 1_000, 950, 900, 990, 1_100]


class Counting(Strategy):
    """Buys as many shares as its parameter says, and says so."""

    parameter_rules = (ParameterRule("shares", 2, minimum=1, maximum=9),)

    def on_bar(self, context: StrategyContext, symbol: str) -> None:
        context.indicator(symbol, "sma", period=2)
        if context.holding(symbol).quantity == 0:
            context.say(f"buys {context.parameters['shares']}")
            context.buy(symbol, quantity=int(context.parameters["shares"]))


@pytest.mark.parametrize("engine", list(Engine))
def test_a_result_survives_the_way_from_a_worker(engine: Engine) -> None:
    bars = by_key(flat_bars(A, CLOSES), flat_bars(B, CLOSES[::-1]))
    result = run_backtest(request_of(bars), bars, sma_cross(2, 3), instruments=shares(A, B), engine=engine)

    again = pickle.loads(pickle.dumps(result))  # noqa: S301

    assert list(again.fills) == list(result.fills)
    assert again.fills[-1] == list(result.fills)[-1]
    assert again.fills[1:3] == list(result.fills)[1:3]
    assert again.summary == result.summary
    assert len(again.fills) > 2


def test_lines_for_the_chart_lie_over_every_bar_halts_included() -> None:
    rows: list[tuple[float, ...]] = [(c, c + 1, c - 1, c) for c in CLOSES]
    rows[5] = (0, 0, 0, 1_050, 0)
    bars = by_key(bars_of(A, rows))

    result = run_backtest(request_of(bars), bars, sma_cross(2, 3), instruments=shares(A))

    line = result.lines[A]["fast"]
    assert len(line) == len(rows)
    assert np.isnan(line[0])
    assert line[4] == line[5] == 1_025
    assert line[6] == (1_050 + 1_080) / 2


def test_a_python_strategy_gets_its_parameters_and_its_log_comes_back() -> None:
    bars = by_key(flat_bars(A, CLOSES))

    result = run_backtest(request_of(bars, parameters={"shares": 5}), bars, Counting, instruments=shares(A))

    assert [fill.quantity for fill in result.fills] == [5]
    assert result.log[0].endswith("buys 5")
    assert list(result.lines[A]) == ["sma(2)"]


@pytest.mark.parametrize("parameters", [{"shares": 10}, {"shares": 0}, {"lots": 1}])
def test_a_parameter_that_a_python_strategy_does_not_take_is_refused(parameters: dict[str, Any]) -> None:
    bars = by_key(flat_bars(A, CLOSES))

    with pytest.raises(CorrectionNeeded, match=r"shares|lots"):
        run_backtest(request_of(bars, parameters=parameters), bars, Counting, instruments=shares(A))


def test_the_benchmark_is_scaled_to_the_cash() -> None:
    bars = by_key(flat_bars(A, CLOSES), flat_bars(B, [200, 210, 220, *[240] * 9]))
    [own, index] = list(bars)

    result = run_backtest(
        request_of(bars, series=(own,), benchmark=index), bars, sma_cross(2, 3), instruments=shares(A)
    )

    assert result.benchmark is not None
    assert result.benchmark[:4].tolist() == [10_000_000, 10_500_000, 11_000_000, 12_000_000]


def test_progress_ends_with_everything_done() -> None:
    bars = by_key(flat_bars(A, CLOSES), flat_bars(B, CLOSES))
    for engine in Engine:
        told: list[tuple[int, int]] = []

        run_backtest(
            request_of(bars),
            bars,
            sma_cross(2, 3),
            engine=engine,
            progress=lambda done, total, told=told: told.append((done, total)),  # type: ignore[misc]
        )

        assert told[-1][0] == told[-1][1] > 0
        assert told == sorted(told)
