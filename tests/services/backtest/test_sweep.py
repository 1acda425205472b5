from __future__ import annotations

import multiprocessing
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.sweeps import ParameterRange, SweepKind, SweepRequest, WalkForwardRequest
from kis_terminal.services.backtest.combinations import at_place, chosen, size_of
from kis_terminal.services.backtest.processes import LocalCores, LocalProcesses
from kis_terminal.services.backtest.run import run_backtest
from kis_terminal.services.backtest.scheduler import InProcess
from kis_terminal.services.backtest.scheduler_choice import scheduler_for
from kis_terminal.services.backtest.sweep import run_sweep
from kis_terminal.services.backtest.sweep_bench import SweepBench
from kis_terminal.services.backtest.targets import best_of
from tests.services.backtest.sweeps import BARS, KEY, OTHER, base, crossing, ending, holding, sweep
from tests.services.studies.bars import bars_of

_BARS = {KEY: BARS, OTHER.key: OTHER}


def test_a_grid_turns_its_last_range_fastest() -> None:
    assert chosen(sweep(fast=(1, 2), slow=(7, 8, 9))) == [(1, 7), (1, 8), (1, 9), (2, 7), (2, 8), (2, 9)]


@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None, database=None, derandomize=True)
def test_a_place_in_the_grid_is_the_combination_that_the_grid_has_there(sizes: list[int]) -> None:
    ranges = [ParameterRange(f"p{place}", range(size)) for place, size in enumerate(sizes)]

    whole = chosen(SweepRequest(base(), ranges))

    assert [at_place(ranges, place) for place in range(size_of(ranges))] == whole


def test_a_random_draw_is_seeded_and_takes_nothing_twice() -> None:
    request = sweep(range(1, 200), range(200, 400), SweepKind.RANDOM, samples=500, seed=9)

    first, again = chosen(request), chosen(request)
    other = chosen(replace(request, seed=10))

    assert len(set(first)) == 500
    assert first == again != other


def test_a_draw_of_more_than_there_is_takes_all() -> None:
    assert len(chosen(sweep(kind=SweepKind.RANDOM, samples=1_000))) == 12


@pytest.mark.parametrize(
    "request_",
    [
        SweepRequest(base(), []),
        SweepRequest(base(), [ParameterRange("fast", [])]),
        SweepRequest(base(), [ParameterRange("fast", [1]), ParameterRange("fast", [2])]),
        sweep(range(2_000), range(2_000)),
        sweep(kind=SweepKind.RANDOM, samples=0),
        sweep(target="luck"),
        replace(sweep(), ranges=[ParameterRange("speed", [1, 2])]),
        replace(sweep(), base=base(start=date(2020, 1, 1), end=date(2021, 1, 1))),
    ],
)
def test_a_search_that_cannot_be_is_refused(request_: SweepRequest) -> None:
    with pytest.raises(CorrectionNeeded):
        run_sweep(request_, _BARS, crossing)


def test_every_row_is_the_backtest_of_its_parameters() -> None:
    found = run_sweep(sweep(), _BARS, crossing)

    assert [row.parameters for row in found.rows][:2] == [{"fast": 3, "slow": 15}, {"fast": 3, "slow": 20}]
    for row in found.rows:
        alone = run_backtest(base(parameters=row.parameters), _BARS, crossing(base().strategy))
        for name, value in row.figures.items():
            expected = alone.summary[name]
            assert value is expected or value == pytest.approx(expected, rel=1e-9, abs=1e-12), name
    sharpes = [row.figures["sharpe"] for row in found.rows]
    assert found.best == sharpes.index(max(sharpes))  # type: ignore[type-var]


def test_of_risk_the_least_is_the_best() -> None:
    found = run_sweep(sweep(target="max_drawdown"), _BARS, crossing)

    falls = [row.figures["max_drawdown"] for row in found.rows]
    assert found.best == falls.index(min(falls))  # type: ignore[type-var]


def test_a_combination_that_cannot_run_is_a_row_without_figures() -> None:
    found = run_sweep(sweep(fast=(1, 5)), _BARS, crossing)  # the file's own limit is 2

    assert [row.figures["sharpe"] is None for row in found.rows] == [True] * 3 + [False] * 3
    assert found.best is not None
    assert found.best >= 3


def test_where_no_combination_can_run_the_reason_is_told() -> None:
    with pytest.raises(CorrectionNeeded, match="fast"):
        run_sweep(sweep(fast=(1,)), _BARS, crossing)


def test_a_strategy_in_python_is_swept_too() -> None:
    ranges = [ParameterRange("entry", [10, 50]), ParameterRange("length", [20, 60])]

    found = run_sweep(SweepRequest(base(), ranges), _BARS, holding)

    assert [row.figures["trades"] for row in found.rows] == [1, 1, 1, 1]
    assert len({row.figures["total_return"] for row in found.rows}) == 4


