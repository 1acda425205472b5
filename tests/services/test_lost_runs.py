"""Cases 1-3 and 12-14 drawn by a seed: no order twice, none without an end."""

from __future__ import annotations

from pathlib import Path

from tests.support.exchange import running_exchange
from tests.support.leftovers import ExpectLog
from tests.support.lost_runs import FAULTS, lost_runs


async def test_lost_answers_make_no_order_twice_and_leave_none_unknown(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    """The long form is `tests/benchmarks/lost_answers.py`: 500 orders."""
    expect_log("WARNING kis_terminal.services.orders: order ")
    async with running_exchange() as exchange:
        result = await lost_runs(exchange, tmp_path, accounts=12, orders_each=3, seed=11)

    assert result.orders == 36
    assert sum(result.faults.values()) >= 12, result
    assert len([name for name in FAULTS if result.faults[name]]) >= 5, result
    assert (result.sent_twice, result.unresolved, result.differ) == (0, 0, 0), result
