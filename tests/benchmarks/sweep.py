"""Measure sweeps over the parameters of a rule strategy; prints JSON.

    python tests/benchmarks/sweep.py [--bars 2500] [--side 100] [--rounds 5]

SMA pairs over one symbol: `side` fast times `side` slow averages, costs and every figure of a sweep included.
`engine` is the compiled sweep alone, its lines ready; `first` the same with every line still to be computed;
`rows` is `run_sweep` to its table of rows in this process; `cores` the same on all cores, warm. `surface` is
what a slider that is dragged waits for: a 32 x 32 surface drawn anew because a third parameter (the stop, not
swept) has changed, in milliseconds. Rates are combinations a second, the median of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kis_terminal.domain.strategy.model import RiskRule, RiskRules
from kis_terminal.domain.sweeps import ParameterRange, SweepRequest
from kis_terminal.services.backtest.combinations import chosen
from kis_terminal.services.backtest.processes import LocalProcesses
from kis_terminal.services.backtest.rule_sweep import RuleSweep
from kis_terminal.services.backtest.scheduler import InProcess
from kis_terminal.services.backtest.sweep import run_sweep, sweep_over
from kis_terminal.services.backtest.sweep_job import SweepData
from tests.services.backtest.sweeps import base, crossing
from tests.services.studies.bars import random_bars

FLOOR, GOAL = 10_000, 100_000


def rate(count: int, rounds: int, act: Callable[[], object]) -> float:
    """Return how many of `count` things an act does a second."""
    took = []
    for _ in range(rounds):
        begun = time.perf_counter()
        act()
        took.append(time.perf_counter() - begun)
    return round(count / statistics.median(took))


def pairs(side: int) -> SweepRequest:
    """Return a search over `side` fast and `side` slow averages."""
    fast, slow = range(2, 2 + side), range(5 + side, 5 + 2 * side)
    return SweepRequest(base(), [ParameterRange("fast", fast), ParameterRange("slow", slow)])


def surface_milliseconds(data: SweepData, request: SweepRequest, rounds: int) -> float:
    """Return how long a surface takes whose strategy has just changed in what is not swept."""
    took = []
    for round_ in range(rounds):
        stop = RiskRules(stop_loss=RiskRule(5.0 + round_ / 10, is_enabled=True))
        spec = replace(crossing(request.base.strategy), risk=stop)
        begun = time.perf_counter()
        surface = RuleSweep(request.base, data.columns, spec, ("fast", "slow"), instruments={})
        surface.table(chosen(request))
        took.append((time.perf_counter() - begun) * 1e3)
    return round(statistics.median(took), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bars", type=int, default=2_500)
    parser.add_argument("--side", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    bars = random_bars(options.bars, seed=5)
    data = SweepData({bars.key: bars})
    request = pairs(min(options.side, 99))
    combinations = chosen(request)
    count = len(combinations)

    def fresh() -> RuleSweep:
        spec = crossing(request.base.strategy)
        return RuleSweep(request.base, data.columns, spec, ("fast", "slow"), instruments={})

    ready = fresh()
    ready.table(combinations)  # compiles, the first time on a machine
    figures: dict[str, object] = {
        "bars": options.bars,
        "combinations": count,
        "processors": os.cpu_count(),
        "engine": rate(count, options.rounds, lambda: ready.table(combinations)),
        "first": rate(count, options.rounds, lambda: fresh().table(combinations)),
        "rows": rate(
            count,
            options.rounds,
            lambda: run_sweep(request, data.columns, crossing, scheduler=InProcess()),
        ),
    }
    with LocalProcesses() as pool:
        sweep_over(data, request, crossing, scheduler=pool)  # starts it and sends the bars
        figures["cores"] = rate(
            count, options.rounds, lambda: sweep_over(data, request, crossing, scheduler=pool)
        )
    figures["surface"] = surface_milliseconds(data, pairs(32), options.rounds)
    figures["floor"], figures["goal"] = FLOOR, GOAL
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
