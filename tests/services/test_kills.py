"""Case 6: killed between journal and request, within it, and between answer and journal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.exchange import running_exchange
from tests.support.kill_runs import kill_runs
from tests.support.killed import POINTS
from tests.support.leftovers import ExpectLog

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


async def test_case_06_a_killed_program_finds_its_order_and_never_sends_it_again(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("no OS keyring")
    async with running_exchange() as exchange:
        results = await kill_runs(exchange, tmp_path, 3)

    assert {result.point for result in results} == set(POINTS)
    for result in results:
        assert result.accepted <= 1, result
        assert result.is_settled, result
        assert (result.shown, result.foreign) == (result.accepted, 0), result
        assert result.open_shown == result.accepted, result
    assert all(result.accepted == 0 for result in results if result.point == "journaled")
    assert all(result.accepted == 1 for result in results if result.point == "answered")
