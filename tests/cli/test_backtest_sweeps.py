"""Sweeps as the worker behind the panel does them, on a strategy that ships with the program."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kis_terminal.cli import backtest_parts
from kis_terminal.cli.backtest_desk import BacktestDesk
from kis_terminal.cli.backtest_values import range_of
from kis_terminal.domain.backtest import BacktestRequest
from kis_terminal.domain.backtest_work import BarSet, OpenStrategy, RunSweep, RunWalkForward, WorkProgress
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.sweeps import ParameterRange, SweepRequest, WalkForwardRequest
from tests.services.studies.bars import random_bars

_BARS = random_bars(600, seed=3)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("fast=5:20:5", [5, 10, 15, 20]),
        ("fast=13, 5,8,5", [5, 8, 13]),
        ("level=0.5,2", [0.5, 2]),
        ("symbol=005930", ["005930"]),
        ("symbol=005930,0126Z0", ["005930", "0126Z0"]),
        ("direction=up,down", ["up", "down"]),
    ],
)
def test_ranges_and_lists_are_read(text: str, values: list[Parameter]) -> None:
    assert range_of(text).values == values


def test_the_second_sweep_needs_no_bars_and_a_command_finds_the_same_rows() -> None:
    desk = BacktestDesk()
    told: list[WorkProgress] = []
    sheet = desk.do(OpenStrategy("golden_cross"), told.append)
    first, second = (rule.name for rule in sheet.parameters[:2])
    request = SweepRequest(
        BacktestRequest(sheet.source, [_BARS.key], date(1970, 1, 1), date(1980, 1, 1)),
        [ParameterRange(first, [3, 5, 8]), ParameterRange(second, [20, 40])],
    )
    whole = BarSet("set", {_BARS.key: _BARS})

    swept = desk.do(RunSweep(request, whole), told.append)
    again = desk.do(RunSweep(replace(request, target="win_rate"), whole.without_columns()), told.append)
    walked = desk.do(
        RunWalkForward(WalkForwardRequest(request, 300, 150), whole.without_columns()), told.append
    )

    assert swept.rows == backtest_parts.sweep(RunSweep(request, whole), whole, told.append).rows
    assert again.rows == swept.rows
    assert len(walked.windows) == 2
    assert {(now.stage, now.done, now.total) for now in told} >= {("sweep", 6, 6), ("walk", 12, 12)}
