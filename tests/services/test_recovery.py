"""A start after a kill with orders open knows them all as its own (long form: benchmarks/recovery.py)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.exchange import running_exchange
from tests.support.leftovers import ExpectLog
from tests.support.recovery_runs import recover


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
async def test_a_killed_program_knows_its_open_orders_again(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("no OS keyring is available")
    async with running_exchange() as exchange:
        found = await recover(exchange, tmp_path, 8)

    assert (found.open_orders, found.known, found.foreign, found.unknown) == (8, 8, 0, 0)
