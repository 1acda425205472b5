"""Fixtures of the strategy editor's tests."""

from __future__ import annotations

from tests.support.backtest_bench import bench_of
from tests.support.desk import desk, desk_of

__all__ = ["bench_of", "desk", "desk_of"]
