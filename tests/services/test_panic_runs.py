"""Panic over lost answers, refusals for rate, failing lists and foreign orders: what it says is true."""

from __future__ import annotations

from pathlib import Path

from tests.support.exchange import running_exchange
from tests.support.leftovers import ExpectLog
from tests.support.panic_runs import panic_runs


async def test_panic_is_true_over_mixed_faults(tmp_path: Path, expect_log: ExpectLog) -> None:
    """The long form is `tests/benchmarks/panics.py`: 200 runs."""
    expect_log("order ")
    async with running_exchange() as exchange:
        result = await panic_runs(exchange, tmp_path, accounts=8, runs_each=1, seed=5)

    assert result.proven == result.runs == 8, result
    assert (result.untrue, result.accepted_after) == (0, 0), result
    assert result.orders > 16, result