def test_many_symbols_are_swept_on_one_account() -> None:
    request = replace(sweep(fast=(3, 5), slow=(20,)), base=base(series=[KEY, OTHER.key]))

    found = run_sweep(request, _BARS, crossing)

    both = run_backtest(
        base(series=[KEY, OTHER.key], parameters={"fast": 5, "slow": 20}), _BARS, crossing(base().strategy)
    )
    assert found.rows[1].figures["total_return"] == pytest.approx(both.summary["total_return"])


@pytest.mark.parametrize("target", ["sharpe", "largest_win"])
def test_symbols_are_a_range_like_any_other(target: str) -> None:
    symbols = ParameterRange("symbol", [KEY.symbol, OTHER.key.symbol, "999999"])
    request = SweepRequest(
        base(series=[KEY, OTHER.key]), [ParameterRange("fast", [3, 5]), symbols], target=target
    )

    found = run_sweep(request, _BARS, crossing)

    assert [row.parameters["symbol"] for row in found.rows[:3]] == list(symbols.values)
    assert found.rows[2].figures["sharpe"] is None
    for row, key in ((found.rows[3], KEY), (found.rows[4], OTHER.key)):
        alone = run_backtest(base(series=[key], parameters={"fast": 5}), _BARS, crossing(base().strategy))
        assert row.figures["total_return"] == pytest.approx(alone.summary["total_return"])


def test_the_parzen_search_repeats_itself_and_finds_what_the_grid_finds_nearly() -> None:
    request = sweep(range(2, 30), range(30, 60), SweepKind.TPE, samples=48, target="total_return")
    told: list[tuple[int, int]] = []

    first = run_sweep(request, _BARS, crossing, scheduler=InProcess(), progress=lambda *now: told.append(now))
    again = run_sweep(request, _BARS, crossing, scheduler=InProcess())

    assert [row.parameters for row in first.rows] == [row.parameters for row in again.rows]
    assert len({tuple(row.parameters.values()) for row in first.rows}) == len(first.rows) <= 48
    assert told[-1] == (48, 48)
    assert first.best == best_of(first.rows, "total_return")


def test_all_cores_give_what_one_process_gives_and_stay_warm() -> None:
    request = sweep(range(2, 14), range(20, 32))
    here = run_sweep(request, _BARS, crossing, scheduler=InProcess())
    told: list[tuple[int, int]] = []

    with LocalProcesses(2) as pool:
        there = run_sweep(request, _BARS, crossing, scheduler=pool, progress=lambda *now: told.append(now))
        pids = pool.pids
        parzen = run_sweep(replace(request, kind=SweepKind.TPE, samples=16), _BARS, crossing, scheduler=pool)
        assert pool.pids == pids

    assert there.rows == here.rows
    assert there.best == here.best
    assert told[-1] == (144, 144)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert parzen.rows == run_sweep(parzen.request, _BARS, crossing, scheduler=InProcess()).rows


def test_a_long_search_of_few_at_a_time_moves_to_other_processes() -> None:
    request = sweep(range(2, 14), range(20, 32), SweepKind.TPE, samples=16, target="largest_win")
    cores = LocalCores(1, patience=0.0)
    try:
        far = run_sweep(request, _BARS, crossing, scheduler=cores)
        assert multiprocessing.active_children()
    finally:
        cores.close()

    assert far.rows == run_sweep(request, _BARS, crossing, scheduler=InProcess()).rows


def test_stopping_kills_the_processes_at_once() -> None:
    pool = LocalProcesses(1)
    begun: list[int] = []

    def stop(done: int, _: int) -> None:
        begun.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep(target="sortino"), _BARS, crossing, scheduler=pool, progress=stop)

    assert begun == [1]
    assert pool.pids == []


def test_a_process_that_ends_over_its_work_ends_the_search_with_a_sentence() -> None:
    with LocalProcesses(1) as pool:
        with pytest.raises(TerminalError, match=r"종료 코드 3"):
            run_sweep(sweep(), _BARS, ending, scheduler=pool)

        assert pool.pids == []


def test_a_bench_keeps_what_the_last_sweep_made_ready() -> None:
    bench = SweepBench(crossing)
    try:
        first = bench.sweep(sweep(), "bars", _BARS, {})
        changed = bench.sweep(replace(sweep(), base=base(cash=50_000_000.0)), "bars", {}, {})
        other = bench.sweep(sweep(), "other bars", {KEY: bars_of(OTHER.columns)}, {})
        walked = bench.walk_forward(WalkForwardRequest(sweep(), 400, 200), "bars", _BARS, {})
        with pytest.raises(CorrectionNeeded):
            bench.sweep(sweep(), "bars", _BARS, {}, address="elsewhere")
        again = bench.sweep(sweep(), "bars", _BARS, {})
    finally:
        bench.close()
        bench.close()

    assert first.rows == again.rows == run_sweep(sweep(), _BARS, crossing).rows
    assert changed.rows[0].figures["start_equity"] == 50_000_000.0
    assert other.rows != first.rows
    assert len(walked.windows) == 2


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(CorrectionNeeded, match="tcp://"):
        scheduler_for("somewhere")
