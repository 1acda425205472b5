"""A search that learns where the good combinations lie: optuna's tree-structured Parzen estimator.

It asks for a fixed number of combinations at a time, however many workers there are, and is told their worth
in that order: the same seed tries the same combinations on one core and on a cluster.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from kis_terminal.domain.sweeps import ParameterRange, SweepRequest
from kis_terminal.services.backtest.combinations import Combination, refuse_nonsense
from kis_terminal.services.backtest.sweep_job import Answer
from kis_terminal.services.backtest.targets import worth

Run = Callable[[Sequence[Combination], Callable[[int], None]], Sequence[Answer]]
"""Returns an answer for each combination, in their order, and tells how many more are done."""
BATCH = 8
"""Combinations asked for before the first of them is told."""
_STARTUP = 24
"""Combinations drawn at random before it begins to learn."""


def tried_by_tpe(
    request: SweepRequest, run: Run, progress: Callable[[int, int], None] | None
) -> list[tuple[Combination, Answer]]:
    """Return the combinations tried, each once, with their answers; at most `request.samples`."""
    import optuna  # a second, and only this search needs it

    refuse_nonsense(request)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=request.seed, n_startup_trials=_STARTUP)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    places: dict[str, optuna.distributions.BaseDistribution] = {
        one.name: optuna.distributions.IntDistribution(0, len(one.values) - 1)
        if _is_ordered(one)
        else optuna.distributions.CategoricalDistribution(range(len(one.values)))
        for one in request.ranges
    }
    known: dict[Combination, Answer] = {}
    asked = 0
    while asked < request.samples:
        trials = [study.ask(places) for _ in range(min(BATCH, request.samples - asked))]
        combinations = [
            tuple(one.values[int(trial.params[one.name])] for one in request.ranges) for trial in trials
        ]
        new = [one for one in dict.fromkeys(combinations) if one not in known]
        known.update(zip(new, run(new, lambda _: None), strict=True))
        for trial, combination in zip(trials, combinations, strict=True):
            answer = known[combination]
            value = -math.inf if isinstance(answer, str) else worth(answer, request.target)
            if value > -math.inf:
                study.tell(trial, value)
            else:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
        asked += len(trials)
        if progress is not None:
            progress(asked, request.samples)
    return list(known.items())


def _is_ordered(one: ParameterRange) -> bool:
    """Tell whether near places of a range are near each other: numbers are, words are not."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in one.values)
