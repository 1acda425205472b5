from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sweeps import ParameterRange, SweepRequest, WalkForwardRequest
from kis_terminal.services.backtest.run import run_backtest
from kis_terminal.services.backtest.scheduler import InProcess
from kis_terminal.services.backtest.sweep import run_sweep
from kis_terminal.services.backtest.walk_forward import run_walk_forward
from tests.services.backtest.sweeps import BARS, KEY, OTHER, base, crossing, sweep

_BARS = {KEY: BARS}
_REQUEST = WalkForwardRequest(sweep(fast=(3, 8), slow=(15, 30)), train_days=300, test_days=150)


def test_windows_follow_each_other_without_a_gap_and_never_overlap_their_training() -> None:
    told: list[tuple[int, int]] = []

    found = run_walk_forward(
        _REQUEST, _BARS, crossing, scheduler=InProcess(), progress=lambda *now: told.append(now)
    )

    assert [(one.test_end - one.test_start).days + 1 for one in found.windows] == [150, 150, 100]
    for one in found.windows:
        assert one.train_end + timedelta(days=1) == one.test_start
        assert (one.train_end - one.train_start).days + 1 == 300
    for one, following in zip(found.windows, found.windows[1:], strict=False):
        assert one.test_end + timedelta(days=1) == following.test_start
    assert np.array_equal(found.times, BARS.times[300:])
    assert told[-1] == (12, 12)


def test_an_anchored_training_begins_at_the_start() -> None:
    found = run_walk_forward(replace(_REQUEST, is_anchored=True), _BARS, crossing, scheduler=InProcess())

    assert {one.train_start for one in found.windows} == {found.windows[0].train_start}
    assert [(one.train_end - one.train_start).days + 1 for one in found.windows] == [300, 450, 600]


def test_each_window_runs_the_best_of_its_training_with_the_money_of_the_one_before() -> None:
    found = run_walk_forward(_REQUEST, _BARS, crossing, scheduler=InProcess())

    cash = _REQUEST.sweep.base.cash
    begin = 0
    for one in found.windows:
        training = replace(_REQUEST.sweep, base=base(start=one.train_start, end=one.train_end))
        trained = run_sweep(training, _BARS, crossing)
        assert trained.best is not None
        best = trained.rows[trained.best]
        assert one.parameters == best.parameters
        assert one.train_value == best.figures["sharpe"]
        tested = run_backtest(
            base(start=one.test_start, end=one.test_end, cash=cash, parameters=best.parameters),
            _BARS,
            crossing(base().strategy),
        )
        assert one.test == tested.summary
        end = begin + len(tested.equity)
        assert np.array_equal(found.equity[begin:end], tested.equity)
        cash, begin = float(tested.equity[-1]), end
    assert found.summary["final_equity"] == cash
    assert found.summary["total_return"] == pytest.approx(cash / 100_000_000 - 1)


def test_a_window_may_choose_its_symbol() -> None:
    ranges = [ParameterRange("symbol", [KEY.symbol, OTHER.key.symbol]), ParameterRange("fast", [3, 8])]
    request = replace(_REQUEST, sweep=SweepRequest(base(series=[KEY, OTHER.key]), ranges))

    found = run_walk_forward(request, {KEY: BARS, OTHER.key: OTHER}, crossing, scheduler=InProcess())

    assert len(found.equity) == 400
    assert {one.parameters["symbol"] for one in found.windows} <= {KEY.symbol, OTHER.key.symbol}


def test_later_bars_change_no_earlier_window() -> None:
    columns = BARS.columns.copy()
    columns[:4, 600:] *= 3.0
    changed = {KEY: type(BARS)(KEY, BARS.times, columns)}

    before = run_walk_forward(_REQUEST, _BARS, crossing, scheduler=InProcess())
    after = run_walk_forward(_REQUEST, changed, crossing, scheduler=InProcess())

    assert before.windows[:2] == after.windows[:2]
    assert np.array_equal(before.equity[:300], after.equity[:300])


def test_a_window_without_any_trade_in_training_rests() -> None:
    flat = BARS.columns.copy()
    flat[:4, :320] = 50_000.0
    bars = {KEY: type(BARS)(KEY, BARS.times, flat)}

    found = run_walk_forward(_REQUEST, bars, crossing, scheduler=InProcess())

    assert found.windows[0].parameters == {}
    assert found.windows[0].train_value is None
    assert set(found.equity[:150]) == {100_000_000.0}
    assert any("쉬었습니다" in warning for warning in found.warnings)


@pytest.mark.parametrize(("train", "test"), [(700, 10), (1, 10), (100, 0)])
def test_windows_that_the_bars_do_not_fill_are_refused(train: int, test: int) -> None:
    with pytest.raises(CorrectionNeeded):
        run_walk_forward(replace(_REQUEST, train_days=train, test_days=test), _BARS, crossing)
