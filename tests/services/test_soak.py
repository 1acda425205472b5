"""Case 80, its short form: an account that trades through faults ends as the ledger has it."""

from __future__ import annotations

from pathlib import Path

from tests.support.leftovers import ExpectLog
from tests.support.soak import soak


async def test_case_80_trading_through_faults_ends_as_the_ledger(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    """The long form is `tests/benchmarks/soak.py`: two hours of the market."""
    expect_log("WARNING kis_terminal")

    result = await soak(tmp_path, seconds=12.0, speed=4.0, seed=3)

    assert result.wrong == []
    assert result.orders > 20, result
    assert sum(result.fired.values()) > 0, result
